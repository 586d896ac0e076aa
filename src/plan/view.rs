//! The files of the project that a build hook sees. A change of one of them runs the hook again.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use super::{StageFolder, paths};
use crate::model::{Hook, Hooks, Project, Stage};

/// With more entries than this a directory is mounted as a whole, including its run-time scripts.
const SHOWN_ONE_BY_ONE: usize = 40;

/// Decides what hooks see.
pub(super) struct View<'p> {
    project: &'p Project,
    folders: &'p BTreeMap<String, StageFolder>,
    others: &'p [String],
    /// Scripts that run-time entries name and no build entry does, relative to `installation/`.
    run_time_scripts: BTreeSet<&'p str>,
}

impl<'p> View<'p> {
    pub(super) fn new(
        project: &'p Project,
        folders: &'p BTreeMap<String, StageFolder>,
        others: &'p [String],
    ) -> Self {
        let hooks = || project.stages.iter().map(|stage| &stage.custom);
        let run_time = hooks().flat_map(Hooks::at_run_time);
        let mut run_time_scripts: BTreeSet<&str> =
            run_time.map(|hook| hook.script.as_str()).collect();
        for hook in hooks().flat_map(|hooks| &hooks.on_build) {
            run_time_scripts.remove(hook.script.as_str());
        }
        Self {
            project,
            folders,
            others,
            run_time_scripts,
        }
    }

    /// What a hook sees, relative to `installation/`. A tool's installer sees its own directory, the library and `tmp/`. Any
    /// other script sees all files that it may call. Neither sees the files that configure generates, otherwise every edit
    /// of the config would run it again.
    pub(super) fn of_hook(&self, stage: &Stage, hook: &Hook) -> Vec<String> {
        let family = self.project.family(stage).into_iter();
        let family: Vec<(&str, &StageFolder)> = family
            .filter_map(|stage| self.folders.get_key_value(&stage.id.name))
            .map(|(name, folder)| (name.as_str(), folder))
            .collect();
        let parts: Vec<&str> = hook.script.split('/').collect();
        let paths = match parts.as_slice() {
            [own, "system", tool, ..] if self.folders.contains_key(*own) => {
                self.of_installer(own, tool, &family)
            }
            _ => self.of_script(&hook.script, &family),
        };
        with_library(paths)
    }

    /// What a hook of a further stage sees: its stage's directory, or, for an installer, the installer's directory as well.
    pub(super) fn of_builder_hook(&self, folder: &str, hook: &Hook) -> Vec<String> {
        let parts: Vec<&str> = hook.script.split('/').collect();
        let mut paths = match parts.as_slice() {
            [own, "system", tool, ..] => self.of_installer(own, tool, &[]),
            _ => BTreeSet::new(),
        };
        if self.folders.contains_key(folder) {
            paths.insert(folder.to_owned());
        }
        with_library(paths)
    }

    /// Whether builds find an entry of this name directly below `installation/`.
    pub(super) fn has(&self, name: &str) -> bool {
        self.folders.contains_key(name) || self.others.iter().any(|other| other == name)
    }

    /// What an image gets of a directory of `installation/`: all of it, or what is not in its `tmp/`. A token there would be
    /// readable for everybody. Scripts that a container runs stay, wherever they are.
    pub(super) fn copied(&self, tree: &str) -> Vec<String> {
        let folder = self
            .folders
            .get(tree)
            .filter(|folder| !folder.tmp.is_empty());
        let Some(folder) = folder.filter(|_| !self.keeps_tmp(tree)) else {
            return vec![tree.to_owned()];
        };
        // README.md is a page for the project's people.
        let entries = folder
            .entries
            .iter()
            .filter(|entry| !matches!(entry.as_str(), "tmp" | "README.md"));
        let entries = entries.map(|entry| format!("{tree}/{entry}"));
        let tmp = format!("{tree}/tmp/");
        let hooks = self
            .project
            .stages
            .iter()
            .flat_map(|stage| stage.custom.at_run_time());
        let scripts: BTreeSet<&str> = hooks.map(|hook| hook.script.as_str()).collect();
        let scripts = scripts
            .into_iter()
            .filter(|script| script.starts_with(&tmp));
        entries.chain(scripts.map(str::to_owned)).collect()
    }

    /// Whether it is known which files of `tmp/` the image has.
    pub(super) fn has_decided_tmp(&self, tree: &str) -> bool {
        let has_files = |folder: &StageFolder| !folder.tmp.is_empty();
        self.keeps_tmp(tree) || self.folders.get(tree).is_some_and(has_files)
    }

