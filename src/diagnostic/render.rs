//! Findings as text for people, in the style of rustc.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{Group, Level, Renderer};

use super::position::LineIndex;
use super::redact::redact;
use super::snippet::pieces;
use super::{Diagnostic, Severity, count, sort};
use crate::config::SourceFile;

/// All findings in the file's order, each with its lines of the file, and a count at the end.
///
/// Without findings the text is empty. If `colour` is set, the text has ANSI colours; without them it reads the
/// same.
pub fn render(diagnostics: &[Diagnostic], source: &SourceFile, colour: bool) -> String {
    if diagnostics.is_empty() {
        return String::new();
    }
    let renderer = if colour {
        Renderer::styled()
    } else {
        Renderer::plain()
    };
    let renderer = renderer.decor_style(DecorStyle::Ascii);
    let shown = redact(source);
    let index = LineIndex::of(source, &shown);
    let mut sorted = diagnostics.to_vec();
    sort(&mut sorted);

    let mut text = String::new();
    for diagnostic in &sorted {
        text.push_str(&renderer.render(&[group(diagnostic, &index)]));
        text.push_str("\n\n");
    }
    text.push_str(&summary(diagnostics));
    text.push('\n');
    text
}

/// `2 errors, 1 warning`.
pub fn summary(diagnostics: &[Diagnostic]) -> String {
    let errors = diagnostics
        .iter()
        .filter(|diagnostic| diagnostic.severity == Severity::Error)
        .count();
    let warnings = diagnostics.len() - errors;
    match (errors, warnings) {
        (errors, 0) => count(errors, "error"),
        (0, warnings) => count(warnings, "warning"),
        _ => format!("{}, {}", count(errors, "error"), count(warnings, "warning")),
    }
}

/// One finding with its labels, notes and help.
fn group<'d>(diagnostic: &'d Diagnostic, index: &LineIndex<'d>) -> Group<'d> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    group = group.elements(pieces(&diagnostic.labels, index));
    if let Some(path) = &diagnostic.path {
        group = group.element(Level::NOTE.message(format!("at `{path}`")));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}
