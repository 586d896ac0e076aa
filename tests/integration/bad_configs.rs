//! The table of bad configs (`tests/config/bad_configs`) through the binary: the place, the key path, the cure and the
//! exit status that a person gets, and a directory that does not change, byte for byte.

use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::project::Project;

/// Where the finding's primary label begins.
const MARK: char = '§';

#[test]
fn each_bad_config_is_refused_at_its_place_and_nothing_is_written() {
    let project = Project::create_minimal();
    let scripts = [
        "stage-1/custom/ok.sh",
        "stage-2/custom/ok.sh",
        "stages/web/ok.sh",
        "stage-1/custom/my own.sh",
    ];
    for script in scripts {
        project.write(&format!("installation/{script}"), "#!/bin/bash\n");
    }
    project.write("installation/stage-1/custom/empty.sh", " \n");
    project.write("installation/stage-1/custom/utf16.sh", "e\0c\0h\0o\0");
    let keys = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/keys");
    for (name, key) in [("me.pub", "ed25519-256.pub"), ("me", "ed25519-256")] {
        let key = fs::read(keys.join(key)).unwrap();
        project.write(&format!("installation/stage-1/custom/{name}"), key);
    }
    project.write("installation/stage-1/custom/huge", vec![b'x'; 2 << 20]);
    let link = project.path("installation/stage-1/custom/link");
    std::os::unix::fs::symlink(project.beside("outside"), link).unwrap();
    fs::write(project.beside("outside"), "").unwrap();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/config/bad_configs");
    let shape = crate::findings_json::shape();
    let mut seen = 0;
    for file in files(&folder) {
        let text = fs::read_to_string(file).unwrap();
        for case in format!("\n{text}").split("\n#### ").skip(1) {
            seen += usize::from(check(&project, &shape, case));
        }
    }
    assert!(seen >= 200, "only {seen} cases were run");
}

/// The files with cases: all but the one of counts.
fn files(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).unwrap();
    let paths = entries.map(|entry| entry.unwrap().path());
    let mut files: Vec<PathBuf> = paths
        .filter(|path| path.extension().is_some_and(|kind| kind == "txt"))
        .filter(|path| !path.ends_with("refused-by-schema.txt"))
        .collect();
    files.sort();
    files
}

/// False for a case that is no error, or that needs what only the loader's own tests have.
fn check(project: &Project, shape: &jsonschema::Validator, case: &str) -> bool {
    let (head, yaml) = case.split_once('\n').unwrap();
    let parts: Vec<&str> = head.split('|').map(str::trim).collect();
    let [code, path, help] = parts[..] else {
        panic!("a case's head has three parts: {head}");
    };
    // Placeholders stand for keys; the person's own key and what root may read anyway are the loader's tests' own.
    if yaml.contains('<') || yaml.contains("'~'") || yaml.contains("/locked") {
        return false;
    }
    let yaml = yaml.trim_end_matches('\n');
    let before = yaml.split(MARK).next().unwrap();
    let line = before.matches('\n').count() + 1;
    let column = before.rsplit('\n').next().unwrap().chars().count() + 1;

    project.write("user_config.yml", yaml.replace(MARK, ""));
    let files = project.files();
    let output = project
        .command(["configure", "--dry-run", "--format", "json"])
        .env("SET", "value")
        .env("PATH_AT_RUN_TIME", "/soft/app")
        .output()
        .unwrap();
    if output.status.success() {
        // A warning: those are the loader's tests' own.
        return false;
    }
    let output = project
        .command(["configure", "--format", "json"])
        .env("SET", "value")
        .env("PATH_AT_RUN_TIME", "/soft/app")
        .output()
        .unwrap();
    assert_eq!(output.status.code(), Some(1), "{head}");
    assert!(project.files() == files, "{head}: the folder was changed");
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| {
        panic!(
            "{head}: {error}\n{}",
            String::from_utf8_lossy(&output.stdout)
        )
    });
    assert!(shape.is_valid(&document), "{head}: {document:#}");
    let found = document["diagnostics"].as_array().unwrap();
    assert!(
        found.iter().any(|one| {
            one["code"] == code
                && one["line"] == line
                && one["column"] == column
                && one["path"].as_str().unwrap_or_default() == path
                && one["help"].as_str().unwrap_or_default().contains(help)
        }),
        "{head}: expected {line}:{column}, found {found:#?}"
    );
    true
}
