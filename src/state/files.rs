//! What the steps of a build see of the disk.
//!
//! This covers names, kinds, permission bits, bytes and the targets of links. It does not cover owners and times, because
//! Docker does not send them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;

use anyhow::{Context, Result};
use sha2::{Digest, Sha256};

use super::hash::{hex, sum};
use super::ignore::Ignore;
use super::inputs::Value;
use crate::model::{is_kept_out, is_kept_out_file};
use crate::plan::Plan;
use crate::project::{Action, Change};

/// The permission bits that the step that reads a context removes from its files.
const WRITE_BITS: u32 = 0o022;

/// With fewer files a second thread costs more than it saves.
const FEW: usize = 64;

/// The files of a project.
#[derive(Debug)]
pub struct Files<'c> {
    root: PathBuf,
    /// What configure would write, where it has not been run yet.
    pending: BTreeMap<&'c str, Pending<'c>>,
    /// What is known already, for many steps see the same files.
    known: RefCell<BTreeMap<String, Value>>,
    /// Folders of the project that were looked through.
    seen: RefCell<BTreeMap<String, BTreeSet<String>>>,
    /// Paths of contexts that were looked through: a stage may be a part of several builds.
    contexts: RefCell<BTreeMap<(PathBuf, String), Rc<FilesOfContext>>>,
}

/// Names relative to a context, and what lies there.
type FilesOfContext = Vec<(String, Value)>;

#[derive(Debug)]
enum Pending<'c> {
    Content { content: &'c [u8], mode: u32 },
    Mode(u32),
    Gone,
}

impl<'c> Files<'c> {
    /// Those that lie in the project's folder.
    pub fn new(root: &Path) -> Self {
        Self {
            root: root.to_owned(),
            pending: BTreeMap::new(),
            known: RefCell::default(),
            seen: RefCell::default(),
            contexts: RefCell::default(),
        }
    }

    /// The files that the project's directory would have after `changes`.
    pub fn after(root: &Path, changes: &'c [Change<'_>]) -> Self {
        let pending = changes.iter().map(|change| {
            let pending = match change.action {
                Action::SetMode => Pending::Mode(change.mode()),
                Action::Remove => Pending::Gone,
                _ => Pending::Content {
                    content: change.content(),
                    mode: change.mode(),
                },
            };
            (change.path.as_str(), pending)
        });
        Self {
            pending: pending.collect(),
            ..Self::new(root)
        }
    }

    /// What a step that mounts or copies a path of the project finds there.
    pub(super) fn of_project(&self, path: &str, plan: &Plan) -> Result<Vec<(String, Value)>> {
        if !self.seen.borrow().contains_key(path) {
            let names = self.look_through(path, plan)?;
            self.seen.borrow_mut().insert(path.to_owned(), names);
        }
        let (seen, known) = (self.seen.borrow(), self.known.borrow());
        let names = seen.get(path).into_iter().flatten();
        let values = names.filter_map(|name| Some((name.clone(), known.get(name)?.clone())));
        Ok(values.collect())
    }

    /// What a step that copies a path of a context finds there.
    pub(super) fn of_context(&self, folder: &str, path: &str) -> Result<Rc<FilesOfContext>> {
        let folder = self.root.join(folder);
        let key = (folder, path.to_owned());
        if let Some(found) = self.contexts.borrow().get(&key) {
            return Ok(Rc::clone(found));
        }
        let found = Rc::new(of_context(&key.0, path)?);
        self.contexts.borrow_mut().insert(key, Rc::clone(&found));
        Ok(found)
    }

    fn look_through(&self, path: &str, plan: &Plan) -> Result<BTreeSet<String>> {
        let is_out = |path: &str| match path.split_once('/') {
            // Of pei's own folder builds see what is listed.
            Some((".pei", _)) => {
                let of_folder =
                    |folder: &str| path == folder || path == format!("{folder}/README.md");
                let made = &plan.left_out.made_here;
                !made
                    .iter()
                    .any(|(folder, file)| of_folder(folder) || path == *file)
            }
            _ => plan.left_out.holds(path),
        };
        let mut found = walk(&self.root, path, &is_out, true)?;
        let is_below = |name: &str| {
            path.is_empty()
                || name == path
                || name
                    .strip_prefix(path)
                    .is_some_and(|rest| rest.starts_with('/'))
        };
        let mut known = self.known.borrow_mut();
        let mut names: BTreeSet<String> = BTreeSet::new();
        let mut pending = self.pending.iter().filter(|(name, _)| is_below(name));
        for (name, pending) in pending.by_ref() {
            let mut put = |name: &str, value: Value| {
                names.insert(name.to_owned());
                known.insert(name.to_owned(), value);
            };
            match pending {
                Pending::Mode(mode) => {
                    if let Some(found) = found.get_mut(*name) {
                        found.mode = *mode;
                    }
                    continue;
                }
                Pending::Content { content, mode } if !is_out(name) => {
                    let sum = hex(&Sha256::digest(content));
                    put(name, value_of(Kind::File, *mode, sum));
                    let above = name.match_indices('/').map(|(at, _)| &name[..at]);
                    for folder in above.filter(|folder| is_below(folder)) {
                        if !found.contains_key(folder) {
                            put(folder, value_of(Kind::Folder, 0o755, String::new()));
                        }
                    }
                }
                Pending::Gone | Pending::Content { .. } => {}
            }
            found.remove(*name);
        }
        names.extend(found.keys().cloned());
        found.retain(|name, _| !known.contains_key(name));
        known.extend(read_all(found)?);
        Ok(names)
    }
}

