//! The ranges of a text that are covered.

use std::borrow::Cow;
use std::ops::Range;

use super::is_word;
use super::reading::{Reading, read};
use crate::config::SourceFile;

/// The ranges of a text that are covered.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Vec<Range<usize>>);

impl Hidden {
    /// The hidden ranges of all files of a source.
    pub(crate) fn of_source(source: &SourceFile) -> Self {
        let shifted = |(_, place): (_, Range<usize>)| {
            let Self(ranges) = Self::of(&source.text[place.clone()]);
            let shift =
                move |range: Range<usize>| range.start + place.start..range.end + place.start;
            ranges.into_iter().map(shift)
        };
        Self(source.files().flat_map(shifted).collect())
    }

    pub(crate) fn of(text: &str) -> Self {
        let (found, brought_by_alias) = read(text, Reading::Config);
        // An alias below `ssh` may refer to a secret elsewhere, where its key does not give it away. So everything
        // with an anchor is covered.
        if brought_by_alias {
            return read(text, Reading::Anchors).0;
        }
        found
    }

    /// The values in a file of shell variables.
    pub(super) fn of_shell_variables(text: &str) -> Self {
        let mut hidden = Self::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let name = line.find(|c| !is_word(c)).unwrap_or(0);
            let shown = if line[name..].starts_with('=') {
                name + 1
            } else if line.starts_with("# ") && (line[2..].contains(' ') || is_name(&line[2..])) {
                line.len()
            } else {
                0
            };
            hidden.hide(text, start + shown..start + line.len());
            start += line.len();
        }
        hidden
    }

    pub(super) fn cover(self, text: &str) -> Cow<'_, str> {
        let Self(ranges) = self;
        if ranges.is_empty() {
            return Cow::Borrowed(text);
        }
        let mut covered = String::with_capacity(text.len());
        let mut shown = 0;
        for range in ranges {
            covered.push_str(&text[shown..range.start]);
            covered.extend(std::iter::repeat_n('*', range.len()));
            shown = range.end;
        }
        covered.push_str(&text[shown..]);
        Cow::Owned(covered)
    }

    /// Whether any part of a range is covered.
    pub(crate) fn touches(&self, place: &Range<usize>) -> bool {
        let end = place.end.max(place.start + 1);
        let before_end = self.0.partition_point(|range| range.start < end);
        before_end > 0 && place.start < self.0[before_end - 1].end
    }

    /// Covers a part of a line without the spaces around it.
    pub(super) fn hide(&mut self, text: &str, part: Range<usize>) {
        let whole = &text[part.clone()];
        let start = part.start + whole.len() - whole.trim_start().len();
        let end = start + whole.trim().len();
        // Only braces and commas between two keys: nothing to cover.
        if !whole
            .chars()
            .all(|c| c.is_whitespace() || "{},".contains(c))
        {
            self.0.push(start..end);
        }
    }
}

/// Whether a text is only the name of a variable.
fn is_name(text: &str) -> bool {
    text.trim_end().chars().all(|c| is_word(c) || c == '.')
}
