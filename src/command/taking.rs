//! One run of `build` or `push`: which stages the engine and the cache have, which of them are not built because they
//! are taken from there, and which of the others are stored in the cache.

use std::collections::{BTreeMap, BTreeSet};

use super::stages::Stages;
use crate::cache::{self, Away, Order, OverrideFile, Store, Verdict, Wanted};
use crate::diagnostic::{list, quoted};
use crate::ui::{Ui, shown};

/// Why the cache cannot be used.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Trouble {
    /// It cannot be reached.
    Away(Away),
    /// It needs a login, or it refuses the login that the engine has.
    Refused,
}

impl Trouble {
    /// How the user can fix it.
    pub(super) fn cure(&self, store: &Store) -> Option<String> {
        match self {
            Self::Away(away) => away.cure.map(str::to_owned),
            Self::Refused => Some(format!("`{}` gives the engine a login", store.login())),
        }
    }
}

/// A run, with what it has found out and decided so far.
pub(super) struct Run<'s> {
    pub(super) stages: &'s Stages,
    pub(super) wanted: Vec<Wanted>,
    /// By stage: whether the engine has an image under the name that the stage has in the cache.
    pub(super) here: BTreeMap<String, Verdict>,
    /// By stage: whether the cache has it. Only the stages for which the cache was asked.
    pub(super) there: BTreeMap<String, Verdict>,
    pub(super) takes: bool,
    pub(super) keeps: bool,
    /// `--pull`: a stage that this engine has built is also taken from the cache.
    pub(super) takes_all: bool,
    /// Stages whose files or settings changed while this run built them.
    pub(super) changed: BTreeSet<String>,
    pub(super) order: Order,
    /// The base images that are passed to a builder other than the engine; `None` if the engine builds.
    pub(super) builder: Option<BTreeMap<String, String>>,
    /// The images that the engine itself is told to take in the place of others.
    pub(super) own_images: BTreeMap<String, String>,
}

impl<'s> Run<'s> {
    pub(super) fn new(stages: &'s Stages, takes_all: bool) -> Self {
        Self {
            takes_all,
            own_images: BTreeMap::new(),
            changed: BTreeSet::new(),
            stages,
            wanted: Vec::new(),
            here: BTreeMap::new(),
            there: BTreeMap::new(),
            takes: false,
            keeps: false,
            order: Order::default(),
            builder: None,
        }
    }

    /// Asks the engine for all stages, and the cache for those that the build lacks. If the run stores stages, it asks
    /// the cache for all of them.
    pub(super) fn look(&mut self, ui: &mut Ui, targets: &[String], takes: bool, keeps: bool) {
        let Some(store) = &self.stages.store else {
            return;
        };
        (self.takes, self.keeps) = (takes, keeps);
        self.wanted = self.stages.wanted();
        self.here = cache::here(&self.stages.engine, store, &self.wanted);
        // The cache is not asked for stages below one that the engine has, unless the run stores stages.
        let is_here = |stage: &str| !self.is_elsewhere() && self.is_here(stage);
        let is_built = |stage: &str| self.is_built(stage);
        let order = cache::order(&self.stages.states, targets, &is_here, &is_built);
        let is_asked_for = |wanted: &&Wanted| {
            let stage = &wanted.stage;
            keeps || order.built.contains(stage) && !is_here(stage) && !is_built(stage)
        };
        let asked: Vec<&Wanted> = self.wanted.iter().filter(is_asked_for).collect();
        if let (true, Store::Folder(folder)) = (takes && self.is_elsewhere(), store) {
            ui.warning(&format!(
                "a builder other than the engine cannot use the cache directory {}: all stages are built",
                shown(folder)
            ));
        }
        if takes || keeps {
            self.there = cache::there(&self.stages.engine, store, &asked);
        }
        self.tell(ui, store);
        if keeps {
            self.tell_kept_away(ui);
        }
        self.tell_unknown(ui);
    }

    /// Reports each reason once: if the state of a stage is not known, the states of the stages that build on it are
    /// not known either, for the same reason.
    fn tell_unknown(&self, ui: &mut Ui) {
        let mut by_reason: Vec<(String, Vec<&str>)> = Vec::new();
        for state in self.stages.unknown() {
            let Err(reason) = &state.state else { continue };
            let reason = reason.to_string();
            match by_reason.iter_mut().find(|(known, _)| *known == reason) {
                Some((_, stages)) => stages.push(&state.name),
                None => by_reason.push((reason, vec![&state.name])),
            }
        }
        for (reason, stages) in by_reason {
            let stages = list(&stages, "and");
            ui.note(&format!("the state of {stages} is not known: {reason}"));
        }
    }

