//! What this machine's engines have built of a project.
//!
//! Labels say which stages an image was built with, but they travel with it: a pulled or loaded image would say that it was
//! built here. So the images are recorded beside the project, by the engine that has built them.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use anyhow::Result;
use serde_json::Value;

use crate::cache::BUILT_LABEL;
use crate::private_file;

/// The record, in a project.
const RECORD: &str = ".pei/built.json";

/// Images by their services, by the names of engines.
type Record = BTreeMap<String, BTreeMap<String, String>>;

/// Without a record that can be read, nothing was built here.
fn read(folder: &Path) -> Record {
    let text = fs::read_to_string(folder.join(RECORD)).unwrap_or_default();
    serde_json::from_str(&text).unwrap_or_default()
}

/// Stage and state of all that an engine has built, as the labels of its images say. `images` are the services' images as the
/// engine describes them.
pub(super) fn built_here<'i>(
    folder: &Path,
    engine: &str,
    images: impl Iterator<Item = (&'i str, &'i Value)>,
) -> BTreeSet<(String, String)> {
    let record = read(folder);
    let own = record.get(engine);
    let is_own = |service: &str, image: &Value| {
        let known = own.and_then(|images| images.get(service));
        known.is_some_and(|id| image["Id"].as_str() == Some(id))
    };
    let labels = images
        .filter(|(service, image)| is_own(service, image))
        .filter_map(|(_, image)| image["Config"]["Labels"][BUILT_LABEL].as_str());
    let pairs = labels
        .flat_map(str::split_whitespace)
        .filter_map(|pair| pair.split_once('='));
    pairs
        .map(|(stage, state)| (stage.to_owned(), state.to_owned()))
        .collect()
}

/// Records the images of services that an engine has built: their ids, or `None` where they were built elsewhere.
///
/// # Errors
/// The record cannot be written.
pub(super) fn record(
    folder: &Path,
    engine: &str,
    images: impl Iterator<Item = (String, Option<String>)>,
) -> Result<()> {
    let mut record = read(folder);
    let own = record.entry(engine.to_owned()).or_default();
    for (service, id) in images {
        match id {
            Some(id) => own.insert(service, id),
            None => own.remove(&service),
        };
    }
    let text = serde_json::to_string(&record).unwrap_or_default();
    private_file::write(&folder.join(RECORD), text.as_bytes())
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn only_what_an_engine_has_built_itself_was_built_here() {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join(".pei")).unwrap();
        let image =
            |id: &str| json!({"Id": id, "Config": {"Labels": {BUILT_LABEL: "web=ab py=cd"}}});
        let built = |engine: &str, id: &str| {
            let image = image(id);
            built_here(folder.path(), engine, [("web", &image)].into_iter()).len()
        };
        assert_eq!(built("A", "sha256:1"), 0);
        let write = |engine: &str, id: Option<&str>| {
            let images = [("web".to_owned(), id.map(str::to_owned))];
            record(folder.path(), engine, images.into_iter()).unwrap();
        };
        write("A", Some("sha256:1"));
        assert_eq!(built("A", "sha256:1"), 2);
        // A pulled image under the same name, and the same image on another engine.
        assert_eq!(built("A", "sha256:2"), 0);
        assert_eq!(built("B", "sha256:1"), 0);
        write("B", Some("sha256:2"));
        assert_eq!(built("A", "sha256:1"), 2);
        write("A", None);
        assert_eq!(built("A", "sha256:1"), 0);
        fs::write(folder.path().join(RECORD), "[]").unwrap();
        assert_eq!(built("B", "sha256:2"), 0);
    }
}
