//! Public keys: one line, `type base64 comment`.

use super::decode_base64;
use super::wire::Reader;
use crate::diagnostic::list;

/// The types that sshd takes.
const TYPES: &[&str] = &[
    "ssh-rsa",
    "ssh-dss",
    "ssh-ed25519",
    "ecdsa-sha2-nistp256",
    "ecdsa-sha2-nistp384",
    "ecdsa-sha2-nistp521",
    "sk-ssh-ed25519@openssh.com",
    "sk-ecdsa-sha2-nistp256@openssh.com",
];

/// A public key that sshd can read.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::config) struct PublicKey {
    /// The line for `authorized_keys`, without its line end.
    pub(in crate::config) line: String,
    /// The key itself, which its comment is no part of.
    blob: Vec<u8>,
}

/// Why a text is no public key. It never quotes the text's secret parts.
#[derive(Debug, PartialEq, Eq)]
pub(in crate::config) enum PublicKeyProblem {
    IsPrivate,
    Invalid { what: String, help: &'static str },
}

impl PublicKey {
    pub(in crate::config) fn is_same(&self, other: &Self) -> bool {
        self.blob == other.blob
    }

    /// One key; empty lines and comments around it do no harm.
    pub(in crate::config) fn parse(text: &str) -> Result<Self, PublicKeyProblem> {
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
    if !TYPES.contains(&kind) {
        let what = format!("its first word is none of {}", list(TYPES, "or"));
        return invalid(&what, "copy the whole line of the `.pub` file");
    }
    let Some(base64) = words.next() else {
        return invalid(
            "nothing follows its type",
            "copy the whole line of the `.pub` file",
        );
    };
    let Some(blob) = decode_base64(base64) else {
        return invalid(
            "its second word is not base64",
            "copy the whole line of the `.pub` file",
        );
    };
    match inner_type(&blob) {
        Some(inner) if inner != kind => {
            let what = format!("it says `{kind}` but holds a key of another type");
            invalid(&what, "copy the whole line of the `.pub` file")
        }
        Some(_) if is_whole(&blob) => Ok(blob),
        _ => invalid(
            "its data is cut off or damaged",
            "copy the whole line of the `.pub` file",
        ),
    }
}

fn invalid<T>(what: &str, help: &'static str) -> Result<T, PublicKeyProblem> {
    Err(PublicKeyProblem::Invalid {
        what: what.to_owned(),
        help,
    })
}

/// The type word within a blob.
pub(super) fn inner_type(blob: &[u8]) -> Option<&str> {
    Reader(blob).text()
}

/// True where the blob has the fields of its type, and nothing after them.
fn is_whole(blob: &[u8]) -> bool {
    fields(blob).is_some()
}

fn fields(blob: &[u8]) -> Option<()> {
    let mut reader = Reader(blob);
    let kind = reader.text()?;
    let mut numbers = |count: usize| -> Option<()> {
        for _ in 0..count {
            (!reader.bytes()?.is_empty()).then_some(())?;
        }
        Some(())
    };
    match kind {
        "ssh-rsa" => numbers(2)?,
        "ssh-dss" => numbers(4)?,
        "ssh-ed25519" => ed25519(&mut reader)?,
        "sk-ssh-ed25519@openssh.com" => {
            ed25519(&mut reader)?;
            reader.bytes()?;
        }
        "sk-ecdsa-sha2-nistp256@openssh.com" => {
            point(&mut reader, "nistp256")?;
            reader.bytes()?;
        }
        _ => point(&mut reader, kind.strip_prefix("ecdsa-sha2-")?)?,
    }
    reader.is_empty().then_some(())
}

fn ed25519(reader: &mut Reader<'_>) -> Option<()> {
    (reader.bytes()?.len() == 32).then_some(())
}

/// The curve's name and an uncompressed point on it.
fn point(reader: &mut Reader<'_>, curve: &str) -> Option<()> {
    let coordinate = match curve {
        "nistp256" => 32,
        "nistp384" => 48,
        "nistp521" => 66,
        _ => return None,
    };
    if reader.text()? != curve {
        return None;
    }
    let point = reader.bytes()?;
    (point.first() == Some(&4) && point.len() == 1 + 2 * coordinate).then_some(())
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
