//! The first word of a hook entry: the script.
//!
//! It is read by the shell's rules for quotes, but never executed: `$` and backticks are literal.

use super::arguments::{Problem, UNBALANCED_HELP, operator};
use crate::diagnostic::Code;

/// The script without its quotes, and the text after it.
pub(super) fn split(text: &str) -> Result<(String, &str), Problem> {
    let mut word = String::new();
    let mut rest = text.char_indices();
    while let Some((at, character)) = rest.next() {
        match character {
            ' ' | '\t' | '\n' => return Ok((word, &text[at..])),
            '\'' => loop {
                match rest.next() {
                    Some((_, '\'')) => break,
                    Some((_, other)) => word.push(other),
                    None => return Err(unbalanced(at, "'")),
                }
            },
            '"' => double_quoted(&mut rest, &mut word).ok_or_else(|| unbalanced(at, "\""))?,
            '\\' => match rest.next() {
                Some((_, escaped)) => word.push(escaped),
                None => return Err(unbalanced(at, "\\")),
            },
            '#' if at == 0 => {
                return Err(Problem {
                    code: Code::InvalidHook,
                    message: "this entry is a comment to the shell and names no script".into(),
                    help: "remove the entry, or quote the script's name",
                    at,
                });
            }
            other => {
                if let Some(problem) = operator(at, other) {
                    return Err(problem);
                }
                word.push(other);
            }
        }
    }
    Ok((word, ""))
}

/// The text without leading and trailing whitespace, as a shell defines it. A space after a backslash belongs to
/// the last word.
pub(super) fn trimmed(text: &str) -> &str {
    let blanks = [' ', '\t', '\n'];
    let text = text.trim_start_matches(blanks);
    let end = text.trim_end_matches(blanks).len();
    let backslashes = text[..end].bytes().rev().take_while(|byte| *byte == b'\\');
    let escaped = backslashes.count() % 2;
    &text[..text.len().min(end + escaped)]
}

/// In double quotes, a backslash only escapes characters that have a meaning there.
fn double_quoted(rest: &mut std::str::CharIndices<'_>, word: &mut String) -> Option<()> {
    loop {
        match rest.next()?.1 {
            '"' => return Some(()),
            '\\' => match rest.next()?.1 {
                escaped @ ('$' | '`' | '"' | '\\') => word.push(escaped),
                '\n' => {}
                other => word.extend(['\\', other]),
            },
            other => word.push(other),
        }
    }
}

fn unbalanced(at: usize, open: &str) -> Problem {
    let message = if open == "\\" {
        "a `\\` at the end escapes nothing".to_owned()
    } else {
        format!("this {open} is not closed")
    };
    Problem {
        code: Code::UnbalancedQuotes,
        message,
        help: UNBALANCED_HELP,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_escaped_space_at_the_end_belongs_to_the_last_word() {
        for (text, expected) in [
            (" a b\t\n", "a b"),
            ("a\\ ", "a\\ "),
            ("a\\   ", "a\\ "),
            ("a\\\\ ", "a\\\\"),
            ("a\\", "a\\"),
            // A shell does not split words at these spaces.
            ("\u{a0}a\u{3000}", "\u{a0}a\u{3000}"),
            (" ", ""),
        ] {
            assert_eq!(trimmed(text), expected, "{text:?}");
        }
    }

    #[test]
    fn the_first_word_is_read_as_a_shell_quotes() {
        let cases = [
            ("a/b.sh", "a/b.sh", ""),
            ("a.sh  --x 'y z'", "a.sh", "  --x 'y z'"),
            ("'my script.sh' 1", "my script.sh", " 1"),
            ("my\\ script.sh 1", "my script.sh", " 1"),
            ("\"a b\"c.sh\t1", "a bc.sh", "\t1"),
            ("\"a\\\"b\\c\" 1", "a\"b\\c", " 1"),
            ("$HOME/`x`.sh 1", "$HOME/`x`.sh", " 1"),
            ("'' x", "", " x"),
        ];
        for (text, word, rest) in cases {
            let found = split(text).map_err(|problem| problem.message).unwrap();
            assert_eq!(found, (word.to_owned(), rest), "{text}");
        }
        for text in ["'a", "\"a", "a\\", "# a", "a;b", "a&", "(a)", "a>b"] {
            assert!(split(text).is_err(), "{text}");
        }
    }
}
