//! Rewrites the parser's errors about invalid YAML.

use granit_parser::{ErrorKind, ScanError};

use super::parse::too_deep;
use crate::diagnostic::{Code, Diagnostic};

/// The finding for a parser error.
pub(super) fn diagnostic(error: &ScanError, text: &str) -> Diagnostic {
    let at = error.marker().byte_offset().unwrap_or(text.len());
    let at = text.floor_char_boundary(at);
    let width = text[at..].chars().next().map_or(0, char::len_utf8);
    let span = at..at + width;
    match error.kind() {
        ErrorKind::RecursionLimitExceeded => too_deep(span),
        ErrorKind::TabNotAllowed
        | ErrorKind::TabInBlockIndentation
        | ErrorKind::TabInIndentation
        | ErrorKind::TabAtBlockScalarStart
        | ErrorKind::TabInPlainScalar => tab(at, text),
        _ if is_tab_indented(at, text) => tab(at, text),
        ErrorKind::UnexpectedCharacter { character } if character.is_control() => {
            let shown = character.escape_default();
            let message = format!("the control character `{shown}` is not allowed in YAML");
            Diagnostic::error(Code::ControlCharacter, span, message).help("remove it")
        }
        kind => {
            let mut diagnostic = Diagnostic::error(Code::YamlSyntax, span, message(kind));
            if let ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent = kind
                && let Some(quote) = open_quote(at, text)
            {
                diagnostic = diagnostic.also(quote..quote + 1, "opened here");
            }
            if text[at..].starts_with("? ") {
                return diagnostic.help("quote a text that begins with `? `");
            }
            let help = colon_help(kind, at, text).or_else(|| indentation_help(kind, at, text));
            if let Some(help) = help {
                return diagnostic.help(help);
            }
            match braces_help(at, text).or_else(|| general_help(kind)) {
                Some(help) => diagnostic.help(help),
                None => diagnostic,
            }
        }
    }
}

/// The position of a quote that begins a value on a line above and is not closed there.
fn open_quote(at: usize, text: &str) -> Option<usize> {
    let above = text[..line_start(at, text)].split_inclusive('\n').rev();
    let mut start = line_start(at, text);
    for line in above {
        start -= line.len();
        let mut quotes = line.match_indices(['"', '\'']);
        let begins_value = |at: usize| line[..at].trim_end().ends_with([':', '-', '[', '{', ',']);
        let open = quotes.find(|(at, quote)| {
            begins_value(*at)
                && line.matches(quote).count() % 2 == 1
                && !line[at + 1..].contains(quote)
        });
        if let Some((at, _)) = open {
            return Some(start + at);
        }
    }
    None
}

/// Help for `key:value`: YAML reads it as a text and then fails at the key on the next line.
fn colon_help(kind: &ErrorKind, at: usize, text: &str) -> Option<String> {
    if !matches!(
        kind,
        ErrorKind::MappingValueNotAllowed | ErrorKind::SimpleKeyExpected
    ) {
        return None;
    }
    let start = line_start(at, text);
    let before = text[..start].trim_end();
    let line = before.lines().count();
    let above = before.lines().last()?;
    let indent = |line: &str| line.len() - line.trim_start().len();
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if above.trim().chars().all(is_word) && indent(&text[start..]) > indent(above) {
        return Some(format!("line {line} lacks a colon at its end"));
    }
    let key = key_without_blank(above.trim())?;
    Some(format!(
        "line {line} lacks a space after its colon: write `{key}: …`"
    ))
}

/// Help for a line whose indentation lies between those of the lines above: it has a space too few or too many.
fn indentation_help(kind: &ErrorKind, at: usize, text: &str) -> Option<String> {
    use ErrorKind::{ExpectedBlockMappingKey, InvalidIndentation, MappingKeyNotAllowed};
    use ErrorKind::{ExpectedBlockSequenceEntry, SimpleKeyExpected};
    if !matches!(
        kind,
        ExpectedBlockMappingKey
            | ExpectedBlockSequenceEntry
            | InvalidIndentation
            | MappingKeyNotAllowed
            | SimpleKeyExpected
    ) {
        return None;
    }
    let indent = |line: &str| line.len() - line.trim_start_matches(' ').len();
    let start = line_start(at, text);
    let here = indent(&text[start..]);
    let mut next: Option<usize> = None;
    for line in text[..start].lines().rev() {
        if line.trim().is_empty() || line.trim_start().starts_with('#') {
            continue;
        }
        let column = indent(line);
        if column == here {
            return None;
        }
        if column < here {
            break;
        }
        next = Some(next.map_or(column, |next| next.min(column)));
    }
    let next = next?;
    let (line, before) = (text[..start].lines().count() + 1, next - here);
    let spaces = crate::diagnostic::count(before, "space");
    Some(format!(
        "check the indentation: line {line} is indented {spaces} less than the keys above it"
    ))
}

