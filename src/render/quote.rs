//! Quoting of text for Dockerfiles, shells and ignore files.

/// Characters that have no special meaning in any of these formats.
const PLAIN: &str = "_-./:@,+";

fn is_plain(text: &str, further: &str) -> bool {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || PLAIN.contains(c);
    text.chars().all(|c| is_plain(c) || further.contains(c))
}

/// Quotes a word so that every POSIX shell reads the same bytes.
pub(crate) fn sh(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// The same, without quotes if a shell needs none, for a command that a person copies.
pub(crate) fn sh_if_needed(text: &str) -> String {
    let is_plain = |c: char| c.is_alphanumeric() || PLAIN.contains(c) || c == '%';
    if text.is_empty() || text.starts_with('-') || !text.chars().all(is_plain) {
        sh(text)
    } else {
        text.to_owned()
    }
}

/// A shell word for a list that is in single quotes as a whole: with double quotes it stays readable.
pub(crate) fn word_in_quotes(text: &str) -> String {
    if !text.is_empty() && is_plain(text, "=%") {
        text.to_owned()
    } else {
        format!("\"{}\"", escaped(text, &['"', '\\', '$', '`']))
    }
}

/// A JSON array for the exec form of a Dockerfile instruction: neither a shell nor Dockerfile syntax interprets it.
pub(crate) fn exec_form(words: &[String]) -> String {
    let words: Vec<_> = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_str()).to_string())
        .collect();
    format!("[{}]", words.join(", "))
}

/// The default of an `ARG`, quoted unless it is a plain word.
pub(crate) fn arg_default(text: &str) -> String {
    if is_plain(text, "") {
        text.to_owned()
    } else {
        format!("\"{}\"", escaped(text, &['"', '\\', '$']))
    }
}

/// The exec form of `COPY`: the last path is the destination. A Dockerfile interprets quotes, backslashes and variables in
/// its words, so they are escaped.
pub(crate) fn copy_form(paths: &[String]) -> String {
    let mut words = paths.to_vec();
    if let Some((_, sources)) = words.split_last_mut() {
        for source in sources {
            *source = copy_source(source);
        }
    }
    for word in &mut words {
        *word = escaped(word, &['\\', '\'', '"', '$']);
    }
    exec_form(&words)
}

/// Escapes a source of `COPY`, which is a pattern. The engine removes escapes only from text that it recognises as a
/// pattern, so an escaped source begins with a class of one letter; for an absolute path, after the slash.
fn copy_source(path: &str) -> String {
    const SIGNS: [char; 5] = ['\\', '*', '?', '[', '^'];
    let (root, path) = match path.strip_prefix('/') {
        Some(rest) => ("/", rest),
        None => ("", path),
    };
    let plain = pattern(path, &SIGNS);
    match path.chars().next() {
        Some(first) if plain != path => {
            let rest = pattern(&path[first.len_utf8()..], &SIGNS);
            let escape = if matches!(first, '\\' | '^' | ']') {
                "\\"
            } else {
                ""
            };
            format!("{root}[{escape}{first}]{rest}")
        }
        _ => format!("{root}{plain}"),
    }
}

/// A pattern of `.dockerignore` that matches only this path.
pub(crate) fn ignore_pattern(path: &str) -> String {
    pattern(path, &['\\', '*', '?', '[', ']', '^'])
}

/// The path of a pattern that [`ignore_pattern`] made; `None` for a pattern that matches several paths.
pub(crate) fn ignored_path(pattern: &str) -> Option<String> {
    let mut path = String::new();
    let mut rest = pattern.chars();
    while let Some(c) = rest.next() {
        match c {
            '\\' => path.push(rest.next()?),
            '[' => {
                path.push(rest.next()?);
                rest.next().filter(|end| *end == ']')?;
            }
            '*' | '?' | ']' | '^' => return None,
            c => path.push(c),
        }
    }
    Some(path)
}

/// The path with these characters escaped. Engines remove a space at the end unless it is in a class.
fn pattern(path: &str, signs: &[char]) -> String {
    let mut out = escaped(path, signs);
    if let Some(blank) = path.chars().last().filter(|last| last.is_whitespace()) {
        out.truncate(out.len() - blank.len_utf8());
        out.extend(['[', blank, ']']);
    }
    out
}

/// Puts a backslash before each of these characters.
fn escaped(text: &str, signs: &[char]) -> String {
    let mut out = String::new();
    for c in text.chars() {
        if signs.contains(&c) {
            out.push('\\');
        }
        out.push(c);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shell_word_keeps_quotes_and_newlines() {
        assert_eq!(sh("it's $HOME\n#"), "'it'\\''s $HOME\n#'");
    }

    #[test]
    fn an_arg_default_is_quoted_only_where_it_must_be() {
        assert_eq!(arg_default("ubuntu:24.04"), "ubuntu:24.04");
        assert_eq!(arg_default("a $b \"c\""), "\"a \\$b \\\"c\\\"\"");
    }

    #[test]
    fn a_copied_path_means_itself() {
        let copied = |path: &str| copy_form(&[format!("i/{path}"), format!("/{path}")]);
        assert_eq!(copied("a b]"), r#"["i/a b]", "/a b]"]"#);
        assert_eq!(copied("it's"), r#"["i/it\\'s", "/it\\'s"]"#);
        assert_eq!(copied("*$"), r#"["[i]/\\\\*\\$", "/*\\$"]"#);
        assert_eq!(copied("\\"), r#"["[i]/\\\\\\\\", "/\\\\"]"#);
        assert_eq!(copied("a "), r#"["[i]/a[ ]", "/a "]"#);
        // A path in a stage is absolute, and its first character after the slash may be special in a pattern.
        let of_stage = |path: &str| copy_form(&[path.to_owned(), "/x".to_owned()]);
        assert_eq!(of_stage("/app/dist"), r#"["/app/dist", "/x"]"#);
        assert_eq!(of_stage("/*a"), r#"["/[*]a", "/x"]"#);
        assert_eq!(of_stage("/^a"), r#"["/[\\\\^]a", "/x"]"#);
        assert_eq!(of_stage("/\\a"), r#"["/[\\\\\\\\]a", "/x"]"#);
        assert_eq!(of_stage("/a/*"), r#"["/[a]/\\\\*", "/x"]"#);
    }

    #[test]
    fn an_ignored_path_means_itself() {
        assert_eq!(ignore_pattern("i/a[1]^ "), r"i/a\[1\]\^[ ]");
        assert_eq!(ignore_pattern("i/a b"), "i/a b");
        for path in ["i/a[1]^ ", "i/a b", r"i/*\?"] {
            assert_eq!(ignored_path(&ignore_pattern(path)).as_deref(), Some(path));
        }
        assert_eq!(ignored_path("i/*"), None);
    }

    #[test]
    fn exec_form_is_json() {
        assert_eq!(
            exec_form(&["a\"b".into(), "c\nd".into()]),
            r#"["a\"b", "c\nd"]"#
        );
    }
}
