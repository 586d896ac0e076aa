//! Finds the user's scripts that cannot run because their lines end in CRLF.
//!
//! Only text is changed. An installer with an archive after its shell header, such as Miniconda's, may hold CR and
//! LF anywhere. It is recognised by a zero byte, which text never holds.

use std::ffi::OsStr;
use std::io::{self, Read};
use std::path::Path;

use rustix::fs::FileType;

use super::folder::{Folder, Found, Obstacle};

const FOLDER: &str = "installation";

/// No script that a person writes is this large.
const LARGEST: usize = 16 * 1024 * 1024;

/// All scripts below `installation/` with such lines: the path, the file, and the fixed text.
///
/// Links are not followed. A target inside the project is found by its own path; one outside is not pei's to
/// change.
pub(super) fn find(
    folder: &Folder,
    is_peis: impl Fn(&str) -> bool,
) -> Result<Vec<(String, Found, Vec<u8>)>, Obstacle> {
    let mut scripts = Vec::new();
    let mut folders = vec![FOLDER.to_owned()];
    while let Some(above) = folders.pop() {
        for (name, kind) in folder.list(&above)? {
            let path = format!("{above}/{name}");
            if kind == FileType::Directory {
                folders.push(path);
            } else if kind == FileType::RegularFile && is_script(&name) && !is_peis(&path) {
                let Some(found) = folder.look(&path)? else {
                    continue;
                };
                let read = found.open().and_then(with_lf);
                let text = read.map_err(|error| format!("cannot read `{path}`: {error}"))?;
                scripts.extend(text.map(|text| (path, found, text)));
            }
        }
    }
    Ok(scripts)
}

fn is_script(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    matches!(extension, Some("sh" | "bash"))
}

/// The text with LF line endings. `None` if it has no other endings, or is not text.
fn with_lf(mut file: impl Read) -> io::Result<Option<Vec<u8>>> {
    let mut bytes = Vec::new();
    let mut piece = [0; 16 * 1024];
    loop {
        let length = match file.read(&mut piece) {
            Ok(0) => break,
            Ok(length) => length,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        bytes.extend(&piece[..length]);
        // The archive after the header may have gigabytes.
        if piece[..length].contains(&0) || bytes.len() > LARGEST {
            return Ok(None);
        }
    }
    let plain = without_cr(&bytes);
    Ok((plain.len() < bytes.len()).then_some(plain))
}

/// The bytes without each CR before an LF.
pub(super) fn without_cr(bytes: &[u8]) -> Vec<u8> {
    let mut plain = Vec::with_capacity(bytes.len());
    for (at, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(at + 1) != Some(&b'\n') {
            plain.push(*byte);
        }
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_script_with_an_archive_is_not_text() {
        let case = |bytes: &[u8], expected: Option<&[u8]>| {
            assert_eq!(with_lf(bytes).unwrap().as_deref(), expected, "{bytes:?}");
        };
        case(b"", None);
        case(b"a\nb\n", None);
        case(b"a\r\nb\r\n", Some(b"a\nb\n"));
        case(b"a\rb\n", None);
        case(b"a\nexit\n\x1f\x8b\x08\x00\r\n", None);
        case(b"a\r\nexit\r\n\x00", None);
    }

    #[test]
    fn a_line_ending_across_two_reads_is_found() {
        let mut bytes = vec![b'x'; 16 * 1024 - 1];
        bytes.extend(b"\r\n");
        assert!(with_lf(bytes.as_slice()).unwrap().is_some());
    }
}
