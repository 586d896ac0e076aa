//! The containers of a project.

use std::path::Path;

use crate::engine::{Container, Engine};
use crate::failure::Failure;
use crate::model::Stage;

/// The container of a stage, if it runs: Compose's, or one that `run-merged.sh` has started.
pub(super) fn running(
    engine: &Engine,
    name: &str,
    folder: &Path,
    stage: &Stage,
) -> Result<Option<Container>, Failure> {
    let image = stage.output.with_defaults();
    let mut containers = engine.containers()?;
    containers.retain(|container| container.running);
    let is_composes = |container: &&Container| {
        container.service.as_ref() == Some(&stage.id.name) && container.is_made_by(name, folder)
    };
    let is_merged = |container: &&Container| {
        container.project.is_none()
            && image
                .as_ref()
                .is_some_and(|image| container.is_of(image, None))
    };
    let found = containers.iter().find(is_composes);
    Ok(found.or_else(|| containers.iter().find(is_merged)).cloned())
}
