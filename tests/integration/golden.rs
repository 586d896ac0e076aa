//! Each folder of `tests/golden` gives the compose model that the reference gives, by the rules of its README.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::project::Project;

/// Compared as they are; absent is empty.
const SAME: &[&str] = &[
    "image",
    "stdin_open",
    "tty",
    "command",
    "extra_hosts",
    "ports",
];
/// Never in a build arg of pei's; the public key files are free.
const LEFT_OUT: &[&str] = &[
    "SSH_USER_PASSWORD",
    "SSH_PRIVKEY_FILE",
    "ROOT_PASSWORD",
    "SSH_PUBKEY_FILE",
];
const HOST_KEYS: &str = "pei_ssh_host_keys";

#[test]
fn every_golden_case_gives_the_model_of_the_reference() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut cases: Vec<PathBuf> = fs::read_dir(root)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| path.is_dir())
        .collect();
    cases.sort();
    assert!(cases.len() >= 12, "only {} cases were found", cases.len());
    for case in cases {
        compare(&case);
    }
}

fn compare(case: &Path) {
    let name = case.file_name().unwrap().to_string_lossy().into_owned();
    let project = Project::create_minimal();
    fs::copy(
        case.join("user_config.yml"),
        project.path("user_config.yml"),
    )
    .unwrap();
    copy_tree(&case.join("files"), &project.path("installation"));
    let output = project
        .command(["configure"])
        .envs(env_of(case))
        .output()
        .unwrap();
    assert!(
        output.status.success(),
        "{name}: {}",
        String::from_utf8_lossy(&output.stderr)
    );

    let text = fs::read_to_string(project.path("docker-compose.yml")).unwrap();
    let ours: Value = serde_yaml::from_str(&text).unwrap();
    let reference: Value =
        serde_json::from_slice(&fs::read(case.join("reference.json")).unwrap()).unwrap();

    assert_eq!(
        keys(&ours["services"]),
        keys(&reference["services"]),
        "{name}: services"
    );
    let has_stage_2 = reference["services"].get("stage-2").is_some();
    for (service, expected) in reference["services"].as_object().unwrap() {
        let place = format!("{name}: {service}");
        let profiles = if service == "stage-1" && has_stage_2 {
            json!(["build-helper"])
        } else {
            Value::Null
        };
        assert_eq!(
            ours["services"][service]["profiles"], profiles,
            "{place}: profiles"
        );
        compare_service(&place, &ours["services"][service], expected);
    }
    assert_eq!(
        volumes(&ours),
        volumes(&reference),
        "{name}: top-level volumes"
    );
}

fn compare_service(place: &str, ours: &Value, expected: &Value) {
    for key in SAME {
        assert_eq!(
            or_empty(&ours[key]),
            or_empty(&expected[key]),
            "{place}: {key}"
        );
    }
    let mounts = |service: &Value| -> Vec<Value> {
        let all = service["volumes"].as_array().cloned().unwrap_or_default();
        all.into_iter()
            .filter(|mount| !mount.as_str().unwrap().starts_with(HOST_KEYS))
            .collect()
    };
    assert_eq!(mounts(ours), mounts(expected), "{place}: volumes");
    let devices =
        |service: &Value| or_empty(&service["deploy"]["resources"]["reservations"]["devices"]);
    assert_eq!(devices(ours), devices(expected), "{place}: devices");
    assert_eq!(
        environment(ours),
        environment(expected),
        "{place}: environment"
    );
    for key in ["context", "extra_hosts"] {
        assert_eq!(
            ours["build"][key], expected["build"][key],
            "{place}: build.{key}"
        );
    }
    for (arg, value) in expected["build"]["args"].as_object().unwrap() {
        let got = &ours["build"]["args"][arg];
        if LEFT_OUT.contains(&arg.as_str()) {
            assert!(
                got.is_null() || text(got).is_empty(),
                "{place}: {arg} must not hold a value"
            );
        } else {
            assert_eq!(
                text(got).to_lowercase(),
                text(value).to_lowercase(),
                "{place}: {arg}"
            );
        }
    }
}

fn env_of(case: &Path) -> Vec<(String, String)> {
    let text = fs::read_to_string(case.join("env")).unwrap_or_default();
    text.lines()
        .filter_map(|line| line.split_once('='))
        .map(|(name, value)| (name.to_owned(), value.to_owned()))
        .collect()
}

fn keys(value: &Value) -> Vec<&String> {
    let mut keys: Vec<_> = value.as_object().unwrap().keys().collect();
    keys.sort();
    keys
}

fn or_empty(value: &Value) -> Value {
    match value {
        Value::Null => json!([]),
        Value::String(_)
        | Value::Bool(_)
        | Value::Number(_)
        | Value::Array(_)
        | Value::Object(_) => value.clone(),
    }
}

fn text(value: &Value) -> String {
    value
        .as_str()
        .map_or_else(|| value.to_string(), str::to_owned)
}

/// A list `K=V` equals a mapping.
fn environment(service: &Value) -> BTreeMap<String, String> {
    match &service["environment"] {
        Value::Array(items) => items
            .iter()
            .map(|item| {
                let (name, value) = item.as_str().unwrap().split_once('=').unwrap();
                (name.to_owned(), value.to_owned())
            })
            .collect(),
        Value::Object(map) => map
            .iter()
            .map(|(name, value)| (name.clone(), text(value)))
            .collect(),
        _ => BTreeMap::new(),
    }
}

fn volumes(model: &Value) -> Map<String, Value> {
    let all = model
        .get("volumes")
        .and_then(Value::as_object)
        .cloned()
        .unwrap_or_default();
    all.into_iter()
        .filter(|(name, _)| name != HOST_KEYS)
        .map(|(name, value)| (name, if value.is_null() { json!({}) } else { value }))
        .collect()
}

fn copy_tree(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
