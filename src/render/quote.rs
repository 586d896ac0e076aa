//! How text crosses into a Dockerfile, a shell or an ignore file.

/// A word that every POSIX shell reads back as the same bytes. Words that need no quotes get none.
pub(crate) fn sh(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

/// A JSON array for the exec form of a Dockerfile instruction: no shell, and no Dockerfile syntax, reads it.
pub(crate) fn exec_form(words: &[String]) -> String {
    let words: Vec<_> = words
        .iter()
        .map(|word| serde_json::Value::from(word.as_str()).to_string())
        .collect();
    format!("[{}]", words.join(", "))
}

/// The default of an `ARG`, quoted where it is not a plain word.
pub(crate) fn arg_default(text: &str) -> String {
    let is_plain = text
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "_-./:@,+".contains(c));
    if is_plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
    out
}

/// The exec form of `COPY`, whose paths are patterns and hold variables: here they mean themselves.
pub(crate) fn copy_form(paths: &[String]) -> String {
    let literal = |path: &String| {
        path.chars().fold(String::new(), |mut out, c| {
            match c {
                '*' | '?' | '[' => out.extend(['[', c, ']']),
                '$' => out.push_str("\\$"),
                _ => out.push(c),
            }
            out
        })
    };
    exec_form(&paths.iter().map(literal).collect::<Vec<_>>())
}

/// A path as a pattern of `.dockerignore` that matches nothing else.
pub(crate) fn ignore_pattern(path: &str) -> String {
    let mut out = String::new();
    for c in path.chars() {
        if matches!(c, '*' | '?' | '[' | ']' | '\\') {
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
    fn exec_form_is_json() {
        assert_eq!(
            exec_form(&["a\"b".into(), "c\nd".into()]),
            r#"["a\"b", "c\nd"]"#
        );
    }
}
