//! A run that is killed at any moment: each file is the old one or the new one, the next run completes the work, and no
//! temporary file is left. `PROPTEST_CASES` sets the number of moments.

use std::fs;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use proptest::prelude::*;

use crate::cases::cases;
use crate::project::{Files, PLAIN, Project};

/// Because of the start hook, the build hook's step mounts each file of `custom/` separately; a file that a killed run left there
/// would be in the Dockerfile.
const HOOKS: &str = "  custom:
    on_build: ['stage-2/custom/build.sh']
    on_every_run: ['stage-2/custom/start.sh']
";
const CREATE: [&str; 9] = [
    "create",
    "-p",
    "demo",
    "-q",
    "minimal",
    "--no-examples",
    "--quiet",
    "--name",
    "demo",
];

/// A project before a run, after it, and how long the run takes.
struct Run {
    before: Files,
    after: Files,
    takes: Duration,
}

fn configure() -> &'static Run {
    static RUN: OnceLock<Run> = OnceLock::new();
    RUN.get_or_init(|| {
        let project = Project::of(&Project::configured().files())
            .file(
                "user_config.yml",
                format!("{PLAIN}{HOOKS}").replace("demo:", "new:"),
            )
            .file("installation/stage-2/custom/build.sh", "#!/bin/bash\r\n")
            .file("installation/stage-2/custom/start.sh", "#!/bin/bash\r\n");
        let before = project.files();
        let start = Instant::now();
        project.run(["configure"]).succeeds();
        let takes = start.elapsed();
        Run {
            before,
            after: project.files(),
            takes,
        }
    })
}

/// The files without the port that `create` chose: the first that is free, which changes while other programs run.
fn without_port(mut files: Files) -> Files {
    let config = files.get_mut("user_config.yml").unwrap();
    let text = std::str::from_utf8(&config.content).unwrap();
    let (before, rest) = text.split_once("host_port: ").unwrap();
    let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap();
    let (port, after) = rest.split_at(end);
    assert!(port.parse::<u16>().unwrap() >= 2222, "{text}");
    config.content = format!("{before}host_port: {after}").into_bytes();
    files
}

/// Kills the program when this share of a whole run's time is over.
fn killed(mut child: std::process::Child, share: f64, whole: Duration) {
    std::thread::sleep(whole.mul_f64(share));
    child.kill().unwrap();
    child.wait().unwrap();
}

proptest! {
    #![proptest_config(cases(10))]

    #[test]
    fn a_killed_configure_leaves_whole_files_and_the_next_completes(share in 0.0..1.1_f64) {
        let Run { before, after, takes } = configure();
        let project = Project::of(before);
        killed(project.start(["configure"]), share, *takes);
        for (path, entry) in project.files() {
            let is_temporary = path.starts_with(".pei/") || path.ends_with(".pei-tmp");
            let is_whole = [before, after].iter().any(|files| files.get(&path) == Some(&entry));
            prop_assert!(is_temporary || is_whole, "{} is neither the old nor the new one", path);
        }
        project.run(["configure"]).succeeds();
        let found = project.files();
        for (path, entry) in &found {
            prop_assert!(after.contains_key(path), "{} is left over", path);
            prop_assert!(after[path] == *entry, "{} differs", path);
        }
        prop_assert_eq!(found.len(), after.len());
        let dockerfiles = ["stage-1.Dockerfile", "stage-2.Dockerfile"].map(|path| project.read(path));
        prop_assert!(!dockerfiles.concat().contains("pei-tmp"));
    }

    #[test]
    fn a_killed_create_is_done_again(share in 0.0..1.1_f64) {
        let Run { takes, .. } = configure();
        let project = Project::none_in_memory();
        killed(project.start_beside(CREATE), share, *takes);
        // Complete files are kept, the others are written.
        if project.path("").exists() {
            project.run_beside(["create", "-p", "demo", "-q", "minimal", "--no-examples", "--name", "demo", "--force"]).succeeds();
        } else {
            project.run_beside(CREATE).succeeds();
        }
        prop_assert!(without_port(project.files()) == without_port(Project::create_minimal().files()));
        let left: Vec<_> = fs::read_dir(project.beside("")).unwrap().map(|entry| entry.unwrap().file_name()).collect();
        prop_assert_eq!(left, ["demo"]);
    }
}
