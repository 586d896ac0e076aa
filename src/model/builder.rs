//! Further stages of the build: other stages copy from them or build on them.

use super::{BuildAccess, ComposeText, Hook};

/// One entry of `stages`. It has build steps, but nobody logs in to its container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// Its name in Dockerfiles, as a service, and as its directory below `installation/stages/`.
    pub name: String,
    /// Where its build starts.
    pub from: Start,
    /// `image.output`: the name of its image, if that is kept.
    pub output: Option<ComposeText>,
    /// What is copied before its hooks run, in order.
    pub copies: Vec<Copied>,
    /// Variables of its hooks, in the file's order, each name once.
    pub environment: Vec<(String, String)>,
    /// Its hooks.
    pub on_build: Vec<Hook>,
    /// What its hooks get.
    pub access: BuildAccess,
    /// False: the stage does without the mirror, the snapshot and the apt proxy of stage-1.
    pub apt: bool,
}

/// What a further stage builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// An image, of any distribution.
    Image(ComposeText),
    /// The core of stage-1.
    System,
    /// Another further stage, by its index.
    Builder(usize),
}

/// One entry of `copy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// What it is copied from.
    pub from: Source,
    /// Absolute in a stage or an image, otherwise relative. It holds no `..`.
    pub path: String,
    /// Absolute.
    pub to: String,
    /// `NAME` or `UID`, optionally followed by `:` and a group.
    pub owner: Option<String>,
    /// In octal digits.
    pub mode: Option<String>,
}

/// What is copied from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// `installation/`
    Installation,
    /// One of the project's contexts, by its name.
    Context(String),
    /// An image, by its name.
    Image(String),
    /// The core of stage-1.
    System,
    /// A further stage, by its index.
    Builder(usize),
}

/// One entry of `contexts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// The name by which `copy` refers to it.
    pub name: String,
    /// Absolute, or relative to the project with a leading dot.
    pub path: String,
}

/// What Compose starts a container with, in addition to what pei decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerOptions {
    /// When Compose restarts it.
    pub restart: Option<ComposeText>,
    /// The host name that it has inside.
    pub hostname: Option<ComposeText>,
    /// The size of /dev/shm.
    pub shm_size: Option<ComposeText>,
}

impl ContainerOptions {
    /// Each option with its key.
    pub fn entries(&self) -> [(&'static str, &Option<ComposeText>); 3] {
        let Self {
            restart,
            hostname,
            shm_size,
        } = self;
        [
            ("restart", restart),
            ("hostname", hostname),
            ("shm_size", shm_size),
        ]
    }

    /// These options; those that are not set are taken from others.
    #[must_use]
    pub fn over(self, below: Option<&Self>) -> Self {
        let of = |own: Option<ComposeText>, field: fn(&Self) -> &Option<ComposeText>| {
            own.or_else(|| below.and_then(|below| field(below).clone()))
        };
        Self {
            restart: of(self.restart, |options| &options.restart),
            hostname: of(self.hostname, |options| &options.hostname),
            shm_size: of(self.shm_size, |options| &options.shm_size),
        }
    }
}
