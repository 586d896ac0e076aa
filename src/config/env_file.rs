//! Reads the project's `.env` by the rules of Compose, which reads it too.
//!
//! A line is `NAME=value`, optionally after `export`. `#` begins a comment at the start of a line and after a
//! space. Text in single quotes is literal; in double quotes it may have escapes; in both it may span lines.
//! Outside single quotes, `$NAME`, `${NAME}` and `${NAME:-default}` are replaced. Other lines are ignored: Compose
//! reports them.

use std::collections::HashMap;

use crate::model::NameForm;

/// A variable's value.
#[derive(Debug)]
pub(super) struct Value {
    pub(super) text: String,
    /// Whether it may differ from the text after the `=`. For a password, the user probably did not mean that.
    pub(super) is_changed: bool,
}

/// The variables of the file. If a name occurs twice, the last one counts.
pub(super) fn parse(
    text: &str,
    environment: &dyn Fn(&str) -> Option<String>,
) -> HashMap<String, Value> {
    let mut variables: HashMap<String, Value> = HashMap::new();
    let mut rest = text.trim_start_matches('\u{feff}');
    while !rest.is_empty() {
        let line = rest.lines().next().unwrap_or_default();
        let Some((name, value)) = assignment(line) else {
            rest = after_line(rest);
            continue;
        };
        // Take the value as a slice of the rest, because it may span lines.
        let value = &rest[line.len() - value.len()..];
        let (typed, literal, after) = scan(value);
        rest = after_line(after);
        let is_changed = is_changed(value);
        let text = if literal {
            typed
        } else {
            let of_file = |name: &str| variables.get(name).map(|value| value.text.clone());
            replace(&typed, &|name| environment(name).or_else(|| of_file(name)))
        };
        variables.insert(name.to_owned(), Value { text, is_changed });
    }
    variables
}

/// Whether Compose and pei treat a part of a value as syntax.
fn is_changed(written: &str) -> bool {
    let line = written.lines().next().unwrap_or_default();
    // As in the config, a space after the `#` shows that a comment is meant.
    let line = line
        .split_once(" # ")
        .map_or(line, |(value, _)| value)
        .trim_end();
    let has_variable = line.contains('$') && !(line.starts_with("${") && line.ends_with('}'));
    match line.chars().next() {
        Some('"') if line.contains('\\') => false,
        Some(quote @ ('\'' | '"')) => {
            line[1..].find(quote).map(|at| at + 2) != Some(line.len())
                || quote == '"' && has_variable
        }
        _ => has_variable || line.starts_with('#') || line.contains(" #"),
    }
}

fn after_line(text: &str) -> &str {
    text.find('\n').map_or("", |at| &text[at + 1..])
}

/// The name and the text after the `=`, without the spaces before it.
fn assignment(line: &str) -> Option<(&str, &str)> {
    let line = line.trim_start();
    let line = line.strip_prefix("export ").map_or(line, str::trim_start);
    let (name, value) = line.split_once('=')?;
    let name = name.trim_end();
    let first = |c: char| c.is_ascii_alphabetic() || c == '_';
    let legal = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
    (name.starts_with(first) && name.chars().all(legal)).then(|| (name, value.trim_start()))
}

/// The value, whether it is literal, and the text after it.
fn scan(text: &str) -> (String, bool, &str) {
    if let Some(quoted) = text.strip_prefix('\'')
        && let Some(end) = quoted.find('\'')
    {
        return (quoted[..end].to_owned(), true, &quoted[end + 1..]);
    }
    if let Some(quoted) = text.strip_prefix('"')
        && let Some((value, after)) = double_quoted(quoted)
    {
        return (value, false, after);
    }
    let end = text.find('\n').unwrap_or(text.len());
    let line = &text[..end];
    let comment = [" #", "\t#"]
        .iter()
        .filter_map(|mark| line.find(mark))
        .min();
    let value = if line.starts_with('#') {
        ""
    } else {
        &line[..comment.unwrap_or(end)]
    };
    (value.trim_end().to_owned(), false, &text[end..])
}

/// The value up to the closing quote, with escapes replaced. `\$` is left for [`replace`].
fn double_quoted(text: &str) -> Option<(String, &str)> {
    let mut value = String::new();
    let mut characters = text.char_indices();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((value, &text[at + 1..])),
            '\\' => match characters.next()?.1 {
                'n' => value.push('\n'),
                'r' => value.push('\r'),
                't' => value.push('\t'),
                '$' => value.push_str("\\$"),
                other => value.push(other),
            },
            other => value.push(other),
        }
    }
    None
}

fn replace(text: &str, known: &dyn Fn(&str) -> Option<String>) -> String {
    let mut value = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        if let Some(before) = rest[..at].strip_suffix('\\') {
            value.push_str(before);
            value.push('$');
            rest = &rest[at + 1..];
            continue;
        }
        value.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (inner, end) = if let Some(inner) = after.strip_prefix('{') {
            inner
                .find('}')
                .map_or(("", 0), |end| (&inner[..end], end + 2))
        } else {
            let end = after.find(|c| !is_name(c)).unwrap_or(after.len());
            (&after[..end], end)
        };
        let (name, default) = inner
            .split_once(":-")
            .map_or((inner, None), |(name, d)| (name, Some(d)));
        if !NameForm::VARIABLE.fits(name) {
            value.push('$');
            rest = after;
            continue;
        }
        match (known(name), default) {
            (Some(text), None) => value.push_str(&text),
            (Some(text), Some(_)) if !text.is_empty() => value.push_str(&text),
            (_, default) => value.push_str(default.unwrap_or_default()),
        }
        rest = &after[end..];
    }
    value.push_str(rest);
    value
}

#[cfg(test)]
mod tests {
    use super::parse;

    #[test]
    fn lines_are_parsed_as_compose_does() {
        let environment = |name: &str| (name == "OUTER").then(|| "o".to_owned());
        let cases = [
            ("A=b", "b"),
            ("A = b c  # d", "b c"),
            ("A=b#c", "b#c"),
            ("A=#c", ""),
            ("export A=b\r", "b"),
            ("A='$x #y' # z", "$x #y"),
            ("A=\"b\\n\\\"c\\\" \\$d\"", "b\n\"c\" $d"),
            ("A='b\nc'\nB=d", "b\nc"),
            ("B=x\nA=$B-${B}-${OUTER}-${NONE:-d}-$$-$1", "x-x-o-d-$$-$1"),
            ("A=first\nA=second", "second"),
            ("# A=c\nnonsense\nA=", ""),
            ("A='open", "'open"),
        ];
        for (text, expected) in cases {
            assert_eq!(parse(text, &environment)["A"].text, expected, "{text}");
        }
    }

    #[test]
    fn a_value_that_differs_from_the_typed_text_is_marked() {
        let plain = [
            "A=b",
            "A='b$c#d' # e",
            "A=\"b\\$c\"",
            "A=\"b\"",
            "A=${B}",
            "A=b#c",
            "A=b # c",
            "A=b\n#c",
            "A=",
        ];
        let changed = [
            "A=b$C",
            "A=b$$c",
            "A=${b",
            "A=\"b$C\"",
            "A=b #c",
            "A=#b",
            "A='b",
            "A='",
            "A='b'c'",
        ];
        for text in plain.iter().chain(&changed) {
            let is_changed = parse(text, &|_| None)["A"].is_changed;
            assert_eq!(is_changed, changed.contains(text), "{text}");
        }
    }
}
