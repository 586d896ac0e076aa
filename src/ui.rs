//! All printing: data goes to stdout, everything else to stderr.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;

use crate::diagnostic::{is_harmful, quoted};
use crate::failure::Failure;

/// When to colour output.
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

/// How much to print on stderr.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verbosity {
    /// Errors only.
    Quiet,
    /// Also what was done, and warnings.
    #[default]
    Normal,
    /// Also every file.
    Verbose,
}

/// The output streams of a run.
pub struct Ui {
    out: Box<dyn Write>,
    err: Box<dyn Write>,
    color: ColorChoice,
    out_is_terminal: bool,
    colour: bool,
    verbosity: Verbosity,
    interactive: bool,
}

/// The kind of a message, which decides its first word and colour.
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
    /// Prints to the process's own streams.
    pub fn new(color: ColorChoice, verbosity: Verbosity) -> Self {
        Self {
            out: Box::new(io::stdout()),
            err: Box::new(io::stderr()),
            color,
            out_is_terminal: io::stdout().is_terminal(),
            colour: is_coloured(color, io::stderr().is_terminal()),
            verbosity,
            interactive: io::stdin().is_terminal(),
        }
    }

    /// Whether text on stderr is coloured.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether a person can answer a question: stdin is a terminal.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether only errors are printed.
    pub fn is_quiet(&self) -> bool {
        self.verbosity == Verbosity::Quiet
    }

    /// Whether the user asked for every file.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Prints data to stdout, for a file or another program.
    ///
    /// # Errors
    /// The write failed. The caller of the run decides whether a closed pipe is an error.
    pub fn data(&mut self, text: &str) -> anyhow::Result<()> {
        let text = if self.out_is_terminal {
            harmless(text, is_coloured(self.color, true))
        } else {
            // Another program gets every byte unchanged.
            text.into()
        };
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .context("cannot write to stdout")
    }

    /// A unified diff, coloured if stdout is.
    pub fn diff(&self, text: &str) -> String {
        if !is_coloured(self.color, self.out_is_terminal) {
            return text.to_owned();
        }
        let colour = |line: &str| match line.as_bytes() {
            [b'-', b'-', b'-', ..] | [b'+', b'+', b'+', ..] => "\x1b[1m",
            [b'+', ..] => "\x1b[32m",
            [b'-', ..] => "\x1b[31m",
            [b'@', ..] => "\x1b[36m",
            _ => "",
        };
        text.split_inclusive('\n')
            .fold(String::new(), |mut out, line| {
                let (start, plain) = (colour(line), line.trim_end_matches('\n'));
                let end = if start.is_empty() { "" } else { "\x1b[0m" };
                out.extend([start, &harmless(plain, false), end, &line[plain.len()..]]);
                out
            })
    }

    /// Prints what was done, unless `--quiet` is given.
    pub fn status(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(&format!("{text}\n"));
        }
    }

    /// Prints a detail, if `--verbose` is given.
    pub fn detail(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Verbose {
            self.say(&format!("{text}\n"));
        }
    }

    /// Prints a warning, unless `--quiet` is given.
    pub fn warning(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.toned(Tone::Warning, text);
        }
    }

    /// Prints a note, unless `--quiet` is given.
    pub fn note(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.toned(Tone::Note, text);
        }
    }

    /// Prints the error that ends the run, with its causes and its cure.
    pub fn error(&mut self, error: &anyhow::Error) {
        self.toned(Tone::Error, &format!("{error:#}"));
        let cure = error.downcast_ref::<Failure>().and_then(Failure::cure);
        if let Some(help) = cure.or_else(|| cure_of_refusal(error)) {
            self.say(&format!("  = help: {help}\n"));
        }
    }

    /// Prints text that stops the run and is already formatted, such as rendered diagnostics.
    pub fn error_text(&mut self, text: &str) {
        self.say(text);
    }

    /// Prints text that is already formatted and does not stop the run.
    pub fn warning_text(&mut self, text: &str) {
        if self.verbosity >= Verbosity::Normal {
            self.say(text);
        }
    }

    /// Asks a yes-or-no question. An empty answer means no.
    pub fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.say(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let answer = answer.trim().to_lowercase();
        Ok(answer == "y" || answer == "yes")
    }

    /// Prints a question. The caller reads the answer.
    pub fn ask(&mut self, question: &str) {
        self.say(question);
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
        // If stderr is closed, there is no place left to report to, and the work goes on.
        let _ = self.err.write_all(harmless(text, self.colour).as_bytes());
    }
}

/// The user's choice comes first, then `NO_COLOR`, then whether the stream is a terminal.
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

/// What to do if the system refuses a write.
fn cure_of_refusal(error: &anyhow::Error) -> Option<&'static str> {
    let kinds = error
        .chain()
        .filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    kinds.into_iter().find_map(|kind| match kind {
        io::ErrorKind::PermissionDenied => {
            Some("check the owner and the mode of the directory (`ls -ld`), and of those above it; pei needs to write there")
        }
        io::ErrorKind::ReadOnlyFilesystem => Some("it is mounted read-only: remount it, or copy the project elsewhere"),
        _ => None,
    })
}

/// Escapes characters that control a terminal or reorder the text around them. Line breaks, tabs and, if
/// `with_colours`, colours are kept.
fn harmless(text: &str, with_colours: bool) -> Cow<'_, str> {
    let is_plain = |c: char| c == '\n' || c == '\t' || !is_harmful(c);
    if text.chars().all(is_plain) {
        return text.into();
    }
    let mut out = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let colour = if with_colours {
            length_of_colour(rest)
        } else {
            0
        };
        if colour > 0 || is_plain(c) {
            let length = colour.max(c.len_utf8());
            out.push_str(&rest[..length]);
            rest = &rest[length..];
        } else {
            out.extend(c.escape_default());
            rest = &rest[c.len_utf8()..];
        }
    }
    out.into()
}

/// The length in bytes of the colour sequence at the beginning of a text; 0 if there is none.
fn length_of_colour(text: &str) -> usize {
    let Some(rest) = text.strip_prefix("\x1b[") else {
        return 0;
    };
    let end = rest.find(|c: char| !c.is_ascii_digit() && c != ';');
    match end {
        Some(end) if rest[end..].starts_with('m') => "\x1b[".len() + end + 1,
        _ => 0,
    }
}

/// A path as messages show it: in backticks and escaped.
pub fn shown(path: &std::path::Path) -> String {
    // People read `./x` as `x`.
    let plain = path.strip_prefix(".").unwrap_or(path);
    let plain = if plain.as_os_str().is_empty() {
        path
    } else {
        plain
    };
    quoted(&plain.to_string_lossy())
}
