//! What holds for all commands.

use std::io::Read;
use std::process::Stdio;

use snapbox::{assert_data_eq, file};

use crate::project::{Project, Run};
use crate::skip::skipped;

/// Every subcommand.
pub(crate) const COMMANDS: [&str; 19] = [
    "create",
    "configure",
    "build",
    "push",
    "save",
    "bundle",
    "unbundle",
    "status",
    "remove",
    "ssh-config",
    "lock",
    "record",
    "doctor",
    "hash-password",
    "schema",
    "explain",
    "graph",
    "completions",
    "man",
];

#[test]
fn the_help_is_pinned() {
    let project = Project::none();
    let help = project.run_beside(["--help"]).succeeds().stdout;
    assert_data_eq!(help, file!["help/pei.txt"].raw());
    for command in COMMANDS {
        let help = project.run_beside([command, "--help"]).succeeds().stdout;
        assert!(help.contains("Example"), "{command} has no example");
        let pinned = std::path::Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("tests/integration/help")
            .join(format!("{command}.txt"));
        assert_data_eq!(help, snapbox::Data::read_from(&pinned, None).raw());
    }
}

#[test]
fn the_short_help_is_shorter() {
    let project = Project::none();
    for command in COMMANDS {
        let long = project.run_beside([command, "--help"]).succeeds().stdout;
        let short = project.run_beside([command, "-h"]).succeeds().stdout;
        assert!(short.len() < long.len(), "{command}");
        assert!(!short.contains("Example"), "{command}");
    }
}

#[test]
fn the_version_is_the_crates() {
    let run = Project::none().run_beside(["-V"]).succeeds();
    assert_eq!(run.stdout, concat!("pei ", env!("CARGO_PKG_VERSION"), "\n"));
}

#[test]
fn wrong_usage_exits_with_2_and_says_what_was_meant() {
    let project = Project::none();
    project.run_beside([]).exits(2).says("Usage: pei");
    project
        .run_beside(["create"])
        .exits(2)
        .says("--project-dir <DIR>");
    project
        .run_beside(["confgure"])
        .exits(2)
        .says("did you mean `configure`?");
    project
        .run_beside(["configure", "--dryrun"])
        .exits(2)
        .says("did you mean `--dry-run`?");
    project
        .run_beside(["explain", "weak-pasword"])
        .exits(2)
        .says("did you mean `weak-password`?");
    project
        .run_beside(["man", "cretae"])
        .exits(2)
        .says("did you mean `create`?");
    project
        .run_beside(["configure", "-q", "-v"])
        .exits(2)
        .says("cannot be used with");
}

#[test]
fn colour_is_for_terminals_and_for_who_asks() {
    let project = Project::none();
    project
        .run_beside(["configure", "-p", "nowhere"])
        .exits(1)
        .never_says("\x1b[");
    project
        .run_beside(["configure", "-p", "nowhere", "--color", "always"])
        .exits(1)
        .says("\x1b[1m\x1b[91merror\x1b[0m: ");
    project
        .run_beside(["confgure", "--color=always"])
        .exits(2)
        .says("\x1b[");
    project
        .run_beside(["confgure", "--color=never"])
        .exits(2)
        .never_says("\x1b[");
}

/// `script` gives a terminal to a program that has none.
#[test]
fn a_terminal_gets_colour_unless_no_color_is_set() {
    let project = Project::none();
    let pei = assert_cmd::cargo::cargo_bin!("pei").display();
    let command = format!("'{pei}' configure -p nowhere");
    let said = |no_color: &str| {
        let mut script = assert_cmd::Command::new("script");
        let output = script
            .args(["-qec", &command, "/dev/null"])
            .current_dir(project.beside(""))
            .env("NO_COLOR", no_color)
            .output();
        output.map(|output| String::from_utf8(output.stdout).unwrap())
    };
    let (Ok(coloured), Ok(plain)) = (said(""), said("1")) else {
        return skipped("script is missing");
    };
    assert!(coloured.contains("\x1b[91merror\x1b[0m: "), "{coloured}");
    assert!(
        plain.contains("error: ") && !plain.contains('\x1b'),
        "{plain}"
    );
}

#[test]
fn quiet_leaves_errors_only() {
    let project = Project::create_minimal();
    let run = project.run(["configure", "-q"]).succeeds();
    assert_eq!(run.stderr, "");
    project
        .run(["-q", "configure", "-c", "nothing.yml"])
        .exits(1)
        .says("error: ");
}

