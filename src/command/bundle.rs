//! `pei bundle`

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;

use super::build::{build, compose_build, shell_line};
use super::configure::Configured;
use super::given::{CONFIG, project_folder};
use super::keeping::holds_login;
use super::locked;
use super::outcome::shell_word;
use super::stages::{Stages, lock};
use crate::bundle::{Packed, Packing, Workshop};
use crate::cache::{self, OverrideFile, Store, Verdict, Wanted};
use crate::cli::Quiet;
use crate::diagnostic::{count, list, quoted};
use crate::engine::PATIENCE;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::model::SecretSource;
use crate::state::{Kind, What};
use crate::ui::{ColorChoice, Ui, Verbosity, shown};

/// Pack a project and its images into one file, for machines without a network
///
/// The file holds what git would commit of the project and the files that its stages are made of,
/// the base images, and an image of each stage without its last steps, which set passwords.
/// `pei unbundle` on the other machine loads them, and a build there runs no hook and needs no
/// network. Personal files (`.pei/`, `*.local.yml`, `.env`, private keys, build secrets) are not in it; a clear password
/// in `user_config.yml` is, so only its owner can read the file.
///
/// It needs `cache:` in the config: pei then builds an image of each stage. The cache itself is not used.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei bundle -o box.tar          On the machine with a network
  pei unbundle box.tar -p box    On the other one")]
