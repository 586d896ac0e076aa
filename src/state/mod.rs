//! What each stage of a build depends on, and one hash over it: the state of the stage.
//!
//! Equal states mean equal builds. If `BuildKit` would run a step of the stage again, the state changes; if not, the
//! state rarely changes. It covers the base's layers and configuration, the instructions, the args that the
//! stage declares, all files that its steps see, the states of the stages that it needs, and the options of the build that
//! reach its steps. It does not cover credentials, labels, comments, args that the stage does not declare, times, owners, the
//! path of the project, and the size of `/dev/shm`.

mod base;
mod builds;
mod change;
mod evaluation;
mod files;
mod gathered;
mod hash;
mod history;
mod ignore;
mod inputs;
mod label;
mod named;
mod portion;
mod standing;
mod step;
#[cfg(test)]
mod tests;

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Result;

pub(crate) use base::full_name;
pub use base::{Bases, Identity, familiar_name, find, own_digest};
pub use builds::{Build, Builds, hosts, platform_of};
pub use files::Files;
pub use hash::Hash;
pub use history::secrets;
pub use inputs::{Input, Value, What};
pub use label::{
    BASES_LABEL, IMAGE_LABEL, INPUTS_LABEL, STATE_LABEL, bases_label, label, read_bases, read_label,
};
pub use standing::{Labels, StageStanding, Standing, Stored, standings};

use self::evaluation::Evaluation;
use self::named::{base_of, replaced};
use crate::plan::{Dockerfile, Instruction, Plan, Start};

/// A stage of the build, and what it depends on.
#[derive(Debug, Clone)]
pub struct StageState {
    /// Its name in the Dockerfiles.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// What it begins with.
    pub from: From,
    /// The names of the stages that it is based on or copies from.
    pub needs: BTreeSet<String>,
    /// The services whose builds include this stage.
    pub services: Vec<String>,
    /// All that it depends on.
    pub inputs: Vec<Input>,
    /// The hash of that, or why there is none.
    pub state: Result<Hash, Unknown>,
}

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The slow part of a stage that people work in. It is the same on every machine.
    Core,
    /// A further stage.
    Builder,
    /// The files that others copy from a further stage. A cache stores them instead of that stage.
    Files,
    /// The quick part, specific to one machine: credentials, the installation tree, login hooks. It is always built
    /// locally, never taken from a cache.
    Tail,
}

/// What a stage begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// An image, by its name.
    Image(String),
    /// A stage, by its name.
    Stage(String),
    /// Nothing.
    Scratch,
}

/// Why the state of a stage is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(String);

impl Unknown {
    /// With the reason, for the user.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stages that the services' builds need, each after those that it needs.
///
/// # Errors
/// A file that a step sees cannot be read.
pub fn states(
    plan: &Plan,
    project_dir: &Path,
    builds: &Builds,
    bases: &Bases,
) -> Result<Vec<StageState>> {
    states_of(plan, &Files::new(project_dir), builds, bases)
}

/// Like [`states`], but with files that may not be on disk yet.
///
/// # Errors
/// A file that a step sees cannot be read.
pub fn states_of(
    plan: &Plan,
    files: &Files<'_>,
    builds: &Builds,
    bases: &Bases,
) -> Result<Vec<StageState>> {
    let mut all: Vec<StageState> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for group in groups(plan, builds) {
        let mut evaluation = Evaluation::new(plan, files, bases, &group);
        for (service, target) in &group.targets {
            for found in evaluation.reach(target)? {
                if let Some(place) = places.get(&found.name) {
                    let known = &mut all[*place];
                    if !known.services.contains(service) {
                        known.services.push(service.clone());
                    }
                    if let (Ok(one), Ok(other)) = (&known.state, &found.state)
                        && one != other
                    {
                        known.state = Err(Unknown::new(format!(
                            "the services {} and {service} build it with different args or options",
                            known.services[0]
                        )));
                    }
                } else {
                    places.insert(found.name.clone(), all.len());
                    let mut found = found.clone();
                    found.services.push(service.clone());
                    all.push(found);
                }
            }
        }
    }
    Ok(all)
}

/// The images that the builds begin with or copy from.
pub fn images(plan: &Plan, builds: &Builds) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    for Group { file, build, .. } in groups(plan, builds) {
        let names: BTreeSet<&str> = file
            .images
            .iter()
            .map(|image| image.name.as_str())
            .collect();
        for image in &file.images {
            if let Start::Arg(arg) = &image.from {
                images.extend(base_of(file, build, arg).ok());
            }
            for step in &image.steps {
                if let Instruction::Copy {
                    from: Some(from), ..
                } = &step.instruction
                    && !names.contains(from.as_str())
                {
                    images.extend(replaced(build, from).ok());
                }
            }
        }
    }
    images.remove("");
    images.remove("scratch");
    images
}

/// Services that build from one file with the same args and options: their stages have the same states.
struct Group<'a> {
    file: &'a Dockerfile,
    build: &'a Build,
    /// A service and the stage that it builds.
    targets: Vec<(String, String)>,
}

fn groups<'a>(plan: &'a Plan, builds: &'a Builds) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for build in &builds.0 {
        let Some(file) = plan
            .dockerfiles
            .iter()
            .find(|file| file.path == build.dockerfile)
        else {
            continue;
        };
        let target = (build.service.clone(), build.target.clone());
        let is_same = |group: &&mut Group<'_>| {
            group.file.path == file.path
                && group.build.args == build.args
                && group.build.options == build.options
                && group.build.contexts == build.contexts
                && group.build.foreign == build.foreign
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.targets.push(target),
            None => groups.push(Group {
                file,
                build,
                targets: vec![target],
            }),
        }
    }
    groups
}