#[test]
fn verbose_names_every_file() {
    let project = Project::none();
    project
        .run_beside(["create", "-p", "demo", "-v"])
        .succeeds()
        .says("  create     user_config.yml\n");
}

#[test]
fn a_reader_that_goes_away_is_no_error() {
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pei"))
        .args(["completions", "bash"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    drop(child.stdout.take());
    let mut said = String::new();
    child
        .stderr
        .take()
        .unwrap()
        .read_to_string(&mut said)
        .unwrap();
    assert_eq!(said, "");
    assert!(child.wait().unwrap().success());
}

#[test]
fn every_shell_has_completions() {
    let project = Project::none();
    for shell in ["bash", "zsh", "fish", "powershell", "elvish"] {
        let script = project.run_beside(["completions", shell]).succeeds().stdout;
        for word in COMMANDS.into_iter().chain(["dry-run"]) {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
    }
}

#[test]
fn manual_pages_are_printed_and_written() {
    let project = Project::none();
    project
        .run_beside(["man"])
        .succeeds()
        .prints(".TH PEI 1")
        .prints("Exit status:");
    project
        .run_beside(["man", "configure"])
        .succeeds()
        .prints("\\-\\-deny\\-warnings");
    project
        .run_beside(["man", "--out", "share/man1"])
        .succeeds()
        .prints_nothing();
    let mut pages: Vec<_> = std::fs::read_dir(project.beside("share/man1"))
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    pages.sort();
    let mut expected: Vec<_> = COMMANDS.map(|command| format!("pei-{command}.1")).to_vec();
    expected.push("pei.1".into());
    expected.sort();
    assert_eq!(pages, expected);
}

#[test]
fn every_code_is_explained() {
    let project = Project::none();
    let codes = project.run_beside(["explain"]).succeeds().stdout;
    assert!(codes.lines().count() > 60, "{codes}");
    for code in codes.lines() {
        let text = project.run_beside(["explain", code]).succeeds().stdout;
        assert!(text.starts_with(&format!("# {code}\n")), "{text}");
    }
    project
        .run_beside(["explain", "warning[weak-password]"])
        .succeeds()
        .prints("# weak-password");
}

#[test]
fn the_schema_is_of_2020_12() {
    let text = Project::none().run_beside(["schema"]).succeeds().stdout;
    let schema: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
}

#[test]
fn the_habits_of_other_tools_lead_to_the_right_command() {
    let case = |arguments: &[&str], cure: &str| {
        let project = Project::none();
        let mut command = assert_cmd::Command::new(assert_cmd::cargo::cargo_bin!("pei"));
        command.args(arguments).current_dir(project.beside(""));
        crate::project::Run::of(&mut command).exits(2).says(cure);
    };
    case(&["render"], "then `docker compose build` builds the images");
    case(
        &["up"],
        "then `docker compose up -d --build` builds and starts",
    );
    case(&["init"], "`pei create -p DIR` makes a project");
    case(
        &["create", "foo"],
        "name the project's directory with `-p foo`",
    );
    case(
        &["configure", "foo"],
        "name the project's directory with `-p foo`",
    );
}

#[test]
fn codes_and_commands_are_completed() {
    let project = Project::none();
    for shell in ["bash", "zsh"] {
        let script = project.run_beside(["completions", shell]).succeeds().stdout;
        assert!(script.contains("weak-password"), "{shell}");
    }
    let help = project.run_beside(["explain", "--help"]).succeeds().stdout;
    assert!(!help.contains("weak-password"), "{help}");
}

#[test]
fn a_line_end_in_a_name_stays_on_its_line() {
    let project = Project::create_minimal();
    let script = "installation/stage-1/custom/a\nerror: b.sh";
    project.write(script, "true\r\n");
    project
        .run(["configure", "-v"])
        .succeeds()
        .says(r"note: `installation/stage-1/custom/a\nerror: b.sh` had CRLF line endings")
        .says(r"line-ends  installation/stage-1/custom/a\nerror: b.sh");
    for arguments in [
        &["a\nerror: b"][..],
        &["create", "-p", "x", "--quick", "a\nerror: b"],
        &["configure", "a\nerror: b"],
        &["configure", "--a\nerror: b"],
        &["explain", "a\nerror: b"],
        &["remove", "-p", "a\nerror: b"],
    ] {
        let run = Run::of(project.command([]).args(arguments));
        assert!(!run.stderr.contains("\nerror: b"), "{}", run.stderr);
        assert!(run.stderr.contains(r"a\nerror: b"), "{}", run.stderr);
    }
}
