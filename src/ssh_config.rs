//! The entry for ssh, and the block in `~/.ssh/config` that holds it.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::ops::Range;
use std::path::PathBuf;

/// One `Host` section.
#[derive(Debug)]
pub struct Entry {
    /// The host name to type after `ssh`.
    pub name: String,
    /// The address of the host on which sshd's port is published.
    pub address: String,
    /// The published port.
    pub port: u16,
    /// The user who logs in.
    pub user: String,
    /// Private keys, by absolute paths.
    pub identity_files: Vec<String>,
    /// The file of the container's host keys, by its absolute path.
    pub known_hosts: Option<String>,
    /// The fingerprint of the host key, for people to compare.
    pub fingerprint: Option<String>,
}

impl Entry {
    /// The text that ssh reads. All paths must be [expressible](is_expressible).
    pub fn text(&self) -> String {
        let mut text = format!(
            "Host {}\n    HostName {}\n    Port {}\n    User {}\n",
            self.name, self.address, self.port, self.user
        );
        if self.is_here() {
            // A `Host *` of the person may name a proxy. This also turns off `ProxyJump`.
            text.push_str("    ProxyCommand none\n");
        }
        for file in &self.identity_files {
            // Writing to a string cannot fail.
            let _ = writeln!(text, "    IdentityFile {}", path(file));
        }
        if !self.identity_files.is_empty() {
            // sshd ends a login after six keys, and an agent may hold more.
            text.push_str("    IdentitiesOnly yes\n");
        }
        // The host key must not be looked up by the port: another container may have used it before.
        let _ = writeln!(text, "    HostKeyAlias {}", self.name);
        if let Some(file) = &self.known_hosts {
            let _ = writeln!(text, "    UserKnownHostsFile {}", path(file));
        }
        if let Some(fingerprint) = &self.fingerprint {
            let _ = writeln!(text, "    # host key: {fingerprint}");
        }
        text
    }

    fn is_here(&self) -> bool {
        let address = self.address.parse::<IpAddr>();
        address.is_ok_and(|address| address.is_loopback())
    }
}

/// Whether ssh's configuration can hold a path: before OpenSSH 8.7, these characters cannot be escaped.
pub fn is_expressible(path: &str) -> bool {
    !path.contains(['"', '\\']) && !path.contains("${") && !path.contains(char::is_control)
}

fn path(path: &str) -> String {
    format!("\"{}\"", path.replace('%', "%%"))
}

/// A block has a beginning but no end, or another beginning before its end.
#[derive(Debug, PartialEq, Eq)]
pub struct Unclosed;

/// Replaces the project's block in a configuration by this entry, or removes it.
///
/// A new block is put first, because ssh uses the first value that it reads. Its last line, `Match all`, makes the
/// following lines apply to all hosts, as at the beginning of a file.
///
/// # Errors
/// The end of the block is missing, so it is unknown which lines are the user's.
pub fn with_block(old: &[u8], name: &str, entry: Option<&str>) -> Result<Vec<u8>, Unclosed> {
    let (begin, end) = marks(name);
    let block = entry.map(|entry| {
        format!(
            "{begin}\n# Written by `pei ssh-config`, which replaces this block and removes it with --remove.\n\
             {entry}Match all\n{end}\n"
        )
    });
    let block = block.unwrap_or_default().into_bytes();
    let lines = lines(old);
    let place = block_of(&lines, name)?.unwrap_or(0..0);
    Ok([
        lines[..place.start].concat(),
        block,
        lines[place.end..].concat(),
    ]
    .concat())
}

/// The directory of the project that the block of this name is for, where the block tells.
///
/// # Errors
/// As of [`with_block`].
pub fn owner(text: &[u8], name: &str, known_hosts: &str) -> Result<Option<PathBuf>, Unclosed> {
    let lines = lines(text);
    let block = block_of(&lines, name)?.unwrap_or(0..0);
    let owner = lines[block].iter().find_map(|line| {
        let line = str::from_utf8(line).ok()?.trim();
        let file = line
            .strip_prefix("UserKnownHostsFile \"")?
            .strip_suffix('"')?;
        let file = file.replace("%%", "%");
        Some(PathBuf::from(file.strip_suffix(known_hosts)?))
    });
    Ok(owner)
}

