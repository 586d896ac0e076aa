//! `copy`: files that a stage takes from elsewhere.

use std::collections::HashMap;
use std::ops::Range;

use super::builders::of_pei;
use super::image_name::{self, Use};
use super::ports::items;
use super::project_path;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::Node;
use crate::diagnostic::{Code, list, nearest, quoted};
use crate::model::{ComposeText, Copied, NameForm, Source};

/// The names that stages may build on and copy from.
#[derive(Default)]
pub(super) struct Names {
    /// Further stages, by their index in the file.
    pub(super) builders: HashMap<String, usize>,
    pub(super) contexts: Vec<String>,
}

/// The stage that others may take files from, and the one that they may not.
const SYSTEM: &str = "stage-1";
const WORKING: &str = "stage-2";

/// A stage that another stage refers to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Named {
    System,
    /// A further stage, by its index in the file.
    Builder(usize),
}

impl Names {
    fn find(&self, name: &str) -> Option<Named> {
        if name == SYSTEM {
            return Some(Named::System);
        }
        self.builders.get(name).copied().map(Named::Builder)
    }

    /// The stage or the context that an engine takes an image of this name for: a context would come with its keys, and the
    /// system's stage with its passwords. `:latest` makes no difference.
    pub(super) fn behind(&self, image: &str) -> Option<&str> {
        let name = image.strip_suffix(":latest").unwrap_or(image);
        let is_of_pei = !self.builders.is_empty() || !self.contexts.is_empty();
        if is_of_pei && ["stage-1", "stage-1-core"].contains(&name) {
            return Some(SYSTEM);
        }
        let inner = ["pei-context-", "pei-files-"]
            .iter()
            .find_map(|start| name.strip_prefix(start))?;
        let mut contexts = self.contexts.iter().map(String::as_str);
        contexts.find(|context| *context == inner)
    }

    fn stages(&self) -> Vec<&str> {
        let mut names: Vec<&str> = self.builders.keys().map(String::as_str).collect();
        names.sort_unstable();
        names.insert(0, SYSTEM);
        names
    }

    /// The known name that is most similar to an unknown one.
    fn meant(&self, name: &str) -> Option<&str> {
        let contexts = self.contexts.iter().map(String::as_str);
        nearest(name, self.stages().into_iter().chain(contexts))
    }
}

/// A copy, with the position of its source.
pub(super) struct ReadCopy {
    pub(super) copied: Copied,
    pub(super) site: Site,
}

/// Reads the `from` of a stage.
pub(super) fn origin(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    names: &Names,
) -> Option<(Named, Site)> {
    let name = cx.text(field, stage).ok().flatten()?;
    let field = field?;
    let at = field.place(stage);
    let span = field.node.span.clone();
    if let Some(named) = names.find(&name) {
        return Some((named, at.site(span)));
    }
    if name == WORKING {
        nothing_of_stage_2(cx, &at, span);
        return None;
    }
    let message = format!("there is no stage {}", quoted(&name));
    let stages = names.stages();
    let help = match nearest(&name, stages.iter().copied()) {
        Some(meant) => format!("did you mean {}?", quoted(meant)),
        None if name.contains([':', '/', '.']) => "name an image as `image.base`".to_owned(),
        None => format!("the stages are {}", list(&stages, "and")),
    };
    cx.report(at.error(Code::UnknownStage, span, message).help(help));
    None
}

fn nothing_of_stage_2(cx: &mut Context<'_>, at: &Place<'_>, span: Range<usize>) -> Reported {
    let message = "stage-2 is built last, so no stage can use it";
    let help = "move what both need into a further stage, and use that in both";
    cx.report(at.error(Code::UnknownStage, span, message).help(help))
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    names: &Names,
) -> Vec<ReadCopy> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(stage);
    let example = "- {from: NAME, path: /app, to: /app}";
    items(cx, field.node, &at, example)
        .iter()
        .enumerate()
        .filter_map(|(index, node)| copy(cx, node, &at.item(index, node), names).ok())
        .collect()
}

fn copy(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    names: &Names,
) -> Result<ReadCopy, Reported> {
    let section = raw::Copy::read(cx, node, at)?;
    let from = source(cx, section.from, at, names);
    let path = path(cx, section.path, at, from.as_ref().ok());
    let to = target(cx, section.to, at);
    let owner = owner(cx, section.owner, at);
    let mode = mode(cx, section.mode, at);
    let from = from?;
    let site = section.from.map_or_else(
        || at.site(at.name_span()),
        |field| field.place(at).site(field.node.span.clone()),
    );
    Ok(ReadCopy {
        copied: Copied {
            from,
            path: path?,
            to: to?,
            owner: owner?,
            mode: mode?,
        },
        site,
    })
}

