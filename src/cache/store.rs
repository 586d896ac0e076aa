//! The names under which stages are stored, and the two kinds of caches: a registry and a directory.

use std::fs::{self, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind, Read};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime};

use anyhow::{Context, Result};

use crate::diagnostic::quoted;
use crate::engine::Engine;
use crate::model::{Cache, CachePlace};
use crate::ui::shown;

/// The prefix of image names on an engine if the cache is a directory. Each archive contains the name, so it is the same
/// on all machines. No other machine serves images of the host `localhost`.
const LOCAL: &str = "localhost/pei-cache";

/// The prefix of an archive's name while the archive is written.
const TEMPORARY: &str = ".pei-tmp-";

/// A temporary file that nobody has written to for so long belongs to no running process.
const FORGOTTEN: Duration = Duration::from_hours(24);

/// The same for a file of this host name whose process does not run here. Another machine or container may have the same
/// name, so that its process cannot be seen.
const OVER: Duration = Duration::from_hours(1);

/// The place of a project's cache.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Store {
    /// `host[:port]/path`
    Registry(String),
    /// A directory, which need not exist yet.
    Folder(PathBuf),
}

impl Store {
    /// The cache that a config names. A relative path is relative to the project's directory.
    pub fn new(cache: &Cache, project_dir: &Path) -> Self {
        match &cache.place {
            CachePlace::Registry(registry) => Self::Registry(registry.clone()),
            CachePlace::Folder(folder) => Self::Folder(project_dir.join(folder)),
        }
    }

    /// The full name of the image of a stage in a state, on engines and in registries.
    pub fn reference(&self, name: &str, state: &str) -> String {
        let place = match self {
            Self::Registry(registry) => registry,
            Self::Folder(_) => LOCAL,
        };
        format!("{place}/{name}:{state}")
    }

    /// The path of the archive of a stage in a state; `None` for a registry.
    pub fn archive(&self, name: &str, state: &str) -> Option<PathBuf> {
        match self {
            Self::Registry(_) => None,
            Self::Folder(folder) => Some(folder.join(format!("{name}-{state}.tar"))),
        }
    }

    /// Its name in messages.
    pub fn place(&self) -> String {
        match self {
            Self::Registry(registry) => format!("the registry {}", quoted(registry)),
            Self::Folder(folder) => format!("the directory {}", shown(folder)),
        }
    }

    /// The command that gives the engine a login there.
    pub fn login(&self) -> String {
        let host = match self {
            Self::Registry(registry) => registry.split('/').next().unwrap_or_default(),
            Self::Folder(_) => "",
        };
        format!("docker login {host}").trim_end().to_owned()
    }

    /// The path of an archive until it is complete, in the commands that `pei build --dry-run` prints.
    pub fn unfinished(archive: &Path) -> PathBuf {
        let file = archive.file_name().unwrap_or_default().to_string_lossy();
        archive.with_file_name(format!("{TEMPORARY}{file}"))
    }

    /// Stores an image that the engine has.
    ///
    /// # Errors
    /// The engine, the registry or the directory refuses it. The cache is then unchanged.
    pub fn keep(&self, engine: &Engine, name: &str, state: &str) -> Result<()> {
        let reference = self.reference(name, state);
        let Some(archive) = self.archive(name, state) else {
            return Ok(engine.push(&reference)?);
        };
        let folder = archive.parent().unwrap_or(Path::new("."));
        // Others have to read what is kept, whatever the umask of this run.
        match fs::create_dir(folder) {
            Ok(()) => fs::set_permissions(folder, Permissions::from_mode(0o755))?,
            Err(error) if error.kind() != ErrorKind::AlreadyExists => {
                return Err(error).with_context(|| format!("cannot make {}", shown(folder)));
            }
            Err(_) => {}
        }
        remove_leftovers(folder);
        let file = archive.file_name().unwrap_or_default().to_string_lossy();
        // In containers, another run may have the same host name and number of a process.
        let now = SystemTime::now().duration_since(SystemTime::UNIX_EPOCH);
        let temporary = folder.join(format!(
            "{TEMPORARY}{}-{}-{}-{file}",
            host(),
            std::process::id(),
            now.unwrap_or_default().as_nanos()
        ));
        let written = write_archive(engine, &reference, &temporary, &archive);
        if written.is_err() {
            let _ = fs::remove_file(&temporary);
        }
        written
    }
}

