//! The images that stages build on and build: none may have the name of a stage, and none may be overwritten.

use std::collections::HashMap;

use super::builders::ReadBuilder;
use super::copies::{Names, OF_STAGE_2, OF_STAGE_2_HELP, ReadCopy};
use super::image::{self, ReadImage};
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{ComposeText, Source};

/// The finding for an image whose name pei's Dockerfiles use for something else.
pub(super) fn of_pei(name: &str, meant: &str, site: &Site) -> Diagnostic {
    let message = format!(
        "pei's Dockerfiles use the name {} for a part of {}",
        quoted(name),
        quoted(meant)
    );
    let help = format!("name {}, or another image", quoted(meant));
    let found = Diagnostic::error(Code::UnknownStage, site.span.clone(), message);
    found.path(site.path.clone()).help(help)
}

/// Refuses a base image with the name of a stage: a Dockerfile would take it for the stage.
pub(super) fn check_bases(
    cx: &mut Context<'_>,
    builders: &[ReadBuilder],
    images: &[&ReadImage],
    names: &Names,
) {
    let of_stages = images.iter().filter_map(|image| image.base.as_ref());
    let of_builders = builders.iter().filter_map(|builder| builder.base.as_ref());
    let all = of_stages.map(|base| (base, false));
    for ((base, site), is_builders) in all.chain(of_builders.map(|base| (base, true))) {
        let name = base.as_literal().unwrap_or_default();
        let stage = match name {
            "stage-1" | "stage_1" if is_builders => Some((
                format!("{} is a stage, and `base` names an image", quoted(name)),
                "name `stage-1` as `from`, or leave out both: it is the default",
            )),
            "stage-2" | "stage_2" if is_builders => Some((OF_STAGE_2.to_owned(), OF_STAGE_2_HELP)),
            _ => None,
        };
        if let Some((message, help)) = stage {
            let diagnostic = Diagnostic::error(Code::UnknownStage, site.span.clone(), message);
            cx.report(diagnostic.path(site.path.clone()).help(help));
            continue;
        }
        if let Some(meant) = names.shadowing(name) {
            cx.report(of_pei(name, meant, site));
            continue;
        }
        if !names.builders.contains_key(name) {
            continue;
        }
        let message = format!("{} is the name of a stage, too", quoted(name));
        let help = format!(
            "write {} for the image; `from` names a stage to build on",
            quoted(&format!("{name}:latest"))
        );
        let diagnostic = Diagnostic::error(Code::UnknownStage, site.span.clone(), message);
        cx.report(diagnostic.path(site.path.clone()).help(help));
    }
}

/// Refuses two stages that build the same image, and a stage that builds an image which another is based on or
/// copies from.
pub(super) fn check_outputs<'r>(
    cx: &mut Context<'_>,
    builders: &'r [ReadBuilder],
    images: &[&ReadImage],
    copies: impl Iterator<Item = &'r ReadCopy>,
) {
    const BUILT: &str = "built here";
    let bases = builders.iter().filter_map(|builder| builder.base.as_ref());
    let outputs = builders
        .iter()
        .filter_map(|builder| builder.output.as_ref());
    // By full name, because a search through a list is slow if there are many.
    let mut taken: HashMap<String, (&Site, &str)> = HashMap::new();
    for (base, site) in bases {
        taken.insert(image::in_full(base), (site, "built on here"));
    }
    // Other images that the build uses. Further stages must not build them.
    let mut others: HashMap<String, (&Site, &str)> = HashMap::new();
    let of_builders = builders.iter().flat_map(|builder| &builder.copies);
    for copy in copies.chain(of_builders) {
        if let Source::Image(name) = &copy.copied.from {
            let name = ComposeText::literal(name.as_str());
            others.insert(image::in_full(&name), (&copy.site, "copied from here"));
        }
    }
    for (base, site) in images.iter().filter_map(|image| image.base.as_ref()) {
        others.insert(image::in_full(base), (site, "built on here"));
    }
    let of_stages = images.iter().filter_map(|image| image.output.as_ref());
    let all = of_stages.map(|output| (output, true));
    for ((output, site), is_stages) in all.chain(outputs.map(|output| (output, false))) {
        let name = image::in_full(output);
        let other = others.get(&name).filter(|_| !is_stages).copied();
        let Some((first, what)) = taken.insert(name, (site, BUILT)).or(other) else {
            continue;
        };
        // `image::check` compares stage-1 and stage-2 with each other.
        if is_stages && what == BUILT {
            continue;
        }
        let message = "another stage builds or uses this image: each build would overwrite it";
        let (first, again) = first.apart(site);
        cx.report(
            Diagnostic::error(Code::OverwrittenBase, again, message)
                .also(first, what)
                .path(site.path.clone())
                .help("choose another name or tag for `output`; `from` names a stage to build on"),
        );
    }
}
