//! The name of a new project and its ssh port, chosen so that projects on one machine do not clash.

use std::collections::HashSet;
use std::fs;
use std::path::{Path, PathBuf};

use sha2::{Digest as _, Sha256};

use crate::config::Lookup;
use crate::diagnostic::quoted;
use crate::failure::Failure;
use crate::model::NameForm;

/// Longer directory names are cut, because host names and volume names contain the project's name.
const LONGEST: usize = 40;

/// The name that a project gets from its directory: the directory's name with illegal characters replaced, and four
/// characters that depend on the full path and the user.
pub(super) fn name_of(folder: &Path) -> String {
    let folder = real(folder);
    let own = folder
        .file_name()
        .unwrap_or_default()
        .to_string_lossy()
        .to_lowercase();
    let words = own
        .split(|c: char| !c.is_ascii_alphanumeric())
        .filter(|word| !word.is_empty());
    let mut name = words.collect::<Vec<_>>().join("-");
    name.truncate(LONGEST);
    if name.is_empty() {
        name.push_str("project");
    }
    let mut sum = Sha256::new();
    sum.update(rustix::process::getuid().as_raw().to_be_bytes());
    sum.update(folder.as_os_str().as_encoded_bytes());
    name.push('-');
    let letters = b"abcdefghijklmnopqrstuvwxyz234567";
    name.extend(
        sum.finalize()[..4]
            .iter()
            .map(|byte| char::from(letters[usize::from(byte % 32)])),
    );
    name
}

/// The project's name in Compose: from the variable, or else from the config, or else from the directory.
pub(super) fn name_for_compose(
    named: Option<&str>,
    folder: &Path,
    lookup: &dyn Lookup,
) -> Option<String> {
    let variable = lookup.variable("COMPOSE_PROJECT_NAME");
    let variable = variable.and_then(|name| name.into_string().ok());
    let variable = variable.filter(|name| !name.is_empty());
    let own = || {
        let name = real(folder).file_name()?.to_string_lossy().to_lowercase();
        let is_legal = |c: &char| c.is_ascii_alphanumeric() || "-_".contains(*c);
        let name: String = name.chars().filter(is_legal).collect();
        Some(name.trim_start_matches(['-', '_']).to_owned())
    };
    let name = variable.or_else(|| named.map(str::to_owned)).or_else(own);
    name.filter(|name| NameForm::PROJECT.fits(name))
}

/// The directory's path with links resolved as far as it exists.
fn real(folder: &Path) -> PathBuf {
    let folder = std::path::absolute(folder).unwrap_or_else(|_| folder.to_owned());
    let mut rest = Vec::new();
    for parent in folder.ancestors() {
        if let Ok(real) = fs::canonicalize(parent) {
            return rest.iter().rev().fold(real, |path, name| path.join(name));
        }
        rest.extend(parent.file_name());
    }
    folder
}

/// Checks a name that the user chose.
pub(super) fn require_legal(name: &str) -> Result<(), Failure> {
    // In an image name, words are separated by one `-` or `_`, by `__`, or by several `-`.
    let is_repository = !name.contains("_-") && !name.contains("-_") && !name.contains("___");
    let ends_well = !name.ends_with(['-', '_']);
    if NameForm::PROJECT.fits(name) && is_repository && ends_well {
        return Ok(());
    }
    Err(Failure::usage(format!(
        "{} cannot be the name of a project and its images",
        quoted(name)
    ))
    .help("use `a`–`z`, `0`–`9`, `-` and `_`, with a letter or a digit at both ends"))
}

/// The first port from `first` upward on which no program listens. If the system does not tell, `first`.
pub(super) fn free_port(first: u16) -> u16 {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"];
    let texts = tables.map(|path| fs::read_to_string(path).unwrap_or_default());
    let taken: HashSet<u16> = texts
        .iter()
        .flat_map(|text| text.lines())
        .filter_map(listener)
        .collect();
    (first..=u16::MAX)
        .find(|port| !taken.contains(port))
        .unwrap_or(first)
}

/// The port of a line of `/proc/net/tcp`, `0: ADDRESS:PORT PEER STATE …`, if its state is listening.
fn listener(line: &str) -> Option<u16> {
    const LISTENS: &str = "0A";
    let mut words = line.split_whitespace().skip(1);
    let (own, _, state) = (words.next()?, words.next()?, words.next()?);
    let (_, port) = own.rsplit_once(':')?;
    (state == LISTENS)
        .then(|| u16::from_str_radix(port, 16).ok())
        .flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_project_gets_its_directorys_name_and_four_characters() {
        let folder = tempfile::tempdir().unwrap();
        let name = |path: &str| name_of(&folder.path().join(path));
        let plain = name("build");
        assert!(
            plain.starts_with("build-") && plain.len() == "build-".len() + 4,
            "{plain}"
        );
        assert_eq!(name("./build"), plain);
        assert_ne!(name("other/build"), plain);
        assert!(
            name("My  Project_2.0é!").starts_with("my-project-2-0-"),
            "{}",
            name("My  Project_2.0é!")
        );
        assert!(name("日本").starts_with("project-"));
        for path in ["build", "__x__", "9", &"long".repeat(50)] {
            require_legal(&name(path)).unwrap();
        }
    }

    #[test]
    fn a_name_fits_compose_and_images() {
        for name in ["a", "a-b_c", "9x", "a--b", "a__b"] {
            assert!(require_legal(name).is_ok(), "{name}");
        }
        for name in [
            "", "-a", "a-", "_a", "A", "a b", "a.b", "a_-b", "a___b", "é",
        ] {
            assert!(require_legal(name).is_err(), "{name}");
        }
    }

    #[test]
    fn listeners_are_recognised_by_their_state() {
        let line = |state: &str| {
            format!("   0: 0100007F:08AE 00000000:0000 {state} 00000000:00000000 00:00000000")
        };
        assert_eq!(listener(&line("0A")), Some(2222));
        assert_eq!(listener(&line("01")), None);
        assert_eq!(listener("  sl  local_address rem_address   st"), None);
    }
}
