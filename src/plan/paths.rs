//! Places inside images, by spec the same in every project.

/// The installation tree.
pub(super) const TREE: &str = "/pei-from-host";
/// Where `docker-compose.yml` mounts the volume of the ssh host keys.
pub(super) const SSH_HOST_KEYS: &str = "/pei-init/ssh-host-keys";
/// The parents of volumes, folders in the image, and links to either.
pub(super) const HARD: &str = "/hard";
/// Links to the storage in use.
pub(super) const SOFT: &str = "/soft";

/// `/hard/volume/KEY`: where storage is mounted.
pub(super) fn storage(key: &str) -> String {
    format!("{HARD}/volume/{key}")
}
