//! What `build` and `push` know of a project: its stages, their states, and where those are.

use std::collections::{BTreeMap, BTreeSet};
use std::env;
use std::fmt;
use std::fs::{File, OpenOptions, TryLockError};
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use serde_json::Value;

use super::asked::{Asked, bases, images_of};
use super::built::{self, built_here};
use super::configure::Configured;
use super::locked::{self, stand_ins};
use super::outcome::shell_word;
use crate::cache::{Store, Wanted};
use crate::diagnostic::quoted;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::file_tree::FileTree;
use crate::model::Project;
use crate::plan::{KEPT_FILES, Plan};
use crate::private_file;
use crate::project::{self, Action, COMPOSE_FILE, Change, WriteMode};
use crate::state::{self, Bases, Builds, From, Identity, Kind, StageState, What};
use crate::ui::{ColorChoice, Ui, Verbosity, shown};

/// What is written for Compose.
pub(super) const BUILD_FILE: &str = ".pei/build.yml";
/// Held by a run that uses that file.
const BUILD_LOCK: &str = ".pei/build.lock";

/// Docker's names for the file that changes docker-compose.yml; the first one that is there counts.
const OVERRIDES: [&str; 4] = [
    "compose.override.yml",
    "compose.override.yaml",
    "docker-compose.override.yml",
    "docker-compose.override.yaml",
];

/// Why a stage is in no cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum KeptAway {
    /// The variables of this further stage.
    Environment(String),
    /// Something that looks like a secret, and what.
    Secret(String),
}

impl fmt::Display for KeptAway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Environment(stage) => write!(
                f,
                "the values of `stages.{stage}.environment` would be readable in the image"
            ),
            Self::Secret(what) => write!(
                f,
                "something in {what} looks like a secret, which would be readable in the history of the image"
            ),
        }
    }
}

/// Finds out what images are: of their names, what the engine has of them, and a platform.
type AskForBases = dyn Fn(&Engine, &BTreeSet<String>, &Value, &str) -> Bases;

/// A project, ready to be built.
pub(super) struct Stages {
    pub(super) engine: Engine,
    pub(super) folder: PathBuf,
    pub(super) store: Option<Store>,
    pub(super) states: Vec<StageState>,
    /// Whether the config wants every build to be kept.
    pub(super) push: bool,
    /// The services that are stages, in build order.
    pub(super) services: Vec<String>,
    /// Those that are built where none is named.
    pub(super) usual: Vec<String>,
    pub(super) project: Project,
    pub(super) bases: Bases,
    /// The one that the builds are for, such as `linux/amd64`.
    pub(super) platform: String,
    /// Images that the engine has under other names than the build, by the names of the build.
    pub(super) stand_ins: BTreeMap<String, String>,
    /// What the history of stages would tell that is a secret.
    secrets: BTreeMap<String, String>,
    /// The stages whose hooks get secrets or the ssh agent.
    pub(super) with_access: BTreeSet<String>,
    /// As Compose reads it.
    pub(super) compose: Value,
    /// The names of the services' images.
    pub(super) names: BTreeMap<String, String>,
    /// What tells the engine from others.
    engine_id: String,
    /// What this engine has built, as stage and state.
    built_here: BTreeSet<(String, String)>,
}

/// What the stages of a project were read from.
pub(super) struct Sources {
    pub(super) plan: Plan,
    pub(super) tree: FileTree,
    pub(super) builds: Builds,
    /// As the engine describes the images that the builds begin with, copy from and make.
    pub(super) images: Value,
}

impl Stages {
    /// Reads the project; `None` where the findings about its config, which have been told, stop the run.
    ///
    /// # Errors
    /// `pei configure` has something to write first; the engine is missing; Compose does not read the files.
    pub(super) fn load(ui: &mut Ui, folder: &Path, config: &Path) -> Result<Option<Self>> {
        let loaded = Self::load_with(ui, folder, config, &bases)?;
        Ok(loaded.map(|(stages, _)| stages))
    }

