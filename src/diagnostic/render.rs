//! Findings as text for people, in the look of rustc.

use annotate_snippets::renderer::DecorStyle;
use annotate_snippets::{AnnotationKind, Group, Level, Renderer, Snippet};

use super::position::{LineIndex, floor_boundary};
use super::redact::redact;
use super::{Diagnostic, Label, Severity, count, sort};
use crate::config::SourceFile;

/// Two places farther apart than this are shown as two pieces of the file: the
/// renderer reads every line between, and a file may hold many such pairs.
const ONE_PIECE_LINES: usize = 200;

/// All findings in the file's order, each with its lines of the file, and a count at the end.
///
/// No finding gives no text. Colours are ANSI sequences, written only where `colour` is true;
/// the text reads the same without them.
#[must_use]
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
    let index = LineIndex::new(&source.text);
    let mut sorted = diagnostics.to_vec();
    sort(&mut sorted);

    let mut text = String::new();
    for diagnostic in &sorted {
        text.push_str(&renderer.render(&[group(diagnostic, source, &index)]));
        text.push_str("\n\n");
    }
    text.push_str(&summary(diagnostics));
    text.push('\n');
    text
}

/// `2 errors, 1 warning`.
#[must_use]
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

/// One finding with everything that belongs to it.
fn group<'d>(
    diagnostic: &'d Diagnostic,
    source: &'d SourceFile,
    index: &LineIndex<'d>,
) -> Group<'d> {
    let level = match diagnostic.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
    };
    let title = level
        .primary_title(diagnostic.message.as_str())
        .id(diagnostic.code.name());
    let mut group = Group::with_title(title);
    for labels in pieces(&diagnostic.labels, index) {
        group = group.element(snippet(&labels, source, index));
    }
    if let Some(path) = &diagnostic.path {
        group = group.element(Level::NOTE.message(format!("at `{path}`")));
    }
    if let Some(help) = &diagnostic.help {
        group = group.element(Level::HELP.message(help.as_str()));
    }
    group
}

/// The labels that are near each other, together; the primary one's piece first.
fn pieces<'d>(labels: &'d [Label], index: &LineIndex<'_>) -> Vec<Vec<&'d Label>> {
    let line = |label: &Label| index.line_at(label.span.start);
    let near = |piece: &[&Label], label: &Label| {
        piece
            .iter()
            .all(|other| line(other).abs_diff(line(label)) <= ONE_PIECE_LINES)
    };
    let mut pieces: Vec<Vec<&Label>> = Vec::new();
    for label in labels {
        match pieces.iter_mut().find(|piece| near(piece, label)) {
            Some(piece) => piece.push(label),
            None => pieces.push(vec![label]),
        }
    }
    pieces
}

/// Only the lines that the labels are in are handed on, so that the cost does
/// not grow with the file.
fn snippet<'d>(
    labels: &[&'d Label],
    source: &'d SourceFile,
    index: &LineIndex<'d>,
) -> Snippet<'d, annotate_snippets::Annotation<'d>> {
    let text = &source.text;
    let spans: Vec<_> = labels.iter().map(|label| shown_span(text, label)).collect();
    let first = spans.iter().map(|span| index.line_at(span.start)).min();
    let last = spans.iter().map(|span| index.line_at(span.end)).max();
    let first = first.unwrap_or_default();
    let (lines, offset) = index.lines(first, last.unwrap_or(first));

    let mut snippet = Snippet::source(redact(lines))
        .line_start(first + 1)
        .path(source.name.as_str())
        .fold(true);
    for (label, span) in labels.iter().zip(spans) {
        let kind = if label.primary {
            AnnotationKind::Primary
        } else {
            AnnotationKind::Context
        };
        let annotation = kind.span(span.start - offset..span.end - offset);
        let shown = (!label.text.is_empty()).then_some(label.text.as_str());
        snippet = snippet.annotation(annotation.label(shown));
    }
    snippet
}

/// A label on several lines (a key block, a folded text) is shown at its first line only.
fn shown_span(text: &str, label: &Label) -> std::ops::Range<usize> {
    let start = floor_boundary(text, label.span.start);
    let end = floor_boundary(text, label.span.end).max(start);
    let line_end = text[start..].find(['\r', '\n']);
    start..line_end.map_or(end, |length| end.min(start + length))
}
