//! The `custom` section.

use super::arguments;
use super::copies::Names;
use super::ports::items;
use super::script::{self, Home};
use super::stage_kind::StageKind;
use super::{installer_options, script_word, secrets, tracked};
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Reported};
use crate::config::yaml::{Content, Node};
use crate::diagnostic::{Code, quoted};
use crate::model::{BuildAccess, Hook, Hooks};

const EXAMPLE: &str = "- stage-1/custom/my-script.sh --option";
const EXAMPLE_OF_BUILDER: &str = "- stages/NAME/my-script.sh --option";

/// The rules for hooks at one point.
#[derive(Clone, Copy)]
struct Point<'n> {
    home: Home<'n>,
    is_build: bool,
    /// Volumes and the links of `/soft` do not exist yet.
    before_run_time: bool,
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    kind: StageKind,
    names: &Names,
) -> Hooks {
    let Some((section, at)) = raw::Custom::of(cx, field, stage) else {
        return Hooks::default();
    };
    let at_run_time = Point {
        home: Home::Stage(kind, names),
        is_build: false,
        before_run_time: false,
    };
    let at_build = Point {
        is_build: true,
        before_run_time: kind.has_storage(),
        ..at_run_time
    };
    let on_build = list(cx, section.on_build, &at, at_build);
    let asked = (section.secrets, section.ssh_agent);
    Hooks {
        access: secrets::access(cx, asked, &at, names, section.on_build),
        keep_tmp: cx.boolean(section.keep_tmp, &at).ok().flatten() == Some(true),
        on_build,
        on_first_run: list(cx, section.on_first_run, &at, at_run_time),
        on_every_run: list(cx, section.on_every_run, &at, at_run_time),
        on_user_login: list(cx, section.on_user_login, &at, at_run_time),
        on_entry: on_entry(cx, section.on_entry, &at, at_run_time),
    }
}

/// The hooks of a further stage.
pub(super) fn of_builder(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    (name, names): (&str, &Names),
) -> (Vec<Hook>, BuildAccess) {
    let Some(field) = field else {
        return <_>::default();
    };
    let at = field.place(stage);
    let spec = &raw::BUILDER_CUSTOM;
    let Ok(section) = raw::Custom::read_as(cx, field.node, &at, spec) else {
        return <_>::default();
    };
    let point = Point {
        home: Home::Builder(name),
        is_build: true,
        before_run_time: false,
    };
    let on_build = list(cx, section.on_build, &at, point);
    let asked = (section.secrets, section.ssh_agent);
    let access = secrets::access(cx, asked, &at, names, section.on_build);
    (on_build, access)
}

fn list(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    point: Point<'_>,
) -> Vec<Hook> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(at);
    let example = match point.home {
        Home::Stage(..) => EXAMPLE,
        Home::Builder(_) => EXAMPLE_OF_BUILDER,
    };
    items(cx, field.node, &at, example)
        .iter()
        .enumerate()
        .filter_map(|(index, node)| hook(cx, node, &at.item(index, node), point).ok())
        .collect()
}

/// Reads `on_entry`: one entry, either as text or as the only item of a list.
fn on_entry(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    point: Point<'_>,
) -> Option<Hook> {
    let field = field?;
    let at = field.place(at);
    match &*field.node.content {
        Content::List(items) => {
            let (first, rest) = items.split_first()?;
            let hook = hook(cx, first, &at.item(0, first), point);
            if let Some(second) = rest.first() {
                let here = at.item(1, second);
                cx.report(
                    here.error(
                        Code::InvalidHook,
                        second.span.clone(),
                        format!("`on_entry` takes one entry, found {}", items.len()),
                    )
                    .label("one too many")
                    .also(first.span.clone(), "the first")
                    .help("only one script can take over the container; call the others from it"),
                );
            }
            hook.ok()
        }
        Content::Map(_) => {
            let help = "write the script without keys, such as `stage-1/custom/my-script.sh`";
            cx.wrong_type(&at, field.node, "a script with its arguments", Some(help));
            None
        }
        _ if field.node.is_null() => None,
        _ => hook(cx, field.node, &at, point).ok(),
    }
}

fn hook(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    point: Point<'_>,
) -> Result<Hook, Reported> {
    // Check this before variables are replaced: `${PEI_SOFT_DATA}` is only set in containers.
    if let Content::Scalar(scalar) = &*node.content
        && point.before_run_time
    {
        forbid_run_time_paths(cx, node, at, &scalar.text)?;
    }
    let Some(text) = cx.text_of(node, at, |c| matches!(c, '\t' | '\n'))? else {
        return Err(empty(cx, node, at));
    };
    if point.before_run_time {
        forbid_run_time_paths(cx, node, at, &text)?;
    }

    let text = script_word::trimmed(&text);
    let (word, rest) = match script_word::split(text) {
        Ok(split) => split,
        Err(problem) => return Err(report(cx, node, at, text, &problem)),
    };
    if word.is_empty() {
        return Err(empty(cx, node, at));
    }
    let arguments = script_word::trimmed(rest);
    let script = script::read(
        cx,
        node,
        at,
        (&word, arguments),
        (point.home, point.is_build),
    );
    let mut outcome = Ok(());
    for problem in arguments::check(arguments) {
        let is_warning = problem.code == Code::HookComment;
        let reported = report(cx, node, at, arguments, &problem);
        if !is_warning {
            outcome = Err(reported);
        }
    }
    outcome?;
    let script = script?;
    installer_options::check(cx, node, at, &script, arguments)?;
    tracked::check_arguments(cx, node, at, arguments);
    Ok(Hook {
        script,
        arguments: arguments.to_owned(),
    })
}

fn empty(cx: &mut Context<'_>, node: &Node, at: &Place<'_>) -> Reported {
    let message = "this entry names no script";
    let diagnostic = at.error(Code::InvalidHook, node.span.clone(), message);
    cx.report(diagnostic.help("write the script's path under `installation/`, or remove the entry"))
}

fn forbid_run_time_paths(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    text: &str,
) -> Result<(), Reported> {
    let Some(found) = arguments::run_time_path(text) else {
        return Ok(());
    };
    let span = cx.within(node, found);
    let message = format!("{} exists only when a container runs", quoted(found));
    let diagnostic = at.error(Code::RunTimePathAtBuild, span, message);
    Err(cx.report(diagnostic.help("use /hard/image/… or a run-time hook such as `on_first_run`")))
}

/// Reports a problem at its position in the entry.
fn report(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    text: &str,
    problem: &arguments::Problem,
) -> Reported {
    let tail = text[problem.at..].trim_end();
    let width = tail.chars().next().map_or(0, char::len_utf8);
    let span = cx
        .tail_start(node, tail)
        .map_or(node.span.clone(), |start| start..start + width);
    let diagnostic = if problem.code == Code::HookComment {
        at.warning(problem.code, span, problem.message.as_str())
    } else {
        at.error(problem.code, span, problem.message.as_str())
    };
    cx.report(diagnostic.help(problem.help))
}