    /// The same without a question to a registry: an image that the engine does not have is what the labels of the
    /// services' images say that it was. With what that was read from.
    ///
    /// # Errors
    /// The same.
    pub(super) fn load_built(
        ui: &mut Ui,
        folder: &Path,
        config: &Path,
    ) -> Result<Option<(Self, Sources)>> {
        Self::load_with(ui, folder, config, &|_, names, images, _| {
            let mut bases = Bases::default();
            let missing = bases.add_inspected(names, images, "");
            for image in images.as_array().into_iter().flatten() {
                let label = image["Config"]["Labels"][state::BASES_LABEL].as_str();
                for (name, identity) in state::read_bases(label.unwrap_or_default()) {
                    if missing.contains(&name) {
                        bases.insert(name, Ok(identity));
                    }
                }
            }
            bases
        })
    }

    fn load_with(
        ui: &mut Ui,
        folder: &Path,
        config: &Path,
        bases: &AskForBases,
    ) -> Result<Option<(Self, Sources)>> {
        let engine = Engine::from_environment();
        let Some(configured) = Configured::read(ui, folder, config)? else {
            return Ok(None);
        };
        require_configured(&configured, folder, config)?;
        let Configured {
            project,
            plan,
            tree,
        } = configured;
        let mut asked = Asked::ask(&engine, &plan, folder)?;
        let compose: Value = serde_json::from_str(&asked.compose).unwrap_or_default();
        let builds = Builds::from_compose(&asked.compose, &plan, folder)?;
        asked.images.add(&engine, &images_of(&plan, &builds));
        let mut images = Value::Array(asked.images.found);
        let platform = builds.platform(&asked.platform);
        let wanted = state::images(&plan, &builds);
        let stand_ins = stand_ins(&engine, folder, &wanted, &mut images, &platform)?;
        let bases = bases(&engine, &wanted, &images, &platform);
        let states = state::states(&plan, folder, &builds, &bases)?;
        let secrets = state::secrets(&plan, &builds);
        let names = builds.iter().filter_map(|build| {
            let name = build.image.clone().filter(|name| !name.is_empty())?;
            Some((build.service.clone(), name))
        });
        let names: BTreeMap<String, String> = names.collect();
        let own = names.iter().filter_map(|(service, name)| {
            let image = state::find(&images, name)?;
            Some((service.as_str(), image))
        });
        let built_here = built_here(folder, &asked.engine, own);
        let services: Vec<String> = builds.iter().map(|build| build.service.clone()).collect();
        let mut usual: Vec<String> = services.clone();
        usual.retain(|name| plan.services.iter().any(|service| service.name == *name));
        let loaded = Self {
            folder: folder.to_owned(),
            store: project
                .cache
                .as_ref()
                .map(|cache| Store::new(cache, folder)),
            push: project.cache.as_ref().is_some_and(|cache| cache.push),
            services,
            usual,
            engine,
            states,
            project,
            bases,
            platform,
            stand_ins,
            secrets,
            with_access: plan.stages_with_access(),
            compose,
            names,
            engine_id: asked.engine,
            built_here,
        };
        let sources = Sources {
            plan,
            tree,
            builds,
            images,
        };
        Ok(Some((loaded, sources)))
    }

    /// The resolved project.
    pub(super) fn project(&self) -> &Project {
        &self.project
    }

    /// What is known of an image that is not built here.
    pub(super) fn base(&self, name: &str) -> Result<Identity, state::Unknown> {
        self.bases.get(name)
    }

    /// The stages of a project as far as they are known, for a look into its cache.
    pub(super) fn known(
        folder: &Path,
        project: Project,
        states: Vec<StageState>,
        bases: Bases,
    ) -> Self {
        let cache = project.cache.as_ref();
        Self {
            folder: folder.to_owned(),
            store: cache.map(|cache| Store::new(cache, folder)),
            push: false,
            services: Vec::new(),
            usual: Vec::new(),
            engine: Engine::from_environment(),
            states,
            project,
            bases,
            platform: String::new(),
            stand_ins: BTreeMap::new(),
            secrets: BTreeMap::new(),
            with_access: BTreeSet::new(),
            compose: Value::Null,
            names: BTreeMap::new(),
            engine_id: String::new(),
            built_here: BTreeSet::new(),
        }
    }

    /// The state of a stage.
    pub(super) fn state(&self, stage: &str) -> Option<&StageState> {
        self.states.iter().find(|state| state.name == stage)
    }

