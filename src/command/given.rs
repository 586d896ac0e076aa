//! What `configure` reads of a project in addition to its config.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{ErrorKind, Read};
use std::path::{Component, Path, PathBuf};

use anyhow::{Context, Result};

use super::outcome::shell_word;
use crate::assets;
use crate::config::{Host, Layers, SourceFile, is_local, name_of};
use crate::diagnostic::{self, list, nearest, quoted};
use crate::failure::Failure;
use crate::model::{Builder, Project, StageId};
use crate::plan::paths::of_builder;
use crate::plan::{CustomFile, LeftOut, StageFolder};
use crate::project::{COMPOSE_FILE, COMPOSE_TEMPLATE, CREDENTIALS};
use crate::render::quote::ignored_path;
use crate::ui::{Ui, shown};

/// The file that the user edits.
pub(super) const CONFIG: &str = "user_config.yml";
const REFERENCE: &str = "reference_config.yml";

/// The directory of the scripts.
pub(super) const INSTALLATION: &str = "installation";

/// No script that a person writes is this large. Other files beside scripts may have gigabytes.
const SCRIPT_BYTES: u64 = 256 * 1024;

/// A private key's first line is found within this many bytes, even if certificates come before it.
const KEY_HEAD: u64 = 1024 * 1024;

/// The project's directory: the given one, or the nearest one above it, which a note then names.
pub(super) fn project_folder(ui: &mut Ui, given: &Path) -> Result<PathBuf> {
    match fs::metadata(given) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let create = quoted(&format!("pei create -p {}", shell_word(given)));
            let failure = Failure::new(format!("the directory {} does not exist", shown(given)));
            return Err(failure
                .help(format!("{create} makes a project there"))
                .into());
        }
        Err(error) => return Err(unreadable("open", given, &error).into()),
        Ok(found) if !found.is_dir() => {
            let failure = Failure::new(format!(
                "{} is a file, not the directory of a project",
                shown(given)
            ));
            return Err(failure
                .help("name the directory that holds the user_config.yml")
                .into());
        }
        Ok(_) => {}
    }
    let is_project = |folder: &Path| {
        folder.join(INSTALLATION).is_dir()
            && (folder.join(CONFIG).exists() || folder.join(COMPOSE_TEMPLATE).exists())
    };
    if is_project(given) || given.join(CONFIG).exists() || given.join(COMPOSE_FILE).exists() {
        return Ok(given.to_owned());
    }
    let here = fs::canonicalize(given).map_err(|error| unreadable("open", given, &error))?;
    let Some(above) = here.ancestors().skip(1).find(|folder| is_project(folder)) else {
        return Ok(given.to_owned());
    };
    ui.note(&format!("the project is {}", shown(above)));
    Ok(above.to_owned())
}

/// Requires a readable config in a directory that looks like a project.
pub(super) fn require_config(path: &Path, folder: &Path) -> Result<(), Failure> {
    let directory = shell_word(folder);
    let is_project = folder.join(INSTALLATION).is_dir();
    match fs::metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => {
            let failure = Failure::new(format!("there is no config {}", shown(path)));
            Err(failure.help(if is_project {
                other_config(path, folder)
            } else {
                format!("`pei create -p {directory}` makes a project there")
            }))
        }
        Err(error) => Err(unreadable("read", path, &error)),
        Ok(found) if found.is_dir() => Err(Failure::new(format!(
            "{} is a directory, not a config",
            shown(path)
        ))
        .help("name a file with -c")),
        Ok(found) if !found.is_file() => {
            Err(Failure::new(format!("{} is not a plain file", shown(path)))
                .help("name a file with -c"))
        }
        Ok(_) if !is_project => Err(Failure::new(format!(
            "{} is not a project of pei: it has no directory `{INSTALLATION}`",
            shown(folder)
        ))
        .help(format!(
            "`pei create -p {directory} --force` makes it one and keeps your files"
        ))),
        Ok(_) => Ok(()),
    }
}

/// The project that a config describes. Errors are printed; warnings are not, because `pei configure` prints them.
pub(super) fn load_config(
    ui: &mut Ui,
    folder: &Path,
    config: &Path,
    host: &Host,
) -> Result<Option<Project>> {
    let path = folder.join(config);
    require_config(&path, folder)?;
    let (source, result) = match SourceFile::decode(name_of(&path), read_config(&path)?) {
        Err((source, problem)) => (source, Err(vec![*problem])),
        Ok(source) => Layers::read(source, &path, host).load(host),
    };
    match result {
        Ok(loaded) => Ok(Some(loaded.project)),
        Err(found) => {
            ui.error_text(&diagnostic::render(&found, &source, ui.colour()));
            Ok(None)
        }
    }
}

