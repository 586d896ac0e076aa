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
    let names_place = section.registry.is_some() || section.folder.is_some();
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
        // A local file may remove the place of a shared config with `null`.
        (None, None) if names_place && push != Some(true) => return None,
        (None, None) => {
            let help = "add `registry: HOST[:PORT]/PATH`, or `folder: DIR` for a shared directory";
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
            (None, host)
                if image_name::is_domain(host)
                    && (host.contains([':', '.']) || host == "localhost") =>
            {
                Some((
                    format!("the registry {} has no path", quoted(&text)),
                    "add one, such as `/team/demo`: `HOST[:PORT]/PATH`",
                ))
            }
            (Some(_), path) if path.contains(':') => Some((
                format!("{} has a tag", quoted(&text)),
                "leave out the tag: the state of each stage is the tag of its image",
            )),
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
    let begins_with_variable = text.strip_prefix('$').is_some_and(|rest| {
        rest.starts_with(|first: char| first.is_ascii_alphabetic() || first == '_')
    });
    let places = places(&text);
    let first = places
        .as_ref()
        .map(|places| places.first().map(String::as_str));
    let problem = if text.is_empty() {
        Some((
            "the path is empty".to_owned(),
            "name a directory, such as `/mnt/share/pei-cache`",
        ))
    } else if text.starts_with('~') {
        Some((
            format!("`~` is not replaced in {}", quoted(&text)),
            "write `${HOME}/…`, which is replaced, or an absolute path",
        ))
    } else if begins_with_variable {
        Some((
            format!(
                "the variable at the beginning of {} is not replaced",
                quoted(&text)
            ),
            "only `${NAME}` in braces is replaced: write `${HOME}/…`, or an absolute path",
        ))
    } else if text.contains("://") {
        Some((
            format!("{} is not a directory of this machine", quoted(&text)),
            "mount it, and name the directory; a registry is named by `registry`",
        ))
    } else {
        match first {
            Some(None) => Some((
                format!("{} is the project's own directory", quoted(&text)),
                "name a directory for the cache alone, such as `/mnt/share/pei-cache`",
            )),
            Some(Some("installation")) => Some((
                format!("{} is sent to every build", quoted(&text)),
                "name a directory outside of `installation/`",
            )),
            Some(Some(".pei")) => Some((
                format!(
                    "{} is in `.pei`, which is pei's own directory",
                    quoted(&text)
                ),
                "name a directory outside of `.pei`",
            )),
            _ if Path::new(&text).parent().is_none() => Some((
                "`/` is not a directory for a cache".to_owned(),
                "name a directory for the cache alone, such as `/mnt/share/pei-cache`",
            )),
            _ => None,
        }
    };
    match problem {
        None => Ok(Some(text)),
        Some((message, help)) => Err(cx.bad_value(field, at, Code::InvalidCache, message, help)),
    }
}

/// The names of a path below the project, without `.` and `..`; `None` for a path outside of it.
fn places(path: &str) -> Option<Vec<String>> {
    let mut places = Vec::new();
    for part in Path::new(path).components() {
        match part {
            Component::CurDir => {}
            Component::Normal(name) => places.push(name.to_string_lossy().into_owned()),
            Component::ParentDir => {
                places.pop()?;
            }
            Component::RootDir | Component::Prefix(_) => return None,
        }
    }
    Some(places)
}
