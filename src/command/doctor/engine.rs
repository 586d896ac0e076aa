//! The engine and what comes with it.

use std::collections::BTreeMap;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::Deserialize;

use super::{Check, State};
use crate::engine::{Engine, Tried};
use crate::utc;

/// Older ones lack a builder that pei's Dockerfiles need.
const OLDEST_ENGINE: (u32, u32) = (23, 0);
const OLDEST_COMPOSE: (u32, u32) = (2, 20);
/// A builder in a container of its own starts first, and may have to fetch its image.
const BUILDER_LIMIT: Duration = Duration::from_mins(1);
/// A base image, packages and a build cache take this much soon.
const LITTLE_SPACE: u64 = 5_000_000_000;
/// Not even the packages of stage-1 fit.
const NO_SPACE: u64 = 500_000_000;
/// apt refuses lists that seem to come from the future, and certificates begin and end.
const CLOCK_SECONDS: u64 = 60;

/// What the engine says of itself.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(super) struct Info {
    driver: String,
    docker_root_dir: String,
    system_time: String,
    runtimes: BTreeMap<String, serde_json::Value>,
    /// By CDI; engines before 28.2 do not list them.
    discovered_devices: serde_json::Value,
    #[serde(skip)]
    pub(super) is_remote: bool,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Version {
    client: Side,
    server: Side,
}

#[derive(Default, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
struct Side {
    version: String,
    api_version: String,
    #[serde(rename = "MinAPIVersion")]
    oldest_api: String,
}

impl Info {
    /// How the engine gives GPUs to containers; `None` where it cannot.
    pub(super) fn gpus(&self) -> Option<&'static str> {
        let devices = self.discovered_devices.as_array().into_iter().flatten();
        let mut ids = devices.filter_map(|device| device["ID"].as_str());
        if self.runtimes.contains_key("nvidia") {
            Some("the runtime of nvidia")
        } else if ids.any(|id| id.starts_with("nvidia.com/gpu=")) {
            Some("the device nvidia.com/gpu")
        } else {
            None
        }
    }
}

/// `None` where no engine answers.
pub(super) fn check(checks: &mut Vec<Check>, engine: &Engine) -> Option<Info> {
    let answer = match engine.run(&["version", "--format", "{{json .}}"]) {
        Ok(answer) => answer,
        Err(failure) => {
            let check = Check::new("engine", State::Error, failure.to_string());
            checks.push(check.help(failure.cure().unwrap_or("see docs/engines.md")));
            return None;
        }
    };
    let version: Version = serde_json::from_str(&answer).unwrap_or_default();
    if version.server.version.is_empty() {
        let found = "it answers, but not as docker does";
        let check = Check::new("engine", State::Skipped, found);
        checks.push(
            check.help(
                "with podman, `pei configure --with-merged` writes scripts that build and run",
            ),
        );
        return None;
    }
    checks.push(engine_version(&version.server));
    let api = format!(
        "{} is spoken; the engine knows {} to {}",
        version.client.api_version, version.server.oldest_api, version.server.api_version
    );
    checks.push(Check::new("API", State::Ok, api));
    let endpoint = engine.run(&[
        "context",
        "inspect",
        "--format",
        "{{.Endpoints.docker.Host}}",
    ]);
    let endpoint = endpoint.unwrap_or_default();
    checks.extend(socket(endpoint.trim()));
    checks.push(builder(engine));
    checks.push(compose(engine));
    let info = engine.run(&["info", "--format", "{{json .}}"]).ok();
    let info = info.and_then(|info| serde_json::from_str::<Info>(&info).ok());
    let info = Info {
        is_remote: engine.remote_host().is_some(),
        ..info.unwrap_or_default()
    };
    checks.push(storage(&info));
    checks.push(clock(&info));
    Some(info)
}

fn builder(engine: &Engine) -> Check {
    match engine.try_build("FROM scratch\nLABEL io.pei.tried=yes\n", &[], BUILDER_LIMIT) {
        Tried::Built => Check::new("builder", State::Ok, "it has built an empty image"),
        Tried::TooLate(limit) => {
            let found = format!("no empty image within {} s", limit.as_secs());
            Check::new("builder", State::Skipped, found)
                .help("a builder that starts for the first time fetches its image; ask again later")
        }
        Tried::Failed(said) => {
            let found = format!("an empty image cannot be built: {said}");
            let check = Check::new("builder", State::Error, found);
            check.help(if engine.run(&["buildx", "version"]).is_err() {
                "install docker's plugin buildx (`docker buildx version`)"
            } else {
                "`docker buildx inspect --bootstrap` says more about the builder"
            })
        }
    }
}

