//! What a run changes, or would change.

use std::borrow::Cow;
use std::fmt::Write as _;

use similar::algorithms::{Capture, Compact, Replace, myers};
use similar::group_diff_ops;

use super::folder::Ownership;
use crate::diagnostic::{escaped, redact_written};

/// How many lines around a change are shown.
const CONTEXT: usize = 3;

/// The changes that a project needs, or got.
#[derive(Debug, Default)]
#[expect(
    clippy::struct_field_names,
    reason = "the changes, and what is said beside them"
)]
pub struct Changes<'t> {
    /// In the order of the paths. Empty if nothing needs to change.
    pub changes: Vec<Change<'t>>,
    /// What else to tell the user.
    pub notices: Vec<Notice>,
    /// How many files need no change.
    pub unchanged: usize,
    /// Files that already exist where a new project was to be made. If there are any, nothing is written.
    pub clashes: Vec<String>,
    /// The new text of the manifest, if it changes. It is not reported to the user.
    pub(super) manifest: Option<String>,
    /// An earlier run was interrupted and left files to remove.
    pub(super) interrupted: bool,
}

/// One file to change.
#[derive(Debug)]
pub struct Change<'t> {
    /// Relative to the project.
    pub path: String,
    /// What to do with it.
    pub action: Action,
    pub(super) old: Option<Vec<u8>>,
    pub(super) new: Cow<'t, [u8]>,
    /// The permission bits that the file gets.
    pub(super) mode: u32,
    /// Its content is never shown.
    pub(super) secret: bool,
    /// The owner to keep, if the file is the user's.
    pub(super) owner: Option<Ownership>,
}

/// What to do with a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Action {
    /// The file does not exist yet.
    Create,
    /// A text that pei wrote is replaced.
    Replace,
    /// A text that pei did not write, or that was edited, is saved and replaced.
    ReplaceEdited {
        /// The path of the backup, relative to the project.
        backup: String,
    },
    /// Only the permission bits change.
    SetMode,
    /// CRLF line endings of a user's script become LF.
    LineEnds,
    /// A file of pei's that the config does not need is removed.
    Remove,
}

/// Something that the user is told in addition to the list of changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// `compose-template.yml` was missing and has been restored.
    ComposeTemplateRestored,
    /// `compose-template.yml` was written by another version and not edited. It has been replaced.
    ComposeTemplateReplaced,
    /// `compose-template.yml` was not written by pei. It has been saved and replaced.
    ComposeTemplateForeign,
    /// `compose-template.yml` was written by another version and extended by a person. It was kept.
    ComposeTemplateKeptOld,
    /// The project was made by `PeiDocker`: this many of its own files, which nobody had edited, were replaced.
    Moved(usize),
    /// The path of a private key that `PeiDocker` stored in clear text.
    ClearKey(String),
}

impl Changes<'_> {
    /// Whether there is nothing to do.
    pub(super) fn is_done(&self) -> bool {
        self.changes.is_empty() && self.manifest.is_none() && !self.interrupted
    }

    /// The changes as a unified diff, in the order of the paths. A secret file is listed without its content.
    pub fn diff(&self) -> String {
        self.changes.iter().map(Change::diff).collect()
    }
}

impl Change<'_> {
    /// The permission bits that the file gets.
    pub fn mode(&self) -> u32 {
        self.mode
    }

    /// The content that the file gets.
    pub fn content(&self) -> &[u8] {
        &self.new
    }

    /// The change as one line of a listing: a word, the path and details.
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

    /// The hunks of the diff. The texts are compared as they are and printed with secrets covered.
    fn hunks(&self, old: &str, new: &str) -> String {
        let [old_shown, new_shown] = [old, new].map(|text| redact_written(&self.path, text));
        let [old, new] = [old, new].map(|text| text.split_inclusive('\n').collect::<Vec<_>>());
        let old_lines = lines_of(&old, &old_shown);
        let new_lines = lines_of(&new, &new_shown);
        // The library's type for texts brings each of its algorithms into the program.
        let mut found = Compact::new(Replace::new(Capture::new()), &old, &new);
        let Ok(()) = myers::diff(&mut found, &old, 0..old.len(), &new, 0..new.len());
        let ops = found.into_inner().into_inner().into_ops();
        let mut out = String::new();
        for hunk in group_diff_ops(ops, CONTEXT) {
            let (Some(first), Some(last)) = (hunk.first(), hunk.last()) else {
                continue;
            };
            let removed = span(first.old_range().start, last.old_range().end);
            let added = span(first.new_range().start, last.new_range().end);
            let _ = writeln!(out, "@@ -{removed} +{added} @@");
            for change in hunk.iter().flat_map(|op| op.iter_changes(&old, &new)) {
                let line = match (change.old_index(), change.new_index()) {
                    (Some(line), None) => old_lines[line],
                    (_, line) => new_lines[line.unwrap_or_default()],
                };
                out.extend([change.tag().to_string().as_str(), line]);
                if !change.value().ends_with('\n') {
                    out.push_str("\n\\ No newline at end of file\n");
                }
            }
        }
        out
    }
}

/// The lines from `start` to `end`, as the head of a hunk names them. Of no lines it is the one before.
fn span(start: usize, end: usize) -> String {
    match end.saturating_sub(start) {
        0 => format!("{start},0"),
        1 => format!("{}", start + 1),
        count => format!("{},{count}", start + 1),
    }
}

/// The lines of `shown`, cut where `lines` end: covering secrets does not change any length.
fn lines_of<'t>(lines: &[&str], shown: &'t str) -> Vec<&'t str> {
    let mut rest = shown;
    let next = |line: &&str| {
        let (line, after) = rest.split_at(line.len());
        rest = after;
        line
    };
    lines.iter().map(next).collect()
}
