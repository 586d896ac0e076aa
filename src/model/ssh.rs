//! sshd and the accounts that can log in.

use super::{ComposeText, Id};

/// The `ssh` section of an enabled sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// sshd's port in the container.
    pub port: u16,
    /// The host's port, if one is published.
    pub host_port: Option<ComposeText>,
    /// In the file's order. Names and uids are unique.
    pub users: Vec<SshUser>,
}

/// One account.
#[derive(Clone, PartialEq, Eq)]
pub struct SshUser {
    /// Matches `[a-z][a-z0-9_-]{0,31}` and is no service account of an image; `root` is the root account.
    pub name: String,
    /// It leaves pei only as a hash.
    pub password: Option<Password>,
    /// One line in the form of `authorized_keys`.
    pub public_key: Option<String>,
    /// The user's own identity. It does not let anybody log in.
    pub private_key: Option<PrivateKey>,
    /// If `None`, the image picks one. Root has 0.
    pub uid: Option<Id>,
    /// The primary group. If `None`, the image picks one.
    pub gid: Option<Id>,
    /// Paths of this user's private key files below `installation/`, relative to it. Builds and commits leave them
    /// out.
    pub key_files: Vec<String>,
    /// Paths of the public key files, likewise. Only builds leave them out: they do not need them, and a new key
    /// would run the build again.
    pub public_key_files: Vec<String>,
    /// Files that may hold the private half of `public_key`, by what the config names: absolute, below `~/`, or relative to
    /// `installation/`. They need not exist.
    pub login_keys: Vec<String>,
}

/// A login password.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// As clear text.
    Clear(String),
    /// A crypt(3) hash in a form that login programs accept.
    Hash(String),
}

impl Password {
    /// The longest password in bytes. crypt(3) refuses a longer one, so nobody could log in with it.
    pub const LONGEST: usize = 511;
}

/// A private key, ready to install.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// `id_rsa`, `id_ecdsa`, `id_ed25519` …, from the key's actual type.
    pub file_name: &'static str,
    /// The text of the key file, which ends with one line feed.
    pub text: String,
}

/// Leaves out the secrets, so that no log or panic shows them.
impl std::fmt::Debug for SshUser {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SshUser")
            .field("name", &self.name)
            .field("password", &self.password.as_ref().map(|_| "…"))
            .field("public_key", &self.public_key)
            .field("private_key", &self.private_key)
            .field("uid", &self.uid)
            .field("gid", &self.gid)
            .field("key_files", &self.key_files)
            .field("public_key_files", &self.public_key_files)
            .field("login_keys", &self.login_keys)
            .finish()
    }
}

impl std::fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_tuple("PrivateKey").field(&self.file_name).finish()
    }
}
