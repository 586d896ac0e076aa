//! What is built of a project, and what a build would do.

use std::collections::{BTreeMap, BTreeSet};

use super::change::{Change, changes};
use super::label::Summary;
use super::{Kind, StageState};

/// A stage, and whether it has to be built.
#[derive(Debug, Clone)]
pub struct StageStanding<'s> {
    /// The stage.
    pub stage: &'s StageState,
    /// Whether it has to be built.
    pub standing: Standing,
    /// Whether the cache has it in its present state; `None` if that is not known, or if a cache never holds the stage.
    pub in_cache: Option<bool>,
    /// The name of an image that would hold the stage and does not exist.
    pub missing_image: Option<String>,
}

/// What is known beside the labels of the project's images.
#[derive(Debug, Clone, Default)]
pub struct Stored {
    /// The stages that the engine has as images of the cache.
    pub on_engine: BTreeSet<String>,
    /// Whether the cache has a stage, for those of which that is known.
    pub in_cache: BTreeMap<String, bool>,
}

/// Whether a stage has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// An image of this engine holds it in its present state.
    Built,
    /// The cache has it in its present state, and the engine does not.
    Cached,
    /// It has to be built because of these changes since the last build; empty if no earlier build is known.
    ToBuild(Vec<Change>),
    /// Nothing is known, and why; the reason is empty if a stage that this one needs already gives it.
    Unknown(String),
}

/// What the labels of a project's images say.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// By service, the stages that its image holds; `None` for an image without the label.
    of_services: BTreeMap<String, Option<BTreeMap<String, Summary>>>,
    /// By service, the name of an image that the engine does not have.
    missing: BTreeMap<String, String>,
}

impl Labels {
    /// Adds a service whose image does not exist.
    pub fn insert_missing(&mut self, service: &str, image: &str) {
        self.missing.insert(service.to_owned(), image.to_owned());
    }

    /// Adds the image of a service.
    pub fn insert(&mut self, service: &str, stages: Option<BTreeMap<String, Summary>>) {
        self.of_services.insert(service.to_owned(), stages);
    }

    /// The stage as the images of its services hold it.
    fn of<'l>(&'l self, stage: &'l StageState) -> impl Iterator<Item = &'l Summary> {
        self.images(stage)
            .filter_map(|image| image.as_ref()?.get(&stage.name))
    }

    /// Whether some image that holds the stage was built without labels.
    fn lacks_labels(&self, stage: &StageState) -> bool {
        self.images(stage).any(Option::is_none)
    }

    fn images<'l>(
        &'l self,
        stage: &'l StageState,
    ) -> impl Iterator<Item = &'l Option<BTreeMap<String, Summary>>> {
        let services = stage.services.iter();
        services.filter_map(|service| self.of_services.get(service))
    }
}

/// Compares the stages with what the images and the cache hold. `labels` is `None` if the engine did not answer.
pub fn standings<'s>(
    states: &'s [StageState],
    labels: Option<&Labels>,
    stored: &Stored,
) -> Vec<StageStanding<'s>> {
    let stored = &with_copied_files(states, stored);
    let mut unbuilt: BTreeSet<&str> = BTreeSet::new();
    let mut reasons: BTreeMap<&str, String> = BTreeMap::new();
    let mut standings: Vec<StageStanding<'s>> = Vec::new();
    for stage in states {
        let standing = standing_of(stage, labels, stored, &unbuilt);
        match &standing {
            Standing::ToBuild(_) => {
                unbuilt.insert(&stage.name);
            }
            Standing::Unknown(reason) => {
                reasons.insert(&stage.name, reason.clone());
            }
            Standing::Built | Standing::Cached => {}
        }
        let mut services = stage.services.iter();
        standings.push(StageStanding {
            stage,
            standing,
            in_cache: stored.in_cache.get(&stage.name).copied(),
            missing_image: services.find_map(|service| labels?.missing.get(service).cloned()),
        });
    }
    for StageStanding {
        stage, standing, ..
    } in &mut standings
    {
        if let Standing::Unknown(reason) = standing {
            let is_given = |name: &String| reasons.get(name.as_str()) == Some(reason);
            if stage.needs.iter().any(is_given) {
                reason.clear();
            }
        }
    }
    standings
}

fn standing_of(
    stage: &StageState,
    labels: Option<&Labels>,
    stored: &Stored,
    unbuilt: &BTreeSet<&str>,
) -> Standing {
    let hash = match &stage.state {
        Ok(hash) => hash,
        Err(reason) => return Standing::Unknown(reason.to_string()),
    };
    let Some(labels) = labels else {
        return Standing::Unknown(String::new());
    };
    let is_now = |before: &Summary| before.state.as_ref() == Some(hash);
    if stored.on_engine.contains(&stage.name) || labels.of(stage).any(is_now) {
        return Standing::Built;
    }
    if stored.in_cache.get(&stage.name) == Some(&true) {
        return Standing::Cached;
    }
    let will_be_built = |name: &str| unbuilt.contains(name);
    let since = labels.of(stage);
    // The image with the fewest differences was built last.
    let since = since
        .map(|before| changes(stage, before, &will_be_built))
        .min_by_key(Vec::len);
    match since {
        Some(changes) => Standing::ToBuild(changes),
        None if labels.lacks_labels(stage) => {
            Standing::Unknown("built by docker compose, its state is unknown".to_owned())
        }
        None => Standing::ToBuild(Vec::new()),
    }
}

/// A cache may hold only the files that others copy from a stage. Nothing else of that stage is needed, so the stage then
/// counts as held.
fn with_copied_files(states: &[StageState], stored: &Stored) -> Stored {
    let mut stored = stored.clone();
    let files = states.iter().filter(|stage| stage.kind == Kind::Files);
    for files in files {
        let is_on_engine = stored.on_engine.contains(&files.name);
        let in_cache = stored.in_cache.get(&files.name).copied();
        for stage in &files.needs {
            if is_on_engine {
                stored.on_engine.insert(stage.clone());
            }
            if let Some(has) = in_cache {
                stored.in_cache.insert(stage.clone(), has);
            }
        }
    }
    stored
}
