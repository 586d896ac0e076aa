//! docker-compose.yml, read by other parsers than pei's.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::io::Write as _;
use std::process::Stdio;

use proptest::prelude::*;
use serde_json::Value;

use crate::cases::cases;
use crate::config::{Config, From, Wanted, config};
use crate::made::{Made, said};
use crate::text::MARKERS;
use crate::tools;

const WANTED: Wanted = Wanted {
    markers: true,
    passwords: false,
};

const YAML_1_1_TO_JSON: &str =
    "import json, sys, yaml; json.dump(yaml.safe_load(sys.stdin.buffer), sys.stdout)";

fn made(config: &Config) -> Made {
    Made::of(config, ["--full-compose"])
}

proptest! {
    #![proptest_config(cases(16))]

    #[test]
    fn containers_get_what_was_typed(config in config(WANTED)) {
        let made = made(&config);
        let read: Value = serde_yaml::from_str(&made.text("docker-compose.yml")).unwrap();
        for stage in [1, 2] {
            let service = &read["services"][format!("stage-{stage}")];
            prop_assert_eq!(environment(service, str::to_owned, interpolated), config.environment(stage));
            let own = &config.stages[stage - 1];
            prop_assert_eq!(interpolated(text(&service["image"])), own.output.as_str());
            let proxy = format!("http://{}:7890", own.proxy);
            let arg = format!("PEI_HTTP_PROXY_{stage}");
            prop_assert_eq!(interpolated(text(&service["build"]["args"][arg])), proxy);
            let ports: Vec<&str> = service["ports"].as_array().unwrap().iter().map(text).collect();
            let typed = config.stages.iter().take(stage).flat_map(|stage| &stage.ports);
            prop_assert_eq!(ports, typed.collect::<Vec<_>>());
        }
        let args = &read["services"]["stage-1"]["build"]["args"];
        prop_assert_eq!(interpolated(text(&args["BASE_IMAGE"])), config.base.as_str());
        let apt = config.apt_file.as_ref().map_or(String::new(), |file| format!("/pei-from-host/{file}"));
        prop_assert_eq!(interpolated(text(&args["APT_SOURCE_FILE"])), apt);
        let users: Vec<&str> = config.users.iter().map(|user| user.name.as_str()).collect();
        prop_assert_eq!(text(&args["SSH_USER_NAME"]), users.join(","));

        let volumes = read["services"]["stage-2"]["volumes"].as_array().unwrap();
        let volumes = volumes.iter().map(|volume| interpolated(text(volume)));
        let expected = config.volumes_of_stage_2().into_iter().map(|(source, destination)| match source {
            From::Host(path) => format!("{path}:{destination}"),
            From::Volume(key, _) => format!("{key}:{destination}"),
        });
        let host_keys = "pei_ssh_host_keys:/pei-init/ssh-host-keys".to_owned();
        prop_assert_eq!(volumes.collect::<Vec<_>>(), expected.chain([host_keys]).collect::<Vec<_>>());
        for mount in config.stages.iter().flat_map(|stage| &stage.mounts) {
            if let From::Volume(key, name) = mount.source() {
                prop_assert_eq!(read["volumes"][key]["name"].as_str(), name.as_deref());
            }
        }
    }
}

