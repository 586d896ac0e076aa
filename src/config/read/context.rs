//! What every reader needs: the outside, and somewhere to put what it finds.

use std::cell::OnceCell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::Place;
use crate::config::yaml::{Content, Entry, Node};
use crate::config::{Lookup, SourceFile};
use crate::diagnostic::{Code, Diagnostic, Findings, Hidden};

/// The section whose readers repeat nothing that may be a secret.
const SSH: &str = "stage_1.ssh";

/// The problem has been told; nothing is to be added.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Reported;

/// The reading of one file.
pub(crate) struct Context<'s> {
    source: &'s SourceFile,
    lookup: &'s dyn Lookup,
    findings: Findings,
    /// Paths of keys that were written with a slip, which is one finding and not two.
    misspelt: HashSet<String>,
    /// What is not shown of the file, once something is found in it.
    hidden: OnceCell<Hidden>,
    /// Where a higher layer removed a key.
    removed: HashMap<String, Range<usize>>,
    /// Values of `.env`, which no message shows, with their names.
    of_env_file: HashMap<String, String>,
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
            of_env_file: HashMap::new(),
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

    /// Below `ssh` the readers know what they may repeat. What spilled out of it by a slip looks like a part of
    /// another section.
    pub(crate) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        let path = diagnostic.path.as_deref().unwrap_or_default();
        let is_ssh = path.starts_with(SSH);
        self.findings.push(if is_ssh {
            diagnostic
        } else {
            diagnostic.covered(self.hidden())
        });
        Reported
    }

    /// A file of blanks and comments; one that is not YAML has been reported already.
    pub(crate) fn report_empty(&mut self) {
        if self.findings.is_empty() {
            self.report(crate::config::empty());
        }
    }

    /// Whether a part of a place is not shown.
    pub(crate) fn hides(&self, span: &Range<usize>) -> bool {
        self.hidden().touches(span)
    }

    fn hidden(&self) -> &Hidden {
        self.hidden.get_or_init(|| Hidden::of_source(self.source))
    }

    /// A key of this section is there under another name, which has been reported.
    pub(crate) fn misspelt(&mut self, at: &Place<'_>, key: &str) {
        self.misspelt.insert(format!("{at}.{key}"));
    }

    /// A required key is not there.
    pub(crate) fn missing(&mut self, at: &Place<'_>, key: &str, help: &str) -> Reported {
        if self.misspelt.contains(&format!("{at}.{key}")) {
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

    /// A value of another kind than the key takes.
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

    /// Whether a place is in a file of one person's own, which git ignores.
    pub(crate) fn is_local(&self, offset: usize) -> bool {
        let mut files = self.source.files();
        files.any(|(name, place)| {
            place.contains(&offset)
                && (name.ends_with(".local.yml") || name.ends_with(".local.yaml"))
        })
    }

    /// The place of `part` in the text that the node was written as; all of the
    /// node where escapes or folding keep it from being found.
    pub(crate) fn within(&self, node: &Node, part: &str) -> Range<usize> {
        self.typed(node).find(part).map_or(node.span.clone(), |at| {
            let start = node.span.start + at;
            start..start + part.len()
        })
    }

    /// Whether a key is one to the person too: the rest of a password in braces has no colon.
    pub(crate) fn has_colon(&self, entry: &Entry) -> bool {
        let rest = self
            .source
            .text
            .get(entry.key_span.end..)
            .unwrap_or_default();
        rest.trim_start_matches(['"', '\'', ' ']).starts_with(':')
    }

    /// Whether an anchor stands between a key and its value.
    pub(crate) fn is_anchored(&self, entry: &Entry) -> bool {
        let between = entry.key_span.end..entry.value.span.start;
        let text = self.source.text.get(between).unwrap_or_default();
        text.contains('&')
    }

    /// Whether a text was cut off where ` #` begins a comment: `abc #def`.
    pub(crate) fn is_cut_off(&self, node: &Node) -> bool {
        let rest = self.source.text.get(node.span.end..).unwrap_or_default();
        let comment = rest.trim_start_matches(' ').strip_prefix('#');
        let goes_on = |rest: &str| rest.starts_with(|c: char| !c.is_whitespace() && c != '#');
        let plain = matches!(&*node.content, Content::Scalar(scalar) if scalar.plain);
        plain && comment.is_some_and(goes_on)
    }

    /// Where the end of a node's text begins, if it can be found in what was written.
    pub(crate) fn tail_start(&self, node: &Node, tail: &str) -> Option<usize> {
        let at = self.typed(node).rfind(tail)?;
        Some(node.span.start + at)
    }

    /// The node as written, quotes and escapes included.
    fn typed(&self, node: &Node) -> &'s str {
        let text = &self.source.text;
        text.get(node.span.clone()).unwrap_or_default()
    }

    /// Keeps values, given with their variables, out of all messages.
    pub(super) fn hide(&mut self, values: Vec<(String, String)>) {
        self.of_env_file.extend(values);
    }

    pub(crate) fn into_diagnostics(self) -> Vec<Diagnostic> {
        let mut found = self.findings.into_vec();
        if !self.of_env_file.is_empty() {
            for diagnostic in &mut found {
                hide(&mut diagnostic.message, &self.of_env_file);
                diagnostic
                    .labels
                    .iter_mut()
                    .for_each(|label| hide(&mut label.text, &self.of_env_file));
                diagnostic
                    .help
                    .iter_mut()
                    .for_each(|help| hide(help, &self.of_env_file));
            }
        }
        found
    }
}

/// Below this length a value is hidden only where it stands alone: it would be found in any text.
const SHORT: usize = 4;

/// Puts the names of variables in the place of their values.
fn hide(text: &mut String, values: &HashMap<String, String>) {
    for (name, value) in values {
        if value.len() >= SHORT && text.contains(value.as_str()) {
            *text = text.replace(value.as_str(), &format!("${{{name}}}"));
        } else if !value.is_empty() {
            *text = text.replace(&format!("`{value}`"), &format!("`${{{name}}}`"));
        }
    }
}
