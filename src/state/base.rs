//! What an image is, whichever engine holds it.
//!
//! Its ID is another one in each image store; its layers and its configuration are not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::Unknown;
use super::builds::platform_of;
use super::hash::sum;

/// The parts of an image's configuration that reach what is built on it.
const CONFIG: [&str; 12] = [
    "User",
    "Env",
    "Entrypoint",
    "Cmd",
    "WorkingDir",
    "Labels",
    "ExposedPorts",
    "Volumes",
    "StopSignal",
    "Shell",
    "OnBuild",
    "Healthcheck",
];

/// Labels that say how an image came about.
const OF_BUILDS: [&str; 2] = ["io.pei.", "com.docker.compose."];

/// What an image is, as a sum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Over its layers and its configuration, in hexadecimal digits.
    pub sum: String,
    /// The sums of its layers, unpacked.
    pub layers: Vec<String>,
    /// The digest of its manifest, if a registry gave one.
    pub digest: Option<String>,
}

impl Identity {
    /// Of an image as `docker image inspect` or `docker buildx imagetools inspect --format '{{json .Image}}'` tells of it;
    /// `platform` picks one of those that an image is there for, such as `linux/amd64`.
    pub fn of(image: &Value, platform: &str) -> Option<Self> {
        let image = image.get(platform).unwrap_or(image);
        let text = |names: [&str; 2]| names.iter().find_map(|name| image.get(*name)?.as_str());
        let os = text(["Os", "os"])?;
        let architecture = text(["Architecture", "architecture"])?;
        let own = platform_of(&format!("{os}/{architecture}"));
        if !platform.is_empty() && own != platform && !platform.starts_with(&format!("{own}/")) {
            return None;
        }
        let root = image.get("RootFS").or_else(|| image.get("rootfs"))?;
        let layers = root.get("Layers").or_else(|| root.get("diff_ids"));
        let layers = layers.and_then(Value::as_array).into_iter().flatten();
        let layers: Vec<String> = layers
            .filter_map(Value::as_str)
            .map(str::to_owned)
            .collect();
        let config = image.get("Config").or_else(|| image.get("config"));
        let config = normal_config(config.unwrap_or(&Value::Null));
        let mut fields = vec![os.as_bytes(), architecture.as_bytes(), config.as_bytes()];
        fields.extend(layers.iter().map(String::as_bytes));
        Some(Self {
            sum: sum(&fields),
            layers,
            digest: None,
        })
    }

    /// The same with the digest that an engine has for the name.
    fn with_digest_for(self, name: &str, image: &Value) -> Self {
        let own = own_digest(image, name);
        let digest = own.as_deref().and_then(|own| own.split_once('@'));
        Self {
            digest: digest.map(|(_, digest)| digest.to_owned()),
            ..self
        }
    }
}

/// The repository of a name with the digest that an engine has for it: `docker image inspect` lists one for each repository.
pub fn own_digest(image: &Value, name: &str) -> Option<String> {
    let repository = |name: &str| {
        let full = full_name(name);
        let path = full.split('@').next().unwrap_or_default();
        without_tag(path).to_owned()
    };
    let digests = image["RepoDigests"].as_array().into_iter().flatten();
    let mut digests = digests.filter_map(Value::as_str);
    let own = digests.find(|digest| repository(digest) == repository(name));
    own.map(str::to_owned)
}

/// Engines differ in which empty parts they write, and in their order.
fn normal_config(config: &Value) -> String {
    let mut normal = Map::new();
    for name in CONFIG {
        let Some(value) = config.get(name) else {
            continue;
        };
        let mut value = value.clone();
        if let (true, Value::Object(labels)) = (name == "Labels", &mut value) {
            labels.retain(|label, _| !OF_BUILDS.iter().any(|start| label.starts_with(start)));
        }
        if !is_empty(&value) {
            normal.insert(name.to_owned(), sorted(value));
        }
    }
    Value::Object(normal).to_string()
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(_) | Value::Number(_) => false,
    }
}

