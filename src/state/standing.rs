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
}

/// Whether a stage has to be built.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Standing {
    /// An image of this engine holds it in its present state.
    Built,
    /// The cache has it in its present state.
    Cached,
    /// It has to be built, because this has changed since it was; nothing where it never was.
    ToBuild(Vec<Change>),
    /// Nothing is known, and why; the reason is empty if it stands at a stage that this one needs.
    Unknown(String),
}

/// What the labels of a project's images say.
#[derive(Debug, Clone, Default)]
pub struct Labels {
    /// By service, the stages that its image holds; `None` for an image without the label.
    of_services: BTreeMap<String, Option<BTreeMap<String, Summary>>>,
}

impl Labels {
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
    cached: &BTreeSet<String>,
) -> Vec<StageStanding<'s>> {
    let mut unbuilt: BTreeSet<&str> = BTreeSet::new();
    let mut reasons: BTreeMap<&str, String> = BTreeMap::new();
    let mut standings: Vec<StageStanding<'s>> = Vec::new();
    for stage in states {
        let standing = standing_of(stage, labels, cached, &unbuilt);
        match &standing {
            Standing::ToBuild(_) => {
                unbuilt.insert(&stage.name);
            }
            Standing::Unknown(reason) => {
                reasons.insert(&stage.name, reason.clone());
            }
            Standing::Built | Standing::Cached => {}
        }
        standings.push(StageStanding { stage, standing });
    }
    for StageStanding { stage, standing } in &mut standings {
        if let Standing::Unknown(reason) = standing {
            let is_told = |name: &String| reasons.get(name.as_str()) == Some(reason);
            if stage.needs.iter().any(is_told) {
                reason.clear();
            }
        }
    }
    take_in_files(&mut standings);
    standings
}

fn standing_of(
    stage: &StageState,
    labels: Option<&Labels>,
    cached: &BTreeSet<String>,
    unbuilt: &BTreeSet<&str>,
) -> Standing {
    let hash = match &stage.state {
        Ok(hash) => hash,
        Err(reason) => return Standing::Unknown(reason.to_string()),
    };
    let Some(labels) = labels else {
        return Standing::Unknown(String::new());
    };
    if labels
        .of(stage)
        .any(|before| before.state.as_ref() == Some(hash))
    {
        return Standing::Built;
    }
    if cached.contains(&stage.name) {
        return Standing::Cached;
    }
    let will_be_built = |name: &str| unbuilt.contains(name);
    let since = labels.of(stage);
    // The image that is most like it was built last.
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

/// A stage is in the cache if what others copy from it is there.
fn take_in_files(standings: &mut [StageStanding<'_>]) {
    let cached = standings.iter().filter(|standing| {
        standing.stage.kind == Kind::Files && standing.standing == Standing::Cached
    });
    let cached: BTreeSet<String> = cached
        .flat_map(|standing| standing.stage.needs.iter().cloned())
        .collect();
    for standing in standings {
        if cached.contains(&standing.stage.name)
            && matches!(standing.standing, Standing::ToBuild(_))
        {
            standing.standing = Standing::Cached;
        }
    }
}
