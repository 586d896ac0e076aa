//! What a run changes, or would change.

use std::borrow::Cow;
use std::fmt::Write as _;

use similar::TextDiff;

use super::folder::Ownership;
use crate::diagnostic::{escaped, redact_written};

/// What is to happen to a project, or has happened.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "the changes, and what is said beside them"
)]
pub struct Changes<'t> {
    /// In the order of their paths; empty where everything is right already.
    pub changes: Vec<Change<'t>>,
    /// What the user should know beside the changes.
    pub notices: Vec<Notice>,
    /// How many files are right already.
    pub unchanged: usize,
    /// Files that are there already, where a new project was asked for: then nothing is written.
    pub clashes: Vec<String>,
    /// The text of the manifest, where it is to change; the user is not told.
    pub(super) manifest: Option<String>,
    /// A run was interrupted and has left something to be cleared away.
    pub(super) interrupted: bool,
}

/// One file that changes.
#[derive(Debug)]
pub struct Change<'t> {
    /// Relative to the project.
    pub path: String,
    /// What happens to it.
    pub action: Action,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Cow<'t, [u8]>,
    /// Permission bits that the file is to have.
    pub(super) mode: u32,
    /// Its content is shown to nobody.
    pub(super) secret: bool,
    /// The owner that the file keeps, where it is the user's.
    pub(super) owner: Option<Ownership>,
}

/// What happens to a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// There was none.
    Create,
    /// pei's own older text gives way.
    Replace,
    /// A text that pei did not write gives way.
    ReplaceEdited {
        /// Where it was saved, relative to the project.
        backup: String,
    },
    /// Only the permission bits are set right.
    SetMode,
    /// CRLF line ends of a user's script become LF.
    LineEnds,
    /// A file of pei's that the config has no use for goes away.
    Remove,
}

/// What happened to a file that has a rule of its own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// `compose-template.yml` was missing and has been restored.
    ComposeTemplateRestored,
    /// `compose-template.yml` was another version's, unedited, and has been replaced.
    ComposeTemplateReplaced,
    /// `compose-template.yml` was not pei's, and has been saved and replaced.
    ComposeTemplateForeign,
    /// `compose-template.yml` is a person's extension of another version's, and was kept.
    ComposeTemplateKeptOld,
    /// The project was made by `PeiDocker`: so many of its own files, which nobody had edited, gave way.
    Moved(usize),
    /// A key that `PeiDocker` has left in clear text.
    ClearKey(String),
}

impl Changes<'_> {
    /// Whether nothing is to be done.
    pub(super) fn is_done(&self) -> bool {
        self.changes.is_empty() && self.manifest.is_none() && !self.interrupted
    }

    /// The changes as a unified diff, in the order of the paths; secrets are named and not shown.
    pub fn diff(&self) -> String {
        self.changes.iter().map(Change::diff).collect()
    }
}

impl Change<'_> {
    /// The permission bits that the file is to have.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// What the file is to hold.
    pub fn content(&self) -> &[u8] {
        &self.new
    }

    /// The change as one line of a listing: a word, the path and what else there is to say.
    pub fn line(&self) -> String {
        let path = escaped(&self.path);
        match &self.action {
            Action::Create => format!("create     {path}"),
            Action::Replace => format!("replace    {path}"),
            Action::ReplaceEdited { backup } => {
                format!("edited     {path} -> {}", escaped(backup))
            }
            Action::SetMode => format!("mode       {path}"),
            Action::LineEnds => format!("line-ends  {path}"),
            Action::Remove => format!("remove     {path}"),
        }
    }

    fn diff(&self) -> String {
        let path = &escaped(&self.path);
        if self.action == Action::SetMode {
            return format!("mode of {path} becomes {:03o}\n", self.mode);
        }
        if self.secret {
            let what = if self.action == Action::Remove {
                "goes"
            } else {
                "changes"
            };
            return format!("secret {path} {what} (not shown)\n");
        }
        let old_name = match self.action {
            Action::Create => "/dev/null".to_owned(),
            _ => format!("a/{path}"),
        };
        let new_name = match self.action {
            Action::Remove => "/dev/null".to_owned(),
            _ => format!("b/{path}"),
        };
        let old = std::str::from_utf8(self.old.as_deref().unwrap_or_default());
        match (old, std::str::from_utf8(&self.new)) {
            (Ok(""), Ok("")) => format!("--- {old_name}\n+++ {new_name}\n"),
            (Ok(old), Ok(new)) => {
                let hunks = self.hunks(old, new);
                if hunks.is_empty() {
                    hunks
                } else {
                    format!("--- {old_name}\n+++ {new_name}\n{hunks}")
                }
            }
            _ => format!("binary file {path} changes\n"),
        }
    }

    /// The lines that differ, and those around them. They are compared as they are, and shown without secrets.
    fn hunks(&self, old: &str, new: &str) -> String {
        let diff = TextDiff::from_lines(old, new);
        let [old_shown, new_shown] = [old, new].map(|text| redact_written(&self.path, text));
        let old_lines = lines_of(diff.iter_old_slices(), &old_shown);
        let new_lines = lines_of(diff.iter_new_slices(), &new_shown);
        let mut out = String::new();
        for hunk in diff.unified_diff().iter_hunks() {
            let _ = writeln!(out, "{}", hunk.header());
            for change in hunk.iter_changes() {
                let line = match (change.old_index(), change.new_index()) {
                    (Some(line), None) => old_lines[line],
                    (_, line) => new_lines[line.unwrap_or_default()],
                };
                out.extend([change.tag().to_string().as_str(), line]);
                if change.missing_newline() {
                    out.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
        out
    }
}

/// The lines of a text as they are shown, which is as long.
fn lines_of<'l, 't>(lines: impl Iterator<Item = &'l str>, shown: &'t str) -> Vec<&'t str> {
    let mut rest = shown;
    let next = |line: &str| {
        let (line, after) = rest.split_at(line.len());
        rest = after;
        line
    };
    lines.map(next).collect()
}