proptest! {
    #![proptest_config(cases(3))]

    #[test]
    fn yaml_1_1_and_1_2_read_the_same(config in config(WANTED)) {
        let Some(mut python) = tools::command("python3", &["-c", "import yaml"]) else { return Ok(()) };
        let made = made(&config);
        let yaml = made.text("docker-compose.yml");
        python.args(["-c", YAML_1_1_TO_JSON]).stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = python.spawn().unwrap();
        child.stdin.take().unwrap().write_all(yaml.as_bytes()).unwrap();
        let output = child.wait_with_output().unwrap();
        prop_assert!(output.status.success(), "YAML 1.1 refuses\n{}", yaml);
        let old: Value = serde_json::from_slice(&output.stdout).unwrap();
        prop_assert_eq!(old, serde_yaml::from_str::<Value>(&yaml).unwrap());
    }

    #[test]
    fn compose_itself_gives_containers_what_was_typed(config in config(WANTED)) {
        let Some(_) = tools::command("docker", &["compose", "version"]) else { return Ok(()) };
        let project = made(&config);
        let read = read_by_compose(&project);
        for stage in [1, 2] {
            let service = &read["services"][format!("stage-{stage}")];
            let mut environment = environment(service, undoubled, undoubled);
            let typed = config.environment(stage);
            // `PATH` alone is taken from the environment of Compose, which has one.
            let of_compose = |name: &String, value: &mut Option<String>| {
                if typed.get(name) == Some(&None) && ["PATH", "HOME"].contains(&name.as_str()) {
                    *value = None;
                }
            };
            for (name, value) in &mut environment {
                of_compose(name, value);
            }
            prop_assert_eq!(environment, typed);
            let own = &config.stages[stage - 1];
            prop_assert_eq!(text(&service["image"]), own.output.as_str());
            let proxy = format!("http://{}:7890", own.proxy);
            prop_assert_eq!(undoubled(text(&service["build"]["args"][format!("PEI_HTTP_PROXY_{stage}")])), proxy);
        }
        let volumes = read["services"]["stage-2"]["volumes"].as_array().unwrap();
        let half = |volume: &Value, half: &str| undoubled(text(&volume[half]));
        let volumes = volumes.iter().map(|volume| (half(volume, "source"), half(volume, "target")));
        let expected = config.volumes_of_stage_2().into_iter().map(|(source, destination)| match source {
            From::Host(path) => (absolute(&project, &path), destination),
            From::Volume(key, _) => (key, destination),
        });
        let mut expected: Vec<_> = expected.collect();
        expected.push(("pei_ssh_host_keys".to_owned(), "/pei-init/ssh-host-keys".to_owned()));
        prop_assert_eq!(volumes.collect::<Vec<_>>(), expected);
    }
}

fn text(value: &Value) -> &str {
    value
        .as_str()
        .unwrap_or_else(|| panic!("{value} is no text"))
}

fn environment(
    service: &Value,
    name: fn(&str) -> String,
    value: fn(&str) -> String,
) -> BTreeMap<String, Option<String>> {
    let entries = service["environment"].as_object().into_iter().flatten();
    entries
        .map(|(key, text)| (name(key), text.as_str().map(value)))
        .collect()
}

/// A value as Compose's rules have it: `$$` is `$`, `${NAME}` and `${NAME:-default}` are filled in.
fn interpolated(text: &str) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let (inner, after) = rest
            .strip_prefix('{')
            .and_then(|rest| rest.split_once('}'))
            .expect("a variable");
        let (name, default) = inner.split_once(":-").unwrap_or((inner, ""));
        let value = MARKERS
            .iter()
            .find(|(marker, _)| *marker == name)
            .expect("a marker")
            .1;
        match value {
            Some(value) if !value.is_empty() => out.push_str(value),
            _ => out.push_str(&interpolated(default)),
        }
        rest = after;
    }
    out + rest
}

/// Compose prints a `$` that it would not read as a variable again.
fn undoubled(text: &str) -> String {
    text.replace("$$", "$")
}

fn read_by_compose(project: &Made) -> Value {
    let mut compose = project.command("docker");
    for (name, value) in MARKERS {
        compose.envs(value.map(|value| (name, value)));
    }
    let arguments = [
        "compose",
        "--project-name",
        "hostile",
        "--profile",
        "*",
        "config",
        "--format",
        "json",
    ];
    let json = said(compose.args(arguments).current_dir(project.folder()));
    serde_json::from_str(&json).unwrap()
}

/// Where a directory of the host lies.
fn absolute(project: &Made, path: &str) -> String {
    let folder = project.folder().to_str().unwrap();
    let home = project.home().to_str().unwrap();
    let mut out = String::new();
    let _ = match path.strip_prefix("~/") {
        Some(rest) => write!(out, "{home}/{rest}"),
        None => match (path.strip_prefix("../"), path.strip_prefix("./")) {
            (Some(rest), _) => write!(out, "{home}/{rest}"),
            (_, Some(rest)) => write!(out, "{folder}/{rest}"),
            _ if path.starts_with('.') => write!(out, "{folder}/{path}"),
            _ => write!(out, "{path}"),
        },
    };
    out
}
