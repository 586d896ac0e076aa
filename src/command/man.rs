//! `pei man`

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result};
use clap::ValueHint;
use clap_mangen::Man;

use crate::cli::{self, Likely, Quiet};
use crate::diagnostic::{count, nearest, quoted};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::ui::{Ui, shown};

/// Print a manual page, or write them all
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei man | man -l -
  pei man configure | man -l -
  pei man --out ~/.local/share/man/man1")]
pub struct Args {
    /// The page of a subcommand instead of pei's own
    #[arg(value_name = "COMMAND", conflicts_with = "out", value_parser = Likely(|| super::NAMES.to_vec()), hide_possible_values = true)]
    command: Option<String>,
    /// Write all pages into this directory
    #[arg(long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    out: Option<PathBuf>,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let pages = pages()?;
        if let Some(folder) = &self.out {
            write(&pages, folder)?;
            ui.status(&format!(
                "{} written to {}",
                count(pages.len(), "manual page"),
                shown(folder)
            ));
            return Ok(ExitCode::Success);
        }
        let name = match &self.command {
            Some(command) => format!("pei-{command}"),
            None => "pei".to_owned(),
        };
        let Some(page) = pages.iter().find(|page| page.name == name) else {
            return Err(unknown(self.command.as_deref().unwrap_or_default(), &pages).into());
        };
        ui.data(&page.text)?;
        Ok(ExitCode::Success)
    }
}

fn unknown(command: &str, pages: &[Page]) -> Failure {
    let names = pages
        .iter()
        .filter_map(|page| page.name.strip_prefix("pei-"));
    let failure = Failure::usage(format!("there is no command {}", quoted(command)));
    match nearest(command, names) {
        Some(meant) => failure.help(format!("did you mean `{meant}`?")),
        None => failure,
    }
}

/// A manual page in roff.
struct Page {
    name: String,
    text: String,
}

/// The pages of pei and of each subcommand.
fn pages() -> Result<Vec<Page>> {
    let mut command = cli::command();
    command.build();
    let mut pages = vec![page("pei".to_owned(), command.clone())?];
    for subcommand in command.get_subcommands() {
        let name = format!("pei-{}", subcommand.get_name());
        if subcommand.get_name() != "help" {
            pages.push(page(name, subcommand.clone())?);
        }
    }
    Ok(pages)
}

fn page(name: String, command: clap::Command) -> Result<Page> {
    let mut text = Vec::new();
    Man::new(command)
        .title(name.to_uppercase())
        .render(&mut text)?;
    Ok(Page {
        name,
        text: String::from_utf8(text)?,
    })
}

fn write(pages: &[Page], folder: &Path) -> Result<()> {
    fs::create_dir_all(folder)
        .with_context(|| format!("cannot make the directory {}", shown(folder)))?;
    for page in pages {
        let path = folder.join(format!("{}.1", page.name));
        fs::write(&path, &page.text).with_context(|| format!("cannot write {}", shown(&path)))?;
    }
    Ok(())
}
