//! `.pei/ids/host`: the numbers that `uid: host` and `gid: host` stand for on this machine.
//!
//! ```text
//! uid 1000
//! gid 1000
//! ```

use std::os::unix::fs::MetadataExt as _;
use std::path::Path;

use crate::model::HostIds;

/// The folder that the step mounts which makes the accounts; not that of the credentials, which change more often.
pub const FOLDER: &str = ".pei/ids";
/// Where the file lies in a project.
pub const PATH: &str = ".pei/ids/host";

/// The file's text; without numbers, the image picks them.
pub fn text(ids: Option<HostIds>) -> String {
    ids.map_or_else(
        || "uid\ngid\n".to_owned(),
        |ids| format!("uid {}\ngid {}\n", ids.uid, ids.gid),
    )
}

/// Those of who runs pei. Root configures for somebody: for who called sudo, or else for the owner of the project.
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