/// The files that a step finds when it copies `path` from a context, with names relative to the context. Excluded are the
/// files that the context's `.dockerignore` names, and files that no image may hold.
fn of_context(folder: &Path, path: &str) -> Result<FilesOfContext> {
    let ignore = fs::read_to_string(folder.join(".dockerignore")).unwrap_or_default();
    let ignore = Ignore::new(&ignore);
    let path = path.trim_matches('/');
    let path = if path == "." { "" } else { path };
    let is_out = |path: &str| is_kept_out(path) || ignore.holds(path);
    let mut found = walk(folder, path, &is_out, ignore.prunes())?;
    // The step also excludes private keys that it recognises by a line of their content. Here they are still inputs.
    found.retain(|name, found| found.kind != Kind::File || !is_kept_out_file(name));
    for found in found.values_mut() {
        found.mode &= !WRITE_BITS;
    }
    if let Some(root) = found.remove("") {
        found.insert(".".to_owned(), root);
    }
    Ok(read_all(found)?.collect())
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    File,
    Folder,
    Link,
    Other,
}

#[derive(Debug)]
struct Found {
    place: PathBuf,
    kind: Kind,
    mode: u32,
}

fn value_of(kind: Kind, mode: u32, sum: String) -> Value {
    let sign = match kind {
        Kind::File => "",
        Kind::Folder => "d",
        Kind::Link => "l",
        Kind::Other => "o",
    };
    // Nobody can set the bits of a link.
    let mode = if kind == Kind::Link { 0o777 } else { mode };
    Value::File {
        mode: format!("{sign}{mode:o}"),
        sum,
    }
}

fn kind_of(found: &Metadata) -> Kind {
    let kind = found.file_type();
    if kind.is_file() {
        Kind::File
    } else if kind.is_dir() {
        Kind::Folder
    } else if kind.is_symlink() {
        Kind::Link
    } else {
        Kind::Other
    }
}

