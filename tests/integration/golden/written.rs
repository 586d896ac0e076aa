//! What `pei configure` writes for a case, plain and with its two options.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

use super::Case;
use crate::docs::PUBLIC_KEY;
use crate::project::{Files, Project};

/// What `--full-compose` makes of the compose file.
pub(super) const FULL: &str = "full-compose/docker-compose.yml";
/// What configure says where there can be no merged build.
pub(super) const REFUSED: &str = "with-merged-refused.txt";
/// The files of the merged build.
pub(super) const MERGED: [&str; 4] = [
    "merged.Dockerfile",
    "merged.env",
    "build-merged.sh",
    "run-merged.sh",
];

/// Path to text, and whether it is executable.
pub(super) type Written = BTreeMap<String, (String, bool)>;

/// The rendered files of a case, without what follows from the rest.
pub(super) fn by(case: Case) -> Written {
    let project = Project::create_minimal_in_memory();
    fs::copy(case.config(), project.path("user_config.yml")).unwrap();
    let folder = case.config().parent().unwrap().to_owned();
    if case.group == "golden" {
        copy_tree(&folder.join("files"), &project.path("installation"));
        if let Ok(lock) = fs::read(folder.join("pei.lock")) {
            project.write("pei.lock", lock);
        }
    }
    fs::create_dir(project.beside(".ssh")).unwrap();
    fs::write(project.beside(".ssh/id_ed25519.pub"), PUBLIC_KEY).unwrap();
    let env = fs::read_to_string(folder.join("env")).unwrap_or_default();
    let env: Vec<_> = env
        .lines()
        .filter_map(|line| line.split_once('='))
        .collect();

    let configure = |options: &[&str]| {
        let mut command = project.command(["configure"]);
        command.args(options).envs(env.iter().copied());
        crate::project::Run::of(&mut command)
    };
    configure(&[]).succeeds();
    let plain = rendered(&project);
    let run = configure(&["-q", "--with-merged", "--full-compose"]);
    let refused = (run.code == 1).then_some(run.stderr);
    if refused.is_some() {
        configure(&["--full-compose"]).succeeds();
    }
    let mut all = rendered(&project);
    let full = all
        .insert(
            "docker-compose.yml".into(),
            plain["docker-compose.yml"].clone(),
        )
        .unwrap();
    for (path, entry) in &plain {
        assert!(
            all[path] == *entry,
            "{path} changes with --with-merged or --full-compose"
        );
    }
    assert_eq!(
        MERGED.iter().all(|path| all.contains_key(*path)),
        refused.is_none()
    );
    all.insert(FULL.into(), full);

    let mut written: Written = all
        .into_iter()
        .map(|(path, entry)| {
            let text = String::from_utf8(entry.content).unwrap();
            let text = without_stamp(text);
            (path, (text, entry.mode & 0o111 != 0))
        })
        .collect();
    if let Some(said) = refused {
        written.insert(REFUSED.into(), (said, false));
    }
    written
}

/// The files that pei renders from the config: scripts and pages that it copies are in the repository as they are.
fn rendered(project: &Project) -> Files {
    let mut files = project.files();
    files.retain(|path, _| match path.split_once('/') {
        Some(("installation", rest)) => {
            rest.contains("/generated/") || rest.starts_with("pei-locked/")
        }
        Some((folder, _)) => folder != ".pei",
        None => !matches!(
            path.as_str(),
            "PEI-DOCKER-USAGE-GUIDE.md"
                | "pei.lock"
                | "compose-template.yml"
                | "reference_config.yml"
                | "user_config.schema.json"
                | "user_config.yml"
        ),
    });
    files
}

/// The digits of the checksum depend on the rest, so each change of a text would change two lines: pinned files have the
/// template's placeholder instead.
fn without_stamp(text: String) -> String {
    const DIGITS: usize = 16;
    let Some(at) = text.find("pei:").map(|at| at + "pei:".len()) else {
        return text;
    };
    match text.get(at..at + DIGITS) {
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_hexdigit()) => {
            text.replacen(digits, &"-".repeat(DIGITS), 1)
        }
        _ => text,
    }
}

fn copy_tree(from: &Path, to: &Path) {
    let Ok(entries) = fs::read_dir(from) else {
        return;
    };
    for entry in entries {
        let entry = entry.unwrap();
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            fs::create_dir_all(&target).unwrap();
            copy_tree(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).unwrap();
        }
    }
}
