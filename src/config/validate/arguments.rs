//! The argument text of a hook entry, as the shell will read it.
//!
//! The text reaches a script through `eval "set -- $arguments"`. It must therefore be
//! words and nothing else: what would end the command or start another is refused, and
//! what opens must close. Substitutions may hold any command, for they run in order to
//! give words; in them only the balance is checked.

use crate::diagnostic::{Code, quoted};

/// What is wrong with a text, and where.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// Byte offset into the text.
    pub(super) at: usize,
}

pub(super) const UNBALANCED_HELP: &str =
    "close it, or escape the character with `\\` or in quotes of the other kind";

/// Substitutions within substitutions; people write two.
const DEPTH: usize = 50;

/// Everything that is wrong with an argument text: at most one error, and a warning
/// for a comment.
pub(super) fn check(text: &str) -> Vec<Problem> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        depth: 0,
        comment: None,
    };
    let error = lexer.words(0, End::OfText).err();
    let comment = lexer.comment.map(|at| Problem {
        code: Code::HookComment,
        message: "the shell takes what follows this `#` for a comment".into(),
        help: "quote the `#` if the script shall get it",
        at,
    });
    comment.into_iter().chain(error).collect()
}

/// A path or variable that names what exists only at run time.
pub(super) fn run_time_path(text: &str) -> Option<&str> {
    for path in ["/soft/", "/hard/volume/"] {
        for (at, found) in text.match_indices(path) {
            // `/opt/soft/x` is another folder.
            let inside = |c: char| c.is_alphanumeric() || "._-}".contains(c);
            if !text[..at].ends_with(inside) {
                return Some(found);
            }
        }
    }
    for variable in ["PEI_SOFT_", "PEI_PATH_SOFT"] {
        for (at, _) in text.match_indices(variable) {
            let start = match &text[..at] {
                before if before.ends_with("${") => at - 2,
                before if before.ends_with('$') => at - 1,
                _ => continue,
            };
            let name = |c: char| c.is_ascii_alphanumeric() || c == '_';
            let end = text[at..].find(|c| !name(c)).map_or(text.len(), |n| at + n);
            let is_whole = variable.ends_with('_') || &text[at..end] == variable;
            let braced = text[start..].starts_with("${") && text[end..].starts_with('}');
            if is_whole {
                return Some(&text[start..end + usize::from(braced)]);
            }
        }
    }
    None
}

/// The problem of a character that the shell does not take for a part of a word.
pub(super) fn operator(at: usize, character: char) -> Option<Problem> {
    let shown = match character {
        ';' | '&' | '|' | '<' | '>' | '(' | ')' => quoted(&character.to_string()),
        '\n' => "line break".to_owned(),
        _ => return None,
    };
    Some(Problem {
        code: Code::UnquotedOperator,
        message: format!("an unquoted {shown} would end the hook's arguments"),
        help: "quote it: an entry is a script and its arguments, and nothing else runs",
        at,
    })
}

/// What ends a run of words.
#[derive(Clone, Copy, PartialEq, Eq)]
enum End {
    OfText,
    /// `)` of `$(`.
    Parenthesis,
    /// `))` of `$((`, where `#` is no comment.
    Arithmetic,
    /// `]` of `$[`, an older spelling of `$((`.
    Bracket,
    /// `}` of `${`.
    Brace,
    /// The end of a text within backticks, which may hold operators.
    OfCommand,
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    depth: usize,
    comment: Option<usize>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    /// Reads up to the end that fits what was opened at `open`.
    fn words(&mut self, open: usize, end: End) -> Result<(), Problem> {
        let mut at_word_start = true;
        while let Some(byte) = self.peek(0) {
            let begins_word = at_word_start;
            at_word_start = matches!(byte, b' ' | b'\t' | b'\n');
            match byte {
                b')' if matches!(end, End::Parenthesis | End::Arithmetic) => {
                    self.at += 1;
                    return Ok(());
                }
                b'}' if end == End::Brace => {
                    self.at += 1;
                    return Ok(());
                }
                b']' if end == End::Bracket => {
                    self.at += 1;
                    return Ok(());
                }
                b'[' if end == End::Bracket => self.nested(end)?,
                b'#' if begins_word
                    && !matches!(end, End::Arithmetic | End::Bracket | End::Brace) =>
                {
                    self.comment(end);
                }
                b'(' if matches!(end, End::Parenthesis | End::Arithmetic) => {
                    self.nested(end)?;
                }
                b';' | b'&' | b'|' | b'<' | b'>' | b'(' | b')' | b'\n' => {
                    if end == End::OfText
                        && let Some(problem) = operator(self.at, char::from(byte))
                    {
                        return Err(problem);
                    }
                    at_word_start = true;
                    self.at += 1;
                }
                _ => self.piece(byte)?,
            }
        }
        match end {
            End::OfText | End::OfCommand => Ok(()),
            End::Brace => Err(unclosed(open, "${")),
            End::Bracket => Err(unclosed(open, "$[")),
            End::Parenthesis | End::Arithmetic => Err(unclosed(open, "$(")),
        }
    }

