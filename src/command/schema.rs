//! `pei schema`

use anyhow::Result;

use crate::cli::Quiet;
use crate::config;
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the JSON Schema of `user_config.yml`
///
/// Editors that support JSON Schema complete and check the file while you type. New projects
/// have the schema as a file, and the first line of their `user_config.yml` names it.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  pei schema > user_config.schema.json")]
pub struct Args {
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(ui: &mut Ui) -> Result<ExitCode> {
        ui.data(&format!("{:#}\n", config::schema()))?;
        Ok(ExitCode::Success)
    }
}
