//! A project and its images in one file, for machines without a network.
//!
//! The file is a tar of [`PAGE`], [`PROJECT`] and [`IMAGES`], so that it opens without pei too. tar itself packs and unpacks:
//! it is on every machine, and refuses paths that lead out of the directory.

use std::collections::{BTreeSet, HashSet};
use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, Permissions};
use std::io::{self, ErrorKind, Read as _, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::failure::Failure;
use crate::plan::LeftOut;
use crate::ui::shown;

/// What is in the file, for whoever opens it without pei.
const PAGE: &str = "README.txt";
/// The project's files.
const PROJECT: &str = "project.tar";
/// What `docker load` reads.
const IMAGES: &str = "images.tar";

const PAGE_TEXT: &str = "\
This file holds a project of pei and the images that its build begins with.

With pei:     pei unbundle FILE
Without it:   docker load -i images.tar; mkdir project; tar -xf project.tar -C project
";

/// A directory for the parts of a bundle, which is removed with everything in it at the end.
#[derive(Debug)]
pub struct Workshop {
    place: PathBuf,
}

impl Workshop {
    /// Makes it beside a path, so that moving a result there is only a rename. It is the caller's alone: parts of a project
    /// may be secret.
    ///
    /// # Errors
    /// The directory beside the path cannot be written, or another run works there.
    pub fn beside(path: &Path) -> Result<Self> {
        let name = path.file_name().unwrap_or(OsStr::new("bundle"));
        let name = [OsStr::new("."), name, OsStr::new(".pei-tmp")];
        let place = path.with_file_name(name.into_iter().collect::<OsString>());
        match DirBuilder::new().mode(0o700).create(&place) {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => {
                let message = format!("another run works in {}, or one was killed", shown(&place));
                Err(Failure::new(message)
                    .help("if none runs, remove that directory")
                    .into())
            }
            made => made.with_context(|| format!("cannot make {}", shown(&place))),
        }?;
        Ok(Self { place })
    }

    /// The file for the images.
    pub fn images(&self) -> PathBuf {
        self.place.join(IMAGES)
    }

    /// Packs the files of a project, without those that are personal, that git ignores, or that hold `secrets`. Returns the
    /// private keys that it has left out.
    ///
    /// # Errors
    /// A directory cannot be read, or tar fails.
    pub fn pack_project(
        &self,
        folder: &Path,
        left_out: &LeftOut,
        secrets: BTreeSet<PathBuf>,
    ) -> Result<Vec<String>> {
        let mut packing = Packing {
            root: folder,
            left_out,
            secrets,
            known_to_git: known_to_git(folder),
            list: Vec::new(),
            private_keys: Vec::new(),
        };
        packing.add("")?;
        let names = self.place.join("names");
        fs::write(&names, &packing.list)
            .with_context(|| format!("cannot write {}", shown(&names)))?;
        let packed = run_tar([
            "-cf".as_ref(),
            self.place.join(PROJECT).as_os_str(),
            "-C".as_ref(),
            folder.as_os_str(),
            "--null".as_ref(),
            "-T".as_ref(),
            names.as_os_str(),
        ]);
        // Also if tar failed: the list of names is not a part of the bundle.
        let _ = fs::remove_file(&names);
        packed?;
        Ok(packing.private_keys)
    }

    /// Makes the bundle of what is here, and puts it in its place.
    ///
    /// # Errors
    /// tar fails, the disk is full, or somebody has put a file in that place. Nothing is replaced.
    pub fn finish(&self, output: &Path) -> Result<()> {
        let cannot = || format!("cannot write {}", shown(output));
        fs::write(self.place.join(PAGE), PAGE_TEXT).with_context(cannot)?;
        let whole = self.place.join("bundle.tar");
        run_tar([
            "-cf".as_ref(),
            whole.as_os_str(),
            "-C".as_ref(),
            self.place.as_os_str(),
            PAGE.as_ref(),
            PROJECT.as_ref(),
            IMAGES.as_ref(),
        ])?;
        // The config may hold a clear password.
        let written = File::open(&whole).and_then(|file| {
            file.set_permissions(Permissions::from_mode(0o600))?;
            file.sync_all()
        });
        written
            .and_then(|()| name_new(&whole, output))
            .with_context(cannot)
    }

    /// Unpacks a bundle.
    ///
    /// # Errors
    /// The file is no bundle, or is damaged.
    pub fn open(&self, bundle: &Path) -> Result<()> {
        let no_bundle = || {
            Failure::new(format!("{} is not a whole bundle", shown(bundle)))
                .help("`pei bundle` makes one; a copy that was cut short has to be copied again")
        };
        // tar would ask another host for `host:file`.
        let file = std::path::absolute(bundle)
            .with_context(|| format!("cannot find {}", shown(bundle)))?;
        let unpacked = run_tar([
            "-xof".as_ref(),
            file.as_os_str(),
            "-C".as_ref(),
            self.place.as_os_str(),
            PAGE.as_ref(),
            PROJECT.as_ref(),
            IMAGES.as_ref(),
        ]);
        let is_file =
            |name: &str| fs::symlink_metadata(self.place.join(name)).is_ok_and(|it| it.is_file());
        if unpacked.is_err() || !is_file(PROJECT) || !is_file(IMAGES) {
            return Err(no_bundle().into());
        }
        let project = self.place.join("project");
        fs::create_dir(&project).with_context(|| format!("cannot make {}", shown(&project)))?;
        let unpacked = run_tar([
            "-xof".as_ref(),
            self.place.join(PROJECT).as_os_str(),
            "-C".as_ref(),
            project.as_os_str(),
        ]);
        unpacked.map_err(|error| no_bundle().help(format!("{error:#}")))?;
        // `pei bundle` packs none, and later runs write files in it.
        let own = project.join(".pei");
        if fs::symlink_metadata(&own).is_ok() {
            return Err(no_bundle().help("its project has a `.pei`").into());
        }
        Ok(())
    }

    /// Puts the unpacked project in its place, which must be free or an empty directory.
    ///
    /// # Errors
    /// The place is neither, or cannot be written.
    pub fn move_project(&self, folder: &Path) -> Result<()> {
        fs::rename(self.place.join("project"), folder)
            .with_context(|| format!("cannot make {}", shown(folder)))
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// What is packed of a project.
struct Packing<'p> {
    root: &'p Path,
    left_out: &'p LeftOut,
    /// In full, with links resolved.
    secrets: BTreeSet<PathBuf>,
    /// The files that git would commit; `None` where git knows nothing of the project.
    known_to_git: Option<HashSet<Vec<u8>>>,
    /// Each path with a zero byte after it.
    list: Vec<u8>,
    private_keys: Vec<String>,
}

impl Packing<'_> {
    /// Adds the paths below a directory. Directories are listed where they are empty, as tar packs the others with their files.
    fn add(&mut self, below: &str) -> Result<()> {
        let folder = self.root.join(below);
        let cannot = || format!("cannot read {}", shown(&folder));
        let mut entries = fs::read_dir(&folder)
            .and_then(Iterator::collect::<std::io::Result<Vec<_>>>)
            .with_context(cannot)?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            let name = entry.file_name();
            let name = name.to_str().ok_or_else(|| {
                Failure::new(format!("the name of {} is not UTF-8", shown(&entry.path())))
                    .help("rename it")
            })?;
            let path = match below {
                "" => name.to_owned(),
                below => format!("{below}/{name}"),
            };
            if self.left_out.is_personal(&path) {
                continue;
            }
            let is_folder = entry.file_type().with_context(cannot)?.is_dir();
            let is_empty = || fs::read_dir(entry.path()).is_ok_and(|mut it| it.next().is_none());
            if is_folder && !is_empty() {
                self.add(&path)?;
            } else if is_folder || self.takes(&path) {
                // tar takes a name that begins with a hyphen for an option.
                write!(self.list, "./{path}\0")?;
            }
        }
        Ok(())
    }

    fn takes(&mut self, path: &str) -> bool {
        let known = self.known_to_git.as_ref();
        if known.is_some_and(|known| !known.contains(path.as_bytes())) {
            return false;
        }
        let file = self.root.join(path);
        if fs::canonicalize(&file).is_ok_and(|file| self.secrets.contains(&file)) {
            return false;
        }
        if is_private_key(&file) {
            self.private_keys.push(path.to_owned());
            return false;
        }
        true
    }
}

