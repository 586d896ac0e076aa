//! The inputs of a stage that have changed since it was built, by name.

use std::collections::{BTreeMap, BTreeSet};

use super::label::{Part, Summary};
use super::{StageState, What};
use crate::diagnostic::{escaped, redact_text};
use crate::{credentials, host_ids};

/// Longer values are cut.
const LONGEST: usize = 60;

/// One thing that is not what it was.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// The kind of the input.
    pub what: What,
    /// Its name.
    pub name: String,
    /// In a line, for people.
    pub text: String,
}

/// What has changed since a stage was built. `will_be_built` says whether a stage that it needs will be built now.
pub fn changes(
    stage: &StageState,
    before: &Summary,
    will_be_built: &dyn Fn(&str) -> bool,
) -> Vec<Change> {
    let now = Summary::of(stage, Some(before));
    let mut changes = Vec::new();
    let renamed = renamed(before, &now);
    let keys: BTreeSet<_> = before.inputs.keys().chain(now.inputs.keys()).collect();
    let mut bases: [Vec<&str>; 2] = [Vec::new(), Vec::new()];
    for key @ (what, name) in keys {
        let (old, new) = (before.inputs.get(key), now.inputs.get(key));
        if old == new || renamed.contains(key) {
            continue;
        }
        if *what == What::Base && (old.is_none() || new.is_none()) {
            bases[usize::from(old.is_none())].push(name);
            continue;
        }
        changes.push(Change {
            what: *what,
            name: name.clone(),
            text: text_of_input(*what, name, [old, new], will_be_built),
        });
    }
    // The order of variables changes with each variable that is added or removed.
    let is_variable =
        |change: &Change| change.what == What::Arg && change.name.starts_with("stages.");
    if changes
        .iter()
        .any(|change| is_variable(change) && !is_order(&change.name))
    {
        changes.retain(|change| !is_variable(change) || !is_order(&change.name));
    }
    let [old, new] = &bases;
    if let Some(base) = new.first().or(old.first()) {
        let text = match (old.first(), new.first()) {
            (Some(old), Some(new)) => format!("base {} → {}", escaped(old), escaped(new)),
            (None, _) => format!("base {} is new", escaped(base)),
            (_, None) => format!("base {} is gone", escaped(base)),
        };
        let name = (*base).to_owned();
        changes.insert(
            0,
            Change {
                what: What::Base,
                name,
                text,
            },
        );
    }
    changes.extend(steps(&before.steps, &now.steps));
    let keys: BTreeSet<_> = before.files.keys().chain(now.files.keys()).collect();
    for key @ (what, path) in keys {
        let (old, new) = (before.files.get(key), now.files.get(key));
        if old != new {
            let text = text_of_file(*what, path, old, new);
            changes.push(Change {
                what: *what,
                name: path.clone(),
                text,
            });
        }
    }
    changes
}

/// Images that only have another name now: the state does not depend on the name, so that is no change.
fn renamed<'s>(before: &'s Summary, now: &'s Summary) -> BTreeSet<&'s (What, String)> {
    let images = |summary: &'s Summary, other: &'s Summary| {
        let images = summary.inputs.iter().filter(|(key, part)| {
            let is_same = |(other, its): (&(What, String), &Part)| other.0 == key.0 && its == *part;
            let is_renamable = matches!(key.0, What::Base | What::Image);
            is_renamable && !other.inputs.contains_key(key) && other.inputs.iter().any(is_same)
        });
        images.map(|(key, _)| key)
    };
    images(before, now).chain(images(now, before)).collect()
}

fn text_of_input(
    what: What,
    name: &str,
    [old, new]: [Option<&Part>; 2],
    will_be_built: &dyn Fn(&str) -> bool,
) -> String {
    let shown = escaped(name);
    match what {
        What::Base => format!("base {shown} now names a different image"),
        What::Image => match (old, new) {
            (None, _) => format!("files are now copied from image {shown}"),
            (_, None) => format!("files are no longer copied from image {shown}"),
            _ => format!("image {shown} now names a different image"),
        },
        What::Stage if will_be_built(name) => format!("{shown} will be built"),
        What::Stage => match (old, new) {
            (_, None) => format!("{shown} is not needed any more"),
            (None, _) => format!("{shown} is needed now"),
            _ => format!("{shown} has changed"),
        },
        What::Arg if is_order(name) => format!("{shown}: the order of the variables has changed"),
        // A variable of a further stage; an arg has no dot.
        What::Arg if name.contains('.') => match (old, new) {
            (None, _) => format!("{shown} is new"),
            (_, None) => format!("{shown} is gone"),
            _ => format!("{shown} has changed"),
        },
        What::Arg => format!("args {shown}: {}", values(old, new)),
        _ => format!("{shown}: {}", values(old, new)),
    }
}

/// Whether an input stands for the order of a further stage's variables.
fn is_order(name: &str) -> bool {
    name.starts_with("stages.") && name.ends_with(".environment") && name.matches('.').count() == 2
}

