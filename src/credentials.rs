//! The one file that holds what is in no commit and no layer: password hashes and keys.
//!
//! The last step of a build mounts it. A line each, fields parted by one blank; `set-credentials.sh` reads it:
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

/// The folder that the step mounts: it is in each clone, so that the step can say what is missing there.
pub const FOLDER: &str = ".pei/secrets";
/// Where the file lies in a project.
pub const PATH: &str = ".pei/secrets/ssh-credentials";

/// The file's text; empty where there are no users.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Credentials(String);

impl std::fmt::Debug for Credentials {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Credentials(…)")
    }
}

impl Credentials {
    /// Those of these users. A hash of the old text stays as long as its password does, so that the same config gives
    /// the same bytes although salts are random.
    ///
    /// # Errors
    ///
    /// Where the operating system gives no random salt.
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

    /// The text.
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

/// crypt(3) reads at most 16 characters of salt, which 12 bytes become; a longer one, the crate's default, would
/// verify here and nowhere else.
const SALT_BYTES: usize = 12;

/// A hash of a password, with a random salt.
///
/// # Errors
///
/// Where the operating system gives none.
pub fn hash(password: &str) -> anyhow::Result<String> {
    let mut salt = [0; SALT_BYTES];
    getrandom::fill(&mut salt)
        .map_err(|error| anyhow!("the operating system gives no random salt: {error}"))?;
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
    fn a_hash_stays_while_its_password_does() {
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
