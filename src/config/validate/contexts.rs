//! `contexts`: directories outside `installation/` that stages may copy from.

use std::path::{Component, Path};

use super::builders::check_name;
use crate::config::raw::{entries, named_entries};
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::Entry;
use crate::diagnostic::{Code, quoted};
use crate::model::BuildContext;

/// The contexts. The names include those of faulty entries, so that a copy from one is not reported as well.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    root: &Place<'_>,
) -> Vec<(String, Result<BuildContext, Reported>)> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(root);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return Vec::new();
    };
    named_entries(cx, entries, &at)
        .into_iter()
        .filter(|entry| !entry.value.is_null())
        .map(|entry| (entry.key.to_string(), context(cx, entry, &at)))
        .collect()
}

fn context(
    cx: &mut Context<'_>,
    entry: &Entry,
    contexts: &Place<'_>,
) -> Result<BuildContext, Reported> {
    let at = contexts.entry(entry);
    check_name(cx, entry, &at, "context")?;
    let path = cx.text_of(&entry.value, &at, |_| false)?;
    let path = path.unwrap_or_default();
    let span = entry.value.span.clone();
    let problem = if path.is_empty() {
        Some((
            "the path is empty".to_owned(),
            "name a directory, such as `../app`",
        ))
    } else if path.starts_with('~') {
        Some((
            format!("`~` is not replaced in {}", quoted(&path)),
            "write an absolute path, or one relative to the project",
        ))
    } else if path.contains("://") || path.starts_with("git@") {
        Some((
            format!("{} is not a directory of this machine", quoted(&path)),
            "fetch it into a directory, and name that",
        ))
    } else {
        None
    };
    let folder = cx.lookup().project_folder(&path);
    let problem = problem.or_else(|| {
        let parts = Path::new(&path).components();
        let parts = parts.chain(folder.iter().flat_map(|folder| folder.components()));
        let mut parts = parts.map(Component::as_os_str);
        let closed = parts.find(|part| *part == ".pei" || *part == ".git")?;
        let closed = closed.to_string_lossy();
        Some((
            format!("{} is in `{closed}`, which no stage may see", quoted(&path)),
            "name a directory outside of it",
        ))
    });
    if let Some((message, help)) = problem {
        return Err(cx.report(at.error(Code::InvalidContext, span, message).help(help)));
    }
    if folder.is_none() {
        let shown = quoted(&path);
        let (problem, help) = if cx.lookup().is_in_folder("", &path) {
            (
                format!("{shown} is not a directory"),
                "name the directory that the file is in, and the file as `path` of a copy",
            )
        } else {
            (
                format!("the directory {shown} does not exist"),
                "make it before you build; the path is relative to the project",
            )
        };
        let message = format!("{problem}: the build will fail");
        cx.report(at.warning(Code::InvalidContext, span, message).help(help));
    }
    let is_plain = path.starts_with(['/', '.']);
    Ok(BuildContext {
        name: entry.key.to_string(),
        path: if is_plain { path } else { format!("./{path}") },
    })
}
