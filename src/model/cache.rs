//! Where built stages are kept for others.

/// The `cache` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// Where they are.
    pub place: CachePlace,
    /// `pei build` puts what it has built there.
    pub push: bool,
}

/// Where built stages are kept.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachePlace {
    /// `host[:port]/path` of a registry.
    Registry(String),
    /// A directory, absolute or relative to the project.
    Folder(String),
}
