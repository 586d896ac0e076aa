//! `pei completions`

use anyhow::Result;
use clap_complete::Shell;

use crate::cli::{self, Quiet};
use crate::exit_code::ExitCode;
use crate::ui::Ui;

/// Print the completions of a shell
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei completions bash > ~/.local/share/bash-completion/completions/pei
  pei completions zsh > ~/.zfunc/_pei
  pei completions fish > ~/.config/fish/completions/pei.fish
  pei completions powershell >> $PROFILE
  pei completions elvish >> ~/.config/elvish/rc.elv")]
pub struct Args {
    /// Which shell
    #[arg(value_enum)]
    shell: Shell,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut cli::command(), "pei", &mut script);
        ui.data(&String::from_utf8(script)?)?;
        Ok(ExitCode::Success)
    }
}