pub struct Args {
    /// The file to write
    #[arg(short, long, value_name = "FILE", value_hint = ValueHint::FilePath)]
    output: PathBuf,
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let output = std::path::absolute(&self.output)
            .with_context(|| format!("cannot find {}", shown(&self.output)))?;
        self.require_free(&output, &folder)?;
        let _lock = lock(ui, &folder)?;
        let Some(stages) = Stages::load(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        let Some(store) = &stages.store else {
            let option = locked::option(stages.project.lock, &folder);
            let help = format!(
                "write `cache: {{folder: ../cache}}` at the top of the config, and run `pei configure{option}`"
            );
            return Err(Failure::new("a bundle needs `cache:` in the config")
                .help(help)
                .into());
        };
        if let Some(stage) = stages.unknown().next() {
            let reason = stage.state.as_ref().err().map(ToString::to_string);
            let message = format!("the state of {} is not known", stage.name);
            return Err(Failure::new(message)
                .help(reason.unwrap_or_default())
                .into());
        }
        let wanted = stages.wanted();
        warn_of_missing(ui, &stages, &wanted);
        warn_of_personal(ui, &folder, &self.config);
        let workshop = Workshop::beside(&output)?;
        if let Some(code) = make_images(ui, &stages, store, &wanted)? {
            return Ok(code);
        }
        if let Some(stage) = stages.changed_since(&self.config, &wanted).first() {
            let message = format!("{stage} changed while it was packed");
            return Err(Failure::new(message).help("run it again").into());
        }
        let mut quiet = Ui::new(ColorChoice::Never, Verbosity::Quiet);
        let Some(configured) = Configured::read(&mut quiet, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        for context in &configured.project.contexts {
            let path = std::path::absolute(folder.join(&context.path));
            let is_outside = path
                .and_then(|path| Ok(!path.canonicalize()?.starts_with(folder.canonicalize()?)))
                .unwrap_or(true);
            if is_outside {
                ui.warning(&format!(
                    "the context {} lies outside of the project and is not in the bundle: bring {} along",
                    quoted(&context.name),
                    quoted(&context.path)
                ));
            }
        }
        let secrets = files_of_secrets(&configured, &folder);
        let left_out = &configured.plan.left_out;
        let inputs = files_of_stages(&stages);
        let packing = Packing::new(&folder, left_out, &self.config, secrets, inputs);
        tell_packed(ui, &workshop.pack_project(packing)?);
        let mut names: BTreeSet<String> = stages.images();
        let kept = wanted
            .iter()
            .map(|wanted| store.reference(&wanted.stage, &wanted.state));
        names.extend(kept);
        let names: Vec<&str> = names.iter().map(String::as_str).collect();
        for wanted in &wanted {
            let name = store.reference(&wanted.stage, &wanted.state);
            if holds_login(&stages.engine.history(&name)?) {
                let message = format!("the image of {} contains a URL with a login", wanted.stage);
                return Err(Failure::new(message)
                    .help("remove it from the build args and variables")
                    .into());
            }
        }
        ui.detail(&format!("saving {}", list(&names, "and")));
        stages.engine.save_all(&names, &workshop.images())?;
        workshop.finish(&output)?;
        ui.status(&format!(
            "wrote {}, with the project and {}",
            shown(&self.output),
            count(names.len(), "image")
        ));
        ui.status(&format!(
            "next, where there is no network: pei unbundle {}",
            self.output
                .file_name()
                .map_or_else(String::new, |name| shell_word(Path::new(name)))
        ));
        Ok(ExitCode::Success)
    }

    fn require_free(&self, output: &Path, folder: &Path) -> Result<()> {
        if output.symlink_metadata().is_ok() {
            let failure = Failure::new(format!("{} exists already", shown(&self.output)));
            return Err(failure.help("remove it, or choose another name").into());
        }
        let parent = output.parent().unwrap_or(Path::new("/"));
        let parent = parent
            .canonicalize()
            .with_context(|| format!("cannot open {}", shown(parent)))?;
        let folder = folder
            .canonicalize()
            .with_context(|| format!("cannot open {}", shown(folder)))?;
        if parent.starts_with(&folder) {
            let message = format!("{} lies inside of the project", shown(&self.output));
            return Err(Failure::new(message)
                .help("choose a directory outside of it: the next bundle would contain this one")
                .into());
        }
        Ok(())
    }
}

/// What the stages are made of, relative to the project, as far as it lies in there.
fn files_of_stages(stages: &Stages) -> BTreeSet<String> {
    let inputs = stages.states.iter().flat_map(|state| &state.inputs);
    let paths = inputs.filter_map(|input| match input.what {
        What::File => Some(input.name.clone()),
        What::Context => {
            let (name, path) = input.name.split_once('/')?;
            let mut contexts = stages.project.contexts.iter();
            let context = contexts.find(|context| context.name == name)?;
            let inside = Path::new(&context.path).strip_prefix(".").ok()?;
            Some(inside.join(path).to_str()?.to_owned())
        }
        _ => None,
    });
    paths.filter(|path| !path.is_empty()).collect()
}

fn tell_packed(ui: &mut Ui, packed: &Packed) {
    if !packed.private_keys.is_empty() {
        ui.warning(&format!(
            "private keys are not in the bundle: {}",
            list(&packed.private_keys, "and")
        ));
    }
    if !packed.ignored.is_empty() {
        ui.note(&format!(
            "in the bundle although git ignores them, because stages are made of them: {}",
            first_of(&packed.ignored)
        ));
    }
    if !packed.links.is_empty() {
        ui.warning(&format!(
            "links out of the project are not in the bundle: {}",
            first_of(&packed.links)
        ));
    }
    if !packed.missing.is_empty() {
        ui.warning(&format!(
            "not in the bundle, although stages are made of them: {}. Without them, the other machine builds these stages again",
            first_of(&packed.missing)
        ));
    }
}

/// The first names of a list that may be long.
fn first_of(names: &[String]) -> String {
    const SHOWN: usize = 8;
    match names.len().checked_sub(SHOWN) {
        None | Some(0) => list(names, "and"),
        Some(more) => format!("{} and {more} more", list(&names[..SHOWN], ",")),
    }
}

/// The files of the project that hold secrets of its builds.
fn files_of_secrets(configured: &Configured, folder: &Path) -> BTreeSet<PathBuf> {
    let files = configured.project.build_secrets.iter();
    let files = files.filter_map(|secret| match &secret.source {
        SecretSource::Variable(_) => None,
        SecretSource::File(path) => Some(folder.join(path)),
        SecretSource::HomeFile(path) => Some(std::env::home_dir()?.join(path)),
    });
    files.filter_map(|file| file.canonicalize().ok()).collect()
}

/// Personal files may change what the stages are made of.
fn warn_of_personal(ui: &mut Ui, folder: &Path, config: &Path) {
    let personal = [
        Path::new(".env").to_owned(),
        config.with_extension("local.yml"),
    ];
    let personal = personal.iter().filter(|file| folder.join(file).exists());
    let names: Vec<_> = personal.map(|file| file.to_string_lossy()).collect();
    if !names.is_empty() {
        ui.warning(&format!(
            "not in the bundle, as git ignores them: {}. If a stage depends on them, copy them to the other machine",
            list(&names, "and")
        ));
    }
}

/// Warns of each stage that is not in the bundle, so that the other machine has to build it.
fn warn_of_missing(ui: &mut Ui, stages: &Stages, wanted: &[Wanted]) {
    for state in &stages.states {
        let is_wanted = wanted.iter().any(|wanted| wanted.stage == state.name);
        if is_wanted || state.kind == Kind::Tail || stages.has_files(&state.name) {
            continue;
        }
        if let Some(reason) = stages.reason_to_keep_away(&state.name) {
            ui.warning(&format!(
                "{} is not in the bundle, and is built on the other machine: {reason}",
                state.name
            ));
        }
    }
}

/// Builds the images of stages that the engine lacks, and pulls the base images that it lacks. `Some` with an exit
/// status if the user interrupted it.
fn make_images(
    ui: &mut Ui,
    stages: &Stages,
    store: &Store,
    wanted: &[Wanted],
) -> Result<Option<ExitCode>> {
    let here = cache::here(&stages.engine, store, wanted);
    let is_here = |wanted: &&Wanted| matches!(here.get(&wanted.stage), Some(Verdict::Found(_)));
    let missing: Vec<&Wanted> = wanted.iter().filter(|wanted| !is_here(wanted)).collect();
    let all: Vec<String> = stages
        .states
        .iter()
        .map(|state| state.name.clone())
        .collect();
    let kept = missing.iter().filter_map(|wanted| {
        let told = stages.told(&wanted.stage, &std::collections::BTreeMap::new(), &all);
        stages.kept(wanted, store, told)
    });
    let file = OverrideFile {
        kept: kept.collect(),
        ..OverrideFile::default()
    };
    if !file.kept.is_empty() {
        stages.write(&file.text())?;
        let quiet: Vec<OsString> = ui
            .is_quiet()
            .then(|| "--quiet".into())
            .into_iter()
            .collect();
        let command = compose_build(stages, &quiet, &[], &file);
        ui.status(&shell_line(&stages.engine, &command));
        if let Some(code) = build(
            stages,
            &command,
            "look for the first line of the output above that contains ERROR",
        )? {
            return Ok(Some(code));
        }
    }
    for image in stages.images() {
        if stages.engine.inspect_images(&[&image]).is_empty() {
            ui.detail(&format!("fetching {}", quoted(&image)));
            stages.engine.pull(&image, PATIENCE)?;
        }
    }
    Ok(None)
}
