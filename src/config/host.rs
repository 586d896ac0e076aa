//! The real host, behind the trait [`Lookup`].

use std::cell::OnceCell;
use std::collections::HashMap;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Path, PathBuf};

use super::{FileProblem, Lookup, SourceFile, env_file};

/// The environment, the disk and the home directory of the user who runs pei.
#[derive(Debug)]
pub struct Host {
    installation: PathBuf,
    /// The directory with symbolic links resolved, to check whether a path is inside.
    resolved: Option<PathBuf>,
    home: Option<PathBuf>,
    wants_credentials: bool,
    /// The variables of the project's `.env`, read at the first use.
    env_file: OnceCell<HashMap<String, env_file::Value>>,
}

impl Host {
    /// A host whose project has the given `installation/` directory, which need not exist.
    pub fn new(installation: impl Into<PathBuf>) -> Self {
        let installation = installation.into();
        Self {
            resolved: fs::canonicalize(&installation).ok(),
            home: std::env::home_dir().filter(|home| home.is_absolute()),
            installation,
            wants_credentials: true,
            env_file: OnceCell::new(),
        }
    }

    /// The same host, but passwords and keys may be missing.
    #[must_use]
    pub fn without_credentials(self) -> Self {
        Self {
            wants_credentials: false,
            ..self
        }
    }

    /// Why the project's `.env` exists but could not be read.
    pub fn unread_env_file(&self) -> Option<String> {
        self.env_text().err()
    }

    fn env_text(&self) -> Result<String, String> {
        match read(&self.installation.with_file_name(".env")) {
            Ok(bytes) => String::from_utf8(bytes).map_err(|_| "is not UTF-8".to_owned()),
            Err(FileProblem::Missing) => Ok(String::new()),
            Err(FileProblem::TooLarge) => Err("is larger than 1 MiB".to_owned()),
            Err(FileProblem::Unreadable(reason)) => Err(format!("cannot be read: {reason}")),
            Err(FileProblem::NotAFile | FileProblem::Outside) => Err("is not a file".to_owned()),
        }
    }

    /// Like Compose, reads the file in the directory of docker-compose.yml.
    fn env_file(&self) -> &HashMap<String, env_file::Value> {
        self.env_file.get_or_init(|| {
            let text = self.env_text().unwrap_or_default();
            let environment = |name: &str| std::env::var(name).ok();
            env_file::parse(&text, &environment)
        })
    }

    /// The file at a project path. It must be inside even after links are resolved.
    fn inside(&self, path: &str) -> Result<PathBuf, FileProblem> {
        let resolved = fs::canonicalize(self.installation.join(path)).map_err(|e| problem(&e))?;
        let inside = self.resolved.as_ref();
        if inside.is_some_and(|folder| resolved.starts_with(folder)) {
            Ok(resolved)
        } else {
            Err(FileProblem::Outside)
        }
    }
}

impl Lookup for Host {
    fn variable(&self, name: &str) -> Option<OsString> {
        std::env::var_os(name)
            .or_else(|| self.env_file().get(name).map(|value| (&value.text).into()))
    }

    fn is_of_env_file(&self, name: &str) -> bool {
        std::env::var_os(name).is_none() && self.env_file().contains_key(name)
    }

    fn is_changed_in_env_file(&self, name: &str) -> bool {
        let value = self.env_file().get(name);
        self.is_of_env_file(name) && value.is_some_and(|value| value.is_changed)
    }

    fn project_file_exists(&self, path: &str) -> Result<(), FileProblem> {
        require_file(&self.inside(path)?).map(drop)
    }

    fn project_names(&self, path: &str) -> Vec<String> {
        let entries = self
            .inside(path)
            .ok()
            .and_then(|path| fs::read_dir(path).ok());
        let names = entries.into_iter().flatten().filter_map(Result::ok);
        let mut names: Vec<String> = names
            .filter_map(|entry| entry.file_name().into_string().ok())
            .collect();
        names.sort_unstable();
        names
    }

    fn project_file(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        read(&self.inside(path)?)
    }

    fn host_file(&self, path: &str) -> Result<Vec<u8>, FileProblem> {
        read(Path::new(path))
    }

    fn places_inside(&self, path: &str) -> Vec<String> {
        let path = self.installation.join(path);
        let folder = path
            .parent()
            .and_then(|folder| fs::canonicalize(folder).ok());
        let named = folder
            .zip(path.file_name())
            .map(|(folder, name)| folder.join(name));
        let target = fs::canonicalize(&path).ok();
        let inside = |path: PathBuf| {
            let inside = path.strip_prefix(self.resolved.as_ref()?).ok()?;
            inside.to_str().map(str::to_owned)
        };
        let mut places: Vec<String> = named.into_iter().chain(target).filter_map(inside).collect();
        places.dedup();
        places
    }

    fn wants_credentials(&self) -> bool {
        self.wants_credentials
    }

    fn project_folder(&self, path: &str) -> Option<PathBuf> {
        let found = fs::canonicalize(self.installation.with_file_name(path)).ok();
        found.filter(|found| found.is_dir())
    }

    fn is_in_folder(&self, folder: &str, path: &str) -> bool {
        // What is not there has been told of.
        self.project_folder(folder).is_none_or(|folder| {
            let path = folder.join(path.trim_end_matches('/'));
            path.symlink_metadata().is_ok()
        })
    }

    fn is_in_git(&self) -> bool {
        let project = fs::canonicalize(self.installation.with_file_name(""));
        project.is_ok_and(|project| {
            let mut folders = project.ancestors();
            folders.any(|folder| folder.join(".git").symlink_metadata().is_ok())
        })
    }

    fn layer(&self, path: &Path) -> Result<(PathBuf, Vec<u8>), FileProblem> {
        let real = fs::canonicalize(path).map_err(|e| match problem(&e) {
            FileProblem::Missing if path.is_symlink() => {
                FileProblem::Unreadable("the link leads to nothing".into())
            }
            problem => problem,
        })?;
        let bytes = read_up_to(&real, SourceFile::MAX_BYTES as u64)?;
        Ok((real, bytes))
    }

    fn home_key(&self, file_name: &str) -> Result<Vec<u8>, FileProblem> {
        let home = self.home.as_ref().ok_or(FileProblem::Missing)?;
        read(&home.join(".ssh").join(file_name))
    }
}

/// The size of a file. Called before the file is opened, because opening a pipe would block.
fn require_file(path: &Path) -> Result<u64, FileProblem> {
    let metadata = fs::metadata(path).map_err(|e| problem(&e))?;
    if metadata.is_file() {
        Ok(metadata.len())
    } else {
        Err(FileProblem::NotAFile)
    }
}

fn read(path: &Path) -> Result<Vec<u8>, FileProblem> {
    read_up_to(path, FileProblem::MAX_BYTES)
}

fn read_up_to(path: &Path, limit: u64) -> Result<Vec<u8>, FileProblem> {
    if require_file(path)? > limit {
        return Err(FileProblem::TooLarge);
    }
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|e| problem(&e))?;
    // The file may have grown since its size was read.
    file.take(limit)
        .read_to_end(&mut bytes)
        .map_err(|e| problem(&e))?;
    Ok(bytes)
}

fn problem(error: &std::io::Error) -> FileProblem {
    match error.kind() {
        ErrorKind::NotFound | ErrorKind::NotADirectory => FileProblem::Missing,
        ErrorKind::IsADirectory => FileProblem::NotAFile,
        ErrorKind::PermissionDenied => FileProblem::Unreadable("permission denied".into()),
        _ => FileProblem::Unreadable(error.to_string()),
    }
}