pub(super) fn sorted(value: Value) -> Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<String, Value> = map
                .into_iter()
                .map(|(name, value)| (name, sorted(value)))
                .collect();
            sorted.into_iter().collect()
        }
        Value::Array(items) => items.into_iter().map(sorted).collect(),
        other => other,
    }
}

/// The images that a build begins with or copies from, by the names that the Dockerfiles have.
#[derive(Debug, Clone, Default)]
pub struct Bases(BTreeMap<String, Result<Identity, Unknown>>);

impl Bases {
    /// What is known of an image, or why nothing is.
    pub fn insert(&mut self, name: impl Into<String>, identity: Result<Identity, Unknown>) {
        self.0.insert(name.into(), identity);
    }

    /// Takes images from what `docker image inspect NAME...` prints, by their tags and digests, and gives back the names
    /// that it does not tell of.
    pub fn add_inspected(
        &mut self,
        names: &BTreeSet<String>,
        images: &Value,
        platform: &str,
    ) -> BTreeSet<String> {
        let mut missing = BTreeSet::new();
        for name in names {
            let found = find(images, name);
            match found
                .and_then(|image| Some(Identity::of(image, platform)?.with_digest_for(name, image)))
            {
                Some(identity) => self.insert(name.as_str(), Ok(identity)),
                None => {
                    missing.insert(name.clone());
                }
            }
        }
        missing
    }

    /// What an image is.
    ///
    /// # Errors
    /// Why that is not known.
    pub fn get(&self, name: &str) -> Result<Identity, Unknown> {
        if name == "scratch" {
            return Ok(Identity {
                sum: sum(&[b"scratch"]),
                layers: Vec::new(),
                digest: None,
            });
        }
        let not_asked = || {
            Err(Unknown::new(format!(
                "nothing is known of the image {name}"
            )))
        };
        self.0.get(name).cloned().unwrap_or_else(not_asked)
    }
}

/// The image of a name among those that `docker image inspect` prints.
pub fn find<'v>(images: &'v Value, name: &str) -> Option<&'v Value> {
    let full = full_name(name);
    let mut images = images.as_array().into_iter().flatten();
    images.find(|image| {
        let lists = ["RepoTags", "RepoDigests"];
        let names = lists.iter().filter_map(|key| image.get(*key)?.as_array());
        let mut names = names.flatten().filter_map(Value::as_str);
        let id = image.get("Id").and_then(Value::as_str);
        names.any(|own| full_name(own) == full) || id == Some(name)
    })
}

/// A name with all that engines leave out of it: `ubuntu` is `docker.io/library/ubuntu:latest`.
pub(crate) fn full_name(name: &str) -> String {
    let (path, digest) = match name.split_once('@') {
        // The digest alone counts where there is one.
        Some((path, digest)) => (without_tag(path), Some(digest)),
        None => (name, None),
    };
    let is_host = |part: &str| part.contains(['.', ':']) || part == "localhost";
    let full = match path.split_once('/') {
        Some((first, _)) if is_host(first) => path.replacen("index.docker.io/", "docker.io/", 1),
        Some(_) => format!("docker.io/{path}"),
        None => format!("docker.io/library/{path}"),
    };
    match digest {
        Some(digest) => format!("{full}@{digest}"),
        None if without_tag(&full) == full => format!("{full}:latest"),
        None => full,
    }
}

/// A name as `BuildKit` calls the image: `docker.io/library/ubuntu:latest` is `ubuntu`.
pub fn familiar_name(name: &str) -> String {
    let full = match name.split_once('@') {
        // There a tag stays.
        Some((tagged, digest)) => {
            let full = full_name(tagged);
            let path = if tagged == without_tag(tagged) {
                without_tag(&full)
            } else {
                &full
            };
            format!("{path}@{digest}")
        }
        None => full_name(name).trim_end_matches(":latest").to_owned(),
    };
    let path = full.strip_prefix("docker.io/").unwrap_or(&full);
    path.strip_prefix("library/").unwrap_or(path).to_owned()
}

