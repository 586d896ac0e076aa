//! A stage: an image that a project builds, with all that its sections say.

use super::{
    Apt, ComposeText, ContainerOptions, Copied, Device, EnvVar, Hooks, Mount, Proxy, Ssh, Storage,
};

/// What a stage is called where.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StageId {
    /// In Dockerfiles, as a service, and its folder below `installation/`: `stage-1`.
    pub name: String,
    /// In `user_config.yml`: `stage_1`.
    pub key: String,
}

impl StageId {
    /// The folders that every project has, whether the config has the stage or not.
    pub fn in_every_project() -> [Self; 2] {
        ["stage-1", "stage-2"].map(Self::new)
    }

    /// A stage whose key is its name.
    pub fn new(name: &str) -> Self {
        Self {
            name: name.to_owned(),
            key: name.replace('-', "_"),
        }
    }

    /// A variable of the contract that each stage has one of: `PEI_STAGE_DIR_1`.
    pub fn variable(&self, name: &str) -> String {
        let own = self.name.strip_prefix("stage-").unwrap_or(&self.name);
        format!("{name}_{}", own.replace('-', "_").to_uppercase())
    }
}

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// The system: apt, sshd, users, and what all projects share.
    System,
    /// What a person works in.
    Working,
}

/// What a stage grows from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Origin {
    /// An image.
    Image(ComposeText),
    /// Another stage of the project.
    Stage {
        /// Which.
        id: StageId,
        /// `image.base`, where the config names that stage by its output.
        written: Option<ComposeText>,
    },
    /// A further stage, by its index; it grows from the stage that this one inherits from.
    Builder(usize),
}

/// One stage: the sections that all have, and those that not each has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// Its names.
    pub id: StageId,
    /// What it is for.
    pub role: Role,
    /// Where its build starts.
    pub from: Origin,
    /// The stage whose environment, ports, sshd and scripts its containers have too; it need not grow from that.
    pub inherits: Option<StageId>,
    /// `image.output`: the name and tag of the image that the stage builds.
    pub output: ComposeText,
    /// Present when the section exists and `ssh.enable` is true.
    pub ssh: Option<Ssh>,
    /// Where the proxy is and when it is used; what was not set is as in the stage that it inherits from.
    pub proxy: Proxy,
    /// Apt sources and proxy, where the stage sets them up.
    pub apt: Option<Apt>,
    /// The stage's own variables, in the file's order, each name once.
    pub environment: Vec<EnvVar>,
    /// Compose's short syntax, verbatim; the ssh mapping is not among them.
    pub ports: Vec<ComposeText>,
    /// What the container may use; inherited like the proxy.
    pub device: Device,
    /// In the file's order, where the stage has the storage folders.
    pub storage: Option<Vec<Storage>>,
    /// The stage's own mounts, in the file's order.
    pub mount: Vec<Mount>,
    /// What is copied into the image before the build hooks, in order.
    pub copies: Vec<Copied>,
    /// How containers are started, beside all that.
    pub options: ContainerOptions,
    /// The `custom` section.
    pub custom: Hooks,
}

impl Stage {
    /// True where somebody gets an account.
    pub fn has_users(&self) -> bool {
        self.ssh.as_ref().is_some_and(|ssh| !ssh.users.is_empty())
    }
}
