//! What every reader needs: access to the outside, and a collection of findings.

use std::cell::OnceCell;
use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Range;

use super::{Field, Place};
use crate::config::yaml::{Content, Entry, Node};
use crate::config::{Lookup, SourceFile};
use crate::diagnostic::{Code, Diagnostic, Findings, Hidden, escaped, quoted, without_quoted};
use crate::model::ComposeText;

/// Readers of these sections never repeat what may be a secret.
const SSH: &str = "stage_1.ssh";
const ENVIRONMENT: &str = ".environment";

/// A problem has been reported. Nothing needs to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported;

/// A text whose variables were replaced.
struct Replaced {
    end: usize,
    typed: String,
    text: String,
    values: Vec<String>,
}

/// The state of reading one config.
pub(crate) struct Context<'s> {
    source: &'s SourceFile,
    lookup: &'s dyn Lookup,
    findings: Findings,
    /// Paths of keys that are present but misspelt. They are not reported as missing as well.
    misspelt: HashSet<String>,
    /// The secrets of the file, located when the first finding needs them.
    hidden: OnceCell<Hidden>,
    /// Where a higher layer removed a key.
    removed: HashMap<String, Range<usize>>,
    /// Variables and their values. No message shows a value.
    values: HashMap<String, String>,
    /// The texts in which variables were replaced, by their start.
    replaced: BTreeMap<usize, Replaced>,
}

impl<'s> Context<'s> {
    pub(crate) fn new(source: &'s SourceFile, lookup: &'s dyn Lookup, findings: Findings) -> Self {
        let hidden = OnceCell::new();
        let findings = if findings.is_empty() {
            findings
        } else {
            findings.covered(hidden.get_or_init(|| Hidden::of_source(source)))
        };
        Self {
            source,
            lookup,
            findings,
            misspelt: HashSet::new(),
            hidden,
            removed: HashMap::new(),
            values: HashMap::new(),
            replaced: BTreeMap::new(),
        }
    }

    pub(crate) fn with_removed(mut self, removed: HashMap<String, Range<usize>>) -> Self {
        self.removed = removed;
        self
    }

    /// Where a higher layer removed a key of this section.
    pub(crate) fn removed(&self, at: &Place<'_>, key: &str) -> Option<Range<usize>> {
        let path = format!("{at}.{key}");
        self.removed.get(path.trim_start_matches('.')).cloned()
    }

