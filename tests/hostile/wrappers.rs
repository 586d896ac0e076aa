//! The generated wrappers, read and run by bash.

use proptest::prelude::*;

use crate::cases::cases;
use crate::config::{POINTS, Wanted, config};
use crate::hook::Hook;
use crate::made::{Made, said};
use crate::tools;

const WANTED: Wanted = Wanted {
    markers: true,
    passwords: false,
};

/// Adds what it was called with to the record, each word ended by a NUL.
const STUB: &str = "printf '%s\\0' \"$#\" \"$@\" >>\"$RECORD\"\n";

proptest! {
    #![proptest_config(cases(4))]

    #[test]
    fn scripts_get_what_a_shell_makes_of_the_typed_arguments(config in config(WANTED)) {
        let project = Made::of(&config, []);
        for hook in config.hooks() {
            project.write(&format!("installation/{}", hook.script), STUB);
        }
        for (stage, number) in config.stages.iter().zip(1..) {
            for (point, hooks) in POINTS.iter().zip(&stage.hooks) {
                let wrapper = wrapper(number, point);
                let program = match *point {
                    "on_user_login" => "set -- its own words; source \"$1\" login",
                    _ => "exec bash \"$1\"",
                }.replace("\"$1\"", "\"$WRAPPER\"");
                let got = recorded(&project, &program, &wrapper);
                prop_assert_eq!(got, expected(&project, hooks, ""), "{} of stage-{}", point, number);
            }
            if let Some(hook) = &stage.on_entry {
                let got = recorded(&project, "exec bash \"$WRAPPER\" run 'time  words'", &wrapper(number, "on_entry"));
                let hook = std::slice::from_ref(hook);
                prop_assert_eq!(got, expected(&project, hook, " run 'time  words'"), "on_entry of stage-{}", number);
            }
        }
        let touched = project.home().join("pwned").exists() || project.folder().join("pwned").exists();
        prop_assert!(!touched, "a text was executed");
    }

    #[test]
    fn every_generated_script_is_a_script(config in config(WANTED)) {
        let project = Made::of(&config, []);
        let check = "for script in installation/stage-*/generated/*.sh; do bash -n \"$script\" || exit; done";
        said(project.command("bash").args(["-c", check]).current_dir(project.folder()));
    }

    #[test]
    fn the_file_of_variables_gives_a_shell_what_was_typed(config in config(Wanted { markers: false, ..WANTED })) {
        let project = Made::of(&config, []);
        let file = |stage| format!("source installation/stage-{stage}/generated/_etc_environment.sh");
        let files = format!("{}; {}", file(1), file(2));
        for (name, value) in config.environment(2) {
            let Some(value) = value.filter(|_| is_shell_name(&name)) else { continue };
            let got = said(
                project
                    .command("bash")
                    .args(["-c", &format!("{files}; printf '%s.' \"${name}\"")])
                    .current_dir(project.folder()),
            );
            prop_assert_eq!(got, value + ".", "{}", name);
        }
    }
}

proptest! {
    #![proptest_config(cases(1))]

    #[test]
    fn shellcheck_has_nothing_to_say(config in config(WANTED)) {
        let Some(mut shellcheck) = tools::command("shellcheck", &["--version"]) else { return Ok(()) };
        let project = Made::of(&config, []);
        let scripts = (1..=2).flat_map(|stage| {
            let custom = POINTS.map(|point| wrapper(stage, point));
            custom.into_iter().chain([format!("installation/stage-{stage}/generated/_etc_environment.sh")])
        });
        said(shellcheck.args(scripts).current_dir(project.folder()));
    }
}

fn wrapper(stage: usize, point: &str) -> String {
    format!(
        "installation/stage-{stage}/generated/_custom-{}.sh",
        point.replace('_', "-")
    )
}

/// A name that bash takes for a variable, and lets be set.
fn is_shell_name(name: &str) -> bool {
    let is_word = name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    // Bash has `_`, and more names of its own than a test may guess: those here are in the generator.
    is_word && !name.starts_with(|c: char| c.is_ascii_digit()) && name != "_"
}

/// What the stubs record while bash runs the program.
fn recorded(project: &Made, program: &str, wrapper: &str) -> String {
    let record = project.home().join("record");
    std::fs::write(&record, "").unwrap();
    let wrapper = project.folder().join(wrapper);
    said(
        project
            .command("bash")
            .args(["-c", program])
            .env("RECORD", &record)
            .env("TYPED", "typed  words * 'q'")
            .env("WRAPPER", wrapper),
    );
    std::fs::read_to_string(record).unwrap()
}

/// The same for lines as a person types them into a shell.
fn expected(project: &Made, hooks: &[Hook], more: &str) -> String {
    let lines: Vec<_> = hooks
        .iter()
        .map(|hook| format!("stub {}{more}\n", hook.arguments))
        .collect();
    recorded(
        project,
        &format!("stub() {{\n{STUB}}}\n{}true", lines.concat()),
        "",
    )
}
