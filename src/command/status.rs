//! `pei status`

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::Result;
use clap::ValueHint;
use serde_json::Value;

use super::asked::{images_of, platform_of_host};
use super::configure::Configured;
use super::given::{CONFIG, INSTALLATION, project_folder};
use super::in_cache::InCache;
use super::locked;
use super::outcome::shell_word;
use super::stages::{Stages, compose_files};
use super::start_hooks;
use crate::cli::Quiet;
use crate::config::{Host, Lookup as _};
use crate::diagnostic::{count, list, nearest, quoted};
use crate::engine::{Answer, Engine};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::project::{self, COMPOSE_FILE, Change, Changes, WriteMode};
use crate::render::{status_json, status_tree, status_why};
use crate::state::{
    self, Bases, Builds, Files, IMAGE_LABEL, INPUTS_LABEL, Identity, Kind, Labels, StageStanding,
    Standing, Unknown,
};
use crate::ui::Ui;

/// Engines and registries have this time for all questions.
const LIMIT: Duration = Duration::from_millis(4500);

/// Of that time, registries have this much to answer for the base images that the engine does not have.
const REGISTRY_LIMIT: Duration = Duration::from_secs(3);

/// Show what is built, and what a build would do
///
/// Each stage is built here (✔), in the cache (☁), to be built (○) or not known (?). The name is
/// followed by what has changed since the last `pei build`, by the reason why the state is not
/// known, or by whether the cache also has what is built here. It writes nothing.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei status                     The stages of the project in this directory
  pei status stage-2             One of them
  pei status --why stage-2       Everything that has changed in it
  pei status --hooks             What the hooks of the container's last start did
  pei status --json              For a script")]
pub struct Args {
    /// The stages to show; by default all
    #[arg(value_name = "STAGE")]
    stages: Vec<String>,
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// List everything that has changed in a stage, and in those that it needs
    #[arg(long, value_name = "STAGE", conflicts_with_all = ["stages", "json"])]
    why: Option<String>,
    /// Show what the hooks of the running container's last start did
    #[arg(long, conflicts_with_all = ["why", "json"])]
    hooks: bool,
    /// Print one JSON document
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let deadline = Instant::now() + LIMIT;
        let folder = project_folder(ui, &self.project_dir)?;
        if self.hooks {
            return start_hooks::show(ui, &folder, &self.config, &self.stages);
        }
        let Some(configured) = Configured::read(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        let changes = project::compare(&configured.tree, &folder, WriteMode::Configure)?;
        let plan = &configured.plan;
        // If there is a cache, registries get half the time for the bases, so that time is left to ask the cache.
        let limit = match &configured.project.cache {
            Some(_) => REGISTRY_LIMIT / 2,
            None => REGISTRY_LIMIT,
        };
        let asked = Asked::ask(plan, &folder, &changes, (deadline, limit));
        let files = Files::after(&folder, &changes.changes);
        let all = state::states_of(plan, &files, &asked.builds, &asked.bases)?;
        for name in self.stages.iter().chain(&self.why) {
            let shown = all.iter().filter(|stage| stage.kind != Kind::Files);
            let shown: Vec<&str> = shown.map(|stage| stage.name.as_str()).collect();
            require_stage(name, &shown)?;
        }
        let known = Stages::known(&folder, configured.project, all, asked.bases);
        let labels = asked.labels.as_ref();
        let cache = match labels {
            Ok(_) => InCache::ask(ui, &known, deadline),
            Err(_) => InCache::default(),
        };
        let stages = state::standings(&known.states, labels.ok(), &cache.stored);
        let away = asked.labels.as_ref().err().map(String::as_str);
        let text = if self.json {
            status_json(&stages, changes.changes.is_empty(), away)
        } else if let Some(name) = &self.why {
            status_why(&stages, name)
        } else {
            status_tree(&stages, &self.stages)
        };
        ui.data(&text)?;
        if !changes.changes.is_empty() {
            ui.note(&self.not_configured(&known, &changes));
        }
        if let (Some(reason), None) = (&asked.not_read, away) {
            ui.warning(&format!(
                "Compose does not read the project's files, so override files are ignored in what is shown here: {reason}"
            ));
        }
        if let Some(reason) = away {
            ui.warning(&format!(
                "what is built is not known, because the engine does not answer: {reason}"
            ));
            return Ok(ExitCode::Engine);
        }
        ui.status(&summary(&stages));
        if let Some(summary) = &cache.summary {
            ui.status(summary);
        }
        Ok(ExitCode::Success)
    }

