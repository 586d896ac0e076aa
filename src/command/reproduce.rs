//! `pei build --reproduce`: two builds of the same, compared.

use std::collections::BTreeSet;
use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::PathBuf;

use anyhow::Result;

use super::build::{WHAT_FAILED, build, shell_line};
use super::locked::is_configured;
use super::stages::Stages;
use crate::diagnostic::{count, list, quoted};
use crate::exit_code::ExitCode;
use crate::exported::{self, Exported};
use crate::failure::Failure;
use crate::lock::Lock;
use crate::state::Unknown;
use crate::ui::Ui;

/// Where images lie while they are exported, below the project.
const FOLDER: &str = ".pei/exported";
/// The time that other tools use in place of the present one.
const VARIABLE: &str = "SOURCE_DATE_EPOCH";

/// Exports the images of a project's stages, with the same times from every build.
pub(super) struct Exporter<'s> {
    stages: &'s Stages,
    /// Without one, the time of the base image is the latest one.
    limit: Option<u64>,
}

impl<'s> Exporter<'s> {
    /// # Errors
    /// The lock is damaged; the variable is no time.
    pub(super) fn new(stages: &'s Stages) -> Result<Self> {
        let lock = if is_configured(&stages.folder) {
            Lock::read(&stages.folder)?
        } else {
            None
        };
        let limit = match lock {
            Some(lock) => Some(lock.source_date_epoch),
            None => epoch_of_environment()?,
        };
        Ok(Self { stages, limit })
    }

    /// Exports the image of a service; if `keeps`, with its layers in [`Self::folder`].
    ///
    /// # Errors
    /// The image or its base are not known, or the engine fails.
    pub(super) fn export(&self, service: &str, keeps: bool) -> Result<Exported> {
        let base = self.stages.state(service).map_or(Ok(Vec::new()), |state| {
            let base = self.stages.base_layers(state);
            base.map_err(|reason: Unknown| {
                Failure::new(format!("the base of {service} is not known: {reason}"))
                    .help("get it by `docker pull`, or by `docker load`")
            })
        })?;
        let name = self.name(service)?;
        let place = (self.folder(), keeps);
        let engine = &self.stages.engine;
        Exported::of(engine, name, &base, self.limit, (&place.0, place.1))
    }

    /// The name of a service's image.
    ///
    /// # Errors
    /// It has none.
    pub(super) fn name(&self, service: &str) -> Result<&'s str, Failure> {
        let name = self.stages.names.get(service).map(String::as_str);
        name.ok_or_else(|| {
            Failure::new(format!("the service {} names no image", quoted(service)))
                .help("give it an `image`")
        })
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.stages.folder.join(FOLDER)
    }
}

impl Drop for Exporter<'_> {
    fn drop(&mut self) {
        // The next run empties it otherwise.
        let _ = fs::remove_dir_all(self.folder());
    }
}

fn epoch_of_environment() -> Result<Option<u64>, Failure> {
    let text = env::var(VARIABLE).unwrap_or_default();
    if text.is_empty() {
        return Ok(None);
    }
    let seconds = text.parse().map_err(|_| {
        let message = format!("the variable {VARIABLE} is no time: {}", quoted(&text));
        Failure::usage(message).help("give it the seconds since 1970, or unset it")
    });
    seconds.map(Some)
}

/// Runs the command twice, and compares what it has built.
pub(super) fn reproduce(
    ui: &mut Ui,
    stages: &Stages,
    targets: &[String],
    command: &[OsString],
) -> Result<ExitCode> {
    let exporter = Exporter::new(stages)?;
    let mut builds: Vec<Vec<Exported>> = Vec::new();
    let mut first: Vec<String> = Vec::new();
    for number in ["first", "second"] {
        ui.status(&format!(
            "the {number} of two builds: {}",
            shell_line(&stages.engine, command)
        ));
        if let Some(code) = build(stages, command, WHAT_FAILED)? {
            return Ok(code);
        }
        let images = targets.iter().map(|target| exporter.export(target, false));
        builds.push(images.collect::<Result<_>>()?);
        if first.is_empty() {
            first = ids(&exporter, targets)?;
        }
    }
    remove_nameless(stages, &first);
    let mut told = BTreeSet::new();
    let mut differing = Vec::new();
    for (number, target) in targets.iter().enumerate() {
        let (before, now) = (&builds[0][number], &builds[1][number]);
        if before.digest() == now.digest() {
            ui.data(&format!("{target}: identical, {}\n", now.digest()))?;
            continue;
        }
        differing.push(target.as_str());
        let mut differences = exported::differences(before, now);
        let all = differences.len();
        // What a stage has from the one below differs in both.
        differences.retain(|one| told.insert((one.step.clone(), one.path.clone(), one.what)));
        let known = match all - differences.len() {
            0 => String::new(),
            known => format!(", {known} of them named above"),
        };
        let differs = count(all, "difference");
        ui.data(&format!("{target}: {differs}{known}\n"))?;
        ui.data(&exported::text(&differences))?;
    }
    if differing.is_empty() {
        return Ok(ExitCode::Success);
    }
    ui.error_text(&format!(
        "two builds of {} gave images that differ",
        list(&differing, "and")
    ));
    Ok(ExitCode::Drift)
}

fn ids(exporter: &Exporter, targets: &[String]) -> Result<Vec<String>, Failure> {
    let names: Result<Vec<&str>, Failure> =
        targets.iter().map(|name| exporter.name(name)).collect();
    let images = exporter.stages.engine.inspect_images(&names?);
    let ids = images.iter().filter_map(|image| image["Id"].as_str());
    Ok(ids.map(str::to_owned).collect())
}

/// Removes images that have lost their names to those of a later build.
fn remove_nameless(stages: &Stages, ids: &[String]) {
    for id in ids {
        let images = stages.engine.inspect_images(&[id]);
        let names = images.first().map(|image| &image["RepoTags"]);
        if names
            .and_then(|names| names.as_array())
            .is_some_and(Vec::is_empty)
        {
            // A container may still use it.
            let _ = stages.engine.run(&["image", "rm", "--", id]);
        }
    }
}
