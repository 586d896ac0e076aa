//! The generated wrappers: what runs each stage's hooks.

use std::borrow::Cow;

use serde_json::json;

use super::notice::NOTICE;
use super::{insert_stamped, quote, templates};
use crate::file_tree::{File, FileTree, Owner};
use crate::model::{ComposeText, Hook, Hooks, Part, Project, Stage};

pub(super) fn add(tree: &mut FileTree, project: &Project) -> anyhow::Result<()> {
    add_stage(tree, 1, Some(&project.stage_1.common))?;
    add_stage(tree, 2, project.stage_2.as_ref().map(|stage| &stage.common))
}

/// The files exist for both stages, even when there is nothing in them.
fn add_stage(tree: &mut FileTree, number: u8, stage: Option<&Stage>) -> anyhow::Result<()> {
    let none = Hooks::default();
    let hooks = stage.map_or(&none, |stage| &stage.custom);
    for (kind, list, when) in [
        (
            "on-build",
            &hooks.on_build,
            "by hand; a build runs each hook as a step of its own",
        ),
        (
            "on-first-run",
            &hooks.on_first_run,
            "at a container's first start",
        ),
        (
            "on-every-run",
            &hooks.on_every_run,
            "at every start of a container",
        ),
    ] {
        let text = templates::render(
            "wrapper/hooks.sh.j2",
            json!({
                "notice": NOTICE,
                "what": format!("Runs stage_{number}.custom.{} in order: {when}.", kind.replace('-', "_")),
                "hooks": entries(list),
                "stops": kind == "on-build",
            }),
        )?;
        insert_stamped(tree, &path(number, kind), &text);
    }
    let login = templates::render(
        "wrapper/on-user-login.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("Sources stage_{number}.custom.on_user_login in order."),
            "hooks": entries(&hooks.on_user_login),
        }),
    )?;
    insert_stamped(tree, &path(number, "on-user-login"), &login);
    add_entry(tree, number, hooks.on_entry.as_ref())?;

    let variables = stage.map_or(&[][..], |stage| &stage.environment);
    let lines: Vec<_> = variables
        .iter()
        .map(|variable| match &variable.value {
            None => format!("# {}", variable.name),
            Some(value) if is_shell_name(&variable.name) => {
                format!("{}={}", variable.name, quote::sh(&plain(value)))
            }
            // A container has variables that no shell can; `:` lets a reader see them, and does nothing.
            Some(value) => {
                let assignment = format!("{}={}", variable.name, plain(value));
                format!(": {}", quote::sh(&assignment))
            }
        })
        .collect();
    let environment = templates::render(
        "wrapper/etc-environment.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("The variables of stage_{number}.environment."),
            "lines": lines,
        }),
    )?;
    insert_stamped(
        tree,
        &format!("installation/stage-{number}/generated/_etc_environment.sh"),
        &environment,
    );
    Ok(())
}

/// Docker takes names that a shell would take for a command, or for worse.
fn is_shell_name(name: &str) -> bool {
    name.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
        && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// Size 0 tells the entrypoint that there is no such hook.
fn add_entry(tree: &mut FileTree, number: u8, hook: Option<&Hook>) -> anyhow::Result<()> {
    let path = path(number, "on-entry");
    let Some(hook) = hook else {
        tree.insert(
            path,
            File {
                content: Cow::Borrowed(b""),
                mode: 0o644,
                owner: Owner::Pei,
            },
        );
        return Ok(());
    };
    let text = templates::render(
        "wrapper/on-entry.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("Runs stage_{number}.custom.on_entry."),
            "stage": number,
            "hook": entry(hook),
        }),
    )?;
    insert_stamped(tree, &path, &text);
    Ok(())
}

fn path(stage: u8, kind: &str) -> String {
    format!("installation/stage-{stage}/generated/_custom-{kind}.sh")
}

fn entries(hooks: &[Hook]) -> serde_json::Value {
    hooks.iter().map(entry).collect()
}

fn entry(hook: &Hook) -> serde_json::Value {
    json!({"script": hook.script, "arguments": hook.arguments})
}

/// A marker is written as Compose would spell it; the file is for reading.
fn plain(value: &ComposeText) -> String {
    let parts = value.parts.iter().map(|part| match part {
        Part::Literal(text) => text.clone(),
        Part::Marker {
            name,
            default: None,
        } => format!("${{{name}}}"),
        Part::Marker {
            name,
            default: Some(default),
        } => format!("${{{name}:-{default}}}"),
    });
    parts.collect()
}
