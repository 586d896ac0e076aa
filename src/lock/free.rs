//! Taking packages out of a lock, so that the next build takes them anew.

use std::collections::BTreeSet;

use super::{Lock, LockedStage, Other, Package};
use crate::diagnostic::{nearest, quoted};

impl Lock {
    /// Without what has one of these names, in all stages and architectures: packages, tools and downloads. A download has
    /// a name if its file is called so, or begins with it and a hyphen.
    ///
    /// # Errors
    /// There is nothing of a name.
    pub fn without(&self, names: &[String]) -> Result<Self, String> {
        let all = self.architectures.values();
        let all: Vec<&LockedStage> = all.flat_map(|locked| locked.stages.values()).collect();
        for name in names {
            if !all.iter().any(|stage| remove(&mut (*stage).clone(), name)) {
                let known: BTreeSet<&str> = all.iter().flat_map(|stage| names_of(stage)).collect();
                let meant = nearest(name, known);
                let meant = meant.map(|meant| format!("; did you mean {}?", quoted(meant)));
                let meant = meant.unwrap_or_default();
                return Err(format!("the lock has no package {}{meant}", quoted(name)));
            }
        }
        let mut new = self.clone();
        // nodejs installs `node`.
        let is_named = |tool: &str| {
            names
                .iter()
                .any(|name| tool == name || tool == format!("{name}js"))
        };
        new.default_versions
            .retain(|tool, _| !is_named(tool.as_str()));
        let all = new.architectures.values_mut();
        for stage in all.flat_map(|locked| locked.stages.values_mut()) {
            for name in names {
                remove(stage, name);
            }
        }
        Ok(new)
    }
}

/// Whether there was something of that name.
fn remove(stage: &mut LockedStage, name: &str) -> bool {
    let size = |stage: &LockedStage| stage.apt.len() + stage.others.len() + stage.downloads.len();
    let is_its_file = |file: &str| {
        let rest = file.strip_prefix(name);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
    };
    let before = size(stage);
    stage.apt.retain(|package, _| package.name() != name);
    stage.others.retain(|other| other.name() != name);
    stage
        .downloads
        .retain(|download| !is_its_file(download.name.as_str()));
    size(stage) < before
}

fn names_of(stage: &LockedStage) -> impl Iterator<Item = &str> {
    let packages = stage.apt.keys().map(Package::name);
    packages.chain(stage.others.iter().map(Other::name))
}
