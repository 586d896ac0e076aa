//! The entry for ssh, and the block in `~/.ssh/config` that holds it.

use std::fmt::Write as _;

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
}

/// Whether ssh's configuration can hold a path: before OpenSSH 8.7, these characters cannot be escaped.
pub fn is_expressible(path: &str) -> bool {
    !path.contains(['"', '\\']) && !path.contains("${") && !path.contains(char::is_control)
}

fn path(path: &str) -> String {
    format!("\"{}\"", path.replace('%', "%%"))
}

/// A block has a beginning but no end.
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
    let begin = format!("# >>> pei: {name} >>>");
    let end = format!("# <<< pei: {name} <<<");
    let block = entry.map(|entry| {
        format!(
            "{begin}\n# Written by `pei ssh-config`, which replaces this block and removes it with --remove.\n\
             {entry}Match all\n{end}\n"
        )
    });
    let block = block.unwrap_or_default().into_bytes();
    let lines: Vec<&[u8]> = old.split_inclusive(|byte| *byte == b'\n').collect();
    let is = |line: &[u8], mark: &str| line.trim_ascii() == mark.as_bytes();
    let Some(first) = lines.iter().position(|line| is(line, &begin)) else {
        return Ok([&block, old].concat());
    };
    let after = &lines[first..];
    let length = after
        .iter()
        .position(|line| is(line, &end))
        .ok_or(Unclosed)?;
    Ok([lines[..first].concat(), block, after[length + 1..].concat()].concat())
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
    }
}
