//! `cache`: where built stages are stored for other people.

use std::path::{Component, Path};

use super::image_name;
use crate::config::raw;
use crate::config::read::{Context, Field, Place, Read};
use crate::diagnostic::{Code, quoted};
use crate::model::{Cache, CachePlace};

/// The longest path. A stage's name and state are added to it, and an image reference has at most 255 characters.
const LONGEST: usize = 180;

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    root: &Place<'_>,
) -> Option<Cache> {
    let field = field.filter(|field| !field.node.is_null());
    let (section, at) = raw::Cache::of(cx, field, root)?;
    let is_set = |field: &Field<'_>| !field.node.is_null();
    let (registry, folder) = (
        section.registry.filter(is_set),
        section.folder.filter(is_set),
    );
    let push = cx.boolean(section.push, &at).ok().flatten();
    let place = match (registry, folder) {
        (Some(first), Some(second)) => {
            let mut both = [first, second];
            both.sort_by_key(|field| field.order);
            let [first, second] = both;
            let message = "`registry` and `folder` exclude each other";
            let here = second.place(&at);
            let diagnostic = here.error(Code::ConflictingKeys, second.key_span.clone(), message);
            let diagnostic = diagnostic.also(first.key_span.clone(), "the other one");
            cx.report(diagnostic.help("keep one: a cache has one place"));
            return None;
        }
        // The section only holds defaults.
        (None, None) if push != Some(true) => return None,
        (None, None) => {
            let help = "add `registry: HOST/PATH`, or `folder: DIR` for a shared directory";
            cx.missing(&at, "registry", help);
            return None;
        }
        (Some(_), None) => CachePlace::Registry(self::registry(cx, registry, &at).ok()??),
        (None, Some(_)) => CachePlace::Folder(self::folder(cx, folder, &at).ok()??),
    };
    Some(Cache {
        place,
        push: push.unwrap_or(false),
    })
}

fn registry(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<String> {
    const FORM: &str =
        "write `HOST[:PORT]/PATH` in lower case, such as `registry.example:5000/team/demo`";
    let Some(text) = cx.text(field, at)? else {
        return Ok(None);
    };
    let problem = if text.contains('@') {
        // A part of the text may be a password.
        Some((
            "the registry holds a login or a digest".to_owned(),
            "leave it out: `docker login HOST` gives the engine the login",
        ))
    } else if text.contains("://") {
        Some((
            format!("{} has a scheme", quoted(&text)),
            "write `HOST[:PORT]/PATH` without it",
        ))
    } else {
        match image_name::split_domain(&text) {
            (None, _) => Some((
                format!("{} names no registry", quoted(&text)),
                "write `HOST[:PORT]/PATH`; a host has a dot or a port, or is `localhost`",
            )),
            (Some(domain), path)
                if text.len() > LONGEST
                    || !image_name::is_domain(domain)
                    || !path.split('/').all(image_name::is_component) =>
            {
                Some((format!("{} is no place in a registry", quoted(&text)), FORM))
            }
            _ => None,
        }
    };
    match problem {
        None => Ok(Some(text)),
        Some((message, help)) => Err(cx.bad_value(field, at, Code::InvalidCache, message, help)),
    }
}

fn folder(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<String> {
    let Some(text) = cx.text(field, at)? else {
        return Ok(None);
    };
    let path = Path::new(&text);
    let mut parts = path.components().filter(|part| *part != Component::CurDir);
    let problem = if text.is_empty() {
        Some((
            "the path is empty".to_owned(),
            "name a directory, such as `/mnt/share/pei-cache`",
        ))
    } else if text.starts_with('~') {
        Some((
            format!("`~` is not replaced in {}", quoted(&text)),
            "write an absolute path, or one relative to the project",
        ))
    } else if text.contains("://") {
        Some((
            format!("{} is not a directory of this machine", quoted(&text)),
            "mount it, and name the directory; a registry is named by `registry`",
        ))
    } else if parts.next() == Some(Component::Normal("installation".as_ref())) {
        Some((
            format!("{} is sent to every build", quoted(&text)),
            "name a directory outside of `installation/`",
        ))
    } else {
        None
    };
    match problem {
        None => Ok(Some(text)),
        Some((message, help)) => Err(cx.bad_value(field, at, Code::InvalidCache, message, help)),
    }
}
