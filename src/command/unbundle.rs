//! `pei unbundle`

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;

use super::locked;
use super::outcome::{START, enter};
use crate::bundle::{INSIDE, Workshop};
use crate::cli::Quiet;
use crate::engine::Engine;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::ui::{Ui, shown};

/// Unpack a file of `pei bundle`: load its images and make the project
///
/// It needs no network. An image on this machine that has the name of one in the file loses that name.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei unbundle box.tar           The project is made in ./box
  pei unbundle box.tar -p lab    In ./lab")]
pub struct Args {
    /// The file
    #[arg(value_name = "FILE", value_hint = ValueHint::FilePath)]
    bundle: PathBuf,
    /// The project's directory, which must not exist or be empty; by default the file's name without its ending
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    project_dir: Option<PathBuf>,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let bundle = &self.bundle;
        let own = || bundle.file_stem().map(PathBuf::from).unwrap_or_default();
        let folder = self.project_dir.clone().unwrap_or_else(own);
        require_free(&folder)?;
        File::open(bundle).with_context(|| format!("cannot open {}", shown(bundle)))?;
        let cannot = || format!("cannot find {}", shown(&folder));
        let (place, workshop) = if folder.is_dir() {
            let place = folder.canonicalize().with_context(cannot)?;
            let workshop = Workshop::inside(&place)?;
            (place, workshop)
        } else {
            let place = std::path::absolute(&folder).with_context(cannot)?;
            let workshop = Workshop::beside(&place)?;
            (place, workshop)
        };
        workshop.open(bundle)?;
        let images = workshop.images();
        let mut file =
            File::open(&images).with_context(|| format!("cannot open {}", shown(&images)))?;
        Engine::from_environment().load(|pipe| io::copy(&mut file, pipe).is_ok())?;
        workshop.move_project(&place)?;
        ui.status(&format!(
            "made the project in {} and loaded its images",
            shown(&folder)
        ));
        let option = locked::option(false, &place);
        let next = format!("pei configure{option} && pei build && {START}");
        ui.status(&format!("next: {}", enter(&folder, &next)));
        Ok(ExitCode::Success)
    }
}

/// Nothing that is there is replaced.
fn require_free(folder: &Path) -> Result<(), Failure> {
    let is_left = |entry: io::Result<fs::DirEntry>| entry.is_ok_and(|it| it.file_name() == INSIDE);
    let is_empty = fs::read_dir(folder).is_ok_and(|mut entries| entries.all(is_left));
    if folder.symlink_metadata().is_err() || is_empty {
        return Ok(());
    }
    Err(Failure::new(format!("{} exists already", shown(folder)))
        .help("name another directory with `-p`"))
}
