//! `pei configure`

use std::fs;
use std::mem::ManuallyDrop;
use std::path::{Path, PathBuf};

use anyhow::Result;
use clap::{ValueEnum, ValueHint};

use super::given::{
    CONFIG, INSTALLATION, credentials, keys_of_configs, other_names, private_keys, project_folder,
    read_config, require_config, stage_folders,
};
use super::outcome::{self, BUILD_AND_START, START, enter, shell_word};
use super::{hook_files, host_dirs, locked, naming, published};
use crate::cli::Quiet;
use crate::config::{self, Host, Layers, SourceFile, name_of};
use crate::credentials::Credentials;
use crate::diagnostic::{self, Diagnostic, count, quoted};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::file_tree::FileTree;
use crate::host_ids;
use crate::model::{Device, HostIds, Id, Project, Ssh, SshUser};
use crate::plan::{self, Inputs, Plan};
use crate::project::{self, COMPOSE_FILE, Change, Changes, DEVCONTAINER, WriteMode};
use crate::render;
use crate::ui::{Ui, shown};

/// Turn `user_config.yml` into what Docker needs
///
/// Writes `docker-compose.yml`, the Dockerfiles, the scripts in installation/stage-*/generated and the secrets of
/// the build. Only files whose content changes are written. If one of pei's files was edited by hand, it is saved
/// as NAME.bak before it is replaced.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei configure                     The project in this directory
  pei configure -p demo --diff      Show what would change, and write nothing
  pei configure --check -q          Exit with 4 if something would change
  pei configure --locked            The same images again: see `pei lock`
  pei configure --with-devcontainer  For VS Code and other editors that work in containers
  pei configure --format json       Findings for an editor or a script")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// Also add the resolved settings as `x-` keys to `docker-compose.yml`
    #[arg(short, long)]
    full_compose: bool,
    /// Also write merged.Dockerfile (all stages), merged.env, build-merged.sh and run-merged.sh, to do without Compose
    #[arg(long)]
    with_merged: bool,
    /// Also write `.devcontainer/devcontainer.json`, for VS Code and other editors; your own keys in it stay
    #[arg(long)]
    with_devcontainer: bool,
    /// Make builds install exactly the versions in `pei.lock`, as with `lock: true` in the config
    #[arg(long)]
    locked: bool,
    /// List what would change, and write nothing
    #[arg(long)]
    dry_run: bool,
    /// Show what would change as a unified diff, and write nothing
    #[arg(long)]
    diff: bool,
    /// Write nothing, and exit with 4 if a file that git tracks would change; passwords and keys may be missing
    #[arg(long)]
    check: bool,
    /// Make the host directories that `storage` or `mount` names, if they do not exist
    #[arg(long)]
    make_dirs: bool,
    /// Print the merged config (with `extends` and the local file) and where each value came from; write nothing
    #[arg(long, conflicts_with_all = ["dry_run", "diff", "check"])]
    show_config: bool,
    /// Treat warnings as errors
    #[arg(long)]
    deny_warnings: bool,
    /// Print the findings about the config as text on stderr, or as JSON on stdout
    #[arg(long, value_enum, value_name = "FORM", default_value_t)]
    format: Format,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

/// How findings are printed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, ValueEnum)]
enum Format {
    /// Text with the lines of the file, on stderr
    #[default]
    Human,
    /// One JSON document on stdout
    Json,
}

