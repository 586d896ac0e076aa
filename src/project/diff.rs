//! A plan as a unified diff.

use std::fmt::Write as _;

use anyhow::{Context, Result};
use similar::TextDiff;

use super::entry::Entry;
use super::plan::Plan;
use super::report::Action;

const NOTHING: &str = "/dev/null";

impl Plan<'_> {
    /// What would change, in the order of the paths; secrets are named and not shown.
    ///
    /// # Errors
    /// A file that cannot be read.
    pub fn diff(&self) -> Result<String> {
        let mut text = String::new();
        for entry in &self.entries {
            text.push_str(&diff_of(entry)?);
        }
        Ok(text)
    }
}

fn diff_of(entry: &Entry<'_>) -> Result<String> {
    let path = &entry.path;
    let Some(content) = &entry.content else {
        return Ok(format!("mode of {path} becomes {:03o}\n", entry.mode));
    };
    if entry.secret {
        return Ok(format!("secret {path} changes (not shown)\n"));
    }
    let unreadable = || format!("cannot read `{}`", entry.place.display());
    let new = content.read().with_context(unreadable)?;
    let old = if entry.action == Action::Create {
        Vec::new()
    } else {
        std::fs::read(&entry.place).with_context(unreadable)?
    };
    let (Ok(old), Ok(new)) = (std::str::from_utf8(&old), std::str::from_utf8(&new)) else {
        return Ok(format!("binary file {path} changes\n"));
    };
    let old_name = if entry.action == Action::Create {
        NOTHING.to_owned()
    } else {
        format!("a/{path}")
    };
    let mut text = String::new();
    if old.is_empty() && new.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(text, "--- {old_name}\n+++ b/{path}\n");
    } else {
        text = TextDiff::from_lines(old, new)
            .unified_diff()
            .header(&old_name, &format!("b/{path}"))
            .to_string();
    }
    Ok(text)
}