fn engine_version(server: &Side) -> Check {
    let found = format!("Docker {} answers", server.version);
    if numbers(&server.version).is_some_and(|version| version < OLDEST_ENGINE) {
        return Check::new("engine", State::Error, found)
            .help("pei's Dockerfiles need Docker Engine 23 or newer");
    }
    Check::new("engine", State::Ok, found)
}

fn socket(endpoint: &str) -> Option<Check> {
    let path = endpoint.strip_prefix("unix://")?;
    let found = std::fs::metadata(Path::new(path)).ok()?;
    let mode = found.permissions().mode() & 0o777;
    let text = format!(
        "you may use {path} (uid {}, gid {}, mode {mode:o})",
        found.uid(),
        found.gid()
    );
    Some(if mode & 0o002 == 0 {
        Check::new("socket", State::Ok, text)
    } else {
        let text = format!("{text}, and so may everybody on this machine, with the powers of root");
        Check::new("socket", State::Warning, text)
            .help(format!("`sudo chmod o-rw {path}` closes it to others"))
    })
}

fn compose(engine: &Engine) -> Check {
    const CURE: &str = "install Compose 2.20 or newer, or build with `pei configure --with-merged`";
    match engine.run(&["compose", "version", "--short"]) {
        Ok(version) => {
            let version = version.trim();
            let found = format!("Compose {version} answers");
            if numbers(version.trim_start_matches('v'))
                .is_some_and(|version| version < OLDEST_COMPOSE)
            {
                Check::new("Compose", State::Error, found).help(CURE)
            } else {
                Check::new("Compose", State::Ok, found)
            }
        }
        Err(failure) => Check::new("Compose", State::Error, failure.to_string()).help(CURE),
    }
}

fn storage(info: &Info) -> Check {
    let (driver, place) = (&info.driver, &info.docker_root_dir);
    let check =
        |state, found: String| Check::new("storage", state, format!("driver {driver}; {found}"));
    if info.is_remote {
        return check(
            State::Skipped,
            "the engine's disk is on another machine".to_owned(),
        );
    }
    let free = rustix::fs::statvfs(place.as_str());
    let Ok(free) = free.map(|found| found.f_bavail.saturating_mul(found.f_frsize)) else {
        return check(
            State::Skipped,
            format!("the space in {place} cannot be read"),
        );
    };
    let gigabytes =
        |bytes: u64| format!("{}.{} GB", bytes / 1_000_000_000, bytes / 100_000_000 % 10);
    let found = format!("{} free in {place}", gigabytes(free));
    let cure = "`docker system df` shows what takes the space, `docker builder prune` frees the build cache";
    if free < NO_SPACE {
        check(State::Error, found).help(cure)
    } else if free < LITTLE_SPACE {
        check(State::Warning, found).help(cure)
    } else {
        check(State::Ok, found)
    }
}

fn clock(info: &Info) -> Check {
    let here = SystemTime::now()
        .duration_since(UNIX_EPOCH)
        .map(|now| now.as_secs());
    let (Some(there), Ok(here)) = (utc::seconds(&info.system_time), here) else {
        return Check::new("time", State::Skipped, "the engine does not tell its time");
    };
    match here.abs_diff(there) {
        apart @ ..=CLOCK_SECONDS => Check::new(
            "time",
            State::Ok,
            format!("the engine's clock is {apart} s off this machine's"),
        ),
        apart => Check::new(
            "time",
            State::Warning,
            format!("the engine's clock is {apart} s off this machine's"),
        )
        .help("set both by NTP: apt and TLS refuse what is not valid yet"),
    }
}

/// The first two numbers of a version.
fn numbers(version: &str) -> Option<(u32, u32)> {
    let mut parts = version.split(|c: char| !c.is_ascii_digit());
    Some((parts.next()?.parse().ok()?, parts.next()?.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::numbers;

    #[test]
    fn a_version_has_two_numbers() {
        assert_eq!(numbers("26.1.5+dfsg1"), Some((26, 1)));
    }
}
