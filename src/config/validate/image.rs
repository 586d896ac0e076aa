//! The `image` section.

use super::image_name::{self, Use};
use super::stage_kind::StageKind;
use crate::config::raw;
use crate::config::read::{Context, Field, Place};
use crate::diagnostic::Code;
use crate::model::ComposeText;

/// Base and output. A base that is null or empty is none, which a stage that grows from another one may have.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    kind: StageKind,
) -> (Option<ComposeText>, ComposeText) {
    let Some(field) = field else {
        cx.missing(
            stage,
            "image",
            "add `image:` with the name of the image to build as `output`",
        );
        return Default::default();
    };
    let at = field.place(stage);
    let Ok(section) = raw::Image::read(cx, field.node, &at) else {
        return Default::default();
    };

    let base = name(cx, section.base, &at, Use::Base);
    if matches!(base, Ok(None)) && kind.needs_base() {
        let help = "name the image to build on, such as `ubuntu:24.04`";
        cx.missing(&at, "base", help);
    }
    let output = name(cx, section.output, &at, Use::Output);
    if matches!(output, Ok(None)) {
        let help = "name the image to build, such as `my-image:stage-1`";
        cx.missing(&at, "output", help);
    }
    (
        base.ok().flatten(),
        output.ok().flatten().unwrap_or_default(),
    )
}

fn name(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    use_as: Use,
) -> crate::config::read::Read<ComposeText> {
    let Some(text) = cx.compose_text(field, at)? else {
        return Ok(None);
    };
    if text.parts.is_empty() {
        return Ok(None);
    }
    match image_name::check(&text, use_as) {
        Ok(()) => Ok(Some(text)),
        Err(problem) => Err(cx.bad_value(
            field,
            at,
            Code::InvalidImageName,
            problem.message,
            problem.help,
        )),
    }
}
