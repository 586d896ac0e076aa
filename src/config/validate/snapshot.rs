//! `apt.snapshot` and `apt.snapshot_url`.

use std::time::{SystemTime, UNIX_EPOCH};

use crate::config::read::{Context, Field, Place, Read};
use crate::diagnostic::{Code, quoted};
use crate::model::Snapshot;
use crate::utc;

/// Reads both keys. The source is `apt.repo_source`, if it is not the base's own.
pub(super) fn read(
    cx: &mut Context<'_>,
    (time_field, url_field): (Option<Field<'_>>, Option<Field<'_>>),
    source: Option<Field<'_>>,
    at: &Place<'_>,
) -> Option<Snapshot> {
    let time = time(cx, time_field, at);
    let url = url(cx, url_field, at);
    match (&time, &url, time_field, url_field) {
        (Ok(None), Ok(Some(_)), _, Some(field)) => {
            let message = "`snapshot_url` has no effect without `snapshot`";
            let here = field.place(at);
            let diagnostic = here.error(Code::MissingKey, field.key_span.clone(), message);
            cx.report(diagnostic.help("add `snapshot` with the time, or remove `snapshot_url`"));
        }
        (Ok(Some(_)), Ok(None), Some(field), _) => {
            if let Some(source) = source {
                let message = "the snapshot would replace `repo_source`";
                let here = field.place(at);
                let diagnostic = here.error(Code::ConflictingKeys, field.key_span.clone(), message);
                let diagnostic = diagnostic.also(source.key_span.clone(), "this source");
                cx.report(diagnostic.help(
                    "add `snapshot_url` with a server that has the snapshots, or remove `repo_source`",
                ));
            }
        }
        _ => {}
    }
    Some(Snapshot {
        time: time.ok()??,
        url: url.ok()?,
    })
}

fn time(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<String> {
    let Some(text) = cx.text(field, at)? else {
        return Ok(None);
    };
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let (message, help) = match seconds(&text) {
        None => (
            format!("{} is no time of a snapshot", quoted(&text)),
            "write it in UTC as `YYYYMMDDTHHMMSSZ`, such as `20250601T000000Z`",
        ),
        Some(then) if now.is_ok_and(|now| then > now.as_secs()) => (
            format!("the snapshot {} is in the future", quoted(&text)),
            "choose a time that has passed, in UTC; or set the clock of this machine",
        ),
        Some(_) => return Ok(Some(text)),
    };
    Err(cx.bad_value(field, at, Code::InvalidSnapshot, message, help))
}

/// The seconds since 1970 of a time such as `20250601T000000Z`.
fn seconds(text: &str) -> Option<u64> {
    let (date, time) = text.strip_suffix('Z')?.split_once('T')?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if date.len() != 8 || time.len() != 6 || !digits(date) || !digits(time) {
        return None;
    }
    let (year, month, day) = (&date[..4], &date[4..6], &date[6..]);
    let (hour, minute, second) = (&time[..2], &time[2..4], &time[4..]);
    let is_time = ("01"..="12").contains(&month)
        && ("01"..="31").contains(&day)
        && hour < "24"
        && minute < "60"
        && second < "60";
    let text = format!("{year}-{month}-{day}T{hour}:{minute}:{second}Z");
    utc::seconds(&text).filter(|_| is_time)
}

/// Reads the server. It becomes a part of apt's sources, in which a space or a bracket would begin something else.
fn url(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<String> {
    let Some(text) = cx.text(field, at)? else {
        return Ok(None);
    };
    let rest = ["http://", "https://"]
        .iter()
        .find_map(|scheme| text.strip_prefix(scheme));
    // The text is not shown: a login may be in it.
    let (message, help) = match rest {
        Some(rest) if rest.contains('@') => (
            "the URL of the snapshots holds a login",
            "leave it out: everybody could read it in the image",
        ),
        Some(rest) if is_place(rest) => return Ok(Some(text.trim_end_matches('/').to_owned())),
        _ => (
            "the URL of the snapshots is no http or https URL",
            "write `http://HOST[:PORT]/PATH`, such as `http://snapshot.debian.org/archive`",
        ),
    };
    Err(cx.bad_value(field, at, Code::InvalidSnapshot, message.to_owned(), help))
}

/// Whether a text is a host, maybe with a port and a path.
fn is_place(text: &str) -> bool {
    let legal = |c: char| c.is_ascii_alphanumeric() || "-._~:/%+".contains(c);
    text.starts_with(|c: char| c.is_ascii_alphanumeric()) && text.chars().all(legal)
}

#[cfg(test)]
mod tests {
    use super::seconds;

    #[test]
    fn a_time_has_one_form() {
        assert_eq!(seconds("20000301T000000Z"), Some(951_868_800));
        for text in [
            "",
            "Z",
            "20000301",
            "20000301T000000",
            "2000-03-01T00:00:00Z",
            "20001301T000000Z",
            "20000300T000000Z",
            "20000301T240000Z",
            "20000301T006000Z",
            "2000030½T00000Z",
            "20000301T0000 0Z",
        ] {
            assert_eq!(seconds(text), None, "{text}");
        }
    }
}
