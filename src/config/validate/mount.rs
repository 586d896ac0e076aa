//! The `storage` and `mount` sections.

use super::{paths, system};
use crate::config::raw::{self, entries, named_entries};
use crate::config::read::{Context, Field, Place, Read, Reported, Site};
use crate::config::yaml::Entry;
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, Mount, MountSource, NameForm, Storage, StorageKey};

/// A storage entry with its position.
pub(super) struct ReadStorage {
    pub(super) storage: Storage,
    pub(super) site: Site,
}

/// A mount with the positions that later checks need.
pub(super) struct ReadMount {
    pub(super) mount: Mount,
    pub(super) name: Site,
    pub(super) destination: Site,
}

/// The storage entries, in the file's order.
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
            let spec = &raw::STORAGE_ENTRY;
            let section = raw::Mount::read_as(cx, field.node, &at, spec).ok()?;
            let source = source(cx, &section, &at).ok()?;
            Some(ReadStorage {
                storage: Storage { key, source },
                site: at.site(field.key_span.clone()),
            })
        })
        .collect()
}

/// The mounts, in the file's order.
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
    let source = source(cx, &section, &at);
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
    } else {
        system::check(cx, &source, &dst_path, &destination)?;
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

/// The source, from the keys that the type requires. Other keys may be present.
fn source(
    cx: &mut Context<'_>,
    section: &raw::Mount<'_>,
    at: &Place<'_>,
) -> Result<MountSource, Reported> {
    let words = raw::SOURCE_TYPES.map(|word| (word, word));
    let kind = cx.choice(section.r#type, at, &words);
    let host_path = cx.compose_text(section.host_path, at);
    let volume_name = cx.compose_text(section.volume_name, at);
    let Some(kind) = kind? else {
        let help = "write `auto-volume`, `manual-volume`, `host` or `image`";
        return Err(cx.missing(at, "type", help));
    };
    if matches!(kind, "auto-volume" | "image") {
        warn_of_unused(cx, section, at, kind);
    }
    match kind {
        "auto-volume" => Ok(MountSource::AutoVolume),
        "image" => Ok(MountSource::Image),
        "manual-volume" => {
            let help = "name a volume that `docker volume ls` shows";
            let volume_name = required(cx, volume_name, at, "volume_name", help)?;
            paths::check_volume_name(cx, section.volume_name, at, &volume_name)?;
            Ok(MountSource::ManualVolume { volume_name })
        }
        _ => {
            let help = "name a directory of the host, such as `./data`";
            let host_path = required(cx, host_path, at, "host_path", help)?;
            paths::check_host_path(cx, section.host_path, at, &host_path)?;
            paths::warn_of_place(cx, section.host_path, at, &host_path);
            Ok(MountSource::Host { host_path })
        }
    }
}

/// Warns of keys that the type does not use: the data would not be where they say. A `null` is not reported.
fn warn_of_unused(cx: &mut Context<'_>, section: &raw::Mount<'_>, at: &Place<'_>, kind: &str) {
    for (field, meant) in [
        (section.host_path, "host"),
        (section.volume_name, "manual-volume"),
    ] {
        let Some(field) = field.filter(|field| !field.node.is_null()) else {
            continue;
        };
        let message = format!("`{}` has no effect with the type `{kind}`", field.name);
        let here = field.place(at);
        let warning = here.warning(Code::MountWithoutEffect, field.key_span.clone(), message);
        cx.report(warning.help(format!("write `type: {meant}`, or remove the key")));
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

/// Checks the name. The compose file names the volume `mount_NAME`; a mount without a volume may have any name.
fn check_name(cx: &mut Context<'_>, entry: &Entry, at: &Place<'_>, source: &MountSource) {
    let names_volume = matches!(
        source,
        MountSource::AutoVolume | MountSource::ManualVolume { .. }
    );
    if names_volume && (entry.key.is_empty() || !NameForm::VOLUME.has_all(&entry.key)) {
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
