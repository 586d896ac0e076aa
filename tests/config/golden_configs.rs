//! The golden cases load, and fit the schema.

use std::fs;
use std::path::Path;

use crate::fake::FakeHost;

/// The files that golden cases bring along.
const FILES: [&str; 4] = [
    "stage-1/custom/probe.sh",
    "stage-2/custom/probe2.sh",
    "stage-1/custom/cat.pub",
    "stage-1/custom/my.list",
];

#[test]
fn every_golden_config_loads() {
    let golden = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/golden");
    let mut seen = 0;
    for entry in fs::read_dir(golden).unwrap() {
        let folder = entry.unwrap().path();
        let Ok(yaml) = fs::read_to_string(folder.join("user_config.yml")) else {
            continue;
        };
        let mut host = FakeHost::default();
        let variables = fs::read_to_string(folder.join("env")).unwrap_or_default();
        for line in variables.lines() {
            let (name, value) = line.split_once('=').unwrap();
            host = host.variable(name, value);
        }
        for path in FILES {
            if let Ok(text) = fs::read_to_string(folder.join("files").join(path)) {
                host = host.project(path, &text);
            }
        }
        if let Err(found) = host.load(&yaml) {
            panic!("{}: {found:#?}", folder.display());
        }
        seen += 1;
    }
    assert!(seen >= 12, "only {seen} golden cases");
}
