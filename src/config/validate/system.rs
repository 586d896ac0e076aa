//! Mounts that take the place of a part of the system.

use super::paths::normalised;
use crate::config::read::{Context, Reported, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, MountSource};

/// Directories without which an image is none, or which pei's scripts need.
const OF_SYSTEM: [&str; 11] = [
    "/etc",
    "/usr",
    "/bin",
    "/lib",
    "/lib64",
    "/sbin",
    "/var",
    "/soft",
    "/hard",
    "/pei-init",
    "/pei-from-host",
];

/// Refuses a mount that no container starts with, and warns of one that hides what the image has.
pub(super) fn check(
    cx: &mut Context<'_>,
    source: &MountSource,
    destination: &ComposeText,
    site: &Site,
) -> Result<(), Reported> {
    let Some(path) = destination.as_literal().map(normalised) else {
        return Ok(());
    };
    let shown = quoted(&path);
    let refuse = |message: String, help: &str| {
        let found = Diagnostic::error(Code::InvalidPath, site.span.clone(), message);
        found.path(site.path.clone()).help(help)
    };
    let refused = if path == "/entrypoint.sh" {
        let message = format!("{shown} is what every container starts with");
        Some(refuse(
            message,
            "mount at another path, such as `/data`; `on_entry` names a script that takes over",
        ))
    } else {
        of_kernel(&path, source).map(|directory| {
            let message = format!("{shown} belongs to the kernel: nothing can be mounted there");
            let help = match directory {
                "/dev" => "mount at a directory of its own, such as `/data`; `/dev/shm` can be mounted, and a device of the host at its own path",
                _ => "mount at a directory of its own, such as `/data`",
            };
            refuse(message, help)
        })
    };
    if let Some(refused) = refused {
        return Err(cx.report(refused));
    }
    if OF_SYSTEM.contains(&path.as_str()) {
        let message = format!("the mount hides {shown} of the image");
        let found = Diagnostic::warning(Code::HidesSystem, site.span.clone(), message);
        cx.report(found.path(site.path.clone()).help(format!(
            "mount at a directory of its own, such as `/data`, or at the one below {shown} that you need"
        )));
    }
    Ok(())
}

/// The directory of the kernel that a path is or lies in. Shared memory is a place for mounts, and devices of the host
/// are mounted where they are.
fn of_kernel(path: &str, source: &MountSource) -> Option<&'static str> {
    let is_in = |path: &str, directory: &str| {
        let rest = path.strip_prefix(directory);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let directory = ["/proc", "/sys", "/dev"]
        .into_iter()
        .find(|directory| is_in(path, directory))?;
    let is_of_host = match source {
        MountSource::Host { host_path } => {
            let host_path = host_path.as_literal().map(normalised);
            host_path.is_some_and(|host_path| is_in(&host_path, directory))
        }
        _ => false,
    };
    let is_free =
        is_in(path, "/dev/shm") || directory != "/proc" && path != directory && is_of_host;
    (!is_free).then_some(directory)
}
