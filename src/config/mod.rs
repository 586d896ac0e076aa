//! From the text of `user_config.yml` to the [model](crate::model).
//!
//! [`load`] has four steps, and each collects all problems: `yaml` makes a tree that knows the position of each
//! value; `raw` declares the sections and picks their keys from the tree; `read` turns scalars into texts, numbers
//! and booleans and replaces `${VAR}`; `validate` applies the rules and builds the model. [`schema()`] describes
//! the same sections for editors.

mod env_file;
mod host;
mod keys;
mod layers;
mod lookup;
mod raw;
mod read;
mod schema;
mod show;
mod source;
mod validate;
pub(crate) mod yaml;

pub use host::Host;
pub use layers::Layers;
pub use lookup::{FileProblem, Lookup};
pub use schema::schema;
pub use source::{SourceFile, is_local, name_of};
pub use validate::port::{Mapping, Protocol, parse as parse_port};

use crate::diagnostic::{self, Code, Diagnostic, Findings, Severity};
use crate::model::Project;

/// A config without errors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Loaded {
    /// The resolved config.
    pub project: Project,
    /// The warnings, in the file's order.
    pub warnings: Vec<Diagnostic>,
}

/// Reads a config.
///
/// # Errors
/// All errors and warnings of the file, in the file's order. At least one is an error.
pub fn load(source: &SourceFile, lookup: &dyn Lookup) -> Result<Loaded, Vec<Diagnostic>> {
    if let Some(problem) = source::too_large(source.text.len()) {
        return Err(vec![problem]);
    }
    let (root, findings) = yaml::parse(&source.text, 0);
    finish(
        source,
        root.as_ref(),
        findings,
        layers::Removed::new(),
        lookup,
    )
}

/// The finding for a config that holds no value.
pub fn empty() -> Diagnostic {
    Diagnostic::error(Code::EmptyFile, 0..0, "the config is empty")
        .help("`pei create` writes a config to begin with")
}

/// Builds the project from the tree.
fn finish(
    source: &SourceFile,
    root: Option<&yaml::Node>,
    findings: Findings,
    removed: layers::Removed,
    lookup: &dyn Lookup,
) -> Result<Loaded, Vec<Diagnostic>> {
    let mut cx = read::Context::new(source, lookup, findings).with_removed(removed);
    let project = if let Some(root) = root {
        validate::project(&mut cx, root)
    } else {
        cx.report_empty();
        None
    };
    let mut diagnostics = cx.into_diagnostics();
    diagnostic::sort(&mut diagnostics);
    let failed = diagnostics
        .iter()
        .any(|diagnostic| diagnostic.severity == Severity::Error);
    match project {
        Some(project) if !failed => Ok(Loaded {
            project,
            warnings: diagnostics,
        }),
        _ => Err(diagnostics),
    }
}
