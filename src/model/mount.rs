//! Volumes and host directories.

use super::ComposeText;

/// Where the content of a mount or storage entry is kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum MountSource {
    /// A volume that Compose creates and names.
    AutoVolume,
    /// A volume that exists already.
    ManualVolume {
        /// Its name in the engine.
        volume_name: ComposeText,
    },
    /// A directory of the host.
    Host {
        /// As typed. A relative path is relative to the compose file.
        host_path: ComposeText,
    },
    /// Nothing is mounted: the directory in the image is used.
    Image,
}

/// One of the three storage directories.
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
    /// The key, as the config and the paths have it.
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
    /// Which of the three directories.
    pub key: StorageKey,
    /// Where its content is kept.
    pub source: MountSource,
}

/// One entry of `mount`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mount {
    /// The entry's key. The volume is named after it; the destination is not.
    pub name: String,
    /// Where its content is kept.
    pub source: MountSource,
    /// Absolute path in the container.
    pub dst_path: ComposeText,
}