    /// A character of a word, with what it quotes or opens.
    fn piece(&mut self, byte: u8) -> Result<(), Problem> {
        let open = self.at;
        match byte {
            b'\\' if self.peek(1).is_none() => Err(Problem {
                code: Code::UnbalancedQuotes,
                message: "a `\\` at the end escapes nothing".into(),
                help: UNBALANCED_HELP,
                at: open,
            }),
            b'\\' => {
                self.at += 2;
                Ok(())
            }
            b'\'' => self.single_quoted(open),
            b'"' => self.double_quoted(open),
            b'`' => self.backticks(open),
            b'$' => match self.peek(1) {
                Some(b'\'') => self.ansi_c(open),
                Some(b'(' | b'{' | b'[') => self.substitution(open),
                _ => {
                    self.at += 1;
                    Ok(())
                }
            },
            _ => {
                self.at += 1;
                Ok(())
            }
        }
    }

    /// A comment ends with its line; one at the top ends the arguments.
    fn comment(&mut self, end: End) {
        if end == End::OfText {
            self.comment.get_or_insert(self.at);
        }
        while self.peek(0).is_some_and(|byte| byte != b'\n') {
            self.at += 1;
        }
    }

    /// A parenthesis within a substitution.
    fn nested(&mut self, end: End) -> Result<(), Problem> {
        let open = self.at;
        self.at += 1;
        self.deeper(open, end)
    }

    /// `$(…)`, `$((…))`, `$[…]` or `${…}`.
    fn substitution(&mut self, open: usize) -> Result<(), Problem> {
        let end = match (self.peek(1), self.peek(2)) {
            (Some(b'{'), _) => End::Brace,
            (Some(b'['), _) => End::Bracket,
            (_, Some(b'(')) => End::Arithmetic,
            _ => End::Parenthesis,
        };
        self.at += 2;
        self.deeper(open, end)
    }

    fn deeper(&mut self, open: usize, end: End) -> Result<(), Problem> {
        if self.depth == DEPTH {
            return Err(Problem {
                code: Code::UnbalancedQuotes,
                message: format!("more than {DEPTH} substitutions are nested in each other"),
                help: "move the command into a script",
                at: open,
            });
        }
        self.depth += 1;
        let outcome = self.words(open, end);
        self.depth -= 1;
        outcome
    }

