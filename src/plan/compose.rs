//! The services and volumes of docker-compose.yml.

use std::collections::BTreeMap;

use super::args::{BuildArg, BuildArgs};
use super::paths;
use crate::model::{ComposeText, Device, EnvVar, MountSource, Project, Stage};

/// The name of the volume that keeps a project's ssh host keys.
const SSH_HOST_KEYS_VOLUME: &str = "pei_ssh_host_keys";

/// docker-compose.yml, before it is text.
#[derive(Debug)]
pub struct Compose {
    /// The service `stage-1`.
    pub stage_1: Service,
    /// The service `stage-2`, where there is one.
    pub stage_2: Option<Service>,
    /// Top-level volumes; `None` is one that Compose makes, `Some` an external one's name.
    pub volumes: BTreeMap<String, Option<ComposeText>>,
    /// Both builds get the credentials as a secret.
    pub credentials: bool,
}

/// One service.
#[derive(Debug)]
pub struct Service {
    /// The image's name and tag.
    pub image: ComposeText,
    /// The file that it is built from.
    pub dockerfile: &'static str,
    /// The stage of that file.
    pub target: &'static str,
    /// Build args in the order of the file.
    pub args: Vec<BuildArg>,
    /// The build gets the credentials.
    pub credentials: bool,
    /// Started only by name: a helper of the build.
    pub is_build_helper: bool,
    /// All NVIDIA GPUs are reserved.
    pub gpu: bool,
    /// `None` as a value: taken from Compose's environment.
    pub environment: Vec<(String, Option<ComposeText>)>,
    /// Short syntax.
    pub ports: Vec<ComposeText>,
    /// Short syntax.
    pub volumes: Vec<ComposeText>,
}

pub(super) fn plan(project: &Project, args: &BuildArgs) -> Compose {
    let stage_1 = &project.stage_1;
    let ssh = stage_1.ssh.as_ref();
    let credentials = ssh.is_some_and(|ssh| !ssh.users.is_empty());
    let ssh_mapping = ssh.and_then(|ssh| {
        let mut mapping = ssh.host_port.clone()?;
        mapping.push(&ComposeText::literal(format!(":{}", ssh.port)));
        Some(mapping)
    });
    let mut volumes = Volumes::default();
    let ports = |stages: &[&Stage]| {
        let own = stages.iter().flat_map(|stage| stage.ports.iter().cloned());
        own.chain(ssh_mapping.clone()).collect()
    };

    let mut mounts_1 = volumes.of_mounts(&stage_1.common);
    if ssh.is_some() {
        mounts_1.push(volumes.of_ssh_host_keys());
    }
    let service_1 = Service {
        image: stage_1.common.output.clone(),
        dockerfile: "stage-1.Dockerfile",
        target: "stage-1",
        args: args.stage_1.clone(),
        credentials,
        is_build_helper: project.stage_2.is_some(),
        gpu: stage_1.common.device == Device::Gpu,
        environment: merge_environment(&[&stage_1.common.environment]),
        ports: ports(&[&stage_1.common]),
        volumes: mounts_1,
    };
    let service_2 = project.stage_2.as_ref().map(|stage_2| {
        let mut mounts = volumes.of_storage(stage_2);
        mounts.extend(volumes.of_mounts(&stage_2.common));
        if ssh.is_some() {
            mounts.push(volumes.of_ssh_host_keys());
        }
        Service {
            image: stage_2.common.output.clone(),
            dockerfile: "stage-2.Dockerfile",
            target: "stage-2",
            args: args.stage_2.clone(),
            credentials: credentials && project.own_base_of_stage_2().is_none(),
            is_build_helper: false,
            gpu: stage_2.common.device == Device::Gpu,
            environment: merge_environment(&[
                &stage_1.common.environment,
                &stage_2.common.environment,
            ]),
            ports: ports(&[&stage_1.common, &stage_2.common]),
            volumes: mounts,
        }
    });
    Compose {
        stage_1: service_1,
        stage_2: service_2,
        volumes: volumes.0,
        credentials,
    }
}

/// Later lists win over earlier ones; a name keeps the place where it first stood.
fn merge_environment(lists: &[&[EnvVar]]) -> Vec<(String, Option<ComposeText>)> {
    let mut places: BTreeMap<&str, usize> = BTreeMap::new();
    let mut merged: Vec<(String, Option<ComposeText>)> = Vec::new();
    for variable in lists.iter().flat_map(|list| list.iter()) {
        if let Some(&place) = places.get(variable.name.as_str()) {
            merged[place].1.clone_from(&variable.value);
        } else {
            places.insert(&variable.name, merged.len());
            merged.push((variable.name.clone(), variable.value.clone()));
        }
    }
    merged
}

/// Collects the top-level volumes while it writes the services' entries.
#[derive(Default)]
struct Volumes(BTreeMap<String, Option<ComposeText>>);

impl Volumes {
    fn of_storage(&mut self, stage_2: &crate::model::Stage2) -> Vec<ComposeText> {
        let entries = stage_2.storage.iter();
        entries
            .filter_map(|entry| {
                let key = entry.key.name();
                self.entry(
                    key,
                    &entry.source,
                    &ComposeText::literal(paths::storage(key)),
                )
            })
            .collect()
    }

    fn of_mounts(&mut self, stage: &Stage) -> Vec<ComposeText> {
        let entries = stage.mount.iter();
        entries
            .filter_map(|mount| {
                self.entry(
                    &format!("mount_{}", mount.name),
                    &mount.source,
                    &mount.dst_path,
                )
            })
            .collect()
    }

    fn of_ssh_host_keys(&mut self) -> ComposeText {
        self.0.insert(SSH_HOST_KEYS_VOLUME.to_owned(), None);
        ComposeText::literal(format!("{SSH_HOST_KEYS_VOLUME}:{}", paths::SSH_HOST_KEYS))
    }

    fn entry(
        &mut self,
        volume: &str,
        source: &MountSource,
        destination: &ComposeText,
    ) -> Option<ComposeText> {
        let mut text = match source {
            MountSource::Image => return None,
            MountSource::Host { host_path } => host_path.clone(),
            MountSource::AutoVolume => {
                self.0.insert(volume.to_owned(), None);
                ComposeText::literal(volume)
            }
            MountSource::ManualVolume { volume_name } => {
                self.0.insert(volume.to_owned(), Some(volume_name.clone()));
                ComposeText::literal(volume)
            }
        };
        text.push(&ComposeText::literal(":"));
        text.push(destination);
        Some(text)
    }
}
