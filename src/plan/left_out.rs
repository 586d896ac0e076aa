//! The files that builds and commits exclude: one list for `.dockerignore`, `.gitignore` and the mounts of build hooks.
//!
//! If a mount named a path that the context excludes, the build would fail, so both must come from the same list.

use std::collections::BTreeSet;

use serde::Serialize;

use super::paths::in_context;
use crate::model::matches;

/// Names that are excluded in every directory, as patterns with the same meaning for Docker and git.
const NAMES: &[&str] = &[
    // Files that pei saved before it replaced them, and its temporary files.
    "*.bak",
    "*.bak.*",
    ".*.pei-tmp",
    // Editors: backups, swap files, and the links and files that Emacs makes while a text is edited.
    "*~",
    ".*.sw?",
    ".#*",
    "#*#",
];

/// Excluded in commits only: what one person has for themselves. A slash at the start means the project's directory.
const PERSONAL: &[&str] = &["*.local.yml", "*.local.yaml", "/.env"];

/// Excluded in builds only: git has its own rule for it.
const BUILD_NAMES: &[&str] = &[".git"];

/// The keys that `PeiDocker` writes into a project, as clear text.
const KEYS_OF_PEIDOCKER: &[&str] = &["installation/stage-*/generated/temp-*"];

/// Files that are read when a container starts, or by hand, but not by a build step.
const RUN_TIME_FILES: &[&str] = &[
    "installation/stage-*/generated/_etc_environment.sh",
    "installation/stage-*/generated/_custom-on-build.sh",
];

/// The files that are excluded from a project's builds and commits.
#[derive(Debug, Default, Serialize)]
pub struct LeftOut {
    names: &'static [&'static str],
    personal: &'static [&'static str],
    build_names: &'static [&'static str],
    keys_of_peidocker: &'static [&'static str],
    run_time_files: &'static [&'static str],
    /// Files with private keys, relative to the project.
    key_files: Vec<String>,
    /// Files with public keys, which git keeps.
    public_key_files: Vec<String>,
    /// Files with secrets of builds, relative to the project. Builds see none outside `installation/` anyway.
    pub secret_files: Vec<String>,
    /// In `.pei`: directories that builds see and clones have, with the one file in each that builds see.
    pub made_here: Vec<(&'static str, &'static str)>,
}

impl LeftOut {
    /// The list for a config that names these files of private and of public keys, relative to `installation/`.
    pub fn new<'k>(
        private: impl IntoIterator<Item = &'k String>,
        public: impl IntoIterator<Item = &'k String>,
    ) -> Self {
        let key_files: BTreeSet<_> = private.into_iter().map(|file| in_context(file)).collect();
        let public = public.into_iter().map(|file| in_context(file));
        let public: BTreeSet<_> = public.filter(|file| !key_files.contains(file)).collect();
        Self {
            names: NAMES,
            personal: PERSONAL,
            build_names: BUILD_NAMES,
            keys_of_peidocker: KEYS_OF_PEIDOCKER,
            run_time_files: RUN_TIME_FILES,
            key_files: key_files.into_iter().collect(),
            public_key_files: public.into_iter().collect(),
            secret_files: Vec::new(),
            made_here: Vec::new(),
        }
    }

    /// Whether git ignores a file or directory, given relative to the project: it is a person's own, or of one machine.
    pub fn is_personal(&self, path: &str) -> bool {
        let name = path.rsplit('/').next().unwrap_or(path);
        let is_matched = |pattern: &&str| match pattern.strip_prefix('/') {
            Some(pattern) => matches_path(pattern, path),
            None => matches(pattern, name),
        };
        path == ".pei"
            || name == ".git"
            || NAMES.iter().chain(PERSONAL).any(is_matched)
            || KEYS_OF_PEIDOCKER
                .iter()
                .any(|pattern| matches_path(pattern, path))
            || self
                .key_files
                .iter()
                .chain(&self.secret_files)
                .any(|file| file == path)
    }

    /// Whether builds exclude a file or directory, given relative to the project.
    pub fn holds(&self, path: &str) -> bool {
        let is_name = |part| {
            NAMES
                .iter()
                .chain(BUILD_NAMES)
                .any(|name| matches(name, part))
        };
        let mut paths = KEYS_OF_PEIDOCKER.iter().chain(RUN_TIME_FILES);
        path.split('/').any(is_name)
            || paths.any(|pattern| matches_path(pattern, path))
            || self.key_files.iter().any(|file| file == path)
            || self.public_key_files.iter().any(|file| file == path)
    }
}

fn matches_path(pattern: &str, path: &str) -> bool {
    let parts = || pattern.split('/').zip(path.split('/'));
    pattern.split('/').count() == path.split('/').count()
        && parts().all(|(pattern, part)| matches(pattern, part))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn copies_swap_files_and_keys_are_left_out_and_scripts_are_not() {
        let key_file = "stage-1/custom/id_mine".to_owned();
        let left_out = LeftOut::new([&key_file], []);
        let case = |path: &str, expected: bool| {
            let path = format!("installation/stage-1/{path}");
            assert_eq!(left_out.holds(&path), expected, "{path}");
        };
        for name in [
            "a.bak",
            "a.bak.1",
            ".a.sh.swp",
            ".a.sh.swo",
            "a~",
            ".#a.sh",
            "#a.sh#",
            ".mine.sh.pei-tmp",
            ".git",
            ".git/config",
            "old.bak/a.sh",
        ] {
            case(&format!("custom/{name}"), true);
        }
        case("custom/id_mine", true);
        case("generated/temp-me-privkey", true);
        assert!(left_out.is_personal("installation/stage-1/custom/id_mine"));
        for (path, expected) in [
            (".pei", true),
            (".env", true),
            ("a/.env", false),
            ("user_config.local.yml", true),
            ("a/b.local.yaml", true),
            ("a/.git", true),
            ("a/b~", true),
            ("user_config.yml", false),
        ] {
            assert_eq!(left_out.is_personal(path), expected, "{path}");
        }
        for name in [
            "a.sh",
            ".bashrc",
            "bak",
            "a.bakery",
            "#",
            "a#b",
            ".gitignore",
            "id_mine.sh",
        ] {
            case(&format!("custom/{name}"), false);
        }
    }
}