    fn tell(&self, ui: &mut Ui, store: &Store) {
        let place = store.place();
        let otherwise = if self.takes {
            ", and what is not here is built"
        } else {
            ""
        };
        for trouble in self.troubles() {
            match trouble {
                Trouble::Away(away) => {
                    ui.warning(&format!("{place} cannot be reached{otherwise}: {away}"));
                }
                Trouble::Refused => ui.warning(&format!(
                    "{place} refuses the engine's login{otherwise}; `{}` gives it one",
                    store.login()
                )),
            }
        }
        for (stage, verdict) in self.here.iter().chain(&self.there) {
            if let Verdict::Foreign(what) = verdict {
                let name = self.name_of(store, stage);
                ui.warning(&format!("{name} is not taken for {stage}: {what}"));
            }
        }
    }

    /// The problems with the cache, each of them once.
    pub(super) fn troubles(&self) -> Vec<Trouble> {
        let mut verdicts = self.there.values();
        let away = verdicts.find_map(|verdict| match verdict {
            Verdict::Away(away) => Some(Trouble::Away(away.clone())),
            _ => None,
        });
        let is_refused = self
            .there
            .values()
            .any(|verdict| *verdict == Verdict::Refused);
        away.into_iter()
            .chain(is_refused.then_some(Trouble::Refused))
            .collect()
    }

    /// The name of a stage in the cache, for messages: the path of its archive, or its image.
    pub(super) fn name_of(&self, store: &Store, stage: &str) -> String {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.stage == stage) else {
            return quoted(stage);
        };
        match store.archive(stage, &wanted.state) {
            Some(archive) => shown(&archive),
            // Not with `quoted`, which cuts long text: the user may look the image up.
            None => format!("`{}`", store.reference(stage, &wanted.state)),
        }
    }

    pub(super) fn is_built(&self, stage: &str) -> bool {
        !self.takes_all && !self.is_elsewhere() && self.stages.is_built_here(stage)
    }

    pub(super) fn is_here(&self, stage: &str) -> bool {
        matches!(self.here.get(stage), Some(Verdict::Found(_)))
    }

    pub(super) fn is_there(&self, stage: &str) -> bool {
        matches!(self.there.get(stage), Some(Verdict::Found(_)))
    }

    /// Whether a builder other than the engine builds. It has no access to the engine's images.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.builder.is_some()
    }

    /// Decides which stages are taken from the cache and which are built.
    pub(super) fn decide(&mut self, targets: &[String]) {
        let is_found = |stage: &str| {
            let is_seen = if self.is_elsewhere() {
                self.is_there(stage) && matches!(self.stages.store, Some(Store::Registry(_)))
            } else {
                self.is_here(stage) || self.is_there(stage)
            };
            self.takes && is_seen
        };
        let is_built = |stage: &str| self.is_built(stage);
        let order = cache::order(&self.stages.states, targets, &is_found, &is_built);
        self.order = order;
    }

    /// The images that replace stages in the build, by the names of the stages.
    fn taken(&self) -> BTreeMap<String, String> {
        let Some(store) = &self.stages.store else {
            return BTreeMap::new();
        };
        let taken = self
            .wanted
            .iter()
            .filter(|wanted| self.order.taken.contains(&wanted.stage));
        taken
            .map(|wanted| {
                (
                    wanted.stage.clone(),
                    store.reference(&wanted.stage, &wanted.state),
                )
            })
            .collect()
    }

    /// The Compose override file for the build.
    pub(super) fn file(&self, targets: &[String], labelled: bool) -> OverrideFile {
        let taken = self.taken();
        let mut file = OverrideFile::default();
        let told = |target: &str| {
            let mut told = self.stages.told(target, &taken, &self.order.built);
            if !labelled {
                told.labels.clear();
            }
            if let Some(contexts) = &self.builder {
                told.hosts = Some(self.stages.hosts(target));
                told.contexts.clone_from(contexts);
            } else {
                told.contexts.clone_from(&self.own_images);
            }
            told
        };
        for target in targets {
            file.services.insert(target.clone(), told(target));
        }
        if let Some(store) = &self.stages.store {
            let kept = self.to_keep().into_iter();
            file.kept = kept
                .filter_map(|wanted| {
                    // This build makes the image of the stage, so no other image may replace the stage in it.
                    let mut told = told(&wanted.stage);
                    told.replaced.remove(&wanted.stage);
                    self.stages.kept(wanted, store, told)
                })
                .collect();
        }
        file
    }
}
