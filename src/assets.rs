//! The files that pei carries: templates, the installation tree, the examples.

use std::borrow::Cow;

use include_dir::{Dir, include_dir};

static TEMPLATES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/templates");
static INSTALLATION: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/installation");
static EXAMPLES: Dir<'static> = include_dir!("$CARGO_MANIFEST_DIR/examples");

/// The names that `pei create --quick` accepts, sorted.
pub fn quick_templates() -> Vec<&'static str> {
    let mut names: Vec<_> = TEMPLATES
        .get_dir("config/quick")
        .into_iter()
        .flat_map(Dir::files)
        .filter_map(|file| file.path().file_stem()?.to_str())
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
    TEMPLATES
        .get_file(path)
        .and_then(include_dir::File::contents_utf8)
        .unwrap_or_else(|| panic!("template {path} is part of pei"))
}

/// The files of `installation/`: the path relative to that directory, and the content.
pub fn installation() -> impl Iterator<Item = (String, Cow<'static, [u8]>)> {
    let shipped = files(&INSTALLATION).map(|(path, content)| (path, Cow::Borrowed(content)));
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
    INSTALLATION.get_file(path).map(include_dir::File::contents)
}

/// The files of `examples/`: the path relative to that directory, and the content.
pub fn examples() -> impl Iterator<Item = (String, &'static [u8])> {
    files(&EXAMPLES)
}

fn files(root: &'static Dir<'static>) -> impl Iterator<Item = (String, &'static [u8])> {
    let mut found = Vec::new();
    collect(root, &mut found);
    found.into_iter()
}

fn collect(dir: &'static Dir<'static>, found: &mut Vec<(String, &'static [u8])>) {
    for file in dir.files() {
        found.push((file.path().to_string_lossy().into_owned(), file.contents()));
    }
    for inner in dir.dirs() {
        collect(inner, found);
    }
}

/// Whether a file of `installation/` is the user's once it has been written.
pub fn is_users(path: &str) -> bool {
    let mut parts = path.split('/');
    parts
        .next()
        .is_some_and(|stage| stage.starts_with("stage-"))
        && matches!(parts.next(), Some("custom" | "tmp"))
}
