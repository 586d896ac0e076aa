//! Builders that are not the engine.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use anyhow::Result;
use serde_json::Value;

use super::status::in_registries;
use super::taking::Run;
use crate::cache::LIMIT;
use crate::diagnostic::quoted;
use crate::state;
use crate::ui::Ui;

/// Where images lie that a builder is handed, below the project.
const BASES: &str = ".pei/bases";
/// Where an image lies until it is whole.
const UNFINISHED: &str = "unfinished";
/// The file that an image's directory has in the end.
const INDEX: &str = "index.json";

impl Run<'_> {
    /// Everything for a builder that is not the engine: it knows no address of the host and no image of the engine's.
    pub(super) fn prepare_for(&mut self, ui: &mut Ui, builder: &str) -> Result<()> {
        let engine = &self.stages.engine;
        if engine.driver(builder)? == "docker" {
            return Ok(());
        }
        let mut contexts = BTreeMap::new();
        let images = self.stages.images();
        let pinned = images.iter().map(|image| self.pinned(image));
        let pinned: BTreeSet<String> = pinned.collect();
        let there = in_registries(engine, &pinned, &self.stages.platform, LIMIT);
        let there: BTreeMap<_, _> = there.into_iter().collect();
        for image in images {
            let pinned = self.pinned(&image);
            // Without an identity here there is no state, and any image of that name will do.
            let is_same = match (there.get(&pinned), self.stages.base(&image)) {
                (Some(Ok(there)), Ok(own)) => there.sum == own.sum,
                (Some(Ok(_)), Err(_)) => true,
                _ => false,
            };
            let handed_over = if is_same {
                None
            } else {
                self.hand_over(&image)?
            };
            let from_registry = (pinned != image).then(|| format!("docker-image://{pinned}"));
            let Some(place) = handed_over.or(from_registry) else {
                continue;
            };
            ui.detail(&format!(
                "the builder gets {} from {}",
                quoted(&image),
                quoted(&place)
            ));
            contexts.insert(image, place);
        }
        self.builder = Some(contexts);
        Ok(())
    }

    /// The name of an image with the digest of what its state was computed from: under the tag, a registry may have a newer
    /// image than the engine. The name alone where no digest is known.
    fn pinned(&self, image: &str) -> String {
        let digest = self.stages.base(image).ok().and_then(|base| base.digest);
        match digest {
            Some(digest) if !image.contains('@') => format!("{image}@{digest}"),
            _ => image.to_owned(),
        }
    }

    /// The images of a locked build that the engine has, but under other names.
    pub(super) fn prepare_own_images(&mut self) -> Result<()> {
        let engine = &self.stages.engine;
        for (name, own) in &self.stages.stand_ins {
            let found = engine.inspect_images(&[own]);
            let asks_registry = found
                .first()
                .is_some_and(|image| state::own_digest(image, own).is_some());
            let place = if asks_registry {
                self.hand_over(own)?
            } else {
                Some(format!("docker-image://{own}"))
            };
            if let Some(place) = place {
                self.own_images.insert(state::familiar_name(name), place);
            }
        }
        Ok(())
    }

    /// An image that no registry has as the engine has it, as a directory that a builder reads.
    fn hand_over(&self, image: &str) -> Result<Option<String>> {
        let engine = &self.stages.engine;
        let image = self
            .stages
            .stand_ins
            .get(image)
            .map_or(image, String::as_str);
        let found = engine.inspect_images(&[image]);
        let Some(id) = found.first().and_then(|image| image["Id"].as_str()) else {
            return Ok(None);
        };
        let folder = fs::canonicalize(&self.stages.folder)?.join(BASES);
        let place = folder.join(id.trim_start_matches("sha256:"));
        if !place.join(INDEX).is_file() {
            // Whole before it has its name. The lock of builds keeps other runs away, so what is there is of one that was killed.
            let temporary = folder.join(UNFINISHED);
            if temporary.exists() {
                fs::remove_dir_all(&temporary)?;
            }
            fs::create_dir_all(&temporary)?;
            engine.save_unpacked(image, &temporary)?;
            fs::rename(&temporary, &place)?;
        }
        let text = fs::read_to_string(place.join(INDEX))?;
        let index: Value = serde_json::from_str(&text).unwrap_or_default();
        let digest = index["manifests"][0]["digest"].as_str();
        Ok(digest.map(|digest| format!("oci-layout://{}@{digest}", place.display())))
    }
}
