//! `pei hash-password`

use std::io::{self, BufRead as _, IsTerminal as _, Read as _};

use anyhow::{Context as _, Result};
use rustix::termios::{LocalModes, OptionalActions, tcgetattr, tcsetattr};

use crate::cli::Quiet;
use crate::credentials;
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::model::Password;
use crate::ui::Ui;

/// Print the hash of a password, for `password_hash`
///
/// Asks for the password twice at a terminal, without showing it, and reads one line from stdin otherwise. Prints a
/// sha512 hash with a random salt, in the form of crypt(3): `password_hash: '$6$…'` in `user_config.yml` gives the user
/// that password, and nobody can read it there.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei hash-password                       Asks, and prints the hash
  pei hash-password < password.txt        One line of a file")]
pub struct Args {
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(ui: &mut Ui) -> Result<ExitCode> {
        let password = if io::stdin().is_terminal() {
            ask_twice(ui)?
        } else {
            read_line()?
        };
        require_usable(&password)?;
        ui.data(&(credentials::hash(&password)? + "\n"))?;
        Ok(ExitCode::Success)
    }
}

fn ask_twice(ui: &mut Ui) -> Result<String> {
    let password = ask(ui, "password: ")?;
    require_usable(&password)?;
    if ask(ui, "again: ")? != password {
        return Err(Failure::new("the two passwords differ").into());
    }
    Ok(password)
}

/// One line from the terminal, which does not show it.
fn ask(ui: &mut Ui, question: &str) -> Result<String> {
    let terminal = io::stdin();
    let before = tcgetattr(&terminal).context("cannot ask the terminal")?;
    let mut silent = before.clone();
    silent.local_modes.remove(LocalModes::ECHO);
    silent.local_modes.insert(LocalModes::ECHONL);
    ui.ask(question);
    tcsetattr(&terminal, OptionalActions::Flush, &silent).context("cannot silence the terminal")?;
    let line = read_line();
    tcsetattr(&terminal, OptionalActions::Now, &before).context("cannot restore the terminal")?;
    line
}

/// The line without its end; what comes after it is left alone.
fn read_line() -> Result<String> {
    let mut line = Vec::new();
    io::stdin()
        .lock()
        .take(Password::LONGEST as u64 + 3)
        .read_until(b'\n', &mut line)
        .context("cannot read the password from stdin")?;
    let line = line.strip_suffix(b"\n").unwrap_or(&line);
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    String::from_utf8(line.to_vec()).map_err(|_| Failure::new("the password is not UTF-8").into())
}

fn require_usable(password: &str) -> Result<(), Failure> {
    let problem = if password.is_empty() {
        "the password is empty"
    } else if password.len() > Password::LONGEST {
        "the password is longer than the 511 bytes that login programs take"
    } else if password.contains(char::is_control) {
        "the password holds a control character"
    } else {
        return Ok(());
    };
    Err(Failure::new(problem).help("type it at the prompt, or hand it over as one line on stdin"))
}
