//! `copy`: files that a stage takes from elsewhere.

use std::collections::{BTreeMap, HashMap};
use std::ops::Range;

use super::image_name::{self, Use};
use super::ports::items;
use super::project_path;
use super::stage_images::of_pei;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::Node;
use crate::diagnostic::{Code, list, nearest, quoted};
use crate::model::{ComposeText, Copied, NameForm, Source, is_kept_out, is_kept_out_file};

/// The names that stages may build on and copy from.
#[derive(Default)]
pub(super) struct Names {
    /// Further stages, by their index in the file.
    pub(super) builders: HashMap<String, usize>,
    /// Contexts, each with its path if that is valid.
    pub(super) contexts: BTreeMap<String, Option<String>>,
    /// Secrets of build hooks.
    pub(super) secrets: Vec<String>,
}

/// The stage that others may take files from, and the one that they may not.
const SYSTEM: &str = "stage-1";
const WORKING: &str = "stage-2";

/// The directory that a copy without `from` takes from.
const INSTALLATION: &str = "installation";

/// Directories that have another content when a container runs, and the one that an image has for it.
const AT_RUN_TIME: [&str; 2] = ["/soft", "/hard/volume"];
const IN_IMAGE: &str = "/hard/image";

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

    /// The stage or context that has the name of this image in pei's Dockerfiles. The engine would use it in place of the
    /// image, with the keys of a context or the passwords of stage-1. A tag `:latest` makes no difference.
    pub(super) fn shadowing(&self, image: &str) -> Option<&str> {
        let name = image.strip_suffix(":latest").unwrap_or(image);
        let is_of_pei = !self.builders.is_empty() || !self.contexts.is_empty();
        if is_of_pei && ["stage-1", "stage-1-core"].contains(&name) {
            return Some(SYSTEM);
        }
        let inner = ["pei-context-", "pei-files-"]
            .iter()
            .find_map(|start| name.strip_prefix(start))?;
        let mut contexts = self.contexts.keys().map(String::as_str);
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
        let contexts = self.contexts.keys().map(String::as_str);
        nearest(name, self.stages().into_iter().chain(contexts))
    }
}

/// A copy, with the position of its source.
pub(super) struct ReadCopy {
    pub(super) copied: Copied,
    pub(super) site: Site,
    /// Where `owner` is written.
    pub(super) owner: Option<Site>,
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

pub(super) const OF_STAGE_2: &str = "stage-2 is built last, so no stage can use it";
pub(super) const OF_STAGE_2_HELP: &str =
    "move what both need into a further stage, and use that in both";

fn nothing_of_stage_2(cx: &mut Context<'_>, at: &Place<'_>, span: Range<usize>) -> Reported {
    let diagnostic = at.error(Code::UnknownStage, span, OF_STAGE_2);
    cx.report(diagnostic.help(OF_STAGE_2_HELP))
}

/// Reads the copies of a stage. `leads_to_container`: a container may be started from it.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    names: &Names,
    leads_to_container: bool,
) -> Vec<ReadCopy> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(stage);
    let example = "- {from: NAME, path: /app, to: /app}";
    items(cx, field.node, &at, example)
        .iter()
        .enumerate()
        .filter_map(|(index, node)| {
            copy(cx, node, &at.item(index, node), names, leads_to_container).ok()
        })
        .collect()
}

