//! The keys of one mapping: `<<` is resolved, and duplicates are reported.

use std::collections::{HashMap, HashSet};
use std::ops::Range;
use std::rc::Rc;

use super::node::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, Findings, quoted};

/// The entries of a mapping with `<<` resolved, each key once. The order is the file's, with merged entries in the
/// place of their `<<`. A mapping's own keys override merged ones, and of several merged mappings the first wins.
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

/// A quoted `'<<'` is an ordinary key. But two keys with the same text in one mapping are confusing, so they count
/// as duplicates.
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
            "keep one of them, and move the keys of both into it"
        } else {
            "keep one of them"
        };
        findings.push(
            Diagnostic::error(
                Code::DuplicateKey,
                entry.key_span,
                format!("the key {} is twice in this mapping", quoted(&entry.key)),
            )
            .label("again here")
            .also(span.clone(), "first here")
            .help(help),
        );
    }
    kept
}

/// The entries that a merge key adds: those of one mapping, or of a list of mappings.
fn sources(entry: &Entry, findings: &mut Findings) -> Vec<Entry> {
    let mut brought = Vec::new();
    let mut take = |node: &Node| match &*node.content {
        Content::Map(entries) => brought.extend(entries.iter().map(|entry| Entry {
            value: Node {
                // Point at the alias of the merge key, unless the value came by an alias of its own.
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
