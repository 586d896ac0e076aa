//! A project in a temporary directory, and the output of a run in it.
//!
//! Every run has a clean environment: its own home, no variables but PATH, and the
//! project as its current directory, so that messages are the same on every machine.

use std::collections::BTreeMap;
use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::OnceLock;

use assert_cmd::Command;
use tempfile::TempDir;

/// Without anything that warns or is random.
pub(crate) const PLAIN: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
stage_2:
  image: {output: 'demo:stage-2'}
";

/// The directory of a project and the home beside it.
pub(crate) struct Project {
    home: TempDir,
}

/// The result of a run.
pub(crate) struct Run {
    pub(crate) code: i32,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

/// Relative path to what stands there.
pub(crate) type Files = BTreeMap<String, Entry>;

/// What stands at a path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Entry {
    pub(crate) mode: u32,
    pub(crate) content: Vec<u8>,
}

impl Project {
    /// No project directory yet.
    #[must_use]
    pub(crate) fn none() -> Self {
        Self {
            home: TempDir::new().unwrap(),
        }
    }

    /// The same in memory, where there is room: the disk's syncs would take most of the time of a quick run. Nothing in
    /// it can be executed on some machines.
    #[must_use]
    pub(crate) fn none_in_memory() -> Self {
        TempDir::new_in("/dev/shm").map_or_else(|_| Self::none(), |home| Self { home })
    }

    /// What `pei create --quick minimal` makes.
    #[must_use]
    pub(crate) fn create_minimal() -> Self {
        Self::none().holding(Self::minimal_files())
    }

    /// The same in memory.
    #[must_use]
    pub(crate) fn create_minimal_in_memory() -> Self {
        Self::none_in_memory().holding(Self::minimal_files())
    }

    fn minimal_files() -> &'static Files {
        static MADE: OnceLock<Files> = OnceLock::new();
        MADE.get_or_init(|| {
            let project = Self::none();
            project
                .run_beside([
                    "create",
                    "-p",
                    "demo",
                    "-q",
                    "minimal",
                    "--no-examples",
                    "--name",
                    "demo",
                ])
                .succeeds();
            project.files()
        })
    }

    /// A project that is configured and has no password in it.
    #[must_use]
    pub(crate) fn configured() -> Self {
        static MADE: OnceLock<Files> = OnceLock::new();
        Self::none().holding(MADE.get_or_init(|| {
            let project = Self::create_minimal().file("user_config.yml", PLAIN);
            project.run(["configure"]).succeeds();
            project.files()
        }))
    }

    /// A configured project with the merged build, and with more lines below `stage_2`.
    #[must_use]
    pub(crate) fn configured_with(lines: &str) -> Self {
        let project = Self::create_minimal().file("user_config.yml", format!("{PLAIN}{lines}"));
        project.run(["configure", "--with-merged"]).succeeds();
        project
    }

    /// A project of these files, in memory.
    #[must_use]
    pub(crate) fn of(files: &Files) -> Self {
        Self::none_in_memory().holding(files)
    }

    /// A copy of what a run made once: that is quicker than another run.
    fn holding(self, files: &Files) -> Self {
        for (path, entry) in files {
            self.write(path, &entry.content);
            let mode = fs::Permissions::from_mode(entry.mode);
            fs::set_permissions(self.path(path), mode).unwrap();
        }
        if self.path(".pei").exists() {
            let mode = fs::Permissions::from_mode(0o700);
            fs::set_permissions(self.path(".pei"), mode).unwrap();
        }
        self
    }

    /// Writes a file, and its directories.
    #[must_use]
    pub(crate) fn file(self, path: &str, text: impl AsRef<[u8]>) -> Self {
        self.write(path, text);
        self
    }

    /// Writes a file, and its directories.
    pub(crate) fn write(&self, path: &str, text: impl AsRef<[u8]>) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    /// The text of a file.
    #[track_caller]
    pub(crate) fn read(&self, path: &str) -> String {
        let path = self.path(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// What a bash says in the project's directory.
    #[track_caller]
    pub(crate) fn bash(&self, script: &str) -> String {
        let mut command = std::process::Command::new("bash");
        command.args(["-c", script]).current_dir(self.path(""));
        let output = command.env("HOME", "/home/me").output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        String::from_utf8(output.stdout).unwrap()
    }

    /// A path in the project.
    pub(crate) fn path(&self, path: &str) -> PathBuf {
        self.home.path().join("demo").join(path)
    }

    /// A path beside the project.
    pub(crate) fn beside(&self, path: &str) -> PathBuf {
        self.home.path().join(path)
    }

    /// pei in the project's directory.
    pub(crate) fn command<const N: usize>(&self, arguments: [&str; N]) -> Command {
        pei(&self.path(""), self.home.path(), &arguments)
    }

    /// pei in the project's directory, run by a user whom file modes stop: root would pass them all.
    pub(crate) fn command_as_nobody<const N: usize>(&self, arguments: [&str; N]) -> Command {
        // The user may not be let into the directory that the binary was built in.
        let copy = self.beside("pei");
        if !copy.exists() {
            // Copied by another process: a test in another thread could inherit a file that this one has open for writing,
            // and then the copy could not be started.
            let status = std::process::Command::new("cp")
                .arg(assert_cmd::cargo::cargo_bin!("pei"))
                .arg(&copy)
                .status();
            assert!(status.unwrap().success());
        }
        let mut command = if fs::metadata("/proc/self").unwrap().uid() == 0 {
            let mut command = Command::new("setpriv");
            command
                .args(["--reuid=65534", "--regid=65534", "--clear-groups"])
                .arg(copy);
            command
        } else {
            Command::new(copy)
        };
        command
            .args(arguments)
            .current_dir(self.path(""))
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home.path());
        command
    }

    /// Makes the project that user's own.
    pub(crate) fn give_to_nobody(&self) {
        fs::set_permissions(self.home.path(), fs::Permissions::from_mode(0o755)).unwrap();
        if fs::metadata("/proc/self").unwrap().uid() == 0 {
            let status = std::process::Command::new("chown")
                .args(["-R", "65534:65534"])
                .arg(self.path(""))
                .status();
            assert!(status.unwrap().success());
        }
    }

    /// The mode of every directory of the project but pei's own.
    pub(crate) fn set_folder_modes(&self, mode: u32) {
        let mut folders = vec![self.path("")];
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(&folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() && !path.is_symlink() && !path.ends_with(".pei") {
                    folders.push(path);
                }
            }
            fs::set_permissions(&folder, fs::Permissions::from_mode(mode)).unwrap();
        }
    }

    /// Runs pei in the project's directory.
    pub(crate) fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Run::of(&mut self.command(arguments))
    }

    /// Runs pei in the directory above, where the project is `demo`.
    pub(crate) fn run_beside<const N: usize>(&self, arguments: [&str; N]) -> Run {
        Run::of(&mut pei(self.home.path(), self.home.path(), &arguments))
    }

    /// Starts pei in the project's directory and does not wait.
    pub(crate) fn start<const N: usize>(&self, arguments: [&str; N]) -> std::process::Child {
        start(&self.path(""), &arguments)
    }

    /// Starts pei in the directory above and does not wait.
    pub(crate) fn start_beside<const N: usize>(&self, arguments: [&str; N]) -> std::process::Child {
        start(self.home.path(), &arguments)
    }

    /// Every file of the project but pei's bookkeeping.
    pub(crate) fn files(&self) -> Files {
        let mut files = walk(&self.path(""), |path, found| Entry {
            mode: found.permissions().mode() & 0o7777,
            content: if found.is_symlink() {
                fs::read_link(path)
                    .unwrap()
                    .into_os_string()
                    .into_encoded_bytes()
            } else {
                fs::read(path).unwrap()
            },
        });
        files.remove(".pei/lock");
        files
    }

    /// When every file was changed last, to the nanosecond.
    pub(crate) fn times(&self) -> BTreeMap<String, (i64, i64)> {
        walk(&self.path(""), |_, found| {
            (found.mtime(), found.mtime_nsec())
        })
    }
}

