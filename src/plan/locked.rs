//! A locked build: the entries of `pei.lock` as files that its steps see, and the images by their digests.

use std::collections::BTreeMap;
use std::fmt::Write;

use super::dockerfile::{Dockerfile, ImageStage, Part, Start};
use super::step;
use crate::lock::{Lock, LockedStage};
use crate::model::{Builder, ComposeText, Copied, Origin, Project, Source, Stage, Start as From};

/// The directory of the files.
pub(crate) const FOLDER: &str = "installation/pei-locked";

/// A file that steps of a locked build see.
#[derive(Debug)]
pub struct LockedFile {
    /// Its path in the project.
    pub path: String,
    /// A line for each entry: its kind, the architecture, and its values.
    pub rows: String,
}

/// The project with the locked images by their digests, where a digest is the same for all architectures of the lock.
pub(super) fn pinned(project: &Project, lock: &Lock) -> Project {
    let mut project = project.clone();
    for Stage { from, copies, .. } in &mut project.stages {
        if let Origin::Image(base) = from {
            pin_base(base, lock);
        }
        pin_copies(copies, lock);
    }
    for Builder { from, copies, .. } in &mut project.builders {
        if let From::Image(base) = from {
            pin_base(base, lock);
        }
        pin_copies(copies, lock);
    }
    project
}

fn pin_base(base: &mut ComposeText, lock: &Lock) {
    // Compose may replace a marker by the name of another image.
    let pinned = base.as_literal().and_then(|name| with_digest(name, lock));
    if let Some(name) = pinned {
        *base = ComposeText::literal(name);
    }
}

fn pin_copies(copies: &mut [Copied], lock: &Lock) {
    for copied in copies {
        if let Source::Image(name) = &mut copied.from
            && let Some(pinned) = with_digest(name, lock)
        {
            *name = pinned;
        }
    }
}

fn with_digest(name: &str, lock: &Lock) -> Option<String> {
    let locked = lock.architectures.values();
    let mut digests = locked.filter_map(|locked| Some(locked.images.get(name)?.digest.as_ref()));
    let first = digests.next()??;
    let is_same = digests.all(|digest| digest == Some(first));
    (is_same && !name.contains('@')).then(|| format!("{name}@{first}"))
}

/// Adds the time of the lock to each stage, and to each step that installs something what the lock has for it. Returns the
/// files that the steps see.
pub(super) fn apply<'d>(
    dockerfiles: impl IntoIterator<Item = &'d mut Dockerfile>,
    lock: &Lock,
) -> Vec<LockedFile> {
    let mut files = BTreeMap::new();
    for dockerfile in dockerfiles {
        let bases = bases(&dockerfile.images);
        for image in &mut dockerfile.images {
            let stage = name_of(image).to_owned();
            for step in &mut image.steps {
                let Some(seen) = step::see_locked(step, &stage) else {
                    continue;
                };
                let stages = lineage(&stage, &bases);
                files.insert(file(&stage, APT), packages(lock, &stages));
                if seen == step::SeenOfLock::All {
                    files.insert(file(&stage, DOWNLOADS), downloads(lock, &stages));
                }
            }
            if image.part != Part::Files {
                image
                    .steps
                    .insert(0, step::lock_time(lock.source_date_epoch));
                if let Part::Image { tail } = &mut image.part
                    && *tail > 0
                {
                    *tail += 1;
                }
            }
        }
    }
    let files = files.into_iter();
    files
        .map(|(path, rows)| LockedFile { path, rows })
        .collect()
}

/// The kinds of files.
pub(super) const APT: &str = "apt";
pub(super) const DOWNLOADS: &str = "downloads";

/// The path of a file.
pub(super) fn file(stage: &str, kind: &str) -> String {
    format!("{FOLDER}/{stage}.{kind}")
}

/// The name of a stage in the lock.
fn name_of(image: &ImageStage) -> &str {
    without_core(&image.name, image.part == Part::Core)
}

fn without_core(name: &str, is_core: bool) -> &str {
    let core = name.strip_suffix("-core").filter(|_| is_core);
    core.unwrap_or(name)
}