/// Writes an archive to disk completely, then renames it: a reader never sees an incomplete archive under the final name.
fn write_archive(engine: &Engine, reference: &str, temporary: &Path, archive: &Path) -> Result<()> {
    let cannot = || format!("cannot write {}", shown(archive));
    let file = OpenOptions::new()
        .write(true)
        .create_new(true)
        .open(temporary);
    let file = file.with_context(cannot)?;
    engine.save(reference, file.try_clone().with_context(cannot)?)?;
    file.set_permissions(Permissions::from_mode(0o644))
        .with_context(cannot)?;
    file.sync_all().with_context(cannot)?;
    drop(file);
    fs::rename(temporary, archive).with_context(cannot)
}

/// Removes the temporary files of runs that were killed, once nobody has written to them for a while: a run on another
/// machine may still be writing.
fn remove_leftovers(folder: &Path) {
    let own = format!("{TEMPORARY}{}-", host());
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name
            .to_str()
            .and_then(|name| name.strip_prefix(&own)?.split('-').next());
        let is_over = process
            .is_some_and(|id| id.parse::<u32>().is_ok() && !Path::new("/proc").join(id).exists());
        let limit = if is_over { OVER } else { FORGOTTEN };
        let is_temporary = name
            .to_str()
            .is_some_and(|name| name.starts_with(TEMPORARY));
        let written = entry.metadata().and_then(|file| file.modified());
        let age = written.ok().and_then(|written| written.elapsed().ok());
        if is_temporary && age.is_some_and(|age| age > limit) {
            let _ = fs::remove_file(entry.path());
        }
    }
}

/// The name of this machine, reduced to letters and digits, which every file system accepts in a file name.
fn host() -> String {
    let name = fs::read_to_string("/proc/sys/kernel/hostname").unwrap_or_default();
    let name: String = name
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(40)
        .collect();
    if name.is_empty() {
        "host".to_owned()
    } else {
        name
    }
}

/// Whether an archive is complete. A copy that was cut short is not. Neither is anything but a regular file: opening a pipe
/// would wait for a writer.
pub fn is_whole(archive: &Path) -> io::Result<bool> {
    if !fs::metadata(archive)?.is_file() {
        return Ok(false);
    }
    let mut file = File::open(archive)?;
    let length = file.metadata()?.len();
    if length < END || length % 512 != 0 {
        return Ok(false);
    }
    io::Seek::seek(&mut file, io::SeekFrom::Start(length - END))?;
    let mut end = Vec::new();
    file.read_to_end(&mut end)?;
    Ok(end.iter().all(|byte| *byte == 0))
}

/// A tar ends in two blocks of zeros.
const END: u64 = 1024;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_stage_has_a_name_that_engines_take() {
        let registry = Store::Registry("localhost:5000/team".to_owned());
        assert_eq!(
            registry.reference("stage-1-core", "ab"),
            "localhost:5000/team/stage-1-core:ab"
        );
        assert_eq!(registry.archive("web", "ab"), None);
        let folder = Store::Folder("/mnt/share".into());
        assert_eq!(folder.reference("web", "ab"), "localhost/pei-cache/web:ab");
        assert_eq!(
            folder.archive("web", "ab"),
            Some("/mnt/share/web-ab.tar".into())
        );
    }

    #[test]
    fn what_no_run_writes_any_more_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let make = |name: &str, hours: u64| {
            let file = File::create(folder.path().join(name)).unwrap();
            let age = Duration::from_hours(hours);
            file.set_modified(SystemTime::now() - age).unwrap();
        };
        let own = std::process::id();
        make(".pei-tmp-elsewhere-1-web-ab.tar", 25);
        make(".pei-tmp-elsewhere-2-web-ab.tar", 23);
        make(&format!(".pei-tmp-{}-{own}-web-ab.tar", host()), 0);
        make(&format!(".pei-tmp-{}-4294967295-web-ab.tar", host()), 2);
        // A machine of the same name may write it.
        make(&format!(".pei-tmp-{}-4294967294-web-ab.tar", host()), 0);
        make("web-ab.tar", 1000);
        remove_leftovers(folder.path());
        let left = fs::read_dir(folder.path()).unwrap();
        let mut left: Vec<_> = left.map(|entry| entry.unwrap().file_name()).collect();
        left.sort();
        let mut expected = [
            ".pei-tmp-elsewhere-2-web-ab.tar".to_owned(),
            format!(".pei-tmp-{}-{own}-web-ab.tar", host()),
            format!(".pei-tmp-{}-4294967294-web-ab.tar", host()),
            "web-ab.tar".to_owned(),
        ];
        expected.sort();
        assert_eq!(left, expected.map(std::ffi::OsString::from));
    }
}
