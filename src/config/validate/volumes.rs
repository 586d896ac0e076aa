//! Mounts of both stages with the same volume name.
//!
//! `stage_1.mount.data` and `stage_2.mount.data` are both the volume `mount_data` of the compose file. If both
//! describe the same volume, they share it, as in the reference. If one asks for a new volume and the other for an
//! existing one, or for two different ones, the compose file cannot describe both.

use std::collections::HashMap;

use super::mount::ReadMount;
use crate::config::read::Context;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::MountSource;

pub(super) fn check<'m>(cx: &mut Context<'_>, mounts: impl Iterator<Item = &'m ReadMount>) {
    let is_volume = |read: &&ReadMount| {
        matches!(
            read.mount.source,
            MountSource::AutoVolume | MountSource::ManualVolume { .. }
        )
    };
    let mut known: HashMap<&str, &ReadMount> = HashMap::new();
    for again in mounts.filter(is_volume) {
        let first = *known.entry(&again.mount.name).or_insert(again);
        if first.mount.source == again.mount.source {
            continue;
        }
        let volume = quoted(&format!("mount_{}", again.mount.name));
        let (first_span, again_span) = first.name.apart(&again.name);
        cx.report(
            Diagnostic::error(
                Code::ConflictingVolumes,
                again_span,
                format!("the two stages define the volume {volume} differently"),
            )
            .label("defined otherwise here")
            .also(first_span, "defined first here")
            .path(again.name.path.clone())
            .help("rename one of the mounts, or give both the same `type` and `volume_name`"),
        );
    }
}
