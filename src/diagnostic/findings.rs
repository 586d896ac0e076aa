//! Collecting findings, but not without end.

use super::{Code, Diagnostic, Hidden, Severity};

/// More of one severity helps nobody, and a large file full of slips must not fill the memory.
const MOST: usize = 10_000;

/// What has been found so far: all of it, up to a number that no person reads.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Adds a finding. Errors and warnings are counted apart, so that no number of
    /// warnings can hide an error.
    pub fn push(&mut self, diagnostic: Diagnostic) {
        let (count, noun) = match diagnostic.severity {
            Severity::Error => (&mut self.errors, "errors"),
            Severity::Warning => (&mut self.warnings, "warnings"),
        };
        *count += 1;
        if *count <= MOST {
            self.found.push(diagnostic);
        } else if *count == MOST + 1 {
            let message = format!("more than {MOST} {noun}: the others are not listed");
            self.found.push(
                Diagnostic::warning(Code::TooManyFindings, diagnostic.span(), message)
                    .label("the first one that is not listed")
                    .help("fix the listed ones and run pei again"),
            );
        }
    }

    /// Takes the user's text out of those that are in a part of the file which is not shown.
    #[must_use]
    pub(crate) fn covered(self, hidden: &Hidden) -> Self {
        let found = self.found.into_iter();
        let found = found.map(|found| found.covered(hidden)).collect();
        Self { found, ..self }
    }

    /// True as long as nothing was found.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings as they were found.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
}
