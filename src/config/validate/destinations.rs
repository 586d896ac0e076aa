//! Two mounts with the same destination.

use std::collections::{HashMap, hash_map};

use super::mount::{ReadMount, ReadStorage};
use super::paths::normalised;
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, MountSource, Part};

/// A mount: its key for a message, and its position.
type Mounted<'m> = (String, &'m Site);

/// Warns if a service mounts two things at the same destination. Entries that mount nothing are ignored.
pub(super) fn check(cx: &mut Context<'_>, storage: &[ReadStorage], mounts: &[ReadMount]) {
    let storage = storage.iter().map(|read| {
        let name = read.storage.key.name();
        let key = format!("storage.{name}");
        (
            &read.storage.source,
            format!("/hard/volume/{name}"),
            (key, &read.site),
        )
    });
    let mounts = mounts.iter().map(|read| {
        let key = format!("mount.{}", read.mount.name);
        let destination = spelling(&read.mount.dst_path);
        (&read.mount.source, destination, (key, &read.destination))
    });
    let mut seen: HashMap<String, Mounted<'_>> = HashMap::new();
    for (source, destination, again) in storage.chain(mounts) {
        if *source == MountSource::Image {
            continue;
        }
        match seen.entry(destination) {
            hash_map::Entry::Vacant(place) => {
                place.insert(again);
            }
            hash_map::Entry::Occupied(first) => {
                cx.report(warning(first.key(), first.get(), &again));
            }
        }
    }
}

/// The destination for comparison. With markers, only equal texts are the same destination.
fn spelling(path: &ComposeText) -> String {
    let text = path.for_reading();
    match path.parts.first() {
        Some(Part::Marker { .. }) => text,
        _ => normalised(&text),
    }
}

fn warning(destination: &str, first: &Mounted<'_>, again: &Mounted<'_>) -> Diagnostic {
    let message = format!(
        "{} and {} have the same destination {}",
        quoted(&first.0),
        quoted(&again.0),
        quoted(destination)
    );
    let (first_span, again_span) = first.1.apart(again.1);
    Diagnostic::warning(Code::DuplicateDestination, again_span, message)
        .label("again here")
        .also(first_span, "first here")
        .path(again.1.path.clone())
        .help("give one of them another destination: one mount would hide the other")
}
