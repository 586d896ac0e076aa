//! Two things mounted at one place of a container.

use std::collections::HashMap;

use super::mount::{ReadMount, ReadStorage};
use super::paths::normalised;
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, MountSource, Part};

/// Warns of the destinations that one service has twice. What mounts nothing is no part of it.
pub(super) fn check(cx: &mut Context<'_>, storage: &[ReadStorage], mounts: &[ReadMount]) {
    let storage = storage
        .iter()
        .filter(|read| read.storage.source != MountSource::Image)
        .map(|read| {
            let key = read.storage.key.name();
            (
                format!("/hard/volume/{key}"),
                format!("storage.{key}"),
                &read.site,
            )
        });
    let mounts = mounts
        .iter()
        .filter(|read| read.mount.source != MountSource::Image)
        .map(|read| {
            let name = format!("mount.{}", read.mount.name);
            (spelling(&read.mount.dst_path), name, &read.destination)
        });
    let mut seen: HashMap<String, (String, &Site)> = HashMap::new();
    for (destination, name, site) in storage.chain(mounts) {
        match seen.get(&destination) {
            None => {
                seen.insert(destination, (name, site));
            }
            Some(first) => {
                cx.report(warning(&destination, first, (&name, site)));
            }
        }
    }
}

/// Two texts with markers are the same place if they are the same text.
fn spelling(path: &ComposeText) -> String {
    let text: String = path
        .parts
        .iter()
        .map(|part| match part {
            Part::Literal(text) => text.clone(),
            Part::Marker { name, default } => match default {
                None => format!("{{{{{name}}}}}"),
                Some(default) => format!("{{{{{name}:-{default}}}}}"),
            },
        })
        .collect();
    match path.parts.first() {
        Some(Part::Marker { .. }) => text,
        _ => normalised(&text),
    }
}

fn warning(destination: &str, first: &(String, &Site), again: (&str, &Site)) -> Diagnostic {
    Diagnostic::warning(
        Code::DuplicateDestination,
        again.1.span.clone(),
        format!(
            "{} and {} have the same destination {}",
            quoted(&first.0),
            quoted(again.0),
            quoted(destination)
        ),
    )
    .label("again here")
    .also(first.1.span.clone(), "first here")
    .path(again.1.path.clone())
    .help("give one of them another destination: only one of the two will be seen")
}
