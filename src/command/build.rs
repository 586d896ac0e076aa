//! `pei build`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgAction, ValueHint};

use super::given::{CONFIG, project_folder};
use super::locked::{self, require_images};
use super::outcome::{START, enter, shell_word};
use super::reproduce::reproduce;
use super::stages::{BUILD_FILE, Stages, lock};
use super::taking::Run;
use crate::cache::{KEPT, OverrideFile};
use crate::cli::Quiet;
use crate::diagnostic::{list, nearest, quoted};
use crate::engine::{Ended, Engine};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan::KEPT_FILES;
use crate::ui::{Ui, shown};

/// Build the images, and take from the cache what others have built
///
/// The state of a stage is a hash of everything that its build depends on. A stage whose state
/// the engine or the cache (`cache` in the config) has is not built. One `docker compose` command,
/// which is printed, builds the other stages. Run `pei configure` first. `docker compose build`
/// builds the same images, and does not use the cache.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei build                        Build stage-1 and stage-2
  pei build --push                 Build them, and store the stages in the cache, as CI does
  pei build --pull=false           Build all stages here
  pei build npm                    One of the further stages
  pei build --builder team         On a builder of docker buildx
  pei build --reproduce            Twice, to see whether a build always gives the same image
  pei build --dry-run              Print the command, and run nothing
  pei build -- --progress plain    With options of docker compose build")]
pub struct Args {
    /// The stages to build; by default those of the config's `stage_1` and `stage_2`
    #[arg(value_name = "STAGE")]
    stages: Vec<String>,
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// Store the built stages in the cache
    #[arg(long)]
    push: bool,
    /// Build all twice without cache, and name what differs; 4 if anything does
    #[arg(long, conflicts_with_all = ["push", "pull", "dry_run"])]
    reproduce: bool,
    /// `--pull=false` takes no stage from the cache; `--pull` also takes stages that were built here
    #[arg(
        long,
        value_name = "BOOL",
        num_args = 0..=1,
        require_equals = true,
        default_missing_value = "true",
        action = ArgAction::Set
    )]
    pull: Option<bool>,
    /// A builder of docker buildx: docker-container, remote or kubernetes
    #[arg(long, value_name = "NAME")]
    builder: Option<String>,
    /// Write .pei/build.yml and print the command, and run nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
    /// Options of docker compose build
    #[arg(last = true, value_name = "ARGS")]
    arguments: Vec<OsString>,
}

/// What to do about a build that has failed.
pub(super) const WHAT_FAILED: &str =
    "look for the first line of the output above that contains ERROR";

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        // Lock before the project is read: its files may change while this run waits for another build.
        let _lock = lock(ui, &folder)?;
        let Some(stages) = Stages::load(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        require_images(&stages, &folder)?;
        let targets = self.targets(&stages)?;
        let given = Given::read(&self.arguments)?;
        let mut run = Run::new(&stages, self.pull == Some(true) || self.reproduce);
        let builder = self.builder.clone().or_else(builder_of_environment);
        if let Some(builder) = &builder {
            run.prepare_for(ui, builder)?;
        }
        run.prepare_own_images()?;
        if self.reproduce {
            ui.detail("nothing is taken from a cache or kept in one");
        } else if let Some(option) = given.changes {
            ui.note(&format!(
                "`{option}` changes what is built, but the state does not cover it: nothing is taken from a cache or kept in one"
            ));
        } else if stages.store.is_some() {
            let takes = self.pull != Some(false) && !given.builds_all;
            run.look(ui, &targets, takes, self.push || stages.push);
        } else if self.push {
            let option = locked::option(stages.project.lock, &folder);
            let help = format!(
                "add `cache:` with a `registry` or a `folder`, and run `pei configure{option}`"
            );
            return Err(Failure::new("the config names no cache to keep stages in")
                .help(help)
                .into());
        }
        run.decide(&targets);
        run.fetch(ui, &targets, self.dry_run);
        let file = run.file(&targets, given.changes.is_none());
        stages.write(&file.text())?;
        let mut options: Vec<OsString> = Vec::new();
        if let Some(builder) = &builder {
            options.extend(["--builder".into(), builder.into()]);
        }
        if ui.is_quiet() {
            options.push("--quiet".into());
        }
        if self.reproduce && !given.builds_all {
            options.push("--no-cache".into());
        }
        options.extend(self.arguments.iter().cloned());
        let command = compose_build(&stages, &options, &targets, &file);
        if self.dry_run {
            let mut lines = run.lines_before()?;
            lines.push(shell_line(&stages.engine, &command));
            lines.extend(run.lines_behind()?);
            for line in lines {
                ui.data(&format!("{line}\n"))?;
            }
            let path = stages.folder.join(BUILD_FILE);
            ui.status(&format!(
                "wrote {}; nothing was run. The printed commands do the same in the project's directory",
                shown(&path)
            ));
            return Ok(ExitCode::Success);
        }
        if self.reproduce {
            let code = reproduce(ui, &stages, &targets, &command)?;
            if code != ExitCode::Interrupted {
                stages.record(&targets, run.is_elsewhere())?;
            }
            return Ok(code);
        }
        ui.status(&shell_line(&stages.engine, &command));
        if let Some(code) = build(&stages, &command, WHAT_FAILED)? {
            return Ok(code);
        }
        if stages.store.is_some() {
            stages.record(&targets, run.is_elsewhere())?;
        }
        run.check_states(ui, &self.config);
        let failure = "the images are built, but not all of their stages are in the cache";
        run.keep(ui, self.push.then_some(failure))?;
        if targets == stages.usual && builder.is_none() {
            ui.status(&format!("next: {}", enter(&stages.folder, START)));
        }
        Ok(ExitCode::Success)
    }

    /// The services to build. Each has the same name as its stage.
    fn targets(&self, stages: &Stages) -> Result<Vec<String>, Failure> {
        if self.stages.is_empty() {
            return Ok(stages.usual.clone());
        }
        for name in &self.stages {
            if !stages.services.contains(name) {
                return Err(unknown_stage(name, stages));
            }
        }
        let is_named = |name: &&String| self.stages.contains(name);
        Ok(stages.services.iter().filter(is_named).cloned().collect())
    }
}

