//! `pei remove`

use std::path::PathBuf;

use anyhow::Result;

use crate::cli::Quiet;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Remove a project's images and the containers made from them
#[derive(Debug, clap::Args)]
pub struct Args {
    /// The project
    #[arg(short, long, value_name = "DIR")]
    project_dir: PathBuf,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, _ui: &mut Ui) -> Result<ExitCode> {
        anyhow::bail!("{}", self.project_dir.display())
    }
}
