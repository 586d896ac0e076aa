//! What each service's build is given, beside the Dockerfile and the files.

use std::collections::BTreeMap;
use std::path::Path;

use anyhow::{Context, Result};
use serde_json::Value;

use super::Unknown;
use super::base::sorted;
use crate::diagnostic::quoted;
use crate::failure::Failure;
use crate::model::{BuildContext, ComposeText};
use crate::plan::{BuildArg, Plan};

/// The host, as docker-compose.yml gives it to each build.
const EXTRA_HOSTS: (&str, &str) = ("host.docker.internal", "host-gateway");

/// Keys of Compose's `build` that reach what its steps do. `extra_hosts` has a form of its own. Not `ssh` and `secrets`: the
/// steps that get an agent or a secret say so, and what they get does not count.
const OPTIONS: [&str; 6] = [
    "network",
    "ulimits",
    "platforms",
    "privileged",
    "entitlements",
    "isolation",
];

/// The builds of a project's services, in build order.
#[derive(Debug, Clone, Default)]
pub struct Builds(pub(super) Vec<Build>);

/// The build of one service.
#[derive(Debug, Clone, Default)]
pub struct Build {
    /// The service's name.
    pub service: String,
    /// Its Dockerfile, relative to the project.
    pub dockerfile: String,
    /// The stage that it builds.
    pub target: String,
    /// The name that its image gets; Compose makes one where there is none.
    pub image: Option<String>,
    /// Build args that have a value.
    pub args: BTreeMap<String, String>,
    /// Further contexts by their names: folders, or what Compose takes in their place.
    pub contexts: BTreeMap<String, String>,
    /// Options, by their keys, each in one form.
    pub options: BTreeMap<String, String>,
    /// Why nothing is known of what it builds, where that is so.
    pub foreign: Option<Unknown>,
}

impl Builds {
    /// What docker-compose.yml says where nobody has changed it by an override file or by a template of his own; variables are
    /// those of the shell and of `.env`.
    pub fn from_plan(plan: &Plan, variable: &dyn Fn(&str) -> Option<String>) -> Self {
        let text = |text: &ComposeText| filled(text, variable);
        let named = |args: &[BuildArg]| {
            let args = args.iter();
            args.map(|arg| (arg.name.clone().into_owned(), text(&arg.value)))
                .collect()
        };
        let places = |contexts: &[BuildContext]| {
            let contexts = contexts.iter();
            contexts
                .map(|context| (context.name.clone(), context.path.clone()))
                .collect()
        };
        let (host, address) = EXTRA_HOSTS;
        let extra_hosts = Value::from(vec![format!("{host}={address}")]).to_string();
        let options = BTreeMap::from([("extra_hosts".to_owned(), extra_hosts)]);
        let stages = plan.services.iter().map(|service| Build {
            service: service.name.clone(),
            dockerfile: service.dockerfile.clone(),
            target: service.name.clone(),
            image: Some(text(&service.image)),
            args: named(&service.args),
            contexts: places(&service.contexts),
            options: options.clone(),
            foreign: None,
        });
        let builders = plan.builders.iter().map(|service| Build {
            service: service.name.clone(),
            dockerfile: service.dockerfile.clone(),
            target: service.name.clone(),
            image: service.image.as_ref().map(text),
            args: named(&service.args),
            contexts: places(&service.contexts),
            options: options.clone(),
            foreign: None,
        });
        Self(stages.chain(builders).collect())
    }

    /// What Compose makes of docker-compose.yml, override files, `.env` and the shell's variables: what
    /// `docker compose config --format json` prints in the project's folder.
    ///
    /// # Errors
    /// It is no JSON, or builds none of the project's stages.
    pub fn from_compose(json: &str, plan: &Plan, project_dir: &Path) -> Result<Self> {
        let config: Value = serde_json::from_str(json)
            .context("cannot read what `docker compose config` printed")?;
        let stages = plan.services.iter().map(|service| &service.name);
        let builders = plan.builders.iter().map(|service| &service.name);
        let services = stages.chain(builders).filter_map(|name| {
            let service = &config["services"][name];
            let mut build = build(name, service, project_dir)?;
            let project = config["name"].as_str();
            let default = || project.map(|project| format!("{project}-{name}"));
            build.image = build.image.or_else(default);
            Some(build)
        });
        let mut builds: Vec<Build> = services.collect();
        let Some(first) = builds.first() else {
            return Err(not_built().into());
        };
        // A base image is known for one platform.
        let (name, platform) = (first.service.clone(), first.platform());
        for build in &mut builds {
            if build.platform() != platform {
                build.foreign.get_or_insert_with(|| {
                    Unknown::new(format!(
                        "it is built for another platform than the service {name}"
                    ))
                });
            }
        }
        Ok(Self(builds))
    }

    /// The platform that the images are built for, where `engine` is that of the engine.
    pub fn platform(&self, engine: &str) -> String {
        let named = self.0.first().and_then(Build::platform);
        named.unwrap_or_else(|| engine.to_owned())
    }

