//! docs/findings-json.md shows what `pei configure --format json` prints.

use std::path::Path;

use serde_json::Value;

use crate::project::Project;

/// The text of the page's block of this kind.
fn block(kind: &str) -> String {
    let page = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs/findings-json.md");
    let page = std::fs::read_to_string(page).unwrap();
    let (_, text) = page.split_once(&format!("```{kind}\n")).unwrap();
    text.split_once("\n```").unwrap().0.to_owned()
}

/// The documented shape; fields that it does not name are not in the document.
pub(crate) fn shape() -> jsonschema::Validator {
    let schema: Value = serde_json::from_str(&block("json schema")).unwrap();
    jsonschema::draft202012::meta::validate(&schema).expect("a schema of 2020-12");
    jsonschema::validator_for(&schema).unwrap()
}

#[test]
fn the_documented_example_is_what_the_program_prints() {
    let project = Project::configured().file("user_config.yml", block("yaml fragment"));
    let run = project.run(["configure", "--format", "json"]).exits(1);
    let printed: Value = serde_json::from_str(&run.stdout).unwrap();
    let documented: Value = serde_json::from_str(&block("json")).unwrap();
    assert_eq!(printed, documented);
    assert!(shape().is_valid(&printed));
}

#[test]
fn nothing_is_printed_where_no_config_was_read() {
    let project = Project::configured();
    project
        .run(["configure", "--format", "json", "-c", "none.yml"])
        .exits(1)
        .prints_nothing()
        .says("there is no config");
}
