//! Keys of one mapping: merged ones are brought in, doubled ones reported.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::node::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, Findings, quoted};

/// The entries of a mapping with `<<` resolved: each key once, in the file's order,
/// merged ones where their `<<` stands. A mapping's own keys win over merged ones,
/// and of several merged mappings the first wins.
pub(super) fn finish_map(
    entries: Vec<Entry>,
    merges: &[usize],
    findings: &mut Findings,
) -> Vec<Entry> {
    let entries = without_duplicates(entries, merges, findings);
    if merges.is_empty() {
        return entries;
    }
    let is_merge = |entry: &Entry| &*entry.key == "<<";
    let mut taken: HashSet<Rc<str>> = entries
        .iter()
        .filter(|entry| !is_merge(entry))
        .map(|entry| Rc::clone(&entry.key))
        .collect();
    let mut all = Vec::with_capacity(entries.len());
    for entry in entries {
        if !is_merge(&entry) {
            all.push(entry);
            continue;
        }
        for brought in sources(&entry, findings) {
            if taken.insert(Rc::clone(&brought.key)) {
                all.push(brought);
            }
        }
    }
    all
}

/// A quoted `'<<'` is a key like any other, but two that look alike in one mapping
/// help nobody: they count as doubled.
fn without_duplicates(
    entries: Vec<Entry>,
    merges: &[usize],
    findings: &mut Findings,
) -> Vec<Entry> {
    let mut first: HashMap<Rc<str>, Range<usize>> = HashMap::with_capacity(entries.len());
    let mut kept = Vec::with_capacity(entries.len());
    for entry in entries {
        let Some(span) = first.get(&entry.key) else {
            first.insert(Rc::clone(&entry.key), entry.key_span.clone());
            kept.push(entry);
            continue;
        };
        let help = if &*entry.key == "<<" && !merges.is_empty() {
            "merge several mappings with one key: `<<: [*a, *b]`"
        } else if matches!(&*entry.value.content, Content::Map(_) | Content::List(_)) {
            "keep one of them, and put what stands below both into it"
        } else {
            "keep one of them"
        };
        findings.push(
            Diagnostic::error(
                Code::DuplicateKey,
                entry.key_span,
                format!(
                    "the key {} stands twice in this mapping",
                    quoted(&entry.key)
                ),
            )
            .label("again here")
            .also(span.clone(), "first here")
            .help(help),
        );
    }
    kept
}

/// What a merge key brings in: the entries of one mapping or of a list of them.
fn sources(entry: &Entry, findings: &mut Findings) -> Vec<Entry> {
    let mut brought = Vec::new();
    let mut take = |node: &Node| match &*node.content {
        Content::Map(entries) => brought.extend(entries.iter().map(|entry| Entry {
            value: Node {
                // The alias is what led here, unless the value has one of its own.
                used_at: entry.value.used_at.clone().or(node.used_at.clone()),
                ..entry.value.clone()
            },
            ..entry.clone()
        })),
        Content::Broken => {}
        Content::Scalar(_) | Content::List(_) => findings.push(
            Diagnostic::error(
                Code::InvalidMerge,
                node.used_at.clone().unwrap_or_else(|| node.span.clone()),
                format!("`<<` merges mappings, found {}", node.kind()),
            )
            .help("write `<<: *name`, where `&name` is at a mapping"),
        ),
    };
    match &*entry.value.content {
        Content::List(items) => items.iter().for_each(take),
        _ => take(&entry.value),
    }
    brought
}
