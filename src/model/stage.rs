//! A stage: an image that the project builds, with all its sections.

use super::{
    Apt, ComposeText, ContainerOptions, Copied, Device, EnvVar, Hooks, Mount, Proxy, Ssh, Storage,
};

/// The two spellings of a stage's name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageId {
    /// The name in Dockerfiles and compose files, and of its directory below `installation/`: `stage-1`.
    pub name: String,
    /// The key in `user_config.yml`: `stage_1`.
    pub key: String,
}

impl StageId {
    /// The two stages whose directories every project has, even if the config leaves one of them out.
    pub fn in_every_project() -> [Self; 2] {
        ["stage-1", "stage-2"].map(Self::new)
    }

    /// A stage whose key equals its name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: name.replace('-', "_"),
        }
    }

    /// The name of a documented variable that each stage has one of: `PEI_STAGE_DIR_1`.
    pub fn variable(&self, name: &str) -> String {
        let own = self.name.strip_prefix("stage-").unwrap_or(&self.name);
        format!("{name}_{}", own.replace('-', "_").to_uppercase())
    }
}

/// The purpose of a stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The system: apt, sshd, users, and what all projects have in common.
    System,
    /// The stage that people work in.
    Working,
}

/// What a stage builds on.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An image.
    Image(ComposeText),
    /// Another stage of the project.
    Stage {
        /// The stage.
        id: StageId,
        /// `image.base`, if the config names that stage by its output.
        written: Option<ComposeText>,
    },
    /// A further stage, by its index. That one builds on the stage that this one inherits from.
    Builder(usize),
}

/// One stage. Sections that a stage can do without are optional.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its name.
    pub id: StageId,
    /// Its purpose.
    pub role: Role,
    /// Where its build starts.
    pub from: Origin,
    /// The stage that its environment, ports, sshd and scripts are inherited from. It need not build on that stage.
    pub inherits: Option<StageId>,
    /// `image.output`: the name and tag of the image that the stage builds.
    pub output: ComposeText,
    /// Present if the section exists and `ssh.enable` is true.
    pub ssh: Option<Ssh>,
    /// Where the proxy is and when it is used. What is not set is inherited.
    pub proxy: Proxy,
    /// Apt sources and proxy, if the stage sets them up.
    pub apt: Option<Apt>,
    /// The stage's own variables, in the file's order, each name once.
    pub environment: Vec<EnvVar>,
    /// In Compose's short syntax, as typed. sshd's port is not among them.
    pub ports: Vec<ComposeText>,
    /// Which devices the container may use. Inherited if not set.
    pub device: Device,
    /// In the file's order. Present if the stage has storage directories.
    pub storage: Option<Vec<Storage>>,
    /// The stage's own mounts, in the file's order.
    pub mount: Vec<Mount>,
    /// What is copied into the image before the build hooks run, in order.
    pub copies: Vec<Copied>,
    /// Further options that its containers are started with.
    pub options: ContainerOptions,
    /// The `custom` section.
    pub custom: Hooks,
}

impl Stage {
    /// Whether the stage makes any account.
    pub fn has_users(&self) -> bool {
        self.ssh.as_ref().is_some_and(|ssh| !ssh.users.is_empty())
    }
}
