//! What pei makes of a config, in memory and on disk.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use pei::config::{Loaded, SourceFile};
use pei::file_tree::FileTree;
use pei::render::{self, Inputs};
use tempfile::TempDir;

use crate::config::Config;
use crate::fake::FakeHost;
use crate::text::VARIABLES;

const KEY: &str = include_str!("../config/keys/ed25519-256.pub");

/// The files of a project.
pub(crate) struct Made(FileTree);

impl Made {
    /// A legal config is taken, whatever its texts hold.
    pub(crate) fn of(config: &Config, with: &Inputs) -> Self {
        let mut host = FakeHost::default();
        for (name, value) in VARIABLES {
            host = host.variable(name, value);
        }
        for hook in config.hooks() {
            host = host.project(&hook.script, "");
        }
        if let Some(file) = &config.apt_file {
            host = host.project(file, "");
        }
        for user in &config.users {
            host = host.project(&user.key_file, KEY);
        }
        let yaml = config.yaml();
        let Loaded { project, .. } = host.load(&yaml).unwrap_or_else(|found| {
            let source = SourceFile::new("user_config.yml", yaml.as_str());
            panic!(
                "a legal config is refused\n{}",
                pei::diagnostic::render(&found, &source, false)
            )
        });
        Self(render::project(&project, with).unwrap())
    }

    pub(crate) fn text(&self, path: &str) -> &str {
        let file = self
            .0
            .get(path)
            .unwrap_or_else(|| panic!("{path} is missing"));
        std::str::from_utf8(&file.content).unwrap()
    }

    /// The project in a folder that the test may name.
    pub(crate) fn on_disk(&self) -> OnDisk {
        let home = TempDir::new().unwrap();
        let folder = home.path().join("it's a \"project\" $HOME #1 %s 你好");
        for (path, file) in self.0.iter() {
            // The installers take no part in this.
            if path.starts_with("installation/")
                && !path.contains("/generated/")
                && path != HOOK_LIBRARY
            {
                continue;
            }
            let path = folder.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, &file.content).unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(file.mode)).unwrap();
        }
        OnDisk { home, folder }
    }
}

const HOOK_LIBRARY: &str = "installation/stage-1/lib/hook.sh";

/// A written project.
pub(crate) struct OnDisk {
    home: TempDir,
    folder: PathBuf,
}

impl OnDisk {
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    /// The folder above, which is also the home of whoever runs something here.
    pub(crate) fn home(&self) -> &Path {
        self.home.path()
    }

    pub(crate) fn write(&self, path: &str, text: &str) {
        let path = self.folder.join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }

    /// A program with nothing in its environment that it could trip over; the folder above is its own.
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
