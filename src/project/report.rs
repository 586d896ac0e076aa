//! What a run did, or would do.

/// The outcome of a write.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct WriteReport {
    /// In the order of their paths; empty when everything was right already.
    pub changes: Vec<Change>,
    /// What the user should know beside the changes.
    pub notices: Vec<Notice>,
    /// How many files were right already.
    pub unchanged: usize,
}

/// One file that changes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change {
    /// Relative to the project.
    pub path: String,
    /// What happens to it.
    pub action: Action,
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
}

/// What happened to a file that has a rule of its own.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Notice {
    /// `compose-template.yml` was missing and has been restored.
    TemplateRestored,
    /// `compose-template.yml` was another version's, unedited, and has been replaced.
    TemplateReplaced,
    /// `compose-template.yml` was not pei's, and has been saved and replaced.
    TemplateForeign,
    /// `compose-template.yml` is a person's extension of another version's, and was kept.
    TemplateKeptOld,
}

impl Change {
    /// The change as one line of a listing: a word, the path and what else there is to say.
    #[must_use]
    pub fn line(&self) -> String {
        let Self { path, action } = self;
        match action {
            Action::Create => format!("create     {path}"),
            Action::Replace => format!("replace    {path}"),
            Action::ReplaceEdited { backup } => format!("edited     {path} -> {backup}"),
            Action::SetMode => format!("mode       {path}"),
            Action::LineEnds => format!("line-ends  {path}"),
        }
    }
}
