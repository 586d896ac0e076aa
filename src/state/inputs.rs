//! What a stage depends on, as a list that a person can read.

use crate::diagnostic::{is_secret_name, redact_text};

use super::hash::sum;

/// One thing that a stage depends on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Input {
    /// What kind of thing it is.
    pub what: What,
    /// Its name for people.
    pub name: String,
    /// What it is at the moment.
    pub value: Value,
}

/// The kinds of inputs, in the order in which they stand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum What {
    /// The image that the stage begins with.
    Base,
    /// A stage that it grows from or copies from.
    Stage,
    /// An image that it copies from.
    Image,
    /// An option of the build.
    Option,
    /// A build arg that it declares.
    Arg,
    /// An instruction; these stand in the order of the Dockerfile.
    Step,
    /// A file, directory or link that its steps see, relative to the project.
    File,
    /// The same of a context, as `CONTEXT/PATH`.
    Context,
}

impl What {
    /// All of them.
    pub(super) const ALL: [Self; 8] = [
        Self::Base,
        Self::Stage,
        Self::Image,
        Self::Option,
        Self::Arg,
        Self::Step,
        Self::File,
        Self::Context,
    ];

    /// Its name in hashes and labels, which stays.
    pub fn word(self) -> &'static str {
        match self {
            Self::Base => "base",
            Self::Stage => "stages",
            Self::Image => "images",
            Self::Option => "options",
            Self::Arg => "args",
            Self::Step => "steps",
            Self::File => "files",
            Self::Context => "contexts",
        }
    }
}

/// What an input is at the moment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Value {
    /// A text that may be shown.
    Text(String),
    /// The checksum of a text that must not be shown, or is too long to show.
    Hidden(String),
    /// What lies at a path.
    File {
        /// Its kind and permission bits: `755`, with `d` for a directory and `l` for a link before it.
        mode: String,
        /// The sum of its bytes or of a link's target; empty for a directory.
        sum: String,
    },
}

impl Value {
    /// The sum of a text.
    pub(super) fn hidden(text: &str) -> Self {
        Self::Hidden(sum(&[text.as_bytes()]))
    }
}

impl Input {
    pub(super) fn new(what: What, name: impl Into<String>, value: Value) -> Self {
        Self {
            what,
            name: name.into(),
            value,
        }
    }

    /// A build arg. A proxy's URL may hold a login, and other values may be secrets: for those, only
    /// the checksum is stored.
    pub(super) fn arg(name: &str, value: &str) -> Self {
        let is_hidden = name.to_ascii_lowercase().contains("proxy") && value.contains(':')
            || value.contains('@')
            || is_secret_name(name)
            || redact_text(value) != value;
        let value = if is_hidden {
            Value::hidden(value)
        } else {
            Value::Text(value.to_owned())
        };
        Self::new(What::Arg, name, value)
    }
}
