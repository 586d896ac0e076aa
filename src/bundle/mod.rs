//! A project and its images in one file, for machines without a network.
//!
//! The file is a tar of [`PAGE`], [`PROJECT`] and [`IMAGES`], so that it opens without pei too. tar itself packs and unpacks:
//! it is on every machine, and refuses paths that lead out of the directory.

mod git;
mod packing;
mod unpacked;

use std::ffi::{OsStr, OsString};
use std::fs::{self, DirBuilder, File, OpenOptions, Permissions};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{
    DirBuilderExt as _, MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _,
};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

pub use packing::{Packed, Packing};

use crate::failure::Failure;
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
Without it:   tar -xf FILE; docker load -i images.tar; mkdir project; tar -xf project.tar -C project
";

/// What a directory is called in which an unbundling works that puts the project around it.
pub const INSIDE: &str = ".unbundle.pei-tmp";

/// A directory for the parts of a bundle, which is removed with everything in it at the end.
#[derive(Debug)]
pub struct Workshop {
    place: PathBuf,
    /// The directory itself, locked: it tells one that is in use from one that a killed run has left.
    _lock: File,
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
        Self::at(path.with_file_name(name.into_iter().collect::<OsString>()))
    }

    /// The same in a directory: beside it may be another file system.
    ///
    /// # Errors
    /// The directory cannot be written, or another run works there.
    pub fn inside(folder: &Path) -> Result<Self> {
        Self::at(folder.join(INSIDE))
    }

    fn at(place: PathBuf) -> Result<Self> {
        let in_use = || {
            let message = format!("another run works in {}", shown(&place));
            Failure::new(message).help("wait for its end; if none runs, remove that directory")
        };
        let cannot = || format!("cannot make {}", shown(&place));
        let made = DirBuilder::new().mode(0o700).create(&place);
        let is_old = match made {
            Err(error) if error.kind() == ErrorKind::AlreadyExists => true,
            made => {
                made.with_context(cannot)?;
                false
            }
        };
        let folder = OpenOptions::new()
            .read(true)
            .custom_flags(
                (rustix::fs::OFlags::DIRECTORY | rustix::fs::OFlags::NOFOLLOW)
                    .bits()
                    .cast_signed(),
            )
            .open(&place)
            .map_err(|_| in_use())?;
        // On a file system without locks, a directory that is there may be in use.
        if folder.try_lock().is_err() && is_old || fs::read_dir(&place).is_err() {
            return Err(in_use().into());
        }
        let own = folder.metadata().with_context(cannot)?;
        let is_same = fs::symlink_metadata(&place).is_ok_and(|now| now.ino() == own.ino());
        if !is_same || own.uid() != rustix::process::geteuid().as_raw() {
            return Err(in_use().into());
        }
        folder
            .set_permissions(Permissions::from_mode(0o700))
            .and_then(|()| empty(&place))
            .with_context(cannot)?;
        Ok(Self {
            place,
            _lock: folder,
        })
    }

    /// The file for the images.
    pub fn images(&self) -> PathBuf {
        self.place.join(IMAGES)
    }

    /// Packs the files of a project.
    ///
    /// # Errors
    /// A directory cannot be read, git or tar fails.
    pub fn pack_project(&self, packing: Packing<'_>) -> Result<Packed> {
        let folder = packing.root;
        let (list, packed) = packing.list()?;
        let names = self.place.join("names");
        fs::write(&names, &list).with_context(|| format!("cannot write {}", shown(&names)))?;
        let done = run_tar([
            "--no-recursion".as_ref(),
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
        done?;
        Ok(packed)
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
        let cannot = |error: anyhow::Error| {
            let message = format!("{} cannot be unpacked: {error:#}", shown(bundle));
            Failure::new(message).help(
                "`pei bundle` makes such files; one that was cut short has to be copied again",
            )
        };
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
        unpacked.map_err(cannot)?;
        let is_file =
            |name: &str| fs::symlink_metadata(self.place.join(name)).is_ok_and(|it| it.is_file());
        if !is_file(PROJECT) || !is_file(IMAGES) {
            return Err(no_bundle().into());
        }
        let project = self.project();
        fs::create_dir(&project).with_context(|| format!("cannot make {}", shown(&project)))?;
        run_tar([
            "-xof".as_ref(),
            self.place.join(PROJECT).as_os_str(),
            "-C".as_ref(),
            project.as_os_str(),
        ])
        .map_err(cannot)?;
        // `pei bundle` packs none, and later runs write files in it.
        let own = project.join(".pei");
        if fs::symlink_metadata(&own).is_ok() {
            return Err(no_bundle().help("its project has a `.pei`").into());
        }
        unpacked::check(&project)
    }

    fn project(&self) -> PathBuf {
        self.place.join("project")
    }

    /// Puts the unpacked project in its place: a new directory, or the one that this works in.
    ///
    /// # Errors
    /// The place is taken, or cannot be written.
    pub fn move_project(&self, folder: &Path) -> Result<()> {
        let cannot = || format!("cannot make {}", shown(folder));
        if self.place.parent() != Some(folder) || self.place.file_name() != Some(INSIDE.as_ref()) {
            return fs::rename(self.project(), folder).with_context(cannot);
        }
        // A shell may stand in the directory, so it stays the same one.
        for entry in fs::read_dir(self.project()).with_context(cannot)? {
            let entry = entry.with_context(cannot)?;
            fs::rename(entry.path(), folder.join(entry.file_name())).with_context(cannot)?;
        }
        Ok(())
    }
}

impl Drop for Workshop {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.place);
    }
}