fn copy(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    names: &Names,
    leads_to_container: bool,
) -> Result<ReadCopy, Reported> {
    let section = raw::Copy::read(cx, node, at)?;
    let from = source(cx, section.from, at, names);
    let path = path(cx, section.path, at, from.as_ref().ok(), names);
    let to = target(cx, section.to, at, leads_to_container);
    let owner_site = section
        .owner
        .map(|field| field.place(at).site(field.node.span.clone()));
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
        owner: owner_site,
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
    if names.contexts.contains_key(&name) {
        return Ok(Source::Context(name));
    }
    let here = field.place(at);
    let span = field.node.span.clone();
    if name == WORKING {
        return Err(nothing_of_stage_2(cx, &here, span));
    }
    if let Some(meant) = names.shadowing(&name) {
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
    if name == INSTALLATION || name.starts_with("installation/") {
        let message = "`installation/` is where a copy without `from` takes files";
        let help = "leave out `from`, and write `path` relative to `installation/`";
        return Err(cx.report(here.error(Code::UnknownStage, span, message).help(help)));
    }
    if name.starts_with(['.', '/', '~']) {
        let message = format!("{} is a path, and `from` takes a name", quoted(&name));
        let own = name.rsplit('/').next().unwrap_or_default();
        let own = if NameForm::BUILDER.fits(own) {
            own
        } else {
            "app"
        };
        let path = if name.starts_with('~') { "PATH" } else { &name };
        let help = format!(
            "name the directory in `contexts`: {}, and write `from: {own}`",
            quoted(&format!("contexts: {{{own}: {path}}}"))
        );
        return Err(cx.report(here.error(Code::UnknownStage, span, message).help(help)));
    }
    match image_name::check(&ComposeText::literal(name.as_str()), Use::Base) {
        Ok(()) => {
            warn_of_bare_image(cx, &here, span, &name, names);
            Ok(Source::Image(name))
        }
        Err(problem) => {
            let message = format!("{}, and no stage or context has this name", problem.message);
            let diagnostic = here.error(Code::InvalidImageName, span, message);
            Err(cx.report(diagnostic.help(problem.help)))
        }
    }
}

/// Warns of an image name that may be a misspelt stage.
fn warn_of_bare_image(
    cx: &mut Context<'_>,
    at: &Place<'_>,
    span: Range<usize>,
    name: &str,
    names: &Names,
) {
    if name.contains([':', '/', '@']) || names.builders.is_empty() && names.contexts.is_empty() {
        return;
    }
    let mut known = names.stages();
    known.extend(names.contexts.keys().map(String::as_str));
    let message = format!("{} is taken for an image of a registry", quoted(name));
    let help = format!(
        "the stages and contexts are {}; write {} if the image is meant",
        list(&known, "and"),
        quoted(&format!("{name}:latest"))
    );
    cx.report(at.warning(Code::UnknownStage, span, message).help(help));
}

fn path(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    from: Option<&Source>,
    names: &Names,
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
    match (from, field) {
        (Some(Source::Installation), Some(field)) => {
            require_in_installation(cx, field, at, &path)?;
        }
        (Some(Source::Context(name)), Some(field)) => {
            require_in_context(cx, field, at, &path, name, names)?;
        }
        (Some(_), Some(field)) if path.contains(WILDCARDS) => {
            let message = format!(
                "{}: a file of this very name is copied",
                not_expanded(&path)
            );
            let here = field.place(at);
            let warning = here.warning(Code::InvalidPath, field.node.span.clone(), message);
            cx.report(warning.help(NAME_DIRECTORY));
        }
        _ => {}
    }
    Ok(path)
}

/// A name may contain them, so only a path that does not exist is an error.
const WILDCARDS: [char; 2] = ['*', '?'];
const NAME_DIRECTORY: &str = "name the directory: its content is copied";

fn not_expanded(path: &str) -> String {
    let sign = if path.contains('*') { '*' } else { '?' };
    format!("`{sign}` is not expanded in {}", quoted(path))
}

/// Warns of a path that does not exist below `installation/`. It is no error: a script may make it before the
/// build.
fn require_in_installation(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    path: &str,
) -> Result<(), Reported> {
    let lookup = cx.lookup();
    let plain = project_path::normalise(path).unwrap_or_default();
    if lookup.project_file_exists(&plain).is_ok() || !lookup.project_names(&plain).is_empty() {
        return Ok(());
    }
    let help = if plain.starts_with("installation/") {
        "leave out `installation/`: the path is relative to it"
    } else {
        "make it before you build; the path is relative to `installation/`"
    };
    let shown = quoted(&format!("installation/{plain}"));
    not_there(
        cx,
        field,
        at,
        path,
        &format!("{shown} does not exist or is empty"),
        help,
    )
}

/// Reports a path that a context never gives, or does not have. The context's own `.dockerignore` is not read.
fn require_in_context(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    path: &str,
    name: &str,
    names: &Names,
) -> Result<(), Reported> {
    if let Some(part) = kept_out(path) {
        let message = format!("{} is never copied from a context", quoted(part));
        let help = "copy it from `installation/` if the image may hold it";
        return Err(cx.bad_value(Some(field), at, Code::InvalidPath, message, help));
    }
    let folder = names.contexts.get(name).and_then(Option::as_ref);
    if folder.is_none_or(|folder| cx.lookup().is_in_folder(folder, path)) {
        return Ok(());
    }
    let message = format!("the context {} has no {}", quoted(name), quoted(path));
    let help = "make it before you build; the path is relative to the context's directory";
    not_there(cx, field, at, path, &message, help)
}

/// The part of a path because of which it is never copied from a context.
fn kept_out(path: &str) -> Option<&str> {
    let last = path.rsplit('/').next();
    path.split('/')
        .find(|part| is_kept_out(part))
        .or_else(|| last.filter(|name| is_kept_out_file(name)))
}

fn not_there(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
    path: &str,
    what: &str,
    help: &str,
) -> Result<(), Reported> {
    if path.contains(WILDCARDS) {
        let message = not_expanded(path);
        return Err(cx.bad_value(Some(field), at, Code::InvalidPath, message, NAME_DIRECTORY));
    }
    // An escaped name is a pattern to the engine, and a pattern may match nothing.
    let outcome = if path.contains('[') {
        "the build will copy nothing"
    } else {
        "the build will fail"
    };
    let here = field.place(at);
    let span = field.node.span.clone();
    let warning = here.warning(Code::FileNotFound, span, format!("{what}: {outcome}"));
    cx.report(warning.help(help));
    Ok(())
}

fn target(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    leads_to_container: bool,
) -> Result<String, Reported> {
    let Some(to) = cx.text(field, at)? else {
        let help = "write the destination of the copy, such as `/app/`";
        return Err(cx.missing(at, "to", help));
    };
    if let Some((path, rest)) = at_run_time(&to).filter(|_| leads_to_container) {
        let message = format!("{} has another content when a container runs", quoted(path));
        let help = format!("write {}", quoted(&format!("{IN_IMAGE}{rest}")));
        return Err(cx.bad_value(field, at, Code::RunTimePathAtBuild, message, &help));
    }
    if to.starts_with('/') {
        return Ok(to);
    }
    let home = ["~", "$HOME"].into_iter().find(|home| to.starts_with(home));
    let (message, help) = match home {
        Some(home) => (
            format!("`{home}` is not replaced in {}", quoted(&to)),
            "write the directory itself, such as `/root` or `/home/NAME`".to_owned(),
        ),
        None => (
            format!("{} is not an absolute path of the stage", quoted(&to)),
            format!("write {}", quoted(&format!("/{to}"))),
        ),
    };
    Err(cx.bad_value(field, at, Code::InvalidPath, message, &help))
}

/// The directory whose content is another one at run time, and the rest of the path.
fn at_run_time(to: &str) -> Option<(&'static str, &str)> {
    AT_RUN_TIME.into_iter().find_map(|path| {
        let rest = to.strip_prefix(path)?;
        (rest.is_empty() || rest.starts_with('/')).then_some((path, rest))
    })
}

/// Whether one of the copies may bring a file, or a directory that contains it.
pub(super) fn may_bring(copies: &[ReadCopy], file: &str) -> bool {
    copies.iter().any(|copy| {
        let to = copy.copied.to.trim_end_matches('/');
        let rest = file.strip_prefix(to);
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    })
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
