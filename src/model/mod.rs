//! The resolved project: what validation hands to planning.
//!
//! Nothing here is optional by accident: defaults are applied, each stage holds what it inherits, and each value is
//! legal. The types are named after the keys of `user_config.yml`.

mod builder;
mod cache;
mod compose_text;
mod hook;
mod id;
mod kept_out;
mod mount;
mod name;
mod pattern;
mod secret;
mod settings;
mod ssh;
mod stage;

pub use builder::{BuildContext, Builder, ContainerOptions, Copied, Source, Start};
pub use cache::{Cache, CachePlace};
pub use compose_text::{ComposeText, Part};
pub use hook::{Hook, Hooks};
pub use id::{HostIds, Id};
pub(crate) use kept_out::{arguments_of_find, is_kept_out, is_kept_out_file};
pub use mount::{Mount, MountSource, Storage, StorageKey};
pub use name::NameForm;
pub(crate) use pattern::matches;
pub use secret::{BuildAccess, BuildSecret, SecretSource};
pub use settings::Setting;
pub use ssh::{Password, PrivateKey, Ssh, SshUser};
pub use stage::{Origin, Role, Stage, StageId};

/// A whole, valid `user_config.yml`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// `project`: the project's name in Compose. If `None`, Compose uses the directory's name.
    pub name: Option<String>,
    /// In build order: each stage comes after those that it builds on, copies from or inherits from. There is at
    /// least one, and the last one is the stage that runs.
    pub stages: Vec<Stage>,
    /// `stages`: each comes after those that it builds on or copies from.
    pub builders: Vec<Builder>,
    /// `contexts`, in the file's order.
    pub contexts: Vec<BuildContext>,
    /// `build_secrets`, in the file's order.
    pub build_secrets: Vec<BuildSecret>,
    /// `services`: further containers, as the text that Compose reads.
    pub services: serde_json::Map<String, serde_json::Value>,
    /// `cache`: where built stages are kept for others.
    pub cache: Option<Cache>,
    /// `lock`: builds take what `pei.lock` has.
    pub lock: bool,
}

impl Project {
    /// Whether any account has the ids of the user who runs `pei configure`.
    pub fn has_host_ids(&self) -> bool {
        let mut ids = self.users().flat_map(|user| [user.uid, user.gid]);
        ids.any(|id| id == Some(Id::Host))
    }

    /// The stage with that name.
    pub fn stage(&self, name: &str) -> Option<&Stage> {
        self.stages.iter().find(|stage| stage.id.name == name)
    }

    /// The stages that this one builds on, the first one first, and then itself.
    pub fn lineage<'p>(&'p self, stage: &'p Stage) -> Vec<&'p Stage> {
        self.chain(stage, |stage| match &stage.from {
            Origin::Image(_) => None,
            Origin::Stage { id, .. } => Some(id),
            Origin::Builder(_) => stage.inherits.as_ref(),
        })
    }

    /// The stages that this one inherits from, the first one first, and then itself.
    pub fn family<'p>(&'p self, stage: &'p Stage) -> Vec<&'p Stage> {
        self.chain(stage, |stage| stage.inherits.as_ref())
    }

    fn chain<'p>(
        &'p self,
        stage: &'p Stage,
        before: impl Fn(&'p Stage) -> Option<&'p StageId>,
    ) -> Vec<&'p Stage> {
        let before = |stage: &&'p Stage| self.stage(&before(stage)?.name);
        let mut chain: Vec<_> = std::iter::successors(Some(stage), before).collect();
        chain.reverse();
        chain
    }

    /// The accounts of all stages.
    pub fn users(&self) -> impl Iterator<Item = &SshUser> {
        let ssh = self.stages.iter().filter_map(|stage| stage.ssh.as_ref());
        ssh.flat_map(|ssh| &ssh.users)
    }
}

/// The `proxy` section with its defaults applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Proxy {
    /// Host name or address, as the container sees it.
    pub address: ComposeText,
    /// TCP port of the proxy.
    pub port: u16,
    /// The proxy is set in every shell, in the build and in containers.
    pub enable_globally: bool,
    /// The finished image does not keep that setting.
    pub remove_after_build: bool,
    /// Scheme of the URL in `https_proxy`; `http_proxy` always has `http`.
    pub use_https: bool,
}

/// The `apt` section with its defaults applied.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Apt {
    /// Where packages come from during the build.
    pub repo_source: AptSource,
    /// False: the base image's own sources are restored at the end of the build.
    pub keep_repo_after_build: bool,
    /// Apt goes through the stage's proxy during the build.
    pub use_proxy: bool,
    /// The proxy setting of apt stays in the image.
    pub keep_proxy_after_build: bool,
    /// The archive of the distribution as it was at a time. `None`: as it is.
    pub snapshot: Option<Snapshot>,
}

impl Apt {
    /// Whether the build sets up apt in another way than the base does.
    pub fn is_set_up(&self) -> bool {
        self.use_proxy || self.repo_source != AptSource::Unchanged || self.snapshot.is_some()
    }
}

/// `apt.snapshot` and `apt.snapshot_url`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snapshot {
    /// As apt spells it: `20250601T000000Z`.
    pub time: String,
    /// The server, without a slash at its end. `None`: the distribution's own.
    pub url: Option<String>,
}

/// `apt.repo_source`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AptSource {
    /// The base image's own sources.
    Unchanged,
    /// A well-known mirror, by its keyword: `tuna`, `aliyun`, `163`, `ustc` or `cn`.
    Mirror(String),
    /// A sources file that exists, relative to `installation/`.
    File(String),
}

/// One entry of `environment`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EnvVar {
    /// Holds no `=`, no whitespace and no control character.
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
    /// The same where the host has one; otherwise nothing.
    Auto,
}

impl Device {
    /// As the config spells it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Cpu => "cpu",
            Self::Gpu => "gpu",
            Self::Auto => "auto",
        }
    }
}
