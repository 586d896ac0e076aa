//! Builders that are not the engine.

use std::collections::BTreeMap;
use std::fs;
use std::time::Instant;

use anyhow::Result;
use serde_json::Value;

use super::taking::Run;
use crate::cache::LIMIT;
use crate::diagnostic::quoted;
use crate::engine::Answer;
use crate::ui::Ui;

/// Where images lie that a builder is handed, below the project.
const BASES: &str = ".pei/bases";
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
        let deadline = Instant::now() + LIMIT;
        for image in self.stages.images() {
            let arguments = ["buildx", "imagetools", "inspect", "--", &image];
            if matches!(engine.ask_until(&arguments, deadline), Answer::Done(_)) {
                continue;
            }
            let Some(place) = self.hand_over(&image)? else {
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

    /// An image that only the engine has, as a directory that a builder reads.
    fn hand_over(&self, image: &str) -> Result<Option<String>> {
        let engine = &self.stages.engine;
        let found = engine.inspect_images(&[image]);
        let Some(id) = found.first().and_then(|image| image["Id"].as_str()) else {
            return Ok(None);
        };
        let folder = fs::canonicalize(&self.stages.folder)?.join(BASES);
        let place = folder.join(id.trim_start_matches("sha256:"));
        if !place.join(INDEX).is_file() {
            // Whole before it has its name.
            let temporary = folder.join(format!("tmp-{}", std::process::id()));
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
