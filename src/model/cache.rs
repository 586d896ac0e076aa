//! Where built stages are stored for other people.

/// The `cache` section.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Cache {
    /// The place.
    pub place: CachePlace,
    /// Whether `pei build` stores there what it has built.
    pub push: bool,
}

/// The place where built stages are stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CachePlace {
    /// `host[:port]/path` of a registry.
    Registry(String),
    /// A directory, absolute or relative to the project.
    Folder(String),
}