impl Args {
    pub(super) fn run(mut self, ui: &mut Ui) -> Result<ExitCode> {
        self.project_dir = project_folder(ui, &self.project_dir)?;
        let path = self.project_dir.join(&self.config);
        require_config(&path, &self.project_dir)?;
        if self.show_config {
            return self.show_config(ui, &path);
        }
        let Some(project) = self.load(ui, &path)? else {
            return Ok(ExitCode::Failure);
        };
        // Neither this nor the tree is freed: the process ends right after, and freeing a large project takes a
        // tenth of the run.
        let project = ManuallyDrop::new(project);
        if self.with_merged {
            require_mergeable(&project)?;
        }
        let tree = ManuallyDrop::new(self.render(ui, &project)?);
        let unlocks = !self.locked && !locked::option(project.lock, &self.project_dir).is_empty();
        if self.dry_run || self.diff || self.check {
            let changes = project::compare(&tree, &self.project_dir, WriteMode::Configure)?;
            if unlocks {
                ui.note(
                    "this project was configured with --locked, and without it builds are not locked",
                );
            }
            return self.preview(ui, changes);
        }
        let report = project::write(&tree, &self.project_dir, WriteMode::Configure)?;
        outcome::tell(ui, &report);
        host_dirs::see_to(ui, &project, &self.project_dir, self.make_dirs)?;
        if unlocks {
            ui.note(
                "builds were locked and are so no more: `pei configure --locked` locks them again, `lock: true` in the config always",
            );
        }
        if self.locked || project.lock {
            for note in locked::notes(&self.project_dir)? {
                ui.note(&note);
            }
        }
        for note in notes(&project) {
            ui.note(&note);
        }
        if project.has_host_ids() {
            ui.note(&whose_ids(&project, host_ids::of_caller(&self.project_dir)));
        }
        if report.changes.is_empty() {
            ui.status(&format!(
                "nothing to do: {} up to date",
                are(report.unchanged)
            ));
            return Ok(ExitCode::Success);
        }
        ui.status(&format!(
            "configured {}: {}",
            shown(&self.project_dir),
            outcome::summary(&report)
        ));
        if self.with_merged && !project.services.is_empty() {
            let services: Vec<_> = project.services.keys().collect();
            let services = diagnostic::list(&services, "and");
            ui.note(&format!(
                "Compose alone starts {services}: the merged build has no `services`"
            ));
        }
        if !self.with_merged && self.project_dir.join("merged.env").is_file() {
            ui.note(
                "the four files of the merged build were not updated; --with-merged updates them",
            );
        }
        if !self.with_devcontainer && self.project_dir.join(DEVCONTAINER).is_file() {
            ui.note(&format!(
                "`{DEVCONTAINER}` stays as it was; --with-devcontainer brings it up to date"
            ));
        }
        let by_pei = project.cache.is_some() || project.lock || self.locked;
        ui.status(&next_step(&self.project_dir, by_pei));
        let started = project.stages.last();
        if started.is_some_and(|stage| stage.device == Device::Auto) {
            let compose = outcome::compose_with_gpu(&self.project_dir);
            let command = if project.cache.is_some() {
                format!("pei build && {compose} up -d")
            } else {
                format!("{compose} up -d --build")
            };
            let command = enter(&self.project_dir, &command);
            ui.status(&format!("next, with a GPU (see `pei doctor`): {command}"));
        }
        if let Some(step) = self.ssh_step(&project) {
            ui.status(&step);
        }
        Ok(ExitCode::Success)
    }

    /// The next step for logging in by ssh, if the config allows a login.
    fn ssh_step(&self, project: &Project) -> Option<String> {
        let host = self.host();
        let (stage, ssh) = published::sshd(project)?;
        let mut mappings = published::mappings(project, stage, &host).into_iter();
        mappings.find(|mapping| mapping.host.is_some() && mapping.container.contains(&ssh.port))?;
        let name = naming::name_for_compose(project.name.as_deref(), &self.project_dir, &host)?;
        Some(format!(
            "then: pei ssh-config{} --write && ssh {name}",
            self.config_option()
        ))
    }

    /// Runs `--show-config`.
    fn show_config(&self, ui: &mut Ui, path: &Path) -> Result<ExitCode> {
        let layers = match self.layers(path)? {
            Ok(layers) => layers,
            Err((source, problem)) => {
                self.tell(ui, &[*problem], &source, true)?;
                return Ok(ExitCode::Failure);
            }
        };
        if let Some(text) = layers.show() {
            ui.data(&text)?;
            return Ok(ExitCode::Success);
        }
        let (source, mut found) = layers.into_findings();
        if found.is_empty() {
            found.push(config::empty());
        }
        self.tell(ui, &found, &source, true)?;
        Ok(ExitCode::Failure)
    }

