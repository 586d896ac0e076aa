//! Options of a command that a secret follows: `--token x`, `-pX`, `-u name:X`.

use super::is_word;
use super::name::{is_secret_name, parts};
use crate::diagnostic::nearest;

/// Options that are also recognised with a typo (`--tokn`).
const SECRET_OPTIONS: [&str; 6] = [
    "password",
    "passphrase",
    "secret",
    "token",
    "bearer",
    "credential",
];

/// `--api-key`, `-token`, and the same with a typo.
pub(super) fn is_secret_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let is_option = name.len() > 1 && name.len() < word.len();
    let is_near = |part: &str| part.len() > 3 && nearest(part, SECRET_OPTIONS).is_some();
    is_option && (is_secret_name(name) || parts(name).any(is_near))
}

/// Where the secret of a short option begins, if the option's word or the login's name ends at `at`: `-pX`, `-u
/// name:X`. A login in place of a port (`port: name:X`) counts too.
pub(super) fn short_option(line: &str, at: usize, mark: char) -> Option<usize> {
    let is_number = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let start = line[..at].trim_end_matches(is_word).len();
    let word = &line[start..at];
    if let Some(glued) = word.strip_prefix("-p")
        && glued.len() > 3
        && !is_number(glued)
    {
        return Some(at - glued.len());
    }
    let before = line[..start].trim_end_matches(['"', '\'', ' ', '=']);
    let is_login = ["-u", "--user", "port:"]
        .iter()
        .any(|option| before.ends_with(option));
    let rest = line[at..].strip_prefix(':').filter(|_| mark == ':')?;
    let value = rest.find([' ', '"', '\'']).map_or(rest, |end| &rest[..end]);
    if is_login && !word.is_empty() && !is_number(value) && !value.starts_with(['$', '{']) {
        return Some(start);
    }
    None
}