/// The number of the line with a `Host` of exactly this name, where the configuration has no block of pei for it yet. Below
/// a block, such a line adds to the entry.
///
/// # Errors
/// As of [`with_block`].
pub fn other_entry(text: &[u8], name: &str) -> Result<Option<usize>, Unclosed> {
    let lines = lines(text);
    if block_of(&lines, name)?.is_some() {
        return Ok(None);
    }
    let names = |line: &&[u8]| {
        let line = String::from_utf8_lossy(line);
        let mut words = line
            .split(|c: char| c.is_whitespace() || c == '=')
            .map(|word| word.trim_matches('"'))
            .filter(|word| !word.is_empty());
        words
            .next()
            .is_some_and(|word| word.eq_ignore_ascii_case("host"))
            && words
                .take_while(|word| !word.starts_with('#'))
                .any(|word| word == name)
    };
    Ok(lines.iter().position(names).map(|line| line + 1))
}

fn marks(name: &str) -> (String, String) {
    (
        format!("# >>> pei: {name} >>>"),
        format!("# <<< pei: {name} <<<"),
    )
}

fn lines(text: &[u8]) -> Vec<&[u8]> {
    text.split_inclusive(|byte| *byte == b'\n').collect()
}

/// The lines of a project's block.
fn block_of(lines: &[&[u8]], name: &str) -> Result<Option<Range<usize>>, Unclosed> {
    let (begin, end) = marks(name);
    let is = |line: &[u8], mark: &str| line.trim_ascii() == mark.as_bytes();
    let Some(first) = lines.iter().position(|line| is(line, &begin)) else {
        return Ok(None);
    };
    let inside = &lines[first + 1..];
    let mark = inside
        .iter()
        .position(|line| is(line, &begin) || is(line, &end));
    match mark {
        Some(last) if is(inside[last], &end) => Ok(Some(first..first + last + 2)),
        _ => Err(Unclosed),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const THEIRS: &[u8] = b"ForwardAgent yes\r\nHost *\n  User \xff";

    #[test]
    fn a_block_comes_first_and_is_replaced_in_its_place_and_removed() {
        let one = with_block(THEIRS, "one", Some("Host one\n")).unwrap();
        assert!(one.starts_with(b"# >>> pei: one >>>\n") && one.ends_with(THEIRS));
        assert_eq!(with_block(&one, "one", Some("Host one\n")).unwrap(), one);
        let two = with_block(&one, "two", Some("Host two\n")).unwrap();
        let changed = with_block(&two, "one", Some("Host one\n    Port 1\n")).unwrap();
        assert_eq!(changed.len(), two.len() + "    Port 1\n".len());
        let text = String::from_utf8_lossy(&changed).into_owned();
        assert!(text.find("pei: two") < text.find("pei: one"));
        let rest = with_block(&changed, "one", None).unwrap();
        assert_eq!(with_block(&rest, "two", None).unwrap(), THEIRS);
        assert_eq!(with_block(THEIRS, "on", None).unwrap(), THEIRS);
    }

    #[test]
    fn a_block_without_an_end_is_left_alone() {
        let text = b"# >>> pei: one >>>\nHost mine\n";
        assert_eq!(with_block(text, "one", None), Err(Unclosed));
        let twice = b"# >>> pei: one >>>\nHost mine\n# >>> pei: one >>>\n# <<< pei: one <<<\n";
        assert_eq!(with_block(twice, "one", None), Err(Unclosed));
    }

    #[test]
    fn only_an_entry_of_exactly_this_name_is_in_the_way() {
        let line = |text: &str| other_entry(text.as_bytes(), "box").unwrap();
        for text in ["Host box", "\thOST=\"box\" other", "Host other box # b"] {
            assert_eq!(line(&format!("User me\n{text}\n")), Some(2), "{text}");
        }
        for text in [
            "Host *",
            "Host bo?",
            "Host boxes",
            "Host !box",
            "HostName box",
            "# Host box",
            "Host other # box",
            "# >>> pei: box >>>\nHost box\n# <<< pei: box <<<\nHost box\n",
        ] {
            assert_eq!(line(text), None, "{text}");
        }
    }

    #[test]
    fn a_block_tells_whose_it_is() {
        let text = b"# >>> pei: box >>>\n    UserKnownHostsFile \"/a %%b/.pei/known_hosts\"\n# <<< pei: box <<<\n";
        let of = |name| owner(text, name, ".pei/known_hosts").unwrap();
        assert_eq!(of("box"), Some(PathBuf::from("/a %b/")));
        assert_eq!(of("other"), None);
    }
}