/// Removes what a killed run has left.
fn empty(folder: &Path) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            fs::remove_dir_all(entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
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
    let said = String::from_utf8_lossy(&output.stderr);
    let said: Vec<&str> = said.lines().take(3).collect();
    let said = said.join("; ");
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
    use std::collections::BTreeSet;

    use super::*;
    use crate::plan::LeftOut;

    fn packing<'p>(root: &'p Path, left_out: &'p LeftOut) -> Packing<'p> {
        Packing::new(
            root,
            left_out,
            "user_config.yml".as_ref(),
            BTreeSet::new(),
            BTreeSet::new(),
        )
    }

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
        let mut all = packing(&project, &left_out);
        all.secrets = secrets;
        let packed = made.pack_project(all).unwrap();
        assert_eq!(packed.private_keys, ["installation/key"]);
        made.finish(&output).unwrap();
        drop(made);

        let there = folder.path().join("there");
        let opened = Workshop::beside(&there).unwrap();
        opened.open(&output).unwrap();
        assert_eq!(fs::read(opened.images()).unwrap(), b"images");
        opened.move_project(&there).unwrap();
        drop(opened);
        let none = LeftOut::default();
        let (list, _) = packing(&there, &none).list().unwrap();
        let names: Vec<_> = list.split(|byte| *byte == 0).collect();
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
            error.to_string().contains("cannot be unpacked: tar"),
            "{error}"
        );
    }

    #[test]
    fn what_a_killed_run_has_left_is_removed() {
        let folder = tempfile::tempdir().unwrap();
        let left = folder.path().join(".box.tar.pei-tmp");
        fs::create_dir_all(left.join("project")).unwrap();
        fs::write(left.join("images.tar"), "half").unwrap();
        let made = Workshop::beside(&folder.path().join("box.tar")).unwrap();
        assert_eq!(fs::read_dir(&left).unwrap().count(), 0);
        drop(made);
        assert!(!left.exists());

        fs::create_dir(folder.path().join("theirs")).unwrap();
        std::os::unix::fs::symlink("theirs", &left).unwrap();
        Workshop::beside(&folder.path().join("box.tar")).unwrap_err();
    }

    #[test]
    fn a_project_comes_into_an_empty_directory_without_a_new_one() {
        let folder = tempfile::tempdir().unwrap();
        let there = folder.path().join("there");
        fs::create_dir(&there).unwrap();
        let inode = fs::metadata(&there).unwrap().ino();
        let made = Workshop::inside(&there).unwrap();
        fs::create_dir_all(made.project().join("a/b")).unwrap();
        made.move_project(&there).unwrap();
        drop(made);
        assert_eq!(fs::metadata(&there).unwrap().ino(), inode);
        assert!(there.join("a/b").is_dir());
        assert_eq!(fs::read_dir(&there).unwrap().count(), 1);
    }

    #[test]
    fn files_of_stages_are_packed_also_where_git_ignores_them() {
        let folder = tempfile::tempdir().unwrap();
        let git = |arguments: &[&str]| {
            let mut git = Command::new("git");
            git.current_dir(folder.path()).args(arguments);
            git.args(["-q"]).status().unwrap().success()
        };
        assert!(git(&["init"]));
        for path in ["user_config.yml", "a/tool", "a/only-saved/x.bak", "ignored"] {
            let path = folder.path().join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, "text").unwrap();
        }
        fs::write(folder.path().join(".gitignore"), "a\nignored\n").unwrap();
        let none = LeftOut::default();
        let mut all = packing(folder.path(), &none);
        let inputs = ["a", "a/tool", "a/only-saved", "a/gone", ".pei/stage-1"];
        all.inputs = inputs.map(str::to_owned).into();
        let (list, packed) = all.list().unwrap();
        let list = String::from_utf8(list).unwrap();
        assert_eq!(
            list,
            "./.gitignore\0./a/only-saved\0./a/tool\0./user_config.yml\0"
        );
        assert_eq!(packed.ignored, ["a/tool"]);
        assert_eq!(packed.missing, ["a/gone"]);

        // git refuses to tell: nothing is packed.
        fs::write(folder.path().join(".git/config"), "[broken").unwrap();
        let error = packing(folder.path(), &none).list().unwrap_err();
        assert!(error.to_string().contains("git"), "{error}");
    }
}