/// Whether a file begins as the private keys of ssh and TLS do.
fn is_private_key(file: &Path) -> bool {
    let mut start = Vec::new();
    let is_file = fs::metadata(file).is_ok_and(|file| file.is_file());
    let read = is_file.then(|| File::open(file).ok()?.take(80).read_to_end(&mut start).ok());
    let line = start
        .split(|byte| *byte == b'\n')
        .next()
        .unwrap_or_default();
    read.flatten().is_some()
        && line.starts_with(b"-----BEGIN ")
        && line.windows(11).any(|words| words == b"PRIVATE KEY")
}

/// The files that git would commit, relative to a directory. Git counts only where it knows the config: a project may lie
/// in a directory that a work tree ignores.
fn known_to_git(folder: &Path) -> Option<HashSet<Vec<u8>>> {
    let output = Command::new("git")
        .arg("-C")
        .arg(folder)
        .args(["ls-files", "-coz", "--exclude-standard"])
        .stdin(Stdio::null())
        .output()
        .ok()?;
    let files = output.stdout.split(|byte| *byte == 0);
    let files: HashSet<Vec<u8>> = files.map(<[u8]>::to_vec).collect();
    let is_known = output.status.success() && files.contains("docker-compose.yml".as_bytes());
    is_known.then_some(files)
}

