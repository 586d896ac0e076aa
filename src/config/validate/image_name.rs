//! Docker's grammar of image references.
//!
//! <https://pkg.go.dev/github.com/distribution/reference>

use crate::diagnostic::quoted;
use crate::model::{ComposeText, NameForm, Part};

/// What the name is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Use {
    Base,
    /// It must not have a digest: the digest is only known after the build.
    Output,
}

/// A problem with a name.
#[derive(Debug)]
pub(super) struct Problem {
    pub(super) message: String,
    pub(super) help: &'static str,
}

const FORM: &str = "a name has the form `[registry[:port]/]path[:tag]`, such as `ubuntu:24.04`";

/// Checks a name. Without markers it must follow the grammar. A marker may stand for any part of the name, so then
/// only the characters of the literal parts are checked.
pub(super) fn check(text: &ComposeText, use_as: Use) -> Result<(), Problem> {
    for part in &text.parts {
        if let Part::Literal(literal) = part {
            characters(literal)?;
        }
    }
    match text.as_literal() {
        Some(literal) => reference(literal, use_as),
        None => Ok(()),
    }
}

fn characters(text: &str) -> Result<(), Problem> {
    let legal = |c: char| c.is_ascii_alphanumeric() || "._-/:@+".contains(c);
    let Some(foreign) = text.chars().find(|c| !legal(*c)) else {
        return Ok(());
    };
    let name = if foreign == ' ' {
        "a space".to_owned()
    } else {
        quoted(&foreign.to_string())
    };
    Err(Problem {
        message: format!("the image name {} holds {name}", quoted(text)),
        help: FORM,
    })
}

fn reference(text: &str, use_as: Use) -> Result<(), Problem> {
    let problem = |what: &str, help| {
        Err(Problem {
            message: format!("the image name {} {what}", quoted(text)),
            help,
        })
    };
    let (name, digest) = match text.split_once('@') {
        Some((name, digest)) => (name, Some(digest)),
        None => (text, None),
    };
    if let Some(digest) = digest {
        if use_as == Use::Output {
            return problem(
                "has a digest",
                "only the build knows its digest; name a tag",
            );
        }
        if !is_digest(digest) {
            return problem(
                "has a malformed digest",
                "a digest is `sha256:` and 64 hex digits",
            );
        }
    }
    let (repository, tag) = split_tag(name);
    if tag.is_some_and(|tag| !NameForm::TAG.fits(tag)) {
        return problem(
            "has a malformed tag",
            "a tag has up to 128 letters, digits, `_`, `.` and `-`, and begins with none of the last two",
        );
    }
    let (domain, path) = split_domain(repository);
    if domain.is_some_and(|domain| !is_domain(domain)) {
        return problem("has a malformed registry", FORM);
    }
    if path.contains(|c: char| c.is_ascii_uppercase()) {
        return problem(
            "has upper-case letters before its tag",
            "write the repository in lower case",
        );
    }
    if repository.len() > 255 || !path.split('/').all(is_component) {
        return problem("is not an image reference", FORM);
    }
    Ok(())
}

/// A name with the defaults that an engine adds: registry, `library/` and tag.
pub(super) fn in_full(name: &str) -> String {
    let (repository, tag) = match name.split_once('@') {
        Some(_) => (name, None),
        None => split_tag(name),
    };
    let (domain, path) = split_domain(repository);
    let domain = domain.unwrap_or("docker.io");
    let library = if domain == "docker.io" && !path.contains('/') {
        "library/"
    } else {
        ""
    };
    format!("{domain}/{library}{path}:{}", tag.unwrap_or("latest"))
}

/// Splits off the tag. A colon before the last slash belongs to the registry's port.
fn split_tag(name: &str) -> (&str, Option<&str>) {
    match name.rsplit_once(':') {
        Some((repository, tag)) if !tag.contains('/') => (repository, Some(tag)),
        _ => (name, None),
    }
}

/// Splits off the registry: the first component, if it could not be part of a path.
pub(super) fn split_domain(repository: &str) -> (Option<&str>, &str) {
    match repository.split_once('/') {
        Some((first, path))
            if first.contains(['.', ':'])
                || first == "localhost"
                || first.contains(|c: char| c.is_ascii_uppercase()) =>
        {
            (Some(first), path)
        }
        _ => (None, repository),
    }
}

pub(super) fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.split_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (domain, None),
    };
    let label = |label: &str| {
        !label.is_empty()
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label
                .bytes()
                .all(|b| b.is_ascii_alphanumeric() || b == b'-')
    };
    let number = |port: &str| !port.is_empty() && port.bytes().all(|b| b.is_ascii_digit());
    host.split('.').all(label) && port.is_none_or(number)
}

/// Whether a component consists of letters and digits, separated by one `.`, one or two `_`, or any number of `-`.
pub(super) fn is_component(component: &str) -> bool {
    let letter = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let joints = component.split(|c: char| c.is_ascii_lowercase() || c.is_ascii_digit());
    let joint = |joint: &str| {
        matches!(joint, "" | "." | "_" | "__") || joint.bytes().all(|byte| byte == b'-')
    };
    let bytes = component.as_bytes();
    bytes.first().copied().is_some_and(letter)
        && bytes.last().copied().is_some_and(letter)
        && joints.into_iter().all(joint)
}

fn is_digest(digest: &str) -> bool {
    let Some((algorithm, hex)) = digest.split_once(':') else {
        return false;
    };
    let name = |b: u8| b.is_ascii_alphanumeric() || b"+._-".contains(&b);
    algorithm.starts_with(|c: char| c.is_ascii_alphabetic())
        && algorithm.bytes().all(name)
        && hex.len() >= 32
        && hex.bytes().all(|b| b.is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_follow_the_grammar_of_docker() {
        let good = |text: &str| check(&ComposeText::literal(text), Use::Base).is_ok();
        let digest = "a@sha256:0123456789012345678901234567890123456789012345678901234567890123";
        for name in [
            "ubuntu",
            "ubuntu:24.04",
            "team/app_v2:latest",
            "a/b/c--d:X",
            "localhost:5000/x",
            "registry.example:5000/team/base:7",
            "Team/app",
            "a__b",
            digest,
        ] {
            assert!(good(name), "{name}");
        }
        for name in [
            "",
            " ",
            "a b",
            "Ubuntu:24.04",
            "a:",
            ":a",
            "a//b",
            "/a",
            "a/",
            "a..b",
            "a___b",
            "a:b:c",
            "a'",
            "a\nb",
            "-a",
            "a@sha256:12",
            "a.b:x/c",
            "http://a/b",
            "ä",
        ] {
            assert!(!good(name), "{name}");
        }
        let output = ComposeText::literal(digest);
        assert!(check(&output, Use::Output).is_err());
    }
}