    /// Reads the project again, and returns those of `wanted` whose state has changed or is no longer known. The image of a
    /// stage whose files changed during its build may have the old files or the new ones.
    pub(super) fn changed_since(&self, config: &Path, wanted: &[Wanted]) -> Vec<String> {
        let mut quiet = Ui::new(ColorChoice::Never, Verbosity::Quiet);
        let now = Self::load(&mut quiet, &self.folder, config).ok().flatten();
        let is_as_before = |wanted: &&Wanted| {
            let state = now.as_ref().and_then(|now| now.state(&wanted.stage));
            let state = state.and_then(|state| state.state.as_ref().ok());
            state.is_some_and(|state| state.as_str() == wanted.state)
        };
        let changed = wanted.iter().filter(|wanted| !is_as_before(wanted));
        changed.map(|wanted| wanted.stage.clone()).collect()
    }

    /// The stages that a cache can hold, with what it is asked for: those with a state, without the tails, without
    /// what is only copied from, of which it has the files, and without what would tell a secret.
    pub(super) fn wanted(&self) -> Vec<Wanted> {
        if self.store.is_none() {
            return Vec::new();
        }
        let wanted = self.states.iter().filter(|state| {
            state.kind != Kind::Tail
                && !self.has_files(&state.name)
                && self.reason_to_keep_away(&state.name).is_none()
        });
        let wanted = wanted.filter_map(|state| {
            Some(Wanted {
                stage: state.name.clone(),
                state: state.state.as_ref().ok()?.as_str().to_owned(),
                base_layers: self.base_layers(state).unwrap_or_default(),
            })
        });
        wanted.collect()
    }

    /// Whether a stage's copied files are a stage of their own.
    pub(super) fn has_files(&self, stage: &str) -> bool {
        self.state(&format!("{stage}{KEPT_FILES}")).is_some()
    }

    /// Why a stage is in no cache, where that follows from the config: how an image was made can be read in it.
    pub(super) fn reason_to_keep_away(&self, stage: &str) -> Option<KeptAway> {
        let mut next = self.state(stage)?;
        loop {
            if let Some(what) = self.secrets.get(&next.name) {
                return Some(KeptAway::Secret(what.clone()));
            }
            let builder = self
                .project
                .builders
                .iter()
                .find(|builder| builder.name == next.name);
            if builder.is_some_and(|builder| !builder.environment.is_empty()) {
                return Some(KeptAway::Environment(next.name.clone()));
            }
            match &next.from {
                From::Stage(below) => next = self.state(below)?,
                From::Image(_) | From::Scratch => return None,
            }
        }
    }

    /// The layers of the image at the bottom of a stage.
    pub(super) fn base_layers(&self, state: &StageState) -> Result<Vec<String>, state::Unknown> {
        let mut next = state;
        loop {
            match &next.from {
                From::Image(name) => return self.bases.get(name).map(|base| base.layers),
                From::Scratch => return Ok(Vec::new()),
                From::Stage(below) => match self.state(below) {
                    Some(state) => next = state,
                    None => return Ok(Vec::new()),
                },
            }
        }
    }

    /// Whether this machine's engine has built a stage in the state that it has now.
    pub(super) fn is_built_here(&self, name: &str) -> bool {
        let state = self.state(name).and_then(|state| state.state.as_ref().ok());
        state.is_some_and(|state| {
            let pair = (name.to_owned(), state.as_str().to_owned());
            self.built_here.contains(&pair)
        })
    }

    /// Records which images the engine has now of services that it has built; of those that another builder has built it
    /// has no steps.
    pub(super) fn record(&self, targets: &[String], is_elsewhere: bool) -> Result<()> {
        let names: Vec<&str> = targets
            .iter()
            .filter_map(|target| self.names.get(target).map(String::as_str))
            .collect();
        let images = Value::Array(self.engine.inspect_images(&names));
        let id = |target: &String| {
            let image = state::find(&images, self.names.get(target)?)?;
            Some(image["Id"].as_str()?.to_owned())
        };
        let images = targets.iter().map(|target| {
            let id = id(target).filter(|_| !is_elsewhere);
            (target.clone(), id)
        });
        built::record(&self.folder, &self.engine_id, images)
    }