fn start(folder: &Path, arguments: &[&str]) -> std::process::Child {
    std::process::Command::new(assert_cmd::cargo::cargo_bin!("pei"))
        .args(arguments)
        .current_dir(folder)
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// The binary with a clean environment.
fn pei(folder: &Path, home: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(assert_cmd::cargo::cargo_bin!("pei"));
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("PATH", std::env::var_os("PATH").unwrap_or_default())
        .env("HOME", home);
    command
}

/// Relative path to the result of `look`, for everything that is not a directory.
fn walk<T>(root: &Path, look: impl Fn(&Path, &fs::Metadata) -> T) -> BTreeMap<String, T> {
    let mut all = BTreeMap::new();
    let mut folders = vec![root.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).unwrap() {
            let path = entry.unwrap().path();
            let found = fs::symlink_metadata(&path).unwrap();
            if found.is_dir() {
                folders.push(path);
            } else {
                let relative = path.strip_prefix(root).unwrap().to_str().unwrap();
                all.insert(relative.to_owned(), look(&path, &found));
            }
        }
    }
    all
}

impl Run {
    /// Runs a command to its end.
    pub(crate) fn of(command: &mut Command) -> Self {
        let output = command.output().unwrap();
        Self {
            code: output.status.code().unwrap_or(-1),
            stdout: String::from_utf8(output.stdout).unwrap(),
            stderr: String::from_utf8(output.stderr).unwrap(),
        }
    }

    /// It ended with status 0.
    #[track_caller]
    pub(crate) fn succeeds(self) -> Self {
        self.exits(0)
    }

    /// It ended with this status.
    #[track_caller]
    pub(crate) fn exits(self, code: i32) -> Self {
        let Self { stdout, stderr, .. } = &self;
        assert_eq!(
            self.code, code,
            "exit status\n--- stdout\n{stdout}\n--- stderr\n{stderr}"
        );
        self
    }

    /// Stderr holds this.
    #[track_caller]
    pub(crate) fn says(self, text: &str) -> Self {
        assert!(
            self.stderr.contains(text),
            "`{text}` is not in stderr:\n{}",
            self.stderr
        );
        self
    }

    /// Stderr does not hold this.
    #[track_caller]
    pub(crate) fn never_says(self, text: &str) -> Self {
        assert!(
            !self.stderr.contains(text),
            "`{text}` is in stderr:\n{}",
            self.stderr
        );
        self
    }

    /// Stdout holds this.
    #[track_caller]
    pub(crate) fn prints(self, text: &str) -> Self {
        assert!(
            self.stdout.contains(text),
            "`{text}` is not in stdout:\n{}",
            self.stdout
        );
        self
    }

    /// Stdout is empty.
    #[track_caller]
    pub(crate) fn prints_nothing(self) -> Self {
        assert_eq!(self.stdout, "", "stdout is not empty");
        self
    }
}
