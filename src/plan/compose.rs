//! The services and volumes of docker-compose.yml.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::args::{self, BuildArg};
use super::tree::Tree;
use super::{dockerfile, paths};
use crate::model::{
    BuildAccess, BuildContext, ComposeText, ContainerOptions, Device, EnvVar, MountSource, Project,
    Stage,
};

/// The name of the volume that keeps a project's ssh host keys.
const SSH_HOST_KEYS_VOLUME: &str = "pei_ssh_host_keys";

/// Top-level volumes by their keys; `None` is one that Compose makes, `Some` the name of one that exists.
pub type NamedVolumes = BTreeMap<String, Option<ComposeText>>;

/// One service before it is rendered.
#[derive(Debug)]
pub struct Service {
    /// Its name, which is the stage's, in the Dockerfile too.
    pub name: String,
    /// The file that it is built from.
    pub dockerfile: String,
    /// The image's name and tag.
    pub image: ComposeText,
    /// Build args in the order of the file.
    pub args: Vec<BuildArg>,
    /// The directories that the build gets beside the project.
    pub contexts: Vec<BuildContext>,
    /// What its build hooks get from whoever builds.
    pub access: BuildAccess,
    /// Settings of its containers.
    pub options: ContainerOptions,
    /// Whether it starts only when it is named.
    pub is_build_helper: bool,
    /// The device that it reserves.
    pub device: Device,
    /// Each name once.
    pub environment: Vec<EnvVar>,
    /// Published ports.
    pub ports: Vec<Port>,
    /// What is mounted.
    pub volumes: Vec<VolumeMount>,
}

/// The service of a further stage, for builds and for a shell in it.
#[derive(Debug)]
pub struct BuilderService {
    /// Its name, which is the stage's, in the Dockerfile too.
    pub name: String,
    /// The file that it is built from.
    pub dockerfile: String,
    /// The image's name and tag, if it has one.
    pub image: Option<ComposeText>,
    /// Build args in the order of the file.
    pub args: Vec<BuildArg>,
    /// The directories that the build gets beside the project.
    pub contexts: Vec<BuildContext>,
    /// What its build hooks get from whoever builds.
    pub access: BuildAccess,
}

pub(super) fn builders(tree: &Tree<'_>) -> Vec<BuilderService> {
    let builders = tree.project().builders.iter().enumerate();
    let services = builders.map(|(index, builder)| {
        let listed = tree.listed(index);
        BuilderService {
            name: builder.name.clone(),
            dockerfile: dockerfile::path(dockerfile::BUILDERS),
            image: builder.output.clone(),
            args: args::of_builder(tree, listed),
            contexts: tree.contexts(listed),
            access: BuildAccess::default(),
        }
    });
    services.collect()
}

/// The services of the config besides the stages, and the volumes, networks and secrets that they name.
#[derive(Debug, Default)]
pub struct Beside {
    /// Compose's own text, by the service's name.
    pub services: Map<String, Value>,
    /// Volumes, sorted.
    pub volumes: BTreeSet<String>,
    /// Networks, sorted; the default one is everywhere.
    pub networks: BTreeSet<String>,
    /// Secrets, sorted.
    pub secrets: BTreeSet<String>,
}

impl Beside {
    pub(super) fn new(project: &Project) -> Self {
        let mut beside = Self {
            services: project.services.clone(),
            ..Self::default()
        };
        for service in project.services.values() {
            let items = |key: &str| service[key].as_array().into_iter().flatten();
            let volumes = items("volumes").filter_map(volume_name).map(str::to_owned);
            beside.volumes.extend(volumes);
            let keys = service["networks"].as_object().into_iter();
            let keys = keys.flat_map(Map::keys).map(String::as_str);
            let networks = items("networks").filter_map(Value::as_str).chain(keys);
            let networks = networks.filter(|name| *name != "default");
            beside.networks.extend(networks.map(str::to_owned));
            let secrets = items("secrets")
                .filter_map(|item| item.as_str().or_else(|| item["source"].as_str()));
            beside.secrets.extend(secrets.map(str::to_owned));
        }
        beside
    }
}

/// The name of the volume in an item of Compose's short or long syntax, if it has one.
fn volume_name(item: &Value) -> Option<&str> {
    let name = match item {
        Value::Object(item) if item.get("type").is_some_and(|kind| kind == "volume") => {
            item.get("source")?.as_str()?
        }
        Value::String(text) => text.split_once(':')?.0,
        _ => return None,
    };
    let is_letter = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_name = name.starts_with(|c: char| c.is_ascii_alphanumeric());
    (is_name && name.chars().all(is_letter)).then_some(name)
}