    /// Reads all files of the config. The inner error says why the first one cannot be decoded.
    fn layers(&self, path: &Path) -> Result<Result<Layers, (SourceFile, Box<Diagnostic>)>> {
        let source = SourceFile::decode(name_of(path), read_config(path)?);
        Ok(source.map(|source| Layers::read(source, path, &self.host())))
    }

    fn host(&self) -> Host {
        let host = Host::new(self.project_dir.join(INSTALLATION));
        if self.check {
            // A clone has neither a local file nor key files. No tracked file depends on them, so they may be
            // missing.
            return host.without_credentials();
        }
        host
    }

    /// Reads the config and prints the findings. `None` if they stop the run.
    fn load(&self, ui: &mut Ui, path: &Path) -> Result<Option<Project>> {
        let host = self.host();
        let (source, result) = match self.layers(path)? {
            Err((source, problem)) => (source, Err(vec![*problem])),
            Ok(mut layers) => {
                if let Some(problem) = host.unread_env_file() {
                    let name = name_of(&self.project_dir.join(".env"));
                    layers = layers.with_unread_env_file(name, &problem);
                }
                layers.load(&host)
            }
        };
        match result {
            Ok(loaded) => {
                self.tell(ui, &loaded.warnings, &source, self.deny_warnings)?;
                if self.deny_warnings && !loaded.warnings.is_empty() {
                    let found = count(loaded.warnings.len(), "warning");
                    ui.error(&anyhow::anyhow!(
                        "{found} denied by --deny-warnings; nothing was written"
                    ));
                    return Ok(None);
                }
                Ok(Some(loaded.project))
            }
            Err(found) => {
                self.tell(ui, &found, &source, true)?;
                Ok(None)
            }
        }
    }

    fn tell(
        &self,
        ui: &mut Ui,
        found: &[Diagnostic],
        source: &SourceFile,
        stops: bool,
    ) -> Result<()> {
        if self.format == Format::Json {
            let document = diagnostic::to_json(found, source);
            ui.data(&format!("{}\n", document.trim_end()))?;
            return Ok(());
        }
        let text = diagnostic::render(found, source, ui.colour());
        if stops {
            ui.error_text(&text);
        } else {
            ui.warning_text(&text);
        }
        Ok(())
    }

    fn render(&self, ui: &mut Ui, project: &Project) -> Result<FileTree> {
        Ok(self.planned(ui, project)?.1)
    }

    fn planned(&self, ui: &mut Ui, project: &Project) -> Result<(Plan, FileTree)> {
        let old = credentials(&self.project_dir)?;
        let keys = private_keys(&self.project_dir);
        // For each public key that can log in, the private half beside it must stay out of builds. A clone lacks
        // the private half, but must list it as well: the lists are tracked files.
        let public = project.users().flat_map(|user| &user.public_key_files);
        let halves = public.filter_map(|file| file.strip_suffix(".pub"));
        let is_key = |half: &&str| {
            let is_missing = || !self.project_dir.join(INSTALLATION).join(half).exists();
            keys.iter().any(|key| key == half) || is_missing()
        };
        let mut other_keys = keys_of_configs(&self.project_dir);
        other_keys.extend(halves.filter(is_key).map(str::to_owned));
        let mut inputs = Inputs {
            full_compose: self.full_compose,
            with_merged: self.with_merged,
            devcontainer: self.with_devcontainer.then(|| self.initialize()),
            folders: stage_folders(Some(&self.project_dir), &project.builders),
            others: other_names(&self.project_dir),
            credentials: Credentials::of(project.users(), old.as_deref())?,
            other_keys,
            lock: None,
            host_ids: host_ids::of_caller(&self.project_dir),
        };
        if self.locked || project.lock {
            inputs.lock = Some(locked::lock(project, &inputs, &self.project_dir)?);
        }
        let template = project::extended_compose_template(&self.project_dir)?;
        let plan = plan::plan(project, &inputs);
        let paths = keys.iter().map(|key| format!("{INSTALLATION}/{key}"));
        for path in paths.filter(|path| !plan.left_out.holds(path)) {
            ui.warning(&format!(
                "{} is a private key: the images would hold it, and git would commit it; move it out of `{INSTALLATION}/`, and \
                 name it in `privkey_file` if it is a user's own key, or mount it with `mount`",
                quoted(&path)
            ));
        }
        hook_files::tell(
            ui,
            project,
            &inputs.folders,
            &self.project_dir.join(INSTALLATION),
        );
        let mut tree = render::project(&plan, template.as_deref())?;
        project::stamp_all(&mut tree);
        let other_images = project::keep_additions(&mut tree, &self.project_dir)?;
        if !other_images.is_empty() {
            ui.warning(&format!(
                "`{DEVCONTAINER}` has {} of your own: editors may take that in the place of this project's service; remove it",
                diagnostic::list(&other_images, "and")
            ));
        }
        Ok((plan, tree))
    }

