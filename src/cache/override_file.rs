//! `.pei/build.yml`: what a build is told beside docker-compose.yml.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use crate::render::{NOTICE_OF_BUILDS, yaml_block};

/// Compose takes a list away where it finds this; it is no value of JSON.
const RESET: &str = "!reset []";
/// Compose takes the list behind it in the place of another one.
const OVERRIDE: &str = "!override ";

/// The key for addresses of hosts.
const HOSTS: &str = "extra_hosts";

/// What the services of kept stages are called before the stage's name; no stage of a config has such a name.
pub const KEPT: &str = "pei-keep-";

/// An override file for Compose and bake.
#[derive(Debug, Default)]
pub struct OverrideFile {
    /// By the names of the services.
    pub services: BTreeMap<String, Override>,
    /// Stages that get an image of their own, which a cache keeps.
    pub kept: Vec<Kept>,
}

/// What a service's build is told.
#[derive(Debug, Clone, Default)]
pub struct Override {
    /// Labels of its image.
    pub labels: BTreeMap<String, String>,
    /// Stages that are not built, and the images in their places.
    pub replaced: BTreeMap<String, String>,
    /// Other contexts that it takes.
    pub contexts: BTreeMap<String, String>,
    /// The hosts that it gets, where they are other ones than the project's files say.
    pub hosts: Option<Vec<String>>,
    /// Keys that give secrets and the ssh agent to stages none of which is built: Compose would ask for them all the same.
    pub withheld: Vec<&'static str>,
}

/// A stage that gets an image of its own.
#[derive(Debug)]
pub struct Kept {
    /// The stage.
    pub stage: String,
    /// The name of its image.
    pub reference: String,
    /// The `build` section of a service whose Dockerfile holds the stage, as Compose reads it.
    pub build: Map<String, Value>,
    /// What that is told.
    pub told: Override,
}

impl Kept {
    /// The name of its service.
    pub fn service(&self) -> String {
        format!("{KEPT}{}", self.stage)
    }
}

impl OverrideFile {
    /// The text of the file.
    pub fn text(&self) -> String {
        let mut services = Map::new();
        for (name, told) in &self.services {
            let build = told.keys();
            if !build.is_empty() {
                services.insert(name.clone(), json!({ "build": build }));
            }
        }
        for kept in &self.kept {
            let mut build = kept.build.clone();
            for key in ["labels", "tags", "cache_to"] {
                build.remove(key);
            }
            build.insert("target".to_owned(), kept.stage.as_str().into());
            for (key, value) in kept.told.keys() {
                if kept.told.withheld.contains(&key.as_str()) {
                    build.remove(&key);
                    continue;
                }
                match (build.get_mut(&key), value) {
                    (Some(Value::Object(known)), Value::Object(more)) => known.extend(more),
                    (_, _) if key == HOSTS => {
                        build.remove(&key);
                        let hosts = kept.told.hosts.iter().flatten();
                        let hosts: Vec<String> = hosts.map(|host| escaped(host)).collect();
                        if !hosts.is_empty() {
                            build.insert(key, hosts.into());
                        }
                    }
                    (_, value) => {
                        build.insert(key, value);
                    }
                }
            }
            let service = json!({
                "image": kept.reference,
                "profiles": ["build-helper"],
                "build": build,
            });
            services.insert(kept.service(), service);
        }
        let document = yaml_block(&json!({ "services": services }), 0);
        // The writer quotes each text, and escapes the quotes in it.
        let tags = self.services.values().filter_map(Override::hosts);
        let tags = tags.chain([RESET.to_owned()]);
        let document = tags.fold(document, |document, tag| {
            document.replace(&Value::from(tag.as_str()).to_string(), &tag)
        });
        format!("# {NOTICE_OF_BUILDS}\n{document}\n")
    }
}

impl Override {
    /// The keys of `build`.
    fn keys(&self) -> Map<String, Value> {
        let mut keys = Map::new();
        if !self.labels.is_empty() {
            let labels = self.labels.iter();
            let labels = labels.map(|(name, value)| (name.clone(), escaped(value).into()));
            keys.insert("labels".into(), Value::Object(labels.collect()));
        }
        let images = self.replaced.iter();
        let images =
            images.map(|(stage, image)| (stage.clone(), format!("docker-image://{image}")));
        let contexts = self.contexts.clone().into_iter().chain(images);
        let contexts: Map<_, _> = contexts
            .map(|(name, place)| (name, escaped(&place).into()))
            .collect();
        if !contexts.is_empty() {
            keys.insert("additional_contexts".into(), contexts.into());
        }
        if let Some(hosts) = self.hosts() {
            keys.insert(HOSTS.into(), hosts.into());
        }
        for key in &self.withheld {
            keys.insert((*key).into(), RESET.into());
        }
        keys
    }

    /// What stands in the place of the hosts.
    fn hosts(&self) -> Option<String> {
        let hosts = self.hosts.as_ref()?;
        Some(if hosts.is_empty() {
            RESET.to_owned()
        } else {
            let hosts: Vec<String> = hosts.iter().map(|host| escaped(host)).collect();
            format!("{OVERRIDE}{}", Value::from(hosts))
        })
    }
}

/// Compose replaces variables in every text.
fn escaped(text: &str) -> String {
    text.replace('$', "$$")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_kept_stage_is_built_as_in_its_service() {
        let told = Override {
            labels: [(
                "io.pei.inputs".to_owned(),
                r#"{"a":"$x \"!reset []\""}"#.to_owned(),
            )]
            .into(),
            replaced: [(
                "stage-1-core".to_owned(),
                "localhost:5000/a/stage-1-core:ab".to_owned(),
            )]
            .into(),
            contexts: BTreeMap::new(),
            hosts: Some(Vec::new()),
            withheld: vec!["secrets"],
        };
        let build = json!({
            "context": ".", "target": "stage-2", "args": {"A": "$$b"}, "extra_hosts": ["a=b"],
            "labels": {"own": "one"}, "secrets": ["token"], "additional_contexts": {"pei-context-app": "/app"},
        });
        let file = OverrideFile {
            services: [("stage-2".to_owned(), told.clone())].into(),
            kept: vec![Kept {
                stage: "stage-2-core".to_owned(),
                reference: "localhost:5000/a/stage-2-core:cd".to_owned(),
                build: build.as_object().unwrap().clone(),
                told,
            }],
        };
        let text = file.text();
        assert_eq!(text.matches("extra_hosts: !reset []").count(), 1, "{text}");
        assert_eq!(text.matches(" secrets: !reset []").count(), 1, "{text}");
        let read: Value = serde_saphyr::from_str(&text.replace(": !reset ", ": ")).unwrap();
        let kept = &read["services"]["pei-keep-stage-2-core"];
        assert_eq!(kept["build"]["args"]["A"], "$$b");
        assert_eq!(kept["build"]["target"], "stage-2-core");
        assert_eq!(kept["build"]["extra_hosts"], Value::Null);
        assert_eq!(kept["build"]["secrets"], Value::Null);
        assert_eq!(kept["build"]["labels"]["own"], Value::Null);
        assert_eq!(
            kept["build"]["additional_contexts"]["pei-context-app"],
            "/app"
        );
        let own = &read["services"]["stage-2"]["build"];
        assert_eq!(
            own["labels"]["io.pei.inputs"],
            r#"{"a":"$$x \"!reset []\""}"#
        );
        assert_eq!(
            own["additional_contexts"]["stage-1-core"],
            "docker-image://localhost:5000/a/stage-1-core:ab"
        );
    }
}
