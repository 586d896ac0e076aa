//! The Dockerfiles, read by another parser than pei's.

use parse_dockerfile::{Command, Instruction, RunInstruction};
use proptest::prelude::*;

use crate::cases::cases;
use crate::config::{Config, Wanted, config};
use crate::made::Made;

const WANTED: Wanted = Wanted {
    markers: false,
    passwords: false,
};

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn hostile_text_stays_in_its_place(config in config(WANTED)) {
        let made = Made::of(&config, ["--with-merged"]);
        // The same shape, whose texts are plain words.
        let tame = Made::of(&config.tame(), ["--with-merged"]);
        for (file, stages) in [("stage-1.Dockerfile", 1), ("stage-2.Dockerfile", 2), ("merged.Dockerfile", 2)] {
            let text = made.text(file);
            let parsed = parse_dockerfile::parse(&text).unwrap_or_else(|error| panic!("{file}: {error}\n{text}"));
            prop_assert!(parsed.parser_directives.escape.is_none() && parsed.parser_directives.syntax.is_none());

            let hooks = config.stages[..stages].iter().flat_map(|stage| &stage.hooks[0]);
            let expected: Vec<_> = hooks.map(|hook| (hook.script.clone(), hook.arguments.clone())).collect();
            prop_assert_eq!(build_hooks(&parsed.instructions), expected, "{}", file);

            let apt = config.apt_file.as_ref().map_or(String::new(), |file| format!("/pei-from-host/{file}"));
            prop_assert_eq!(default_of(&parsed.instructions, "APT_SOURCE_FILE"), apt, "{}", file);
            let proxy = format!("http://{}:7890", config.stages[0].proxy);
            prop_assert_eq!(default_of(&parsed.instructions, "PEI_HTTP_PROXY_1"), proxy, "{}", file);

            let copied = copied(&parsed.instructions);
            let (left_out, trees): (Vec<_>, Vec<_>) = trees(&config, stages).into_iter().partition(|tree| is_left_out(tree));
            for tree in trees {
                let pair = (format!("installation/{tree}"), format!("/pei-from-host/{tree}"));
                prop_assert!(copied.contains(&pair), "{}: {:?} is not in {:?}", file, pair, copied);
            }
            // The tame one has a COPY for each tree.
            if left_out.is_empty() {
                prop_assert_eq!(kinds(&parsed.instructions), kinds(&parse_dockerfile::parse(&tame.text(file)).unwrap().instructions), "{}", file);
            }
        }
    }
}

/// What looks like an editor's copy is left out of builds.
fn is_left_out(tree: &str) -> bool {
    let is_between = |sign| tree.len() > 1 && tree.starts_with(sign) && tree.ends_with(sign);
    tree.ends_with('~') || tree.starts_with(".#") || is_between('#')
}

/// Script and arguments of each step that runs a hook.
fn build_hooks(instructions: &[Instruction<'_>]) -> Vec<(String, String)> {
    let runs = instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::Run(RunInstruction {
                arguments: Command::Exec(words),
                ..
            }) => Some(&words.value),
            _ => None,
        });
    runs.map(|words| {
        let [bash, runner, script, arguments, _] = words.as_slice() else {
            panic!("{words:?}")
        };
        assert_eq!(
            (&*bash.value, &*runner.value),
            ("bash", "/pei-build/files/stage-1/lib/run-build-hook.sh")
        );
        (script.value.to_string(), arguments.value.to_string())
    })
    .collect()
}

/// What plain `docker build` takes for an arg.
fn default_of(instructions: &[Instruction<'_>], name: &str) -> String {
    let mut declared = instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::Arg(arg) => arg.arguments.value.strip_prefix(name)?.strip_prefix('='),
            _ => None,
        });
    word(
        declared
            .next()
            .unwrap_or_else(|| panic!("{name} has no default")),
    )
}

/// Source and destination of each `COPY` in exec form.
pub(crate) fn copied(instructions: &[Instruction<'_>]) -> Vec<(String, String)> {
    let copies = instructions
        .iter()
        .filter_map(|instruction| match instruction {
            Instruction::Copy(copy) => match copy.src.as_slice() {
                [parse_dockerfile::Source::Path(source)] => {
                    Some((pattern(&word(&source.value)), word(&copy.dest.value)))
                }
                _ => None,
            },
            _ => None,
        });
    copies.collect()
}

/// The one name that a pattern of Go's `filepath.Match` matches, if it matches one alone.
fn pattern(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => out.extend(rest.next()),
            '[' => {
                let first = rest.next();
                assert_ne!(first, Some('^'), "{text} matches more than one name");
                out.extend(if first == Some('\\') {
                    rest.next()
                } else {
                    first
                });
                assert_eq!(rest.next(), Some(']'), "{text} matches more than one name");
            }
            '*' | '?' => panic!("{text} matches more than one name"),
            _ => out.push(c),
        }
    }
    out
}

/// A word as Dockerfiles quote it, with nothing for a variable to replace.
fn word(text: &str) -> String {
    let mut out = String::new();
    let mut quote = None;
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match (c, quote) {
            ('\'' | '"', None) => quote = Some(c),
            (_, Some(open)) if c == open => quote = None,
            ('\\', None) => out.extend(rest.next()),
            ('\\', Some('"')) => match rest.next_if(|next| "\"$\\".contains(*next)) {
                Some(next) => out.push(next),
                None => out.push('\\'),
            },
            ('$', None | Some('"')) => panic!("a variable in {text}"),
            _ => out.push(c),
        }
    }
    assert_eq!(quote, None, "{text} ends within quotes");
    out
}

/// The directories below `installation/` that an image holds.
fn trees(config: &Config, stage: usize) -> Vec<String> {
    let stages = config.stages.iter().take(stage);
    let hooks = stages.flat_map(|stage| stage.hooks.iter().flatten().chain(&stage.on_entry));
    let first = hooks.map(|hook| hook.script.split('/').next().unwrap().to_owned());
    first.chain([format!("stage-{stage}")]).collect()
}

/// The instructions' names, in order.
fn kinds(instructions: &[Instruction<'_>]) -> Vec<String> {
    let kind = |instruction: &Instruction<'_>| {
        let text = format!("{instruction:?}");
        text.split('(').next().unwrap_or_default().to_owned()
    };
    instructions.iter().map(kind).collect()
}
