//! What every reader needs: the outside, and somewhere to put what it finds.

use std::collections::HashSet;
use std::ops::Range;

use super::Place;
use crate::config::yaml::Node;
use crate::config::{Lookup, SourceFile};
use crate::diagnostic::{Code, Diagnostic, Findings};

/// The problem has been told; nothing is to be added.
#[derive(Debug, Clone, Copy)]
pub(in crate::config) struct Reported;

/// The reading of one file.
pub(in crate::config) struct Context<'s> {
    source: &'s SourceFile,
    lookup: &'s dyn Lookup,
    findings: Findings,
    /// Paths of keys that were written with a slip, which is one finding and not two.
    misspelt: HashSet<String>,
}

impl<'s> Context<'s> {
    pub(in crate::config) fn new(
        source: &'s SourceFile,
        lookup: &'s dyn Lookup,
        findings: Findings,
    ) -> Self {
        Self {
            source,
            lookup,
            findings,
            misspelt: HashSet::new(),
        }
    }

    pub(in crate::config) fn lookup(&self) -> &'s dyn Lookup {
        self.lookup
    }

    pub(in crate::config) fn report(&mut self, diagnostic: Diagnostic) -> Reported {
        self.findings.push(diagnostic);
        Reported
    }

    /// A file of blanks and comments; one that is not YAML has been reported already.
    pub(in crate::config) fn report_empty(&mut self) {
        if self.findings.is_empty() {
            self.report(
                Diagnostic::error(Code::EmptyFile, 0..0, "the config is empty")
                    .help("`pei create` writes a config to begin with"),
            );
        }
    }

    /// A key of this section is there under another name, which has been reported.
    pub(in crate::config) fn misspelt(&mut self, at: &Place<'_>, key: &str) {
        self.misspelt.insert(format!("{at}.{key}"));
    }

    /// A required key is not there.
    pub(in crate::config) fn missing(&mut self, at: &Place<'_>, key: &str, help: &str) -> Reported {
        if self.misspelt.contains(&format!("{at}.{key}")) {
            return Reported;
        }
        let message = format!("the required key `{key}` is missing");
        self.report(
            at.error(Code::MissingKey, at.name_span(), message)
                .label(format!("`{key}` belongs in here"))
                .help(help),
        )
    }

    /// A value of another kind than the key takes.
    pub(in crate::config) fn wrong_type(
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

    /// The place of `part` in the text that the node was written as; all of the
    /// node where escapes or folding keep it from being found.
    pub(in crate::config) fn within(&self, node: &Node, part: &str) -> Range<usize> {
        self.typed(node).find(part).map_or(node.span.clone(), |at| {
            let start = node.span.start + at;
            start..start + part.len()
        })
    }

    /// Where the end of a node's text begins, if it can be found in what was written.
    pub(in crate::config) fn tail_start(&self, node: &Node, tail: &str) -> Option<usize> {
        let at = self.typed(node).rfind(tail)?;
        Some(node.span.start + at)
    }

    /// The node as written, quotes and escapes included.
    fn typed(&self, node: &Node) -> &'s str {
        let text = &self.source.text;
        text.get(node.span.clone()).unwrap_or_default()
    }

    pub(in crate::config) fn into_diagnostics(self) -> Vec<Diagnostic> {
        self.findings.into_vec()
    }
}
