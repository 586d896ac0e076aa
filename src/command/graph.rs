//! `pei graph`

use std::path::PathBuf;

use anyhow::Result;
use clap::ValueHint;

use super::given::{CONFIG, INSTALLATION, load_config, project_folder};
use crate::cli::Quiet;
use crate::config::Host;
use crate::exit_code::ExitCode;
use crate::render::{Form, graph};
use crate::ui::Ui;

/// Draw the tree of stages
///
/// The drawing shows which stage builds on which, what is copied from where, and which images get
/// a name. pei reads only the config; it does not need Docker or the files of `pei configure`.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei graph                           The project in this directory, as text
  pei graph --format mermaid          For a page that shows Mermaid's drawings
  pei graph --format dot | dot -Tsvg  As a picture, by Graphviz")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// The form of the drawing
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Form,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let host = Host::new(folder.join(INSTALLATION));
        let Some(project) = load_config(ui, &folder, &self.config, &host)? else {
            return Ok(ExitCode::Failure);
        };
        ui.data(&graph(&project, self.format))?;
        Ok(ExitCode::Success)
    }
}