/// A published port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Port {
    /// As the config has it: Compose's short syntax.
    Written(ComposeText),
    /// The port of sshd.
    Ssh {
        /// On the host.
        host: ComposeText,
        /// In the container.
        container: u16,
    },
}

/// A volume or host directory in a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct VolumeMount {
    /// What is mounted.
    pub source: VolumeSource,
    /// Absolute path in the container.
    pub target: ComposeText,
}

/// What is mounted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum VolumeSource {
    /// One of the top-level volumes, by its key.
    Named(String),
    /// A directory of the host; a relative one is relative to the compose file.
    Host(ComposeText),
}

/// The services in build order, with their build args, and the volumes that they name.
pub(super) fn plan(tree: &Tree<'_>, args: Vec<Vec<BuildArg>>) -> (Vec<Service>, NamedVolumes) {
    let project = tree.project();
    let mut volumes = Volumes::default();
    let services = project.stages.iter().zip(args);
    let services = services
        .map(|(stage, args)| service(tree, stage, args, &mut volumes))
        .collect();
    (services, volumes.0)
}

fn service(tree: &Tree<'_>, stage: &Stage, args: Vec<BuildArg>, volumes: &mut Volumes) -> Service {
    let project = tree.project();
    let family = project.family(stage);
    let sshds = || family.iter().filter_map(|stage| stage.ssh.as_ref());
    let written = family.iter().flat_map(|stage| &stage.ports);
    let ssh_ports = sshds().filter_map(|ssh| {
        Some(Port::Ssh {
            host: ssh.host_port.clone()?,
            container: ssh.port,
        })
    });
    Service {
        name: stage.id.name.clone(),
        dockerfile: dockerfile::path(&stage.id.name),
        image: stage.output.clone(),
        args,
        contexts: tree.contexts(&tree.needs_of(stage)),
        access: BuildAccess::default(),
        options: stage.options.clone(),
        is_build_helper: project
            .stages
            .last()
            .is_some_and(|last| last.id != stage.id),
        device: stage.device,
        environment: merge_environment(family.iter().map(|stage| stage.environment.as_slice())),
        ports: written
            .cloned()
            .map(Port::Written)
            .chain(ssh_ports)
            .collect(),
        volumes: volumes.of_stage(stage, sshds().next().is_some()),
    }
}

/// Values of later lists override earlier ones; a name keeps its first position.
fn merge_environment<'m>(lists: impl Iterator<Item = &'m [EnvVar]>) -> Vec<EnvVar> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut merged: Vec<EnvVar> = Vec::new();
    for variable in lists.flatten() {
        if let Some(&place) = places.get(variable.name.as_str()) {
            merged[place].value.clone_from(&variable.value);
        } else {
            places.insert(&variable.name, merged.len());
            merged.push(variable.clone());
        }
    }
    merged
}

/// Collects the top-level volumes while it lists the services' mounts.
#[derive(Default)]
struct Volumes(NamedVolumes);

impl Volumes {
    fn of_stage(&mut self, stage: &Stage, has_sshd: bool) -> Vec<VolumeMount> {
        let storage = stage.storage.iter().flatten().map(|entry| {
            let key = entry.key.name();
            let target = ComposeText::literal(paths::storage(key));
            (key.to_owned(), &entry.source, target)
        });
        let mounts = stage.mount.iter().map(|mount| {
            let name = format!("mount_{}", mount.name);
            (name, &mount.source, mount.dst_path.clone())
        });
        let host_keys = has_sshd.then(|| {
            let target = ComposeText::literal(paths::SSH_HOST_KEYS);
            let name = SSH_HOST_KEYS_VOLUME.to_owned();
            (name, &MountSource::AutoVolume, target)
        });
        let all = storage.chain(mounts).chain(host_keys);
        all.filter_map(|(name, source, target)| {
            let source = self.source(name, source)?;
            Some(VolumeMount { source, target })
        })
        .collect()
    }

    /// `None` if nothing is mounted.
    fn source(&mut self, name: String, source: &MountSource) -> Option<VolumeSource> {
        let external = match source {
            MountSource::Image => return None,
            MountSource::Host { host_path } => return Some(VolumeSource::Host(host_path.clone())),
            MountSource::AutoVolume => None,
            MountSource::ManualVolume { volume_name } => Some(volume_name.clone()),
        };
        self.0.insert(name.clone(), external);
        Some(VolumeSource::Named(name))
    }
}
