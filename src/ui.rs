//! The only printer: data goes to stdout, everything else to stderr.

use std::borrow::Cow;
use std::io::{self, IsTerminal, Write};

use anyhow::Context;
use clap::ValueEnum;

use crate::diagnostic::{is_harmful, quoted};
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
    color: ColorChoice,
    out_is_terminal: bool,
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

    /// Whether texts for stderr are coloured.
    pub fn colour(&self) -> bool {
        self.colour
    }

    /// Whether somebody is there to answer.
    pub fn is_interactive(&self) -> bool {
        self.interactive
    }

    /// Whether the user asked for every file.
    pub fn is_verbose(&self) -> bool {
        self.verbosity == Verbosity::Verbose
    }

    /// Data, for a file or another program.
    ///
    /// # Errors
    /// What the stream says; a reader that went away is for the caller of the run to judge.
    pub fn data(&mut self, text: &str) -> anyhow::Result<()> {
        let text = if self.out_is_terminal {
            harmless(text, is_coloured(self.color, true))
        } else {
            // Another program gets every byte.
            text.into()
        };
        self.out
            .write_all(text.as_bytes())
            .and_then(|()| self.out.flush())
            .context("cannot write to stdout")
    }

    /// A unified diff, in colour where data is.
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
        let cure = error.downcast_ref::<Failure>().and_then(Failure::cure);
        if let Some(help) = cure.or_else(|| cure_of_refusal(error)) {
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
    pub fn confirm(&mut self, question: &str) -> io::Result<bool> {
        self.say(&format!("{question} [y/N] "));
        let mut answer = String::new();
        io::stdin().read_line(&mut answer)?;
        let answer = answer.trim().to_lowercase();
        Ok(answer == "y" || answer == "yes")
    }

    /// A question whose answer the caller reads.
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
        // Without a stderr there is nobody left to tell, and the work goes on.
        let _ = self.err.write_all(harmless(text, self.colour).as_bytes());
    }
}

/// The user's word first, then `NO_COLOR`, then what the stream is.
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

/// What to do where the system refuses a write.
fn cure_of_refusal(error: &anyhow::Error) -> Option<&'static str> {
    let kinds = error
        .chain()
        .filter_map(|cause| Some(cause.downcast_ref::<io::Error>()?.kind()));
    kinds.into_iter().find_map(|kind| match kind {
        io::ErrorKind::PermissionDenied => {
            Some("check the owner and the mode of the directory (`ls -ld`), and of those above it; pei needs to write there")
        }
        io::ErrorKind::ReadOnlyFilesystem => Some("it is mounted read-only: mount it anew, or copy the project elsewhere"),
        _ => None,
    })
}

/// The text without what a terminal would obey or what reorders the signs around it, but for line ends, tabs and,
/// where asked for, colours: each is spelled out.
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

/// The bytes of a sequence that sets colours, at the beginning of a text.
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

/// A path as messages show it: in backticks, and harmless to a terminal.
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