    pub(crate) fn lookup(&self) -> &'s dyn Lookup {
        self.lookup
    }

    /// Adds a finding. In `ssh` and `environment` the readers know what they may quote. Elsewhere secrets are
    /// covered: after a typo, a part of `ssh` may look like another section.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        let path = diagnostic.path.as_deref().unwrap_or_default();
        let knows = path.starts_with(SSH) || path.contains(ENVIRONMENT);
        self.findings.push(if knows {
            diagnostic
        } else {
            diagnostic.covered(self.hidden())
        });
        Reported
    }

    /// Whether such a finding has been reported.
    pub(crate) fn has_found(&self, is_such: impl Fn(&Diagnostic) -> bool) -> bool {
        self.findings.any(is_such)
    }

    /// Reports a file that holds only whitespace and comments. One that is not YAML has been reported already.
    pub(crate) fn report_empty(&mut self) {
        if self.findings.is_empty() {
            self.report(crate::config::empty());
        }
    }

    /// Whether a part of a range may be a secret.
    pub(crate) fn hides(&self, span: &Range<usize>) -> bool {
        self.hidden().touches(span)
    }

    fn hidden(&self) -> &Hidden {
        self.hidden.get_or_init(|| Hidden::of_source(self.source))
    }

    /// Records that a key is present under a wrong name, which has been reported.
    pub(crate) fn misspelt(&mut self, at: &Place<'_>, key: &str) {
        self.misspelt.insert(format!("{at}.{key}"));
    }

    pub(crate) fn is_misspelt(&self, at: &Place<'_>, key: &str) -> bool {
        self.misspelt.contains(&format!("{at}.{key}"))
    }

    /// Reports a required key that is missing.
    pub(crate) fn missing(&mut self, at: &Place<'_>, key: &str, help: &str) -> Reported {
        if self.is_misspelt(at, key) {
            return Reported;
        }
        let message = format!("the required key `{key}` is missing");
        if let Some(removed) = self.removed(at, key) {
            let found = at.error(Code::MissingKey, removed, message);
            return self.report(found.label("removed here").help(help));
        }
        self.report(
            at.error(Code::MissingKey, at.name_span(), message)
                .label(format!("`{key}` belongs in here"))
                .help(help),
        )
    }

    /// Reports a value of the wrong type.
    pub(crate) fn wrong_type(
        &mut self,
        at: &Place<'_>,
        node: &Node,
        expected: &str,
        help: Option<&str>,
    ) -> Reported {
        let message = format!("expected {expected}, found {}", node.kind());
        let mut diagnostic = at.error(Code::WrongType, node.span.clone(), message);
        diagnostic.help = help.map(Into::into);
        self.report(diagnostic)
    }

    /// Whether a position is in a local file, which git ignores.
    pub(crate) fn is_local(&self, offset: usize) -> bool {
        self.source.is_local(offset)
    }

    /// The range of `part` in the text as typed. If escapes or folding make it impossible to find, the range of the
    /// whole node.
    pub(crate) fn within(&self, node: &Node, part: &str) -> Range<usize> {
        self.typed(node).find(part).map_or(node.span.clone(), |at| {
            let start = node.span.start + at;
            start..start + part.len()
        })
    }

    /// Whether a colon follows the key. It does not if the key is the rest of a password in braces.
    pub(crate) fn has_colon(&self, entry: &Entry) -> bool {
        let rest = self
            .source
            .text
            .get(entry.key_span.end..)
            .unwrap_or_default();
        rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
    }

    /// Whether there is an anchor between a key and its value.
    pub(crate) fn is_anchored(&self, key: &Range<usize>, value: &Node) -> bool {
        let between = key.end..value.span.start;
        let text = self.source.text.get(between).unwrap_or_default();
        text.contains('&')
    }

    /// Whether there is an anchor before a value that no alias uses. It is then a part of the value: `password:
    /// &abc def`.
    pub(crate) fn has_unused_anchor(&self, field: &Field<'_>) -> bool {
        let text = &self.source.text;
        let between = field.key_span.end..field.node.span.start;
        let between = text.get(between).unwrap_or_default();
        let anchor = between
            .split_once('&')
            .map(|(_, rest)| rest.split_whitespace());
        let name = anchor.and_then(|mut words| words.next());
        field.node.used_at.is_none() && name.is_some_and(|name| !text.contains(&format!("*{name}")))
    }

    /// Whether a value begins with a brace.
    pub(super) fn is_braced(&self, node: &Node) -> bool {
        self.typed(node).starts_with('{')
    }

    /// Whether a comment may be a part of the value by mistake: `abc #def`.
    pub(crate) fn is_cut_off(&self, node: &Node) -> bool {
        let rest = self.source.text.get(node.span.end..).unwrap_or_default();
        let comment = rest.trim_start_matches(' ').strip_prefix('#');
        let goes_on = |rest: &str| rest.starts_with(|c: char| !c.is_whitespace() && c != '#');
        let plain = matches!(&*node.content, Content::Scalar(scalar) if scalar.plain);
        plain && comment.is_some_and(goes_on)
    }

    /// Where the end of a node's text begins, if it is found in the text as typed.
    pub(crate) fn tail_start(&self, node: &Node, tail: &str) -> Option<usize> {
        let at = self.typed(node).rfind(tail)?;
        Some(node.span.start + at)
    }

    /// The node as typed, including quotes and escapes.
    fn typed(&self, node: &Node) -> &'s str {
        let text = &self.source.text;
        text.get(node.span.clone()).unwrap_or_default()
    }

    /// Whether this text has been read before. Some are read twice.
    pub(super) fn was_replaced(&self, node: &Node) -> bool {
        self.replaced.contains_key(&node.span.start)
    }

    /// Records the values of variables in a text. No message shows them, and messages about this text quote it as
    /// typed.
    pub(super) fn replaced(
        &mut self,
        node: &Node,
        typed: &str,
        text: &ComposeText,
        values: Vec<(String, String)>,
    ) {
        if values.is_empty() {
            return;
        }
        let replaced = Replaced {
            end: node.span.end,
            typed: typed.to_owned(),
            text: text.for_reading(),
            values: values.iter().map(|(_, value)| escaped(value)).collect(),
        };
        self.replaced.insert(node.span.start, replaced);
        let values = values.into_iter();
        self.values
            .extend(values.map(|(name, value)| (name, escaped(&value))));
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.findings.into_vec();
        if self.values.is_empty() {
            return found;
        }
        for diagnostic in &mut found {
            let start = diagnostic.start();
            let before = self.replaced.range(..=start).next_back();
            let about = before.filter(|(_, replaced)| start < replaced.end);
            let labels = diagnostic.labels.iter_mut().map(|label| &mut label.text);
            let texts = labels.chain([&mut diagnostic.message]);
            for text in texts.chain(&mut diagnostic.help) {
                if let Some((_, replaced)) = about {
                    replaced.hide(text);
                }
                hide(text, &self.values);
            }
        }
        found
    }
}

/// A shorter value is only hidden if the message quotes exactly that value: as a part, it would be found in any
/// text.
const SHORT: usize = 4;

impl Replaced {
    /// Replaces quotes of the text by the text as typed.
    fn hide(&self, text: &mut String) {
        let typed = quoted(&self.typed);
        *text = text.replace(&quoted(&self.text), &typed);
        if self.values.iter().any(|value| value.contains('`')) {
            *text = without_quoted(text);
            return;
        }
        let parts = text.split('`').enumerate().map(|(place, part)| {
            if place % 2 == 1 && format!("`{part}`") != typed && self.shows(part) {
                typed.trim_matches('`')
            } else {
                part
            }
        });
        *text = parts.collect::<Vec<_>>().join("`");
    }

    /// Whether a quote holds a part of a value: messages quote parts too.
    fn shows(&self, part: &str) -> bool {
        let ends = part.char_indices().map(|(at, _)| at).skip(SHORT);
        let ends = ends.chain([part.len()]);
        let pieces = part.char_indices().zip(ends);
        let mut pieces = pieces.map(|((start, _), end)| &part[start..end]);
        pieces.any(|piece| {
            let is_whole = piece.chars().count() == SHORT;
            let contains = |value: &String| is_whole && value.contains(piece);
            self.values.iter().any(contains)
        }) || self.values.iter().any(|value| value == part)
    }
}

/// Replaces the values of variables by their names, in the quoted part of a message.
fn hide(text: &mut String, values: &HashMap<String, String>) {
    for (name, value) in values {
        let (Some(first), Some(last)) = (text.find('`'), text.rfind('`')) else {
            return;
        };
        let of_user = &text[first..=last];
        let shown = if value.len() >= SHORT {
            of_user.replace(value, &format!("${{{name}}}"))
        } else {
            of_user.replace(&format!("`{value}`"), &format!("`${{{name}}}`"))
        };
        text.replace_range(first..=last, &shown);
    }
}