    /// The images that the builds begin with or copy from.
    pub(super) fn images(&self) -> BTreeSet<String> {
        let from = self.states.iter().filter_map(|state| match &state.from {
            From::Image(name) => Some(name.clone()),
            From::Stage(_) | From::Scratch => None,
        });
        let copied = self.states.iter().flat_map(|state| &state.inputs);
        let copied = copied.filter(|input| input.what == What::Image);
        let mut images: BTreeSet<String> =
            from.chain(copied.map(|input| input.name.clone())).collect();
        images.remove("scratch");
        images.remove("");
        images
    }

    /// The files of the command, in the order in which they count.
    pub(super) fn files(&self) -> Vec<String> {
        let mut files = compose_files(&self.folder);
        files.push(BUILD_FILE.to_owned());
        files
    }

    /// The stages whose state is not known, without the tails.
    pub(super) fn unknown(&self) -> impl Iterator<Item = &StageState> {
        let states = self.states.iter();
        states.filter(|state| state.state.is_err() && state.kind != Kind::Tail)
    }

    /// Writes the file for Compose: all of it or nothing.
    pub(super) fn write(&self, text: &str) -> Result<()> {
        // An arg of an override file may be a URL with a login.
        private_file::write(&self.folder.join(BUILD_FILE), text.as_bytes())
    }
}

/// Waits until no other run uses the file for Compose; `None` where nothing has been configured yet.
///
/// # Errors
/// The lock cannot be opened or taken.
pub(super) fn lock(ui: &mut Ui, folder: &Path) -> Result<Option<File>> {
    let path = folder.join(BUILD_LOCK);
    if !path.parent().is_some_and(Path::is_dir) {
        return Ok(None);
    }
    let file = OpenOptions::new()
        .create(true)
        .truncate(false)
        .write(true)
        .open(&path);
    let file = file.with_context(|| format!("cannot open {}", shown(&path)))?;
    if let Err(TryLockError::WouldBlock) = file.try_lock() {
        ui.note("another `pei build` of this project is running; this one waits for its end");
        file.lock()
            .with_context(|| format!("cannot lock {}", shown(&path)))?;
    }
    Ok(Some(file))
}

/// The files that Compose reads in a project, in the order in which they count.
pub(super) fn compose_files(folder: &Path) -> Vec<String> {
    if let Some(named) = env::var("COMPOSE_FILE")
        .ok()
        .filter(|named| !named.is_empty())
    {
        let separator = env::var("COMPOSE_PATH_SEPARATOR").unwrap_or_else(|_| ":".to_owned());
        return named.split(&separator).map(str::to_owned).collect();
    }
    let mut files = vec![COMPOSE_FILE.to_owned()];
    let more = OVERRIDES.iter().find(|name| folder.join(name).is_file());
    files.extend(more.map(|name| (*name).to_owned()));
    files
}

/// The states are those of the config, so the files must be what `pei configure` would write.
fn require_configured(configured: &Configured, folder: &Path, config: &Path) -> Result<()> {
    let changes = project::compare(&configured.tree, folder, WriteMode::Configure)?.changes;
    let is_mode = |change: &&Change<'_>| change.action == Action::SetMode;
    let Some(change) = changes
        .iter()
        .find(|change| !is_mode(change))
        .or(changes.first())
    else {
        return Ok(());
    };
    let mut command = format!(
        "pei configure{}",
        locked::option(configured.project.lock, folder)
    );
    if folder != Path::new(".") {
        command.extend([" -p ", &shell_word(folder)]);
    }
    if config != Path::new(super::given::CONFIG) {
        command.extend([" -c ", &shell_word(config)]);
    }
    let (path, command) = (quoted(&change.path), quoted(&command));
    let is_first = !folder.join(COMPOSE_FILE).exists();
    let message = if is_first {
        "nothing has been configured yet".to_owned()
    } else if is_mode(&change) {
        format!(
            "{path} needs the mode {:o}: a build sees modes, and {command} removes the write permission of group and others",
            change.mode()
        )
    } else {
        format!("{path} is not up to date: {command} has not been run since something changed")
    };
    Err(Failure::new(message)
        .help(format!("run {command}, then this again"))
        .into())
}
