//! Formats lists, counts and user text the same way in every message.

/// Longer user text is cut, in characters, so that one long value does not fill the message.
const QUOTED_MAX: usize = 80;

/// `1 error`, `2 errors`.
pub fn count(number: usize, noun: &str) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} {noun}{plural}")
}

/// `` `a`, `b` or `c` ``, where `joint` is the last separator.
pub fn list<S: AsRef<str>>(items: &[S], joint: &str) -> String {
    let items: Vec<String> = items.iter().map(|item| quoted(item.as_ref())).collect();
    match items.as_slice() {
        [] => String::new(),
        [one] => one.clone(),
        [head @ .., last] => format!("{} {joint} {last}", head.join(", ")),
    }
}

/// User text in backticks. Control characters are escaped, because a terminal would interpret them, and long text
/// is cut.
pub fn quoted(text: &str) -> String {
    let mut shown = String::from("`");
    for (place, character) in text.chars().enumerate() {
        if place == QUOTED_MAX {
            shown.push('…');
            break;
        }
        if is_harmful(character) {
            shown.extend(character.escape_default());
        } else {
            shown.push(character);
        }
    }
    shown.push('`');
    shown
}

/// Text with everything escaped that a terminal would interpret, including line breaks.
pub fn escaped(text: &str) -> String {
    let spelled = |c: char| -> String {
        if is_harmful(c) {
            c.escape_default().collect()
        } else {
            c.into()
        }
    };
    text.chars().map(spelled).collect()
}

/// A message without the text that it quotes. The first and the last backtick count, because the quoted text may
/// hold backticks.
pub(crate) fn without_quoted(message: &str) -> String {
    match (message.find('`'), message.rfind('`')) {
        (Some(first), Some(last)) if first < last => {
            format!("{}`…`{}", &message[..first], &message[last + 1..])
        }
        _ => message.to_owned(),
    }
}

/// The text without those of its quotes that contain a quote of `other`.
pub(crate) fn without_quotes_of(text: &str, other: &str) -> String {
    let quotes = other.split('`').skip(1).step_by(2);
    let repeats = |part: &str| quotes.clone().any(|quote| part.contains(quote));
    let parts = text.split('`').enumerate();
    let parts = parts.map(|(place, part)| {
        let is_quote = place % 2 == 1;
        if is_quote && repeats(part) {
            "…"
        } else {
            part
        }
    });
    parts.collect::<Vec<_>>().join("`")
}

/// Whether a terminal would interpret a character, or whether it reorders or hides the text around it.
pub fn is_harmful(character: char) -> bool {
    character.is_control()
        || matches!(character, '\u{061c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{2069}' | '\u{feff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_end_in_the_joint() {
        assert_eq!(list::<&str>(&[], "or"), "");
        assert_eq!(list(&["a"], "or"), "`a`");
        assert_eq!(list(&["a", "b"], "and"), "`a` and `b`");
        assert_eq!(list(&["a", "b", "c"], "or"), "`a`, `b` or `c`");
    }

    #[test]
    fn counts_have_a_plural() {
        assert_eq!(count(0, "error"), "0 errors");
        assert_eq!(count(1, "error"), "1 error");
    }

    #[test]
    fn user_text_is_escaped_for_the_terminal() {
        assert_eq!(quoted("a\u{1b}[31m\u{202e}"), "`a\\u{1b}[31m\\u{202e}`");
        assert!(quoted(&"x".repeat(500)).chars().count() < 100);
    }
}
