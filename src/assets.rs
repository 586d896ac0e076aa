//! The files that pei carries: templates, the installation tree, the examples.

use std::borrow::Cow;
use std::sync::LazyLock;

/// Paths and contents, in the order in which build.rs packed them.
type Files = Vec<(&'static str, &'static [u8])>;

macro_rules! packed {
    ($name:literal) => {
        LazyLock::new(|| unpack(include_bytes!(concat!(env!("OUT_DIR"), "/", $name, ".lz4"))))
    };
}

static TEMPLATES: LazyLock<Files> = packed!("templates");
static INSTALLATION: LazyLock<Files> = packed!("installation");
static EXAMPLES: LazyLock<Files> = packed!("examples");
static DIAGNOSTICS: LazyLock<Files> = packed!("diagnostics");

/// Done once in a run for each block, whose content stays until the end of the run.
fn unpack(packed: &[u8]) -> Files {
    let mut rest: &'static [u8] = lz4_flex::decompress_size_prepended(packed)
        .unwrap_or_else(|error| panic!("the files of pei are damaged: {error}"))
        .leak();
    let mut files = Files::new();
    while let Some((path, length)) = header(&mut rest) {
        let (content, after) = rest.split_at(length);
        files.push((path, content));
        rest = after;
    }
    files
}

/// Takes the line that stands before a file's content: its size and its path.
fn header(rest: &mut &'static [u8]) -> Option<(&'static str, usize)> {
    let end = rest.iter().position(|byte| *byte == b'\n')?;
    let (length, path) = std::str::from_utf8(&rest[..end]).ok()?.split_once(' ')?;
    *rest = &rest[end + 1..];
    Some((path, length.parse().ok()?))
}

fn content(files: &Files, path: &str) -> Option<&'static [u8]> {
    let found = files.iter().find(|(name, _)| *name == path)?;
    Some(found.1)
}

/// The names that `pei create --quick` accepts, sorted.
pub fn quick_templates() -> Vec<&'static str> {
    let mut names: Vec<_> = TEMPLATES
        .iter()
        .filter_map(|(path, _)| path.strip_prefix("config/quick/")?.strip_suffix(".yml"))
        .collect();
    names.sort_unstable();
    names
}

/// The text of a template.
///
/// # Panics
///
/// If pei was built without that template.
pub fn template(path: &str) -> &'static str {
    content(&TEMPLATES, path)
        .and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_else(|| panic!("template {path} is part of pei"))
}

/// The files of `installation/`: the path relative to that directory, and the content.
pub fn installation() -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
    let shipped = INSTALLATION.iter();
    let shipped = shipped.map(|(path, content)| ((*path).to_owned(), Cow::Borrowed(*content)));
    shipped.chain(forwarders())
}

/// The stage-2 forwarders, one for each installer of stage-1. All have the same text.
fn forwarders() -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
    let text = template("forwarder/script.sh");
    template("forwarder/list").lines().map(move |path| {
        let name = path.rsplit('/').next().unwrap_or(path);
        let script = text.replace("{{ path }}", path).replace("{{ name }}", name);
        (
            format!("stage-2/system/{path}"),
            Cow::Owned(script.into_bytes()),
        )
    })
}

/// The content of a file below `installation/`.
pub(crate) fn installation_file(path: &str) -> Option<&'static [u8]> {
    content(&INSTALLATION, path)
}

/// The files of `examples/`: the path relative to that directory, and the content.
pub fn examples() -> impl Iterator<Item = (&'static str, &'static [u8])> {
    EXAMPLES.iter().copied()
}

/// The page that explains each code, `docs/diagnostics.md`.
pub(crate) fn diagnostics() -> &'static str {
    content(&DIAGNOSTICS, "diagnostics.md")
        .and_then(|text| std::str::from_utf8(text).ok())
        .unwrap_or_default()
}

/// Whether a file of `installation/` is the user's once it has been written.
pub fn is_users(path: &str) -> bool {
    let mut parts = path.split('/');
    parts
        .next()
        .is_some_and(|stage| stage.starts_with("stage-"))
        && matches!(parts.next(), Some("custom" | "tmp"))
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;

    #[test]
    fn every_file_is_packed_as_it_is() {
        let page = std::fs::read_to_string("docs/diagnostics.md");
        assert_eq!(page.ok().as_deref(), Some(diagnostics()));
        let folders = [
            ("templates", &TEMPLATES),
            ("installation", &INSTALLATION),
            ("examples", &EXAMPLES),
        ];
        for (folder, files) in folders {
            assert_eq!(files.len(), count(Path::new(folder)), "{folder}");
            for (path, content) in files.iter() {
                let source = std::fs::read(format!("{folder}/{path}"));
                assert_eq!(source.ok().as_deref(), Some(*content), "{folder}/{path}");
            }
        }
    }

    fn count(folder: &Path) -> usize {
        let files = |path: PathBuf| if path.is_dir() { count(&path) } else { 1 };
        let entries = std::fs::read_dir(folder).into_iter().flatten().flatten();
        entries.map(|entry| files(entry.path())).sum()
    }
}
