//! Warnings about files that hooks would not find or could not read in a container.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

use super::given::INSTALLATION;
use crate::diagnostic::quoted;
use crate::model::{Hook, Project};
use crate::plan::StageFolder;
use crate::ui::Ui;

/// Warns of login hooks that are closed to users, and of hooks that may read a `tmp/` that the image lacks.
pub(super) fn tell(
    ui: &mut Ui,
    project: &Project,
    folders: &BTreeMap<String, StageFolder>,
    installation: &Path,
) {
    tell_of_closed(ui, project, installation);
    tell_of_tmp(ui, project, folders);
}

/// Warns of login hooks that users cannot read, because the image copies the host's modes. If all of
/// `installation/` is closed to others, that comes from a clone's umask, and there is no warning.
fn tell_of_closed(ui: &mut Ui, project: &Project, installation: &Path) {
    const OTHERS: u32 = 0o077;
    let stages = project.stages.iter();
    for hook in stages.flat_map(|stage| &stage.custom.on_user_login) {
        let script = installation.join(&hook.script);
        let places = script
            .ancestors()
            .take_while(|place| *place != installation);
        let found = places.filter_map(|place| fs::metadata(place).ok());
        let is_closed = |found: &fs::Metadata| found.permissions().mode() & OTHERS == 0;
        let found: Vec<_> = found.collect();
        let all = found
            .last()
            .is_some_and(|top| top.is_dir() && is_closed(top));
        if !all && found.iter().any(is_closed) {
            ui.warning(&format!(
                "{} is readable only by root in the image, because its mode or that of a directory above it excludes \
                 others; `chmod a+rX` allows it",
                quoted(&format!("{INSTALLATION}/{}", hook.script))
            ));
        }
    }
}

/// Warns of hooks of containers that may read files of a `tmp/` that the image does not have.
fn tell_of_tmp(ui: &mut Ui, project: &Project, folders: &BTreeMap<String, StageFolder>) {
    for stage in project.stages.iter().filter(|stage| !stage.custom.keep_tmp) {
        let name = &stage.id.name;
        if folders.get(name).is_none_or(|folder| folder.tmp.is_empty()) {
            continue;
        }
        let variable = stage.id.variable("PEI_STAGE_DIR");
        let places = [
            format!("{name}/tmp"),
            format!("{variable}/tmp"),
            format!("{variable}}}/tmp"),
            "../tmp".to_owned(),
        ];
        let is_named = |text: &str| places.iter().any(|place| text.contains(place));
        let reads = |hook: &&Hook| {
            let custom = folders.values().flat_map(|folder| &folder.custom);
            let text = custom
                .filter(|file| hook.script.ends_with(&format!("/custom/{}", file.name)))
                .filter_map(|file| file.text.as_deref());
            hook.script.contains("/system/")
                || is_named(&hook.script)
                || is_named(&hook.arguments)
                || text.into_iter().any(is_named)
        };
        let mut hooks = project
            .stages
            .iter()
            .flat_map(|stage| stage.custom.at_run_time());
        if let Some(hook) = hooks.find(reads) {
            ui.warning(&format!(
                "{} runs in containers and may read files of `{INSTALLATION}/{name}/tmp`, which the image does not have; \
                 `keep_tmp: true` below `{}.custom` keeps them, readable for everybody",
                quoted(&hook.script),
                stage.id.key
            ));
        }
    }
}
