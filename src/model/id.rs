//! Numbers of accounts.

/// A uid or gid.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Id {
    /// This one.
    Number(u32),
    /// That of who runs `pei configure`: it is known on one machine alone, so that no tracked file holds it.
    Host,
}

/// The ids of who runs `pei configure`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostIds {
    /// The user's.
    pub uid: u32,
    /// Its group's.
    pub gid: u32,
}

impl Id {
    /// The next one means "unchanged" to the kernel.
    pub const LARGEST: u32 = u32::MAX - 1;

    /// As the build gets it: the word stands for the number that an untracked file holds.
    pub fn text(self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            Self::Host => "host".to_owned(),
        }
    }
}
