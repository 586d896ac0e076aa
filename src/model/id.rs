//! Uids and gids.

/// A uid or gid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Id {
    /// This number.
    Number(u32),
    /// The id of the user who runs `pei configure`. It differs between machines, so no tracked file holds it.
    Host,
}

/// The ids of the user who runs `pei configure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostIds {
    /// The user's id.
    pub uid: u32,
    /// The id of the user's primary group.
    pub gid: u32,
}

impl Id {
    /// The kernel takes the next number, -1, to mean "unchanged".
    pub const LARGEST: u32 = u32::MAX - 1;

    /// The text that a build gets. For [`Id::Host`] it is a word; the number is in an untracked file that the build
    /// mounts.
    pub fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Host => "host".to_owned(),
        }
    }
}
