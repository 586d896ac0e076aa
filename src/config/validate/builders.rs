//! `stages`: the further stages.

use super::copies::{self, Named, Names, ReadCopy};
use super::{hook_variables, hooks, image};
use crate::config::raw::{self, entries, named_entries};
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::Entry;
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{BuildAccess, Builder, ComposeText, Copied, Hook, NameForm, Source, Start};

/// A further stage as read. Indices follow the order of the file.
pub(super) struct ReadBuilder {
    pub(super) name: String,
    pub(super) key: Site,
    pub(super) base: Option<(ComposeText, Site)>,
    pub(super) from: Option<(Named, Site)>,
    pub(super) output: Option<(ComposeText, Site)>,
    pub(super) copies: Vec<ReadCopy>,
    environment: Vec<(String, String)>,
    on_build: Vec<Hook>,
    access: BuildAccess,
    apt: bool,
}

/// The entries that are stages, with their names.
pub(super) fn named<'n>(
    cx: &mut Context<'_>,
    field: Option<Field<'n>>,
    root: &Place<'n>,
) -> Vec<&'n Entry> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(root);
    let Ok(Some(entries)) = entries(cx, field.node, &at, None) else {
        return Vec::new();
    };
    let mut named = named_entries(cx, entries, &at);
    named.retain(|entry| {
        !entry.value.is_null() && check_name(cx, entry, &at.entry(entry), "stage").is_ok()
    });
    named
}

/// Checks the name of a stage or a context: engines must accept it, and pei must not use it itself.
pub(super) fn check_name(
    cx: &mut Context<'_>,
    entry: &Entry,
    at: &Place<'_>,
    what: &str,
) -> Result<(), Reported> {
    let name = &*entry.key;
    let (problem, help) = if !NameForm::BUILDER.fits(name) {
        (
            format!("{} cannot be the name of a {what}", quoted(name)),
            "use up to 31 letters `a`–`z`, digits and `-`, with a letter first",
        )
    } else if name.ends_with('-') {
        (
            format!(
                "the name {} ends in `-`: Docker cannot build it",
                quoted(name)
            ),
            "remove the `-` at the end",
        )
    } else if is_reserved(name) {
        (
            format!(
                "the name {} is reserved: pei or Docker uses it",
                quoted(name)
            ),
            "choose another name that does not begin with `stage-` or `pei-`",
        )
    } else {
        return Ok(());
    };
    let diagnostic = at.error(Code::InvalidStageName, entry.key_span.clone(), problem);
    Err(cx.report(diagnostic.help(help)))
}

fn is_reserved(name: &str) -> bool {
    name.starts_with("stage-") || name.starts_with("pei-") || matches!(name, "context" | "scratch")
}

pub(super) fn read(
    cx: &mut Context<'_>,
    entries: &[&Entry],
    field: Option<Field<'_>>,
    root: &Place<'_>,
    names: &Names,
) -> Vec<ReadBuilder> {
    let Some(field) = field else {
        return Vec::new();
    };
    let at = field.place(root);
    let read = entries.iter().map(|entry| builder(cx, entry, &at, names));
    read.collect()
}

/// Reads one stage. A stage with errors is still returned, so that the indices of the others do not change.
fn builder(cx: &mut Context<'_>, entry: &Entry, stages: &Place<'_>, names: &Names) -> ReadBuilder {
    let at = stages.entry(entry);
    if names.contexts.contains_key(&*entry.key) {
        let message = format!("a context has the name {}, too", quoted(&entry.key));
        let found = at.error(Code::InvalidStageName, entry.key_span.clone(), message);
        cx.report(found.help("rename one of them: `copy` could mean either"));
    }
    let section = raw::Builder::read(cx, &entry.value, &at).unwrap_or_default();
    let image = image::of_builder(cx, section.image, &at);
    let from = copies::origin(cx, section.from, &at, names);
    if let (Some((_, base)), Some((_, from))) = (&image.base, &from) {
        both(cx, base, from);
    }
    // stage-2 cannot build on a stage that has its own `image.base`.
    let leads_to_container = image.base.is_none();
    let copies = copies::read(cx, section.copy, &at, names, leads_to_container);
    let (on_build, access) = hooks::of_builder(cx, section.custom, &at, (&entry.key, names));
    if let Some((base, _)) = &image.base
        && base.as_literal() == Some(SCRATCH)
    {
        check_on_scratch(cx, &at, &section, &copies, !on_build.is_empty());
    }
    ReadBuilder {
        key: at.site(entry.key_span.clone()),
        base: image.base,
        output: image.output,
        from,
        copies,
        environment: hook_variables::read(cx, section.environment, &at),
        on_build,
        access,
        apt: !matches!(cx.choice(section.apt, &at, &[("none", ())]), Ok(Some(()))),
        name: entry.key.to_string(),
    }
}