    fn keeps_tmp(&self, tree: &str) -> bool {
        let stage = self.project.stage(tree);
        stage.is_some_and(|stage| stage.custom.keep_tmp)
    }

    fn of_installer(
        &self,
        own: &str,
        tool: &str,
        family: &[(&str, &StageFolder)],
    ) -> BTreeSet<String> {
        // A step cannot mount a directory that does not exist. It mounts the parent, and then says what is missing.
        let is_there = |folder: &StageFolder| folder.tools.iter().any(|name| name == tool);
        let own_tool = if self.folders.get(own).is_some_and(is_there) {
            format!("{own}/system/{tool}")
        } else {
            format!("{own}/system")
        };
        let mut paths = BTreeSet::from([own_tool]);
        // Forwarders call the installer in the tool's directory of stage-1.
        let is_shipped = |folder: &StageFolder| folder.tools.iter().any(|name| name == tool);
        if self.folders.get(paths::TOOLS_OF).is_some_and(is_shipped) {
            paths.insert(format!("{}/{tool}", paths::TOOLS));
        }
        for (name, folder) in family {
            if folder.entries.iter().any(|entry| entry == "tmp") {
                paths.insert(format!("{name}/tmp"));
            }
        }
        paths
    }

    fn of_script(&self, script: &str, family: &[(&str, &StageFolder)]) -> BTreeSet<String> {
        let mut paths = BTreeSet::new();
        for (stage, folder) in family {
            for name in &folder.entries {
                match name.as_str() {
                    "generated" | "internals" | "README.md" => {}
                    "custom" => paths.extend(seen_of_custom(stage, folder, &self.run_time_scripts)),
                    _ => {
                        paths.insert(format!("{stage}/{name}"));
                    }
                }
            }
        }
        let own = script.split('/').next().unwrap_or(script);
        // The script's own directory. If it does not exist, the step says that the script is missing.
        if self.has(own) && !family.iter().any(|(stage, _)| *stage == own) {
            paths.insert(own.to_owned());
        }
        paths
    }
}

/// The mounts for a hook that sees these paths.
fn with_library(mut paths: BTreeSet<String>) -> Vec<String> {
    // The library contains the script that runs the hook.
    paths.insert(paths::LIBRARY.to_owned());
    mountable(paths.iter().map(String::as_str))
}

/// All of `custom/` except the scripts that only run-time entries name, so that an edit of those runs no build hook again,
/// neither of this stage nor of one that builds on it. If another file mentions such a script, all of `custom/` is shown.
fn seen_of_custom(
    stage: &str,
    folder: &StageFolder,
    run_time_scripts: &BTreeSet<&str>,
) -> Vec<String> {
    let path = |name: &str| format!("{stage}/custom/{name}");
    let (hidden, shown): (Vec<_>, Vec<_>) = folder
        .custom
        .iter()
        .partition(|entry| run_time_scripts.contains(path(&entry.name).as_str()));
    let is_mentioned = |name: &str| {
        let texts = shown.iter().filter_map(|entry| entry.text.as_deref());
        texts.into_iter().any(|text| text.contains(name))
    };
    if hidden.is_empty()
        || shown.len() > SHOWN_ONE_BY_ONE
        || hidden.iter().any(|entry| is_mentioned(&entry.name))
    {
        return vec![format!("{stage}/custom")];
    }
    shown.iter().map(|entry| path(&entry.name)).collect()
}

/// The mounts with which a step sees these paths.
pub(super) fn mountable<'n>(paths: impl IntoIterator<Item = &'n str>) -> Vec<String> {
    let mut seen: Vec<String> = Vec::new();
    let spelled: BTreeSet<&str> = paths.into_iter().map(plain_prefix).collect();
    for path in spelled {
        // Sorted, so a directory comes before its content.
        if !seen
            .iter()
            .any(|folder| Path::new(path).starts_with(folder))
        {
            seen.push(path.to_owned());
        }
    }
    seen
}

/// The path, or the nearest directory above it whose name `RUN --mount` can express: there is no quoting in its fields that
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
    fn a_name_that_a_mount_cannot_spell_is_seen_through_its_directory() {
        assert_eq!(plain_prefix("stage-1/system/pixi"), "stage-1/system/pixi");
        assert_eq!(plain_prefix("stage-1/my tools/a"), "stage-1");
        assert_eq!(plain_prefix("my,tools"), "");
    }
}
