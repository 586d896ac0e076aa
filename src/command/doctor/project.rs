//! What the project asks of the machine: ports, directories, a GPU.

use std::io::ErrorKind;
use std::net::IpAddr;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;

use super::engine::Info;
use super::listening::listeners;
use super::{Check, State};
use crate::command::{locked, naming, outcome, published};
use crate::config::{Host, Mapping};
use crate::diagnostic::{list, quoted};
use crate::engine::{Container, Engine};
use crate::host_ids;
use crate::model::{Device, Id, MountSource, Project, Stage};
use crate::ui::shown;

/// More lines would be read by nobody.
const MOST_PORTS: usize = 40;

/// What is looked at.
pub(super) struct Subject<'s> {
    pub(super) project: &'s Project,
    pub(super) folder: &'s Path,
    pub(super) host: &'s Host,
    pub(super) engine: &'s Engine,
    /// `None` where no engine answers.
    pub(super) info: Option<&'s Info>,
    /// Whether the engine is on another machine, also where it does not answer.
    pub(super) is_remote: bool,
}

pub(super) fn check(checks: &mut Vec<Check>, subject: &Subject<'_>) {
    let Some(stage) = subject.project.stages.last() else {
        return;
    };
    ports(checks, subject, stage);
    directories(checks, subject, stage);
    checks.push(gpu(subject, stage));
}

fn ports(checks: &mut Vec<Check>, subject: &Subject<'_>, stage: &Stage) {
    let mappings = published::mappings(subject.project, stage, subject.host);
    let mappings = mappings.iter().filter(|mapping| mapping.host.is_some());
    let containers = subject.info.and_then(|_| subject.engine.containers().ok());
    let containers = containers.unwrap_or_default();
    let name = subject.project.name.as_deref();
    let name = naming::name_for_compose(name, subject.folder, subject.host).unwrap_or_default();
    for mapping in mappings.take(MOST_PORTS) {
        let is_own = |container: &Container| container.is_made_by(&name, subject.folder);
        checks.push(port(mapping, subject, &containers, &is_own));
    }
}

fn port(
    mapping: &Mapping,
    subject: &Subject<'_>,
    containers: &[Container],
    is_own: &dyn Fn(&Container) -> bool,
) -> Check {
    let range = mapping.host.clone().unwrap_or(0..=0);
    let shown = if range.start() == range.end() {
        format!("port {}", range.start())
    } else {
        format!("ports {}-{}", range.start(), range.end())
    };
    let holds = |container: &&Container| {
        let end = format!("/{}", mapping.protocol.name());
        let mut ports = container.ports.iter();
        container.running
            && ports.any(|port| port.container.ends_with(&end) && range.contains(&port.host))
    };
    match containers.iter().find(holds) {
        Some(own) if is_own(own) => {
            return Check::new(shown, State::Ok, "this project's container has it");
        }
        Some(other) => {
            let found = format!("the container {} has it", quoted(&other.name));
            return Check::new(shown, State::Warning, found)
                .help("stop it with `docker stop`, or choose another host port");
        }
        None => {}
    }
    if subject.is_remote {
        return Check::new(
            shown,
            State::Skipped,
            "the engine's ports are on another machine",
        );
    }
    let Some(listeners) = listeners(mapping.protocol) else {
        let found = "this system does not tell who listens";
        return Check::new(shown, State::Skipped, found);
    };
    let wanted = mapping.ip.filter(|ip| !ip.is_unspecified());
    let is_same = |address: &IpAddr| {
        wanted.is_none_or(|wanted| wanted == *address) || address.is_unspecified()
    };
    let taken = listeners
        .iter()
        .find(|(address, port)| range.contains(port) && is_same(address));
    if let Some((_, port)) = taken {
        let found = format!("another program listens at {port}");
        return Check::new(shown, State::Warning, found).help(format!(
            "`ss -ltnup 'sport = :{port}'` names it; stop it, or choose another host port"
        ));
    }
    Check::new(shown, State::Ok, "it is free")
}

