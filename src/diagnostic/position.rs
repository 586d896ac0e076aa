//! From byte offsets to lines and columns.

/// A place as editors count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// Where the lines of a text begin, so that many lookups cost one pass.
#[derive(Debug)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
}

impl<'t> LineIndex<'t> {
    /// Reads the text once.
    #[must_use]
    pub fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        Self { text, starts }
    }

    /// The line, from 0, that holds the byte offset.
    #[must_use]
    pub fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    /// The place of a byte offset; one past the end is the end.
    #[must_use]
    pub fn position(&self, offset: usize) -> Position {
        let offset = floor_boundary(self.text, offset);
        let line = self.line_at(offset);
        Position {
            line: line + 1,
            column: self.text[self.starts[line]..offset].chars().count() + 1,
        }
    }

    /// The lines from `first` to `last`, from 0 and both included, and the offset where they begin.
    #[must_use]
    pub fn lines(&self, first: usize, last: usize) -> (&'t str, usize) {
        let start = self.starts[first];
        let end = self.starts.get(last + 1).copied();
        (&self.text[start..end.unwrap_or(self.text.len())], start)
    }
}

/// The nearest offset at or before `offset` where a character begins.
pub(super) fn floor_boundary(text: &str, offset: usize) -> usize {
    let mut offset = offset.min(text.len());
    while !text.is_char_boundary(offset) {
        offset -= 1;
    }
    offset
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn columns_count_characters_and_offsets_may_lie_outside() {
        let index = LineIndex::new("ä: b\n\nc");
        let place = |offset| {
            let position = index.position(offset);
            (position.line, position.column)
        };
        assert_eq!(place(0), (1, 1));
        assert_eq!(place(1), (1, 1));
        assert_eq!(place(4), (1, 4));
        assert_eq!(place(6), (2, 1));
        assert_eq!(place(7), (3, 1));
        assert_eq!(place(99), (3, 2));
    }
}
