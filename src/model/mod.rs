//! The resolved project: what validation hands to planning.
//!
//! Nothing here is optional by accident: defaults are applied, stage-2 has
//! inherited what it inherits, and a value that exists is legal. The types use
//! the words of `user_config.yml`.

mod compose_text;
mod hook;
mod markers;
mod mount;
mod ssh;

pub use compose_text::{ComposeText, Part};
pub use hook::{Hook, Hooks};
pub use mount::{Mount, MountSource, Storage, StorageKey};
pub use ssh::{PrivateKey, Ssh, SshUser};

/// A whole, valid `user_config.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The system image.
    pub stage_1: Stage1,
    /// The working image on top; absent in a stage-1-only project.
    pub stage_2: Option<Stage2>,
}

impl Project {
    /// What stage-2 grows from where that is not this project's stage-1. A config that names stage-1's
    /// output means stage-1, not whatever image of that name the engine holds.
    #[must_use]
    pub fn own_base_of_stage_2(&self) -> Option<&ComposeText> {
        let base = self.stage_2.as_ref()?.base.as_ref()?;
        (*base != self.stage_1.common.output).then_some(base)
    }
}

/// The system image: what both stages have, and what only stage-1 may have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage1 {
    /// The sections that both stages have.
    pub common: Stage,
    /// `image.base`: where the build starts.
    pub base: ComposeText,
    /// Present when the section exists and `ssh.enable` is true.
    pub ssh: Option<Ssh>,
    /// Apt sources and proxy.
    pub apt: Apt,
}

/// The working image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage2 {
    /// The sections that both stages have; proxy and device have inherited stage-1's.
    pub common: Stage,
    /// `image.base`: `None` builds on stage-1.
    pub base: Option<ComposeText>,
    /// In the file's order.
    pub storage: Vec<Storage>,
}

/// The sections that both stages have.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stage {
    /// `image.output`: the name and tag of the image that the stage builds.
    pub output: ComposeText,
    /// Where the proxy is and when it is used.
    pub proxy: Proxy,
    /// The stage's own variables, in the file's order, each name once.
    pub environment: Vec<EnvVar>,
    /// Compose's short syntax, verbatim; the ssh mapping is not among them.
    pub ports: Vec<ComposeText>,
    /// The stage's own mounts, in the file's order.
    pub mount: Vec<Mount>,
    /// What the container may use.
    pub device: Device,
    /// The `custom` section.
    pub custom: Hooks,
}

/// The `proxy` section with its defaults applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host name or address, as the container sees it.
    pub address: ComposeText,
    /// TCP port of the proxy.
    pub port: u16,
    /// Every shell in build and run uses the proxy.
    pub enable_globally: bool,
    /// The global setting is gone from the finished image.
    pub remove_after_build: bool,
    /// Scheme of the URL in `https_proxy`; `http_proxy` always has `http`.
    pub use_https: bool,
}

/// The `apt` section with its defaults applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apt {
    /// Where packages come from during the build.
    pub repo_source: AptSource,
    /// False: the base image's own sources return at the end of the build.
    pub keep_repo_after_build: bool,
    /// Apt goes through the stage's proxy during the build.
    pub use_proxy: bool,
    /// The proxy setting of apt stays in the image.
    pub keep_proxy_after_build: bool,
}

/// `apt.repo_source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AptSource {
    /// The base image's own sources.
    Unchanged,
    /// A well-known mirror, by keyword: `tuna`, `aliyun`, `163`, `ustc`, `cn`.
    Mirror(String),
    /// A sources file, relative to `installation/`, which exists.
    File(String),
}

/// One entry of `environment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// Holds no `=`, no blank and no control character.
    pub name: String,
    /// `None`: Compose takes the value from its own environment.
    pub value: Option<ComposeText>,
}

/// `device.type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Device {
    /// No device is reserved.
    Cpu,
    /// All NVIDIA GPUs of the host.
    Gpu,
}
