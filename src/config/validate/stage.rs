//! A stage: all its sections, with the rules of its kind.

use super::copies::{self, Named, Names, ReadCopy};
use super::ports::Published;
use super::stage_kind::StageKind;
use super::{
    apt, builders, container, destinations, environment, hooks, image, mount, ports, proxy, ssh,
};
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Site, or};
use crate::model::{Apt, ContainerOptions, Device, EnvVar, Hooks, Origin, Proxy, Stage, Storage};

/// A stage as read, with the positions that later checks need. Nothing is inherited yet.
pub(super) struct ReadStage {
    kind: StageKind,
    pub(super) image: image::ReadImage,
    pub(super) ssh: Option<ssh::ReadSsh>,
    proxy: proxy::ReadProxy,
    apt: Option<Apt>,
    environment: Vec<EnvVar>,
    pub(super) ports: Vec<Published>,
    device: Option<Device>,
    storage: Option<Vec<Storage>>,
    pub(super) mount: Vec<mount::ReadMount>,
    pub(super) from: Option<(Named, Site)>,
    pub(super) copies: Vec<ReadCopy>,
    options: ContainerOptions,
    custom: Hooks,
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Field<'_>,
    root: &Place<'_>,
    kind: StageKind,
    names: &Names,
) -> Option<ReadStage> {
    let at = field.place(root);
    let raw = raw::Stage::read_as(cx, field.node, &at, kind.spec()).ok()?;
    let image = image::read(cx, raw.image, &at, kind);
    let from = copies::origin(cx, raw.from, &at, names);
    if let (Some((_, base)), Some((_, from))) = (&image.base, &from) {
        builders::both(cx, base, from);
    }
    let options = container::read(cx, &raw, &at);
    let base = image.base.as_ref().map(|(base, _)| base);
    let mount = mount::mounts(cx, raw.mount, &at);
    let storage = kind
        .has_storage()
        .then(|| mount::storage(cx, raw.storage, &at));
    destinations::check(cx, storage.as_deref().unwrap_or_default(), &mount);
    Some(ReadStage {
        kind,
        ssh: ssh::read(cx, raw.ssh, &at),
        proxy: proxy::read(cx, raw.proxy, &at),
        apt: kind.has_apt().then(|| apt::read(cx, raw.apt, &at, base)),
        environment: environment::read(cx, raw.environment, &at),
        ports: ports::read(cx, raw.ports, &at),
        device: device(cx, raw.device, &at),
        storage: storage.map(|read| read.into_iter().map(|read| read.storage).collect()),
        mount,
        copies: copies::read(cx, raw.copy, &at, names, true),
        options,
        custom: hooks::read(cx, raw.custom, &at, kind, names),
        from,
        image,
    })
}

fn device(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Option<Device> {
    let field = field.filter(|field| !field.node.is_null());
    let (section, at) = raw::Device::of(cx, field, at)?;
    let choices = [Device::Cpu, Device::Gpu, Device::Auto].map(|device| (device.name(), device));
    // As in the reference, a section without a type means `cpu` and inherits nothing.
    Some(or(cx.choice(section.r#type, &at, &choices), Device::Cpu))
}

impl ReadStage {
    /// Builds the model: what is not set is inherited or gets its default.
    pub(super) fn into_model(self, inherited: Option<&Stage>, places: &[usize]) -> Stage {
        let proxy: Proxy = match inherited {
            Some(below) => self.proxy.over(&below.proxy),
            None => self.proxy.with_defaults(),
        };
        let device = inherited.map_or(Device::Cpu, |below| below.device);
        let base = self.image.base.map(|(base, _)| base);
        let builder = match self.from {
            Some((Named::Builder(index), _)) => Some(places[index]),
            Some((Named::System, _)) | None => None,
        };
        let from = match (inherited, base) {
            // `from` names a further stage, or nothing. A combination with `image.base` has been reported.
            (Some(below), None) => builder.map_or_else(
                || Origin::Stage {
                    id: below.id.clone(),
                    written: None,
                },
                Origin::Builder,
            ),
            // A base with the name of that stage's output means the stage itself, not an image of that name in the
            // engine.
            (Some(below), Some(base)) if base == below.output => Origin::Stage {
                id: below.id.clone(),
                written: Some(base),
            },
            (_, base) => Origin::Image(base.unwrap_or_default()),
        };
        Stage {
            id: self.kind.id(),
            role: self.kind.role(),
            from,
            inherits: inherited.map(|below| below.id.clone()),
            output: self
                .image
                .output
                .map(|(output, _)| output)
                .unwrap_or_default(),
            ssh: self.ssh.and_then(ssh::ReadSsh::into_model),
            proxy,
            apt: self.apt,
            environment: self.environment,
            ports: self.ports.into_iter().map(|port| port.text).collect(),
            device: self.device.unwrap_or(device),
            storage: self.storage,
            mount: self.mount.into_iter().map(|read| read.mount).collect(),
            copies: builders::renumbered(self.copies, places),
            options: self.options.over(inherited.map(|below| &below.options)),
            custom: self.custom,
        }
    }
}
