//! `pei completions`

use std::fmt::Write as _;

use anyhow::Result;
use clap::builder::PossibleValue;
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
        let mut script = String::from_utf8(script)?;
        if self.shell == Shell::Fish {
            script.push_str(&words_for_fish());
        }
        ui.data(&script)?;
        Ok(ExitCode::Success)
    }
}

/// Completes the words that a command takes without a flag, such as the codes of `explain`: the generator leaves
/// them out for fish.
fn words_for_fish() -> String {
    let mut script = String::new();
    for command in cli::command().get_subcommands() {
        for argument in command.get_positionals() {
            let words = argument.get_possible_values();
            let words: Vec<_> = words.iter().map(PossibleValue::get_name).collect();
            if !words.is_empty() {
                let _ = writeln!(
                    script,
                    "complete -c pei -n \"__fish_pei_using_subcommand {}\" -f -a \"{}\"",
                    command.get_name(),
                    words.join(" ")
                );
            }
        }
    }
    script
}
