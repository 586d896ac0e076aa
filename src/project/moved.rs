//! Recognises files that `PeiDocker` 2.x wrote into a project. They can be replaced without a backup, unless
//! somebody edited them.

use super::folder::Folder;
use super::line_ends::without_cr;
use super::manifest::sum;

/// Checksums of the files that `PeiDocker` ships and that pei has versions of, in the form of `sha256sum`.
const SHIPPED: &str = include_str!("peidocker-2.sha256");

/// A script that every `PeiDocker` project has and that pei neither writes nor removes.
const MARK: &str = "installation/stage-1/internals/install-essentials.sh";

/// Whether a file comes from `PeiDocker`: it is shipped with it, or its `configure` writes it on every run.
pub(super) fn is_own(folder: &Folder, path: &str, bytes: &[u8]) -> bool {
    is_generated(path) && folder.has(MARK) || is_shipped(bytes)
}

fn is_shipped(bytes: &[u8]) -> bool {
    SHIPPED.contains(&sum(bytes)) || SHIPPED.contains(&sum(&without_cr(bytes)))
}

fn is_generated(path: &str) -> bool {
    folders().any(|folder| path.starts_with(folder))
}

/// The private keys that `PeiDocker` stored in clear text.
pub(super) fn clear_keys(folder: &Folder) -> Vec<String> {
    let names = |above: &'static str| {
        let names = folder.list(above).unwrap_or_default().into_iter();
        names.map(move |(name, _)| (above, name))
    };
    folders()
        .flat_map(names)
        .filter(|(_, name)| name.starts_with("temp-") && name.ends_with("-privkey"))
        .map(|(above, name)| format!("{above}/{name}"))
        .collect()
}

fn folders() -> impl Iterator<Item = &'static str> {
    [
        "installation/stage-1/generated",
        "installation/stage-2/generated",
    ]
    .into_iter()
}
