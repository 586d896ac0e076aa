//! What the lines of the file that are shown must not tell.
//!
//! A finding near a password would print it with its line, and terminals are recorded. A slip makes a secret of any
//! text below `ssh` (`pasword: x`, `me: x`, a quote that is not closed), so that only what cannot be one is shown
//! there: the keys that the section has, the users' names and ssh's own numbers. Elsewhere it is what stands behind a
//! key that speaks of a password, and each private key. The text is read line by line and not as YAML, for most
//! slips leave none.

use std::borrow::Cow;
use std::ops::Range;

use super::nearest;
use crate::config::SourceFile;

/// Keys below `ssh` that are shown, wherever they stand.
const KEYS: [&str; 9] = [
    "users",
    "password",
    "password_hash",
    "pubkey_file",
    "pubkey_text",
    "privkey_file",
    "privkey_text",
    "uid",
    "gid",
];

/// Keys of `ssh` itself; a number or a switch behind them is shown too.
const PLAIN_KEYS: [&str; 3] = ["enable", "port", "host_port"];

/// Keys that can follow the section.
const NEXT_KEYS: [&str; 11] = [
    "stage_1",
    "stage_2",
    "image",
    "proxy",
    "apt",
    "environment",
    "ports",
    "device",
    "storage",
    "mount",
    "custom",
];

/// What a key holds that speaks of a secret.
const SECRET_WORDS: [&str; 8] = [
    "pass", "pasw", "psw", "pwd", "privk", "secret", "token", "kennwort",
];

/// The length of a line that must be a part of a private key: nothing else is that long without a blank.
const KEY_LINE: usize = 60;

/// The parts of a text that are not shown.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Vec<Range<usize>>);

/// The text with its secrets covered, of the same length in bytes, so that places stay where they are.
pub(crate) fn redact(source: &SourceFile) -> Cow<'_, str> {
    let text = &source.text;
    let Hidden(ranges) = Hidden::of_source(source);
    if ranges.is_empty() {
        return Cow::Borrowed(text);
    }
    let mut covered = String::with_capacity(text.len());
    let mut shown = 0;
    for range in ranges {
        covered.push_str(&text[shown..range.start]);
        covered.extend(std::iter::repeat_n('*', range.len()));
        shown = range.end;
    }
    covered.push_str(&text[shown..]);
    Cow::Owned(covered)
}

impl Hidden {
    /// Those of each file of a source.
    pub(crate) fn of_source(source: &SourceFile) -> Self {
        let shifted = |(_, place): (_, Range<usize>)| {
            let Self(ranges) = Self::of(&source.text[place.clone()]);
            let shift =
                move |range: Range<usize>| range.start + place.start..range.end + place.start;
            ranges.into_iter().map(shift)
        };
        Self(source.files().flat_map(shifted).collect())
    }

    pub(crate) fn of(text: &str) -> Self {
        let (found, brought_by_alias) = read(text, false);
        // An alias below `ssh` brings a secret from where nothing tells that it is one.
        if brought_by_alias {
            return read(text, true).0;
        }
        found
    }

    /// Whether a part of a place is not shown.
    pub(crate) fn touches(&self, place: &Range<usize>) -> bool {
        let end = place.end.max(place.start + 1);
        let before_end = self.0.partition_point(|range| range.start < end);
        before_end > 0 && place.start < self.0[before_end - 1].end
    }

    /// Hides a part of a line without the blanks around it.
    fn hide(&mut self, text: &str, part: Range<usize>) {
        let whole = &text[part.clone()];
        let start = part.start + whole.len() - whole.trim_start().len();
        let end = start + whole.trim().len();
        // Between two keys braces and commas are shown.
        if !whole
            .chars()
            .all(|c| c.is_whitespace() || "{},".contains(c))
        {
            self.0.push(start..end);
        }
    }
}

