//! What a section is made of.

/// A section: its keys and what they mean.
#[derive(Debug)]
pub(crate) struct Spec {
    /// The struct that holds its fields.
    pub(crate) name: &'static str,
    /// What the section is for.
    pub(crate) about: &'static str,
    /// In the order of the documentation; those that are misplaced here are keys of a section of the same make.
    pub(super) all_keys: &'static [Key],
    /// Keys that every such section has; the rules behind them are checked with the values.
    pub(crate) required: &'static [&'static str],
    /// Keys that belong elsewhere, and where.
    pub(crate) misplaced: &'static [(&'static str, &'static str)],
    /// Keys that another program knows, and where they can stand.
    pub(crate) elsewhere: Option<(&'static [&'static str], &'static str)>,
}

impl Spec {
    /// The keys of the section, in the order of the documentation.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'static Key> {
        let is_here = |key: &&Key| self.misplaced.iter().all(|(name, _)| *name != key.name);
        self.all_keys.iter().filter(is_here)
    }

    /// Whether the section has a key.
    pub(crate) fn has(&self, name: &str) -> bool {
        self.keys().any(|key| key.name == name)
    }
}

impl Spec {
    /// A key that another program knows, and where it can stand.
    pub(super) fn elsewhere(&self, key: &str) -> Option<(&'static str, &'static str)> {
        let (keys, home) = self.elsewhere?;
        let known = keys.iter().find(|known| **known == key)?;
        Some((known, home))
    }
}

/// A key of a section.
#[derive(Debug)]
pub(crate) struct Key {
    /// As the file spells it.
    pub(crate) name: &'static str,
    /// One sentence: meaning and default.
    pub(crate) about: &'static str,
    /// What it takes.
    pub(crate) shape: Shape,
}

/// What a key takes, besides null.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any single value, as typed.
    Text,
    /// Any single value, and markers in it.
    ComposeText,
    /// A whole number.
    Number {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
        /// Compose may fill it in.
        markers: bool,
    },
    /// A uid or gid, or `host`.
    Id,
    /// A switch.
    Boolean,
    /// One of a few words.
    Choice(&'static [&'static str]),
    /// A mapping with known keys.
    Section(&'static Spec),
    /// A mapping of free names to sections.
    Entries(&'static Spec),
    /// A list of `KEY=value`, or a mapping.
    Environment,
    /// A list of single values.
    List,
    /// A list of mappings with known keys.
    Sections(&'static Spec),
    /// A mapping of free names to single values.
    Texts,
    /// A mapping of free names to mappings that another program reads.
    Services,
    /// A single value, or a list of at most one.
    AtMostOne,
}

impl Shape {
    /// A TCP port.
    pub(crate) const PORT: Self = Self::Number {
        min: 1,
        max: 65535,
        markers: false,
    };
}