    fn not_configured(&self, known: &Stages, changes: &Changes<'_>) -> String {
        let folder = &*known.folder;
        let option = locked::option(known.project.lock, folder);
        let mut command = format!("pei configure{option}");
        if folder != Path::new(".") {
            command.extend([" -p ", &shell_word(folder)]);
        }
        if self.config != Path::new(CONFIG) {
            command.extend([" -c ", &shell_word(&self.config)]);
        }
        format!(
            "{} would change {}; the stages are shown as if it had been run",
            quoted(&command),
            count(changes.changes.len(), "file")
        )
    }
}

/// `1 of 4 stages to be built, 2 unknown`
fn summary(stages: &[StageStanding<'_>]) -> String {
    let shown = stages
        .iter()
        .filter(|stage| stage.stage.kind != Kind::Files);
    let number =
        |is: fn(&Standing) -> bool| shown.clone().filter(|stage| is(&stage.standing)).count();
    let unbuilt = number(|standing| matches!(standing, Standing::ToBuild(_)));
    let unknown = match number(|standing| matches!(standing, Standing::Unknown(_))) {
        0 => String::new(),
        some => format!(", {some} unknown"),
    };
    let all = count(shown.clone().count(), "stage");
    format!("{unbuilt} of {all} to be built{unknown}")
}

pub(super) fn require_stage(name: &str, names: &[&str]) -> Result<(), Failure> {
    if names.contains(&name) {
        return Ok(());
    }
    let failure = Failure::usage(format!("the project has no stage {}", quoted(name)));
    Err(failure.help(match nearest(name, names.iter().copied()) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => format!("the stages are {}", list(names, "and")),
    }))
}

/// What the engine and the registries say.
struct Asked {
    builds: Builds,
    bases: Bases,
    /// The labels of the services' images, or why the engine did not answer.
    labels: Result<Labels, String>,
    /// Why Compose did not tell what it would build.
    not_read: Option<String>,
}

impl Asked {
    fn ask(
        plan: &Plan,
        folder: &Path,
        changes: &Changes<'_>,
        (deadline, limit): (Instant, Duration),
    ) -> Self {
        let engine = Engine::from_environment();
        let is_changed = |change: &Change<'_>| change.path == COMPOSE_FILE;
        // Until the file is written, the plan alone says what will be in it.
        let is_written = !changes.changes.iter().any(is_changed);
        let planned = builds_of_plan(plan, folder);
        let expected = images_of(plan, &planned);
        // Compose and the engine are asked at the same time: each question starts one or two processes.
        let (read, images) = thread::scope(|scope| {
            let compose = || builds_of_compose(&engine, plan, folder, left(deadline));
            let read = is_written.then(|| scope.spawn(compose));
            let images = inspect(&engine, &expected, deadline);
            let read = read.map(thread::ScopedJoinHandle::join);
            let read =
                read.map(|read| read.unwrap_or_else(|panic| std::panic::resume_unwind(panic)));
            (read, images)
        });
        let (builds, not_read) = match read {
            Some(Ok(builds)) => (builds, None),
            Some(Err(reason)) => (planned, Some(reason)),
            None => (planned, None),
        };
        let names = state::images(plan, &builds);
        // An override file may name other images.
        let all = images_of(plan, &builds);
        let others = all.difference(&expected).cloned().collect();
        let images = images.and_then(|mut images| {
            images.extend(inspect(&engine, &others, deadline)?);
            Ok(Value::Array(images))
        });
        let mut bases = Bases::default();
        let labels = match images {
            Err(reason) => {
                for name in names {
                    bases.insert(name, Err(Unknown::new("the engine does not answer")));
                }
                Err(reason)
            }
            Ok(images) => {
                let asked = Engine::from_environment().within(left(deadline));
                let own = asked.platform().ok().flatten();
                let platform = builds.platform(&own.unwrap_or_else(platform_of_host));
                let missing = bases.add_inspected(&names, &images, &platform);
                let limit = left(deadline).min(limit);
                for (name, identity) in in_registries(&engine, &missing, &platform, limit) {
                    bases.insert(name, identity);
                }
                Ok(labels_of(&builds, &images))
            }
        };
        Self {
            builds,
            bases,
            labels,
            not_read,
        }
    }
}

