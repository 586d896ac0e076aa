//! Converts byte offsets to lines and columns.

use std::ops::Range;

use crate::config::SourceFile;

/// A position as editors count it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Position {
    /// From 1.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// The distance in bytes between positions whose column is stored.
const BLOCK: usize = 1024;

/// The start of each line, and the number of characters before each block. With these, a lookup costs the same on
/// long lines and in long files.
#[derive(Debug)]
pub struct LineIndex<'t> {
    text: &'t str,
    starts: Vec<usize>,
    characters: Vec<usize>,
    /// The files that the text consists of: the first line of each, counted from 0, and its name.
    files: Vec<(usize, &'t str)>,
}

impl<'t> LineIndex<'t> {
    /// Indexes a source. `text` is its text with secrets covered.
    pub fn of(source: &'t SourceFile, text: &'t str) -> Self {
        let mut index = Self::new(text);
        let files = source.files();
        index.files = files
            .map(|(name, place)| (index.line_at(place.start), name))
            .collect();
        index
    }

    /// Indexes a text.
    pub fn new(text: &'t str) -> Self {
        let mut starts = vec![0];
        starts.extend(text.match_indices('\n').map(|(at, _)| at + 1));
        let mut counted = 0;
        let characters = text.as_bytes().chunks(BLOCK).map(|block| {
            let before = counted;
            counted += characters(block);
            before
        });
        let mut characters: Vec<usize> = characters.collect();
        characters.push(counted);
        Self {
            text,
            starts,
            characters,
            files: vec![(0, "")],
        }
    }

    /// The indexed text.
    pub fn text(&self) -> &'t str {
        self.text
    }

    /// The position of a byte offset. An offset past the end gives the end.
    pub fn position(&self, offset: usize) -> Position {
        let offset = self.text.floor_char_boundary(offset);
        let line = self.line_at(offset);
        Position {
            line: line - self.file_of(line).0 + 1,
            column: self.characters_before(offset) - self.characters_before(self.starts[line]) + 1,
        }
    }

    /// The name of the file that holds a byte offset.
    pub fn file(&self, offset: usize) -> &'t str {
        self.file_of(self.line_at(offset)).1
    }

    fn file_of(&self, line: usize) -> (usize, &'t str) {
        let after = self.files.partition_point(|(start, _)| *start <= line);
        self.files[after.saturating_sub(1)]
    }

    /// The line that holds a byte offset, including its line feed.
    pub fn line_range(&self, offset: usize) -> Range<usize> {
        let line = self.line_at(offset);
        let end = self.starts.get(line + 1).copied();
        self.starts[line]..end.unwrap_or(self.text.len())
    }

    /// The number of that line, from 0.
    fn line_at(&self, offset: usize) -> usize {
        self.starts.partition_point(|start| *start <= offset) - 1
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let rest = &self.text.as_bytes()[block * BLOCK..offset];
        self.characters[block] + characters(rest)
    }
}

/// How many characters begin in a piece of UTF-8.
fn characters(bytes: &[u8]) -> usize {
    bytes.iter().filter(|byte| **byte & 0xc0 != 0x80).count()
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

        let long = "ü".repeat(3000);
        let text = format!("ä\n{long}\nx");
        let index = LineIndex::new(&text);
        for n in [0, 1, 511, 512, 1024, 2999, 3000] {
            let found = index.position(3 + 2 * n);
            assert_eq!((found.line, found.column), (2, n + 1));
        }
    }
}
