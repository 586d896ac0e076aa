//! `pei save`

use std::fs::{self, OpenOptions};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;

use super::build::unknown_stage;
use super::given::{CONFIG, project_folder};
use super::locked::require_images;
use super::reproduce::Exporter;
use super::stages::{Stages, lock};
use crate::cli::Quiet;
use crate::diagnostic::quoted;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::state;
use crate::ui::{Ui, shown};

/// Write an image into a file that is the same from every equal build
///
/// The file is an OCI archive, which `docker load`, `podman load` and skopeo read; its digest is
/// printed. No time in it is later than that of `pei.lock` in a locked project, of the variable
/// `SOURCE_DATE_EPOCH`, or else of the base image, so it does not show when it was built.
/// `pei build --reproduce` tells whether two builds are equal. The image holds the hashes of its
/// passwords, so only its owner can read the file.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei save -o demo.tar             The image that runs
  pei save stage-1 -o base.tar     That of a stage")]
pub struct Args {
    /// The stage; by default the last one that the project runs
    #[arg(value_name = "STAGE")]
    stage: Option<String>,
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
        if self.output.symlink_metadata().is_ok() {
            let failure = Failure::new(format!("{} exists already", shown(&self.output)));
            return Err(failure.help("remove it, or choose another name").into());
        }
        let _lock = lock(ui, &folder)?;
        let Some(stages) = Stages::load(ui, &folder, &self.config)? else {
            return Ok(ExitCode::Failure);
        };
        require_images(&stages, &folder)?;
        let service = match &self.stage {
            Some(name) if stages.services.contains(name) => name,
            Some(name) => return Err(unknown_stage(name, &stages).into()),
            None => stages
                .usual
                .last()
                .ok_or_else(|| Failure::bug("no stage is built"))?,
        };
        let exporter = Exporter::new(&stages)?;
        let name = exporter.name(service)?;
        require_present(&stages, service, name)?;
        let image = exporter.export(service, true)?;
        self.write(|file| image.write(name, &exporter.folder(), file))
            .with_context(|| format!("cannot write {}", shown(&self.output)))?;
        ui.status(&format!(
            "wrote {}, with the image {}",
            shown(&self.output),
            quoted(name)
        ));
        ui.data(&format!("{}\n", image.digest()))?;
        Ok(ExitCode::Success)
    }

    /// All of it or nothing.
    fn write(&self, content: impl FnOnce(fs::File) -> Result<()>) -> Result<()> {
        let mut waiting = self.output.clone().into_os_string();
        waiting.push(".pei-tmp");
        let waiting = Path::new(&waiting);
        let file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(waiting)?;
        let written = content(file).and_then(|()| Ok(fs::rename(waiting, &self.output)?));
        if written.is_err() {
            // Report only the first error.
            let _ = fs::remove_file(waiting);
        }
        written
    }
}

/// The image must be there, and be that of the config.
fn require_present(stages: &Stages, service: &str, name: &str) -> Result<(), Failure> {
    let build = format!("run `pei build {service}`, then this again");
    let images = stages.engine.inspect_images(&[name]);
    let Some(image) = images.first() else {
        let failure = Failure::new(format!("there is no image {}", quoted(name)));
        return Err(failure.help(build));
    };
    let label = image["Config"]["Labels"][state::STATE_LABEL].as_str();
    let now = stages
        .state(service)
        .and_then(|state| state.state.as_ref().ok());
    match label.zip(now) {
        Some((label, now)) if label != now.as_str() => {
            let name = quoted(name);
            let message = format!("something changed since the image {name} was built");
            Err(Failure::new(message).help(build))
        }
        _ => Ok(()),
    }
}
