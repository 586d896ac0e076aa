//! Covers secrets in the lines of the file that are printed.
//!
//! A finding near a password would print it with its line, and terminal output is often recorded. Below `ssh` any
//! text may be a secret because of a typo (`pasword: x`, `me: x`, a quote that is not closed). So only what cannot
//! be one is shown there: the section's keys, user names and the numbers of ssh itself. Below `environment` only
//! the names are shown. Elsewhere these are covered: the value of a key or option whose name sounds like a secret
//! (`--token x`), a login before an `@`, and private keys. The text is read line by line and not as YAML, because
//! most typos make it invalid.

use std::borrow::Cow;
use std::ops::Range;

use super::nearest;
use crate::config::SourceFile;
use crate::model::NameForm;

/// Keys that are shown anywhere below `ssh`.
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

/// Keys of `ssh` itself. A number or a boolean after them is shown too.
const PLAIN_KEYS: [&str; 3] = ["enable", "port", "host_port"];

/// Keys that may come after the section.
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

/// A name that contains one of these is a secret's.
const SECRET_WORDS: [&str; 11] = [
    "pass", "pasw", "psw", "pwd", "privk", "secret", "token", "kennwort", "cred", "bearer",
    "authoriz",
];

/// Parts that make a name a secret's. Parts are separated by `_`, `-` or a capital letter.
const SECRET_PARTS: [&str; 6] = ["key", "keys", "auth", "oauth", "pat", "pw"];

/// Parts that end in `key` and mean no secret.
const NO_KEYS: [&str; 5] = ["pubkey", "monkey", "donkey", "turkey", "hotkey"];

/// Options that are also recognised with a typo (`--tokn`).
const SECRET_OPTIONS: [&str; 6] = [
    "password",
    "passphrase",
    "secret",
    "token",
    "bearer",
    "credential",
];

/// The prefixes of well-known services' tokens.
const TOKENS: &str = "ghp_ gho_ ghs_ github_pat_ glpat- sk- AKIA xoxb- xoxp- hf_ npm_ pypi- dckr_pat_ glsa_ AIza eyJ";

/// The shortest token, without its prefix.
const TOKEN: usize = 16;

/// Scripts outside `installation/` that pei ships unchanged.
const STATIC: [&str; 2] = ["build-merged.sh", "run-merged.sh"];

/// A base64 line at least this long is taken for a part of a private key.
const KEY_LINE: usize = 60;

/// The ranges of a text that are covered.
#[derive(Debug, Default)]
pub(crate) struct Hidden(Vec<Range<usize>>);

/// The text with its secrets covered. Its length in bytes does not change, so that positions stay valid.
pub(crate) fn redact(source: &SourceFile) -> Cow<'_, str> {
    Hidden::of_source(source).cover(&source.text)
}

/// One text of a config with its secrets covered.
pub(crate) fn redact_text(text: &str) -> Cow<'_, str> {
    Hidden::of(text).cover(text)
}

/// A file that pei writes, with its secrets covered for a diff. Scripts that pei ships unchanged hold none.
pub(crate) fn redact_written<'t>(path: &str, text: &'t str) -> Cow<'t, str> {
    let is_persons = ["/generated/", "/custom/"]
        .iter()
        .any(|folder| path.contains(folder));
    if !is_persons && (path.starts_with("installation/") || STATIC.contains(&path)) {
        return text.into();
    }
    let hidden = if path.ends_with("/_etc_environment.sh") {
        Hidden::of_shell_variables(text)
    } else {
        read(text, Reading::Written).0
    };
    hidden.cover(text)
}

/// Whether the name of a key, a variable or an option is one of a secret.
pub(crate) fn is_secret_name(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    if SECRET_WORDS.iter().any(|word| lower.contains(word)) {
        return true;
    }
    parts(name).any(|part| {
        let part = part.to_ascii_lowercase();
        let part = part.as_str();
        SECRET_PARTS.contains(&part) || part.ends_with("key") && !NO_KEYS.contains(&part)
    })
}

