//! Bytes as a config file: no panic, no hang, and whatever is found can be shown.

use std::sync::OnceLock;

use crate::fake::FakeHost;
use pei::parts::SourceFile;
use pei::parts::{Diagnostic, Severity, render_diagnostics as render, to_json};

/// Reads the bytes as `pei configure` does, and uses all that comes of it.
pub(crate) fn check(bytes: &[u8]) {
    match SourceFile::decode("user_config.yml", bytes.to_vec()) {
        Ok(source) => check_text(&source.text),
        Err((source, problem)) => show(&[*problem], &source),
    }
}

/// Loads a text, and uses all that comes of it.
pub(crate) fn check_text(yaml: &str) {
    let host = FakeHost::default()
        .variable("A", "a: {{B}} ${C}")
        .project("stage-1/a.sh", "");
    let found = match host.load(yaml) {
        Ok(loaded) => {
            assert_fits_schema(yaml);
            loaded.warnings
        }
        Err(found) => {
            assert!(found.iter().any(|one| one.severity == Severity::Error));
            found
        }
    };
    show(&found, &SourceFile::new("user_config.yml", yaml));
}

/// Renders findings in every form; their places are in the text, and in its order.
fn show(found: &[Diagnostic], source: &SourceFile) {
    assert!(found.iter().map(Diagnostic::start).is_sorted());
    for label in found.iter().flat_map(|one| &one.labels) {
        assert!(label.span.start <= label.span.end);
    }
    for colour in [false, true] {
        assert_eq!(render(found, source, colour).is_empty(), found.is_empty());
    }
    let document: serde_json::Value =
        serde_json::from_str(&to_json(found, source)).expect("the document is JSON");
    let listed = document["diagnostics"].as_array().expect("a list");
    assert_eq!(listed.len(), found.len());
}

/// What loads must fit the schema.
fn assert_fits_schema(yaml: &str) {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let schema =
        SCHEMA.get_or_init(|| jsonschema::validator_for(&pei::parts::schema()).expect("a schema"));
    let value: serde_json::Value = serde_saphyr::from_str(yaml).expect("YAML");
    let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{yaml}\n{errors:?}");
}
