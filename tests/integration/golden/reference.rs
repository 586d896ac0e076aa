//! Each directory of `tests/golden` gives the compose model that the reference gives, by the rules of its README.

use std::collections::BTreeMap;
use std::fs;

use serde_json::{Map, Value, json};

use super::Case;
use super::written::Written;

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

/// A case that the reference could not have has no model of it.
pub(super) fn compare(case: Case, written: &Written) {
    let name = case.path();
    let Ok(reference) = fs::read(case.config().with_file_name("reference.json")) else {
        return;
    };
    let reference: Value = serde_json::from_slice(&reference).unwrap();
    let (text, _) = &written["docker-compose.yml"];
    let ours: Value = serde_yaml::from_str(text).unwrap();

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
