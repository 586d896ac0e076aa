//! Paths that have a meaning in this phase.

/// The template that a person may extend.
pub const COMPOSE_TEMPLATE: &str = "compose-template.yml";

/// pei's own directory in a project, with secrets and state. No image holds it.
pub(super) const OWN_FOLDER: &str = ".pei";

/// The README of a directory in pei's own. Git tracks it, so that a clone has the directory.
pub(super) const PAGE: &str = "/README.md";

/// What a build gets that differs between machines: the directory and the file.
pub(super) const MADE_HERE: [(&str, &str); 2] = [
    (crate::credentials::FOLDER, crate::credentials::PATH),
    (crate::host_ids::FOLDER, crate::host_ids::PATH),
];

/// Files that only some configs need. With further stages: their Dockerfile, and the script that runs hooks in images
/// that may lack bash. With `device.type: auto`: the reservation of the GPUs.
pub(super) const OPTIONAL_FILES: [&str; 3] = [
    "stages.Dockerfile",
    "installation/stages/pei-run-hook.sh",
    GPU_COMPOSE_FILE,
];

/// Salted password hashes. They are kept, so that the same passwords give the same bytes.
pub const CREDENTIALS: &str = crate::credentials::PATH;

/// The host keys of the project's container, for ssh.
pub const KNOWN_HOSTS: &str = ".pei/known_hosts";

/// What editors that work in containers read; a part of it is the user's.
pub const DEVCONTAINER: &str = ".devcontainer/devcontainer.json";

/// Checksums of the files without a stamp, as pei last wrote them.
pub(super) const MANIFEST: &str = ".pei/manifest";

/// Locked while a run writes.
pub(super) const LOCK: &str = ".pei/lock";

/// Where new files wait until all of them are on disk. It exists while a run writes, and after a run that was
/// interrupted. No build or hook sees it.
pub(super) const WAITING: &str = ".pei/waiting";

/// Written last, because a build starts from it. It exists once a directory has been configured, by pei or by
/// `PeiDocker`.
pub const COMPOSE_FILE: &str = "docker-compose.yml";

/// Reserves the GPUs for `device.type: auto`, beside [`COMPOSE_FILE`].
pub const GPU_COMPOSE_FILE: &str = "docker-compose.gpu.yml";

/// The suffix of temporary files outside pei's own directory.
pub(super) const TEMPORARY: &str = ".pei-tmp";
