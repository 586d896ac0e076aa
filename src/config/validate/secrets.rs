//! `build_secrets`, and the keys of `custom` that give them to build hooks.

use std::collections::BTreeSet;

use super::copies::Names;
use super::ports::items;
use crate::config::raw::{self, entries, named_entries};
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, nearest, quoted, token};
use crate::model::{BuildAccess, BuildSecret, NameForm, Project, SecretSource};

/// A declared secret as read. A faulty one keeps its name, so that its use is not reported as well.
pub(super) struct ReadSecret {
    pub(super) name: String,
    key: Site,
    source: Option<(SecretSource, Site)>,
}

pub(super) fn read(
    cx: &mut Context<'_>,
    field: Option<Field<'_>>,
    root: &Place<'_>,
) -> Vec<ReadSecret> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(root);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return Vec::new();
    };
    named_entries(cx, entries, &at)
        .into_iter()
        .filter(|entry| !entry.value.is_null())
        .map(|entry| {
            let at = at.entry(entry);
            ReadSecret {
                name: entry.key.to_string(),
                key: at.site(entry.key_span.clone()),
                source: secret(cx, entry, &at).ok(),
            }
        })
        .collect()
}

fn secret(
    cx: &mut Context<'_>,
    entry: &Entry,
    at: &Place<'_>,
) -> Result<(SecretSource, Site), Reported> {
    if !NameForm::SECRET.fits(&entry.key) {
        let message = "this cannot be the name of a secret";
        let found = at.error(Code::InvalidSecret, entry.key_span.clone(), message);
        let help = "use up to 64 letters `A`–`Z` and `a`–`z`, digits, `.`, `_` and `-`, with a letter or a digit first";
        return Err(cx.report(found.help(help)));
    }
    let section = raw::BuildSecret::read(cx, &entry.value, at)?;
    let is_set = |field: &Field<'_>| !field.node.is_null();
    match (section.env.filter(is_set), section.file.filter(is_set)) {
        (Some(env), Some(file)) => {
            let mut both = [env, file];
            both.sort_by_key(|field| field.order);
            let [first, second] = both;
            let message = "`env` and `file` exclude each other";
            let here = second.place(at);
            let found = here.error(Code::ConflictingKeys, second.key_span.clone(), message);
            let found = found.also(first.key_span.clone(), "the other one");
            Err(cx.report(found.help("keep one: a secret comes from one place")))
        }
        (None, None) if ["env", "file"].iter().any(|key| cx.is_misspelt(at, key)) => Err(Reported),
        (None, None) => {
            let help =
                "add `env: VARIABLE`, or `file: PATH`; the secret itself stays out of the config";
            Err(cx.missing(at, "env", help))
        }
        (Some(field), None) => variable(cx, field, at),
        (None, Some(field)) => file(cx, field, at),
    }
}

/// The name of a variable. A text with a `$` is refused: pei would replace it by the value, which is the secret.
fn variable(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
) -> Result<(SecretSource, Site), Reported> {
    let here = field.place(at);
    // Messages point at the key: the value may be the secret, so it is masked in the line that the message shows.
    let span = field.key_span.clone();
    let is_name = matches!(&*field.node.content, Content::Scalar(scalar)
        if NameForm::VARIABLE.fits(&scalar.text) && token(&scalar.text).is_none());
    if !is_name && matches!(&*field.node.content, Content::Scalar(_)) {
        let message = "this is not the name of a variable";
        let help = "write the name alone, such as `PIP_TOKEN`: neither its value nor `${PIP_TOKEN}`, which is replaced by its value";
        let found = here.error(Code::InvalidSecret, span, message);
        return Err(cx.report(found.help(help)));
    }
    let name = cx.text(Some(field), at)?.unwrap_or_default();
    Ok((SecretSource::Variable(name), here.site(span)))
}

fn file(
    cx: &mut Context<'_>,
    field: Field<'_>,
    at: &Place<'_>,
) -> Result<(SecretSource, Site), Reported> {
    let path = cx.text(Some(field), at)?.unwrap_or_default();
    let here = field.place(at);
    let span = field.key_span.clone();
    let below_home = path.strip_prefix("~/");
    let problem = if path.is_empty() || path.ends_with('/') {
        Some(("this names no file", "name the file that holds the secret"))
    } else if path.contains([',', '"']) {
        Some((
            "the path holds a comma or a double quote, which `docker build --secret` cannot express",
            "rename the file or the directory",
        ))
    } else if path.starts_with('~') && below_home.is_none() {
        Some((
            "`~` is only replaced before a `/`",
            "write `~/…`, an absolute path, or one relative to the project",
        ))
    } else if is_below_installation(cx, &in_full(&path)) {
        Some((
            "the file is below `installation/`, which is copied into the images",
            "move it to another directory, such as `.pei/`, which neither git nor a build sees",
        ))
    } else {
        None
    };
    if let Some((message, help)) = problem {
        let found = here.error(Code::InvalidSecret, span, message);
        return Err(cx.report(found.help(help)));
    }
    let source = match below_home {
        Some(rest) => SecretSource::HomeFile(rest.to_owned()),
        None if path.starts_with(['/', '.']) => SecretSource::File(path),
        None => SecretSource::File(format!("./{path}")),
    };
    Ok((source, here.site(span)))
}