/// What hides the lines from its own on.
struct Region {
    /// Where the line begins whose key opened it.
    column: usize,
    is_ssh: bool,
    /// Where the users' names begin.
    names: Names,
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// `users:` has not come yet.
    Before,
    /// They begin where the next line does.
    Next,
    At(usize),
    Never,
}

/// With `anchors`, whatever has one is hidden. The second value tells whether an alias is used in what is hidden.
fn read(text: &str, anchors: bool) -> (Hidden, bool) {
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
            let Some((after, is_ssh)) = opening(line, anchors) else {
                region = None;
                let key = line
                    .find("-----BEGIN")
                    .filter(|_| line.contains("PRIVATE KEY"));
                let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
                let data = body.len() >= KEY_LINE && body.bytes().all(is_base64);
                if let Some(from) = key.or(data.then_some(indent)) {
                    hidden.hide(text, place + from..place + line.len());
                } else if let Some(login) = login(line) {
                    hidden.hide(text, place + login.start..place + login.end);
                }
                continue;
            };
            from = after;
            let names = if line[..after].ends_with("users:") {
                names_after(&line[after..])
            } else {
                Names::Before
            };
            region = Some(Region {
                // The next item of a list is another thing.
                column: indent + usize::from(body.starts_with('-')),
                is_ssh,
                names,
            });
        }
        let Some(region) = &mut region else { continue };
        aliases |= line[from..].contains('*');
        let shown = if region.is_ssh {
            region.shown(line, from)
        } else {
            Vec::new()
        };
        let mut next = place + from;
        for part in shown {
            hidden.hide(text, next..place + part.start);
            next = place + part.end;
        }
        hidden.hide(text, next..place + line.len());
    }
    (hidden, aliases)
}

impl Region {
    /// Whether a line stands outside. A quote or a brace may have been left open, so that a line that begins far left
    /// is no proof: it takes a key that can follow `ssh`.
    fn ends(&self, indent: usize, body: &str) -> bool {
        if indent > self.column {
            return false;
        }
        let key = body.trim_start_matches(['"', '\'']);
        let length = key.find(|c| !is_word(c)).unwrap_or(key.len());
        let is_key = key[length..]
            .trim_start_matches(['"', '\'', ' '])
            .starts_with(':');
        if self.is_ssh {
            is_key && (key.starts_with("x-") || nearest(&key[..length], NEXT_KEYS).is_some())
        } else {
            // A list may stand below its key without being indented.
            indent < self.column || !body.starts_with('-') || is_key
        }
    }

    /// The parts of a line of `ssh` that are shown, in order.
    fn shown(&mut self, line: &str, from: usize) -> Vec<Range<usize>> {
        let indent = line.len() - line.trim_start().len();
        let whole_line = from == indent;
        if self.names == Names::Next && whole_line {
            self.names = if indent > self.column {
                Names::At(indent)
            } else {
                Names::Never
            };
        }
        let mut shown = Vec::new();
        for (at, _) in line[from..]
            .match_indices(':')
            .map(|(at, colon)| (from + at, colon))
        {
            let key = line[from..at].trim_end_matches(['"', '\'']);
            let start = from + key.trim_end_matches(is_word).len();
            let key = &line[start..from + key.len()];
            let alone = whole_line && start == indent;
            let is_name = alone && self.names == Names::At(indent);
            let plain = PLAIN_KEYS.contains(&key)
                || alone && self.names == Names::Before && nearest(key, PLAIN_KEYS).is_some();
            if !(is_name || plain || KEYS.contains(&key)) {
                continue;
            }
            if key == "users" {
                self.names = names_after(&line[at + 1..]);
            }
            let value = if plain {
                plain_length(&line[at + 1..])
            } else {
                0
            };
            shown.push(start..at + 1 + value);
        }
        shown
    }
}

/// `users:` with its names in lines of their own.
fn names_after(rest: &str) -> Names {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Names::Next
    } else {
        Names::Never
    }
}

