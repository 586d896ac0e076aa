//! Logins in URLs: `http://user:password@host`, and the same without its `@`.

use std::ops::Range;

use super::is_word;

/// The login before the last `@`: `user:password` of `http://user:password@host`.
pub(super) fn login(line: &str) -> Option<Range<usize>> {
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
