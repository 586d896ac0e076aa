//! Compares a lock with later images, and with the config.

use std::collections::{BTreeMap, BTreeSet};

use super::{Lock, Locked, LockedStage, Text};
use crate::diagnostic::{escaped, list, quoted};
use crate::model::{Hook, Project};

/// How many digits of an image's sum are shown.
const DIGITS: usize = 12;

/// The differences, one per line: first the value in the lock, then the value in the images.
pub fn differences(lock: &Locked, taken: &Locked) -> Vec<String> {
    let images = |locked: &Locked| {
        let images = locked.images.iter();
        let images = images.map(|(name, image)| {
            let sum = image.identity.to_string();
            (format!("image {name}"), sum.chars().take(DIGITS).collect())
        });
        images.collect()
    };
    let mut lines = changes("", &images(lock), &images(taken));
    let names: BTreeSet<_> = lock.stages.keys().chain(taken.stages.keys()).collect();
    for name in names {
        let of = |locked: &Locked| locked.stages.get(name).map(items).unwrap_or_default();
        lines.extend(changes(&format!("{name}: "), &of(lock), &of(taken)));
    }
    lines
}

/// What differs between two maps of names and versions.
fn changes(
    before: &str,
    old: &BTreeMap<String, String>,
    new: &BTreeMap<String, String>,
) -> Vec<String> {
    let names: BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    let lines = names.into_iter().filter_map(|name| {
        let what = match (old.get(name), new.get(name)) {
            (old, new) if old == new => return None,
            (Some(old), Some(new)) => format!(": {old} → {new}"),
            (None, Some(new)) => format!(" {new} is not in the lock"),
            (Some(old), None) => format!(" {old} is only in the lock"),
            (None, None) => return None,
        };
        let line = format!("{before}{name}{what}").replace("  ", " ");
        Some(escaped(&line))
    });
    lines.collect()
}

/// What a stage took, each with its version.
fn items(stage: &LockedStage) -> BTreeMap<String, String> {
    let mut lines = BTreeMap::from([("base".to_owned(), stage.from.to_string())]);
    let hooks = stage.hooks.iter();
    lines.extend(hooks.map(|hook| (format!("hook {hook}"), String::new())));
    let apt = stage.apt.iter();
    lines.extend(apt.map(|(package, version)| (format!("package {package}"), version.to_string())));
    let downloads = stage.downloads.iter();
    lines.extend(downloads.map(|download| {
        let mut name = format!("download {}", download.url);
        // One alone is the same with another token.
        let same = stage.downloads.iter();
        let same = same.filter(|other| other.url == download.url);
        if let Some(query) = &download.query
            && same.count() > 1
        {
            name = format!("{name}?{query}");
        }
        (name, format!("sha256 {}", download.sha256))
    }));
    for other in &stage.others {
        let places = ["path", "user", "environment"].map(|name| other.value(name));
        let mut words = vec![other.value("kind"), other.name()];
        words.extend(places.into_iter().filter(|place| !place.is_empty()));
        let values = [other.value("version"), other.value("commit")];
        lines.insert(words.join(" "), values.join(" ").trim().to_owned());
    }
    lines
}

/// What a config asks for that its lock may not know.
#[derive(Debug)]
pub struct Asked {
    /// The images that its builds begin with or copy from.
    pub images: BTreeSet<String>,
    /// The scripts of each stage's build hooks, in their order.
    pub hooks: BTreeMap<String, Vec<String>>,
}

impl Asked {
    /// Of a project, whose builds use these images.
    pub fn of(project: &Project, images: BTreeSet<String>) -> Self {
        let scripts = |hooks: &[Hook]| hooks.iter().map(|hook| hook.script.clone()).collect();
        let stages = project.stages.iter();
        let stages = stages.map(|stage| (stage.id.name.clone(), scripts(&stage.custom.on_build)));
        let builders = project.builders.iter();
        let builders = builders.map(|builder| (builder.name.clone(), scripts(&builder.on_build)));
        Self {
            images,
            hooks: stages.chain(builders).collect(),
        }
    }
}

impl Locked {
    /// The name of an image in the lock: a locked build knows the image by the digest as well.
    pub fn plain_name<'n>(&self, name: &'n str) -> &'n str {
        let is_ours = |(plain, digest): &(&str, &str)| {
            let locked = self.images.get(*plain);
            let locked = locked.and_then(|image| image.digest.as_ref());
            locked.is_some_and(|locked| locked.to_string() == *digest)
        };
        let parts = name.rsplit_once('@').filter(is_ours);
        parts.map_or(name, |(plain, _)| plain)
    }
}

/// What the config has and the lock has not, a line each.
pub fn misfits(lock: &Lock, architecture: &str, asked: &Asked) -> Vec<String> {
    let Some(locked) = lock.architectures.get(architecture) else {
        let known: Vec<_> = lock.architectures.keys().map(Text::as_str).collect();
        return vec![format!(
            "the lock has nothing for the architecture {}, only for {}",
            quoted(architecture),
            list(&known, "and")
        )];
    };
    let images = asked.images.iter();
    let images = images.filter(|name| !locked.images.contains_key(locked.plain_name(name)));
    let mut lines: Vec<String> = images
        .map(|name| format!("the image {} is not in the lock", quoted(name)))
        .collect();
    for (stage, scripts) in &asked.hooks {
        let Some(locked) = locked.stages.get(stage.as_str()) else {
            lines.push(format!("the stage {} is not in the lock", quoted(stage)));
            continue;
        };
        let mut known: Vec<&str> = locked.hooks.iter().map(Text::as_str).collect();
        for script in scripts {
            // A script may be a hook more than once.
            match known.iter().position(|one| one == script) {
                Some(place) => drop(known.remove(place)),
                None => lines.push(format!(
                    "the build hook {} of {stage} is not in the lock",
                    quoted(script)
                )),
            }
        }
    }
    lines
}
