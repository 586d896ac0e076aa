//! `pei create`

use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::ValueHint;
use clap::builder::PossibleValuesParser;

use super::given::{CONFIG, INSTALLATION, stage_folders};
use super::naming;
use super::outcome::{self, BUILD_AND_START, shell_word};
use crate::assets;
use crate::cli::LongQuiet;
use crate::config::{self, Host, SourceFile};
use crate::diagnostic::{count, quoted};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::plan::{self, Inputs, Plan};
use crate::project::{self, COMPOSE_FILE, WriteMode};
use crate::render::{self, NewProject};
use crate::ui::{Ui, shown};

/// A longer list would push the rest of the message off the screen.
const NAMED_CLASHES: usize = 20;

/// Make a new project
///
/// Writes a directory with a `user_config.yml` to edit, the scripts that build the images, a guide and examples. If
/// one of these files already exists, nothing is written, unless --force is given. Then pei's files are replaced
/// (edited ones are saved as NAME.bak first), and yours are kept, including `user_config.yml` and an edited
/// `compose-template.yml`. Files that `pei configure` has written are kept, too.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei create -p demo                    The full user_config.yml, every key with a comment
  pei create -p demo --quick minimal    A short one that works as it is
  pei create -p demo --force            Update pei's files in an old project")]
pub struct Args {
    /// The directory to make; its parents are made too
    #[arg(short, long, value_name = "DIR", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Start with a short config that works as it is
    #[arg(short, long, value_name = "NAME", value_parser = PossibleValuesParser::new(assets::quick_templates()))]
    quick: Option<String>,
    /// Also write examples/; this is the default
    #[arg(short = 'e', long, overrides_with = "no_examples")]
    with_examples: bool,
    /// Do not write examples/
    #[arg(long, overrides_with = "with_examples")]
    no_examples: bool,
    /// The name of the project and its images; by default the directory's name and four characters
    #[arg(long, value_name = "NAME")]
    name: Option<String>,
    /// Replace pei's files that exist, and keep the user's
    #[arg(long)]
    force: bool,
    /// List what would be written, and write nothing
    #[arg(long)]
    dry_run: bool,
    #[command(flatten)]
    pub(super) quiet: LongQuiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = &self.project_dir;
        let is_configured = self.force && folder.join(COMPOSE_FILE).exists();
        let first_build = (!is_configured).then(|| first_build(folder)).transpose()?;
        let name = match self.name {
            Some(name) => naming::require_legal(&name).map(|()| name)?,
            None => naming::name_of(folder),
        };
        let has_config = folder.join(CONFIG).symlink_metadata().is_ok();
        let ssh_port = render::ssh_port(self.quick.as_deref()).map(naming::free_port);
        let mut tree = render::new_project(&NewProject {
            name: &name,
            ssh_port,
            quick: self.quick,
            examples: !self.no_examples,
            // A directory that already has a README.md keeps it, instead of refusing the project.
            readme: !folder.join("README.md").exists(),
            first_build: first_build.as_ref(),
        })?;
        project::stamp_all(&mut tree);
        let mode = WriteMode::Create { force: self.force };
        let report = if self.dry_run {
            project::compare(&tree, folder, mode)?
        } else {
            project::write(&tree, folder, mode)?
        };
        if !report.clashes.is_empty() {
            return Err(clash(folder, &report.clashes, ui.is_verbose()).into());
        }
        if self.dry_run {
            ui.data(&outcome::listing(&report))?;
            return Ok(ExitCode::Success);
        }
        outcome::tell(ui, &report);
        let config = tree.get(CONFIG).filter(|_| !has_config);
        let to_change = config
            .map(|file| first_to_change(&String::from_utf8_lossy(&file.content), ssh_port))
            .unwrap_or_default();
        ui.status(&format!(
            "created {}: {}",
            shown(folder),
            outcome::summary(&report)
        ));
        if !has_config {
            let port = ssh_port.map(|port| format!("; its ssh is on port {port}"));
            ui.status(&format!(
                "the project is called {}{}",
                quoted(&name),
                port.unwrap_or_default()
            ));
        }
        ui.status(&next_steps(folder, &to_change));
        Ok(ExitCode::Success)
    }
}

/// The plan of the smallest project.
fn first_build(folder: &Path) -> Result<Plan> {
    let source = SourceFile::new("minimal", assets::template("config/quick/minimal.yml"));
    let host = Host::new(folder.join(INSTALLATION));
    let loaded = config::load(&source, &host)
        .map_err(|_| Failure::bug("the template `minimal` is not legal"))?;
    let inputs = Inputs {
        folders: stage_folders(None, &[]),
        ..Inputs::default()
    };
    Ok(plan::plan(&loaded.project, &inputs))
}

fn clash(folder: &Path, clashes: &[String], all: bool) -> Failure {
    let named = if all { clashes.len() } else { NAMED_CLASHES };
    let mut text = format!(
        "{} already holds {} that `pei create` would write; nothing was written",
        shown(folder),
        count(clashes.len(), "file")
    );
    for path in clashes.iter().take(named) {
        // Writing to a string cannot fail.
        let _ = write!(text, "\n  {path}");
    }
    if clashes.len() > named {
        let more = clashes.len() - named;
        let _ = write!(text, "\n  and {more} more, which -v lists");
    }
    let directory = quoted(&format!("pei configure -p {}", shell_word(folder)));
    Failure::new(text).help(format!(
        "--force replaces pei's files (edited ones are saved as NAME.bak) and keeps yours; \
         {directory} brings an existing project up to date"
    ))
}

/// The lines of a new config that a person should change before the box is reachable: ` (the ssh port is in line 11, …)`.
fn first_to_change(config: &str, ssh_port: Option<u16>) -> String {
    let port = ssh_port.map(|port| port.to_string());
    let line_of = |is_it: &dyn Fn(&str) -> bool| {
        let mut lines = config.lines().map(str::trim_start);
        lines.position(|line| !line.starts_with('#') && is_it(line))
    };
    let places = [
        (
            "ssh port",
            line_of(&|line| port.as_ref().is_some_and(|port| line.contains(port))),
        ),
        ("password", line_of(&|line| line.starts_with("password:"))),
    ];
    let places: Vec<_> = places
        .iter()
        .filter_map(|(what, line)| Some(format!("the {what} is in line {}", (*line)? + 1)))
        .collect();
    if places.is_empty() {
        return String::new();
    }
    format!(" ({})", places.join(", "))
}

fn next_steps(folder: &Path, to_change: &str) -> String {
    let directory = shell_word(folder);
    let config = shell_word(&folder.join(CONFIG));
    let enter = if folder == Path::new(".") {
        String::new()
    } else {
        format!("cd {directory} && ")
    };
    format!(
        "next:\n  \
         1. edit {config}{to_change}\n  \
         2. pei configure -p {directory}\n  \
         3. {enter}{BUILD_AND_START}"
    )
}
