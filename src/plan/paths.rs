//! Paths inside images, which the specification fixes for every project, and their sources in the project.

/// The installation tree.
pub(super) const TREE: &str = "/pei-from-host";
/// Where a build step sees the scripts that it runs.
pub(super) const BUILD: &str = "/pei-build";
/// Where a build hook finds its secrets.
pub(super) const SECRETS: &str = "/run/secrets";
/// The state of a container.
pub(super) const STATE: &str = "/pei-init";
/// Where `docker-compose.yml` mounts the volume of the ssh host keys.
pub(super) const SSH_HOST_KEYS: &str = "/pei-init/ssh-host-keys";
/// The parents of volumes, directories in the image, and links to either.
pub(super) const HARD: &str = "/hard";
/// Links to the storage in use.
pub(super) const SOFT: &str = "/soft";
/// The names of the storage directories, and their parents, as args and in the image.
pub(super) const PREFIXES: [(&str, &str); 7] = [
    ("PEI_PREFIX_DATA", "data"),
    ("PEI_PREFIX_APPS", "app"),
    ("PEI_PREFIX_WORKSPACE", "workspace"),
    ("PEI_PREFIX_VOLUME", "volume"),
    ("PEI_PREFIX_IMAGE", "image"),
    ("PEI_PATH_HARD", HARD),
    ("PEI_PATH_SOFT", SOFT),
];
/// The library of all scripts, relative to `installation/`.
pub(super) const LIBRARY: &str = "stage-1/lib";
/// The stage whose directory holds the shared installers.
pub(super) const TOOLS_OF: &str = "stage-1";
/// The installers that all stages share.
pub(super) const TOOLS: &str = "stage-1/system";
/// The scripts that set up images and containers. Hooks do not call them.
pub(super) const INTERNALS: &str = "stage-1/internals";

/// Runs the hooks of further stages on bases that are not made from stage-1; written only if a stage has such a base.
pub(crate) const HOOK_RUNNER: &str = "stages/pei-run-hook.sh";

/// The directory of a further stage's scripts, relative to `installation/`.
pub(crate) fn of_builder(name: &str) -> String {
    format!("stages/{name}")
}

/// `/hard/volume/KEY`: where storage is mounted.
pub(super) fn storage(key: &str) -> String {
    format!("{HARD}/volume/{key}")
}

/// A path below `installation/`, as the build context has it.
pub(super) fn in_context(path: &str) -> String {
    format!("installation/{path}")
}

/// The same path in the image.
pub(super) fn in_image(path: &str) -> String {
    format!("{TREE}/{path}")
}
