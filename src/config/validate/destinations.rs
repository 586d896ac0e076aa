//! Two things mounted at one place of a container.

use std::collections::HashMap;
use std::collections::hash_map::Entry;

use super::mount::{ReadMount, ReadStorage};
use super::paths::normalised;
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, MountSource, Part};

/// What is mounted, for a message.
#[derive(Clone, Copy)]
enum Mounted<'m> {
    Storage(&'m ReadStorage),
    Mount(&'m ReadMount),
}

impl Mounted<'_> {
    fn key(self) -> String {
        match self {
            Self::Storage(read) => format!("storage.{}", read.storage.key.name()),
            Self::Mount(read) => format!("mount.{}", read.mount.name),
        }
    }

    fn site(&self) -> &Site {
        match self {
            Self::Storage(read) => &read.site,
            Self::Mount(read) => &read.destination,
        }
    }

    fn destination(self) -> String {
        match self {
            Self::Storage(read) => format!("/hard/volume/{}", read.storage.key.name()),
            Self::Mount(read) => spelling(&read.mount.dst_path),
        }
    }

    fn source(&self) -> &MountSource {
        match self {
            Self::Storage(read) => &read.storage.source,
            Self::Mount(read) => &read.mount.source,
        }
    }
}

/// Warns of the destinations that one service has twice. What mounts nothing is no part of it.
pub(super) fn check(cx: &mut Context<'_>, storage: &[ReadStorage], mounts: &[ReadMount]) {
    let mut seen: HashMap<String, Mounted<'_>> = HashMap::with_capacity(mounts.len());
    let mounted = storage
        .iter()
        .map(Mounted::Storage)
        .chain(mounts.iter().map(Mounted::Mount))
        .filter(|mounted| *mounted.source() != MountSource::Image);
    for again in mounted {
        match seen.entry(again.destination()) {
            Entry::Vacant(place) => {
                place.insert(again);
            }
            Entry::Occupied(first) => {
                cx.report(warning(first.key(), *first.get(), again));
            }
        }
    }
}

/// Two texts with markers are the same place if they are the same text.
fn spelling(path: &ComposeText) -> String {
    if let Some(literal) = path.as_literal() {
        return normalised(literal);
    }
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

fn warning(destination: &str, first: Mounted<'_>, again: Mounted<'_>) -> Diagnostic {
    let message = format!(
        "{} and {} have the same destination {}",
        quoted(&first.key()),
        quoted(&again.key()),
        quoted(destination)
    );
    let (first_span, again_span) = first.site().apart(again.site());
    Diagnostic::warning(Code::DuplicateDestination, again_span, message)
        .label("again here")
        .also(first_span, "first here")
        .path(again.site().path.clone())
        .help("give one of them another destination: only one of the two will be seen")
}
