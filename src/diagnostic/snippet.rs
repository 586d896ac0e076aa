//! The parts of the file that are printed with a finding.
//!
//! The renderer reads all text that it is given. So it gets only a few lines: with the whole file each time, a
//! hundred thousand findings would take quadratic time.

use std::ops::Range;

use annotate_snippets::{Annotation, AnnotationKind, Element, Origin, Snippet};

use super::Label;
use super::position::LineIndex;

/// Places farther apart than this, in bytes, are printed as two snippets. A longer line is cut.
const PIECE: usize = 8 * 1024;

/// How much of a cut line is shown around the place, in bytes.
const CONTEXT: usize = 200;

/// The snippets for the labels. The primary label's comes first.
pub(super) fn pieces<'d>(labels: &'d [Label], index: &LineIndex<'d>) -> Vec<Element<'d>> {
    let marks = labels.iter().map(|label| Mark {
        label,
        span: shown_span(index.text(), label),
    });
    let mut pieces: Vec<(Range<usize>, Vec<Mark<'d>>)> = Vec::new();
    for mark in marks {
        let lines = lines_around(&mark.span, index);
        let joined = |piece: &Range<usize>| lines.start.min(piece.start)..lines.end.max(piece.end);
        let file = index.file(mark.span.start);
        let fits =
            |piece: &Range<usize>| joined(piece).len() <= PIECE && index.file(piece.start) == file;
        match pieces.iter_mut().find(|(piece, _)| fits(piece)) {
            Some((piece, marks)) => {
                *piece = joined(piece);
                marks.push(mark);
            }
            None => pieces.push((lines, vec![mark])),
        }
    }
    pieces
        .into_iter()
        .flat_map(|(piece, marks)| piece_elements(&piece, &marks, index))
        .collect()
}

/// A label and the part of its span that is marked.
struct Mark<'d> {
    label: &'d Label,
    span: Range<usize>,
}

/// A span of several lines (a section, a folded text) is marked on its first line only.
fn shown_span(text: &str, label: &Label) -> Range<usize> {
    let start = text.floor_char_boundary(label.span.start);
    let end = text.floor_char_boundary(label.span.end).max(start);
    let length = text[start..end].find(['\r', '\n']);
    start..length.map_or(end, |length| start + length)
}

/// All lines that a span touches, in full.
fn lines_around(span: &Range<usize>, index: &LineIndex<'_>) -> Range<usize> {
    let start = index.line_range(span.start).start;
    let end = index.line_range(span.end).end;
    start..end.max(start)
}

fn piece_elements<'d>(
    piece: &Range<usize>,
    marks: &[Mark<'d>],
    index: &LineIndex<'d>,
) -> Vec<Element<'d>> {
    let text = index.text();
    let name = index.file(piece.start);
    let line = |offset| index.position(offset).line;
    if let [mark] = marks
        && piece.len() > PIECE
    {
        // The renderer would count columns from the cut, so the position is given explicitly.
        let place = index.position(mark.span.start);
        let origin = Origin::path(name)
            .line(place.line)
            .char_column(place.column);
        let start = mark.span.start.saturating_sub(CONTEXT).max(piece.start);
        let end = (mark.span.start + 2 * CONTEXT).min(piece.end);
        let cut = text.floor_char_boundary(start)..text.floor_char_boundary(end);
        let snippet = Snippet::source(&text[cut.clone()]).line_start(place.line);
        return vec![
            origin.into(),
            snippet.annotation(annotation(mark, &cut)).into(),
        ];
    }
    let snippet = Snippet::source(&text[piece.clone()])
        .line_start(line(piece.start))
        .path(name)
        .annotations(marks.iter().map(|mark| annotation(mark, piece)));
    vec![snippet.into()]
}

fn annotation<'d>(mark: &Mark<'d>, piece: &Range<usize>) -> Annotation<'d> {
    let kind = if mark.label.primary {
        AnnotationKind::Primary
    } else {
        AnnotationKind::Context
    };
    let end = mark.span.end.min(piece.end);
    let text = (!mark.label.text.is_empty()).then_some(mark.label.text.as_str());
    kind.span(mark.span.start - piece.start..end - piece.start)
        .label(text)
}
