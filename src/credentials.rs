//! `.pei/secrets/ssh-credentials`: password hashes and keys, which must not be in any commit or image layer.
//!
//! The last step of a build mounts the file, and `set-credentials.sh` reads it. Each line is a record whose fields
//! are separated by one space:
//!
//! ```text
//! password NAME HASH
//! authorized_key NAME KEY…
//! identity NAME FILE BASE64
//! ```

use std::collections::HashMap;
use std::fmt::Write as _;

use anyhow::anyhow;
use base64::Engine as _;
use sha_crypt::{PasswordHasher as _, PasswordVerifier as _, ShaCrypt};

use crate::model::{Password, SshUser};

/// The directory that the step mounts. Each clone has it, so the step can report that the file is missing.
pub const FOLDER: &str = ".pei/secrets";
/// The file's path in a project.
pub const PATH: &str = ".pei/secrets/ssh-credentials";

/// The file's text. It is empty if there are no users.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials(String);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// The credentials of these users. While a password is unchanged, its hash is taken from the old text: salts
    /// are random, and the same config must give the same bytes.
    ///
    /// # Errors
    ///
    /// The operating system provides no random salt.
    pub fn of<'u>(
        users: impl IntoIterator<Item = &'u SshUser>,
        old_text: Option<&str>,
    ) -> anyhow::Result<Self> {
        let old_hashes = hashes(old_text.unwrap_or_default());
        let mut text = String::new();
        for user in users {
            let name = &user.name;
            if let Some(password) = &user.password {
                let kept = old_hashes.get(name.as_str());
                let hash = match password {
                    Password::Hash(hash) => hash.clone(),
                    Password::Clear(password) => {
                        match kept.filter(|hash| verifies(password, hash)) {
                            Some(hash) => (*hash).to_owned(),
                            None => hash(password)?,
                        }
                    }
                };
                let _ = writeln!(text, "password {name} {hash}");
            }
            if let Some(key) = &user.public_key {
                let _ = writeln!(text, "authorized_key {name} {}", key.trim());
            }
            if let Some(key) = &user.private_key {
                let encoded = base64::engine::general_purpose::STANDARD.encode(&key.text);
                let _ = writeln!(text, "identity {name} {} {encoded}", key.file_name);
            }
        }
        Ok(Self(text))
    }

    /// The file's text.
    pub fn text(&self) -> &str {
        &self.0
    }
}

fn hashes(text: &str) -> HashMap<&str, &str> {
    text.lines()
        .filter_map(|line| line.strip_prefix("password ")?.split_once(' '))
        .collect()
}

fn verifies(password: &str, hash: &str) -> bool {
    ShaCrypt::default()
        .verify_password(password.as_bytes(), hash)
        .is_ok()
}

/// 12 bytes are encoded as 16 characters, the longest salt that crypt(3) reads. The crate's default is longer: such
/// a hash would not verify in the image.
const SALT_BYTES: usize = 12;

/// The hash of a password, with a random salt.
///
/// # Errors
///
/// The operating system provides no random salt.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)
        .map_err(|error| anyhow!("the operating system provides no random salt: {error}"))?;
    let hash = ShaCrypt::default()
        .hash_password_with_salt(password.as_bytes(), &salt)
        .map_err(|error| anyhow!("cannot hash a password: {error}"))?;
    Ok(hash.as_str().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn user(name: &str, password: &str) -> SshUser {
        SshUser {
            name: name.into(),
            password: Some(Password::Clear(password.into())),
            public_key: None,
            private_key: None,
            uid: None,
            gid: None,
            key_files: Vec::new(),
            public_key_files: Vec::new(),
            login_keys: Vec::new(),
        }
    }

    fn of(user: &SshUser, old_text: Option<&str>) -> Credentials {
        Credentials::of([user], old_text).unwrap()
    }

    #[test]
    fn a_hash_is_kept_while_its_password_is() {
        let first = of(&user("me", "one"), None);
        assert_eq!(of(&user("me", "one"), Some(first.text())), first);
        let changed = of(&user("me", "two"), Some(first.text()));
        assert_ne!(changed, first);
        assert!(changed.text().starts_with("password me $6$"));
        let salt = changed.text().split('$').nth(3).unwrap();
        assert_eq!(salt.len(), 16, "crypt(3) reads no more");
    }

    #[test]
    fn equal_passwords_have_different_hashes() {
        let a = of(&user("me", "one"), None);
        let b = of(&user("me", "one"), None);
        assert_ne!(a, b);
    }
}
