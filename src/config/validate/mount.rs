//! The `storage` and `mount` sections.

use super::paths;
use crate::config::raw::{self, entries, named_entries};
use crate::config::read::{Context, Field, Place, Read, Reported, Site};
use crate::config::yaml::Entry;
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, Mount, MountSource, Storage, StorageKey};

/// A storage entry with its place.
pub(super) struct ReadStorage {
    pub(super) storage: Storage,
    pub(super) site: Site,
}

/// A mount with the places that later checks need.
pub(super) struct ReadMount {
    pub(super) mount: Mount,
    pub(super) name: Site,
    pub(super) destination: Site,
}

/// The words of `type`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Type {
    Auto,
    Manual,
    Host,
    Image,
}

const TYPES: [(&str, Type); 4] = [
    ("auto-volume", Type::Auto),
    ("manual-volume", Type::Manual),
    ("host", Type::Host),
    ("image", Type::Image),
];

/// The keys that say where the content lives, in both sections.
struct SourceFields<'n> {
    kind: Option<Field<'n>>,
    host_path: Option<Field<'n>>,
    volume_name: Option<Field<'n>>,
}

/// The storage entries in the file's order.
pub(super) fn storage(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Vec<ReadStorage> {
    let Some((section, at)) = raw::Storage::of(cx, field, stage) else {
        return Vec::new();
    };
    let mut fields: Vec<(StorageKey, Field<'_>)> = [
        (StorageKey::App, section.app),
        (StorageKey::Data, section.data),
        (StorageKey::Workspace, section.workspace),
    ]
    .into_iter()
    .filter_map(|(key, field)| Some((key, field?)))
    .filter(|(_, field)| !field.node.is_null())
    .collect();
    fields.sort_by_key(|(_, field)| field.order);

    fields
        .into_iter()
        .filter_map(|(key, field)| {
            let at = field.place(&at);
            let entry = raw::StorageEntry::read(cx, field.node, &at).ok()?;
            let fields = SourceFields {
                kind: entry.r#type,
                host_path: entry.host_path,
                volume_name: entry.volume_name,
            };
            let source = source(cx, &fields, &at).ok()?;
            Some(ReadStorage {
                storage: Storage { key, source },
                site: at.site(field.key_span.clone()),
            })
        })
        .collect()
}

/// The mounts in the file's order.
pub(super) fn mounts(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Vec<ReadMount> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(stage);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return Vec::new();
    };
    named_entries(cx, entries, &at)
        .into_iter()
        .filter(|entry| !entry.value.is_null())
        .filter_map(|entry| mount(cx, entry, &at).ok())
        .collect()
}

fn mount(cx: &mut Context<'_>, entry: &Entry, mounts: &Place<'_>) -> Result<ReadMount, Reported> {
    let at = mounts.entry(entry);
    let section = raw::Mount::read(cx, &entry.value, &at)?;
    let fields = SourceFields {
        kind: section.r#type,
        host_path: section.host_path,
        volume_name: section.volume_name,
    };
    let source = source(cx, &fields, &at);
    let destination = destination(cx, section.dst_path, &at);
    let source = source?;
    check_name(cx, entry, &at, &source);
    let (dst_path, destination) = destination?;
    if source == MountSource::Image {
        let span = section.r#type.map(|field| field.node.span.clone());
        cx.report(
            at.warning(
                Code::MountWithoutEffect,
                span.unwrap_or_else(|| at.name_span()),
                format!("the mount {} has no effect", quoted(&entry.key)),
            )
            .label("mounts nothing")
            .help("choose `auto-volume`, `manual-volume` or `host`, or remove the mount"),
        );
    }
    Ok(ReadMount {
        mount: Mount {
            name: entry.key.to_string(),
            source,
            dst_path,
        },
        name: at.site(entry.key_span.clone()),
        destination,
    })
}

/// What the type asks for; fields that it does not use may stand there.
fn source(
    cx: &mut Context<'_>,
    fields: &SourceFields<'_>,
    at: &Place<'_>,
) -> Result<MountSource, Reported> {
    let kind = cx.choice(fields.kind, at, &TYPES);
    let host_path = cx.compose_text(fields.host_path, at);
    let volume_name = cx.compose_text(fields.volume_name, at);
    let Some(kind) = kind? else {
        let help = "write `auto-volume`, `manual-volume`, `host` or `image`";
        return Err(cx.missing(at, "type", help));
    };
    match kind {
        Type::Auto => Ok(MountSource::AutoVolume),
        Type::Image => Ok(MountSource::Image),
        Type::Manual => {
            let help = "name a volume that `docker volume ls` shows";
            let volume_name = required(cx, volume_name, at, "volume_name", help)?;
            paths::check_volume_name(cx, fields.volume_name, at, &volume_name)?;
            Ok(MountSource::ManualVolume { volume_name })
        }
        Type::Host => {
            let help = "name a folder of the host, such as `./data`";
            let host_path = required(cx, host_path, at, "host_path", help)?;
            paths::check_host_path(cx, fields.host_path, at, &host_path)?;
            Ok(MountSource::Host { host_path })
        }
    }
}

fn required(
    cx: &mut Context<'_>,
    value: Read<ComposeText>,
    at: &Place<'_>,
    key: &str,
    help: &str,
) -> Result<ComposeText, Reported> {
    value?.ok_or_else(|| cx.missing(at, key, help))
}

fn destination(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
) -> Result<(ComposeText, Site), Reported> {
    let text = cx.compose_text(field, at);
    let help = "add the absolute path in the container, such as `/data`";
    let text = required(cx, text, at, "dst_path", help)?;
    paths::check_destination(cx, field, at, &text)?;
    let site = field.map_or_else(
        || at.site(at.name_span()),
        |field| field.place(at).site(field.node.span.clone()),
    );
    Ok((text, site))
}

/// The name becomes `mount_NAME`, the volume's name in the compose file; without a
/// volume it may be any text.
fn check_name(cx: &mut Context<'_>, entry: &Entry, at: &Place<'_>, source: &MountSource) {
    let names_volume = matches!(
        source,
        MountSource::AutoVolume | MountSource::ManualVolume { .. }
    );
    if names_volume && (entry.key.is_empty() || !entry.key.chars().all(paths::is_volume_character))
    {
        cx.report(
            at.error(
                Code::InvalidVolumeName,
                entry.key_span.clone(),
                format!("a volume cannot be named after {}", quoted(&entry.key)),
            )
            .help("use ASCII letters, digits, `.`, `_` and `-` for the mount's name"),
        );
    }
}