/// The images that the engine has of these names.
fn inspect(
    engine: &Engine,
    names: &BTreeSet<String>,
    deadline: Instant,
) -> Result<Vec<Value>, String> {
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let images = engine.images_in_time(&names, left(deadline))?;
    Ok(match images {
        Value::Array(images) => images,
        _ => Vec::new(),
    })
}

fn left(deadline: Instant) -> Duration {
    deadline.saturating_duration_since(Instant::now())
}

/// What docker-compose.yml says, without Compose.
pub(super) fn builds_of_plan(plan: &Plan, folder: &Path) -> Builds {
    let host = Host::new(folder.join(INSTALLATION));
    let variable = |name: &str| host.variable(name)?.into_string().ok();
    Builds::from_plan(plan, &variable)
}

/// What Compose makes of the project's files.
fn builds_of_compose(
    engine: &Engine,
    plan: &Plan,
    folder: &Path,
    limit: Duration,
) -> Result<Builds, String> {
    let path = folder.display().to_string();
    let files: Vec<String> = compose_files(folder)
        .iter()
        .map(|file| folder.join(file).display().to_string())
        .collect();
    let mut arguments = vec!["compose", "--project-directory", &path];
    arguments.extend(files.iter().flat_map(|file| ["-f", file]));
    arguments.extend(["--profile", "*", "config", "--format", "json"]);
    let json = engine.ask(&arguments, limit)?;
    Builds::from_compose(&json, plan, folder).map_err(|error| format!("{error:#}"))
}

pub(super) fn labels_of(builds: &Builds, images: &Value) -> Labels {
    let mut labels = Labels::default();
    for build in builds.iter() {
        let name = build.image.as_deref().filter(|name| !name.is_empty());
        let Some(name) = name else {
            continue;
        };
        if let Some(image) = state::find(images, name) {
            let told = &image["Config"]["Labels"];
            let own = told[IMAGE_LABEL].as_str().map(state::full_name);
            let is_own = own == Some(state::full_name(name));
            let label = told[INPUTS_LABEL].as_str().filter(|_| is_own);
            let stages = label.map(state::read_label);
            let stages = stages.filter(|stages| !stages.is_empty());
            labels.insert(&build.service, stages);
        } else {
            labels.insert_missing(&build.service, name);
        }
    }
    labels
}

fn identity_of(answer: &str, platform: &str) -> Option<Identity> {
    let answer: Value = serde_json::from_str(answer).ok()?;
    let identity = Identity::of(&answer["image"], platform)?;
    Some(Identity {
        digest: answer["manifest"]["digest"].as_str().map(str::to_owned),
        ..identity
    })
}

/// Asks the registries, all at once, for the identities of images that the engine does not have.
pub(super) fn in_registries(
    engine: &Engine,
    names: &BTreeSet<String>,
    platform: &str,
    limit: Duration,
) -> Vec<(String, Result<Identity, Unknown>)> {
    let deadline = Instant::now() + limit;
    let ask = |name: &str| {
        let identity = match engine.registry_manifest(name, deadline) {
            Answer::Done(text) => identity_of(&text, platform),
            Answer::Failed(_) | Answer::TimedOut => None,
        };
        identity.ok_or_else(|| {
            Unknown::new(format!(
                "the image {name} is neither here nor in a registry that answers"
            ))
        })
    };
    thread::scope(|scope| {
        let asked: Vec<_> = names
            .iter()
            .map(|name| (name, scope.spawn(|| ask(name))))
            .collect();
        let answers = asked.into_iter().map(|(name, thread)| {
            let identity = thread.join();
            let identity = identity.unwrap_or_else(|panic| std::panic::resume_unwind(panic));
            (name.clone(), identity)
        });
        answers.collect()
    })
}
