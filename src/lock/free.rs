//! Taking packages out of a lock, so that the next build takes them anew.

use std::collections::BTreeSet;

use super::{Lock, LockedStage, Other, Package, Text};
use crate::diagnostic::{nearest, quoted};

impl Lock {
    /// Without what has one of these names, in all stages and architectures: packages, tools, downloads and default versions.
    /// A download has a name if its file is called so, or begins with it and a hyphen.
    ///
    /// # Errors
    /// There is nothing of a name.
    pub fn without(&self, names: &[String]) -> Result<Self, String> {
        let all = self.architectures.values();
        let all: Vec<&LockedStage> = all.flat_map(|locked| locked.stages.values()).collect();
        let versions = self.architectures.values();
        let versions = versions.flat_map(|locked| locked.default_versions.keys());
        let versions: BTreeSet<&str> = versions.map(Text::as_str).collect();
        for name in names {
            let is_there = |name: &str| {
                let mut stages = all.iter();
                versions.contains(name) || stages.any(|stage| remove(&mut (*stage).clone(), name))
            };
            if !aliases(name).any(is_there) {
                let mut known: BTreeSet<&str> =
                    all.iter().flat_map(|stage| names_of(stage)).collect();
                known.extend(&versions);
                let meant = nearest(name, known);
                let meant = meant.map(|meant| format!("; did you mean {}?", quoted(meant)));
                let meant = meant.unwrap_or_default();
                return Err(format!("the lock has no package {}{meant}", quoted(name)));
            }
        }
        let mut new = self.clone();
        for locked in new.architectures.values_mut() {
            for name in names.iter().flat_map(|name| aliases(name)) {
                locked
                    .default_versions
                    .retain(|tool, _| tool.as_str() != name);
                for stage in locked.stages.values_mut() {
                    remove(stage, name);
                }
            }
        }
        Ok(new)
    }
}

/// A name, and what the same is called elsewhere: installers have names for their default versions that their packages do
/// not have.
fn aliases(name: &str) -> impl Iterator<Item = &str> {
    const ALIASES: [(&str, &str); 4] = [
        ("angular", "@angular/cli"),
        ("claude-code", "@anthropic-ai/claude-code"),
        ("codex-cli", "@openai/codex"),
        ("nodejs", "node"),
    ];
    let others = ALIASES.into_iter().filter_map(move |(tool, package)| {
        let other = if name == tool { package } else { tool };
        (name == tool || name == package).then_some(other)
    });
    std::iter::once(name).chain(others)
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
