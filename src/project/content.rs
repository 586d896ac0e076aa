//! What is going to stand in a file.

use std::fs::File;
use std::io::{self, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};

use super::disk::Writable;

/// The bytes that a planned file gets.
#[derive(Debug, Clone)]
pub(super) enum Content<'t> {
    /// From the tree or made by this stage.
    Bytes(std::borrow::Cow<'t, [u8]>),
    /// Those of a file with LF line ends; read when they are written, for such a file may be large.
    WithLf(PathBuf),
}

impl Writable for Content<'_> {
    fn write_to(&self, file: &mut File) -> io::Result<()> {
        match self {
            Self::Bytes(bytes) => file.write_all(bytes),
            Self::WithLf(path) => {
                let mut file = BufWriter::new(file);
                for_each_byte_with_lf(path, |byte| file.write_all(&[byte]))?;
                file.flush()
            }
        }
    }
}

impl Content<'_> {
    /// All bytes in memory, for a diff.
    pub(super) fn read(&self) -> io::Result<std::borrow::Cow<'_, [u8]>> {
        match self {
            Self::Bytes(bytes) => Ok(bytes.as_ref().into()),
            Self::WithLf(path) => {
                let mut bytes = Vec::new();
                for_each_byte_with_lf(path, |byte| {
                    bytes.push(byte);
                    Ok(())
                })?;
                Ok(bytes.into())
            }
        }
    }
}

/// The file's bytes without each CR that stands before an LF.
fn for_each_byte_with_lf(
    path: &Path,
    mut take: impl FnMut(u8) -> io::Result<()>,
) -> io::Result<()> {
    let mut held_back = false;
    for byte in BufReader::new(File::open(path)?).bytes() {
        let byte = byte?;
        if held_back && byte != b'\n' {
            take(b'\r')?;
        }
        held_back = byte == b'\r';
        if !held_back {
            take(byte)?;
        }
    }
    if held_back {
        take(b'\r')?;
    }
    Ok(())
}
