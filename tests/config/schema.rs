//! The JSON Schema accepts what loads, and refuses unknown keys and wrong shapes.

use std::collections::{BTreeMap, BTreeSet};

use crate::config::schema;
use crate::fuzz::fake::FakeHost;
use serde_json::{Value, json};

/// The schema as a validator knows it, which also checks the schema itself.
fn validator() -> jsonschema::Validator {
    jsonschema::draft202012::meta::validate(&schema()).expect("a schema of 2020-12");
    jsonschema::validator_for(&schema()).expect("a schema")
}

/// What an editor reads of a config.
fn yaml(text: &str) -> Value {
    serde_saphyr::from_str(text).expect("YAML")
}

/// A good stage-1 with more keys.
fn one(keys: &str) -> Value {
    yaml(&format!(
        "stage_1:\n  image: {{base: a, output: b}}\n{keys}\n"
    ))
}

#[test]
fn golden_configs_fit() {
    let validator = validator();
    let golden = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    for entry in std::fs::read_dir(golden).unwrap() {
        let path = entry.unwrap().path().join("user_config.yml");
        if let Ok(text) = std::fs::read_to_string(&path) {
            let errors: Vec<_> = validator
                .iter_errors(&yaml(&text))
                .map(|e| e.to_string())
                .collect();
            assert!(errors.is_empty(), "{}: {errors:?}", path.display());
        }
    }
}

#[test]
fn lenient_forms_fit() {
    let validator = validator();
    for keys in [
        "",
        "  x-note: [anything]",
        "  ssh: ~\n  proxy:\n  apt: null\n  ports: ~\n  environment:\n  device: ~\n  mount: ~\n  custom: ~",
        "  proxy: {port: '80', use_https: 'yes', enable_globally: 'OFF', remove_after_build: true}",
        "  proxy: {port: '${PORT:-80}', use_https: '${S}', address: 5}",
        "  ssh: {host_port: '{{P}}', port: 22, enable: 'on', users: {root: {password: 123, uid: '0'}, x-a: 5}}",
        "  environment: [A=1, B, 5]",
        "  environment: {A: 1, B: true, C: null, D: x}",
        "  ports: [80, '80:80']",
        "  device: {type: '${D}'}",
        "  custom: {on_entry: a.sh, on_build: [a.sh x], on_first_run: null}",
        "  custom: {on_entry: [a.sh]}",
        "  mount: {m: {type: auto-volume, dst_path: /d, host_path: null}, n: null, x-a: 5}",
        "stage_2: null",
        "stage_2: {image: {output: c}, ssh: null, storage: {app: {type: image, dst_path: null}, data: ~}}",
    ] {
        let config = one(keys);
        let errors: Vec<_> = validator
            .iter_errors(&config)
            .map(|e| e.to_string())
            .collect();
        assert!(errors.is_empty(), "{keys}: {errors:?}");
    }
}

#[test]
fn unknown_keys_and_wrong_shapes_do_not_fit() {
    let validator = validator();
    for keys in [
        "  prots: []",
        "stage_3: {}",
        "  image: 5",
        "  ports: '80:80'",
        "  ports: [{target: 80}]",
        "  ports: [null]",
        "  environment: A=1",
        "  environment: [{A: 1}]",
        "  environment: {A: [1]}",
        "  proxy: {port: 0}",
        "  proxy: {port: http}",
        "  proxy: {port: '{{P}}'}",
        "  proxy: {use_https: maybe}",
        "  device: {type: tpu}",
        "  ssh: {users: [me]}",
        "  ssh: {users: {me: {passwd: x}}}",
        "  custom: {on_build: a.sh}",
        "  custom: {on_entry: [a, b]}",
        "  mount: {m: {type: tmpfs, dst_path: /d}}",
        "  mount: {m: {type: host, host_path: /h}}",
        "  storage: {app: {type: image}}",
        "stage_2: {image: {output: c}, ssh: {}}",
        "stage_2: {image: {output: c}, storage: {cache: {type: image}}}",
        "stage_2: {image: {base: c}}",
    ] {
        let text = format!("stage_1:\n  image: {{base: a, output: b}}\n{keys}\n");
        // A second `image` would be a duplicate key.
        let text = text.replace("  image: {base: a, output: b}\n  image", "  image");
        assert!(!validator.is_valid(&yaml(&text)), "{keys}");
    }
    assert!(!validator.is_valid(&json!({})));
    assert!(!validator.is_valid(&json!([])));
}

#[test]
fn every_key_has_a_description() {
    let schema = schema();
    assert_eq!(
        schema["$schema"],
        "https://json-schema.org/draft/2020-12/schema"
    );
    let definitions = schema["$defs"].as_object().unwrap().values();
    let mut keys = 0;
    for section in definitions.chain([&schema]) {
        assert!(section["description"].is_string());
        for (key, value) in section["properties"].as_object().unwrap() {
            let about = value["description"].as_str().unwrap_or_default();
            assert!(about.ends_with('.') && about.len() > 10, "{key}: {about}");
            keys += 1;
        }
    }
    assert!(keys > 50, "only {keys} keys");
}

