//! Times as text.

/// The seconds since 1970 of a time such as `2026-11-28T01:43:49.05Z` or `…+08:00`.
pub(crate) fn seconds(time: &str) -> Option<u64> {
    let field = |range: std::ops::Range<usize>| time.get(range)?.parse::<i64>().ok();
    let (year, month, day) = (field(0..4)?, field(5..7)?, field(8..10)?);
    let (hour, minute, second) = (field(11..13)?, field(14..16)?, field(17..19)?);
    let zone = time
        .get(19..)?
        .trim_start_matches(|c: char| c == '.' || c.is_ascii_digit());
    let part = |range: std::ops::Range<usize>| zone.get(range)?.parse::<i64>().ok();
    let offset = match zone.get(..1)? {
        "Z" => 0,
        "+" => part(1..3)? * 3600 + part(4..6)? * 60,
        "-" => -(part(1..3)? * 3600 + part(4..6)? * 60),
        _ => return None,
    };
    // Years that begin in March have the leap day at their end.
    let (year, month) = if month > 2 {
        (year, month - 3)
    } else {
        (year - 1, month + 9)
    };
    let days =
        365 * year + year / 4 - year / 100 + year / 400 + (153 * month + 2) / 5 + day - 719_469;
    u64::try_from(days * 86_400 + hour * 3600 + minute * 60 + second - offset).ok()
}

/// Such a time of so many seconds since 1970, without a part of a second.
pub(crate) fn text(seconds: u64) -> String {
    let (day, second) = (seconds / 86_400 + 719_468, seconds % 86_400);
    // Periods of 400 years that begin on the first of March, as above.
    let (period, day) = (day / 146_097, day % 146_097);
    let year = (day - day / 1460 + day / 36_524 - day / 146_096) / 365;
    let day = day - (365 * year + year / 4 - year / 100);
    let month = (5 * day + 2) / 153;
    let (day, year) = (day - (153 * month + 2) / 5 + 1, period * 400 + year);
    let (month, year) = if month < 10 {
        (month + 3, year)
    } else {
        (month - 9, year + 1)
    };
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}Z")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_with_their_zone() {
        assert_eq!(seconds("1970-01-01T00:00:00Z"), Some(0));
        assert_eq!(seconds("2000-03-01T00:00:00.5Z"), Some(951_868_800));
        assert_eq!(
            seconds("2024-02-29T08:00:01.123456789+08:00"),
            Some(1_709_164_801)
        );
        assert_eq!(seconds("2024-02-28T19:00:01-05:00"), Some(1_709_164_801));
        assert_eq!(seconds("yesterday"), None);
    }

    #[test]
    fn a_time_reads_back_as_it_was_written() {
        assert_eq!(text(0), "1970-01-01T00:00:00Z");
        assert_eq!(text(951_782_399), "2000-02-28T23:59:59Z");
        for day in 0..60_000 {
            let time = day * 86_400 + day % 86_400;
            assert_eq!(seconds(&text(time)), Some(time));
        }
    }
}
