//! `pei build`

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ArgAction, ValueHint};

use super::given::{CONFIG, project_folder};
use super::locked::require_images;
use super::outcome::{START, enter, shell_word};
use super::stages::{BUILD_FILE, Stages, lock};
use super::taking::Run;
use crate::cache::OverrideFile;
use crate::cli::Quiet;
use crate::diagnostic::{list, nearest, quoted};
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::ui::{Ui, shown};

/// Build the images, and take from the cache what others have built
///
/// Looks for each stage by its state: what the engine or the cache (`cache` in the config) has
/// is not built, and the rest is, by one `docker compose` command, which is printed. It needs
/// what `pei configure` has written. `docker compose build` does the same without the cache.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei build                        Build what runs
  pei build --push                 Build it, and keep its stages in the cache, as CI does
  pei build --pull=false           Build all of it here
  pei build npm                    One of the further stages
  pei build --builder team         On a builder of docker buildx
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
    /// Keep in the cache what was built
    #[arg(long)]
    push: bool,
    /// `--pull=false` takes nothing from the cache; `--pull` takes also what was built here
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

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        // Before anything is read: files may change while another build runs.
        let _lock = lock(ui, &folder)?;
        let Some(stages) = Stages::load(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        require_images(&stages, &folder)?;
        let targets = self.targets(&stages)?;
        let unknown_options = self.arguments.iter().find_map(|word| {
            let word = word.to_str()?;
            let is = |option: &str| word == option || word.starts_with(&format!("{option}="));
            ["--build-arg", "--pull"]
                .into_iter()
                .find(|option| is(option))
        });
        let mut run = Run::new(&stages, self.pull == Some(true));
        if let Some(builder) = &self.builder {
            run.prepare_for(ui, builder)?;
        }
        if let Some(option) = unknown_options {
            ui.note(&format!(
                "`{option}` changes what is built, and no state tells of it: nothing is taken from a cache or kept in one"
            ));
        } else if stages.store.is_some() {
            let pushes = self.push || stages.push;
            run.look(ui, &targets, self.pull != Some(false), pushes);
        } else if self.push {
            let help = "add `cache:` with a `registry` or a `folder`, and run `pei configure`";
            return Err(Failure::new("the config names no cache to keep stages in")
                .help(help)
                .into());
        }
        run.decide(&targets);
        run.fetch(ui, &targets, self.dry_run);
        let file = run.file(&targets, unknown_options.is_none());
        stages.write(&file.text())?;
        let command = self.command(&stages, &targets, &file);
        if self.dry_run {
            for line in run.lines_before() {
                ui.data(&format!("{line}\n"))?;
            }
            ui.data(&format!("{}\n", shell_line(&stages.engine, &command)))?;
            for line in run.lines_behind() {
                ui.data(&format!("{line}\n"))?;
            }
            let path = stages.folder.join(BUILD_FILE);
            ui.status(&format!(
                "wrote {}; nothing was run. In the project's directory these lines do the same",
                shown(&path)
            ));
            return Ok(ExitCode::Success);
        }
        ui.status(&shell_line(&stages.engine, &command));
        if !stages.engine.run_shown(&stages.folder, &command)? {
            let failure = Failure::engine("the build failed: what the engine said stands above");
            return Err(failure
                .help("read the first line of it that says ERROR")
                .into());
        }
        run.check_states(ui, &self.config);
        let code = run.keep(ui, self.push)?;
        if targets == stages.usual && self.builder.is_none() {
            ui.status(&format!("next: {}", enter(&stages.folder, START)));
        }
        Ok(code)
    }

    /// The services to build, which are called as the stages are.
    fn targets(&self, stages: &Stages) -> Result<Vec<String>, Failure> {
        if self.stages.is_empty() {
            return Ok(stages.usual.clone());
        }
        for name in &self.stages {
            if !stages.services.contains(name) {
                let known = stages.services.iter().map(String::as_str);
                let failure = Failure::usage(format!("the project has no stage {}", quoted(name)));
                let help = match nearest(name, known) {
                    Some(meant) => format!("did you mean {}?", quoted(meant)),
                    None => format!("the stages are {}", list(&stages.services, "and")),
                };
                return Err(failure.help(help));
            }
        }
        let is_named = |name: &&String| self.stages.contains(name);
        Ok(stages.services.iter().filter(is_named).cloned().collect())
    }

    fn command(&self, stages: &Stages, targets: &[String], file: &OverrideFile) -> Vec<OsString> {
        let mut words: Vec<OsString> = vec!["compose".into()];
        for file in stages.files() {
            words.extend(["-f".into(), file.into()]);
        }
        words.push("build".into());
        if let Some(builder) = &self.builder {
            words.extend(["--builder".into(), builder.into()]);
        }
        words.extend(self.arguments.iter().cloned());
        words.extend(targets.iter().map(OsString::from));
        words.extend(file.kept.iter().map(|kept| kept.service().into()));
        words
    }
}

/// A command as a person can paste it.
pub(super) fn shell_line(engine: &Engine, words: &[OsString]) -> String {
    let program = shell_word(Path::new(engine.program()));
    let words = words.iter().map(|word| match word.to_str() {
        Some(option) if option.starts_with('-') && is_plain(option) => option.to_owned(),
        _ => shell_word(Path::new(word)),
    });
    let words: Vec<String> = [program].into_iter().chain(words).collect();
    words.join(" ")
}

/// Whether a shell takes an option for one word as it stands.
fn is_plain(option: &str) -> bool {
    option
        .chars()
        .all(|c| c.is_ascii_alphanumeric() || "-_=./:,".contains(c))
}