/// Suggests another config in place of a missing one.
fn other_config(path: &Path, folder: &Path) -> String {
    let names = configs(folder);
    let missing = path.file_name().unwrap_or_default().to_string_lossy();
    if let Some(meant) = nearest(&missing, names.iter().map(String::as_str)) {
        return format!(
            "did you mean {}? `-c {}` reads it",
            quoted(meant),
            shell_word(Path::new(meant))
        );
    }
    if names.is_empty() {
        return format!(
            "copy {} to it, or name another config with -c",
            shown(&folder.join(REFERENCE))
        );
    }
    format!(
        "-c is relative to the project, which holds {}",
        list(&names, "and")
    )
}

/// The names of a project's configs, sorted.
fn configs(folder: &Path) -> Vec<String> {
    let is_config = |name: &String| {
        let extension = Path::new(name).extension().and_then(OsStr::to_str);
        matches!(extension, Some("yml" | "yaml"))
            && ![COMPOSE_FILE, COMPOSE_TEMPLATE, REFERENCE].contains(&name.as_str())
    };
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        // Opening a pipe would block.
        .filter(|entry| entry.path().is_file())
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.retain(is_config);
    names.sort_unstable();
    names
}

/// The private keys below `installation/` that any config of the project names: an image built from one config must
/// not hold the keys of another. The configs are searched as plain text, so that the keys are also found in a
/// config with mistakes. The keys of tracked configs are listed even if they are missing, as in a clone. A key of
/// an untracked config, or a value that may not be a path, is only listed if the file exists.
pub(super) fn keys_of_configs(folder: &Path) -> Vec<String> {
    let mut keys = Vec::new();
    for name in configs(folder) {
        let bytes = read_config(&folder.join(&name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let is_tracked = !is_local(&name);
        let named = text.match_indices("privkey_file");
        for (before, rest) in named.map(|(at, key)| (&text[..at], &text[at + key.len()..])) {
            let rest = rest.trim_start_matches(['"', '\'', ' ']);
            let value = rest.strip_prefix(':').unwrap_or_default();
            let value = value
                .split([',', '}', '#', '\n'])
                .next()
                .unwrap_or_default()
                .trim();
            let path = Path::new(value.trim_matches(['"', '\'']));
            let plain: PathBuf = path
                .components()
                .filter(|part| *part != Component::CurDir)
                .collect();
            let is_inside = plain
                .components()
                .all(|part| matches!(part, Component::Normal(_)));
            let is_there = || folder.join(INSTALLATION).join(&plain).is_file();
            let is_listed = is_tracked && !is_in_comment(before) && is_plain_path(value);
            if is_inside && (is_listed || is_there()) {
                keys.extend(plain.into_os_string().into_string());
            }
        }
    }
    keys.extend(keys_left_out_before(folder));
    keys
}

/// Whether the text after `before` may be in a comment.
fn is_in_comment(before: &str) -> bool {
    let line = before.rsplit('\n').next().unwrap_or_default();
    line.starts_with('#') || line.contains(" #") || line.contains("\t#")
}

/// Whether a value must be a path to YAML, and the same path on every machine.
fn is_plain_path(value: &str) -> bool {
    let inner = ['"', '\'']
        .iter()
        .find_map(|quote| value.strip_prefix(*quote)?.strip_suffix(*quote));
    let path = inner.unwrap_or(value);
    let is_plain = |c: char| c.is_alphanumeric() || " _-.+@/()[]".contains(c);
    let is_word = inner.is_none() && ["", "null", "Null", "NULL"].contains(&path);
    path.starts_with(|c: char| c.is_alphanumeric() || "._".contains(c))
        && path.chars().all(is_plain)
        && !path.ends_with('/')
        && !is_word
}

/// The private keys that the last run kept out of builds and commits. A key stays in the list when no config names
/// it any more: the file still exists, and the next commit would publish it.
fn keys_left_out_before(folder: &Path) -> Vec<String> {
    let is_key = |path: &String| {
        let path = folder.join(INSTALLATION).join(path);
        path.is_file() && holds_private_key(&path)
    };
    let mut keys = Vec::new();
    for name in [".dockerignore", ".gitignore"] {
        let bytes = read_config(&folder.join(name)).unwrap_or_default();
        let text = String::from_utf8_lossy(&bytes);
        let listed = text.lines().filter_map(|line| {
            let line = line.strip_prefix('/').unwrap_or(line);
            let path = line.strip_prefix(INSTALLATION)?.strip_prefix('/')?;
            ignored_path(path)
        });
        keys.extend(listed.filter(is_key));
    }
    keys
}

/// All private keys below `installation/`, relative to it and sorted. Files that builds leave out by their name are
/// skipped, and so are scripts and pages, which are most of the files.
pub(super) fn private_keys(folder: &Path) -> Vec<String> {
    let by_name = LeftOut::default();
    let mut keys = Vec::new();
    let mut folders = vec![INSTALLATION.to_owned()];
    while let Some(above) = folders.pop() {
        let entries = fs::read_dir(folder.join(&above)).into_iter().flatten();
        for entry in entries.flatten() {
            let (Ok(name), Ok(kind)) = (entry.file_name().into_string(), entry.file_type()) else {
                continue;
            };
            let mut path = format!("{above}/{name}");
            let is_other = [".sh", ".bash", ".md"]
                .iter()
                .any(|end| name.ends_with(end));
            if by_name.holds(&path) {
            } else if kind.is_dir() {
                folders.push(path);
            } else if kind.is_file() && !is_other && holds_private_key(&entry.path()) {
                keys.push(path.split_off(INSTALLATION.len() + 1));
            }
        }
    }
    keys.sort_unstable();
    keys
}

/// Whether any line of a file begins like a private key, in the formats of ssh, TLS, PGP and `PuTTY`. The build
/// step that copies a context does the same check.
fn holds_private_key(path: &Path) -> bool {
    let mut start = Vec::new();
    let head = File::open(path).and_then(|file| file.take(KEY_HEAD).read_to_end(&mut start));
    head.is_ok() && start.split(|byte| *byte == b'\n').any(begins_private_key)
}

fn begins_private_key(line: &[u8]) -> bool {
    // A byte order mark may come before it.
    let is_before = |byte: &u8| byte.is_ascii_whitespace() || b"\x0b\xef\xbb\xbf".contains(byte);
    let before = line.iter().take_while(|byte| is_before(byte)).count();
    let line = &line[before..];
    if line.starts_with(b"PuTTY-User-Key-File-") {
        return true;
    }
    let dashes = line.iter().take_while(|byte| **byte == b'-').count();
    // No kind of key has a longer name.
    let rest = String::from_utf8_lossy(&line[dashes..line.len().min(dashes + 80)]);
    let kind = rest.strip_prefix(' ').unwrap_or(&rest);
    let Some((kind, _)) = kind
        .strip_prefix("BEGIN ")
        .and_then(|kind| kind.split_once("PRIVATE KEY"))
    else {
        return false;
    };
    let is_name = |c: char| c.is_ascii_uppercase() || c.is_ascii_digit() || c == ' ';
    matches!(dashes, 4 | 5) && kind.chars().all(is_name)
}

/// The bytes of the config. Reading stops one byte after the largest size that is accepted.
pub(super) fn read_config(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    let limit = SourceFile::MAX_BYTES as u64 + 1;
    File::open(path)
        .and_then(|file| file.take(limit).read_to_end(&mut bytes))
        .map_err(|error| unreadable("read", path, &error))?;
    Ok(bytes)
}

/// The failure, with a cure if the error does not suggest one by itself.
fn unreadable(verb: &str, path: &Path, error: &std::io::Error) -> Failure {
    let failure = Failure::new(format!("cannot {verb} {}: {error}", shown(path)));
    match error.kind() {
        ErrorKind::PermissionDenied => {
            failure.help("check its owner and mode, and those of the directories above it")
        }
        _ => failure,
    }
}

/// The credentials that the last run wrote, if any.
pub(super) fn credentials(folder: &Path) -> Result<Option<String>> {
    let path = folder.join(CREDENTIALS);
    // Anything but a plain file is ignored here: it is replaced later, or refused then.
    if !fs::metadata(&path).is_ok_and(|found| found.is_file()) {
        return Ok(None);
    }
    match fs::read_to_string(&path) {
        Ok(text) => Ok(Some(text)),
        Err(error) if error.kind() == ErrorKind::InvalidData => Ok(None),
        Err(error) => Err(error).with_context(|| format!("cannot read {}", shown(&path))),
    }
}

/// The content of each stage's directory, together with what pei adds to it. An entry that cannot be read is left
/// out. Further stages have a directory only if somebody made it. If `project` is `None`, the project does not
/// exist yet.
pub(super) fn stage_folders(
    project: Option<&Path>,
    builders: &[Builder],
) -> BTreeMap<String, StageFolder> {
    let folders = builders.iter().map(|builder| of_builder(&builder.name));
    let made = folders.filter(|path| {
        project.is_some_and(|project| {
            let context = project.join(INSTALLATION);
            is_found_by_builds(&context, &context.join(path)) && context.join(path).is_dir()
        })
    });
    let further = made.map(|path| (path, StageFolder::default()));
    let stages = StageId::in_every_project().map(|id| id.name);
    stages
        .into_iter()
        .map(|name| {
            let context = project.map(|project| project.join(INSTALLATION));
            let found = context.map(|context| found_in(&context, &name));
            let mut found = found.unwrap_or_default();
            let shipped = assets::installation().filter(|(path, _)| !assets::is_users(path));
            for (path, _) in shipped {
                let own = path
                    .strip_prefix(&name)
                    .and_then(|path| path.strip_prefix('/'));
                let Some((entry, rest)) = own.and_then(|path| path.split_once('/')) else {
                    continue;
                };
                add(&mut found.entries, entry);
                if entry == "system" {
                    add(&mut found.tools, rest.split('/').next().unwrap_or(rest));
                }
            }
            add(&mut found.entries, "generated");
            found.entries.sort_unstable();
            (name, found)
        })
        .chain(further)
        .collect()
}

/// The names in `installation/` that a build can mount, sorted.
pub(super) fn other_names(project: &Path) -> Vec<String> {
    let context = project.join(INSTALLATION);
    names(&context, &context)
}

fn add(names: &mut Vec<String>, name: &str) {
    if !names.iter().any(|known| known == name) {
        names.push(name.to_owned());
    }
}

fn found_in(context: &Path, stage: &str) -> StageFolder {
    let folder = context.join(stage);
    let custom = names(context, &folder.join("custom")).into_iter();
    let tmp = names(context, &folder.join("tmp")).into_iter();
    StageFolder {
        tmp: tmp
            .filter(|name| !["README.md", ".gitignore", ".gitkeep"].contains(&name.as_str()))
            .collect(),
        entries: names(context, &folder),
        tools: names(context, &folder.join("system")),
        custom: custom
            .filter(|name| name != "README.md")
            .map(|name| CustomFile {
                text: script_text(&folder.join("custom").join(&name)),
                name,
            })
            .collect(),
    }
}

/// The names in a directory that a build can mount, sorted.
fn names(context: &Path, folder: &Path) -> Vec<String> {
    let entries = fs::read_dir(folder).into_iter().flatten().flatten();
    let mut names: Vec<String> = entries
        .filter(|entry| is_found_by_builds(context, &entry.path()))
        .filter_map(|entry| entry.file_name().into_string().ok())
        .collect();
    names.sort_unstable();
    names
}

/// Whether `BuildKit` finds a path: a file, a directory, or a link whose target is inside the context. It resolves
/// an absolute link from the root of the context, so such a link is never found.
fn is_found_by_builds(context: &Path, path: &Path) -> bool {
    let mut path = path.to_owned();
    // More links than this are a loop.
    for _ in 0..16 {
        match fs::symlink_metadata(&path) {
            Ok(found) if found.is_symlink() => {}
            Ok(found) => return (found.is_file() || found.is_dir()) && is_below(context, &path),
            Err(_) => return false,
        }
        match (fs::read_link(&path), path.parent()) {
            (Ok(target), Some(folder)) if target.is_relative() => path = folder.join(target),
            _ => return false,
        }
    }
    false
}

fn is_below(folder: &Path, path: &Path) -> bool {
    match (fs::canonicalize(folder), fs::canonicalize(path)) {
        (Ok(folder), Ok(path)) => path.starts_with(folder),
        _ => false,
    }
}

/// The text of a file, if it is small enough to be a script.
fn script_text(path: &Path) -> Option<String> {
    let found = fs::metadata(path).ok()?;
    (found.is_file() && found.len() <= SCRIPT_BYTES)
        .then(|| fs::read(path).ok())
        .flatten()
        .map(|bytes| String::from_utf8_lossy(&bytes).into_owned())
}
