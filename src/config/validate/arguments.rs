//! Checks the argument text of a hook entry, as a shell will read it.
//!
//! The text reaches a script through `eval "set -- $arguments"`, so it may only hold words. What would end the
//! command or start another one is refused, and every quote and bracket must be closed. A substitution may hold any
//! command, because its output becomes words; there only the brackets and quotes are checked.

use crate::diagnostic::{Code, quoted};

/// A problem with a text, and its position.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Problem {
    pub(super) code: Code,
    pub(super) message: String,
    pub(super) help: &'static str,
    /// Byte offset in the text.
    pub(super) at: usize,
}

pub(super) const UNBALANCED_HELP: &str =
    "close it, or escape the character with `\\` or in quotes of the other kind";

/// All problems of an argument text: at most one error, and a warning for a comment.
pub(super) fn check(text: &str) -> Vec<Problem> {
    let mut lexer = Lexer {
        bytes: text.as_bytes(),
        at: 0,
        open: Vec::new(),
        in_backticks: false,
        comment: None,
    };
    let error = lexer.words().err();
    let comment = lexer.comment.map(|at| Problem {
        code: Code::HookComment,
        message: "the shell takes what follows this `#` for a comment".into(),
        help: "quote the `#` if it is part of an argument",
        at,
    });
    comment.into_iter().chain(error).collect()
}

/// A path or variable in the text that exists only in a running container.
pub(super) fn run_time_path(text: &str) -> Option<&str> {
    for path in ["/soft/", "/hard/volume/"] {
        for (at, found) in text.match_indices(path) {
            // `/opt/soft/x` is another directory.
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

/// The problem with a character that ends a word for the shell and is not a space.
pub(super) fn operator(at: usize, character: char) -> Option<Problem> {
    let shown = match character {
        ';' | '&' | '|' | '<' | '>' | '(' | ')' => quoted(&character.to_string()),
        '\n' => "line break".to_owned(),
        _ => return None,
    };
    Some(Problem {
        code: Code::UnquotedOperator,
        message: format!("an unquoted {shown} would end the hook's arguments"),
        help: "quote it, or put the whole line into a script: an entry is one script and its arguments",
        at,
    })
}

/// An open bracket or quote. It decides what is allowed inside and what closes it.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Open {
    /// `$(`, or a parenthesis inside it. In `$((`, a `#` does not begin a comment.
    Parenthesis { comments: bool },
    /// `$[`, an older form of `$((`, or a bracket inside it.
    Bracket,
    /// `${`
    Brace,
    /// `"`
    Quote,
    /// A backtick. The next one without a backslash before it closes it, even if something else is open inside.
    Backtick,
}

struct Lexer<'t> {
    bytes: &'t [u8],
    at: usize,
    /// The innermost one is last. Each has its position.
    open: Vec<(Open, usize)>,
    in_backticks: bool,
    comment: Option<usize>,
}

impl Lexer<'_> {
    fn peek(&self, ahead: usize) -> Option<u8> {
        self.bytes.get(self.at + ahead).copied()
    }

    fn push(&mut self, open: Open, length: usize) {
        self.open.push((open, self.at));
        self.at += length;
    }

    fn words(&mut self) -> Result<(), Problem> {
        let mut at_word_start = true;
        while let Some(byte) = self.peek(0) {
            let begins_word = at_word_start;
            let operator_ends_word = b" \t\n;&|<>()".contains(&byte);
            at_word_start = operator_ends_word;
            let inside = self.open.last().map(|(open, _)| *open);
            match (byte, inside) {
                (b'\\', _) => self.escaped()?,
                (b'`', _) => at_word_start = self.backtick()?,
                (b'$', _) => at_word_start = self.dollar(inside)?,
                (b'"', Some(Open::Quote))
                | (b')', Some(Open::Parenthesis { .. }))
                | (b'}', Some(Open::Brace))
                | (b']', Some(Open::Bracket)) => {
                    self.open.pop();
                    self.at += 1;
                    at_word_start = false;
                }
                (_, Some(Open::Quote)) => self.at += 1,
                (b'"', _) => self.push(Open::Quote, 1),
                (b'\'', _) => self.single_quoted("'")?,
                (b'(', Some(open @ Open::Parenthesis { .. }))
                | (b'[', Some(open @ Open::Bracket)) => self.push(open, 1),
                (b'#', None | Some(Open::Parenthesis { comments: true } | Open::Backtick))
                    if begins_word =>
                {
                    self.skip_comment();
                }
                _ if inside.is_none() => {
                    if let Some(problem) = operator(self.at, char::from(byte)) {
                        return Err(problem);
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
        match self.open.last() {
            None => Ok(()),
            Some((open, at)) => Err(unclosed(*at, open.text())),
        }
    }

    fn escaped(&mut self) -> Result<(), Problem> {
        if self.peek(1).is_none() && self.open.is_empty() {
            return Err(Problem {
                code: Code::UnbalancedQuotes,
                message: "a `\\` at the end escapes nothing".into(),
                help: UNBALANCED_HELP,
                at: self.at,
            });
        }
        self.at += 2;
        Ok(())
    }

    /// Opens or closes a backtick substitution. Returns whether a word may begin next.
    fn backtick(&mut self) -> Result<bool, Problem> {
        match self.open.last() {
            Some((Open::Backtick, _)) => {
                self.open.pop();
                self.in_backticks = false;
                self.at += 1;
                Ok(false)
            }
            Some((open, at)) if self.in_backticks => Err(unclosed(*at, open.text())),
            _ => {
                self.push(Open::Backtick, 1);
                self.in_backticks = true;
                Ok(true)
            }
        }
    }

    /// Reads `$(…)`, `$((…))`, `$[…]`, `${…}` or `$'…'`. Returns whether a word may begin next.
    fn dollar(&mut self, inside: Option<Open>) -> Result<bool, Problem> {
        let comments = self.peek(2) != Some(b'(');
        match self.peek(1) {
            Some(b'(') => self.push(Open::Parenthesis { comments }, 2),
            Some(b'{') => self.push(Open::Brace, 2),
            Some(b'[') => self.push(Open::Bracket, 2),
            Some(b'\'') if inside != Some(Open::Quote) => {
                self.single_quoted("$'")?;
                return Ok(false);
            }
            _ => {
                self.at += 1;
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Reads `'…'`, or `$'…'`, in which a backslash escapes a quote.
    fn single_quoted(&mut self, opening: &'static str) -> Result<(), Problem> {
        let open = self.at;
        self.at += opening.len();
        while let Some(byte) = self.peek(0) {
            match byte {
                b'\'' => {
                    self.at += 1;
                    return Ok(());
                }
                b'`' if self.in_backticks => break,
                b'\\' if opening == "$'" => self.at += 2,
                _ => self.at += 1,
            }
        }
        Err(unclosed(open, opening))
    }

    /// Skips a comment up to the end of its line. A comment outside of any bracket ends the arguments.
    fn skip_comment(&mut self) {
        if self.open.is_empty() {
            self.comment.get_or_insert(self.at);
        }
        while self
            .peek(0)
            .is_some_and(|byte| byte != b'\n' && !(self.in_backticks && byte == b'`'))
        {
            self.at += 1;
        }
    }
}

impl Open {
    fn text(self) -> &'static str {
        match self {
            Self::Parenthesis { .. } => "$(",
            Self::Bracket => "$[",
            Self::Brace => "${",
            Self::Quote => "\"",
            Self::Backtick => "`` ` ``",
        }
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
    fn text_that_is_not_words_is_refused() {
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
