//! The command line; its doc comments are the help that users read.

use std::ffi::{OsStr, OsString};
use std::io::{self, IsTerminal};

use clap::builder::{PossibleValue, StringValueParser, Styles, TypedValueParser};
use clap::error::{ContextKind, ContextValue, ErrorKind};
use clap::{Arg, Args, CommandFactory, FromArgMatches, Parser, ValueEnum};

use crate::command::Command;
use crate::diagnostic::escaped;
use crate::exit_code::ExitCode;
use crate::ui::{ColorChoice, Ui, Verbosity, is_coloured};

/// Turns one `user_config.yml` into a complete Docker project.
///
/// A project is a directory with one file to edit, `user_config.yml`. `pei create` makes the
/// directory, `pei configure` turns the file into Dockerfiles, a `docker-compose.yml` and the
/// scripts they need, and Docker builds the images without pei.
#[derive(Debug, Parser)]
#[command(
    name = "pei",
    version,
    propagate_version = true,
    arg_required_else_help = true,
    after_long_help = EXAMPLES,
    max_term_width = 100
)]
pub struct Cli {
    #[command(flatten)]
    output: Output,
    #[command(flatten)]
    quiet: Quiet,
    #[command(subcommand)]
    command: Command,
}

const EXAMPLES: &str = "\
Examples:
  pei create -p demo --quick minimal    Make a project in the directory demo
  pei configure -p demo                 Read its user_config.yml and write what Docker needs
  cd demo && docker compose up -d --build

Exit status:
  0   done
  1   an error in the config or the project, or an operation failed
  2   wrong usage
  3   the container engine is missing or failed
  4   --check found that something would change
  70  a bug of pei
  130 Ctrl-C";

/// The options for messages, which every command has.
#[derive(Debug, Args)]
struct Output {
    /// When to colour messages
    #[arg(
        long,
        value_name = "WHEN",
        value_enum,
        default_value_t,
        global = true,
        hide_possible_values = true,
        help = "When to colour messages: auto, always or never",
        help_heading = "Output"
    )]
    color: ColorChoice,
    /// Print more, such as every file that is written
    #[arg(short, long, global = true, help_heading = "Output")]
    verbose: bool,
}

/// `--quiet`. It cannot be global, because `create` uses `-q` for `--quick`.
#[derive(Debug, Clone, Args)]
pub struct Quiet {
    /// Print only errors
    #[arg(short, long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
}

/// `--quiet` without its short form.
#[derive(Debug, Clone, Args)]
pub struct LongQuiet {
    /// Print only errors
    #[arg(long, conflicts_with = "verbose", help_heading = "Output")]
    pub quiet: bool,
}

impl Cli {
    /// Reads the command line.
    ///
    /// # Errors
    /// A usage error, or a text to print: help or the version.
    pub fn read(arguments: impl IntoIterator<Item = OsString>) -> Result<Self, Answer> {
        let arguments: Vec<_> = arguments.into_iter().collect();
        let mut command = command();
        command
            .try_get_matches_from_mut(&arguments)
            .and_then(|matches| Self::from_arg_matches(&matches))
            .map_err(|error| Answer {
                error: on_one_line(with_cure(
                    did_you_mean(error.format(&mut command)),
                    &arguments,
                )),
                color: color_of(&arguments),
            })
    }

    /// The printer, set up as the flags ask.
    pub fn ui(&self) -> Ui {
        let verbosity = if self.quiet.quiet || self.command.is_quiet() {
            Verbosity::Quiet
        } else if self.output.verbose {
            Verbosity::Verbose
        } else {
            Verbosity::Normal
        };
        Ui::new(self.output.color, verbosity)
    }

    /// The subcommand.
    pub fn into_command(self) -> Command {
        self.command
    }
}

/// The whole command line. Completions and man pages are made from it too.
pub fn command() -> clap::Command {
    Cli::command().styles(Styles::styled())
}

/// A parser that offers the known values to completions but accepts any word: the command itself reports a wrong
/// one.
#[derive(Clone)]
pub struct Likely(pub fn() -> Vec<&'static str>);

impl TypedValueParser for Likely {
    type Value = String;

    fn parse_ref(
        &self,
        command: &clap::Command,
        argument: Option<&Arg>,
        value: &OsStr,
    ) -> Result<String, clap::Error> {
        StringValueParser::new().parse_ref(command, argument, value)
    }

    fn possible_values(&self) -> Option<Box<dyn Iterator<Item = PossibleValue> + '_>> {
        Some(Box::new((self.0)().into_iter().map(PossibleValue::new)))
    }
}

/// What the parser prints instead of running a command: help, the version or a usage error.
#[derive(Debug)]
pub struct Answer {
    error: clap::Error,
    color: ColorChoice,
}

impl Answer {
    /// Prints it and returns the exit status.
    pub fn print(&self) -> ExitCode {
        let mut ui = Ui::new(self.color, Verbosity::Normal);
        if self.error.use_stderr() {
            let text = self.text(io::stderr().is_terminal());
            ui.error_text(&text);
            return ExitCode::Usage;
        }
        // A closed pipe (`pei … | head`) is not an error.
        let _ = ui.data(&self.text(io::stdout().is_terminal()));
        ExitCode::Success
    }