/// Splits a name at punctuation and where a capital follows a lower-case letter: `apiKey`, `GH_PAT`.
fn parts(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
        .flat_map(|word| {
            let capitals = word.as_bytes().windows(2).enumerate();
            let starts = capitals
                .filter(|(_, pair)| pair[0].is_ascii_lowercase() && pair[1].is_ascii_uppercase());
            let starts: Vec<usize> = starts.map(|(at, _)| at + 1).collect();
            let ends = starts.clone().into_iter().chain([word.len()]);
            std::iter::once(0)
                .chain(starts)
                .zip(ends)
                .map(|(start, end)| &word[start..end])
        })
}

impl Hidden {
    /// The hidden ranges of all files of a source.
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
        let (found, brought_by_alias) = read(text, Reading::Config);
        // An alias below `ssh` may refer to a secret elsewhere, where its key does not give it away. So everything
        // with an anchor is covered.
        if brought_by_alias {
            return read(text, Reading::Anchors).0;
        }
        found
    }

    /// The values in a file of shell variables.
    fn of_shell_variables(text: &str) -> Self {
        let mut hidden = Self::default();
        let mut start = 0;
        for line in text.split_inclusive('\n') {
            let name = line.find(|c| !is_word(c)).unwrap_or(0);
            let shown = if line[name..].starts_with('=') {
                name + 1
            } else if line.starts_with("# ") && (line[2..].contains(' ') || is_name(&line[2..])) {
                line.len()
            } else {
                0
            };
            hidden.hide(text, start + shown..start + line.len());
            start += line.len();
        }
        hidden
    }

    fn cover(self, text: &str) -> Cow<'_, str> {
        let Self(ranges) = self;
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

    /// Whether any part of a range is covered.
    pub(crate) fn touches(&self, place: &Range<usize>) -> bool {
        let end = place.end.max(place.start + 1);
        let before_end = self.0.partition_point(|range| range.start < end);
        before_end > 0 && place.start < self.0[before_end - 1].end
    }

    /// Covers a part of a line without the spaces around it.
    fn hide(&mut self, text: &str, part: Range<usize>) {
        let whole = &text[part.clone()];
        let start = part.start + whole.len() - whole.trim_start().len();
        let end = start + whole.trim().len();
        // Only braces and commas between two keys: nothing to cover.
        if !whole
            .chars()
            .all(|c| c.is_whitespace() || "{},".contains(c))
        {
            self.0.push(start..end);
        }
    }
}

/// The kind of text to read.
#[derive(Clone, Copy, PartialEq)]
enum Reading {
    Config,
    /// A config in which everything with an anchor is covered.
    Anchors,
    /// A file that pei writes. It has no section `ssh`, and Compose's `secrets` holds only their names.
    Written,
}

