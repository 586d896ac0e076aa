//! The reference pages are generated from the binary's own texts. `SNAPSHOTS=overwrite cargo test` updates them.

use std::fmt::Write as _;

use serde_json::Value;
use snapbox::{Data, assert_data_eq};

use crate::cli::COMMANDS;
use crate::project::Project;

#[test]
fn the_page_of_the_commands_is_the_help() {
    let project = Project::none();
    let mut page = String::from("# The commands\n\nWhat `pei COMMAND --help` prints.\n");
    let mut add = |title: &str, help: &str| {
        let _ = write!(page, "\n## {title}\n\n```text\n{}\n```\n", help.trim_end());
    };
    add("pei", &project.run_beside(["--help"]).succeeds().stdout);
    for command in COMMANDS {
        let help = project.run_beside([command, "--help"]).succeeds().stdout;
        add(&format!("pei {command}"), &help);
    }
    compare("docs/reference/cli.md", &page);
}

#[test]
fn the_page_of_the_config_is_the_schema() {
    let text = Project::none().run_beside(["schema"]).succeeds().stdout;
    let schema: Value = serde_json::from_str(&text).unwrap();
    let mut page = String::from(
        "# The keys of user_config.yml\n\n\
         Made from the schema that `pei schema` prints. A key that is missing or null has its default; keys that begin with\n\
         `x-` are ignored anywhere.\n",
    );
    section(
        &mut page,
        "user_config.yml",
        &schema,
        &schema,
        &mut Vec::new(),
    );
    compare("docs/reference/config.md", &page);
}

#[test]
fn the_schema_of_new_projects_is_that_of_the_reader() {
    let text = Project::none().run_beside(["schema"]).succeeds().stdout;
    let read: Value = serde_json::from_str(&text).unwrap();
    let file = Project::create_minimal().read("user_config.schema.json");
    let mut made: Value = serde_json::from_str(&file).unwrap();
    made.as_object_mut().unwrap().remove("$comment").unwrap();
    assert_eq!(made, read);
}

fn compare(path: &str, page: &str) {
    let pinned = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join(path);
    assert_data_eq!(page, Data::read_from(&pinned, None).raw());
}

/// One table a section, then the sections in it.
fn section(page: &mut String, path: &str, of: &Value, root: &Value, open: &mut Vec<String>) {
    let of = resolve(of, root);
    let Some(properties) = of["properties"].as_object() else {
        return;
    };
    let _ = write!(
        page,
        "\n## {path}\n\n{}\n\n| key | takes | meaning |\n|---|---|---|\n",
        of["description"].as_str().unwrap_or_default()
    );
    let mut inner = Vec::new();
    for (key, value) in properties {
        let target = resolve(value, root);
        let about = value["description"]
            .as_str()
            .or(target["description"].as_str())
            .unwrap_or_default();
        if about.starts_with("Not here") {
            continue;
        }
        let _ = writeln!(
            page,
            "| `{key}` | {} | {} |",
            takes(target, root),
            about.replace('|', "\\|")
        );
        let child = if path == "user_config.yml" {
            key.clone()
        } else {
            format!("{path}.{key}")
        };
        inner.push((child, value));
    }
    for (child, value) in inner {
        if open.contains(&child) {
            continue;
        }
        open.push(child.clone());
        let target = resolve(value, root);
        if target["properties"].is_object() {
            section(page, &child, target, root, open);
        } else if resolve(&target["items"], root)["properties"].is_object() {
            section(page, &format!("{child}[N]"), &target["items"], root, open);
        } else if target["additionalProperties"].is_object() {
            section(
                page,
                &format!("{child}.NAME"),
                &target["additionalProperties"],
                root,
                open,
            );
        }
    }
}

fn resolve<'a>(value: &'a Value, root: &'a Value) -> &'a Value {
    value["$ref"]
        .as_str()
        .and_then(|reference| root.pointer(reference.trim_start_matches('#')))
        .map_or(value, |target| resolve(target, root))
}

fn takes(value: &Value, root: &Value) -> String {
    if value["properties"].is_object() {
        return "a section".to_owned();
    }
    if value["additionalProperties"].is_object() {
        let each = resolve(&value["additionalProperties"], root);
        let name = if each["properties"].is_object() {
            "a section for each name"
        } else {
            "a mapping"
        };
        return name.to_owned();
    }
    if let Some(words) = value["enum"].as_array() {
        let words = words
            .iter()
            .filter_map(Value::as_str)
            .map(|word| format!("`{word}`"));
        return words.collect::<Vec<_>>().join(", ");
    }
    for form in ["anyOf", "oneOf"] {
        if let Some(forms) = value[form].as_array() {
            let mut names: Vec<String> = Vec::new();
            for one in forms {
                let name = takes(resolve(one, root), root);
                if !name.is_empty() && !names.contains(&name) {
                    names.push(name);
                }
            }
            return names.join(" or ");
        }
    }
    let types = match &value["type"] {
        Value::String(one) => vec![one.as_str()],
        Value::Array(many) => many.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let name = if types.contains(&"array") {
        "a list"
    } else if types.contains(&"object") {
        "a mapping"
    } else if types.contains(&"string") && types.contains(&"number") {
        "text"
    } else if types.contains(&"boolean") {
        "true or false"
    } else if types.contains(&"integer") {
        "a number"
    } else {
        ""
    };
    name.to_owned()
}
