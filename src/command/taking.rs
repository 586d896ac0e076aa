//! One run of `build` or `push`: where stages are, which of them are taken, and what is kept of the rest.

use std::collections::{BTreeMap, BTreeSet};

use super::stages::Stages;
use crate::cache::{self, Order, OverrideFile, Store, Verdict, Wanted};
use crate::diagnostic::quoted;
use crate::state::Kind;
use crate::ui::{Ui, shown};

/// A run, as far as it has come.
pub(super) struct Run<'s> {
    pub(super) stages: &'s Stages,
    pub(super) wanted: Vec<Wanted>,
    /// What the engine has under the names of the cache.
    pub(super) here: BTreeMap<String, Verdict>,
    /// What the cache has, of the stages that were asked for.
    pub(super) there: BTreeMap<String, Verdict>,
    pub(super) takes: bool,
    pub(super) keeps: bool,
    /// Takes also what the engine has built itself.
    pub(super) takes_all: bool,
    /// Stages whose files or settings changed while this run built them.
    pub(super) changed: BTreeSet<String>,
    pub(super) order: Order,
    /// A builder that is not the engine, and the bases that it is handed.
    pub(super) builder: Option<BTreeMap<String, String>>,
}

impl<'s> Run<'s> {
    pub(super) fn new(stages: &'s Stages, takes_all: bool) -> Self {
        Self {
            takes_all,
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

    /// Asks the engine, and the cache for what is missing; for everything where that is to be kept.
    pub(super) fn look(&mut self, ui: &mut Ui, targets: &[String], takes: bool, keeps: bool) {
        let Some(store) = &self.stages.store else {
            return;
        };
        (self.takes, self.keeps) = (takes, keeps);
        self.wanted = self.stages.wanted();
        self.here = cache::here(&self.stages.engine, store, &self.wanted);
        // What lies below a stage that is here is of no interest, unless it is to be kept.
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
                "a builder that is not the engine takes nothing from the directory {}: all stages are built",
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
        for state in &self.stages.states {
            if let Err(reason) = &state.state
                && state.kind != Kind::Tail
            {
                ui.note(&format!(
                    "the state of {} is not known: {reason}",
                    state.name
                ));
            }
        }
    }

    fn tell(&self, ui: &mut Ui, store: &Store) {
        let place = match store {
            Store::Registry(registry) => format!("the registry {}", quoted(registry)),
            Store::Folder(folder) => format!("the directory {}", shown(folder)),
        };
        let away = self.there.values().find_map(|verdict| match verdict {
            Verdict::Away(reason) => Some(reason),
            _ => None,
        });
        if let Some(reason) = away {
            ui.warning(&format!(
                "{place} is away, and what is not here is built: {reason}"
            ));
        }
        if self
            .there
            .values()
            .any(|verdict| *verdict == Verdict::Refused)
        {
            ui.warning(&format!(
                "{place} refuses the engine's login, and what is not here is built; `docker login` gives it one"
            ));
        }
        for (stage, verdict) in self.here.iter().chain(&self.there) {
            if let Verdict::Foreign(what) = verdict {
                let name = self.name_of(store, stage);
                ui.warning(&format!("{name} is not taken for {stage}: {what}"));
            }
        }
    }

    /// What people find in the cache.
    pub(super) fn name_of(&self, store: &Store, stage: &str) -> String {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.stage == stage) else {
            return quoted(stage);
        };
        match store.archive(stage, &wanted.state) {
            Some(archive) => shown(&archive),
            // In full, for whoever looks at it.
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

    /// Whether the builder sees no image of the engine's.
    pub(super) fn is_elsewhere(&self) -> bool {
        self.builder.is_some()
    }

    /// What is taken and what is built.
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

    /// The images in the places of stages.
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

    /// What the build is told.
    pub(super) fn file(&self, targets: &[String], labelled: bool) -> OverrideFile {
        let taken = self.taken();
        let mut file = OverrideFile::default();
        let told = |target: &str| {
            let mut told = self.stages.told(target, &taken, &self.order.built);
            if !labelled {
                told.labels.clear();
            }
            if let Some(contexts) = &self.builder {
                told.without_hosts = true;
                told.contexts.clone_from(contexts);
            }
            told
        };
        for target in targets {
            file.services.insert(target.clone(), told(target));
        }
        if let Some(store) = &self.stages.store {
            let to_make = self.to_keep().into_iter().filter(|(_, is_made)| *is_made);
            file.kept = to_make
                .filter_map(|(wanted, _)| {
                    // It may be below a stage that is taken.
                    let mut told = told(&wanted.stage);
                    told.replaced.remove(&wanted.stage);
                    self.stages.kept(wanted, store, told)
                })
                .collect();
        }
        file
    }
}