    /// What an editor runs before it builds. A colleague's machine may have no pei: what is in git builds without it, or
    /// the build says what it lacks.
    fn initialize(&self) -> String {
        format!(
            "command -v pei >/dev/null || exit 0; pei configure{}{}",
            if self.locked { " --locked" } else { "" },
            self.config_option()
        )
    }

    /// The option that names the config, where it is not the usual one.
    fn config_option(&self) -> String {
        if self.config == Path::new(CONFIG) {
            return String::new();
        }
        format!(" -c {}", shell_word(&self.config))
    }

    /// Runs `--dry-run`, `--diff` and `--check`, alone or together.
    fn preview(&self, ui: &mut Ui, mut report: Changes<'_>) -> Result<ExitCode> {
        let is_tracked = |change: &Change<'_>| change.is_tracked(&self.project_dir);
        let drifted = report.changes.iter().any(is_tracked);
        if self.check && !self.dry_run && !self.diff {
            report.changes.retain(is_tracked);
        }
        let mut text = String::new();
        if self.dry_run || !self.diff {
            text.push_str(&outcome::listing(&report));
        }
        if self.diff {
            text.push_str(&ui.diff(&report.diff()));
        }
        if self.format == Format::Json {
            // Stdout holds only the JSON document.
            ui.status(text.trim_end());
        } else {
            ui.data(&text)?;
        }
        if report.changes.is_empty() {
            ui.status(&format!(
                "nothing would change: {} up to date",
                are(report.unchanged)
            ));
            return Ok(ExitCode::Success);
        }
        let changes = count(report.changes.len(), "file");
        ui.status(&format!("{changes} would change; nothing was written"));
        Ok(if self.check && drifted {
            ExitCode::Drift
        } else {
            ExitCode::Success
        })
    }
}

/// A project as `pei configure` would write it, for a command that needs it to be written.
pub(super) struct Configured {
    pub(super) project: Project,
    pub(super) plan: Plan,
    pub(super) tree: FileTree,
}

impl Configured {
    /// Reads a project's config, and with `--full-compose` where docker-compose.yml was written so. `None` where the
    /// findings, which have been told, stop the run. Warnings are for `pei configure` to tell.
    pub(super) fn read(ui: &mut Ui, project_dir: &Path, config: &Path) -> Result<Option<Self>> {
        let Some(read) = Self::read_as(ui, project_dir, config, false)? else {
            return Ok(None);
        };
        if read.has_written_compose(project_dir) {
            return Ok(Some(read));
        }
        let full = Self::read_as(ui, project_dir, config, true)?;
        let full = full.filter(|full| full.has_written_compose(project_dir));
        Ok(Some(full.unwrap_or(read)))
    }

    /// Whether docker-compose.yml is what the config makes of it.
    fn has_written_compose(&self, project_dir: &Path) -> bool {
        let written = fs::read(project_dir.join(COMPOSE_FILE));
        let made = self.tree.get(COMPOSE_FILE);
        made.is_some_and(|made| written.is_ok_and(|written| written == *made.content))
    }

