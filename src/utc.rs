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
}
