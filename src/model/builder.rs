//! Further stages of the build: what comes of them is in others by copies, or because those grow from them.

use super::{ComposeText, Hook};

/// One entry of `stages`. It has build steps, and no container that anybody lives in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builder {
    /// Its name everywhere: in Dockerfiles, as a service, and as its folder below `installation/stages/`.
    pub name: String,
    /// Where its build starts.
    pub from: Start,
    /// `image.output`: the name that its image is kept under.
    pub output: Option<ComposeText>,
    /// What is copied before its hooks, in order.
    pub copies: Vec<Copied>,
    /// Variables of its hooks, in the file's order, each name once.
    pub environment: Vec<(String, String)>,
    /// Its hooks.
    pub on_build: Vec<Hook>,
    /// False: the mirror and the apt proxy of the system's stage are kept out.
    pub apt: bool,
}

/// What a further stage grows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Start {
    /// An image of any make.
    Image(ComposeText),
    /// The core of the system's stage.
    System,
    /// Another further stage, by its index.
    Builder(usize),
}

/// One entry of `copy`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Copied {
    /// Where it lies.
    pub from: Source,
    /// Absolute in a stage and in an image, relative elsewhere, without `..`.
    pub path: String,
    /// Absolute.
    pub to: String,
    /// `NAME`, `UID`, either with `:` and a group.
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
    /// The core of the system's stage.
    System,
    /// A further stage, by its index.
    Builder(usize),
}

/// One entry of `contexts`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct BuildContext {
    /// As `copy` names it.
    pub name: String,
    /// Absolute, or relative to the project and beginning with a dot.
    pub path: String,
}

/// What Compose starts a container with, beside what pei decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ContainerOptions {
    /// When it is started again.
    pub restart: Option<ComposeText>,
    /// Its name for itself.
    pub hostname: Option<ComposeText>,
    /// The size of /dev/shm.
    pub shm_size: Option<ComposeText>,
}

impl ContainerOptions {
    /// Each with its key.
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

    /// These, and what is not set as in others.
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
