//! `.pei/ids/host`: the ids of this machine that `uid: host` and `gid: host` are replaced with.
//!
//! ```text
//! uid 1000
//! gid 1000
//! ```

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::model::HostIds;

/// The directory that the step which makes the accounts mounts. It is not the directory of the credentials: those
/// change more often, and would run the step again.
pub const FOLDER: &str = ".pei/ids";
/// The file's path in a project.
pub const PATH: &str = ".pei/ids/host";

/// The file's text. Without ids, the image picks them.
pub fn text(ids: Option<HostIds>) -> String {
    ids.map_or_else(
        || "uid\ngid\n".to_owned(),
        |ids| format!("uid {}\ngid {}\n", ids.uid, ids.gid),
    )
}

/// The ids of the caller of pei. If that is root, the ids of the user who called sudo, or else of the project's
/// owner.
pub fn of_caller(project: &Path) -> Option<HostIds> {
    let own = HostIds {
        uid: rustix::process::geteuid().as_raw(),
        gid: rustix::process::getegid().as_raw(),
    };
    let number = |name| std::env::var(name).ok()?.parse().ok();
    let of_sudo = || Some((number("SUDO_UID")?, number("SUDO_GID")?));
    let of_owner = || {
        std::fs::metadata(project)
            .ok()
            .map(|found| (found.uid(), found.gid()))
    };
    let is_person = |ids: &HostIds| ids.uid != 0;
    let from = |(uid, gid)| HostIds { uid, gid };
    Some(own)
        .filter(is_person)
        .or_else(|| of_sudo().map(from).filter(is_person))
        .or_else(|| of_owner().map(from).filter(is_person))
}