/// A range of lines that are covered, from the one that begins it.
struct Region {
    /// The column in which that line begins.
    column: usize,
    kind: Kind,
    /// Where the names of users or variables begin.
    names: Names,
    /// Whether a quote or a bracket may still be open.
    is_open: bool,
    is_written: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Kind {
    Ssh,
    Environment,
    /// `build_secrets`: a person may write the secret itself where its source belongs.
    Secrets,
    /// A single value.
    Value,
}

#[derive(Clone, Copy, PartialEq)]
enum Names {
    /// No `users:` yet.
    Before,
    /// In the column in which the next line begins.
    Next,
    At(usize),
    Never,
}

/// Finds what to cover. The second value is true if any of it contains an alias.
fn read(text: &str, reading: Reading) -> (Hidden, bool) {
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
                let is_base64 = |b: u8| b.is_ascii_alphanumeric() || b"+/=".contains(&b);
                let data = body.len() >= KEY_LINE && body.bytes().all(is_base64);
                if data {
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
            let names = if kind == Kind::Environment || line[..after].ends_with("users:") {
                names_after(&line[after..])
            } else {
                Names::Before
            };
            region = Some(Region {
                // The next item of a list does not belong to the region.
                column: indent + usize::from(body.starts_with('-')),
                kind,
                names,
                is_open: false,
                is_written: reading == Reading::Written,
            });
        }
        let Some(region) = &mut region else { continue };
        aliases |= line[from..].contains('*');
        let shown = match region.kind {
            Kind::Ssh => region.shown(line, from),
            Kind::Environment => region.shown_variable(line, from).into_iter().collect(),
            Kind::Secrets => shown_of_secrets(line, from),
            Kind::Value => Vec::new(),
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
    /// Whether a line is outside the region. If a quote or a brace is still open, the indentation proves nothing.
    /// So the line must also begin with a key that may follow.
    fn ends(&self, indent: usize, body: &str) -> bool {
        if indent > self.column {
            return false;
        }
        let key = body.trim_start_matches(['"', '\'']);
        let length = key.find(|c| !is_word(c)).unwrap_or(key.len());
        let is_key = key[length..]
            .trim_start_matches(['"', '\'', ' '])
            .starts_with(':');
        let can_follow = || key.starts_with("x-") || nearest(&key[..length], NEXT_KEYS).is_some();
        match self.kind {
            Kind::Ssh => is_key && (can_follow() || &key[..length] == "ssh"),
            // Keys are in lower case, and most variables are not.
            Kind::Environment => {
                let is_key_of_pei =
                    !self.is_open && key.starts_with(|c: char| c.is_ascii_lowercase());
                is_key && (is_key_of_pei || can_follow() || key.starts_with("ssh"))
            }
            Kind::Value | Kind::Secrets if is_key => true,
            Kind::Value | Kind::Secrets if indent < self.column => {
                self.is_written || body.starts_with(['-', '#'])
            }
            // A list below its key need not be indented.
            Kind::Value | Kind::Secrets => self.is_written && !body.starts_with('-'),
        }
    }

    /// The range of the variable's name at the beginning of a line of `environment`.
    fn shown_variable(&mut self, line: &str, from: usize) -> Option<Range<usize>> {
        let rest = &line[from..];
        let count = |sign: char| rest.matches(sign).count();
        self.is_open |= count('\'') % 2 == 1
            || count('"') % 2 == 1
            || count('{') != count('}')
            || count('[') != count(']');
        let body = line.trim_start();
        let indent = line.len() - body.len();
        if from != indent {
            return None;
        }
        let is_item = body.starts_with("- ");
        if self.names == Names::Next {
            self.names = if indent > self.column || is_item {
                Names::At(indent)
            } else {
                Names::Never
            };
        }
        if self.names != Names::At(indent) {
            return None;
        }
        let name = body.strip_prefix('-').unwrap_or(body);
        let name = name.trim_start_matches([' ', '"', '\'']);
        let length = name.find(|c: char| !is_word(c) && c != '.');
        let length = length.unwrap_or(name.len());
        let start = line.len() - name.len();
        let after = name[length..].trim_start_matches(['"', '\'', ' ']);
        let is_named = after.starts_with([':', '=']) || is_item && after.is_empty();
        let end = line.len() - after.len() + usize::from(!after.is_empty());
        is_named.then_some(indent..end.max(start))
    }

    /// The ranges of a line of `ssh` that are shown, in order.
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
            let is_name = alone
                && self.names == Names::At(indent)
                && NameForm::USER.fits(key.strip_prefix('_').unwrap_or(key))
                && (line[at + 1..].is_empty() || line[at + 1..].starts_with(' '));
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

/// The ranges of a line of `build_secrets` that are shown: a key at its beginning, and the keys of an entry.
fn shown_of_secrets(line: &str, from: usize) -> Vec<Range<usize>> {
    let indent = line.len() - line.trim_start().len();
    let colons = line[from..].match_indices(':').map(|(at, _)| from + at);
    let keys = colons.filter_map(|colon| {
        let before = &line[from..colon];
        let start = from + before.trim_end_matches(|c| is_word(c) || c == '.').len();
        let key = &line[start..colon];
        let is_key = matches!(line.as_bytes().get(colon + 1), None | Some(b' '));
        let is_shown = start == indent && from == indent && NameForm::SECRET.fits(key)
            || matches!(key, "env" | "file") && !line[..start].ends_with(['\'', '"']);
        (is_key && is_shown).then_some(start..colon + 1)
    });
    keys.collect()
}

/// Where the user names are, from the text after `users:`. They are shown only if each has a line of its own.
fn names_after(rest: &str) -> Names {
    let rest = rest.trim_start();
    if rest.is_empty() || rest.starts_with('#') {
        Names::Next
    } else {
        Names::Never
    }
}

/// The length of a number or boolean after a colon; 0 if the value is anything else.
fn plain_length(rest: &str) -> usize {
    let value = rest.trim_start();
    let length = value
        .find(|c: char| !c.is_ascii_alphanumeric() && !":-".contains(c))
        .unwrap_or(value.len());
    let word = &value[..length];
    let is_sign = |byte: u8| byte.is_ascii_digit() || b":-".contains(&byte);
    let is_plain = word.bytes().all(is_sign) || matches!(word, "true" | "false" | "null" | "auto");
    if is_plain {
        rest.len() - value.len() + length
    } else {
        0
    }
}

/// The position of a text that must be a secret by its form: a token or a private key.
pub(crate) fn token(text: &str) -> Option<usize> {
    // Most values are shorter than any token and than the first line of a key.
    if text.len() < TOKEN {
        return None;
    }
    let starts = TOKENS
        .split(' ')
        .flat_map(|prefix| text.match_indices(prefix));
    let is_token = |(at, prefix): &(usize, &str)| {
        let rest = &text[at + prefix.len()..];
        let secret = &rest[..rest.find(|c| !is_word(c)).unwrap_or(rest.len())];
        !text[..*at].ends_with(is_word)
            && secret.len() >= TOKEN
            && secret.contains(|c: char| c.is_ascii_digit())
    };
    let key = text
        .find("-----BEGIN")
        .filter(|at| text[*at..].contains("PRIVATE KEY"));
    starts.filter(is_token).map(|(at, _)| at).chain(key).min()
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

/// `--api-key`, `-token`, and the same with a typo.
fn is_secret_option(word: &str) -> bool {
    let name = word.trim_start_matches('-');
    let is_option = name.len() > 1 && name.len() < word.len();
    let is_near = |part: &str| part.len() > 3 && nearest(part, SECRET_OPTIONS).is_some();
    is_option && (is_secret_name(name) || parts(name).any(is_near))
}

/// Where the secret of a short option begins, if the option's word or the login's name ends at `at`: `-pX`, `-u
/// name:X`. A login in place of a port (`port: name:X`) counts too.
fn short_option(line: &str, at: usize, mark: char) -> Option<usize> {
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

/// The login before the last `@`: `user:password` of `http://user:password@host`.
fn login(line: &str) -> Option<Range<usize>> {
    // `@sha256:` begins the digest of an image.
    let is_login = |(at, _): &(usize, &str)| !line[at + 1..].starts_with("sha");
    let mut logins = line.match_indices('@').filter(is_login);
    let Some((first, _)) = logins.next() else {
        return cut_login(line).map(|start| start..line.len());
    };
    let end = logins.next_back().map_or(first, |(last, _)| last);
    let end = cut_login(&line[end..]).map_or(end, |_| line.len());
    let before = &line[..first];
    let after_mark = |marks: &[&str]| {
        let ends = marks
            .iter()
            .filter_map(|mark| Some(before.find(mark)? + mark.len()));
        ends.min()
    };
    // A password may hold any of these marks, so the first one counts.
    let start = after_mark(&["//"])
        .or_else(|| after_mark(&[": ", "=", "\"", "'"]))
        .or_else(|| after_mark(&["- "]));
    let mut start = start.unwrap_or(0);
    // Skip further keys on the line, up to the value.
    while let Some(key) = line[start..first].find(|c| !is_word(c) && c != '{' && c != ' ')
        && line[start + key..].starts_with(": ")
    {
        start += key + 2;
    }
    let value = line[start..first].trim_start_matches([' ', '"', '\'']);
    Some(first - value.len()..end)
}

/// Whether a text is only the name of a variable.
fn is_name(text: &str) -> bool {
    text.trim_end().chars().all(|c| is_word(c) || c == '.')
}

/// Where a login begins whose `@` is missing: `http://user:password`. After a host, the colon would be followed by
/// a number.
fn cut_login(line: &str) -> Option<usize> {
    line.match_indices("//").find_map(|(at, mark)| {
        let start = at + mark.len();
        let rest = &line[start..];
        let end = rest.find(['/', ' ', ',', '"', '\'']).unwrap_or(rest.len());
        let (host, port) = rest[..end].split_once(':')?;
        let is_port =
            port.bytes().all(|byte| byte.is_ascii_digit()) || port.starts_with(['$', '{']);
        (!host.starts_with('[') && !is_port).then_some(start)
    })
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
            ("- DB_PASSWORD=abc\n- A=b", "- DB_PASSWORD=***\n- A=*"),
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
            ("- X=http://a:b@c", "- X=************"),
            ("- x.sh http://a:b@c", "- x.sh http://***@c"),
            ("a: u:a@h1 v:b@h2", "a: **********@h2"),
            (
                "a: http://u:p@h1,http://u:q@h2",
                "a: http://*****************@h2",
            ),
            ("a: http://u:p", "a: http://***"),
            ("a: http://u@h //u:p b", "a: http://***********"),
            (
                "a: http://h:80/x http://[::1]:5/",
                "a: http://h:80/x http://[::1]:5/",
            ),
            ("a: http://u:p=\"q'@h", "a: http://*******@h"),
            (
                "environment:\n  - A=b c\n    d\n  - 'B=x'\n  - C\n  - d e\nports: [x]",
                "environment:\n  - A=***\n    *\n  - 'B=**\n  - C\n  *****\nports: [x]",
            ),
            (
                "environment:\n- A=b\nunknown: c",
                "environment:\n- A=*\nunknown: c",
            ),
            (
                "enviroment\n  A: 'b\nsecond: c\nports: d",
                "enviroment\n  A: **\n*********\nports: d",
            ),
            (
                "env: {A: b,\n  C: d}\napt: y",
                "env: ******\n  *****\napt: y",
            ),
            ("- x.sh --token a\n  b", "- x.sh --token *\n  *"),
            ("- x.sh --tokn=a --api-key b", "- x.sh --tokn=*************"),
            (
                "- x.sh -H 'Authorization: a'",
                "- x.sh -H 'Authorization: **",
            ),
            ("- x.sh -H 'X: Bearer a'", "- x.sh -H 'X: Bearer **"),
            ("- x.sh --path a --author b", "- x.sh --path a --author b"),
            ("{path: /etc/passwd, to: /b}", "{path: /etc/passwd, to: /b}"),
            (
                "{path: /etc/passwd, token: b}",
                "{path: /etc/passwd, token: **",
            ),
            (
                "- x.sh ghp_aaaaaaaaaaaaaaa1 b --token c\nd: sk-learn-of-words-that-go-on",
                "- x.sh ********************************\nd: sk-learn-of-words-that-go-on",
            ),
            ("- x.sh --tokené a", "- x.sh --tokené *"),
            ("# --token a\n  b: c", "# --token *\n  b: c"),
            (
                "path: a\nmonkey: b\npattern: c\nauthor: d\ncompany: e",
                "path: a\nmonkey: b\npattern: c\nauthor: d\ncompany: e",
            ),
            (
                "apiKey: a\nGH_PAT: b\nauth: c\nmyCred: d\nkey: e",
                "apiKey: *\nGH_PAT: *\nauth: *\nmyCred: *\nkey: *",
            ),
            ("base: a:1@sha256:0", "base: a:1@sha256:0"),
            ("name: x", "name: x"),
        ];
        check(&cases);
    }

    #[test]
    fn illegal_names_and_short_options_are_covered() {
        check(&[
            ("- x.sh -pabcd -u a", "- x.sh -p*********"),
            ("- x.sh -p 80 -u ann:ab", "- x.sh -p 80 -u ******"),
            ("- x.sh -u 10:10 -p8080", "- x.sh -u 10:10 -p8080"),
            ("port: 'a:b'\nports: [80]", "port: '****\nports: [80]"),
            (
                "ssh:\n  users:\n    me:ab:\n      uid: 5",
                "ssh:\n  users:\n    ******\n      uid: *",
            ),
            (
                "ssh:\n  users:\n    Ab: a\n    b: a",
                "ssh:\n  users:\n    *****\n    b: *",
            ),
            (
                "ssh:\n  host_port: 80:22\nssh: a",
                "ssh:\n  host_port: 80:22\nssh: *",
            ),
        ]);
    }

    fn check(cases: &[(&str, &str)]) {
        for &(text, expected) in cases {
            let source = SourceFile::new("config", text);
            assert_eq!(redact(&source), expected, "{text}");
        }
    }
}