    fn text(&self, is_terminal: bool) -> String {
        let text = self.error.render();
        let text = if is_coloured(self.color, is_terminal) {
            text.ansi().to_string()
        } else {
            text.to_string()
        };
        format!("{}\n", text.trim_end())
    }
}

/// The value of `--color`, read by hand: the parser may fail before it has read the flag.
fn color_of(arguments: &[OsString]) -> ColorChoice {
    let mut words = arguments.iter().filter_map(|word| word.to_str());
    while let Some(word) = words.next() {
        let value = match word.strip_prefix("--color") {
            Some("") => words.next(),
            Some(value) => value.strip_prefix('='),
            None => continue,
        };
        if let Some(Ok(choice)) = value.map(|value| ColorChoice::from_str(value, true)) {
            return choice;
        }
    }
    ColorChoice::Auto
}

/// Escapes line breaks and control characters in the words that the parser repeats.
fn on_one_line(mut error: clap::Error) -> clap::Error {
    for kind in [
        ContextKind::InvalidSubcommand,
        ContextKind::InvalidArg,
        ContextKind::InvalidValue,
    ] {
        if let Some(ContextValue::String(word)) = error.get(kind) {
            let word = escaped(word);
            error.insert(kind, ContextValue::String(word));
        }
    }
    error
}

/// Rewrites the parser's suggestion in the form of pei's other suggestions.
fn did_you_mean(mut error: clap::Error) -> clap::Error {
    let kinds = [
        ContextKind::SuggestedSubcommand,
        ContextKind::SuggestedArg,
        ContextKind::SuggestedValue,
    ];
    for kind in kinds {
        let nearest = match error.get(kind) {
            Some(ContextValue::String(nearest)) => nearest.clone(),
            Some(ContextValue::Strings(all)) => match all.first() {
                Some(nearest) => nearest.clone(),
                None => continue,
            },
            _ => continue,
        };
        error.remove(kind);
        let tip = ContextValue::StyledStrs(vec![format!("did you mean `{nearest}`?").into()]);
        error.insert(ContextKind::Suggested, tip);
    }
    error
}

/// Adds what to type instead of a word that other tools use.
fn with_cure(mut error: clap::Error, arguments: &[OsString]) -> clap::Error {
    let Some(ContextValue::String(word)) = error
        .get(ContextKind::InvalidSubcommand)
        .or_else(|| error.get(ContextKind::InvalidArg))
    else {
        return error;
    };
    let cure = if error.kind() == ErrorKind::InvalidSubcommand {
        match word.as_str() {
            "init" | "new" | "generate" | "setup" => "`pei create -p DIR` makes a project",
            "update" | "apply" | "render" => {
                "`pei configure` writes what Docker needs, then `docker compose build` builds the images"
            }
            "up" | "start" | "run" => {
                "`pei configure` writes what Docker needs, then `docker compose up -d --build` builds and starts"
            }
            "down" | "stop" => "`docker compose down` stops and removes the containers",
            "ssh" => "`pei ssh-config --write` makes an entry for ssh, `docker compose exec stage-2 bash` a shell without it",
            "exec" | "shell" | "logs" | "ps" => {
                "containers are Compose's: `docker compose ps`, `logs` and `exec stage-2 bash`"
            }
            "delete" | "rm" | "clean" | "uninstall" => "`pei remove` removes images and containers",
            "config" | "validate" | "check" | "lint" => "`pei configure --check` reads the config and writes nothing",
            _ => return error,
        }
        .to_owned()
    } else {
        let takes_folder = |word: &OsString| {
            ["create", "configure", "remove"]
                .iter()
                .any(|name| word == name)
        };
        if word.starts_with('-') || !arguments.iter().any(takes_folder) {
            return error;
        }
        format!("name the project's directory with `-p {}`", escaped(word))
    };
    error.remove(ContextKind::SuggestedSubcommand);
    error.insert(
        ContextKind::Suggested,
        ContextValue::StyledStrs(vec![cure.into()]),
    );
    error
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        command().debug_assert();
    }

    fn read(line: &str) -> Result<Cli, Answer> {
        Cli::read(line.split(' ').map(Into::into))
    }

    #[test]
    fn quiet_is_short_everywhere_but_where_it_means_quick() {
        assert!(read("pei -q configure").unwrap().quiet.quiet);
        assert!(read("pei configure -q").unwrap().command.is_quiet());
        assert!(read("pei create -p x --quiet").unwrap().command.is_quiet());
        let create = read("pei create -p x -q minimal").unwrap();
        assert!(!create.command.is_quiet());
    }

    #[test]
    fn typos_get_a_suggestion() {
        let case = |line: &str, meant: &str| {
            let text = read(line).unwrap_err().error.to_string();
            assert!(text.contains(&format!("did you mean `{meant}`?")), "{text}");
        };
        case("pei confgure", "configure");
        case("pei configure --dryrun", "--dry-run");
        case("pei create -p x -q minimul", "minimal");
        case("pei completions bsh", "bash");
    }
}
