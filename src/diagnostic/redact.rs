//! Secrets in the lines of the file that are shown.
//!
//! A finding near a password would print it with its line, and terminals are
//! recorded. Each character of a secret is shown as as many `*` as it has bytes, so
//! that places stay where they are.

use std::borrow::Cow;
use std::ops::Range;

/// Keys whose values are secret.
const SECRET_KEYS: [&str; 2] = ["password", "privkey_text"];

/// The marks around a private key and at each line of one; nothing else is that long without a blank.
const KEY_LINE: usize = 60;

/// The text with its secrets covered, of the same length in bytes.
pub(super) fn redact(text: &str) -> Cow<'_, str> {
    let secrets: Vec<Range<usize>> = lines(text)
        .flat_map(|(start, line)| {
            secrets(line)
                .into_iter()
                .map(move |range| start + range.start..start + range.end)
        })
        .collect();
    if secrets.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut covered = String::with_capacity(text.len());
    let mut shown = 0;
    for secret in secrets {
        // A long line may hold two keys, the first one's value reaching over the second.
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

/// Each line with the offset where it begins.
fn lines(text: &str) -> impl Iterator<Item = (usize, &str)> {
    let mut start = 0;
    text.split_inclusive('\n').map(move |line| {
        let here = start;
        start += line.len();
        (here, line.trim_end_matches(['\n', '\r']))
    })
}

fn secrets(line: &str) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    for key in SECRET_KEYS {
        found.extend(line.match_indices(key).filter_map(|(at, _)| {
            let after = at + key.len();
            value(line, after)
        }));
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
        quote @ ('\'' | '"') => rest[1..].rfind(quote).map_or(rest.len(), |end| end + 2),
        '$' if rest.starts_with("${") && !rest.contains(":-") => return None,
        '|' | '>' | '*' | '~' => return None,
        _ => plain_length(rest, line[..after].contains('{')),
    };
    let value = rest[..length].trim_end();
    (value != "null").then(|| start..start + value.len())
}

/// A plain scalar ends at a comment, or with the mapping in braces that it is in.
fn plain_length(rest: &str, in_braces: bool) -> usize {
    let brace = if in_braces { rest.find('}') } else { None };
    [rest.find(" #"), brace]
        .into_iter()
        .flatten()
        .min()
        .unwrap_or(rest.len())
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
            (key_line.as_str(), &"*".repeat(70)),
            ("name: x", "name: x"),
        ];
        for (text, expected) in cases {
            assert_eq!(redact(text), expected, "{text}");
        }
    }
}