/// The stage below each stage of a file.
fn bases(images: &[ImageStage]) -> BTreeMap<String, String> {
    let is_core = |name: &str| {
        let is_named = |image: &ImageStage| image.name == name;
        images
            .iter()
            .any(|image| is_named(image) && image.part == Part::Core)
    };
    let mut bases = BTreeMap::new();
    for image in images {
        if let Start::Stage(below) = &image.from {
            let below = without_core(below, is_core(below));
            if below != name_of(image) {
                bases.insert(name_of(image).to_owned(), below.to_owned());
            }
        }
    }
    bases
}

/// A stage and those that it builds on, the first one first.
fn lineage<'n>(stage: &'n str, bases: &'n BTreeMap<String, String>) -> Vec<&'n str> {
    let below = |name: &&str| bases.get(*name).map(String::as_str);
    let mut stages: Vec<_> = std::iter::successors(Some(stage), below).collect();
    stages.reverse();
    stages
}

/// The stages of an architecture that the lock has, in the same order.
fn locked<'l>(
    lock: &'l Lock,
    names: &[&str],
) -> impl Iterator<Item = (&'l str, Vec<&'l LockedStage>)> {
    let architectures = lock.architectures.iter();
    let architectures = architectures.map(|(architecture, locked)| {
        let stages = names.iter().filter_map(|name| locked.stages.get(*name));
        (architecture.as_str(), stages.collect())
    });
    // A word of a row.
    architectures.filter(|(architecture, _)| is_word(architecture))
}

fn packages(lock: &Lock, names: &[&str]) -> String {
    let mut rows = String::new();
    for (architecture, stages) in locked(lock, names) {
        // Writing to a string cannot fail.
        let _ = writeln!(rows, "architecture {architecture}");
        let mut packages = BTreeMap::new();
        packages.extend(stages.iter().flat_map(|stage| &stage.apt));
        for (package, version) in packages {
            let name = package.to_string().replacen(':', " ", 1);
            let _ = writeln!(rows, "apt {architecture} {name} {version}");
        }
    }
    rows
}

fn downloads(lock: &Lock, names: &[&str]) -> String {
    let mut rows = String::new();
    for (architecture, locked) in &lock.architectures {
        for (tool, version) in &locked.default_versions {
            if [architecture, tool, version]
                .into_iter()
                .all(|text| is_word(text.as_str()))
            {
                // Writing to a string cannot fail.
                let _ = writeln!(rows, "version {architecture} {tool} {version}");
            }
        }
    }
    for (architecture, stages) in locked(lock, names) {
        let mut downloads = BTreeMap::new();
        let mut clones = BTreeMap::new();
        let mut versions = BTreeMap::new();
        for stage in stages {
            let own = stage.downloads.iter();
            downloads.extend(own.map(|file| ((&file.url, &file.query), &file.sha256)));
            let own = stage.others.iter();
            let own = own.filter(|other| other.value("kind") == "git");
            clones.extend(own.map(|git| {
                let wanted = match git.value("version") {
                    "" => "-",
                    version => version,
                };
                ((git.value("url"), wanted), git.value("commit"))
            }));
            for other in &stage.others {
                let version = other.value("version");
                // What a word such as `latest` stood for, and what was put into an environment by its name.
                let requested = ("requested", other.value("requested"), other.name());
                versions.insert(requested, version);
                if other.value("kind") == "conda" {
                    let installed = ("conda", other.value("environment"), other.name());
                    versions.insert(installed, version);
                }
            }
        }
        for ((url, query), sum) in downloads {
            let query = query.as_ref().map_or("-".to_owned(), ToString::to_string);
            let _ = writeln!(rows, "download {architecture} {sum} {query} {url}");
        }
        for ((url, wanted), commit) in clones {
            if is_word(wanted) && is_word(commit) {
                let _ = writeln!(rows, "git {architecture} {commit} {wanted} {url}");
            }
        }
        for ((kind, wanted, name), version) in versions {
            if [wanted, name, version].into_iter().all(is_word) {
                let _ = writeln!(rows, "{kind} {architecture} {wanted} {name} {version}");
            }
        }
    }
    rows
}

/// Whether a text is one word of a row.
fn is_word(text: &str) -> bool {
    !text.is_empty() && !text.contains(|c: char| c.is_whitespace() || c.is_control())
}
