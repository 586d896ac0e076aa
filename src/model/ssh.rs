//! sshd and the accounts that log in.

use super::{ComposeText, Id};

/// The `ssh` section of an enabled sshd.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ssh {
    /// sshd's port in the container.
    pub port: u16,
    /// The port on the host, where one is published.
    pub host_port: Option<ComposeText>,
    /// In the file's order, names and uids unique.
    pub users: Vec<SshUser>,
}

/// One account.
#[derive(Clone, PartialEq, Eq)]
pub struct SshUser {
    /// `[a-z][a-z0-9_-]{0,31}`, and no service of an image has it; `root` is the root account.
    pub name: String,
    /// It leaves pei only as a hash.
    pub password: Option<Password>,
    /// One line in the form of `authorized_keys`.
    pub public_key: Option<String>,
    /// The user's own identity; it never grants login.
    pub private_key: Option<PrivateKey>,
    /// `None`: the image picks one. Root's is 0.
    pub uid: Option<Id>,
    /// The primary group's; `None`: the image picks one.
    pub gid: Option<Id>,
    /// Private key files of this user that lie under `installation/`, relative to it: builds and commits leave them out.
    pub key_files: Vec<String>,
    /// Public ones, which builds alone leave out: they need none, and would be done again for another key.
    pub public_key_files: Vec<String>,
    /// Files that may hold the private half of `public_key`, by what the config names: absolute, below `~/`, or relative to
    /// `installation/`. They need not exist.
    pub login_keys: Vec<String>,
}

/// A login password.
#[derive(Clone, PartialEq, Eq)]
pub enum Password {
    /// In clear text.
    Clear(String),
    /// A hash of crypt(3), in a form that the login programs know.
    Hash(String),
}

impl Password {
    /// crypt(3) takes no longer ones, and so no login would.
    pub const LONGEST: usize = 511;
}

/// A private key, ready to be installed.
#[derive(Clone, PartialEq, Eq)]
pub struct PrivateKey {
    /// `id_rsa`, `id_ecdsa`, `id_ed25519` …, by the key's real type.
    pub file_name: &'static str,
    /// The key file's text, with one line feed at its end.
    pub text: String,
}

/// A user prints without the secrets, so that no log or panic shows them.
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
