//! Paths below `installation/`.

use std::ops::Range;

use crate::config::read::Place;
use crate::config::{FileProblem, Lookup};
use crate::diagnostic::{Code, Diagnostic, nearest, quoted};

/// The path in its shortest form: `./a//b/` becomes `a/b`. The error is a message.
pub(super) fn normalise(text: &str) -> Result<String, &'static str> {
    if text.starts_with('/') {
        return Err("the path is absolute, but it must be under `installation/`");
    }
    let parts: Vec<&str> = text
        .split('/')
        .filter(|part| !matches!(*part, "" | "."))
        .collect();
    // `a/../b` may leave `installation/` if `a` is a link, so `..` is not allowed at all.
    if parts.contains(&"..") {
        return Err("the path holds `..`, but it must stay under `installation/`");
    }
    if parts.is_empty() {
        return Err("the path is empty");
    }
    Ok(parts.join("/"))
}

/// The finding for a path that is not below `installation/`, with an example of one that is.
pub(super) fn outside(
    at: &Place<'_>,
    span: Range<usize>,
    message: &str,
    example: &str,
) -> Diagnostic {
    let help = format!(
        "write the path relative to `installation/`, such as {}",
        quoted(example)
    );
    at.error(Code::PathOutsideInstallation, span, message)
        .help(help)
}

/// A question with the name of a similar file, if there is one.
pub(super) fn did_you_mean(lookup: &dyn Lookup, path: &str) -> Option<String> {
    let mut meant = String::new();
    for part in path.split('/') {
        let names = lookup.project_names(&meant);
        let name = names
            .iter()
            .find(|name| *name == part)
            .map(String::as_str)
            .or_else(|| nearest(part, names.iter().map(String::as_str)))?;
        if !meant.is_empty() {
            meant.push('/');
        }
        meant.push_str(name);
    }
    let exists = meant != path && lookup.project_file_exists(&meant).is_ok();
    exists.then(|| format!("did you mean {}?", quoted(&meant)))
}

/// The finding for a missing or unusable file below `installation/`.
pub(super) fn file_diagnostic(
    at: &Place<'_>,
    span: Range<usize>,
    path: &str,
    problem: &FileProblem,
) -> Diagnostic {
    let shown = if at.is_private() {
        "this file".to_owned()
    } else {
        format!("the file {}", quoted(&format!("installation/{path}")))
    };
    let (code, what, help) = match problem {
        FileProblem::Missing => (
            Code::FileNotFound,
            "does not exist".into(),
            "paths are relative to `installation/`",
        ),
        FileProblem::NotAFile => (
            Code::FileNotFound,
            "is a directory or a device".into(),
            "name the file itself",
        ),
        FileProblem::Outside => (
            Code::PathOutsideInstallation,
            "is a link that leaves `installation/`".into(),
            "put the file itself under `installation/`: a build sees nothing else",
        ),
        FileProblem::TooLarge => (
            Code::UnreadableFile,
            "is far too large".into(),
            "check that this is the right file",
        ),
        FileProblem::Unreadable(reason) => (
            Code::UnreadableFile,
            format!("cannot be read: {reason}"),
            "check the file's owner and mode",
        ),
    };
    let message = format!("{shown} {what}");
    at.error(code, span, message).help(help)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_are_normalised_and_kept_inside() {
        assert_eq!(normalise("./a//b/"), Ok("a/b".to_owned()));
        assert_eq!(normalise("a b"), Ok("a b".to_owned()));
        assert!(normalise("/a").unwrap_err().contains("absolute"));
        assert!(normalise("a/../b").unwrap_err().contains("`..`"));
        assert!(normalise("./").unwrap_err().contains("empty"));
    }
}
