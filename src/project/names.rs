//! The names that this phase gives a meaning to.

/// The template that a person may extend.
pub const COMPOSE_TEMPLATE: &str = "compose-template.yml";

/// pei's own folder in a project: secrets and bookkeeping, never in an image.
pub(super) const OWN_FOLDER: &str = ".pei";

/// The end of the path of what git has of a folder in pei's own: without it the folder would not be in a clone.
pub(super) const PAGE: &str = "/README.md";

/// What a build is given that is this machine's own: a folder, and its file.
pub(super) const MADE_HERE: [(&str, &str); 2] = [
    (crate::credentials::FOLDER, crate::credentials::PATH),
    (crate::host_ids::FOLDER, crate::host_ids::PATH),
];

/// What only a config with further stages has: their Dockerfile, and what runs hooks where there may be no bash.
pub(super) const OF_STAGES: [&str; 2] =
    ["stages.Dockerfile", "installation/stages/pei-run-hook.sh"];

/// Salted password hashes, kept so that the same passwords give the same bytes.
pub const CREDENTIALS: &str = crate::credentials::PATH;

/// The host keys of the project's container, for ssh.
pub const KNOWN_HOSTS: &str = ".pei/known_hosts";

/// Sums of the files without a token, as pei last wrote them.
pub(super) const MANIFEST: &str = ".pei/manifest";

/// Held while a run writes.
pub(super) const LOCK: &str = ".pei/lock";

/// Where new files wait until all of them are on the disk. It is there while a run writes, or after one that was
/// interrupted, and no build or hook ever sees what is in it.
pub(super) const WAITING: &str = ".pei/waiting";

/// Written after everything else, for a build starts from it; there once a folder has been configured, by pei or by
/// the tool before it.
pub const COMPOSE_FILE: &str = "docker-compose.yml";

/// The end of the names of temporary files that are not in pei's own folder.
pub(super) const TEMPORARY: &str = ".pei-tmp";