fn run_tar<const N: usize>(arguments: [&OsStr; N]) -> Result<()> {
    let output = Command::new("tar")
        .args(arguments)
        .stdin(Stdio::null())
        .output()
        .map_err(|error| Failure::new(format!("cannot run tar: {error}")))?;
    if output.status.success() {
        return Ok(());
    }
    let said = String::from_utf8_lossy(output.stderr.trim_ascii());
    Err(Failure::new(format!("tar failed: {said}")).into())
}

/// Gives a file a name that must be free. On disks without hard links a file that appears at the last moment is replaced.
fn name_new(file: &Path, name: &Path) -> io::Result<()> {
    match fs::hard_link(file, name) {
        Err(error)
            if matches!(
                error.kind(),
                ErrorKind::PermissionDenied | ErrorKind::Unsupported
            ) =>
        {
            if name.symlink_metadata().is_ok() {
                return Err(ErrorKind::AlreadyExists.into());
            }
            fs::rename(file, name)
        }
        linked => linked,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_packed_comes_out_again_without_what_is_personal() {
        let folder = tempfile::tempdir().unwrap();
        let project = folder.path().join("a project");
        for path in [
            "user_config.yml",
            "user_config.local.yml",
            ".env",
            ".pei/secrets/stage-1",
            ".git/config",
            "installation/stage-1/custom/-x 'q' $a\n#.sh",
            "installation/stage-1/custom/a.sh.bak",
            "installation/stage-1/custom/id_mine",
            "installation/.env",
        ] {
            let path = project.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "text").unwrap();
        }
        fs::create_dir_all(project.join("empty")).unwrap();
        let left_out = LeftOut::new([&"stage-1/custom/id_mine".to_owned()], []);
        let output = folder.path().join("box.tar");
        let made = Workshop::beside(&output).unwrap();
        fs::write(made.images(), "images").unwrap();
        let key = "-----BEGIN OPENSSH PRIVATE KEY-----\nx";
        fs::write(project.join("installation/key"), key).unwrap();
        fs::write(project.join("token"), "secret").unwrap();
        std::os::unix::fs::symlink("token", project.join("link-to-token")).unwrap();
        let secrets = [project.join("token").canonicalize().unwrap()].into();
        let keys = made.pack_project(&project, &left_out, secrets).unwrap();
        assert_eq!(keys, ["installation/key"]);
        made.finish(&output).unwrap();
        drop(made);

        let there = folder.path().join("there");
        let opened = Workshop::beside(&there).unwrap();
        opened.open(&output).unwrap();
        assert_eq!(fs::read(opened.images()).unwrap(), b"images");
        opened.move_project(&there).unwrap();
        drop(opened);
        let mut packing = Packing {
            root: &there,
            left_out: &LeftOut::default(),
            secrets: BTreeSet::new(),
            known_to_git: None,
            list: Vec::new(),
            private_keys: Vec::new(),
        };
        packing.add("").unwrap();
        let names: Vec<_> = packing.list.split(|byte| *byte == 0).collect();
        let names: Vec<_> = names
            .iter()
            .map(|name| String::from_utf8_lossy(name))
            .collect();
        assert_eq!(
            names,
            [
                "./empty",
                "./installation/.env",
                "./installation/stage-1/custom/-x 'q' $a\n#.sh",
                "./user_config.yml",
                ""
            ]
        );
        let left: Vec<_> = fs::read_dir(folder.path()).unwrap().collect();
        assert_eq!(left.len(), 3, "{left:?}");
        let permissions = fs::metadata(&output).unwrap().permissions();
        assert_eq!(permissions.mode() & 0o777, 0o600);

        let other = Workshop::beside(&output).unwrap();
        fs::write(other.place.join(PROJECT), "").unwrap();
        fs::write(other.images(), "").unwrap();
        let bundle = fs::read(&output).unwrap();
        let error = other.finish(&output).unwrap_err();
        assert!(error.to_string().contains("cannot write"), "{error}");
        assert!(fs::read(&output).unwrap() == bundle, "it is not replaced");
        let error = Workshop::beside(&output).unwrap_err();
        assert!(
            error.to_string().contains("another run works in"),
            "{error}"
        );
        drop(other);

        fs::write(&output, "no tar").unwrap();
        let opened = Workshop::beside(&folder.path().join("other")).unwrap();
        let error = opened.open(&output).unwrap_err();
        assert!(
            error.to_string().contains("is not a whole bundle"),
            "{error}"
        );
    }
}
