//! Taking packages out of a lock, so that the next build takes them anew.

use std::collections::BTreeSet;

use super::{Lock, LockedStage, Other, Package};
use crate::diagnostic::{nearest, quoted};

impl Lock {
    /// Without what has this name, in all stages and architectures: packages, tools and downloads. A download has the name
    /// if its file is called so, or begins with it and a hyphen.
    ///
    /// # Errors
    /// There is none of that name.
    pub fn without(mut self, name: &str) -> Result<Self, String> {
        let is_it = |own: &str| own == name;
        let is_its_file = |file: &str| {
            file.strip_prefix(name)
                .is_some_and(|rest| rest.is_empty() || rest.starts_with('-'))
        };
        let mut known: BTreeSet<String> = BTreeSet::new();
        let mut is_found = false;
        let architectures = self.architectures.values_mut();
        for stage in architectures.flat_map(|locked| locked.stages.values_mut()) {
            known.extend(names(stage));
            let before = size(stage);
            stage.apt.retain(|package, _| !is_it(package.name()));
            stage.others.retain(|other| !is_it(other.name()));
            stage
                .downloads
                .retain(|file| !is_its_file(file.name.as_str()));
            is_found |= size(stage) < before;
        }
        if is_found {
            return Ok(self);
        }
        let meant = nearest(name, known.iter().map(String::as_str));
        let meant = meant.map(|meant| format!(": did you mean {}?", quoted(meant)));
        let meant = meant.unwrap_or_default();
        Err(format!("the lock has no package {}{meant}", quoted(name)))
    }
}

fn names(stage: &LockedStage) -> impl Iterator<Item = String> {
    let packages = stage.apt.keys().map(Package::name);
    let others = stage.others.iter().map(Other::name);
    packages.chain(others).map(str::to_owned)
}

fn size(stage: &LockedStage) -> usize {
    stage.apt.len() + stage.others.len() + stage.downloads.len()
}
