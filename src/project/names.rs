//! The names that this stage gives a meaning to.

/// The template that a person may extend.
pub const TEMPLATE: &str = "compose-template.yml";

/// pei's own folder in a project: secrets and bookkeeping, never in an image.
pub const OWN_FOLDER: &str = ".pei";

/// Salted password hashes, kept so that the same passwords give the same bytes.
pub const CREDENTIALS: &str = ".pei/secrets/ssh-credentials";

/// Sums of the files without a token, as pei last wrote them.
pub(super) const MANIFEST: &str = ".pei/manifest";

/// Held while a run writes.
pub(super) const LOCK: &str = ".pei/lock";

/// There only while a run writes, or after one that was interrupted.
pub(super) const UNFINISHED: &str = ".pei/unfinished";

/// Written after everything else; there once a folder has been configured, by pei or by the tool before it.
pub const COMPOSE_FILE: &str = "docker-compose.yml";

/// The end of the name of every temporary file and folder.
const TEMPORARY: &str = ".pei-tmp";

/// The temporary name beside a file or folder: there is one, for a lock keeps other runs away.
pub(super) fn temporary(name: &std::ffi::OsStr) -> std::ffi::OsString {
    let mut temporary = std::ffi::OsString::from(".");
    temporary.push(name);
    temporary.push(TEMPORARY);
    temporary
}

/// Whether a file's name is one that [`temporary`] gives.
pub(super) fn is_temporary(name: &std::ffi::OsStr) -> bool {
    let name = name.as_encoded_bytes();
    name.starts_with(b".") && name.ends_with(TEMPORARY.as_bytes())
}
