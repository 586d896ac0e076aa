//! Collects findings, up to a limit.

use super::{Code, Diagnostic, Hidden, Severity};

/// Nobody reads more of one severity, and a large file full of mistakes must not fill the memory.
const MOST: usize = 10_000;

/// The findings so far.
#[derive(Debug, Default)]
pub struct Findings {
    found: Vec<Diagnostic>,
    errors: usize,
    warnings: usize,
}

impl Findings {
    /// Adds a finding. Errors and warnings are counted separately, so that many warnings cannot push out an error.
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

    /// Removes the user's text from findings whose place may hold a secret.
    #[must_use]
    pub(crate) fn covered(self, hidden: &Hidden) -> Self {
        let found = self.found.into_iter();
        let found = found.map(|found| found.covered(hidden)).collect();
        Self { found, ..self }
    }

    /// Whether one of them is such a finding.
    pub fn any(&self, is_such: impl Fn(&Diagnostic) -> bool) -> bool {
        self.found.iter().any(is_such)
    }

    /// Whether there are no findings.
    pub fn is_empty(&self) -> bool {
        self.found.is_empty()
    }

    /// The findings, in the order in which they were added.
    pub fn into_vec(self) -> Vec<Diagnostic> {
        self.found
    }
}