/// The key of a text of the form `key:value`. The value is not returned, because it may be a secret.
pub(crate) fn key_without_blank(text: &str) -> Option<&str> {
    let (key, value) = text.split_once(':')?;
    let is_word = |c: char| c.is_ascii_lowercase() || c == '_' || c.is_ascii_digit();
    let is_key = !key.is_empty() && key.chars().all(is_word);
    let is_value = value.starts_with(|c: char| !c.is_whitespace() && c != '/');
    (is_key && is_value).then_some(key)
}

/// Help for an unquoted variable or marker: YAML reads its brace as the start of a mapping.
fn braces_help(at: usize, text: &str) -> Option<&'static str> {
    let line = text[line_start(at, text)..].lines().next()?;
    (line.contains("${") || line.contains("{{"))
        .then_some("quote a text that holds `${…}` or `{{…}}`: YAML takes the brace for a mapping")
}

fn line_start(at: usize, text: &str) -> usize {
    text[..at].rfind('\n').map_or(0, |end| end + 1)
}

/// Whether a tab in the indentation caused the error, whatever the parser reports.
fn is_tab_indented(at: usize, text: &str) -> bool {
    let line = &text[line_start(at, text)..];
    let indent = line.split(|c| c != ' ' && c != '\t').next();
    indent.is_some_and(|indent| indent.contains('\t'))
}

fn tab(at: usize, text: &str) -> Diagnostic {
    let start = line_start(at, text);
    let tab = text[start..].find('\t').map_or(at, |offset| start + offset);
    Diagnostic::error(
        Code::TabIndentation,
        tab..tab + 1,
        "YAML cannot be indented with tabs",
    )
    .label("a tab")
    .help("use spaces; most editors can turn tabs into spaces")
}

/// The parser's message without details of its own work.
fn message(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::UnclosedQuotedScalar => "this quoted text is not closed".into(),
        ErrorKind::InvalidQuotedScalarIndent => {
            "a quoted text before this is not closed, or its next line is not indented enough"
                .into()
        }
        ErrorKind::UnclosedFlowCollection { open } => format!("this `{open}` is not closed"),
        ErrorKind::MappingValueNotAllowed => "a `: ` is not allowed here".into(),
        ErrorKind::UnexpectedCharacter { character } => {
            format!("a text cannot begin with `{}`", character.escape_default())
        }
        ErrorKind::ExpectedBlockMappingKey => "expected a key here".into(),
        ErrorKind::ExpectedBlockSequenceEntry => "expected an entry with `- ` here".into(),
        ErrorKind::SimpleKeyExpected => "expected a `:` after this key".into(),
        kind => {
            let text = kind.to_string();
            let text = text.rsplit_once(", ").map_or(text.as_str(), |(_, end)| end);
            let mut letters = text.chars();
            let first = letters.next().map(char::to_lowercase);
            let text: String = first.into_iter().flatten().chain(letters).collect();
            format!("this is not YAML: {text}")
        }
    }
}

fn general_help(kind: &ErrorKind) -> Option<&'static str> {
    Some(match kind {
        ErrorKind::MappingValueNotAllowed => {
            "quote a text that holds `: `, or check the indentation of this line"
        }
        ErrorKind::UnexpectedCharacter { .. } => "quote the text",
        ErrorKind::UnclosedQuotedScalar | ErrorKind::InvalidQuotedScalarIndent => {
            "add the closing quote"
        }
        ErrorKind::UnclosedFlowCollection { .. }
        | ErrorKind::UnexpectedEofFlowSequence
        | ErrorKind::UnexpectedEofFlowMapping
        | ErrorKind::ExpectedFlowMappingSeparator
        | ErrorKind::ExpectedFlowSequenceSeparator => "add the closing bracket or the comma",
        ErrorKind::ExpectedBlockMappingKey
        | ErrorKind::ExpectedBlockSequenceEntry
        | ErrorKind::SimpleKeyExpected
        | ErrorKind::InvalidIndentation
        | ErrorKind::MappingKeyNotAllowed => {
            "check the indentation: keys of one mapping begin in one column"
        }
        ErrorKind::InvalidTrailingSingleQuotedScalar => {
            "the text ends at its second `'`: write `''` for a `'` in single quotes, or put all of the text in quotes"
        }
        ErrorKind::InvalidTrailingDoubleQuotedScalar => {
            "the text ends at its second `\"`: write `\\\"` for a `\"` in double quotes, or put all of the text in quotes"
        }
        ErrorKind::InvalidBlockScalarHeader => {
            "quote a text that begins with `>` or `|`: YAML takes the lines below for the text"
        }
        ErrorKind::BlockSequenceEntryNotAllowed => {
            "write each `- ` on a separate line; quote a text that begins with `- `"
        }
        ErrorKind::UnknownQuotedScalarEscape | ErrorKind::InvalidQuotedScalarHexEscape => {
            "write `\\\\` for a backslash in double quotes, or use single quotes"
        }
        _ => return None,
    })
}
