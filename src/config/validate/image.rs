//! The `image` section.

use super::image_name::{self, Use};
use super::stage_kind::StageKind;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Read, Site};
use crate::diagnostic::{Code, Diagnostic};
use crate::model::ComposeText;

/// A stage's base image and output image, each with its position.
#[derive(Default)]
pub(super) struct ReadImage {
    pub(super) base: Option<(ComposeText, Site)>,
    pub(super) output: Option<(ComposeText, Site)>,
}

/// Reads the section. A base that is null or empty counts as missing, which is legal for a stage that builds on
/// another one.
pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    kind: StageKind,
) -> ReadImage {
    let Some(field) = field else {
        cx.missing(
            stage,
            "image",
            "add `image:` with the name of the image to build as `output`",
        );
        return ReadImage::default();
    };
    let at = field.place(stage);
    let Ok(section) = raw::Image::read(cx, field.node, &at) else {
        return ReadImage::default();
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
    ReadImage {
        base: base.ok().flatten(),
        output: output.ok().flatten(),
    }
}

/// The section of a further stage, in which both keys are optional.
pub(super) fn of_builder(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
) -> ReadImage {
    let Some(field) = field else {
        return ReadImage::default();
    };
    let at = field.place(stage);
    let Ok(section) = raw::Image::read_as(cx, field.node, &at, &raw::BUILDER_IMAGE) else {
        return ReadImage::default();
    };
    ReadImage {
        base: name(cx, section.base, &at, Use::Base).ok().flatten(),
        output: name(cx, section.output, &at, Use::Output).ok().flatten(),
    }
}

/// Refuses an output that is the base of the same stage or of an earlier one: each build would start from the
/// result of the last one.
pub(super) fn check(cx: &mut Context<'_>, images: &[&ReadImage]) {
    for (index, image) in images.iter().enumerate() {
        let bases = images[..=index]
            .iter()
            .filter_map(|image| image.base.as_ref());
        let Some((output, site)) = &image.output else {
            continue;
        };
        let Some((_, first)) = bases.into_iter().find(|(base, _)| is_same(base, output)) else {
            let mut before = images[..index]
                .iter()
                .filter_map(|image| image.output.as_ref());
            if let Some((_, first)) = before.find(|(other, _)| is_same(other, output)) {
                let (first, again) = first.apart(site);
                let message = "both stages build an image with this name: the later build overwrites the earlier one";
                let warning = Diagnostic::warning(Code::OverwrittenBase, again, message);
                let warning = warning
                    .also(first, "made first here")
                    .path(site.path.clone());
                cx.report(warning.help("choose another name or tag for one `output`"));
            }
            continue;
        };
        let message = "the stage builds on this image, too: each build would overwrite it";
        let (base, again) = first.apart(site);
        cx.report(
            Diagnostic::error(Code::OverwrittenBase, again, message)
                .also(base, "built on here")
                .path(site.path.clone())
                .help("choose another name or tag for `output`"),
        );
    }
}

/// Whether two names are the same image to an engine. Names with markers are compared as text.
fn is_same(one: &ComposeText, other: &ComposeText) -> bool {
    in_full(one) == in_full(other)
}

/// The full name of an image. A name with markers is unchanged.
pub(super) fn in_full(name: &ComposeText) -> String {
    let literal = name.as_literal().map(image_name::in_full);
    literal.unwrap_or_else(|| name.for_compose())
}

fn name(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    use_as: Use,
) -> Read<(ComposeText, Site)> {
    let (Some(field), Some(text)) = (field, cx.compose_text(field, at)?) else {
        return Ok(None);
    };
    if text.parts.is_empty() {
        return Ok(None);
    }
    match image_name::check(&text, use_as) {
        Ok(()) => {
            let site = field.place(at).site(field.node.span.clone());
            Ok(Some((text, site)))
        }
        Err(problem) => Err(cx.bad_value(
            Some(field),
            at,
            Code::InvalidImageName,
            problem.message,
            problem.help,
        )),
    }
}