/// The empty image.
const SCRATCH: &str = "scratch";

/// Reports what needs files of the base: hooks need a shell, and the name of an owner needs a list of accounts.
fn check_on_scratch(
    cx: &mut Context<'_>,
    at: &Place<'_>,
    section: &raw::Builder<'_>,
    copies: &[ReadCopy],
    has_hooks: bool,
) {
    if let Some(custom) = section.custom
        && has_hooks
        && !copies::may_bring(copies, "/bin/sh")
    {
        let here = custom.place(at);
        let message = "`scratch` has no shell: hooks cannot run in it";
        let found = here.error(Code::InvalidHook, custom.key_span.clone(), message);
        cx.report(found.help("leave out the hooks, or copy a shell to `/bin/sh`"));
    }
    let (group, passwd) = ("/etc/group", "/etc/passwd");
    for copy in copies {
        let Some((owner, site)) = copy.copied.owner.as_ref().zip(copy.owner.as_ref()) else {
            continue;
        };
        let (user, group_name) = owner.split_once(':').unwrap_or((owner, ""));
        let is_known = |name: &str, file| {
            name.bytes().all(|byte| byte.is_ascii_digit()) || copies::may_bring(copies, file)
        };
        if is_known(user, passwd) && is_known(group_name, group) {
            continue;
        }
        let message = format!("`scratch` has no accounts, and so no {}", quoted(owner));
        let found = Diagnostic::error(Code::InvalidCopy, site.span.clone(), message);
        cx.report(
            found
                .path(site.path.clone())
                .help("write numbers, such as `1000:1000`"),
        );
    }
}

/// Reports a stage with both `image.base` and `from`.
pub(super) fn both(cx: &mut Context<'_>, base: &Site, from: &Site) {
    let message = "a stage builds on `image.base` or on the stage in `from`, not on both";
    let (base, span) = base.apart(from);
    cx.report(
        Diagnostic::error(Code::ConflictingKeys, span, message)
            .also(base, "the image")
            .path(from.path.clone())
            .help("remove one of them"),
    );
}

/// The image at the bottom of the stages that a stage builds on. `None` if stage-1 is at the bottom.
pub(super) fn base_below(builders: &[ReadBuilder], index: usize) -> Option<&ComposeText> {
    let mut index = index;
    // Limit the steps, because there may be a cycle. It has been reported.
    for _ in 0..=builders.len() {
        let builder = &builders[index];
        match (&builder.from, &builder.base) {
            (Some((Named::Builder(below), _)), _) => index = *below,
            (Some((Named::System, _)), _) | (None, None) => return None,
            (None, Some((base, _))) => return Some(base),
        }
    }
    None
}

/// For each stage of the file, its index in the build order.
pub(super) fn places(order: &[usize]) -> Vec<usize> {
    let mut places = vec![0; order.len()];
    for (place, stage) in order.iter().enumerate() {
        places[*stage] = place;
    }
    places
}

/// In copies, replaces the indices in the order of the file by the indices in the build order.
pub(super) fn renumbered(copies: Vec<ReadCopy>, places: &[usize]) -> Vec<Copied> {
    let copies = copies.into_iter().map(|copy| match copy.copied.from {
        Source::Builder(index) => Copied {
            from: Source::Builder(places[index]),
            ..copy.copied
        },
        _ => copy.copied,
    });
    copies.collect()
}

pub(super) fn into_model(
    builders: Vec<ReadBuilder>,
    order: &[usize],
    places: &[usize],
) -> Vec<Builder> {
    let mut builders: Vec<Option<ReadBuilder>> = builders.into_iter().map(Some).collect();
    let ordered = order.iter().filter_map(|stage| builders[*stage].take());
    ordered
        .map(|read| Builder {
            name: read.name,
            from: match (read.from, read.base) {
                (Some((Named::Builder(index), _)), _) => Start::Builder(places[index]),
                (Some((Named::System, _)), _) | (None, None) => Start::System,
                (None, Some((base, _))) => Start::Image(base),
            },
            output: read.output.map(|(output, _)| output),
            copies: renumbered(read.copies, places),
            environment: read.environment,
            on_build: read.on_build,
            access: read.access,
            apt: read.apt,
        })
        .collect()
}