/// What the options of Compose mean for the cache.
struct Given {
    /// An option that changes what is built.
    changes: Option<&'static str>,
    /// `--no-cache`: all stages are built again, and none is taken from the cache.
    builds_all: bool,
}

impl Given {
    fn read(arguments: &[OsString]) -> Result<Self, Failure> {
        let has = |option: &str| {
            let mut words = arguments.iter().filter_map(|word| word.to_str());
            words.any(|word| {
                word.strip_prefix(option)
                    .is_some_and(|rest| rest.is_empty() || rest.starts_with('='))
            })
        };
        if has("--builder") {
            let failure = Failure::usage("`--builder` must come before `--`");
            return Err(failure.help("write `pei build --builder NAME`"));
        }
        let changes = ["--build-arg", "--pull"];
        Ok(Self {
            changes: changes.into_iter().find(|option| has(option)),
            builds_all: has("--no-cache")
                && !arguments.iter().any(|word| word == "--no-cache=false"),
        })
    }
}

/// The builder that Compose and buildx use if no option names one.
pub(super) fn builder_of_environment() -> Option<String> {
    let name = std::env::var("BUILDX_BUILDER").ok();
    name.filter(|name| !name.is_empty())
}

/// The arguments of the engine's program for `docker compose build`.
pub(super) fn compose_build(
    stages: &Stages,
    options: &[OsString],
    targets: &[String],
    file: &OverrideFile,
) -> Vec<OsString> {
    let mut words: Vec<OsString> = vec!["compose".into()];
    for file in stages.files() {
        words.extend(["-f".into(), file.into()]);
    }
    words.push("build".into());
    words.extend(options.iter().cloned());
    words.extend(targets.iter().map(OsString::from));
    words.extend(file.kept.iter().map(|kept| kept.service().into()));
    words
}

/// Runs the command. `Some` with an exit status if the user interrupted it; an error if the build failed.
pub(super) fn build(
    stages: &Stages,
    command: &[OsString],
    help: &str,
) -> Result<Option<ExitCode>, Failure> {
    match stages.engine.run_shown(&stages.folder, command)? {
        Ended::Well => Ok(None),
        Ended::Interrupted => Ok(Some(ExitCode::Interrupted)),
        Ended::Badly => {
            let failure = Failure::engine("the build failed: the engine's output is above");
            Err(failure.help(help))
        }
    }
}

/// The error for a name that no service has.
pub(super) fn unknown_stage(name: &str, stages: &Stages) -> Failure {
    let holders = |stage: &str| {
        let state = stages.state(stage);
        state
            .map(|state| state.services.as_slice())
            .unwrap_or_default()
    };
    let (part, stage) = match (name.strip_suffix(KEPT_FILES), name.strip_prefix(KEPT)) {
        (Some(stage), _) if !holders(name).is_empty() => (
            format!(
                "{} are the files that others copy from {stage}",
                quoted(name)
            ),
            stage,
        ),
        (_, Some(stage)) if !holders(stage).is_empty() => (
            format!(
                "{} is the service with which `pei build --push` stores {stage}",
                quoted(name)
            ),
            stage,
        ),
        _ => (
            format!(
                "{} is a part of other stages, and is not built alone",
                quoted(name)
            ),
            name,
        ),
    };
    let services = match holders(stage) {
        [] => holders(name),
        services => services,
    };
    if let Some(first) = services.first() {
        let help = format!("`pei build {first}` builds it");
        return Failure::usage(part).help(help);
    }
    let failure = Failure::usage(format!("the project has no stage {}", quoted(name)));
    let known = stages.services.iter().map(String::as_str);
    failure.help(match nearest(name, known) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None => format!("the stages are {}", list(&stages.services, "and")),
    })
}

/// A command as a line that the user can paste into a shell.
pub(super) fn shell_line(engine: &Engine, words: &[OsString]) -> String {
    let program = shell_word(Path::new(engine.program()));
    let words = words.iter().map(|word| match word.to_str() {
        Some(option) if option.starts_with('-') && is_plain(option) => option.to_owned(),
        _ => shell_word(Path::new(word)),
    });
    let words: Vec<String> = [program].into_iter().chain(words).collect();
    words.join(" ")
}

/// Whether a shell reads an option as one word without quotes.
fn is_plain(option: &str) -> bool {
    option
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_=./:,".contains(c))
}
