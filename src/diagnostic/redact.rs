//! Secrets in the lines of the file that are shown.
//!
//! A finding near a password would print it with its line, and terminals are
//! recorded. Each character of a secret is shown as as many `*` as it has bytes, so
//! that places stay where they are.

use std::borrow::Cow;
use std::ops::Range;

/// Keys of a user whose values are secret.
pub(crate) const SECRET_KEYS: [&str; 2] = ["password", "privkey_text"];

/// What may stand behind a secret in a mapping in braces; anything else there may be a part of it.
const USER_KEYS: [&str; 7] = [
    "password",
    "pubkey_file",
    "pubkey_text",
    "privkey_file",
    "privkey_text",
    "uid",
    "gid",
];

/// The length of a line that must be a part of a private key: nothing else is that
/// long without a blank.
const KEY_LINE: usize = 60;

/// The text with its secrets covered, of the same length in bytes.
pub(crate) fn redact(text: &str) -> Cow<'_, str> {
    let mut secrets = Vec::new();
    // The column of a secret key whose value stands below it, as long as it goes on.
    let mut block: Option<usize> = None;
    for (start, line) in lines(text) {
        let indent = line.len() - line.trim_start().len();
        let place = |range: Range<usize>| start + range.start..start + range.end;
        if line.trim().is_empty() {
            continue;
        }
        if block.is_some_and(|column| indent > column) {
            secrets.push(place(indent..line.trim_end().len()));
            continue;
        }
        block = value_stands_below(line).then_some(indent);
        secrets.extend(secrets_of(line).into_iter().map(place));
    }
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut covered = String::with_capacity(text.len());
    let mut shown = 0;
    for secret in secrets {
        // A line may hold two keys, the first one's value reaching over the second.
        if secret.start < shown {
            continue;
        }
        covered.push_str(&text[shown..secret.start]);
        covered.extend(std::iter::repeat_n('*', secret.len()));
        shown = secret.end;
    }
    covered.push_str(&text[shown..]);
    Cow::Owned(covered)
}

/// A secret key at the end of its line, or before the mark of a block or an anchor.
fn value_stands_below(line: &str) -> bool {
    SECRET_KEYS.iter().any(|key| {
        let Some((_, rest)) = line.rsplit_once(key) else {
            return false;
        };
        let rest = rest.trim_start_matches(['"', '\'']).trim_start();
        let value = rest.strip_prefix(':').map(str::trim_start);
        value.is_some_and(|value| value.is_empty() || value.starts_with(['|', '>', '&', '#']))
    })
}

/// Each line with the offset where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = start;
        start += line.len();
        (here, line.trim_end_matches(['\n', '\r']))
    })
}

fn secrets_of(line: &str) -> Vec<Range<usize>> {
    let mut found: Vec<Range<usize>> = Vec::new();
    for key in SECRET_KEYS {
        let mut covered = 0;
        for (at, _) in line.match_indices(key) {
            // What is covered is not read again: one line may hold all users.
            if at >= covered
                && let Some(range) = value(line, at + key.len())
            {
                covered = range.end;
                found.push(range);
            }
        }
    }
    if let Some(start) = line
        .find("-----BEGIN")
        .filter(|_| line.contains("PRIVATE KEY-----"))
    {
        found.push(start..line.len());
    }
    let bare = line.trim();
    if found.is_empty() && bare.len() >= KEY_LINE && is_base64(bare) {
        let start = line.len() - line.trim_start().len();
        found.push(start..start + bare.len());
    }
    found.sort_by_key(|range| range.start);
    found
}

/// The value behind a key that ends at `after`; a variable's name is no secret.
fn value(line: &str, after: usize) -> Option<Range<usize>> {
    let rest = line[after..].trim_start_matches(['"', '\'']).trim_start();
    let rest = rest.strip_prefix(':')?.trim_start();
    let start = line.len() - rest.len();
    let length = match rest.chars().next()? {
        quote @ ('\'' | '"') => quoted_length(rest, quote, line[..after].contains('{')),
        '$' if rest.starts_with("${") && !rest.contains(":-") => return None,
        '|' | '>' | '*' | '~' | '#' => return None,
        _ => plain_length(rest, line[..after].contains('{')),
    };
    let value = rest[..length].trim_end();
    (value != "null").then(|| start..start + value.len())
}

/// A quoted scalar ends at its quote where what follows must be another key; else, to be safe, at the last one.
fn quoted_length(rest: &str, quote: char, in_braces: bool) -> usize {
    let last = || rest[1..].rfind(quote).map_or(rest.len(), |end| end + 2);
    if !in_braces {
        return last();
    }
    let mut ends = rest[1..].match_indices(quote).map(|(at, _)| at + 2);
    match ends.next() {
        Some(end) if !rest[..end - 1].contains('\\') && begins_with_key(&rest[end..]) => end,
        _ => last(),
    }
}

/// A plain scalar ends at a comment, or with what it is in: the mapping in braces, or its entry there.
fn plain_length(rest: &str, in_braces: bool) -> usize {
    let brace = if in_braces { rest.find('}') } else { None };
    let end = brace.unwrap_or(rest.len());
    let mut commas = rest[..end].match_indices(',').map(|(at, _)| at);
    let next = commas.find(|&at| in_braces && begins_with_key(&rest[at..]));
    let end = next.unwrap_or(end);
    rest[..end].find(" #").unwrap_or(end)
}

/// `, KEY: …`
fn begins_with_key(text: &str) -> bool {
    let Some((key, _)) = text.strip_prefix(',').and_then(|text| text.split_once(':')) else {
        return false;
    };
    USER_KEYS.contains(&key.trim())
}

fn is_base64(text: &str) -> bool {
    let legal = |byte: u8| byte.is_ascii_alphanumeric() || b"+/=".contains(&byte);
    text.bytes().all(legal)
}

#[cfg(test)]
mod tests {
    use super::redact;

    #[test]
    fn secrets_are_covered_in_place() {
        let key_line = "a".repeat(70);
        let cases = [
            ("  password: abc", "  password: ***"),
            ("  password: 'a b' # x", "  password: ***** # x"),
            ("u: {password: a,b}", "u: {password: ***}"),
            ("u: {password: a,b, uid: 5}", "u: {password: ***, uid: 5}"),
            ("u: {password: 'a', gid: 5}", "u: {password: ***, gid: 5}"),
            ("u: {password: 'a', b'}", "u: {password: *******}"),
            ("u: {\"password\": \"ü\"}", "u: {\"password\": ****}"),
            ("password: ${PW}\nport: 22", "password: ${PW}\nport: 22"),
            ("password: a}b", "password: ***"),
            ("password: &pw abc", "password: *******"),
            (
                "k: \"-----BEGIN RSA PRIVATE KEY-----\\nabc\"",
                &format!("k: \"{}", "*".repeat(37)),
            ),
            ("password: null", "password: null"),
            ("privkey_text: |", "privkey_text: |"),
            (
                "  password: >-\n    a b\n\n   c\n  uid: 5",
                "  password: >-\n    ***\n\n   *\n  uid: 5",
            ),
            ("password: # x\n  - ab", "password: # x\n  ****"),
            (key_line.as_str(), &"*".repeat(70)),
            ("name: x", "name: x"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text), expected, "{text}");
        }
    }
}