/// `22 → 2200`, or that it has changed where one of them is not shown.
fn values(old: Option<&Part>, new: Option<&Part>) -> String {
    let value = |part: Option<&Part>| match part {
        None => Some("not set".to_owned()),
        Some(Part::Text(text)) if text.is_empty() => Some("empty".to_owned()),
        // The text comes from a label, which anybody can have written: check it for secrets and escape it.
        Some(Part::Text(text)) if redact_text(text) == *text => {
            let text = escaped(text);
            (text.chars().count() <= LONGEST && !text.starts_with(['[', '{'])).then_some(text)
        }
        Some(Part::Text(_) | Part::Sum(_)) => None,
    };
    match (value(old), value(new)) {
        (Some(old), Some(new)) => format!("{old} → {new}"),
        _ => "changed".to_owned(),
    }
}

/// By their names: the same name twice is told apart by its place.
fn steps(before: &[(String, String)], now: &[(String, String)]) -> Vec<Change> {
    fn numbered(steps: &[(String, String)]) -> BTreeMap<(&str, usize), &str> {
        let mut numbers: BTreeMap<&str, usize> = BTreeMap::new();
        let steps = steps.iter().map(|(name, sum)| {
            let number = numbers.entry(name).or_default();
            *number += 1;
            ((name.as_str(), *number), sum.as_str())
        });
        steps.collect()
    }
    if before == now {
        return Vec::new();
    }
    let (old, new) = (numbered(before), numbered(now));
    let keys: BTreeSet<_> = old.keys().chain(new.keys()).collect();
    let changes: Vec<Change> = keys
        .into_iter()
        .filter(|key| old.get(*key) != new.get(*key))
        .map(|key @ (name, _)| {
            let shown = escaped(name);
            let text = match (old.get(key), new.get(key)) {
                (None, _) => format!("step {shown} is new"),
                (_, None) => format!("step {shown} is gone"),
                _ => format!("step {shown}"),
            };
            Change {
                what: What::Step,
                name: (*name).to_owned(),
                text,
            }
        })
        .collect();
    if changes.is_empty() {
        return vec![Change {
            what: What::Step,
            name: String::new(),
            text: "the order of the steps has changed".to_owned(),
        }];
    }
    changes
}

fn text_of_file(what: What, path: &str, old: Option<&String>, new: Option<&String>) -> String {
    if path == credentials::PATH {
        return "a password or a key has changed".to_owned();
    }
    if path == host_ids::PATH {
        return "the uid or gid that `host` means has changed".to_owned();
    }
    let kind = |text: &str| {
        if text.starts_with('d') {
            "directory"
        } else if text.starts_with('l') {
            "link"
        } else {
            "file"
        }
    };
    let what_it_is = kind(new.or(old).map_or("", String::as_str));
    let context = if what == What::Context {
        "context "
    } else {
        ""
    };
    let shown = escaped(path.strip_prefix("installation/").unwrap_or(path));
    let subject = if context.is_empty() {
        format!("{what_it_is} {shown}")
    } else {
        format!("{context}{shown}")
    };
    let (Some(old), Some(new)) = (old, new) else {
        let end = if old.is_none() { "is new" } else { "is gone" };
        return format!("{subject} {end}");
    };
    let parts = |text: &str| {
        let (mode, sum) = text.split_once(' ').unwrap_or((text, ""));
        (mode.to_owned(), sum.to_owned())
    };
    let ((old_mode, old_sum), (new_mode, new_sum)) = (parts(old), parts(new));
    let is_same_kind = kind(old) == kind(new);
    match (old_mode == new_mode, old_sum == new_sum) {
        _ if !is_same_kind => format!("{subject} was a {}", kind(old)),
        (false, true) => {
            let plain = |mode: &str| escaped(mode.trim_start_matches(['d', 'l', 'o']));
            format!(
                "{subject}: mode {} → {}",
                plain(&old_mode),
                plain(&new_mode)
            )
        }
        _ => subject,
    }
}

#[cfg(test)]
mod tests {
    use super::super::{From, Hash, Input, Kind, Value};
    use super::*;

    fn stage(inputs: Vec<Input>) -> StageState {
        StageState {
            name: "webpack".to_owned(),
            kind: Kind::Builder,
            from: From::Scratch,
            needs: BTreeSet::new(),
            services: Vec::new(),
            state: Ok(Hash::of(&inputs)),
            inputs,
        }
    }

    fn file(path: &str, mode: &str, text: &str) -> Input {
        let sum = if mode.starts_with('d') {
            String::new()
        } else {
            super::super::hash::sum(&[text.as_bytes()])
        };
        let mode = mode.to_owned();
        Input::new(
            What::File,
            format!("installation/{path}"),
            Value::File { mode, sum },
        )
    }

    fn step(name: &str, text: &str) -> Input {
        Input::new(What::Step, name, Value::hidden(text))
    }

    fn lines(old: Vec<Input>, new: Vec<Input>) -> Vec<String> {
        let before = Summary::of(&stage(old), None);
        let changes = changes(&stage(new), &before, &|name| name == "npm");
        changes.into_iter().map(|change| change.text).collect()
    }