    /// The builds.
    pub fn iter(&self) -> impl Iterator<Item = &Build> {
        self.0.iter()
    }
}

impl Build {
    /// The one that the project's files name.
    fn platform(&self) -> Option<String> {
        let listed = self.options.get("platforms").and_then(|list| {
            let list: Vec<String> = serde_json::from_str(list).ok()?;
            list.into_iter().next()
        });
        let named = listed.or_else(|| self.options.get("platform").cloned())?;
        Some(platform_of(&named))
    }
}

/// A platform as images tell of it: `linux/amd64` for `x86_64`.
pub fn platform_of(name: &str) -> String {
    let (os, rest) = name.split_once('/').unwrap_or(("linux", name));
    let (architecture, variant) = rest.split_once('/').unwrap_or((rest, ""));
    match (architecture, variant) {
        ("x86_64" | "amd64", _) => format!("{os}/amd64"),
        ("aarch64" | "arm64", _) => format!("{os}/arm64"),
        (_, "") => format!("{os}/{architecture}"),
        (_, variant) => format!("{os}/{architecture}/{variant}"),
    }
}

/// Compose reads files in which no stage is built.
fn not_built() -> Failure {
    let failure = match std::env::var("COMPOSE_FILE") {
        Ok(named) if !named.is_empty() => Failure::new(format!(
            "no stage of the project is built by the files that `COMPOSE_FILE` names: {}",
            quoted(&named)
        )),
        _ => Failure::new("the project's compose files build no stage of it"),
    };
    failure.help("unset COMPOSE_FILE, or name docker-compose.yml in it")
}

/// As Compose fills it in: an empty variable counts as one that is not set.
fn filled(text: &ComposeText, variable: &dyn Fn(&str) -> Option<String>) -> String {
    text.spelled(str::to_owned, |name, default| {
        let value = variable(name);
        match default {
            Some(default) => value
                .filter(|value| !value.is_empty())
                .unwrap_or_else(|| default.to_owned()),
            None => value.unwrap_or_default(),
        }
    })
}

