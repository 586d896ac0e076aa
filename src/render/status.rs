//! The state of each stage, and what a build would do: as a tree, as a list of reasons, and as JSON.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::{Value, json};

use super::graph::for_json;
use crate::diagnostic::escaped;
use crate::state::{From, Kind, StageStanding, Standing};

/// The tree shows this many changes of a stage and counts the others.
const SHOWN: usize = 3;

/// Why a stage is built of which no earlier build is known.
fn not_built(stage: &StageStanding<'_>) -> String {
    match &stage.missing_image {
        Some(image) => format!("not built yet: there is no image {}", escaped(image)),
        None => "not built yet".to_owned(),
    }
}

/// Whether the cache has a stage, behind its line; empty if the sign says it or it is not known.
fn cache_of(stage: &StageStanding<'_>) -> Option<&'static str> {
    match (&stage.standing, stage.in_cache) {
        (Standing::Built, Some(true)) => Some("also in the cache"),
        (Standing::Built, Some(false)) => Some("not in the cache"),
        _ => None,
    }
}

/// A line of the tree.
struct Line<'s> {
    /// The branches before it, with its sign and its name.
    head: String,
    /// Absent for a base image.
    stage: Option<&'s StageStanding<'s>>,
}

fn sign(standing: &Standing) -> &'static str {
    match standing {
        Standing::Built => "✔",
        Standing::Cached => "☁",
        Standing::ToBuild(_) => "○",
        Standing::Unknown(_) => "?",
    }
}

/// All stages except those that only hold the files that are copied from another one.
fn shown<'s>(stages: &'s [StageStanding<'s>]) -> impl Iterator<Item = &'s StageStanding<'s>> {
    stages
        .iter()
        .filter(|stage| stage.stage.kind != Kind::Files)
}

