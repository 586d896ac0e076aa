//! Every example, quick template and installer has all that docs/contributing.md requires; a missing step is named as
//! the page's step. The changelog has the version.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on ends here")]

use std::fs;
use std::path::{Path, PathBuf};

use tempfile::TempDir;

const GOLDEN: &str = "tests/integration/golden/mod.rs";
const EXAMPLES: &str = "tests/container/examples.bats";
const DOWNLOADING_EXAMPLES: &str = "tests/installers/examples.bats";
const EVERY_INSTALLER: &str = "tests/bats/tools/every-installer.bats";
const TOOLS: &str = "tests/installers/tools.bats";

/// Installers that no hook of `tools.bats` runs: another one that it runs calls them, or they need what no test has.
const NO_HOOK_IN_TOOLS: &[&str] = &[
    // install-nvm-nodejs.sh and install-nodejs.sh run it.
    "install-nvm.sh",
    // Needs CUDA.
    "install-opencv-cuda.sh",
    // The example ros2-robotics runs it.
    "install-ros2.sh",
];

#[test]
fn every_example_has_all_steps_of_the_contributing_page() {
    let missing = missing_of_examples(root());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_quick_template_has_all_steps_of_the_contributing_page() {
    let missing = missing_of_templates(root());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn every_installer_has_all_steps_of_the_contributing_page() {
    let missing = missing_of_installers(root());
    assert!(missing.is_empty(), "{}", missing.join("\n"));
}

#[test]
fn the_version_has_a_section_in_the_changelog() {
    let text = fs::read_to_string(root().join("CHANGELOG.md")).unwrap();
    let mut headings = text.lines().filter_map(|line| line.strip_prefix("## ["));
    assert_eq!(headings.next(), Some("Unreleased]"));
    let newest = headings.next().unwrap();
    let version = env!("CARGO_PKG_VERSION");
    let date = newest.strip_prefix(&format!("{version}] - "));
    let date = date.unwrap_or_else(|| panic!("CHANGELOG.md: no section for {version}: {newest}"));
    assert_eq!(date.len(), "2026-01-31".len(), "{newest}");
}

/// The forge runs each group of scripts/test.sh, and no other.
#[test]
fn the_workflows_run_every_group_of_the_tests() {
    let read = |path: &str| fs::read_to_string(root().join(path)).unwrap();
    let runner = read("scripts/test.sh");
    let usage = runner.split_once("Usage: test.sh [all|").unwrap().1;
    let groups: Vec<&str> = usage.split_once(']').unwrap().0.split('|').collect();
    let mut run: Vec<String> = Vec::new();
    let workflow: serde_yaml::Value =
        serde_yaml::from_str(&read(".github/workflows/ci.yml")).unwrap();
    for (_, job) in workflow["jobs"].as_mapping().unwrap() {
        let matrix = &job["strategy"]["matrix"]["group"];
        let of_matrix = matrix.as_sequence().into_iter().flatten();
        run.extend(of_matrix.map(|group| group.as_str().unwrap().to_owned()));
        let commands = job["steps"].as_sequence().into_iter().flatten();
        run.extend(
            commands
                .filter_map(|step| step["run"].as_str()?.split_once(".ci/run "))
                .map(|(_, group)| group.trim().to_owned())
                .filter(|group| !group.contains('$')),
        );
    }
    for group in &groups {
        assert!(
            run.iter().any(|name| name == group),
            "no workflow runs {group}"
        );
    }
    for group in run {
        assert!(
            groups.contains(&group.as_str()),
            "scripts/test.sh has no {group}"
        );
    }
}

/// A tree with a new example, template and installer, and nothing else.
#[test]
fn each_missing_step_is_named() {
    let tree = TempDir::new().unwrap();
    let put = |path: &str, text: &str| {
        let path = tree.path().join(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    };
    for file in [
        GOLDEN,
        EXAMPLES,
        DOWNLOADING_EXAMPLES,
        EVERY_INSTALLER,
        TOOLS,
    ] {
        put(file, "");
    }
    put("docs/scripts.md", "");
    put("examples/advanced/none/README.md", "");
    put(
        "examples/basic/new-one/user_config.yml",
        "stage_1:\n  custom:\n    on_build:\n    - stage-1/system/uv/install-uv.sh\n",
    );
    put("templates/config/quick/new.yml", "stage_1: {}\n");
    put(
        "installation/stage-1/system/new/install-new.sh",
        "#!/usr/bin/env bash\npei_download --url x\n",
    );

    let examples = missing_of_examples(tree.path());
    assert_steps(&examples, "examples/basic/new-one", &[1, 2, 3, 4, 5, 6]);
    assert!(
        examples.iter().any(|line| line
            .contains("SNAPSHOTS=overwrite cargo test --test integration golden::basic::new_one")),
        "{examples:?}"
    );
    assert_steps(
        &missing_of_templates(tree.path()),
        "templates/config/quick/new.yml",
        &[1, 2, 3, 4],
    );
    assert_steps(
        &missing_of_installers(tree.path()),
        "installation/stage-1/system/new/install-new.sh",
        &[1, 4, 5, 6, 7, 8],
    );
}

#[track_caller]
fn assert_steps(missing: &[String], of: &str, steps: &[usize]) {
    let found: Vec<_> = missing
        .iter()
        .filter(|line| line.starts_with(&format!("{of}: step ")))
        .collect();
    assert_eq!(found.len(), steps.len(), "{missing:?}");
    for (line, step) in found.iter().zip(steps) {
        assert!(line.starts_with(&format!("{of}: step {step}, ")), "{line}");
    }
}

/// The steps of one thing that somebody added.
struct Steps {
    of: String,
    missing: Vec<String>,
}

impl Steps {
    fn new(of: String) -> Self {
        Self {
            of,
            missing: Vec::new(),
        }
    }

    fn require(&mut self, step: usize, is_done: bool, what: &str) {
        if !is_done {
            self.missing.push(format!(
                "{}: step {step}, {what} (docs/contributing.md)",
                self.of
            ));
        }
    }
}

fn missing_of_examples(root: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for kind in ["basic", "advanced"] {
        for folder in in_folder(&root.join("examples").join(kind)) {
            let name = name_of(&folder);
            let case = name.replace('-', "_");
            let config = fs::read_to_string(folder.join("user_config.yml")).unwrap_or_default();
            let mut steps = Steps::new(format!("examples/{kind}/{name}"));
            steps.require(
                1,
                config.starts_with("# yaml-language-server: $schema=../../../user_config.schema.json\n"),
                "its `user_config.yml`, whose first line is `# yaml-language-server: $schema=../../../user_config.schema.json`",
            );
            steps.require(2, folder.join("README.md").is_file(), "its `README.md`");
            steps.require(
                3,
                has_case(root, kind, &case),
                &format!("`{case}` in the list `{kind}` of {GOLDEN}"),
            );
            steps.require(
                4,
                root.join("tests/expected").join(kind).join(&name).is_dir(),
                &format!(
                    "its expected output: `SNAPSHOTS=overwrite cargo test --test integration golden::{kind}::{case}`"
                ),
            );
            steps.require(
                5,
                has_test(root, EXAMPLES, &format!("{kind}/{name}")),
                &format!("a test `{kind}/{name}: …` in {EXAMPLES}"),
            );
            if runs_installers(&config) {
                steps.require(
                    6,
                    has_test(root, DOWNLOADING_EXAMPLES, &format!("{kind}/{name}")),
                    &format!(
                        "a test `{kind}/{name}` in {DOWNLOADING_EXAMPLES}: its hooks download"
                    ),
                );
            }
            missing.extend(steps.missing);
        }
    }
    missing
}

fn missing_of_templates(root: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    for file in in_folder(&root.join("templates/config/quick")) {
        let name = file.file_stem().unwrap().to_str().unwrap().to_owned();
        let case = name.replace('-', "_");
        let config = fs::read_to_string(&file).unwrap();
        let mut steps = Steps::new(format!("templates/config/quick/{name}.yml"));
        steps.require(
            1,
            config.starts_with("# yaml-language-server: $schema=./user_config.schema.json\n"),
            "its first line, `# yaml-language-server: $schema=./user_config.schema.json`",
        );
        steps.require(
            2,
            has_case(root, "quick", &case),
            &format!("`{case}` in the list `quick` of {GOLDEN}"),
        );
        steps.require(
            3,
            root.join("tests/expected/quick").join(&name).is_dir(),
            &format!(
                "its expected output: `SNAPSHOTS=overwrite cargo test --test integration golden::quick::{case}`"
            ),
        );
        steps.require(
            4,
            has_test(root, EXAMPLES, &format!("quick {name}")),
            &format!("a test `quick {name}: …` in {EXAMPLES}"),
        );
        if runs_installers(&config) {
            steps.require(
                5,
                has_test(root, DOWNLOADING_EXAMPLES, &format!("quick {name}")),
                &format!("a test `quick {name}` in {DOWNLOADING_EXAMPLES}: its hooks download"),
            );
        }
        missing.extend(steps.missing);
    }
    missing
}

fn missing_of_installers(root: &Path) -> Vec<String> {
    let read = |path: &str| fs::read_to_string(root.join(path)).unwrap();
    let every_installer = read(EVERY_INSTALLER);
    let mirrored = every_installer
        .split("@test ")
        .find(|test| test.starts_with("\"a dry run names the mirror's places first\""))
        .unwrap_or_default();
    let tools = read(TOOLS);
    let overview = read("docs/scripts.md");
    let unit_tests: String = in_folder(&root.join("tests/bats/tools"))
        .iter()
        .filter(|path| !path.ends_with("every-installer.bats"))
        .map(|path| fs::read_to_string(path).unwrap())
        .collect();

    let mut missing = Vec::new();
    for script in programs(&root.join("installation/stage-1/system")) {
        let name = name_of(&script);
        let folder = script.parent().unwrap();
        let path = script
            .strip_prefix(root)
            .unwrap()
            .to_str()
            .unwrap()
            .to_owned();
        let below = path.strip_prefix("installation/").unwrap();
        let text = fs::read_to_string(&script).unwrap();
        let mut steps = Steps::new(path.clone());
        steps.require(
            1,
            text.contains("Root: ") && text.contains("Network: "),
            "`Root:` and `Network:` in the comment at its head",
        );
        steps.require(
            4,
            unit_tests.contains(&name),
            "a test of it in tests/bats/tools/TOOL.bats",
        );
        steps.require(
            5,
            every_installer
                .lines()
                .any(|line| line.starts_with(below) && line.contains(".bats: ")),
            &format!("a line in `second_runs` of {EVERY_INSTALLER}"),
        );
        if text.contains("pei_download ") && folder != root.join("installation/stage-1/system") {
            steps.require(
                6,
                mirrored.contains(&format!("{}/{name}", name_of(folder))),
                &format!("its name in the test `a dry run names the mirror's places first` of {EVERY_INSTALLER}"),
            );
        }
        if name.starts_with("install-") && !NO_HOOK_IN_TOOLS.contains(&name.as_str()) {
            steps.require(
                7,
                tools.contains(&name),
                &format!("a test with it as a hook in {TOOLS}"),
            );
        }
        let readme = fs::read_to_string(folder.join("README.md")).unwrap_or_default();
        steps.require(
            8,
            readme.contains(&format!("### `{name}`")) && overview.contains(&name),
            "its options in the README of its directory and in docs/scripts.md: run scripts/script-docs.sh",
        );
        missing.extend(steps.missing);
    }
    missing
}

/// Whether the list of golden cases has the name.
fn has_case(root: &Path, group: &str, case: &str) -> bool {
    let text = fs::read_to_string(root.join(GOLDEN)).unwrap();
    let list = text
        .split_once(&format!("    {group}: "))
        .and_then(|(_, rest)| rest.split_once(';'))
        .map(|(list, _)| list)
        .unwrap_or_default();
    list.split_whitespace().any(|name| name == case)
}

/// Whether a bats file has a test whose name begins with these words.
fn has_test(root: &Path, file: &str, name: &str) -> bool {
    let text = fs::read_to_string(root.join(file)).unwrap();
    text.lines()
        .filter_map(|line| line.strip_prefix("@test \"")?.strip_prefix(name))
        .any(|rest| rest.starts_with(['"', ':', ',']))
}

/// Whether hooks are shipped installers, which download; as tests/installers/examples.bats has it.
fn runs_installers(config: &str) -> bool {
    config.lines().any(|line| {
        let entry = line.trim_start().strip_prefix("- ").unwrap_or_default();
        let entry = entry.trim_start_matches('\'');
        entry.starts_with("stage-1/system/") || entry.starts_with("stage-2/system/")
    })
}

/// The scripts in a directory and its subfolders that are run, not sourced.
fn programs(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for path in in_folder(folder) {
        if path.is_dir() {
            found.extend(programs(&path));
        } else if path
            .extension()
            .is_some_and(|extension| extension == "sh" || extension == "bash")
        {
            let text = fs::read_to_string(&path).unwrap();
            let first = text.lines().next().unwrap_or_default();
            if first.starts_with("#!") && first.ends_with("bash") {
                found.push(path);
            }
        }
    }
    found
}

fn in_folder(folder: &Path) -> Vec<PathBuf> {
    let entries =
        fs::read_dir(folder).unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
    let mut paths: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    paths
}

fn name_of(path: &Path) -> String {
    path.file_name().unwrap().to_str().unwrap().to_owned()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