/// A number or a switch behind a colon; all else may be a slip.
fn plain_length(rest: &str) -> usize {
    let value = rest.trim_start();
    let length = value
        .find(|c: char| !c.is_ascii_alphanumeric())
        .unwrap_or(value.len());
    let word = &value[..length];
    let is_plain =
        word.bytes().all(|byte| byte.is_ascii_digit()) || matches!(word, "true" | "false" | "null");
    if is_plain {
        rest.len() - value.len() + length
    } else {
        0
    }
}

/// The end of the first thing in a line behind which a secret stands, and whether that is the section `ssh`.
fn opening(line: &str, anchors: bool) -> Option<(usize, bool)> {
    let marks = line.char_indices().filter(|(_, c)| ":=&".contains(*c));
    for (at, mark) in marks {
        if mark == '&' {
            let named = line[at + 1..].starts_with(|c: char| !c.is_whitespace() && c != '&');
            if anchors && named {
                return Some((at, false));
            }
            continue;
        }
        let key = line[..at].trim_end_matches([' ', '"', '\'']);
        let start = key.trim_end_matches(is_word).len();
        let key = key[start..].to_lowercase();
        let is_ssh = mark == ':' && ["ssh", "sshd", "users"].contains(&key.as_str());
        if is_ssh || SECRET_WORDS.iter().any(|word| key.contains(word)) {
            return Some((at + 1, is_ssh));
        }
    }
    None
}

/// What stands before an `@`, up to the mark or the key before it: `http://user:password@host`.
fn login(line: &str) -> Option<Range<usize>> {
    let (before, after) = line.rsplit_once('@')?;
    let start = ["//", ": ", "- ", "=", "\"", "'"]
        .map(|mark| before.rfind(mark).map_or(0, |at| at + mark.len()));
    let start = start.into_iter().max()?;
    // The digest of an image.
    (!after.starts_with("sha")).then_some(start..before.len())
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

#[cfg(test)]
mod tests {
    use super::redact;
    use crate::config::SourceFile;

    #[test]
    fn secrets_are_covered_in_place() {
        let key_line = "a".repeat(70);
        let cases = [
            ("  password: abc", "  password: ***"),
            ("  password: 'a b' # x", "  password: *********"),
            ("password: ü\nport: 22", "password: **\nport: 22"),
            ("- DB_PASSWORD=abc\n- A=b", "- DB_PASSWORD=***\n- A=b"),
            (
                "  password: >-\n    a b\n\n   c\n  port: 5",
                "  password: **\n    ***\n\n   *\n  port: 5",
            ),
            ("password:\n- ab\nb: c", "password:\n****\nb: c"),
            (
                "ssh: {port: 22, users: {me: {password: a,b, uid: 5}}}",
                "ssh: {port: 22, users: ******password: **** uid: ****",
            ),
            (
                "ssh:\n  hostport: 5\n  users:\n    me:\n      a: b\n  port: x\nports: [y]",
                "ssh:\n  hostport: 5\n  users:\n    me:\n      ****\n  port: *\nports: [y]",
            ),
            ("ssh:\n  me: 5\nprts: x", "ssh:\n  *****\nprts: x"),
            (
                "ssh: {users:\nme: b}\nx-a: c",
                "ssh: {users:\n******\nx-a: c",
            ),
            ("x: &a b\nssh: {users: *a}", "x: ****\nssh: {users: ***"),
            (
                "k: \"-----BEGIN RSA PRIVATE KEY-----\\nabc\"",
                &format!("k: \"{}", "*".repeat(37)),
            ),
            (key_line.as_str(), &"*".repeat(70)),
            ("address: 'a:b c@d@e'", "address: '*******@e'"),
            ("- X=http://a:b@c", "- X=http://***@c"),
            ("base: a:1@sha256:0", "base: a:1@sha256:0"),
            ("name: x", "name: x"),
        ];
        for (text, expected) in cases {
            let source = SourceFile::new("config", text);
            assert_eq!(redact(&source), expected, "{text}");
        }
    }
}
