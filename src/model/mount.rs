//! Volumes and host folders.

use super::ComposeText;

/// Where the content of a mount or storage entry lives.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A volume that Compose makes and names.
    AutoVolume,
    /// A volume that exists already.
    ManualVolume {
        /// Its name in the engine.
        volume_name: ComposeText,
    },
    /// A folder of the host.
    Host {
        /// As typed; relative paths are relative to the compose file.
        host_path: ComposeText,
    },
    /// Nothing is mounted: the image's own folder is used.
    Image,
}

/// One of the three storage folders.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum StorageKey {
    /// `/soft/app`
    App,
    /// `/soft/data`
    Data,
    /// `/soft/workspace`
    Workspace,
}

impl StorageKey {
    /// The key as the config and the paths spell it.
    pub fn name(self) -> &'static str {
        match self {
            Self::App => "app",
            Self::Data => "data",
            Self::Workspace => "workspace",
        }
    }
}

/// One entry of `storage`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Storage {
    /// Which of the three folders.
    pub key: StorageKey,
    /// Where its content lives.
    pub source: MountSource,
}

/// One entry of `mount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The entry's key; it names the volume, never the destination.
    pub name: String,
    /// Where its content lives.
    pub source: MountSource,
    /// Absolute path in the container.
    pub dst_path: ComposeText,
}
