//! docs/security.md names the tests that hold each promise, and they exist.

use std::fs;
use std::path::Path;

/// The promises of the page, each with its tests: file and name.
fn promises(page: &str) -> Vec<(&str, Vec<(&str, &str)>)> {
    let mut found: Vec<(&str, Vec<(&str, &str)>)> = Vec::new();
    let section = page
        .lines()
        .skip_while(|line| *line != "## What pei promises")
        .skip(1)
        .take_while(|line| !line.starts_with("## "));
    for line in section {
        if let Some(promise) = line.strip_prefix("- ") {
            found.push((promise, Vec::new()));
        } else if let Some(named) = line.strip_prefix("  - `") {
            let (_, tests) = found.last_mut().expect("a test stands below its promise");
            tests.push(named.split_once("`: ").expect("`FILE`: NAME"));
        }
    }
    found
}

/// Why there is no such test in the file.
fn fault(file: &str, name: &str) -> Option<String> {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join(file);
    let Ok(text) = fs::read_to_string(&path) else {
        return Some(format!("there is no {file}"));
    };
    let there = match path.extension().and_then(|extension| extension.to_str()) {
        Some("bats") => text.contains(&format!("\n@test \"{name}\" {{\n")),
        // Attributes stand between `#[test]` and the function, if at all, and a `proptest!` has none of its own.
        Some("rs") => text.contains("#[test]\n") && text.contains(&format!("fn {name}(")),
        // What the script runs.
        _ => text.contains(name),
    };
    (!there).then(|| format!("{file} has no test `{name}`"))
}

#[test]
fn every_promise_names_a_test_that_exists() {
    let page = include_str!("../../docs/security.md");
    let promises = promises(page);
    assert!(promises.len() > 10, "only {} promises", promises.len());
    let mut faults = Vec::new();
    for (promise, tests) in promises {
        if tests.is_empty() {
            faults.push(format!("no test holds: {promise}"));
        }
        faults.extend(tests.iter().filter_map(|(file, name)| fault(file, name)));
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
}

#[test]
fn a_test_that_is_not_there_is_missed() {
    assert_eq!(
        fault("tests/nowhere.bats", "any").unwrap(),
        "there is no tests/nowhere.bats"
    );
    assert!(fault("tests/container/audit.bats", "no secret").is_some());
    assert!(fault("tests/integration/security.rs", "no_such_test").is_some());
    assert!(
        fault(
            "tests/integration/security.rs",
            "a_test_that_is_not_there_is_missed"
        )
        .is_none()
    );
}
