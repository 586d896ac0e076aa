//! Reads a text line by line and finds what to cover.

use super::hidden::Hidden;
use super::is_word;
use super::login::login;
use super::name::is_secret_name;
use super::option::{is_secret_option, short_option};
use super::region::{Kind, Region};
use super::token::{is_key_data, token};
use crate::diagnostic::nearest;

/// The kind of text to read.
#[derive(Clone, Copy, PartialEq)]
pub(super) enum Reading {
    Config,
    /// A config in which everything with an anchor is covered.
    Anchors,
    /// A file that pei writes. It has no section `ssh`, and Compose's `secrets` holds only their names.
    Written,
}

/// Finds what to cover. The second value is true if any of it contains an alias.
pub(super) fn read(text: &str, reading: Reading) -> (Hidden, bool) {
    let mut hidden = Hidden::default();
    let mut aliases = false;
    let mut region: Option<Region> = None;
    let mut start = 0;
    for whole in text.split_inclusive('\n') {
        let place = start;
        start += whole.len();
        let line = whole.trim_end();
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if body.is_empty() {
            continue;
        }
        let mut from = indent;
        if region
            .as_ref()
            .is_none_or(|region| region.ends(indent, body))
        {
            region = None;
            let Some((after, kind)) = opening(line, reading) else {
                if is_key_data(body) {
                    hidden.hide(text, place + indent..place + line.len());
                } else if let Some(login) = login(line) {
                    hidden.hide(text, place + login.start..place + login.end);
                }
                continue;
            };
            if body.starts_with('#') {
                // A comment does not continue on the next line.
                hidden.hide(text, place + after..place + line.len());
                continue;
            }
            from = after;
            region = Some(Region::opened_by(
                line,
                after,
                kind,
                reading == Reading::Written,
            ));
        }
        let Some(region) = &mut region else { continue };
        aliases |= line[from..].contains('*');
        let mut next = place + from;
        for part in region.shown(line, from) {
            hidden.hide(text, next..place + part.start);
            next = place + part.end;
        }
        hidden.hide(text, next..place + line.len());
    }
    (hidden, aliases)
}

/// Where the first secret of a line begins, and what kind of region it opens.
fn opening(line: &str, reading: Reading) -> Option<(usize, Kind)> {
    let named = named(line, reading);
    let token = token(line).map(|at| (at, Kind::Value));
    match (named, token) {
        (Some(named), Some(token)) if token.0 < named.0 => Some(token),
        (named, token) => named.or(token),
    }
}

/// The same, for secrets that are found by the name before them.
fn named(line: &str, reading: Reading) -> Option<(usize, Kind)> {
    let body = line.trim_start().trim_start_matches(['"', '\'']);
    let word = &body[..body.find(|c| !is_word(c)).unwrap_or(body.len())];
    let rest = body[word.len()..].trim_start_matches(['"', '\'', ' ']);
    let has_colon = rest.starts_with(':');
    if is_environment(word, has_colon) && (has_colon || reading != Reading::Written) {
        let after = line.len() - rest.len() + usize::from(has_colon);
        return Some((after, Kind::Environment));
    }
    // An item of `environment`, even if it is in the wrong place.
    if let Some(item) = body.strip_prefix("- ").or(body.strip_prefix("-\t")) {
        let name = item.trim_start_matches([' ', '"', '\'']);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let length = name.find(|c| !is_name(c)).unwrap_or(0);
        if length > 0 && name[length..].trim_start().starts_with('=') {
            let equals = name.find('=').unwrap_or(length);
            return Some((line.len() - name.len() + equals + 1, Kind::Value));
        }
    }
    let marks = line.char_indices().filter(|(_, c)| !is_word(*c));
    for (at, mark) in marks.chain([(line.len(), ' ')]) {
        if mark == '&' {
            let named = line[at + 1..].starts_with(|c: char| !c.is_whitespace() && c != '&');
            if reading == Reading::Anchors && named {
                return Some((at, Kind::Value));
            }
            continue;
        }
        if let Some(start) = short_option(line, at, mark) {
            return Some((start, Kind::Value));
        }
        let before = line[..at].trim_end_matches([' ', '"', '\'', ',']);
        let key = &before[before.trim_end_matches(is_word).len()..];
        let is_secret = match mark {
            // Words that come before a secret and a space: `--token x`, `Bearer x`.
            ' ' => {
                let is_prose = reading == Reading::Written && !key.contains(['-', '_']);
                // The list of accounts has no passwords in it.
                let is_file = before.ends_with("/etc/passwd");
                is_secret_option(key)
                    || key.to_ascii_lowercase().ends_with("bearer")
                    || !is_prose && !is_file && is_secret_name(key)
            }
            ':' | '=' if reading == Reading::Written && key == "secrets" => false,
            ':' if reading != Reading::Written && key == "build_secrets" => {
                return Some((at + 1, Kind::Secrets));
            }
            ':' if reading != Reading::Written
                && ["ssh", "sshd", "users"].contains(&key.to_ascii_lowercase().as_str()) =>
            {
                return Some((at + 1, Kind::Ssh));
            }
            mark if !":=".contains(mark) => is_secret_option(key),
            // merged.env has all variables in one.
            _ => is_secret_name(key) || is_secret_option(key) || key == "RUN_ENV_VARS",
        };
        if is_secret {
            return Some((line.len().min(at + mark.len_utf8()), Kind::Value));
        }
    }
    None
}

/// `environment`, even with a typo or without its colon.
fn is_environment(word: &str, has_colon: bool) -> bool {
    let word = word.to_ascii_lowercase();
    has_colon && word == "env"
        || (8..=14).contains(&word.len()) && nearest(&word, ["environment"]).is_some()
}