    fn single_quoted(&mut self, open: usize) -> Result<(), Problem> {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            self.at += 1;
            if byte == b'\'' {
                return Ok(());
            }
        }
        Err(unclosed(open, "'"))
    }

    /// `$'…'`, where a backslash escapes the quote.
    fn ansi_c(&mut self, open: usize) -> Result<(), Problem> {
        self.at += 2;
        while let Some(byte) = self.peek(0) {
            self.at += if byte == b'\\' { 2 } else { 1 };
            if byte == b'\'' {
                return Ok(());
            }
        }
        Err(unclosed(open, "$'"))
    }

    fn double_quoted(&mut self, open: usize) -> Result<(), Problem> {
        self.at += 1;
        while let Some(byte) = self.peek(0) {
            match byte {
                b'"' => {
                    self.at += 1;
                    return Ok(());
                }
                b'\\' => self.at += 2,
                b'`' => self.backticks(self.at)?,
                b'$' if matches!(self.peek(1), Some(b'(' | b'{' | b'[')) => {
                    self.substitution(self.at)?;
                }
                _ => self.at += 1,
            }
        }
        Err(unclosed(open, "\""))
    }

    /// A backslash keeps a backtick from closing; what is between is a command of its own.
    fn backticks(&mut self, open: usize) -> Result<(), Problem> {
        self.at += 1;
        let mut command = Vec::new();
        loop {
            match (self.peek(0), self.peek(1)) {
                (None, _) => return Err(unclosed(open, "`` ` ``")),
                (Some(b'`'), _) => {
                    self.at += 1;
                    break;
                }
                (Some(b'\\'), Some(escaped @ (b'`' | b'\\' | b'$'))) => {
                    command.push(escaped);
                    self.at += 2;
                }
                (Some(byte), _) => {
                    command.push(byte);
                    self.at += 1;
                }
            }
        }
        let mut inner = Lexer {
            bytes: &command,
            at: 0,
            depth: self.depth,
            comment: None,
        };
        inner.deeper(0, End::OfCommand).map_err(|problem| Problem {
            at: open,
            ..problem
        })
    }
}

fn unclosed(at: usize, open: &str) -> Problem {
    Problem {
        code: Code::UnbalancedQuotes,
        message: format!("this {open} is not closed"),
        help: UNBALANCED_HELP,
        at,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn verdict(text: &str) -> Vec<&'static str> {
        check(text)
            .into_iter()
            .map(|problem| problem.code.name())
            .collect()
    }

    #[test]
    fn words_and_substitutions_pass() {
        for text in [
            "",
            "--a=1 --b=\"two words\"",
            "'single $X' \"it's\" a\\'b",
            "$HOME $(date +%s) `id -u`",
            "$(a | b; c && (d) > /dev/null)",
            "\"$(echo \"x y\")\" \"`echo 'x'`\"",
            "$((1 + (2 # 3)))",
            "$[1 + a[2] # 3] \"$[4]\" a[5",
            "$'it\\'s' x#y ${Z:-'a b'}",
            "';' \"&\" \\| '<>' \"()\"",
            "`echo \\`id\\``",
            "ü'é'ß",
        ] {
            assert_eq!(verdict(text), Vec::<&str>::new(), "{text}");
        }
    }

    #[test]
    fn what_is_not_words_is_refused() {
        let cases = [
            ("a; rm -rf x", "unquoted-operator"),
            ("a & b", "unquoted-operator"),
            ("a | b", "unquoted-operator"),
            ("> x", "unquoted-operator"),
            ("<(x)", "unquoted-operator"),
            (")", "unquoted-operator"),
            ("a\nb", "unquoted-operator"),
            ("'a", "unbalanced-quotes"),
            ("\"a", "unbalanced-quotes"),
            ("a\\", "unbalanced-quotes"),
            ("$(a", "unbalanced-quotes"),
            ("\"$(a\"", "unbalanced-quotes"),
            ("`a", "unbalanced-quotes"),
            ("`'`", "unbalanced-quotes"),
            ("$(')", "unbalanced-quotes"),
            ("$'a\\'", "unbalanced-quotes"),
            ("${a", "unbalanced-quotes"),
            ("$[a[1]", "unbalanced-quotes"),
            ("\"$[1\"", "unbalanced-quotes"),
            ("a # b", "hook-comment"),
        ];
        for (text, code) in cases {
            assert_eq!(verdict(text), [code], "{text}");
        }
        assert_eq!(verdict(&"$(".repeat(100_000)), ["unbalanced-quotes"]);
    }

    #[test]
    fn run_time_paths_are_found_where_they_begin() {
        for (text, found) in [
            ("--dir=/soft/app", Some("/soft/")),
            ("\"/hard/volume/data\"", Some("/hard/volume/")),
            ("$PEI_SOFT_DATA/x", Some("$PEI_SOFT_DATA")),
            ("${PEI_PATH_SOFT}/x", Some("${PEI_PATH_SOFT}")),
            ("/opt/soft/x stage-2/soft/y", None),
            ("PEI_SOFT_X $PEI_PATH_SOFTWARE", None),
            ("/hard/image/app /software", None),
        ] {
            assert_eq!(run_time_path(text), found, "{text}");
        }
    }
}
