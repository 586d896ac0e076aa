//! The whole file, and the rules that span its sections.

use super::{apt, destinations, host_ports, mount, ssh, stage, volumes};
use crate::config::raw;
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::{self, Project};

/// The project that the file describes; only good if no error was reported.
pub(in crate::config) fn project(cx: &mut Context<'_>, root: &Node) -> Option<Project> {
    let nowhere = 0..0;
    let first_key = match &*root.content {
        Content::Map(entries) => entries.first().map_or(&nowhere, |entry| &entry.key_span),
        _ if root.is_null() => {
            cx.report_empty();
            return None;
        }
        _ => {
            let message = format!("a config is a mapping, found {}", root.kind());
            let diagnostic = Diagnostic::error(Code::RootNotMapping, root.span.clone(), message);
            cx.report(diagnostic.help("begin with `stage_1:` and put its keys below it"));
            return None;
        }
    };
    let at = Place::root(first_key);
    let sections = raw::Root::read(cx, root, &at).ok()?;

    let present = |field: &Field<'_>| !field.node.is_null();
    let Some(field_1) = sections.stage_1.filter(present) else {
        cx.missing(&at, "stage_1", "add `stage_1:` with at least its `image`");
        if let Some(field_2) = sections.stage_2.filter(present) {
            stage_2(cx, field_2, &at);
        }
        return None;
    };
    let stage_1 = stage_1(cx, field_1, &at);
    let stage_2 = sections
        .stage_2
        .filter(present)
        .and_then(|field| stage_2(cx, field, &at));
    let stage_1 = stage_1?;

    let mut published = stage_1.common.ports.clone();
    if let Some(two) = &stage_2 {
        published.extend(two.common.ports.iter().cloned());
        volumes::check(cx, &stage_1.common.mount, &two.common.mount);
    }
    if let Some(ssh) = &stage_1.ssh {
        ssh::check_published(cx, ssh, &published);
    }
    host_ports::check(cx, &published, stage_1.ssh.as_ref());

    Some(assemble(stage_1, stage_2))
}

/// Stage-1 as read, with the places that later checks need.
struct ReadStage1 {
    common: stage::Common,
    ssh: Option<ssh::ReadSsh>,
    apt: model::Apt,
}

/// Stage-2 as read.
struct ReadStage2 {
    common: stage::Common,
    storage: Vec<model::Storage>,
}

fn stage_1(cx: &mut Context<'_>, field: Field<'_>, at: &Place<'_>) -> Option<ReadStage1> {
    let at = field.place(at);
    let raw = raw::Stage1::read(cx, field.node, &at).ok()?;
    let common = stage::read(
        cx,
        &stage::Fields {
            image: raw.image,
            proxy: raw.proxy,
            environment: raw.environment,
            ports: raw.ports,
            device: raw.device,
            mount: raw.mount,
            custom: raw.custom,
        },
        &at,
        stage::Number::One,
    );
    destinations::check(cx, &[], &common.mount);
    let ssh = ssh::read(cx, raw.ssh, &at);
    let apt = apt::read(cx, raw.apt, &at, common.base.as_ref());
    Some(ReadStage1 { common, ssh, apt })
}

fn stage_2(cx: &mut Context<'_>, field: Field<'_>, at: &Place<'_>) -> Option<ReadStage2> {
    let at = field.place(at);
    let raw = raw::Stage2::read(cx, field.node, &at).ok()?;
    let common = stage::read(
        cx,
        &stage::Fields {
            image: raw.image,
            proxy: raw.proxy,
            environment: raw.environment,
            ports: raw.ports,
            device: raw.device,
            mount: raw.mount,
            custom: raw.custom,
        },
        &at,
        stage::Number::Two,
    );
    let storage = mount::storage(cx, raw.storage, &at);
    destinations::check(cx, &storage, &common.mount);
    Some(ReadStage2 {
        common,
        storage: storage.into_iter().map(|read| read.storage).collect(),
    })
}

/// Applies defaults and lets stage-2 inherit.
fn assemble(one: ReadStage1, two: Option<ReadStage2>) -> Project {
    let proxy_1 = one.common.proxy.clone().with_defaults();
    let device_1 = one.common.device.unwrap_or(model::Device::Cpu);
    let stage_2 = two.map(|two| model::Stage2 {
        base: two.common.base.clone(),
        storage: two.storage,
        common: {
            let proxy = two.common.proxy.clone().over(&proxy_1);
            let device = two.common.device.unwrap_or(device_1);
            two.common.into_model(proxy, device)
        },
    });
    Project {
        stage_1: model::Stage1 {
            base: one.common.base.clone().unwrap_or_default(),
            ssh: one.ssh.and_then(ssh::ReadSsh::into_model),
            apt: one.apt,
            common: one.common.into_model(proxy_1, device_1),
        },
        stage_2,
    }
}