    fn read_as(
        ui: &mut Ui,
        project_dir: &Path,
        config: &Path,
        full_compose: bool,
    ) -> Result<Option<Self>> {
        let args = Args {
            project_dir: project_dir.to_owned(),
            config: config.to_owned(),
            full_compose,
            with_merged: false,
            with_devcontainer: false,
            locked: locked::is_configured(project_dir),
            dry_run: true,
            diff: false,
            check: false,
            make_dirs: false,
            show_config: false,
            deny_warnings: false,
            format: Format::Human,
            quiet: Quiet { quiet: true },
        };
        let path = project_dir.join(config);
        require_config(&path, project_dir)?;
        let loaded = match args.layers(&path)? {
            Err((source, problem)) => Err((source, vec![*problem])),
            Ok(layers) => {
                let (source, result) = layers.load(&args.host());
                result.map_err(|found| (source, found))
            }
        };
        let project = match loaded {
            Ok(loaded) => loaded.project,
            Err((source, found)) => {
                args.tell(ui, &found, &source, true)?;
                return Ok(None);
            }
        };
        let (plan, tree) = args.planned(ui, &project)?;
        Ok(Some(Self {
            project,
            plan,
            tree,
        }))
    }
}

/// Without Compose nothing replaces markers, and the merged build needs both stages.
fn require_mergeable(project: &Project) -> Result<(), Failure> {
    if project.stages.len() == 1 {
        return Err(Failure::new(
            "--with-merged builds two stages, and this config has no `stage_2`",
        )
        .help("add a `stage_2`, or configure without --with-merged"));
    }
    let marked = project.marked_values();
    if marked.is_empty() {
        return Ok(());
    }
    let mut text = format!(
        "--with-merged builds and runs without Compose, but only Compose replaces {}; nothing was written",
        count(marked.len(), "marker")
    );
    for path in marked {
        text.push_str("\n  at ");
        text.push_str(&quoted(&path));
    }
    Err(Failure::new(text)
        .help("write a value, or `${NAME:-default}`, which `pei configure` replaces"))
}

/// Notes about what is allowed but often not intended.
fn notes(project: &Project) -> Vec<String> {
    let mut notes = Vec::new();
    // For another port than 22 there is already a warning.
    let is_apart = |ssh: &Ssh| ssh.host_port.is_none() && ssh.port == 22 && !ssh.users.is_empty();
    let mut ssh = project.stages.iter().filter_map(|stage| stage.ssh.as_ref());
    if ssh.any(is_apart) && project.stages.iter().all(|stage| stage.ports.is_empty()) {
        notes.push("no port of this machine is mapped to sshd; set `ssh.host_port` or add an entry to `ports`".to_owned());
    }
    if let [system, working] = project.stages.as_slice() {
        let places: Vec<_> = working.mount.iter().map(|mount| &mount.dst_path).collect();
        let only = system
            .mount
            .iter()
            .filter(|mount| !places.contains(&&mount.dst_path));
        let only: Vec<_> = only.map(|mount| &mount.name).collect();
        if !only.is_empty() {
            let only = diagnostic::list(&only, "and");
            notes.push(format!("stage_1.mount: only the container of stage-1 has {only}; for the container of stage-2, add it to `stage_2.mount`"));
        }
    }
    notes
}

/// The note about `uid: host` and `gid: host`.
fn whose_ids(project: &Project, ids: Option<HostIds>) -> String {
    let has = |user: &&SshUser| [user.uid, user.gid].contains(&Some(Id::Host));
    let names: Vec<_> = project
        .users()
        .filter(has)
        .map(|user| quoted(&user.name))
        .collect();
    let names = names.join(", ");
    match ids {
        Some(HostIds { uid, gid }) => format!(
            "{names}: `host` means the uid {uid} and the gid {gid} on this machine; \
             an account of the base image that has this uid gets another one"
        ),
        None => format!(
            "{names}: `host` would mean root here, so the image picks the ids; \
             run pei as the user who is to own the files"
        ),
    }
}

/// `1 file is`, `2 files are`
fn are(number: usize) -> String {
    let verb = if number == 1 { "is" } else { "are" };
    format!("{} {verb}", count(number, "file"))
}

/// The command that builds and starts. Compose alone takes nothing from a cache, and its images have no labels for `pei lock`.
fn next_step(folder: &Path, by_pei: bool) -> String {
    let command = if by_pei {
        format!("pei build && {START}")
    } else {
        BUILD_AND_START.to_owned()
    };
    format!("next: {}", enter(folder, &command))
}
