//! Findings as one JSON document, for editors and scripts.

use serde::Serialize;

use super::position::LineIndex;
use super::{Diagnostic, Severity, sort};
use crate::config::SourceFile;

/// The shape's version: it grows when a field changes its meaning or goes away,
/// not when one is added.
const VERSION: u32 = 1;

#[derive(Serialize)]
struct Document<'d> {
    version: u32,
    errors: usize,
    warnings: usize,
    diagnostics: Vec<Finding<'d>>,
}

#[derive(Serialize)]
struct Finding<'d> {
    code: &'static str,
    severity: &'static str,
    message: &'d str,
    file: &'d str,
    line: usize,
    column: usize,
    path: Option<&'d str>,
    labels: Vec<Mark<'d>>,
    help: Option<&'d str>,
}

#[derive(Serialize)]
struct Mark<'d> {
    line: usize,
    column: usize,
    end_line: usize,
    end_column: usize,
    text: &'d str,
    primary: bool,
}

/// All findings in the file's order, as a single line of JSON.
///
/// docs/findings-json.md documents the shape, with an example and a schema.
#[must_use]
pub fn to_json(diagnostics: &[Diagnostic], source: &SourceFile) -> String {
    let index = LineIndex::new(&source.text);
    let mut sorted = diagnostics.to_vec();
    sort(&mut sorted);
    let count = |severity| {
        let same = sorted.iter().filter(|one| one.severity == severity);
        same.count()
    };
    let document = Document {
        version: VERSION,
        errors: count(Severity::Error),
        warnings: count(Severity::Warning),
        diagnostics: sorted
            .iter()
            .map(|diagnostic| finding(diagnostic, source, &index))
            .collect(),
    };
    // Plain structs of text and numbers have no way to fail.
    serde_json::to_string(&document).unwrap_or_default()
}

fn finding<'d>(
    diagnostic: &'d Diagnostic,
    source: &'d SourceFile,
    index: &LineIndex<'_>,
) -> Finding<'d> {
    let place = index.position(diagnostic.start());
    Finding {
        code: diagnostic.code.name(),
        severity: diagnostic.severity.name(),
        message: &diagnostic.message,
        file: &source.name,
        line: place.line,
        column: place.column,
        path: diagnostic.path.as_deref(),
        labels: diagnostic
            .labels
            .iter()
            .map(|label| {
                let start = index.position(label.span.start);
                let end = index.position(label.span.end);
                Mark {
                    line: start.line,
                    column: start.column,
                    end_line: end.line,
                    end_column: end.column,
                    text: &label.text,
                    primary: label.primary,
                }
            })
            .collect(),
        help: diagnostic.help.as_deref(),
    }
}
