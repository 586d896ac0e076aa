//! The sections that both stages have.

use super::ports::Published;
use super::{environment, hooks, image, mount, ports, proxy};
use crate::config::raw;
use crate::config::read::{Context, Field, Place, or};
use crate::model::{ComposeText, Device, EnvVar, Hooks, Proxy, Stage};

/// Which of the two.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Number {
    One,
    Two,
}

/// The keys that both stages have.
pub(super) struct Fields<'n> {
    pub(super) image: Option<Field<'n>>,
    pub(super) proxy: Option<Field<'n>>,
    pub(super) environment: Option<Field<'n>>,
    pub(super) ports: Option<Field<'n>>,
    pub(super) device: Option<Field<'n>>,
    pub(super) mount: Option<Field<'n>>,
    pub(super) custom: Option<Field<'n>>,
}

/// What they say; what stage-2 may inherit is still open.
pub(super) struct Common {
    pub(super) base: Option<ComposeText>,
    output: ComposeText,
    pub(super) proxy: proxy::Layer,
    environment: Vec<EnvVar>,
    pub(super) ports: Vec<Published>,
    pub(super) device: Option<Device>,
    pub(super) mount: Vec<mount::ReadMount>,
    custom: Hooks,
}

pub(super) fn read(
    cx: &mut Context<'_>,
    fields: &Fields<'_>,
    at: &Place<'_>,
    stage: Number,
) -> Common {
    let (base, output) = image::read(cx, fields.image, at, stage);
    Common {
        base,
        output,
        proxy: proxy::read(cx, fields.proxy, at),
        environment: environment::read(cx, fields.environment, at),
        ports: ports::read(cx, fields.ports, at),
        device: device(cx, fields.device, at),
        mount: mount::mounts(cx, fields.mount, at),
        custom: hooks::read(cx, fields.custom, at, stage),
    }
}

fn device(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Option<Device> {
    let field = field.filter(|field| !field.node.is_null())?;
    let at = field.place(at);
    let section = raw::Device::read(cx, field.node, &at).ok()?;
    let choices = [("cpu", Device::Cpu), ("gpu", Device::Gpu)];
    // As in the reference, a section without a type inherits nothing.
    Some(or(cx.choice(section.r#type, &at, &choices), Device::Cpu))
}

impl Common {
    pub(super) fn into_model(self, proxy: Proxy, device: Device) -> Stage {
        Stage {
            output: self.output,
            proxy,
            environment: self.environment,
            ports: self.ports.into_iter().map(|port| port.text).collect(),
            mount: self.mount.into_iter().map(|read| read.mount).collect(),
            device,
            custom: self.custom,
        }
    }
}
