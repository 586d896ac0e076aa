//! Every example and quick template configures, and the commands in its README work.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::collections::BTreeSet;
use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use tempfile::TempDir;

use crate::docs::{assert_commands_run, markdown_page, person};

/// The warnings that a shipped config may have: its subject, or required by the contract.
const ALLOWED: &[(&str, &str)] = &[("minimal", "weak-password"), ("full", "weak-password")];

#[test]
fn every_quick_template_configures() {
    let templates = files_in(&root().join("templates/config/quick"));
    assert!(
        templates.len() >= 6,
        "only {} quick templates",
        templates.len()
    );
    for template in templates {
        let name = template.file_stem().and_then(OsStr::to_str).unwrap();
        let home = TempDir::new().unwrap();
        let project = home.path().join("project");
        pei(
            home.path(),
            home.path(),
            ["create", "-p", "project", "-q", name, "--no-examples"],
        );
        let written = fs::read_to_string(project.join("user_config.yml")).unwrap();
        // A project has a name and a free port of its own.
        let own = |text: &str| {
            let is_own = |line: &&str| {
                !["project:", "output:", "host_port:", "127.0.0.1"]
                    .iter()
                    .any(|word| line.contains(word))
            };
            let lines = text.lines().filter(|line| !line.is_empty()).filter(is_own);
            lines.map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(
            own(&written),
            own(&fs::read_to_string(&template).unwrap()),
            "{name}"
        );
        assert_schema_line(&written, "./user_config.schema.json", name);
        assert_configures(home.path(), &project, name);
    }
}

#[test]
fn the_full_template_configures() {
    let home = TempDir::new().unwrap();
    let project = home.path().join("project");
    pei(
        home.path(),
        home.path(),
        ["create", "-p", "project", "--no-examples"],
    );
    let written = fs::read_to_string(project.join("user_config.yml")).unwrap();
    assert_schema_line(&written, "./user_config.schema.json", "full");
    assert_configures(home.path(), &project, "full");
}

#[test]
fn every_example_configures_and_its_readme_runs() {
    let examples = examples();
    assert!(examples.len() >= 20, "only {} examples", examples.len());
    let home = TempDir::new().unwrap();
    for example in examples {
        let name = example.file_name().and_then(OsStr::to_str).unwrap();
        let kind = example
            .parent()
            .and_then(Path::file_name)
            .and_then(OsStr::to_str)
            .unwrap();
        let project = home.path().join(name);
        pei(
            home.path(),
            home.path(),
            ["create", "-p", name, "-q", "minimal"],
        );

        let shipped = project
            .join("examples")
            .join(kind)
            .join(name)
            .join("user_config.yml");
        let config = fs::read_to_string(example.join("user_config.yml")).unwrap();
        assert_eq!(
            fs::read_to_string(shipped).unwrap(),
            config,
            "{name}: pei carries another text"
        );
        assert_schema_line(&config, "../../../user_config.schema.json", name);
        // A person who follows the README has all that the config needs.
        assert_commands_run(
            &markdown_page(&example.join("README.md")),
            &project,
            home.path(),
        );
        let copied = fs::read_to_string(project.join("user_config.yml")).unwrap();
        assert_eq!(copied, config, "{name}: the README copies another config");
        assert_configures(home.path(), &project, name);
    }
}

/// The directories of the catalogue.
pub(crate) fn examples() -> Vec<PathBuf> {
    ["basic", "advanced"]
        .into_iter()
        .flat_map(|kind| files_in(&root().join("examples").join(kind)))
        .collect()
}

fn assert_schema_line(config: &str, schema: &str, name: &str) {
    let expected = format!("# yaml-language-server: $schema={schema}");
    assert_eq!(config.lines().next(), Some(expected.as_str()), "{name}");
}

/// No error, no warning but the allowed ones, and nothing left to write.
#[track_caller]
fn assert_configures(home: &Path, project: &Path, name: &str) {
    let said = pei(home, project, ["configure"]);
    let codes: BTreeSet<&str> = said
        .lines()
        .filter_map(|line| line.strip_prefix("warning"))
        .map(|rest| {
            rest.trim_start_matches('[')
                .split([']', ':'])
                .next()
                .unwrap_or_default()
        })
        .collect();
    let allowed: BTreeSet<&str> = ALLOWED
        .iter()
        .filter(|(of, _)| *of == name)
        .map(|(_, code)| *code)
        .collect();
    assert_eq!(codes, allowed, "the warnings of {name}:\n{said}");
    pei(home, project, ["configure", "--check"]);
}

/// Runs pei as a person with a key; what it says on stderr.
#[track_caller]
fn pei<const N: usize>(home: &Path, folder: &Path, arguments: [&str; N]) -> String {
    let mut command = Command::new(env!("CARGO_BIN_EXE_pei"));
    person(&mut command, home);
    let output = command
        .args(arguments)
        .current_dir(folder)
        .output()
        .unwrap();
    let said = String::from_utf8_lossy(&output.stderr).into_owned();
    assert!(
        output.status.success(),
        "pei {} in {}:\n{said}",
        arguments.join(" "),
        folder.display()
    );
    said
}

fn files_in(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