/// Reads the source of a copy. A name that is both a stage and an image means the stage, as in a Dockerfile.
fn source(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    names: &Names,
) -> Result<Source, Reported> {
    let (Some(field), Some(name)) = (field, cx.text(field, at)?) else {
        return Ok(Source::Installation);
    };
    match names.find(&name) {
        Some(Named::System) => return Ok(Source::System),
        Some(Named::Builder(index)) => return Ok(Source::Builder(index)),
        None => {}
    }
    if names.contexts.contains(&name) {
        return Ok(Source::Context(name));
    }
    let here = field.place(at);
    let span = field.node.span.clone();
    if name == WORKING {
        return Err(nothing_of_stage_2(cx, &here, span));
    }
    if let Some(meant) = names.behind(&name) {
        return Err(cx.report(of_pei(&name, meant, &here.site(span))));
    }
    if name.bytes().all(|byte| byte.is_ascii_digit()) {
        let message = format!(
            "a Dockerfile takes {} for the number of a stage",
            quoted(&name)
        );
        let help = format!(
            "an image of that name is {}",
            quoted(&format!("{name}:latest"))
        );
        return Err(cx.report(here.error(Code::UnknownStage, span, message).help(help)));
    }
    if !name.contains([':', '/'])
        && let Some(meant) = names.meant(&name)
    {
        let message = format!("there is no stage and no context {}", quoted(&name));
        let help = format!(
            "did you mean {}? An image of that name is {}",
            quoted(meant),
            quoted(&format!("{name}:latest"))
        );
        return Err(cx.report(here.error(Code::UnknownStage, span, message).help(help)));
    }
    match image_name::check(&ComposeText::literal(name.as_str()), Use::Base) {
        Ok(()) => Ok(Source::Image(name)),
        Err(problem) => {
            let message = format!("{}, and no stage or context has this name", problem.message);
            let diagnostic = here.error(Code::InvalidImageName, span, message);
            Err(cx.report(diagnostic.help(problem.help)))
        }
    }
}

fn path(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    from: Option<&Source>,
) -> Result<String, Reported> {
    let Some(path) = cx.text(field, at)? else {
        let help = "name the file or directory to copy";
        return Err(cx.missing(at, "path", help));
    };
    let is_absolute = match from {
        Some(Source::Installation | Source::Context(_)) => false,
        Some(Source::Image(_) | Source::System | Source::Builder(_)) => true,
        None => return Ok(path),
    };
    let problem = if path.split('/').any(|part| part == "..") {
        Some((
            format!("the path {} holds `..`", quoted(&path)),
            "write the path without it: nothing outside can be copied".to_owned(),
        ))
    } else if is_absolute && !path.starts_with('/') {
        Some((
            format!("{} is not an absolute path of the stage", quoted(&path)),
            format!("write {}", quoted(&format!("/{path}"))),
        ))
    } else if !is_absolute && path.starts_with('/') {
        let folder = match from {
            Some(Source::Context(name)) => format!("the context {}", quoted(name)),
            _ => "`installation/`".to_owned(),
        };
        Some((
            format!(
                "{} is absolute, but paths in {folder} are relative to it",
                quoted(&path)
            ),
            "write the path relative to that".to_owned(),
        ))
    } else {
        None
    };
    if let Some((message, help)) = problem {
        return Err(cx.bad_value(field, at, Code::InvalidPath, message, &help));
    }
    if from == Some(&Source::Installation) {
        require_in_installation(cx, field, at, &path);
    }
    Ok(path)
}

/// Warns of a path that does not exist below `installation/`. It is no error: a script may make it before the
/// build.
fn require_in_installation(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    path: &str,
) {
    let lookup = cx.lookup();
    let plain = project_path::normalise(path).unwrap_or_default();
    let exists =
        lookup.project_file_exists(&plain).is_ok() || !lookup.project_names(&plain).is_empty();
    let (Some(field), false) = (field, exists) else {
        return;
    };
    let shown = quoted(&format!("installation/{plain}"));
    let message = format!("{shown} does not exist or is empty: the build will fail");
    let here = field.place(at);
    let warning = here.warning(Code::FileNotFound, field.node.span.clone(), message);
    cx.report(warning.help("make it before you build; the path is relative to `installation/`"));
}

fn target(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
) -> Result<String, Reported> {
    let Some(to) = cx.text(field, at)? else {
        let help = "write the destination of the copy, such as `/app/`";
        return Err(cx.missing(at, "to", help));
    };
    if to.starts_with('/') {
        return Ok(to);
    }
    let message = format!("{} is not an absolute path of the stage", quoted(&to));
    let help = format!("write {}", quoted(&format!("/{to}")));
    Err(cx.bad_value(field, at, Code::InvalidPath, message, &help))
}

fn owner(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
) -> Result<Option<String>, Reported> {
    let Some(owner) = cx.text(field, at)? else {
        return Ok(None);
    };
    let is_name = |name: &str| NameForm::OWNER.fits(name);
    let (user, group) = match owner.split_once(':') {
        Some((user, group)) => (user, Some(group)),
        None => (owner.as_str(), None),
    };
    if is_name(user) && group.is_none_or(is_name) {
        return Ok(Some(owner));
    }
    let message = format!("{} is not an owner of a file", quoted(&owner));
    let help = "write the name of an account of the image, or `UID:GID`";
    Err(cx.bad_value(field, at, Code::InvalidCopy, message, help))
}

fn mode(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
) -> Result<Option<String>, Reported> {
    let Some(mode) = cx.text(field, at)? else {
        return Ok(None);
    };
    let is_digits = mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    if matches!(mode.len(), 3 | 4) && is_digits {
        return Ok(Some(mode));
    }
    let message = format!("{} is not a file mode", quoted(&mode));
    let help = "write three or four octal digits in quotes, such as `'0755'`";
    Err(cx.bad_value(field, at, Code::InvalidCopy, message, help))
}