/// A path and everything below it, by name. Links in `path` itself are followed; links below it are not. Whether a file
/// is left out depends on its real path.
fn walk(
    root: &Path,
    path: &str,
    is_out: &dyn Fn(&str) -> bool,
    prunes: bool,
) -> Result<BTreeMap<String, Found>> {
    let mut found = BTreeMap::new();
    let root = fs::canonicalize(root)
        .with_context(|| format!("cannot open the directory `{}`", root.display()))?;
    // A step that mounts what is not there fails, and says so.
    let Ok(start) = fs::canonicalize(root.join(path)) else {
        return Ok(found);
    };
    let Ok(real) = start.strip_prefix(&root) else {
        return Ok(found);
    };
    let real = name_of(real.as_os_str());
    // A folder that is left out still exists in the build if something below it is included again.
    let mut left_out = BTreeMap::new();
    let mut ahead = vec![(path.to_owned(), real, start)];
    while let Some((name, real, place)) = ahead.pop() {
        let cannot = || format!("cannot read `{}`", place.display());
        let metadata = match fs::symlink_metadata(&place) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => continue,
            metadata => metadata.with_context(cannot)?,
        };
        let kind = kind_of(&metadata);
        let out = !real.is_empty() && is_out(&real);
        if out && (prunes || kind != Kind::Folder) {
            continue;
        }
        if kind == Kind::Folder {
            for entry in fs::read_dir(&place).with_context(cannot)? {
                let entry = entry.with_context(cannot)?;
                let own = name_of(&entry.file_name());
                let below = |above: &str| match above {
                    "" => own.clone(),
                    above => format!("{above}/{own}"),
                };
                ahead.push((below(&name), below(&real), entry.path()));
            }
        }
        let mode = metadata.permissions().mode() & 0o7777;
        let list = if out { &mut left_out } else { &mut found };
        list.insert(name, Found { place, kind, mode });
    }
    left_out.retain(|folder, _| {
        let below = format!("{folder}/");
        let first = found.range(below.clone()..).next();
        first.is_some_and(|(name, _)| name.starts_with(&below))
    });
    found.append(&mut left_out);
    Ok(found)
}

/// The name as text. If it is not UTF-8, its bytes follow in hexadecimal.
fn name_of(name: &OsStr) -> String {
    match name.to_str() {
        Some(text) => text.to_owned(),
        None => format!("{}#{}", name.to_string_lossy(), hex(name.as_bytes())),
    }
}

/// Reads each file once, with as many threads as the machine has where there are many.
fn read_all(found: BTreeMap<String, Found>) -> Result<impl Iterator<Item = (String, Value)>> {
    let files: Vec<(String, Found)> = found.into_iter().collect();
    let next = AtomicUsize::new(0);
    let work = || -> Result<Vec<(usize, Value)>> {
        let mut buffer = vec![0; 64 * 1024];
        let mut values = Vec::new();
        loop {
            let start = next.fetch_add(FEW, Ordering::Relaxed);
            if start >= files.len() {
                return Ok(values);
            }
            let end = files.len().min(start + FEW);
            for (index, (_, found)) in files[start..end].iter().enumerate() {
                values.push((start + index, read(found, &mut buffer)?));
            }
        }
    };
    let threads = thread::available_parallelism().map_or(1, usize::from);
    let threads = threads.min(files.len() / FEW + 1).min(8);
    let parts: Vec<Result<Vec<(usize, Value)>>> = if threads < 2 {
        vec![work()]
    } else {
        thread::scope(|scope| {
            let running: Vec<_> = (0..threads).map(|_| scope.spawn(work)).collect();
            let ended = running.into_iter().map(|thread| match thread.join() {
                Ok(values) => values,
                Err(panic) => std::panic::resume_unwind(panic),
            });
            ended.collect()
        })
    };
    let mut values: Vec<Option<Value>> = files.iter().map(|_| None).collect();
    for part in parts {
        for (index, value) in part? {
            values[index] = Some(value);
        }
    }
    let named = files.into_iter().zip(values);
    Ok(named.filter_map(|((name, _), value)| Some((name, value?))))
}

fn read(found: &Found, buffer: &mut [u8]) -> Result<Value> {
    let cannot = || format!("cannot read `{}`", found.place.display());
    let sum = match found.kind {
        Kind::File => {
            let mut file = File::open(&found.place).with_context(cannot)?;
            let mut hasher = Sha256::new();
            loop {
                match file.read(buffer) {
                    Ok(0) => break,
                    Ok(length) => hasher.update(&buffer[..length]),
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    Err(error) => return Err(error).with_context(cannot),
                }
            }
            hex(&hasher.finalize())
        }
        Kind::Link => {
            let target = fs::read_link(&found.place).with_context(cannot)?;
            sum(&[target.as_os_str().as_bytes()])
        }
        Kind::Folder | Kind::Other => String::new(),
    };
    Ok(value_of(found.kind, found.mode, sum))
}