/// The template that explains every key has every key, for both stages. A commented line counts.
#[test]
fn the_full_template_has_every_key() {
    let text = include_str!("../../templates/config/full.yml")
        .replace("  mount: {} #", "  mount: #")
        .replace("  copy: [] #", "  copy: #")
        .replace("\n  #  ", "\n    ")
        .replace("build_secrets: {} #", "build_secrets: #")
        .replace("services: {} #", "services: #");
    let (head, stages) = text.split_once("\nstages: {} #").unwrap();
    let text = format!("{head}\nstages: #{}", stages.replace("\n#  ", "\n  "));
    let mut missing = Vec::new();
    let mut entries = BTreeMap::new();
    let schema = schema();
    find_missing(
        "",
        &schema,
        &yaml(&text),
        &schema,
        &mut missing,
        &mut entries,
    );
    // An entry of a mapping with free names may leave keys to the others.
    for (section, (of, values)) in entries {
        for key in keys(of) {
            if !values.iter().any(|value| value.get(key).is_some()) {
                missing.push(format!("{section}.{key}"));
            }
        }
    }
    assert!(missing.is_empty(), "{missing:#?}");
}

type Entries<'s> = BTreeMap<String, (&'s Value, Vec<Value>)>;

fn find_missing<'s>(
    path: &str,
    section: &'s Value,
    value: &Value,
    root: &'s Value,
    missing: &mut Vec<String>,
    entries: &mut Entries<'s>,
) {
    let section = resolved(section, root);
    for key in keys(section) {
        let (path, inner) = (
            format!("{path}.{key}"),
            resolved(&section["properties"][key], root),
        );
        let Some(value) = value.get(key) else {
            missing.push(path);
            continue;
        };
        let named = resolved(&inner["additionalProperties"], root);
        if named["properties"].is_object() {
            let all = entries.entry(key.to_owned()).or_insert((named, Vec::new()));
            all.1.extend(
                value
                    .as_object()
                    .into_iter()
                    .flat_map(|all| all.values().cloned()),
            );
        } else if key == "storage" {
            let (first, all) = (
                keys(inner).next().unwrap(),
                value.as_object().unwrap().values(),
            );
            let of = resolved(&inner["properties"][first], root);
            entries.insert(path, (of, all.cloned().collect()));
        } else {
            find_missing(&path, inner, value, root, missing, entries);
        }
    }
}

/// The keys that may stand there.
fn keys(section: &Value) -> impl Iterator<Item = &str> {
    let properties = section["properties"].as_object().into_iter().flatten();
    let here = properties.filter(|(_, about)| {
        let about = about["description"].as_str().unwrap_or_default();
        !about.starts_with("Not here")
    });
    here.map(|(key, _)| key.as_str())
}

fn resolved<'s>(value: &'s Value, root: &'s Value) -> &'s Value {
    let options = value["anyOf"].as_array().into_iter().flatten();
    let reference = options.chain([value]).find_map(|one| one["$ref"].as_str());
    reference
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
        .map_or(value, |target| resolved(target, root))
}

/// If a rule is a pattern in the schema and code in the validation, both check all texts of up to three of these pieces.
/// The schema refuses no config that loads; the number of bad configs that it accepts is pinned.
#[test]
fn the_patterns_refuse_what_the_rules_refuse() {
    let validator = validator();
    let digest = format!("@sha256:{}", "0".repeat(64));
    let sha = format!("$6$salt${}", "x".repeat(86));
    let yescrypt = format!("$y$j9T$salt${}", "x".repeat(43));
    let bcrypt = format!("$2b$12${}", "x".repeat(53));
    let check = |key: &str, pieces: &[&str], expected: usize| {
        let mut passed = Vec::new();
        for text in texts(pieces) {
            let keys = key.replace('§', &Value::from(&*text).to_string());
            let config = format!("stage_1:\n  image: {{base: a, output: b}}\n{keys}\n");
            // A second `image` would be a duplicate key.
            let config = config.replace("  image: {base: a, output: b}\n  image", "  image");
            let loads = FakeHost::default().load(&config).is_ok();
            let fits = validator.is_valid(&yaml(&config));
            assert!(fits || !loads, "refused by the schema alone: {config}");
            if fits && !loads {
                passed.push(text);
            }
        }
        assert_eq!(passed.len(), expected, "{key}: {passed:?}");
    };
    let name = ["", "a", "B", "9", "_", "-", ".", "é"];
    check("project: §", &name, 0);
    check("  ssh: {users: {§: {password: correct-horse}}}", &name, 0);
    let volume = "  mount: {m: {type: manual-volume, dst_path: /d, volume_name: §}}";
    check(volume, &name, 0);
    let path = ["", "/", ".", "~", "a", ":", "C:\\"];
    let host = "  mount: {m: {type: host, dst_path: /d, host_path: §}}";
    check(host, &path, 0);
    let destination = "  mount: {m: {type: host, host_path: /h, dst_path: §}}";
    check(destination, &path, 0);
    // A base that is empty is none.
    let image = ["", "a", "B.c", "1", ".", "_", "-", "/", ":", &digest];
    check("  image: {base: §, output: b}", &image, 1);
    // The validation checks numbers, not the schema.
    let port = ["", "80", "8-9", ":", "/", "udp", "127.0.0.1:", "[::1]:"];
    check("  ports: [§]", &port, 5);
    let address = ["", "a", ".", "[::1]", ":", "1", "/", "@", "'"];
    check("  proxy: {address: §}", &address, 0);
    let password = "  ssh: {users: {me: {password: §}}}";
    check(password, &["", "abcdefgh", ",", ":", " ", "\n"], 0);
    let hash = "  ssh: {users: {me: {password_hash: §}}}";
    check(hash, &["", &sha, &yescrypt, &bcrypt, "x", "$"], 0);
    check("  environment: [§]", &["", "A", "=", " ", "é", "{"], 0);
}

/// All texts of up to three pieces, one of which is empty.
fn texts(pieces: &[&str]) -> BTreeSet<String> {
    let longer = |text: String| pieces.iter().map(move |piece| format!("{text}{piece}"));
    let pairs = pieces.iter().flat_map(|piece| longer((*piece).to_owned()));
    pairs.flat_map(longer).collect()
}
