//! Bytes as a config file: no panic, no hang; what is found can be shown, and what is legal can be rendered.

#[cfg(test)]
use std::sync::OnceLock;

use crate::config::SourceFile;
use crate::credentials::Credentials;
use crate::diagnostic::{Diagnostic, Severity, render, to_json};
use crate::plan::{Inputs, plan};
use crate::render::project;

pub(crate) mod fake;
use fake::FakeHost;

/// Reads the bytes as `pei configure` does, and uses all results.
pub fn check(bytes: &[u8]) {
    match SourceFile::decode("user_config.yml", bytes.to_vec()) {
        Ok(source) => check_text(&source.text),
        Err((source, problem)) => show(&[*problem], &source),
    }
}

/// Loads a text, and uses all results.
pub(crate) fn check_text(yaml: &str) {
    let host = FakeHost::default()
        .variable("A", "a: {{B}} ${C}")
        .variable("WORD", "it's")
        .variable("EMPTY", "")
        .project("stage-1/a.sh", "");
    let found = match host.load(yaml) {
        Ok(loaded) => {
            #[cfg(test)]
            assert_fits_schema(yaml);
            let with_merged = loaded.project.marked_values().is_empty();
            // Salts are random; with the credentials of an earlier run nothing is.
            let make = |old: &str| {
                let credentials =
                    Credentials::of(loaded.project.users(), Some(old)).expect("a salt");
                let text = credentials.text().to_owned();
                let inputs = Inputs {
                    full_compose: true,
                    with_merged,
                    credentials,
                    ..Inputs::default()
                };
                let files = project(&plan(&loaded.project, &inputs), None);
                (text, files.expect("a legal config renders"))
            };
            let (credentials, files) = make("");
            let (_, again) = make(&credentials);
            assert!(
                files.iter().eq(again.iter()),
                "{yaml}\nthe second run differs"
            );
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
#[cfg(test)]
fn assert_fits_schema(yaml: &str) {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let schema = SCHEMA
        .get_or_init(|| jsonschema::validator_for(&crate::config::schema()).expect("a schema"));
    let value: serde_json::Value = match serde_saphyr::from_str(yaml) {
        Ok(value) => value,
        // JSON has no `.inf` and no `.nan`.
        Err(error) if error.to_string().contains("non-finite") => return,
        Err(error) => panic!("{error}"),
    };
    let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
    assert!(errors.is_empty(), "{yaml}\n{errors:?}");
}

/// Inputs that a fuzzer found, each under a name that says why it is kept.
#[test]
fn every_saved_input_is_read_without_a_panic() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("fuzz/seeds");
    for entry in std::fs::read_dir(folder).expect("fuzz/seeds") {
        check(&std::fs::read(entry.expect("a seed").path()).expect("a file"));
    }
}
