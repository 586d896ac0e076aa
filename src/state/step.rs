//! What of a step counts for the state of its stage.

use std::collections::BTreeMap;
use std::path::Path;

use serde_json::{Value as Json, json};

use super::hash;
use super::inputs::Value;
use crate::plan::{Instruction, Step, StepCommand, StepMount};

/// The paths of the project that a step sees.
pub(super) fn sources(step: &Step) -> Vec<&str> {
    match &step.instruction {
        Instruction::Run { mounts, .. } => {
            let sources = mounts.iter().filter_map(|mount| match mount {
                StepMount::Bind { source, .. } => Some(source.as_str()),
                // The files of a context are inputs of the stage that copies them. Of the other mounts, only the
                // instruction is an input, not the content.
                StepMount::Context { .. }
                | StepMount::Cache { .. }
                | StepMount::Secret { .. }
                | StepMount::Ssh { .. } => None,
            });
            sources.collect()
        }
        Instruction::Copy {
            from: None, source, ..
        } => vec![source],
        _ => Vec::new(),
    }
}

/// The hash of a step, without its comments.
pub(super) fn text_of(step: &Step) -> String {
    let mut instruction = serde_json::to_value(&step.instruction).unwrap_or_default();
    if let Instruction::Run { mounts, command } = &step.instruction {
        // Line breaks do not change the command.
        if let StepCommand::Shell(lines) = command {
            instruction["command"] = json!({ "shell": lines.join(" ") });
        }
        // BuildKit does not run a step again if only the ID of a cache mount changes. The ID is made from the base's name
        // as the config writes it, so it can change while the base is the same (`{{VAR}}` in the name).
        for (mount, json) in mounts.iter().zip(items_of(&mut instruction["mounts"])) {
            if let StepMount::Cache { target, .. } = mount {
                *json = json!({ "cache": target });
            }
        }
        if let Some((words, _)) = without_variables(step) {
            instruction["command"] = json!({ "words": words });
        }
    }
    let args = step.args.iter().map(|arg| json!([arg.name, arg.value]));
    let whole = json!([args.collect::<Json>(), instruction]);
    hash::sum(&[whole.to_string().as_bytes()])
}

/// Splits the command of a further stage's hook: the words up to its key path, and the config's variables after it.
fn without_variables(step: &Step) -> Option<(&[String], &[String])> {
    let Instruction::Run {
        command: StepCommand::Words(words),
        ..
    } = &step.instruction
    else {
        return None;
    };
    let key_path = step.key_path.as_ref()?;
    let place = words.iter().position(|word| word == key_path)?;
    Some(words.split_at(place + 1))
}

/// The variables of a hook as inputs of their own, so that a change names the variable. Values may be secrets.
pub(super) fn variables_of(step: &Step) -> BTreeMap<String, Value> {
    let Some((_, words)) = without_variables(step).filter(|(_, words)| !words.is_empty()) else {
        return BTreeMap::new();
    };
    let key_path = step.key_path.as_deref().unwrap_or_default();
    let stage = key_path
        .split_once(".custom.")
        .map_or(key_path, |(stage, _)| stage);
    let pairs = words
        .iter()
        .map(|word| word.split_once('=').unwrap_or((word, "")));
    let mut variables: BTreeMap<String, Value> = pairs
        .clone()
        .map(|(name, value)| {
            (
                format!("{stage}.{ENVIRONMENT}.{name}"),
                Value::hidden(value),
            )
        })
        .collect();
    // BuildKit runs the step again if their order changes.
    let order: Vec<&str> = pairs.map(|(name, _)| name).collect();
    variables.insert(
        format!("{stage}.{ENVIRONMENT}"),
        Value::hidden(&order.join(" ")),
    );
    variables
}

/// The key of the variables of a further stage.
const ENVIRONMENT: &str = "environment";

fn items_of(list: &mut Json) -> impl Iterator<Item = &mut Json> {
    list.as_array_mut().into_iter().flatten()
}

/// The name of a step in messages.
pub(super) fn name_of_step(step: &Step) -> String {
    if let Some(key_path) = &step.key_path {
        return key_path.clone();
    }
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match &step.instruction {
        Instruction::Declare => {
            let names: Vec<_> = step.args.iter().map(|arg| arg.name.as_str()).collect();
            format!("ARG {}", names.join(" "))
        }
        Instruction::Env { variables } => {
            let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
            format!("ENV {}", names.join(" "))
        }
        Instruction::Copy { source, target, .. } => format!("COPY {source} {target}"),
        Instruction::Line { line } => (*line).to_owned(),
        Instruction::Label { .. } => "LABEL".to_owned(),
        Instruction::Run { command, .. } => {
            let (StepCommand::Shell(words) | StepCommand::Words(words)) = command;
            let text = words.join(" ");
            let is_script = |word: &&str| Path::new(word).extension() == Some("sh".as_ref());
            let script = text.split([' ', ';']).find(is_script);
            format!("RUN {}", script.map(last).unwrap_or_default())
        }
    }
}
