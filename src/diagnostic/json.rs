//! Findings as one JSON document, for editors and scripts.

use serde_json::{Value, json};

use super::position::LineIndex;
use super::{Diagnostic, Label, Severity, sort};
use crate::config::SourceFile;

/// The version of the format. It is raised when a field changes its meaning or is removed, not when one is added.
const VERSION: u32 = 1;

/// All findings in the file's order, as a single line of JSON.
///
/// docs/findings-json.md documents the format, with an example and a schema.
pub fn to_json(diagnostics: &[Diagnostic], source: &SourceFile) -> String {
    let index = LineIndex::of(source, &source.text);
    let mut sorted = diagnostics.to_vec();
    sort(&mut sorted);
    let count = |severity| sorted.iter().filter(|one| one.severity == severity).count();
    let findings = sorted.iter().map(|found| finding(found, &index));
    json!({
        "version": VERSION,
        "errors": count(Severity::Error),
        "warnings": count(Severity::Warning),
        "diagnostics": findings.collect::<Value>(),
    })
    .to_string()
}

fn finding(found: &Diagnostic, index: &LineIndex<'_>) -> Value {
    let place = index.position(found.start());
    let file = index.file(found.start());
    json!({
        "code": found.code.name(),
        "severity": found.severity.name(),
        "message": found.message,
        "file": file,
        "line": place.line,
        "column": place.column,
        "path": found.path,
        "labels": found.labels.iter().map(|label| mark(label, file, index)).collect::<Value>(),
        "help": found.help,
    })
}

/// A label's place. The file is named only if it differs from the finding's.
fn mark(label: &Label, of: &str, index: &LineIndex<'_>) -> Value {
    let start = index.position(label.span.start);
    let end = index.position(label.span.end);
    let mut mark = json!({
        "line": start.line,
        "column": start.column,
        "end_line": end.line,
        "end_column": end.column,
        "text": label.text,
        "primary": label.primary,
    });
    let file = index.file(label.span.start);
    if file != of {
        mark["file"] = file.into();
    }
    mark
}
