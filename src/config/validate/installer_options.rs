//! Checks the options of the installers that pei ships, so that a mistake is found before the build.
//!
//! An installer's README holds the table that its `--help` prints: `scripts/script-docs.sh` writes it and a test
//! compares them. If the project's installer is the one that pei ships, that table lists what it accepts.

use super::script_word;
use crate::assets;
use crate::config::read::{Context, Place, Reported};
use crate::config::yaml::Node;
use crate::diagnostic::{Code, nearest, quoted};

/// The name of an option's value. `None` if it takes no value.
type Takes<'t> = Option<&'t str>;

/// The options of a script and the number of its other arguments.
struct Table<'t> {
    options: Vec<(&'t str, Takes<'t>)>,
    operands: usize,
}

/// Reports the first argument that the installer would refuse.
pub(super) fn check(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    script: &str,
    arguments: &str,
) -> Result<(), Reported> {
    let Some((message, help)) = problem(cx, script, arguments) else {
        return Ok(());
    };
    let diagnostic = at.error(Code::InvalidOption, node.span.clone(), message);
    Err(cx.report(diagnostic.help(help)))
}

fn problem(cx: &Context<'_>, script: &str, arguments: &str) -> Option<(String, String)> {
    // The installers of stage-2 call those of stage-1.
    let path = script
        .strip_prefix("stage-1/")
        .or(script.strip_prefix("stage-2/"))?;
    let path = format!("stage-1/{path}");
    let (folder, name) = path.rsplit_once('/')?;
    let readme = assets::installation_file(&format!("{folder}/README.md"))?;
    let table = Table::read(std::str::from_utf8(readme).ok()?, name)?;
    let own = cx.lookup().project_file(&path).ok()?;
    (assets::installation_file(&path)? == own).then(|| table.problem(arguments))?
}

impl<'t> Table<'t> {
    /// Parses the table below the script's heading.
    fn read(readme: &'t str, script: &str) -> Option<Self> {
        let (_, rest) = readme.split_once(&format!("\n### `{script}`\n"))?;
        let mut table = Self {
            options: vec![("help", None)],
            operands: 0,
        };
        for line in rest.lines().take_while(|line| !line.starts_with('#')) {
            let Some((option, _)) = line
                .strip_prefix("| `")
                .and_then(|row| row.split_once("` |"))
            else {
                continue;
            };
            match option.strip_prefix("--") {
                Some(option) => table.options.push(match option.split_once(' ') {
                    Some((name, value)) => (name, Some(value)),
                    None => (option, None),
                }),
                None if option.starts_with('-') => {}
                None => table.operands += 1,
            }
        }
        (table.options.len() > 1).then_some(table)
    }

    /// The first problem, reading words as `lib/args.sh` does. Stops at the first word that a shell expands.
    fn problem(&self, arguments: &str) -> Option<(String, String)> {
        let mut words = Words(arguments);
        let mut operands = 0;
        while let Some(word) = words.next() {
            if word == "--" {
                return None;
            }
            let Some(option) = word.strip_prefix("--") else {
                if word == "-h" {
                    continue;
                }
                operands += 1;
                if word.starts_with('-') || operands > self.operands {
                    return Some((
                        format!("the installer takes no {}", quoted(&word)),
                        self.help(),
                    ));
                }
                continue;
            };
            let (name, value) = match option.split_once('=') {
                Some((name, value)) => (name, Some(value.to_owned())),
                None => (option, None),
            };
            let Some((_, takes)) = self.options.iter().find(|(known, _)| *known == name) else {
                let names = self.options.iter().map(|(known, _)| *known);
                let help = nearest(name, names)
                    .map_or_else(|| self.help(), |meant| format!("did you mean `--{meant}`?"));
                return Some((
                    format!(
                        "the installer has no option {}",
                        quoted(&format!("--{name}"))
                    ),
                    help,
                ));
            };
            match (takes, value) {
                (None, Some(_)) => {
                    return Some((
                        format!("the option `--{name}` takes no value"),
                        format!("write `--{name}` alone"),
                    ));
                }
                (None, None) => {}
                (Some(takes), value) => {
                    let value = match value {
                        Some(value) => value,
                        None if words.is_opaque() => return None,
                        None => words
                            .next()
                            .filter(|next| !next.starts_with("--"))
                            .unwrap_or_default(),
                    };
                    if value.is_empty() {
                        let help = format!("write `--{name}={takes}` with a value for `{takes}`");
                        return Some((format!("the option `--{name}` needs a value"), help));
                    }
                    let takes = takes.replace("\\|", "|");
                    if let Some(help) = wrong_value(&takes, &value) {
                        return Some((
                            format!("the option `--{name}` does not take {}", quoted(&value)),
                            help,
                        ));
                    }
                }
            }
        }
        None
    }

