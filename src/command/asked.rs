//! What the engine, Compose and registries say of a project before it is built.

use std::collections::BTreeSet;
use std::env;
use std::path::Path;
use std::thread;

use serde_json::Value;

use super::stages::compose_files;
use super::status::{builds_of_plan, in_registries};
use crate::cache::LIMIT;
use crate::engine::Engine;
use crate::failure::Failure;
use crate::plan::Plan;
use crate::state::{self, Bases, Builds};

/// What was asked at once, since each question takes its time.
pub(super) struct Asked {
    /// What Compose makes of the project's files, as JSON.
    pub(super) compose: String,
    /// What the engine has of the images that the files name unless an override file names others.
    pub(super) images: Images,
    /// The engine's platform.
    pub(super) platform: String,
    /// What tells the engine from others.
    pub(super) engine: String,
}

impl Asked {
    /// # Errors
    /// The engine is missing or does not answer; Compose does not read the files.
    pub(super) fn ask(engine: &Engine, plan: &Plan, folder: &Path) -> Result<Self, Failure> {
        let expected = images_of(plan, &builds_of_plan(plan, folder));
        thread::scope(|scope| {
            let images = scope.spawn(|| Images::ask(engine, expected));
            let id = scope.spawn(|| engine.id());
            // Without this, an engine that is away would look like one without images.
            let platform = scope.spawn(|| engine.platform());
            let compose = engine.compose_model(folder, &compose_files(folder))?;
            let platform = joined(platform)?.unwrap_or_else(platform_of_host);
            Ok(Self {
                compose,
                images: joined(images),
                platform,
                engine: joined(id),
            })
        })
    }
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, T>) -> T {
    let result = thread.join();
    result.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

/// What the engine has of the images that were asked for.
pub(super) struct Images {
    asked: BTreeSet<String>,
    pub(super) found: Vec<Value>,
}

impl Images {
    fn ask(engine: &Engine, asked: BTreeSet<String>) -> Self {
        let names: Vec<&str> = asked.iter().map(String::as_str).collect();
        let found = engine.inspect_images(&names);
        Self { asked, found }
    }

    /// Asks for those of them that have not been asked for.
    pub(super) fn add(&mut self, engine: &Engine, names: &BTreeSet<String>) {
        let names = names.difference(&self.asked).cloned().collect();
        self.found.extend(Self::ask(engine, names).found);
    }
}

/// The images that builds begin with or copy from, and those that they make.
pub(super) fn images_of(plan: &Plan, builds: &Builds) -> BTreeSet<String> {
    let own = builds.iter().filter_map(|build| build.image.clone());
    let own = own.filter(|name| !name.is_empty());
    own.chain(state::images(plan, builds)).collect()
}

/// What the engine, or else a registry, knows of images.
pub(super) fn bases(
    engine: &Engine,
    names: &BTreeSet<String>,
    images: &Value,
    platform: &str,
) -> Bases {
    let mut bases = Bases::default();
    let missing = bases.add_inspected(names, images, platform);
    for (name, identity) in in_registries(engine, &missing, platform, LIMIT) {
        bases.insert(name, identity);
    }
    bases
}

/// This machine's, where an engine does not say its own.
pub(super) fn platform_of_host() -> String {
    format!("linux/{}", architecture())
}

/// As Docker calls it.
pub(super) fn architecture() -> &'static str {
    match env::consts::ARCH {
        "x86_64" => "amd64",
        "aarch64" => "arm64",
        other => other,
    }
}
