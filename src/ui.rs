//! The only printer: data goes to stdout, everything else to stderr.

use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;

use crate::diagnostic::quoted;
use crate::failure::Failure;

/// When to colour what is said.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
pub enum ColorChoice {
    /// On a terminal, unless `NO_COLOR` is set
    #[default]
    Auto,
    /// Always
    Always,
    /// Never
    Never,
}

/// How much to say on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// What was done, and warnings.
    #[default]
    Normal,
    /// Every file too.
    Verbose,
}

/// Where a run speaks.
pub struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    colour: bool,
    verbosity: Verbosity,
    interactive: bool,
}

/// How a word that begins a line looks.
#[derive(Debug, Clone, Copy)]
enum Tone {
    Error,
    Warning,
    Note,
}

impl Tone {
    fn word(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }

    /// Bold, in the colours of the diagnostics.
    fn sequence(self) -> &'static str {
        match self {
            Self::Error => "\x1b[1m\x1b[91m",
            Self::Warning => "\x1b[1m\x1b[33m",
            Self::Note => "\x1b[1m\x1b[92m",
        }
    }
}

impl Ui {
    /// The process's own streams.
    #[must_use]
    pub fn new(color: ColorChoice, verbosity: Verbosity) -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            colour: is_coloured(color, io::stderr().is_terminal()),
            verbosity,
            interactive: io::stdin().is_terminal(),
        }
    }

    /// Whether texts for stderr are coloured.
    #[must_use]
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether somebody is there to answer.
    #[must_use]
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether the user asked for every file.
    #[must_use]
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Data, for a file or another program.
    ///
    /// # Errors
    /// What the stream says; a reader that went away is for the caller of the run to judge.
    pub fn data(&mut self, text: &str) -> anyhow::Result<()> {
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .context("cannot write to stdout")
    }

    /// What was done.
    pub fn status(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&format!("{text}\n"));
        }
    }

    /// What is known only to those who ask for more.
    pub fn detail(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(&format!("{text}\n"));
        }
    }

    /// Worth a look.
    pub fn warning(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.toned(Tone::Warning, text);
        }
    }

    /// Good to know.
    pub fn note(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.toned(Tone::Note, text);
        }
    }

    /// Why the run ends, with its causes and its cure.
    pub fn error(&mut self, error: &anyhow::Error) {
        self.toned(Tone::Error, &format!("{error:#}"));
        if let Some(help) = error.downcast_ref::<Failure>().and_then(Failure::cure) {
            self.say(&format!("  = help: {help}\n"));
        }
    }

    /// Text that has its own form, such as rendered diagnostics that stop the run.
    pub fn error_text(&mut self, text: &str) {
        self.say(text);
    }

    /// Text that has its own form and does not stop the run.
    pub fn warning_text(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(text);
        }
    }

    /// Asks a question whose answer is yes or no; no answer is a no.
    ///
    /// # Errors
    /// Stdin cannot be read.
    pub fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.say(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let answer = answer.trim().to_lowercase();
        Ok(answer == "y" || answer == "yes")
    }

    fn toned(&mut self, tone: Tone, text: &str) {
        let word = tone.word();
        let line = if self.colour {
            format!("{}{word}\x1b[0m: {text}\n", tone.sequence())
        } else {
            format!("{word}: {text}\n")
        };
        self.say(&line);
    }

    fn say(&mut self, text: &str) {
        // Without a stderr there is nobody left to tell, and the work goes on.
        let _ = self.err.write_all(text.as_bytes());
    }
}

/// The user's word first, then `NO_COLOR`, then what the stream is.
#[must_use]
pub fn is_coloured(choice: ColorChoice, is_terminal: bool) -> bool {
    match choice {
        ColorChoice::Always => true,
        ColorChoice::Never => false,
        ColorChoice::Auto => {
            let refused = std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty());
            let dumb = std::env::var_os("TERM").is_some_and(|value| value == "dumb");
            is_terminal && !refused && !dumb
        }
    }
}

/// A path as messages show it: in backticks, and harmless to a terminal.
#[must_use]
pub fn shown(path: &std::path::Path) -> String {
    // `./x` is `x` to everybody but a program.
    let plain = path.strip_prefix(".").unwrap_or(path);
    let plain = if plain.as_os_str().is_empty() {
        path
    } else {
        plain
    };
    quoted(&plain.to_string_lossy())
}
