//! The declaration of a section.

/// A section: its keys and what they mean.
#[derive(Debug)]
pub(crate) struct Spec {
    /// The struct that holds its fields.
    pub(crate) name: &'static str,
    /// What the section is for.
    pub(crate) about: &'static str,
    /// Its keys, in the order of the documentation. Keys that are listed as misplaced belong to another variant of
    /// the section.
    pub(super) all_keys: &'static [Key],
    /// Keys that every such section must have. Rules that depend on values are checked later.
    pub(crate) required: &'static [&'static str],
    /// Keys that belong elsewhere, each with a text that says where.
    pub(crate) misplaced: &'static [(&'static str, &'static str)],
    /// Keys of other programs, and a text that says where they belong.
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
    /// The name of a key of another program, and where it belongs.
    pub(super) fn elsewhere(&self, key: &str) -> Option<(&'static str, &'static str)> {
        let (keys, home) = self.elsewhere?;
        let known = keys.iter().find(|known| **known == key)?;
        Some((known, home))
    }
}

/// A key of a section.
#[derive(Debug)]
pub(crate) struct Key {
    /// The name in the file.
    pub(crate) name: &'static str,
    /// One sentence with the meaning and the default.
    pub(crate) about: &'static str,
    /// What it takes.
    pub(crate) shape: Shape,
}

/// What a key accepts. Every key accepts null.
#[derive(Debug)]
pub(crate) enum Shape {
    /// Any single value, as typed.
    Text,
    /// Any single value. It may hold markers.
    ComposeText,
    /// A whole number.
    Number {
        /// The smallest.
        min: u32,
        /// The largest.
        max: u32,
        /// Whether Compose may provide the number.
        markers: bool,
    },
    /// A uid or gid, or `host`.
    Id,
    /// A boolean.
    Boolean,
    /// One of several words.
    Choice(&'static [&'static str]),
    /// A mapping with known keys.
    Section(&'static Spec),
    /// A mapping from names that the user chooses to sections.
    Entries(&'static Spec),
    /// A list of `KEY=value`, or a mapping.
    Environment,
    /// A list of single values.
    List,
    /// A list of mappings with known keys.
    Sections(&'static Spec),
    /// A mapping from names that the user chooses to single values.
    Texts,
    /// A mapping from names that the user chooses to mappings for another program.
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
