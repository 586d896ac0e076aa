//! What a run changes, or would change.

use std::borrow::Cow;

use similar::TextDiff;

use super::folder::Ownership;
use crate::diagnostic::escaped;

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
        let old = std::str::from_utf8(self.old.as_deref().unwrap_or_default());
        match (old, std::str::from_utf8(&self.new)) {
            (Ok(""), Ok("")) => format!("--- {old_name}\n+++ b/{path}\n"),
            (Ok(old), Ok(new)) => TextDiff::from_lines(old, new)
                .unified_diff()
                .header(&old_name, &format!("b/{path}"))
                .to_string(),
            _ => format!("binary file {path} changes\n"),
        }
    }
}
