//! What a build hook sees of the project, and so what redoes it when it changes.

use std::collections::BTreeSet;
use std::path::Path;

use super::{Folder, Mount, StageFolder};
use crate::model::{Hook, Project};

/// With more entries than this a folder is shown as a whole, whatever run-time scripts are in it.
const SHOWN_ONE_BY_ONE: usize = 40;

/// Scripts that run-time entries name and no build entry does, relative to `installation/`.
pub(super) fn run_time_scripts(project: &Project) -> BTreeSet<&str> {
    let hooks = || {
        let stage_2 = project.stage_2.iter().map(|stage| &stage.common.custom);
        std::iter::once(&project.stage_1.common.custom).chain(stage_2)
    };
    let run_time = hooks().flat_map(|hooks| {
        let lists = [
            &hooks.on_first_run,
            &hooks.on_every_run,
            &hooks.on_user_login,
        ];
        lists.into_iter().flatten().chain(&hooks.on_entry)
    });
    let mut scripts: BTreeSet<&str> = run_time.map(|hook| hook.script.as_str()).collect();
    for hook in hooks().flat_map(|hooks| &hooks.on_build) {
        scripts.remove(hook.script.as_str());
    }
    scripts
}

/// What a hook sees: a tool's installer its own folder, the library, and what was placed for it to find; any other
/// script all that it may call. Neither sees what configure writes, or every edit of the config would redo it.
pub(super) fn mounts(
    stage: u8,
    hook: &Hook,
    run_time_scripts: &BTreeSet<&str>,
    folder: &Folder,
) -> Vec<Mount> {
    let parts: Vec<&str> = hook.script.split('/').collect();
    let mut paths = if let [own @ ("stage-1" | "stage-2"), "system", tool, ..] = parts.as_slice() {
        seen_by_installer(own, tool, stage, folder)
    } else {
        seen_by_script(&hook.script, stage, run_time_scripts, folder)
    };
    // What runs the hook lies there.
    paths.insert("stage-1/lib".to_owned());

    let mut mounts: Vec<Mount> = Vec::new();
    let spelled: BTreeSet<&str> = paths.iter().map(|path| plain_prefix(path)).collect();
    for path in spelled {
        // Sorted, so what holds a folder comes before it.
        let is_seen = |mount: &Mount| Path::new(path).starts_with(&mount.target);
        if !mounts.iter().any(is_seen) {
            let source = format!("installation/{path}");
            mounts.push(Mount {
                source: source.trim_end_matches('/').to_owned(),
                target: path.to_owned(),
            });
        }
    }
    mounts
}

fn seen_by_installer(own: &str, tool: &str, stage: u8, folder: &Folder) -> BTreeSet<String> {
    let mut paths = BTreeSet::from([format!("{own}/system/{tool}")]);
    // Forwarders of stage-2 call the tool's folder of stage-1.
    let target = format!("stage-1/system/{tool}");
    if crate::assets::has_installation_entry(&target) {
        paths.insert(target);
    }
    for (seen, stage_folder) in seen_stages(stage, folder) {
        if stage_folder.entries.iter().any(|name| name == "tmp") {
            paths.insert(format!("stage-{seen}/tmp"));
        }
    }
    paths
}

fn seen_by_script(
    script: &str,
    stage: u8,
    run_time_scripts: &BTreeSet<&str>,
    folder: &Folder,
) -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for (seen, stage_folder) in seen_stages(stage, folder) {
        for name in &stage_folder.entries {
            match name.as_str() {
                "generated" | "internals" | "README.md" => {}
                "custom" => paths.extend(seen_of_custom(seen, stage_folder, run_time_scripts)),
                _ => {
                    paths.insert(format!("stage-{seen}/{name}"));
                }
            }
        }
    }
    let own = script.split('/').next().unwrap_or(script);
    if !(1..=stage).any(|seen| own == format!("stage-{seen}")) {
        paths.insert(own.to_owned());
    }
    paths
}

/// Stage-2's hooks see both stages.
fn seen_stages(stage: u8, folder: &Folder) -> impl Iterator<Item = (u8, &StageFolder)> {
    (1..=stage).zip(&folder.stages)
}

/// All of `custom/` but the scripts that only run-time entries name, so that an edit of those redoes no build hook,
/// of this stage or, since it grows from this one, of the next. One that another file speaks of stays in view.
fn seen_of_custom(
    stage: u8,
    folder: &StageFolder,
    run_time_scripts: &BTreeSet<&str>,
) -> Vec<String> {
    let path = |name: &str| format!("stage-{stage}/custom/{name}");
    let (hidden, shown): (Vec<_>, Vec<_>) = folder
        .custom
        .iter()
        .partition(|entry| run_time_scripts.contains(path(&entry.name).as_str()));
    let is_spoken_of = |name: &str| {
        let texts = shown.iter().filter_map(|entry| entry.text.as_deref());
        texts.into_iter().any(|text| text.contains(name))
    };
    if hidden.is_empty()
        || shown.len() > SHOWN_ONE_BY_ONE
        || hidden.iter().any(|entry| is_spoken_of(&entry.name))
    {
        return vec![format!("stage-{stage}/custom")];
    }
    shown.iter().map(|entry| path(&entry.name)).collect()
}

/// The path, or the nearest folder above it whose name `RUN --mount` can spell: its fields know no quoting that
/// every engine understands.
pub(super) fn plain_prefix(path: &str) -> &str {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "_-.+@:~/".contains(c);
    match path.find(|c| !is_plain(c)) {
        None => path,
        Some(at) => path[..at].rfind('/').map_or("", |slash| &path[..slash]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_that_a_mount_cannot_spell_is_seen_through_its_folder() {
        assert_eq!(plain_prefix("stage-1/system/pixi"), "stage-1/system/pixi");
        assert_eq!(plain_prefix("stage-1/my tools/a"), "stage-1");
        assert_eq!(plain_prefix("my,tools"), "");
    }
}
