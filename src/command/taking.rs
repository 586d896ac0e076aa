//! One run of `build` or `push`: where stages are, which of them are taken, and what is kept of the rest.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::path::Path;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use serde_json::Value;

use super::outcome::shell_word;
use super::stages::Stages;
use crate::cache::{self, Found, LIMIT, Order, OverrideFile, Store, Verdict, Wanted};
use crate::diagnostic::{list, quoted};
use crate::engine::Answer;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::state::Kind;
use crate::ui::{ColorChoice, Ui, Verbosity, shown};

/// A run, as far as it has come.
pub(super) struct Run<'s> {
    stages: &'s Stages,
    wanted: Vec<Wanted>,
    /// What the engine has under the names of the cache.
    here: BTreeMap<String, Verdict>,
    /// What the cache has, of the stages that were asked for.
    there: BTreeMap<String, Verdict>,
    takes: bool,
    keeps: bool,
    /// Takes also what the engine has built itself.
    takes_all: bool,
    /// Stages whose files or settings changed while this run built them.
    changed: BTreeSet<String>,
    order: Order,
    /// A builder that is not the engine, and the bases that it is handed.
    builder: Option<BTreeMap<String, String>>,
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
    fn name_of(&self, store: &Store, stage: &str) -> String {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.stage == stage) else {
            return quoted(stage);
        };
        match store.archive(stage, &wanted.state) {
            Some(archive) => shown(&archive),
            // In full, for whoever looks at it.
            None => format!("`{}`", store.reference(stage, &wanted.state)),
        }
    }

    fn is_built(&self, stage: &str) -> bool {
        !self.takes_all && !self.is_elsewhere() && self.stages.is_built_here(stage)
    }

    fn is_here(&self, stage: &str) -> bool {
        matches!(self.here.get(stage), Some(Verdict::Found(_)))
    }

    fn is_there(&self, stage: &str) -> bool {
        matches!(self.there.get(stage), Some(Verdict::Found(_)))
    }

    /// Whether the builder sees no image of the engine's.
    fn is_elsewhere(&self) -> bool {
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

    /// Brings what is taken to the engine; what cannot be had, or is something else, is built.
    pub(super) fn fetch(&mut self, ui: &mut Ui, targets: &[String], dry_run: bool) {
        let Some(store) = self.stages.store.clone() else {
            return;
        };
        if dry_run {
            return;
        }
        // Another builder fetches by itself.
        while !self.is_elsewhere() {
            let missing = self
                .order
                .taken
                .iter()
                .find(|stage| !self.is_here(stage))
                .cloned();
            let Some(stage) = missing else {
                break;
            };
            let verdict = self.fetch_one(ui, &store, &stage);
            if !matches!(verdict, Verdict::Found(_)) {
                self.there.insert(stage.clone(), verdict.clone());
            }
            self.here.insert(stage, verdict);
            self.decide(targets);
        }
        if !self.order.taken.is_empty() {
            let taken: Vec<&str> = self.order.taken.iter().map(String::as_str).collect();
            ui.status(&format!(
                "not built, but taken from the cache: {}",
                list(&taken, "and")
            ));
        }
    }

    fn fetch_one(&self, ui: &mut Ui, store: &Store, stage: &str) -> Verdict {
        let Some(wanted) = self.wanted.iter().find(|wanted| wanted.stage == stage) else {
            return Verdict::Absent;
        };
        let name = self.name_of(store, stage);
        ui.detail(&format!("fetching {name}"));
        let engine = &self.stages.engine;
        let fetch = || match store.archive(stage, &wanted.state) {
            None => engine.pull(&store.reference(stage, &wanted.state)),
            Some(archive) => match File::open(&archive) {
                Ok(file) => engine.load(file),
                Err(error) => Err(Failure::new(error.to_string())),
            },
        };
        // Nobody knows how long an image of any size takes.
        let fetched = unless_quick(QUICK, fetch, || {
            ui.note(&format!(
                "still fetching {name}; if it takes too long, end this, and `pei build --pull=false` builds {stage}"
            ));
        });
        let verdict = match fetched {
            Ok(()) => {
                let mut found = cache::here(engine, store, std::slice::from_ref(wanted));
                found.remove(stage).unwrap_or_else(|| {
                    Verdict::Foreign("it holds no image of that name".to_owned())
                })
            }
            Err(failure) => Verdict::Foreign(format!("it is broken or gone: {failure}")),
        };
        if let Verdict::Foreign(what) = &verdict {
            ui.warning(&format!(
                "{name} is not taken for {stage}, which is built: {what}"
            ));
        }
        verdict
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

    /// The stages that this run keeps, and whether an image of each has to be made first.
    fn to_keep(&self) -> Vec<(&Wanted, bool)> {
        if !self.keeps {
            return Vec::new();
        }
        let is_missing = |stage: &str| {
            matches!(
                self.there.get(stage),
                Some(Verdict::Absent | Verdict::Foreign(_) | Verdict::Found(Found::Unseen))
            )
        };
        let wanted = self
            .wanted
            .iter()
            .filter(|wanted| is_missing(&wanted.stage) && !self.changed.contains(&wanted.stage));
        let wanted = wanted.filter_map(|wanted| {
            let stage = &wanted.stage;
            if self.is_here(stage) {
                return Some((wanted, false));
            }
            let is_made = self.order.built.contains(stage) || self.stages.is_built_here(stage);
            is_made.then_some((wanted, true))
        });
        wanted.collect()
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

    /// The stages that the cache lacks, and this machine has not built.
    pub(super) fn not_built(&self) -> Vec<&str> {
        let kept: Vec<&str> = self
            .to_keep()
            .iter()
            .map(|(wanted, _)| wanted.stage.as_str())
            .collect();
        let missing = self.wanted.iter().map(|wanted| wanted.stage.as_str());
        let missing = missing.filter(|stage| {
            let verdict = self.there.get(*stage);
            matches!(
                verdict,
                Some(Verdict::Absent | Verdict::Foreign(_) | Verdict::Found(Found::Unseen))
            ) && !kept.contains(stage)
        });
        missing.collect()
    }

    /// Commands that bring what is taken to the engine.
    pub(super) fn lines_before(&self) -> Vec<String> {
        let Some(store) = self.stages.store.as_ref().filter(|_| !self.is_elsewhere()) else {
            return Vec::new();
        };
        let missing = self.wanted.iter().filter(|wanted| {
            self.order.taken.contains(&wanted.stage) && !self.is_here(&wanted.stage)
        });
        let program = shell_word(self.stages.engine.program().as_ref());
        missing
            .map(|wanted| match store.archive(&wanted.stage, &wanted.state) {
                Some(archive) => format!("{program} load -i {}", shell_word(&archive)),
                None => format!(
                    "{program} pull {}",
                    store.reference(&wanted.stage, &wanted.state)
                ),
            })
            .collect()
    }

    /// Commands that keep what was built.
    pub(super) fn lines_behind(&self) -> Vec<String> {
        let Some(store) = &self.stages.store else {
            return Vec::new();
        };
        let program = shell_word(self.stages.engine.program().as_ref());
        let kept = self.to_keep().into_iter();
        kept.map(|(wanted, _)| {
            let name = store.reference(&wanted.stage, &wanted.state);
            match store.archive(&wanted.stage, &wanted.state) {
                Some(archive) => format!("{program} save -o {} {name}", shell_word(&archive)),
                None => format!("{program} push {name}"),
            }
        })
        .collect()
    }

    /// Compares the states with those from before the build. An image of a stage that changed meanwhile may be made of
    /// either text, so it must not be kept under the state of one.
    pub(super) fn check_states(&mut self, ui: &mut Ui, config: &Path) {
        if self.to_keep().is_empty() {
            return;
        }
        let mut quiet = Ui::new(ColorChoice::Never, Verbosity::Quiet);
        let now = Stages::load(&mut quiet, &self.stages.folder, config);
        let now = now.ok().flatten();
        let is_as_before = |wanted: &&Wanted| {
            let state = now.as_ref().and_then(|now| now.state(&wanted.stage));
            let state = state.and_then(|state| state.state.as_ref().ok());
            state.is_some_and(|state| state.as_str() == wanted.state)
        };
        let changed = self.wanted.iter().filter(|wanted| !is_as_before(wanted));
        self.changed = changed.map(|wanted| wanted.stage.clone()).collect();
        for stage in &self.changed {
            ui.warning(&format!(
                "{stage} is not kept: something that it is made of changed during the build; build it again"
            ));
        }
    }

    /// Keeps what is to be kept. Where that was asked for by a flag, a place that cannot be reached is a failure.
    pub(super) fn keep(&self, ui: &mut Ui, is_asked_for: bool) -> Result<ExitCode> {
        let Some(store) = self.stages.store.as_ref().filter(|_| self.keeps) else {
            return Ok(ExitCode::Success);
        };
        for stage in self
            .stages
            .states
            .iter()
            .filter(|state| self.order.built.contains(&state.name))
        {
            if let Some(reason) = self.stages.reason_to_keep_away(&stage.name)
                && stage.kind != Kind::Tail
                && !self.stages.has_files(&stage.name)
            {
                ui.note(&format!("{} is not kept: {reason}", stage.name));
            }
        }
        let mut kept = Vec::new();
        let mut first_failure = None;
        for (wanted, _) in self.to_keep() {
            let stage = &wanted.stage;
            let name = store.reference(stage, &wanted.state);
            if holds_login(&self.stages.engine.history(&name)?) {
                ui.warning(&format!(
                    "{stage} is not kept: its image tells the URL of a proxy with a login, as a build arg or a variable"
                ));
                continue;
            }
            match store.keep(&self.stages.engine, stage, &wanted.state) {
                Ok(()) => kept.push(stage.as_str()),
                Err(error) => {
                    ui.warning(&format!("{stage} was not kept: {error:#}"));
                    first_failure.get_or_insert(error);
                }
            }
        }
        if !kept.is_empty() {
            ui.status(&format!("kept in the cache: {}", list(&kept, "and")));
        }
        let is_reached =
            |verdict: &Verdict| !matches!(verdict, Verdict::Away(_) | Verdict::Refused);
        let is_whole = first_failure.is_none() && self.there.values().all(is_reached);
        if is_asked_for && !is_whole {
            let failure = Failure::engine(
                "the images are built, but not all of their stages are in the cache",
            );
            return Err(failure
                .help("`pei push` keeps them once the cache can be reached")
                .into());
        }
        Ok(ExitCode::Success)
    }

    /// Everything for a builder that is not the engine: it knows no address of the host and no image of the engine's.
    pub(super) fn prepare_for(&mut self, ui: &mut Ui, builder: &str) -> Result<()> {
        let engine = &self.stages.engine;
        if engine.driver(builder)? == "docker" {
            return Ok(());
        }
        let mut contexts = BTreeMap::new();
        let deadline = Instant::now() + LIMIT;
        for image in self.stages.images() {
            let arguments = ["buildx", "imagetools", "inspect", "--", &image];
            if matches!(engine.ask_until(&arguments, deadline), Answer::Done(_)) {
                continue;
            }
            let Some(place) = self.hand_over(&image)? else {
                continue;
            };
            ui.detail(&format!(
                "the builder gets {} from {}",
                quoted(&image),
                quoted(&place)
            ));
            contexts.insert(image, place);
        }
        self.builder = Some(contexts);
        Ok(())
    }

    /// An image that only the engine has, as a directory that a builder reads.
    fn hand_over(&self, image: &str) -> Result<Option<String>> {
        let engine = &self.stages.engine;
        let found = engine.inspect_images(&[image]);
        let Some(id) = found.first().and_then(|image| image["Id"].as_str()) else {
            return Ok(None);
        };
        let folder = fs::canonicalize(&self.stages.folder)?.join(BASES);
        let place = folder.join(id.trim_start_matches("sha256:"));
        if !place.join(INDEX).is_file() {
            // Whole before it has its name.
            let temporary = folder.join(format!("tmp-{}", std::process::id()));
            fs::create_dir_all(&temporary)?;
            engine.save_unpacked(image, &temporary)?;
            fs::rename(&temporary, &place)?;
        }
        let text = fs::read_to_string(place.join(INDEX))?;
        let index: Value = serde_json::from_str(&text).unwrap_or_default();
        let digest = index["manifests"][0]["digest"].as_str();
        Ok(digest.map(|digest| format!("oci-layout://{}@{digest}", place.display())))
    }
}

/// A fetch that takes longer is told of.
const QUICK: Duration = Duration::from_secs(20);

/// What comes of some work; where that takes longer than a limit, it is told once.
fn unless_quick<T: Send>(
    limit: Duration,
    work: impl FnOnce() -> T + Send,
    tell: impl FnOnce(),
) -> T {
    let (done, is_done) = channel::<()>();
    thread::scope(|scope| {
        let working = scope.spawn(move || {
            let result = work();
            drop(done);
            result
        });
        if is_done.recv_timeout(limit) == Err(RecvTimeoutError::Timeout) {
            tell();
        }
        let result = working.join();
        result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
    })
}

/// Where images lie that a builder is handed, below the project.
const BASES: &str = ".pei/bases";
/// The file that an image's directory has in the end.
const INDEX: &str = "index.json";

/// Whether some URL in a text has a login before its host. A password may hold `,` and `;`.
fn holds_login(text: &str) -> bool {
    text.split("://").skip(1).any(|rest| {
        let end = rest.find(|c: char| c.is_whitespace() || "/?#\"".contains(c));
        rest[..end.unwrap_or(rest.len())].contains('@')
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_that_takes_long_is_told_of() {
        let (go_on, waiting) = channel();
        let work = move || waiting.recv().map(|()| 1);
        let tell = || go_on.send(()).unwrap();
        assert_eq!(unless_quick(Duration::from_millis(1), work, tell), Ok(1));
        let tell = || panic!("it was quick");
        assert_eq!(unless_quick(Duration::from_mins(1), || 2, tell), 2);
    }

    #[test]
    fn a_login_in_a_url_is_seen() {
        for text in [
            "http_proxy=http://me:pw@proxy:1 /bin/sh",
            "http_proxy=http://me:p,w;x@proxy:1 /bin/sh",
            r#"["A=https://me@host/x"]"#,
        ] {
            assert!(holds_login(text), "{text}");
        }
        for text in ["http://proxy:1", "a@b http://c/d@e", "mail me@host"] {
            assert!(!holds_login(text), "{text}");
        }
    }
}