fn without_tag(name: &str) -> &str {
    match name.rsplit_once(':') {
        Some((path, tag)) if !tag.contains('/') => path,
        _ => name,
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_familiar_name_is_the_shortest() {
        for (name, familiar) in [
            ("ubuntu", "ubuntu"),
            ("docker.io/library/ubuntu:latest", "ubuntu"),
            ("me/box:1", "me/box:1"),
            ("index.docker.io/me/box:1@sha256:a", "me/box:1@sha256:a"),
            ("ubuntu@sha256:a", "ubuntu@sha256:a"),
            ("127.0.0.1:5000/base", "127.0.0.1:5000/base"),
            (
                "127.0.0.1:5000/base:1@sha256:a",
                "127.0.0.1:5000/base:1@sha256:a",
            ),
        ] {
            assert_eq!(familiar_name(name), familiar);
        }
    }

    #[test]
    fn an_image_is_the_same_whichever_engine_tells_of_it() {
        let layers = json!(["sha256:a", "sha256:b"]);
        let classic = json!({
            "Id": "sha256:1", "Os": "linux", "Architecture": "amd64",
            "RepoTags": ["ubuntu:24.04"],
            "RootFS": {"Type": "layers", "Layers": layers},
            "Config": {
                "Hostname": "", "AttachStdin": false, "Env": ["PATH=/bin"], "Cmd": ["/bin/bash"],
                "Labels": {"b": "2", "a": "1", "io.pei.state": "x"}, "Entrypoint": null, "Image": "sha256:0",
            },
        });
        let listed = json!({"linux/amd64": {
            "architecture": "amd64", "os": "linux", "created": "today",
            "rootfs": {"type": "layers", "diff_ids": layers},
            "config": {"Cmd": ["/bin/bash"], "Env": ["PATH=/bin"], "Labels": {"a": "1", "b": "2"}},
        }, "linux/arm64": {}});
        let one = Identity::of(&classic, "linux/amd64").unwrap();
        assert_eq!(Identity::of(&listed, "linux/amd64").unwrap(), one);
        let single = &listed["linux/amd64"];
        assert_eq!(Identity::of(single, "linux/amd64").unwrap(), one);
        let mut other = single.clone();
        other["config"]["User"] = "me".into();
        assert_ne!(Identity::of(&other, "linux/amd64").unwrap(), one);
        other = single.clone();
        other["rootfs"]["diff_ids"] = json!(["sha256:b", "sha256:a"]);
        assert_ne!(Identity::of(&other, "linux/amd64").unwrap(), one);

        let mut bases = Bases::default();
        let names = [
            "docker.io/library/ubuntu:24.04",
            "ubuntu:24.04",
            "debian:12",
        ];
        let names = names.map(str::to_owned).into();
        let missing = bases.add_inspected(&names, &json!([classic]), "linux/amd64");
        assert_eq!(missing, ["debian:12".to_owned()].into());
        assert_eq!(bases.get("ubuntu:24.04").unwrap(), one);
        assert!(bases.get("debian:12").is_err());
    }

    #[test]
    fn an_image_for_another_platform_is_not_the_one_that_a_build_begins_with() {
        let image = json!({
            "RepoTags": ["debian:12"], "Os": "linux", "Architecture": "arm", "Variant": "v7",
            "RootFS": {"Layers": ["sha256:a"]},
        });
        assert!(Identity::of(&image, "linux/arm/v7").is_some());
        assert!(Identity::of(&image, "linux/arm64").is_none());
        let mut bases = Bases::default();
        let names = ["debian:12".to_owned()].into();
        let missing = bases.add_inspected(&names, &json!([image]), "linux/amd64");
        assert_eq!(missing, names);
    }

    #[test]
    fn a_short_name_of_an_image_is_its_full_one() {
        for (name, full) in [
            ("ubuntu", "docker.io/library/ubuntu:latest"),
            ("me/app:1", "docker.io/me/app:1"),
            ("localhost:5000/app", "localhost:5000/app:latest"),
            ("a.b/c:1@sha256:0", "a.b/c@sha256:0"),
            (
                "docker.io/library/ubuntu:24.04",
                "docker.io/library/ubuntu:24.04",
            ),
        ] {
            assert_eq!(full_name(name), full);
        }
    }
}
