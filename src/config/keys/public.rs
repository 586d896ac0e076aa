//! Public keys: one line, `type base64 comment`.

use super::decode_base64;
use super::wire::Reader;
use crate::diagnostic::list;

const COPY: &str = "copy the whole line of the `.pub` file";

/// The key types that sshd accepts, each with the number of its fields, including the name.
const TYPES: [(&str, usize); 8] = [
    ("ssh-rsa", 3),
    ("ssh-dss", 5),
    ("ssh-ed25519", 2),
    ("ecdsa-sha2-nistp256", 3),
    ("ecdsa-sha2-nistp384", 3),
    ("ecdsa-sha2-nistp521", 3),
    ("sk-ssh-ed25519@openssh.com", 3),
    ("sk-ecdsa-sha2-nistp256@openssh.com", 4),
];

/// A public key that sshd can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicKey {
    /// The line for `authorized_keys`, without its line end.
    pub(crate) line: String,
    /// The key itself, without its comment.
    blob: Vec<u8>,
}

/// Why a text is not a public key. It quotes no secret parts of the text.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum PublicKeyProblem {
    IsPrivate,
    Invalid { what: String, help: &'static str },
}

impl PublicKey {
    pub(crate) fn is_same(&self, other: &Self) -> bool {
        self.blob == other.blob
    }

    /// Parses one key. Empty lines and comments around it are ignored.
    pub(crate) fn parse(text: &str) -> Result<Self, PublicKeyProblem> {
        if text.contains("PRIVATE KEY-----") || text.contains("PuTTY-User-Key-File") {
            return Err(PublicKeyProblem::IsPrivate);
        }
        let lines: Vec<&str> = text
            .trim_start_matches('\u{feff}')
            .lines()
            .map(str::trim)
            .filter(|line| !line.is_empty() && !line.starts_with('#'))
            .collect();
        let line = match lines.as_slice() {
            [] => return invalid("it is empty", "name a file with a public key"),
            [line] => *line,
            [first, ..] if first.starts_with("----") => {
                return invalid(
                    "it is in another format",
                    "convert it with `ssh-keygen -i -f FILE`",
                );
            }
            _ => {
                return invalid("it has more than one line", "give one key, on one line");
            }
        };
        if line.contains(char::is_control) {
            return invalid("it holds a control character", "copy the key again");
        }
        let blob = blob_of(line)?;
        Ok(Self {
            line: line.to_owned(),
            blob,
        })
    }
}

fn blob_of(line: &str) -> Result<Vec<u8>, PublicKeyProblem> {
    let mut words = line.split_whitespace();
    let kind = words.next().unwrap_or_default();
    let Some((_, fields)) = TYPES.iter().find(|(known, _)| *known == kind) else {
        let what = format!(
            "its first word is none of {}",
            list(&TYPES.map(|(known, _)| known), "or")
        );
        return invalid(&what, COPY);
    };
    let Some(base64) = words.next() else {
        return invalid("nothing follows its type", COPY);
    };
    let Some(blob) = decode_base64(base64) else {
        return invalid("its second word is not base64", COPY);
    };
    match inner_type(&blob) {
        Some(inner) if inner != kind => {
            let what = format!("it says `{kind}` but holds a key of another type");
            invalid(&what, COPY)
        }
        Some(_) if count_fields(&blob) == Some(*fields) => Ok(blob),
        _ => invalid("its data is cut off or damaged", COPY),
    }
}

fn invalid<T>(what: &str, help: &'static str) -> Result<T, PublicKeyProblem> {
    Err(PublicKeyProblem::Invalid {
        what: what.to_owned(),
        help,
    })
}

/// The type that a blob itself names.
pub(super) fn inner_type(blob: &[u8]) -> Option<&str> {
    Reader(blob).text()
}

/// The number of fields of a blob. `None` if it is cut off or a field is empty.
fn count_fields(blob: &[u8]) -> Option<usize> {
    let mut reader = Reader(blob);
    let mut count = 0;
    while !reader.is_empty() {
        (!reader.bytes()?.is_empty()).then_some(())?;
        count += 1;
    }
    Some(count)
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: &str =
        "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIDFFy2DpsaaLcixgYgT8+7GxVR5mRGOx7urSe4rKjZ5G me@host";

    #[test]
    fn a_key_is_a_line_whose_data_agrees_with_its_type() {
        let key = PublicKey::parse(&format!("# mine\r\n\n{GOOD}\r\n")).unwrap();
        assert_eq!(key.line, GOOD);
        let renamed = GOOD.replace("me@host", "you");
        assert!(PublicKey::parse(&renamed).unwrap().is_same(&key));

        for bad in [
            String::new(),
            format!("{GOOD}\n{GOOD}"),
            GOOD.replace("ssh-ed25519 ", "ssh-rsa "),
            GOOD.replace("jZ5G", "jZ"),
            GOOD.replace("AAAAC3", "AAAA"),
            "ssh-ed25519".to_owned(),
            format!("from=\"*\" {GOOD}"),
        ] {
            let problem = PublicKey::parse(&bad).unwrap_err();
            assert!(matches!(problem, PublicKeyProblem::Invalid { .. }), "{bad}");
        }
    }

    #[test]
    fn a_private_key_is_called_by_its_name() {
        let text = "-----BEGIN OPENSSH PRIVATE KEY-----\nx\n-----END OPENSSH PRIVATE KEY-----";
        assert_eq!(PublicKey::parse(text), Err(PublicKeyProblem::IsPrivate));
    }
}
