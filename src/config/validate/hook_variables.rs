//! The variables of a further stage's hooks.

use std::ops::Range;

use super::environment;
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::Content;
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, NameForm};

/// Reads the variables of a stage's hooks. They become words of a command, so neither Compose nor the caller's
/// environment can provide their values.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> Vec<(String, String)> {
    let Some(field) = field else {
        return Vec::new();
    };
    let mut variables = Vec::new();
    let at = field.place(stage);
    for variable in environment::read(cx, Some(field), stage) {
        let shown = quoted(&variable.name);
        let value = variable.value.as_ref().map(ComposeText::as_literal);
        let problem = match value {
            _ if !NameForm::VARIABLE.fits(&variable.name) => (
                format!("a shell cannot have a variable {shown}"),
                "use ASCII letters, digits and `_`, with no digit first",
            ),
            Some(Some(value)) => {
                variables.push((variable.name.clone(), value.to_owned()));
                continue;
            }
            Some(None) => {
                let value = variable.value.as_ref();
                let name = value.and_then(|value| value.markers().next());
                let name = name.unwrap_or_default();
                let message = if cx.lookup().is_of_env_file(name) {
                    format!(
                        "{} is set in `.env`; build steps do not get those values, because the image would show them",
                        quoted(name)
                    )
                } else {
                    format!(
                        "Compose fills in {} later, and a build step cannot know the value",
                        quoted(name)
                    )
                };
                let help = format!(
                    "write the value if everybody may see it, or `${{{name}}}` after `export {name}`"
                );
                let span = span_of(field, &variable.name);
                cx.report(at.error(Code::MarkerNotAllowed, span, message).help(help));
                continue;
            }
            None => (
                format!(
                    "the variable {shown} has no value, and a build step does not take one from your shell"
                ),
                "write `KEY=value`",
            ),
        };
        let span = span_of(field, &variable.name);
        cx.report(
            at.error(Code::InvalidVariableName, span, problem.0)
                .help(problem.1),
        );
    }
    variables
}

/// The position of a variable.
fn span_of(field: Field<'_>, name: &str) -> Range<usize> {
    let span = match &*field.node.content {
        Content::Map(entries) => entries
            .iter()
            .find(|entry| &*entry.key == name)
            .map(|entry| &entry.key_span),
        Content::List(items) => items
            .iter()
            .find(|item| match &*item.content {
                Content::Scalar(scalar) => scalar.text.split('=').next() == Some(name),
                _ => false,
            })
            .map(|item| &item.span),
        _ => None,
    };
    span.unwrap_or(&field.node.span).clone()
}