/// The path with the home directory of whoever runs pei in the place of `~`.
fn in_full(path: &str) -> String {
    let home = std::env::home_dir();
    match path.strip_prefix("~/").zip(home) {
        Some((rest, home)) => home.join(rest).to_string_lossy().into_owned(),
        None => path.to_owned(),
    }
}

fn is_below_installation(cx: &Context<'_>, path: &str) -> bool {
    let mut parts = path.split('/').filter(|part| !matches!(*part, "" | "."));
    let path = if path.starts_with('/') {
        path.to_owned()
    } else if parts.next() == Some("installation") {
        return true;
    } else {
        format!("../{path}")
    };
    let places = cx.lookup().places_inside(&path);
    places.iter().any(|place| *place != path)
}

/// `secrets` and `ssh_agent` of a stage.
pub(super) fn access(
    cx: &mut Context<'_>,
    (secrets, ssh_agent): (Option<Field<'_>>, Option<Field<'_>>),
    custom: &Place<'_>,
    names: &Names,
    on_build: Option<Field<'_>>,
) -> BuildAccess {
    let mut access = BuildAccess {
        secrets: BTreeSet::new(),
        ssh_agent: cx.boolean(ssh_agent, custom).ok().flatten() == Some(true),
    };
    if let Some(field) = secrets {
        let at = field.place(custom);
        for (index, node) in items(cx, field.node, &at, "- pip_token").iter().enumerate() {
            let name = name(cx, node, &at.item(index, node), field, names);
            access.secrets.extend(name.ok().flatten());
        }
    }
    // Faulty hooks count, too: their errors have been reported, and "there is none" would be wrong.
    let has_hooks = on_build.is_some_and(|field| {
        !matches!(&*field.node.content, Content::List(items) if items.is_empty())
            && !field.node.is_null()
    });
    let asks = [
        secrets.filter(|_| !access.secrets.is_empty()),
        ssh_agent.filter(|_| access.ssh_agent),
    ];
    if let Some(field) = asks.into_iter().flatten().next().filter(|_| !has_hooks) {
        let at = field.place(custom);
        let message = "nothing uses it: this stage has no build hook";
        let found = at.warning(Code::UnusedSecret, field.key_span.clone(), message);
        cx.report(found.help("add a script to `on_build`, or remove the key"));
    }
    access
}

fn name(
    cx: &mut Context<'_>,
    node: &Node,
    at: &Place<'_>,
    list: Field<'_>,
    names: &Names,
) -> Result<Option<String>, Reported> {
    let Some(name) = cx.text_of(node, at, |_| false)? else {
        return Ok(None);
    };
    if names.secrets.contains(&name) {
        return Ok(Some(name));
    }
    let known = names.secrets.iter().map(String::as_str);
    let (message, help) = match nearest(&name, known) {
        Some(meant) => (
            format!("`build_secrets` has no {}", quoted(&name)),
            format!("did you mean {}?", quoted(meant)),
        ),
        // The text may be the secret itself.
        None => (
            "an entry is not in `build_secrets`".to_owned(),
            "declare it at the top level: `build_secrets: {NAME: {env: VARIABLE}}`".to_owned(),
        ),
    };
    let found = at.error(Code::UnknownSecret, list.key_span.clone(), message);
    Err(cx.report(found.help(help)))
}

/// Warns of secrets that no hook gets, and of those that a build would not find here.
pub(super) fn check(cx: &mut Context<'_>, secrets: Vec<ReadSecret>, project: &mut Project) {
    let of_stages = project.stages.iter().map(|stage| &stage.custom.access);
    let of_builders = project.builders.iter().map(|builder| &builder.access);
    let mut used = BuildAccess::default();
    for access in of_stages.chain(of_builders) {
        used.add(access);
    }
    for ReadSecret { name, key, source } in secrets {
        let Some((source, site)) = source else {
            continue;
        };
        if !used.secrets.contains(&name) {
            let message = "no stage uses this secret";
            let found = Diagnostic::warning(Code::UnusedSecret, key.span, message);
            let help = "add its name to `secrets` below `custom` of a stage, or remove it";
            cx.report(found.path(key.path).help(help));
            continue;
        }
        if let Some((message, help)) = missing(cx, &source) {
            let found = Diagnostic::warning(Code::SecretNotFound, site.span, message);
            cx.report(found.path(site.path).help(help));
        }
        project.build_secrets.push(BuildSecret { name, source });
    }
}

/// What is wrong if a build would not find the secret.
fn missing(cx: &Context<'_>, source: &SecretSource) -> Option<(String, &'static str)> {
    let lookup = cx.lookup();
    let is_set = |name: &str| lookup.variable(name).is_some_and(|value| !value.is_empty());
    let path = match source {
        SecretSource::Variable(name) if is_set(name) => return None,
        SecretSource::Variable(name) => {
            return Some((
                format!("the variable {name} is not set: a build that runs the hooks will fail"),
                "set it in the shell that builds, or in `.env`, which git ignores",
            ));
        }
        SecretSource::File(path) => path.clone(),
        SecretSource::HomeFile(rest) => {
            let home = lookup.variable("HOME").unwrap_or_default();
            format!("{}/{rest}", home.to_string_lossy())
        }
    };
    (!lookup.is_in_folder("", &path)).then(|| {
        (
            "the file does not exist: a build that runs the hooks will fail".to_owned(),
            "create it before you build; a path without `/` or `~/` in front is relative to the project",
        )
    })
}
