//! `pei record`

use anyhow::Result;

use crate::cli::Quiet;
use crate::diagnostic::quoted;
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::record::{self, Record};
use crate::ui::Ui;

/// List what the build of an image took
///
/// Each build step that installs something notes it in the image: apt packages, downloads
/// with their sums, clones, tools, and the packages that installers name. What a hook fetches
/// by itself is not noted, but for packages of apt. Nothing of the image is run.
/// `CONTAINER_ENGINE=podman` asks podman instead of docker.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei record demo:stage-2                     List it
  pei record demo:stage-2 --json              For a script
  pei record demo:stage-2 --sbom > bom.json   A software bill of materials")]
pub struct Args {
    /// An image that the engine has, by name or identifier
    #[arg(value_name = "IMAGE")]
    image: String,
    /// Print JSON
    #[arg(long, conflicts_with = "sbom")]
    json: bool,
    /// Print a software bill of materials: the JSON of `CycloneDX` 1.5
    #[arg(long)]
    sbom: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let name = quoted(&self.image);
        let engine = Engine::from_environment();
        let image = engine.image(&self.image)?.ok_or_else(|| {
            Failure::new(format!("there is no image {name}"))
                .help("`docker image ls` lists the images, `docker compose build` builds those of a project")
        })?;
        let archive = engine
            .folder_of_image(&image.id, record::FOLDER)?
            .ok_or_else(|| {
                Failure::new(format!("the image {name} has no record"))
                    .help("pei 0.2.0 and older made none: `pei configure`, then build again")
            })?;
        let record = Record::read(&self.image, &image, &archive).map_err(|fault| {
            Failure::new(format!(
                "the record of the image {name} is damaged: {fault}"
            ))
            .help("build the image again")
        })?;
        let text = if self.json {
            record.json()?
        } else if self.sbom {
            record.sbom()?
        } else {
            record.text()
        };
        ui.data(&text)?;
        Ok(ExitCode::Success)
    }
}
