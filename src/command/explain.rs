//! `pei explain`

use anyhow::Result;

use crate::cli::{Likely, Quiet};
use crate::diagnostic::{self, Code, nearest, quoted};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::ui::Ui;

/// Explain the code of an error or warning
///
/// The code is the word in brackets: the code of `error[unknown-key]` is unknown-key.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "Example:\n  pei explain unknown-key")]
pub struct Args {
    /// The code; without one, all codes are listed
    #[arg(value_name = "CODE", value_parser = Likely(|| names().collect()), hide_possible_values = true)]
    code: Option<String>,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let text = match &self.code {
            Some(word) => explanation(word)?,
            None => names().collect::<Vec<_>>().join("\n"),
        };
        ui.data(&(text + "\n"))?;
        Ok(ExitCode::Success)
    }
}

fn names() -> impl Iterator<Item = &'static str> {
    Code::ALL.iter().map(|code| code.name())
}

fn explanation(word: &str) -> Result<String> {
    // People may paste the whole `error[CODE]` from the screen.
    let name = word
        .trim_start_matches("error")
        .trim_start_matches("warning")
        .trim_matches(['[', ']']);
    if let Some(code) = Code::from_name(name) {
        return Ok(format!("# {name}\n\n{}", diagnostic::explain(code)));
    }
    let help = match nearest(name, names()) {
        Some(meant) => format!("did you mean `{meant}`?"),
        None => "`pei explain` lists all codes".to_owned(),
    };
    Err(Failure::usage(format!("there is no code {}", quoted(word)))
        .help(help)
        .into())
}
