//! What pei writes for each golden case, quick template and example: `tests/expected`, byte by byte.
//!
//! One case alone: `cargo test --test integration golden::quick::minimal`. After a change that is meant,
//! `SNAPSHOTS=overwrite cargo test golden` updates the files; read the diff.

mod pinned;
mod reference;
mod written;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

/// A config that the repository holds.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) struct Case {
    group: &'static str,
    name: &'static str,
}

/// One test a case; a name has `_` where the directory has `-`.
macro_rules! cases {
    ($($group:ident: $($name:ident)+;)+) => {
        const CASES: &[(&str, &str)] = &[$($((stringify!($group), stringify!($name))),+),+];
        $(mod $group {$(
            #[test]
            fn $name() {
                super::check(stringify!($group), stringify!($name));
            }
        )+})+
    };
}

cases! {
    golden: apt_and_proxy apt_file build_secrets cache cache_tree environment gpu gpu_auto gpu_override hooks locked minimal own_base ports
        readme ssh_users stage_1_only storage_and_mounts;
    quick: cn_demo cn_dev cn_ml full minimal secure stage_1_only;
    basic: apt_mirrors build_secrets conda_environment custom_script docker_volume env_passthrough env_variables gpu_container
        host_mount minimal_ssh multi_user_ssh pixi_environment port_mapping proxy_setup;
    advanced: china_corporate_proxy closed_network ml_dev_gpu ros2_robotics team_dev_environment vision_opengl
        web_app web_dev_nodejs;
}

fn check(group: &'static str, name: &'static str) {
    let case = Case { group, name };
    let written = written::by(case);
    if group == "golden" {
        reference::compare(case, &written);
    }
    pinned::compare(case, &written);
}

impl Case {
    /// The case whose files the others do not store again.
    const COMMON: Self = Self {
        group: "quick",
        name: "minimal",
    };

    /// Its path below a directory that holds the groups.
    fn path(self) -> String {
        format!("{}/{}", self.group, self.name.replace('_', "-"))
    }

    fn config(self) -> PathBuf {
        root().join(match (self.group, self.name) {
            ("golden", _) => format!("tests/{}/user_config.yml", self.path()),
            ("quick", "full") => "templates/config/full.yml".to_owned(),
            ("quick", _) => format!("templates/config/{}.yml", self.path()),
            _ => format!("examples/{}/user_config.yml", self.path()),
        })
    }
}

/// Otherwise nobody would notice a case without a test, or expected files without a case.
#[test]
fn every_case_has_a_test() {
    let named: BTreeSet<String> = CASES
        .iter()
        .map(|&(group, name)| Case { group, name }.path())
        .collect();
    let mut found: BTreeSet<String> = BTreeSet::from(["quick/full".to_owned()]);
    for (folder, group) in [
        ("tests/golden", "golden"),
        ("templates/config/quick", "quick"),
        ("examples/basic", "basic"),
        ("examples/advanced", "advanced"),
    ] {
        found.extend(names_in(&root().join(folder), group));
    }
    found.remove("golden/README");
    assert_eq!(named, found, "the list in tests/integration/golden/mod.rs");

    let mut kept = BTreeSet::new();
    for group in fs::read_dir(root().join("tests/expected")).unwrap() {
        let path = group.unwrap().path();
        if path.is_dir() {
            kept.extend(names_in(&path, path.file_name().unwrap().to_str().unwrap()));
        }
    }
    assert_eq!(kept, named, "the folders of tests/expected");
}

fn names_in(folder: &Path, group: &str) -> Vec<String> {
    let entries = fs::read_dir(folder).unwrap();
    entries
        .map(|entry| {
            let path = entry.unwrap().path();
            format!("{group}/{}", path.file_stem().unwrap().to_str().unwrap())
        })
        .collect()
}

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}
