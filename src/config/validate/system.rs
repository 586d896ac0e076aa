//! Mounts over a part of the system.

use super::paths::normalised;
use crate::config::read::{Context, Reported, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, MountSource};

/// Directories that every image needs, or that pei's scripts need.
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

/// Refuses a mount with which no container starts, and warns of one that hides files of the image.
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
        let message = format!("every container starts with {shown}");
        Some(refuse(
            message,
            "mount at another path, such as `/data`; `on_entry` names a script that takes over",
        ))
    } else {
        of_kernel(&path, source).map(|directory| {
            let message = format!("nothing can be mounted at {shown}, which belongs to the kernel");
            let help = match directory {
                "/dev" => "mount at another directory, such as `/data`; `/dev/shm` can be mounted, and a device of the host at the same path",
                _ => "mount at another directory, such as `/data`",
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
            "mount at another directory, such as `/data`, or only at the directory below {shown} that you need"
        )));
    }
    Ok(())
}

/// The kernel's directory that contains a path. Shared memory is excluded, and so are devices of the host that keep
/// their path.
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