    fn help(&self) -> String {
        let names: Vec<String> = self
            .options
            .iter()
            .map(|(name, _)| format!("--{name}"))
            .collect();
        format!("its options are {}", crate::diagnostic::list(&names, "and"))
    }
}

/// What to write, if the table lists the legal values and this is none of them.
fn wrong_value(takes: &str, value: &str) -> Option<String> {
    let is_url = value.starts_with("http://") || value.starts_with("https://");
    let choices: Vec<&str> = takes.split('|').collect();
    let fits = match choices.as_slice() {
        ["DIR"] => value.starts_with('/'),
        ["URL"] => is_url,
        [_] => true,
        many => many
            .iter()
            .any(|choice| choice.eq_ignore_ascii_case(value) || *choice == "URL" && is_url),
    };
    let help = match choices.as_slice() {
        ["DIR"] => "write an absolute path".to_owned(),
        ["URL"] => "write an http or https URL".to_owned(),
        many => format!("write {}", crate::diagnostic::list(many, "or")),
    };
    (!fits).then_some(help)
}

/// The words of an argument text, up to the first substitution.
struct Words<'t>(&'t str);

impl Words<'_> {
    /// Whether a shell expands the next word.
    fn is_opaque(&self) -> bool {
        let rest = script_word::trimmed(self.0);
        let after = script_word::split(rest).map_or("", |(_, after)| after);
        rest[..rest.len() - after.len()].contains(['$', '`'])
    }
}

impl Iterator for Words<'_> {
    type Item = String;

    fn next(&mut self) -> Option<String> {
        if self.is_opaque() {
            return None;
        }
        let rest = script_word::trimmed(self.0);
        let (word, after) = script_word::split(rest).ok()?;
        self.0 = after;
        (!rest.is_empty()).then_some(word)
    }
}

#[cfg(test)]
mod tests {
    use super::Table;

    const README: &str = "
### `a.sh`

| option | what |
|---|---|
| `[WORD]` | a word |
| `--user NAME` | who |
| `--dir DIR` | where |
| `--mirror tuna\\|URL` | which |
| `--keep` | keep |
| `-h, --help` | this text |

### `b.sh`

| `--other X` | x |
";

    #[test]
    fn arguments_are_read_as_the_library_reads_them() {
        let table = Table::read(README, "a.sh").unwrap();
        for good in [
            "",
            "--user me --dir=/x --keep word",
            "--user 'a b' --mirror TUNA",
            "--mirror=https://x --help -h",
            "--user \"$USER\" --foo",
            "$ALL --foo",
            "--user=$X --keep",
            "-- --foo",
        ] {
            assert_eq!(table.problem(good), None, "{good}");
        }
        for (bad, help) in [
            ("--usr me", "`--user`"),
            ("--zzz", "its options are"),
            ("--other x", "its options are"),
            ("--user", "--user=NAME"),
            ("--user --keep", "--user=NAME"),
            ("--user=", "--user=NAME"),
            ("--keep=1", "alone"),
            ("--dir x", "absolute"),
            ("--mirror cn", "`tuna` or `URL`"),
            ("-v", "its options are"),
            ("one two", "its options are"),
        ] {
            let (_, found) = table.problem(bad).unwrap_or_else(|| panic!("{bad}"));
            assert!(found.contains(help), "{bad}: {found}");
        }
    }
}
