//! The generated wrappers, which run each stage's hooks.

use serde_json::json;

use super::notice::NOTICE;
use super::{insert_text, quote, templates};
use crate::file_tree::{File, FileTree, Owner};
use crate::model::{ComposeText, EnvVar, Hook, NameForm, StageId};
use crate::plan::{Plan, StageScripts};

/// The files of every stage; they exist even if the stage has no hooks.
pub(super) fn add(tree: &mut FileTree, plan: &Plan) -> anyhow::Result<()> {
    plan.scripts
        .iter()
        .try_for_each(|scripts| add_stage(tree, scripts))
}

fn add_stage(tree: &mut FileTree, scripts: &StageScripts) -> anyhow::Result<()> {
    let StageScripts {
        stage,
        hooks,
        environment,
    } = scripts;
    let key = &stage.key;
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
                "what": format!("Runs {key}.custom.{} in order: {when}.", kind.replace('-', "_")),
                "hooks": entries(list),
                "stops": kind == "on-build",
            }),
        )?;
        insert_text(tree, &path(stage, kind), text);
    }
    let login = templates::render(
        "wrapper/on-user-login.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("Sources {key}.custom.on_user_login in order."),
            "hooks": entries(&hooks.on_user_login),
        }),
    )?;
    insert_text(tree, &path(stage, "on-user-login"), login);
    add_entry(tree, stage, hooks.on_entry.as_ref())?;

    let lines: Vec<_> = environment.iter().map(line).collect();
    let environment = templates::render(
        "wrapper/etc-environment.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("The variables of {key}.environment."),
            "lines": lines,
        }),
    )?;
    insert_text(
        tree,
        &format!("installation/{}/generated/_etc_environment.sh", stage.name),
        environment,
    );
    Ok(())
}

/// Writes a marker in Compose's syntax: people read the file, no program does.
fn line(variable: &EnvVar) -> String {
    let EnvVar { name, value } = variable;
    let is_shell_name = NameForm::VARIABLE.fits(name);
    match value.as_ref().map(ComposeText::for_reading) {
        None if is_shell_name => format!("# {name}"),
        // `# !KEY` would look like a misplaced `#!` line.
        None => format!(": {}", quote::sh(name)),
        // Docker allows names that a shell would interpret as a command or other syntax.
        Some(value) if is_shell_name => format!("{name}={}", quote::sh(&value)),
        // A container can have variables that no shell can set. They follow `:`, which does nothing, so that people see them.
        Some(value) => format!(": {}", quote::sh(&format!("{name}={value}"))),
    }
}

/// Empty without a hook: by the size 0 the entrypoint knows that there is none.
fn add_entry(tree: &mut FileTree, stage: &StageId, hook: Option<&Hook>) -> anyhow::Result<()> {
    let path = path(stage, "on-entry");
    let Some(hook) = hook else {
        tree.insert(path, File::new(b"", 0o644, Owner::Pei));
        return Ok(());
    };
    let text = templates::render(
        "wrapper/on-entry.sh.j2",
        json!({
            "notice": NOTICE,
            "what": format!("Runs {}.custom.on_entry.", stage.key),
            "stage_dir": stage.variable("PEI_STAGE_DIR"),
            "hook": entry(hook),
        }),
    )?;
    insert_text(tree, &path, text);
    Ok(())
}

fn path(stage: &StageId, kind: &str) -> String {
    format!("installation/{}/generated/_custom-{kind}.sh", stage.name)
}

fn entries(hooks: &[Hook]) -> serde_json::Value {
    hooks.iter().map(entry).collect()
}

fn entry(hook: &Hook) -> serde_json::Value {
    json!({"script": hook.script, "arguments": hook.arguments})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_without_a_value_is_no_interpreter_line() {
        let line = |name: &str| {
            let name = name.to_owned();
            super::line(&EnvVar { name, value: None })
        };
        assert_eq!(line("KEY"), "# KEY");
        assert_eq!(line("!!str"), ": '!!str'");
    }
}
