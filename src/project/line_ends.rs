//! Scripts of the user's that cannot run because their lines end in CRLF.
//!
//! Only text is touched: an installer that carries its archive behind a shell
//! header (Miniconda's is one) may hold CR and LF anywhere, and is told by the
//! zero byte that text never has.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::root::Obstacle;

const FOLDER: &str = "installation";

/// A script with CRLF line ends.
#[derive(Debug)]
pub(super) struct Script {
    /// Relative to the project.
    pub(super) path: String,
    pub(super) place: PathBuf,
    pub(super) mode: u32,
}

/// All of them below `installation/`, in the order of their paths.
///
/// Links are not followed: what they lead to is found by itself, or is none of pei's business.
pub(super) fn find(folder: &Path, is_peis: impl Fn(&str) -> bool) -> Result<Vec<Script>, Obstacle> {
    let mut scripts = Vec::new();
    let mut folders = vec![FOLDER.to_owned()];
    while let Some(relative) = folders.pop() {
        let entries = match fs::read_dir(folder.join(&relative)) {
            Ok(entries) => entries,
            Err(error) if error.kind() == ErrorKind::NotFound => continue,
            Err(error) => return Err(format!("cannot read the folder `{relative}`: {error}")),
        };
        for entry in entries {
            let entry =
                entry.map_err(|error| format!("cannot read the folder `{relative}`: {error}"))?;
            let Ok(kind) = entry.file_type() else {
                continue;
            };
            // A name that is no text cannot stand in a config.
            let Ok(name) = entry.file_name().into_string() else {
                continue;
            };
            let path = format!("{relative}/{name}");
            if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && is_script(&name) && !is_peis(&path) {
                scripts.extend(look(path, entry.path())?);
            }
        }
    }
    scripts.sort_by(|one, other| one.path.cmp(&other.path));
    Ok(scripts)
}

fn is_script(name: &str) -> bool {
    let extension = Path::new(name).extension().and_then(OsStr::to_str);
    matches!(extension, Some("sh" | "bash"))
}

fn look(path: String, place: PathBuf) -> Result<Option<Script>, Obstacle> {
    let found = File::open(&place).and_then(|file| {
        let mode = file.metadata()?.permissions().mode() & 0o7777;
        Ok((mode, is_text_with_crlf(file)?))
    });
    match found {
        Ok((mode, true)) => Ok(Some(Script { path, place, mode })),
        Ok((_, false)) => Ok(None),
        Err(error) => Err(format!("cannot read `{path}`: {error}")),
    }
}

/// Reads in pieces, for such a file may be larger than memory should be.
fn is_text_with_crlf(mut file: impl Read) -> std::io::Result<bool> {
    let mut piece = [0; 16 * 1024];
    let mut found = false;
    let mut last = 0;
    loop {
        let length = match file.read(&mut piece) {
            Ok(0) => return Ok(found),
            Ok(length) => length,
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            Err(error) => return Err(error),
        };
        for byte in &piece[..length] {
            match byte {
                0 => return Ok(false),
                b'\n' if last == b'\r' => found = true,
                _ => {}
            }
            last = *byte;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_told_from_a_script_that_carries_an_archive() {
        let case = |bytes: &[u8], expected| {
            assert_eq!(is_text_with_crlf(bytes).unwrap(), expected, "{bytes:?}");
        };
        case(b"", false);
        case(b"a\nb\n", false);
        case(b"a\r\nb\r\n", true);
        case(b"a\rb\n", false);
        case(b"a\nexit\n\x1f\x8b\x08\x00\r\n", false);
        case(b"a\r\nexit\r\n\x00", false);
    }

    #[test]
    fn a_line_end_between_two_pieces_is_seen() {
        let mut bytes = vec![b'x'; 16 * 1024 - 1];
        bytes.extend(b"\r\n");
        assert!(is_text_with_crlf(bytes.as_slice()).unwrap());
    }
}
