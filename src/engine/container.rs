//! Containers and images, as the engine describes them.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::Deserialize;

/// The label with the project's name, by which Compose finds its containers and images.
pub const PROJECT_LABEL: &str = "com.docker.compose.project";

/// The properties of a container that matter for the removal of its image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's identifier.
    pub id: String,
    /// Without docker's leading slash.
    pub name: String,
    /// Whether it must be stopped before it can be removed.
    pub running: bool,
    /// The Compose project that made it, if one did.
    pub project: Option<String>,
    /// Its service in that project.
    pub service: Option<String>,
    /// The ports of the host that lead to it.
    pub ports: Vec<PublishedPort>,
    /// The directory of that project.
    folder: Option<PathBuf>,
    /// Identifier of the image that it was made from.
    image_id: String,
    /// The image's name at that time.
    image_name: String,
}

/// A port of the host that leads to a container.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublishedPort {
    /// In the container, with its protocol: `22/tcp`.
    pub container: String,
    /// The address of the host; empty or unspecified for all.
    pub address: String,
    /// On the host.
    pub host: u16,
}

/// An image.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Image {
    /// The engine's identifier.
    pub id: String,
    /// The Compose project that built it, if that is known.
    pub project: Option<String>,
    /// What it says about itself.
    pub labels: BTreeMap<String, String>,
}

type Labels = Option<BTreeMap<String, String>>;

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedContainer {
    id: String,
    name: String,
    image: String,
    /// podman's key for the name.
    #[serde(default)]
    image_name: String,
    config: InspectedConfig,
    state: InspectedState,
    #[serde(default)]
    network_settings: InspectedNetwork,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedNetwork {
    /// Empty for a port that is only exposed.
    #[serde(default)]
    ports: Option<BTreeMap<String, Option<Vec<InspectedPort>>>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedPort {
    #[serde(default)]
    host_ip: String,
    #[serde(default)]
    host_port: String,
}

impl InspectedNetwork {
    fn published(self) -> Vec<PublishedPort> {
        let ports = self.ports.unwrap_or_default().into_iter();
        let ports = ports.flat_map(|(container, found)| {
            let found = found.unwrap_or_default().into_iter();
            found.filter_map(move |port| {
                Some(PublishedPort {
                    container: container.clone(),
                    address: port.host_ip,
                    host: port.host_port.parse().ok()?,
                })
            })
        });
        ports.collect()
    }
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedImage {
    id: String,
    config: Option<InspectedConfig>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    #[serde(default)]
    image: String,
    #[serde(default)]
    labels: Labels,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedState {
    #[serde(default)]
    running: bool,
    /// podman does not report such a container as running.
    #[serde(default)]
    paused: bool,
}

/// Reads the output of `container inspect`; `None` if it is not as expected.
pub(super) fn containers(json: &str) -> Option<Vec<Container>> {
    let all: Vec<InspectedContainer> = serde_json::from_str(json).ok()?;
    Some(all.into_iter().map(Container::from).collect())
}

/// Reads the output of `image inspect` for one image.
pub(super) fn image(json: &str) -> Option<Image> {
    let all: Vec<InspectedImage> = serde_json::from_str(json).ok()?;
    let found = all.into_iter().next()?;
    let labels = found.config.and_then(|config| config.labels);
    let labels = labels.unwrap_or_default();
    Some(Image {
        id: plain_id(&found.id),
        project: labels.get(PROJECT_LABEL).cloned(),
        labels,
    })
}

impl Container {
    /// Whether it was made from an image: by this name, also before a rebuild, or by its bare identifier.
    ///
    /// Containers of images that were only built on top of it are not, nor are those that were started by another name
    /// of the same image: `docker tag base:1 demo:1` makes no container of `base:1` one of demo's.
    pub fn is_of(&self, image: &str, id: Option<&str>) -> bool {
        let with_tag = |name: &str| {
            let full = ["localhost/", "docker.io/library/", "docker.io/"];
            let short = full.iter().find_map(|start| name.strip_prefix(start));
            let name = short.unwrap_or(name).to_owned();
            let last = name.rsplit('/').next().unwrap_or_default();
            if last.contains([':', '@']) {
                name
            } else {
                name + ":latest"
            }
        };
        let bare = self.image_name.strip_prefix("sha256:");
        let bare = bare.unwrap_or(&self.image_name);
        id == Some(&self.image_id) && self.image_id.starts_with(bare)
            || with_tag(&self.image_name) == with_tag(image)
    }

    /// Whether the Compose project of this name made it, in this directory: two directories may have one name.
    pub fn is_made_by(&self, project: &str, folder: &Path) -> bool {
        let same = |other: &PathBuf| match (other.canonicalize(), folder.canonicalize()) {
            (Ok(other), Ok(folder)) => other == folder,
            // The project has been moved since.
            _ => false,
        };
        self.project.as_deref() == Some(project) && self.folder.as_ref().is_none_or(same)
    }
}

impl From<InspectedContainer> for Container {
    fn from(found: InspectedContainer) -> Self {
        // Compose labels the images that it builds with the project, too, and every container inherits its image's
        // labels; the container's number is on Compose's own containers alone.
        let labels = found.config.labels.unwrap_or_default();
        let is_composes = labels.contains_key("com.docker.compose.container-number");
        let label = |name| labels.get(name).filter(|_| is_composes);
        Self {
            id: found.id,
            name: found.name.trim_start_matches('/').to_owned(),
            running: found.state.running || found.state.paused,
            project: label(PROJECT_LABEL).cloned(),
            service: label("com.docker.compose.service").cloned(),
            ports: found.network_settings.published(),
            folder: label("com.docker.compose.project.working_dir").map(PathBuf::from),
            image_id: plain_id(&found.image),
            image_name: if found.image_name.is_empty() {
                found.config.image
            } else {
                found.image_name
            },
        }
    }
}

/// docker writes the hash algorithm before an identifier, podman does not.
fn plain_id(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(image_id: &str, image_name: &str) -> Container {
        Container {
            id: "c".into(),
            name: "c".into(),
            running: false,
            project: None,
            service: None,
            ports: Vec::new(),
            folder: None,
            image_id: image_id.into(),
            image_name: image_name.into(),
        }
    }

    #[test]
    fn a_container_belongs_to_an_image_by_identifier_or_name() {
        let case = |image_id: &str, image_name: &str, expected| {
            let is_of = container(image_id, image_name).is_of("demo:1", Some("aa"));
            assert_eq!(is_of, expected, "{image_id} {image_name}");
        };
        case("aa", "sha256:aa", true);
        case("aa", "a", true);
        case("aa", "", true);
        case("aa", "base:1", false);
        case("old", "docker.io/library/demo:1", true);
        case("old", "demo:1", true);
        case("old", "localhost/demo:1", true);
        case("bb", "demo:2", false);
        case("bb", "other/demo:1", false);
    }

    #[test]
    fn a_name_without_a_tag_is_the_latest() {
        assert!(container("", "host:5000/demo").is_of("host:5000/demo:latest", None));
        assert!(!container("", "demo:1").is_of("demo", None));
    }
}