    fn line(old: Input, new: Input) -> String {
        lines(vec![old], vec![new]).join("; ")
    }

    #[test]
    fn each_change_has_its_words() {
        let image = |what, name: &str, text: &str| Input::new(what, name, Value::hidden(text));
        let path = "stages/webpack/build.sh";
        for (old, new, expected) in [
            (
                Input::arg("SSH_CONTAINER_PORT", "22"),
                Input::arg("SSH_CONTAINER_PORT", "2200"),
                "args SSH_CONTAINER_PORT: 22 → 2200",
            ),
            (
                Input::arg("A", ""),
                Input::arg("A", "x\u{1b}"),
                "args A: empty → x\\u{1b}",
            ),
            (
                Input::arg("MY_TOKEN", "a"),
                Input::arg("MY_TOKEN", "b"),
                "args MY_TOKEN: changed",
            ),
            (
                Input::arg("HTTP_PROXY", "http://a:1"),
                Input::arg("HTTP_PROXY", ""),
                "args HTTP_PROXY: changed",
            ),
            (
                file(path, "644", "a"),
                file(path, "644", "b"),
                "file stages/webpack/build.sh",
            ),
            (
                file(path, "644", "a"),
                file(path, "755", "a"),
                "file stages/webpack/build.sh: mode 644 → 755",
            ),
            (
                file(path, "644", "a"),
                file(path, "l777", "a"),
                "link stages/webpack/build.sh was a file",
            ),
            (
                file("a", "d755", ""),
                file("a", "d700", ""),
                "directory a: mode 755 → 700",
            ),
            (
                file("a\nb", "644", "a"),
                file("a\nb", "644", "b"),
                "file a\\nb",
            ),
            (
                image(What::Base, "ubuntu:24.04", "a"),
                image(What::Base, "ubuntu:24.04", "b"),
                "base ubuntu:24.04 now names a different image",
            ),
            (
                image(What::Base, "ubuntu:24.04", "a"),
                image(What::Base, "debian:12", "b"),
                "base ubuntu:24.04 → debian:12",
            ),
            (
                image(What::Base, "ubuntu:24.04", "a"),
                image(What::Base, "tagged:1", "a"),
                "",
            ),
            (
                image(What::Image, "golang:1", "a"),
                image(What::Image, "tagged:1", "a"),
                "",
            ),
            (
                image(What::Image, "golang:1", "a"),
                image(What::Image, "golang:1", "b"),
                "image golang:1 now names a different image",
            ),
            (
                image(What::Stage, "npm", "a"),
                image(What::Stage, "npm", "b"),
                "npm will be built",
            ),
            (
                image(What::Stage, "python", "a"),
                image(What::Stage, "python", "b"),
                "python has changed",
            ),
            (
                step("stage_1.custom.on_build[0]", "a"),
                step("stage_1.custom.on_build[0]", "b"),
                "step stage_1.custom.on_build[0]",
            ),
        ] {
            assert_eq!(line(old, new), expected);
        }
    }

    #[test]
    fn files_that_pei_makes_for_a_machine_are_not_named() {
        let made_here = |path: &str, text: &str| {
            let sum = super::super::hash::sum(&[text.as_bytes()]);
            let mode = "600".to_owned();
            Input::new(What::File, path, Value::File { mode, sum })
        };
        for (path, expected) in [
            (credentials::PATH, "a password or a key has changed"),
            (
                host_ids::PATH,
                "the uid or gid that `host` means has changed",
            ),
        ] {
            assert_eq!(line(made_here(path, "a"), made_here(path, "b")), expected);
        }
    }

    #[test]
    fn what_comes_and_what_goes_is_told() {
        let path = "stages/webpack/build.sh";
        assert_eq!(
            lines(vec![], vec![file(path, "644", "a")]),
            ["file stages/webpack/build.sh is new"]
        );
        assert_eq!(
            lines(vec![file(path, "644", "a")], vec![]),
            ["file stages/webpack/build.sh is gone"]
        );
        assert_eq!(
            lines(vec![], vec![Input::arg("A", "1")]),
            ["args A: not set → 1"]
        );
        let (a, b) = (step("COPY a", "a"), step("COPY b", "b"));
        assert_eq!(
            lines(vec![a.clone(), b.clone()], vec![b.clone(), a.clone()]),
            ["the order of the steps has changed"]
        );
        assert_eq!(
            lines(vec![a.clone()], vec![a.clone(), a.clone()]),
            ["step COPY a is new"]
        );
        assert!(lines(vec![a.clone(), b.clone()], vec![a, b]).is_empty());
    }

    #[test]
    fn of_very_many_files_directories_are_named() {
        let many = |text: &str| {
            let files = (0..900).map(|number| {
                let text = if number == 777 { text } else { "" };
                file(&format!("a/{}/{number}", number / 100), "644", text)
            });
            files.collect::<Vec<_>>()
        };
        assert_eq!(lines(many("a"), many("b")), ["directory a/7/"]);
    }
}
