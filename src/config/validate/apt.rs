//! The `apt` section.

use super::image_name::split_domain;
use super::project_path::{self, normalise};
use super::snapshot;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, or};
use crate::diagnostic::{Code, list, nearest};
use crate::model::{Apt, AptSource, ComposeText};

/// Mirrors that pei knows by a keyword.
const MIRRORS: &[&str] = &["tuna", "aliyun", "163", "ustc", "cn"];
/// The only mirror that has Ubuntu but not Debian.
const UBUNTU_ONLY: &str = "cn";

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    stage: &Place<'_>,
    base: Option<&ComposeText>,
) -> Apt {
    let mut apt = Apt {
        repo_source: AptSource::Unchanged,
        keep_repo_after_build: true,
        use_proxy: false,
        keep_proxy_after_build: false,
        snapshot: None,
    };
    let Some((section, at)) = raw::Apt::of(cx, field, stage) else {
        return apt;
    };
    apt.repo_source = source(cx, section.repo_source, &at, base);
    let keep = section.keep_repo_after_build;
    if apt.repo_source != AptSource::Unchanged && keep.is_some_and(|field| field.node.is_null()) {
        let message = "null is ambiguous here: pei would keep the mirror, PeiDocker would not";
        let help = "write `true` or `false`";
        cx.bad_value(keep, &at, Code::InvalidBoolean, message.to_owned(), help);
    }
    apt.keep_repo_after_build = or(cx.boolean(keep, &at), true);
    apt.use_proxy = or(cx.boolean(section.use_proxy, &at), false);
    apt.keep_proxy_after_build = or(cx.boolean(section.keep_proxy_after_build, &at), false);
    let is_replaced = apt.repo_source != AptSource::Unchanged;
    let source = section.repo_source.filter(|_| is_replaced);
    let fields = (section.snapshot, section.snapshot_url);
    apt.snapshot = snapshot::read(cx, fields, source, &at);
    apt
}

fn source(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    at: &Place<'_>,
    base: Option<&ComposeText>,
) -> AptSource {
    let text = or(cx.text(field, at), String::new());
    let Some(field) = field.filter(|_| !text.is_empty()) else {
        return AptSource::Unchanged;
    };
    let here = field.place(at);
    let span = field.node.span.clone();
    if MIRRORS.contains(&text.as_str()) {
        if text == UBUNTU_ONLY
            && base
                .and_then(ComposeText::as_literal)
                .is_some_and(is_debian)
        {
            cx.report(
                here.warning(
                    Code::MirrorWithoutDebian,
                    span,
                    "the mirror `cn` has no Debian packages, and the base image is a Debian",
                )
                .help("choose `tuna`, `aliyun`, `163` or `ustc`"),
            );
        }
        return AptSource::Mirror(text);
    }
    let path = match normalise(&text) {
        Ok(path) => path,
        Err(problem) => {
            cx.report(project_path::outside(
                &here,
                span,
                problem,
                "stage-1/custom/NAME",
            ));
            return AptSource::Unchanged;
        }
    };
    if let Err(problem) = cx.lookup().project_file_exists(&path) {
        let help = match nearest(&text, MIRRORS.iter().copied()) {
            Some(mirror) => format!("did you mean the mirror `{mirror}`?"),
            None => project_path::did_you_mean(cx.lookup(), &path).unwrap_or_else(|| {
                format!(
                    "the mirrors are {}; a file is named by its path under `installation/`",
                    list(MIRRORS, "and")
                )
            }),
        };
        let mut diagnostic = project_path::file_diagnostic(&here, span, &path, &problem);
        if diagnostic.code == Code::FileNotFound {
            diagnostic.help = Some(help);
        }
        cx.report(diagnostic);
    }
    AptSource::File(path)
}

/// Whether an image is Debian, judging by its name or the release in its tag.
fn is_debian(image: &str) -> bool {
    const RELEASES: &[&str] = &[
        "buster", "bullseye", "bookworm", "trixie", "forky", "sid", "debian",
    ];
    let name = image.split('@').next().unwrap_or_default();
    let (_, path) = split_domain(name);
    let last = path.rsplit('/').next().unwrap_or_default();
    last.split([':', '-', '_', '.'])
        .any(|word| RELEASES.contains(&word) || word.strip_prefix("debian").is_some_and(is_number))
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

#[cfg(test)]
mod tests {
    use super::is_debian;

    #[test]
    fn debian_is_recognised_by_name_or_release() {
        for image in [
            "debian:12",
            "library/debian",
            "python:3.12-bookworm",
            "x/y:debian12",
        ] {
            assert!(is_debian(image), "{image}");
        }
        for image in [
            "ubuntu:24.04",
            "debianish/ubuntu:1",
            "nvidia/cuda:12-devel-ubuntu24.04",
        ] {
            assert!(!is_debian(image), "{image}");
        }
    }
}