fn directories(checks: &mut Vec<Check>, subject: &Subject<'_>, stage: &Stage) {
    let storage = stage.storage.iter().flatten();
    let storage = storage.map(|entry| (entry.key.name().to_owned(), &entry.source));
    let mounts = stage
        .mount
        .iter()
        .map(|mount| (mount.name.clone(), &mount.source));
    for (name, source) in storage.chain(mounts) {
        let MountSource::Host { host_path } = source else {
            continue;
        };
        let name = format!("mount {name}");
        let path = host_path.as_literal().filter(|path| !path.starts_with('~'));
        let Some(path) = path else {
            let found = format!(
                "only Compose knows what {} is",
                quoted(&host_path.for_reading())
            );
            checks.push(Check::new(name, State::Skipped, found));
            continue;
        };
        checks.push(if subject.is_remote {
            Check::new(
                name,
                State::Skipped,
                format!("{} is on the engine's machine", quoted(path)),
            )
        } else {
            directory(
                name,
                &subject.folder.join(path.trim_start_matches("./")),
                subject,
            )
        });
    }
}

fn directory(name: String, path: &Path, subject: &Subject<'_>) -> Check {
    let place = shown(path);
    let found = match path.metadata() {
        Ok(found) if found.is_dir() => found,
        Ok(_) => return Check::new(name, State::Ok, format!("{place} is a file")),
        Err(error) if error.kind() == ErrorKind::NotFound => {
            return Check::new(
                name,
                State::Warning,
                format!("{place} does not exist, and Docker would make it as root's"),
            )
            .help(format!(
                "`pei configure{} --make-dirs` makes it as yours",
                locked::option(subject.project.lock, subject.folder)
            ));
        }
        Err(error) => {
            return Check::new(
                name,
                State::Skipped,
                format!("cannot look at {place}: {error}"),
            );
        }
    };
    let (owner, mode) = (found.uid(), found.permissions().mode() & 0o777);
    let caller = host_ids::of_caller(subject.folder);
    let number = |id: Option<Id>, host: Option<u32>| match id {
        Some(Id::Number(number)) => Some(number),
        Some(Id::Host) => host,
        None => None,
    };
    let may_write = |user: &crate::model::SshUser| {
        let uid = number(user.uid, caller.map(|ids| ids.uid));
        let gid = number(user.gid, caller.map(|ids| ids.gid));
        let is_owners = uid == Some(owner) && mode & 0o200 != 0;
        let is_groups = uid != Some(owner) && gid == Some(found.gid()) && mode & 0o020 != 0;
        user.name == "root" || is_owners || is_groups || mode & 0o002 != 0
    };
    let (may, may_not): (Vec<_>, Vec<_>) =
        subject.project.users().partition(|user| may_write(user));
    let names = |users: &[&crate::model::SshUser]| {
        let names: Vec<_> = users.iter().map(|user| &user.name).collect();
        list(&names, "and")
    };
    let text = format!("{place} belongs to uid {owner} (mode {mode:o}); ");
    if may_not.is_empty() {
        let who = if may.is_empty() {
            "root".to_owned()
        } else {
            names(&may)
        };
        return Check::new(name, State::Ok, format!("{text}{who} may write there"));
    }
    Check::new(
        name,
        State::Warning,
        format!("{text}{} may not write there", names(&may_not)),
    )
    .help(if owner == 0 {
        "change the owner of the directory (`chown`)".to_owned()
    } else {
        format!("write `uid: {owner}` for the user, or change the owner of the directory")
    })
}

fn gpu(subject: &Subject<'_>, stage: &Stage) -> Check {
    let Some(info) = subject.info else {
        return Check::new("GPU", State::Skipped, "no engine answers");
    };
    match (stage.device, info.gpus()) {
        (Device::Gpu, None) => Check::new("GPU", State::Warning, "the config reserves one, and the engine has no runtime of nvidia")
            .help("install nvidia-container-toolkit and run `sudo nvidia-ctk runtime configure`, or write `device: {type: auto}`"),
        (Device::Gpu, Some(what)) => Check::new("GPU", State::Ok, format!("the engine has {what}")),
        (Device::Cpu, Some(what)) => Check::new("GPU", State::Ok, format!("the config reserves none; the engine has {what}")),
        (Device::Cpu, None) => Check::new("GPU", State::Ok, "the config reserves none"),
        (Device::Auto, Some(what)) => Check::new("GPU", State::Ok, format!("the engine has {what}; start with `{} up -d`", outcome::compose_with_gpu(subject.folder))),
        (Device::Auto, None) => Check::new("GPU", State::Ok, "the engine has neither the runtime of nvidia nor a device nvidia.com/gpu; start with `docker compose up -d`, without a GPU"),
    }
}