/// `None` where the service is not built.
fn build(name: &str, service: &Value, project_dir: &Path) -> Option<Build> {
    let build = service.get("build").filter(|build| build.is_object())?;
    let text = |key: &str| build.get(key).and_then(Value::as_str);
    let map = |key: &str| {
        let map = build.get(key).and_then(Value::as_object).into_iter();
        let texts = map.flatten().filter_map(|(name, value)| {
            let value = match value {
                Value::Null => return None,
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            Some((name.clone(), value))
        });
        texts.collect()
    };
    let mut options = BTreeMap::new();
    for key in OPTIONS {
        if let Some(value) = build.get(key).filter(|value| !is_default(key, value)) {
            options.insert(key.to_owned(), sorted(value.clone()).to_string());
        }
    }
    let platform = service.get("platform").and_then(Value::as_str);
    let platform = platform
        .map(str::to_owned)
        .or_else(|| std::env::var("DOCKER_DEFAULT_PLATFORM").ok());
    if let Some(platform) = platform.filter(|platform| !platform.is_empty()) {
        options.insert("platform".to_owned(), platform);
    }
    let hosts = hosts(build.get("extra_hosts").unwrap_or(&Value::Null));
    if !hosts.is_empty() {
        options.insert("extra_hosts".to_owned(), Value::from(hosts).to_string());
    }
    let context = text("context").unwrap_or(".");
    let is_project = || {
        let resolved = |path: &Path| std::fs::canonicalize(path).ok();
        resolved(&project_dir.join(context)) == resolved(project_dir)
    };
    // Docker reads `NAME.dockerignore` beside the Dockerfile NAME, in place of `.dockerignore`.
    let has_own_ignore_file = || {
        let name = text("dockerfile").unwrap_or("Dockerfile");
        project_dir.join(format!("{name}.dockerignore")).exists()
    };
    let foreign = if text("dockerfile_inline").is_some() {
        Some("an override file gives it a Dockerfile of its own")
    } else if !is_project() {
        Some("an override file gives it another build context")
    } else if build.get("pull").is_some_and(|pull| *pull == true) {
        Some("an override file pulls its base image before each build")
    } else if has_own_ignore_file() {
        Some("its Dockerfile has a `.dockerignore` of its own")
    } else if build["platforms"]
        .as_array()
        .is_some_and(|all| all.len() > 1)
    {
        Some("an override file builds it for several platforms")
    } else {
        None
    };
    Some(Build {
        service: name.to_owned(),
        dockerfile: text("dockerfile").unwrap_or("Dockerfile").to_owned(),
        target: text("target").unwrap_or(name).to_owned(),
        image: service
            .get("image")
            .and_then(Value::as_str)
            .map(str::to_owned),
        args: map("args"),
        contexts: map("additional_contexts"),
        options,
        foreign: foreign.map(Unknown::new),
    })
}

fn is_default(key: &str, value: &Value) -> bool {
    match value {
        Value::Null | Value::Bool(false) => true,
        Value::String(text) => text.is_empty() || key == "network" && text == "default",
        Value::Array(items) => items.is_empty(),
        Value::Object(map) => map.is_empty(),
        Value::Bool(true) | Value::Number(_) => false,
    }
}

/// `extra_hosts` as a list of `NAME=ADDRESS`, sorted. Compose prints them so or with a colon, in a list or a mapping.
pub fn hosts(value: &Value) -> Vec<String> {
    let with_sign = |entry: &str| {
        let at = entry.find('=').or_else(|| entry.find(':'));
        match at {
            Some(at) => format!("{}={}", &entry[..at], &entry[at + 1..]),
            None => entry.to_owned(),
        }
    };
    let mut hosts: Vec<String> = match value {
        Value::Array(items) => items
            .iter()
            .filter_map(Value::as_str)
            .map(with_sign)
            .collect(),
        Value::Object(map) => {
            let addresses = map.iter().flat_map(|(name, value)| {
                let all = match value {
                    Value::Array(items) => items.clone(),
                    other => vec![other.clone()],
                };
                let all = all.into_iter();
                let all = all.filter_map(|address| address.as_str().map(str::to_owned));
                all.map(move |address| format!("{name}={address}"))
            });
            addresses.collect()
        }
        _ => Vec::new(),
    };
    hosts.sort_unstable();
    hosts
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn hosts_have_one_form() {
        let expected = ["a=1.2.3.4", "host.docker.internal=host-gateway"];
        for value in [
            json!(["host.docker.internal:host-gateway", "a=1.2.3.4"]),
            json!({"host.docker.internal": "host-gateway", "a": ["1.2.3.4"]}),
        ] {
            assert_eq!(hosts(&value), expected);
        }
        assert_eq!(hosts(&json!(["six=::1"])), ["six=::1"]);
    }

    #[test]
    fn a_platform_has_one_form() {
        for (name, expected) in [
            ("linux/amd64", "linux/amd64"),
            ("x86_64", "linux/amd64"),
            ("linux/arm64/v8", "linux/arm64"),
            ("linux/arm/v7", "linux/arm/v7"),
        ] {
            assert_eq!(platform_of(name), expected);
        }
        let build = |service: Value| super::build("stage-1", &service, Path::new(".")).unwrap();
        let named = build(json!({"build": {"context": "."}, "platform": "linux/arm64"}));
        assert_eq!(named.platform().as_deref(), Some("linux/arm64"));
        let listed = build(json!({"build": {"context": ".", "platforms": ["linux/arm64"]}}));
        assert_eq!(Builds(vec![listed]).platform("linux/amd64"), "linux/arm64");
        let plain = build(json!({"build": {"context": "."}}));
        assert_eq!(Builds(vec![plain]).platform("linux/amd64"), "linux/amd64");
        let several =
            json!({"build": {"context": ".", "platforms": ["linux/arm64", "linux/amd64"]}});
        assert!(build(several).foreign.is_some());
    }

    #[test]
    fn a_build_that_pei_cannot_foresee_has_no_state() {
        let folder = tempfile::tempdir().unwrap();
        let is_foreign = |build: Value| {
            let service = json!({"image": "demo:1", "build": build});
            let build = super::build("stage-1", &service, folder.path()).unwrap();
            build.foreign.is_some()
        };
        let plain = json!({"context": ".", "dockerfile": "stage-1.Dockerfile"});
        assert!(!is_foreign(plain.clone()));
        assert!(is_foreign(json!({"context": ".", "pull": true})));
        std::fs::write(folder.path().join("stage-1.Dockerfile.dockerignore"), "").unwrap();
        assert!(is_foreign(plain));
    }

    #[test]
    fn what_reaches_no_step_is_left_out() {
        let service = |build: Value| {
            let service = json!({"image": "demo:1", "build": build});
            super::build("stage-1", &service, Path::new("."))
                .unwrap()
                .options
        };
        let plain = service(json!({"context": "."}));
        assert!(plain.is_empty());
        for same in [
            json!({"context": ".", "shm_size": "128m"}),
            json!({"context": ".", "labels": {"a": "b"}, "network": "default"}),
            json!({"context": ".", "no_cache": true, "pull": false, "tags": ["x"]}),
            json!({"context": ".", "secrets": [{"source": "x"}], "cache_from": ["y"]}),
            json!({"context": ".", "ssh": ["default"]}),
        ] {
            assert_eq!(service(same), plain);
        }
        for other in [
            json!({"context": ".", "network": "host"}),
            json!({"context": ".", "ulimits": {"nofile": 1024}}),
            json!({"context": ".", "extra_hosts": ["a=1.2.3.4"]}),
            json!({"context": ".", "platforms": ["linux/arm64"]}),
        ] {
            assert_ne!(service(other), plain);
        }
    }
}
