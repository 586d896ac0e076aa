//! The text of a config, and its name for messages.

use std::ops::Range;
use std::path::Path;

use crate::diagnostic::{Code, Diagnostic};

/// A config file in memory.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SourceFile {
    /// The name for messages, such as `user_config.yml`.
    pub name: String,
    /// The whole text. Positions in diagnostics are byte offsets into it.
    pub text: String,
    /// Where each further file of the config begins in the text, and its name.
    further: Vec<(usize, String)>,
}

impl SourceFile {
    /// Larger files are refused. Even 100,000 entries of every kind need much less.
    pub const MAX_BYTES: usize = 16 * 1024 * 1024;

    /// Text that is known to be UTF-8.
    pub fn new(name: impl Into<String>, text: impl Into<String>) -> Self {
        Self {
            name: name.into(),
            text: text.into(),
            further: Vec::new(),
        }
    }

    /// Appends another file and returns where it begins in the text. The first one replaces the empty source.
    pub(super) fn append(&mut self, file: Self) -> usize {
        if self.name.is_empty() {
            *self = file;
            return 0;
        }
        // Separates the last line of one file from the first line of the next.
        self.text.push('\n');
        let start = self.text.len();
        self.text.push_str(&file.text);
        self.further.push((start, file.name));
        start
    }

    /// The names of the files and their ranges in the text.
    pub fn files(&self) -> impl Iterator<Item = (&str, Range<usize>)> {
        let starts = self.further.iter().map(|(start, _)| *start);
        let ends = starts
            .clone()
            .map(|start| start - 1)
            .chain([self.text.len()]);
        let names = self.further.iter().map(|(_, name)| name.as_str());
        std::iter::once(self.name.as_str())
            .chain(names)
            .zip(std::iter::once(0).chain(starts).zip(ends))
            .map(|(name, (start, end))| (name, start..end))
    }

    /// Whether a position is in a local file, which git ignores.
    pub(super) fn is_local(&self, offset: usize) -> bool {
        self.files()
            .any(|(name, place)| place.contains(&offset) && is_local(name))
    }

    /// Decodes the bytes of a file. A byte order mark, which some editors write, is removed.
    ///
    /// # Errors
    /// The file is not text. The source that is returned holds what could be decoded, for rendering the finding.
    pub fn decode(
        name: impl Into<String>,
        bytes: Vec<u8>,
    ) -> Result<Self, (Self, Box<Diagnostic>)> {
        let name = name.into();
        if let Some(problem) = too_large(bytes.len()) {
            return Err((Self::new(name, ""), Box::new(problem)));
        }
        if let Some(encoding) = utf16(&bytes) {
            let problem = Diagnostic::error(
                Code::NotUtf8,
                0..0,
                format!("the file is {encoding}, not UTF-8"),
            )
            .help("save the file as UTF-8 in your editor");
            return Err((Self::new(name, ""), Box::new(problem)));
        }
        match String::from_utf8(bytes) {
            Ok(mut text) => {
                if text.starts_with('\u{feff}') {
                    text.drain(..'\u{feff}'.len_utf8());
                }
                Ok(Self::new(name, text))
            }
            Err(error) => {
                let valid = error.utf8_error().valid_up_to();
                let byte = error.as_bytes().get(valid).copied().unwrap_or_default();
                let text = String::from_utf8_lossy(error.as_bytes()).into_owned();
                let problem = Diagnostic::error(
                    Code::NotUtf8,
                    valid..valid + '\u{fffd}'.len_utf8(),
                    format!("byte {valid} of the file is 0x{byte:02x}, which is not UTF-8"),
                )
                .label("not UTF-8")
                .help("save the file as UTF-8 in your editor");
                Err((Self::new(name, text), Box::new(problem)))
            }
        }
    }
}

/// Whether a file name is that of a local config, which git ignores.
pub fn is_local(name: &str) -> bool {
    name.ends_with(".local.yml") || name.ends_with(".local.yaml")
}

/// A file's name for messages, in a form that a terminal or an editor can open.
pub fn name_of(path: &Path) -> String {
    path.strip_prefix(".")
        .unwrap_or(path)
        .to_string_lossy()
        .into_owned()
}

/// The finding for a file of that size, if it is too large.
pub(super) fn too_large(bytes: usize) -> Option<Diagnostic> {
    const MIB: usize = 1024 * 1024;
    (bytes > SourceFile::MAX_BYTES).then(|| {
        Diagnostic::error(
            Code::FileTooLarge,
            0..0,
            format!(
                "the file is larger than the {} MiB that a config may have",
                SourceFile::MAX_BYTES / MIB
            ),
        )
        .help("check that this is the config, and move data out of it")
    })
}

/// The name of the UTF-16 encoding, recognised by its byte order mark or by a zero byte in every other place.
pub(super) fn utf16(bytes: &[u8]) -> Option<&'static str> {
    match bytes {
        [0xff, 0xfe, ..] | [1..=0x7f, 0, 1..=0x7f, 0, ..] => Some("UTF-16 (little endian)"),
        [0xfe, 0xff, ..] | [0, 1..=0x7f, 0, 1..=0x7f, ..] => Some("UTF-16 (big endian)"),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(bytes: &[u8]) -> Diagnostic {
        *SourceFile::decode("f", bytes.to_vec()).unwrap_err().1
    }

    #[test]
    fn the_position_of_an_invalid_byte_is_reported() {
        let found = problem(b"a: b\nc: \xe4\n");
        assert_eq!(found.code, Code::NotUtf8);
        assert_eq!(found.start(), 8);
        assert!(found.message.contains("0xe4"));
    }

    #[test]
    fn utf_16_is_recognised_with_and_without_its_mark() {
        assert!(problem(b"\xff\xfea\0").message.contains("UTF-16 (little"));
        assert!(problem(b"\xfe\xff\0a").message.contains("UTF-16 (big"));
        assert!(problem(b"a\0:\0 \0b\0").message.contains("UTF-16 (little"));
    }

    #[test]
    fn the_byte_order_mark_is_not_part_of_the_text() {
        let source = SourceFile::decode("f", b"\xef\xbb\xbfa: b".to_vec()).unwrap();
        assert_eq!(source.text, "a: b");
    }

    #[test]
    fn a_huge_file_is_refused() {
        let huge = vec![b' '; SourceFile::MAX_BYTES + 1];
        assert_eq!(problem(&huge).code, Code::FileTooLarge);
    }
}
