//! What `pei configure` makes of a config.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

use crate::config::Config;
use crate::text::VARIABLES;

const KEY: &str = include_str!("../config/keys/ed25519-256.pub");

/// A configured project.
pub(crate) struct Made {
    home: TempDir,
    folder: PathBuf,
}

impl Made {
    /// A legal config is taken, whatever its texts hold.
    pub(crate) fn of<const N: usize>(config: &Config, options: [&str; N]) -> Self {
        let project = Self::before(config);
        let output = project.pei(&["configure"]).args(options).output().unwrap();
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(
            output.status.success(),
            "a legal config is refused\n{said}{config:?}"
        );
        project
    }

    /// A directory that takes a config.
    pub(crate) fn bare() -> Self {
        let home = in_memory();
        let folder = home.path().join("it's a \"project\" $HOME #1 %s 你好");
        fs::create_dir_all(folder.join("installation")).unwrap();
        Self { home, folder }
    }

    /// The config and what it names, in a directory that has not been configured yet.
    pub(crate) fn before(config: &Config) -> Self {
        let project = Self::bare();
        project.write("user_config.yml", &config.yaml());
        for hook in config.hooks() {
            project.write(&format!("installation/{}", hook.script), "#!/bin/bash\n");
        }
        if let Some(file) = &config.apt_file {
            project.write(&format!("installation/{file}"), "deb http://a.b c d\n");
        }
        for user in &config.users {
            project.write(&format!("installation/{}", user.key_file), KEY);
        }
        project
    }

    /// The program, in the project's directory.
    pub(crate) fn pei(&self, arguments: &[&str]) -> Command {
        let mut command = self.command(env!("CARGO_BIN_EXE_pei"));
        command.args(arguments).envs(VARIABLES.iter().copied());
        command.current_dir(&self.folder);
        command
    }

    pub(crate) fn text(&self, path: &str) -> String {
        let path = self.folder.join(path);
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    }

    /// The path of every file of the project.
    pub(crate) fn files(&self) -> Vec<String> {
        let mut folders = vec![self.folder.clone()];
        let mut files = Vec::new();
        while let Some(folder) = folders.pop() {
            for entry in fs::read_dir(folder).unwrap() {
                let path = entry.unwrap().path();
                if path.is_dir() {
                    folders.push(path);
                } else {
                    let path = path.strip_prefix(&self.folder).unwrap();
                    files.push(path.to_str().unwrap().to_owned());
                }
            }
        }
        files
    }

    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The directory above, which is also the home of whoever runs something here.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A program with a clean environment, whose home is the parent directory.
    pub(crate) fn command(&self, program: &str) -> Command {
        let mut command = Command::new(program);
        command
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.home())
            .current_dir(self.home());
        command
    }
}

/// A directory in memory, if programs can run there: on a disk, syncs would take most of the time.
fn in_memory() -> TempDir {
    const MEMORY: &str = "/dev/shm";
    let may_run = rustix::fs::statvfs(MEMORY)
        .is_ok_and(|found| !found.f_flag.contains(rustix::fs::StatVfsMountFlags::NOEXEC));
    let in_memory = may_run.then(|| TempDir::new_in(MEMORY).ok()).flatten();
    in_memory.unwrap_or_else(|| TempDir::new().unwrap())
}

/// What a program says when it succeeds.
#[track_caller]
pub(crate) fn said(command: &mut Command) -> String {
    let Output {
        status,
        stdout,
        stderr,
    } = command.output().unwrap();
    assert!(
        status.success(),
        "{command:?}: {status}\n{}{}",
        String::from_utf8_lossy(&stdout),
        String::from_utf8_lossy(&stderr)
    );
    String::from_utf8(stdout).unwrap()
}