/// The tree of the stages, or a line for each of those that are named.
pub fn status_tree(stages: &[StageStanding<'_>], named: &[String]) -> String {
    let lines = if named.is_empty() {
        tree_of(stages)
    } else {
        let lines = shown(stages).filter(|stage| named.contains(&stage.stage.name));
        lines.map(|stage| line("", "", stage)).collect()
    };
    let width = |line: &Line<'_>| line.head.chars().count();
    let column = 3 + lines
        .iter()
        .filter(|line| line.stage.is_some())
        .map(width)
        .max()
        .unwrap_or_default();
    let mut out = String::new();
    for line in &lines {
        let reasons = line.stage.map(|stage| reasons(stage)).unwrap_or_default();
        let mut reasons = reasons.into_iter();
        out.push_str(&line.head);
        if let Some(first) = reasons.next() {
            let gap = column - width(line);
            let _ = write!(out, "{:gap$}{first}", "");
        }
        out.push('\n');
        for reason in reasons {
            let _ = writeln!(out, "{:column$}{reason}", "");
        }
    }
    out
}

fn line<'s>(before: &str, branch: &str, stage: &'s StageStanding<'s>) -> Line<'s> {
    let (sign, name) = (sign(&stage.standing), &stage.stage.name);
    Line {
        head: format!("{before}{branch}{sign} {name}"),
        stage: Some(stage),
    }
}

fn reasons(stage: &StageStanding<'_>) -> Vec<String> {
    match &stage.standing {
        Standing::Built | Standing::Cached => {
            cache_of(stage).map(str::to_owned).into_iter().collect()
        }
        Standing::Unknown(reason) if reason.is_empty() => Vec::new(),
        Standing::Unknown(reason) => vec![escaped(reason)],
        Standing::ToBuild(changes) if changes.is_empty() => vec![not_built(stage)],
        Standing::ToBuild(changes) => {
            let texts = changes.iter().map(|change| change.text.clone());
            let mut texts: Vec<String> = texts.take(SHOWN).collect();
            if changes.len() > SHOWN {
                let more = changes.len() - SHOWN;
                let name = &stage.stage.name;
                texts.push(format!("and {more} more: pei status --why {name}"));
            }
            texts
        }
    }
}

/// Each stage below what it builds on; the images at the top have lines of their own.
fn tree_of<'s>(stages: &'s [StageStanding<'s>]) -> Vec<Line<'s>> {
    let mut roots: Vec<&str> = Vec::new();
    let mut below: BTreeMap<(bool, &str), Vec<&'s StageStanding<'s>>> = BTreeMap::new();
    for stage in shown(stages) {
        let key = match &stage.stage.from {
            From::Image(name) => {
                if !roots.contains(&name.as_str()) {
                    roots.push(name);
                }
                (false, name.as_str())
            }
            From::Stage(name) => (true, name.as_str()),
            From::Scratch => continue,
        };
        below.entry(key).or_default().push(stage);
    }
    let mut lines = Vec::new();
    for root in roots {
        lines.push(Line {
            head: if root.is_empty() {
                "?".to_owned()
            } else {
                escaped(root)
            },
            stage: None,
        });
        // An explicit stack instead of recursion: a long chain would overflow the call stack.
        let mut open = Vec::new();
        let push = |open: &mut Vec<_>, key: (bool, &str), before: &str| {
            let stages = below.get(&key).map_or(&[][..], Vec::as_slice);
            let last = stages.len();
            let children = stages.iter().zip(1..);
            let children: Vec<_> = children
                .map(|(stage, place)| (*stage, before.to_owned(), place == last))
                .collect();
            open.extend(children.into_iter().rev());
        };
        push(&mut open, (false, root), "");
        while let Some((stage, before, is_last)) = open.pop() {
            let (branch, next) = if is_last {
                ("└─ ", "   ")
            } else {
                ("├─ ", "│  ")
            };
            lines.push(line(&before, branch, stage));
            let before = format!("{before}{next}");
            push(&mut open, (true, &stage.stage.name), &before);
        }
    }
    lines
}

/// Everything that has changed in a stage and in those that it needs.
pub fn status_why(stages: &[StageStanding<'_>], name: &str) -> String {
    let by_name: BTreeMap<&str, &StageStanding<'_>> = stages
        .iter()
        .map(|stage| (stage.stage.name.as_str(), stage))
        .collect();
    let mut out = String::new();
    let mut told: Vec<&str> = Vec::new();
    let mut open = vec![(name, 0)];
    while let Some((name, depth)) = open.pop() {
        let Some(stage) = by_name.get(name) else {
            continue;
        };
        let indent = 2 * depth;
        let head = match &stage.standing {
            Standing::Built => match cache_of(stage) {
                Some(words) => format!("is built here, {words}"),
                None => "is built here".to_owned(),
            },
            Standing::Cached => "is in the cache".to_owned(),
            Standing::Unknown(reason) if reason.is_empty() => "is not known".to_owned(),
            Standing::Unknown(reason) => format!("is not known: {}", escaped(reason)),
            Standing::ToBuild(changes) if changes.is_empty() => {
                format!("will be built: {}", not_built(stage))
            }
            Standing::ToBuild(_) => "will be built:".to_owned(),
        };
        let _ = writeln!(out, "{:indent$}{name} {head}", "");
        // Print a stage only once, also if two others need it.
        if told.contains(&name) {
            continue;
        }
        told.push(&stage.stage.name);
        let Standing::ToBuild(changes) = &stage.standing else {
            continue;
        };
        let is_unbuilt = |name: &str| {
            by_name
                .get(name)
                .is_some_and(|stage| matches!(stage.standing, Standing::ToBuild(_)))
        };
        let mut needed: Vec<&str> = Vec::new();
        for change in changes {
            if change.what == crate::state::What::Stage && is_unbuilt(&change.name) {
                needed.push(&change.name);
            } else {
                let _ = writeln!(out, "{:1$}{2}", "", indent + 2, change.text);
            }
        }
        open.extend(needed.into_iter().rev().map(|name| (name, depth + 1)));
    }
    out
}

/// One document: the stages in build order, each after those that it needs.
pub fn status_json(
    stages: &[StageStanding<'_>],
    is_configured: bool,
    engine: Option<&str>,
) -> String {
    let stages = stages.iter().map(|standing| {
        let stage = standing.stage;
        let (word, reason, changes) = match &standing.standing {
            Standing::Built => ("built", None, &[][..]),
            Standing::Cached => ("cached", None, &[][..]),
            Standing::ToBuild(changes) if changes.is_empty() => {
                ("to-build", Some(not_built(standing)), &[][..])
            }
            Standing::ToBuild(changes) => ("to-build", None, changes.as_slice()),
            Standing::Unknown(reason) => {
                let reason = (!reason.is_empty()).then(|| reason.clone());
                ("unknown", reason, &[][..])
            }
        };
        let kind = match stage.kind {
            Kind::Core => "core",
            Kind::Builder => "further",
            Kind::Files => "files",
            Kind::Tail => "tail",
        };
        let from = match &stage.from {
            From::Image(name) => json!({ "image": name }),
            From::Stage(name) => json!({ "stage": name }),
            From::Scratch => Value::Null,
        };
        let changes = changes.iter().map(
            |change| json!({"kind": change.what.word(), "name": change.name, "text": change.text}),
        );
        json!({
            "name": stage.name,
            "kind": kind,
            "from": from,
            "needs": stage.needs,
            "services": stage.services,
            "status": word,
            "in_cache": standing.in_cache,
            "state": stage.state.as_ref().ok().map(crate::state::Hash::as_str),
            "reason": reason,
            "changes": changes.collect::<Value>(),
        })
    });
    let document = json!({
        "configured": is_configured,
        "engine": engine.map_or(json!("answers"), |reason| json!({ "away": reason })),
        "stages": stages.collect::<Value>(),
    });
    for_json(&format!("{document:#}\n"))
}
