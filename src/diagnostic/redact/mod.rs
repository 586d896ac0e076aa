//! Covers secrets in the lines of the file that are printed.
//!
//! A finding near a password would print it with its line, and terminal output is often recorded. Below `ssh` any
//! text may be a secret because of a typo (`pasword: x`, `me: x`, a quote that is not closed). So only what cannot
//! be one is shown there: the section's keys, user names and the numbers of ssh itself. Below `environment` only
//! the names are shown. Elsewhere these are covered: the value of a key or option whose name sounds like a secret
//! (`--token x`), a login before an `@`, and private keys. The text is read line by line and not as YAML, because
//! most typos make it invalid.

mod hidden;
mod login;
mod name;
mod option;
mod reading;
mod region;
#[cfg(test)]
mod tests;
mod token;

use std::borrow::Cow;

pub(crate) use hidden::Hidden;
pub(crate) use name::is_secret_name;
pub(crate) use token::token;

use self::reading::{Reading, read};
use crate::config::SourceFile;

/// Scripts outside `installation/` that pei ships unchanged.
const STATIC: [&str; 2] = ["build-merged.sh", "run-merged.sh"];

/// The text with its secrets covered. Its length in bytes does not change, so that positions stay valid.
pub(crate) fn redact(source: &SourceFile) -> Cow<'_, str> {
    Hidden::of_source(source).cover(&source.text)
}

/// One text of a config with its secrets covered.
pub(crate) fn redact_text(text: &str) -> Cow<'_, str> {
    Hidden::of(text).cover(text)
}

/// A file that pei writes, with its secrets covered for a diff. Scripts that pei ships unchanged hold none.
pub(crate) fn redact_written<'t>(path: &str, text: &'t str) -> Cow<'t, str> {
    let is_persons = ["/generated/", "/custom/"]
        .iter()
        .any(|folder| path.contains(folder));
    if !is_persons && (path.starts_with("installation/") || STATIC.contains(&path)) {
        return text.into();
    }
    let hidden = if path.ends_with("/_etc_environment.sh") {
        Hidden::of_shell_variables(text)
    } else {
        read(text, Reading::Written).0
    };
    hidden.cover(text)
}

fn is_word(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}
