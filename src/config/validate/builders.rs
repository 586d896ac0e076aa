//! `stages`: the further stages, and the graph that they form with stage-1 and stage-2.

use std::collections::HashMap;
use std::ops::Range;

use super::copies::{self, Named, Names, OF_STAGE_2, OF_STAGE_2_HELP, ReadCopy};
use super::image::{self, ReadImage};
use super::{environment, hooks};
use crate::config::raw::{self, entries, named_entries};
use crate::config::read::{Context, Field, Place, Reported, Site};
use crate::config::yaml::{Content, Entry};
use crate::diagnostic::{Code, Diagnostic, Severity, quoted};
use crate::model::{BuildAccess, Builder, ComposeText, Copied, Hook, NameForm, Source, Start};

/// A further stage as read. Indices follow the order of the file.
pub(super) struct ReadBuilder {
    name: String,
    key: Site,
    pub(super) base: Option<(ComposeText, Site)>,
    from: Option<(Named, Site)>,
    pub(super) output: Option<(ComposeText, Site)>,
    copies: Vec<ReadCopy>,
    environment: Vec<(String, String)>,
    on_build: Vec<Hook>,
    access: BuildAccess,
    apt: bool,
}

impl ReadBuilder {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
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
    // stage-2 grows from none that has an image of its own.
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
        environment: variables(cx, section.environment, &at),
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

/// Reads the variables of a stage's hooks. They become words of a command, so neither Compose nor the caller's
/// environment can provide their values.
fn variables(
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
                        "{} stands in `.env`, whose values no build step gets: it would show them",
                        quoted(name)
                    )
                } else {
                    format!(
                        "Compose fills in {}, and no build step knows it",
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

/// What stage-1 and stage-2 need of the further stages.
#[derive(Default)]
pub(super) struct Needs<'n> {
    pub(super) system: &'n [ReadCopy],
    pub(super) working: &'n [ReadCopy],
    pub(super) working_from: Option<Named>,
}

/// For each stage, the stages that it needs, each with the position that says so. The last index is stage-1.
struct Graph<'n> {
    edges: Vec<Vec<(usize, &'n Site)>>,
}

impl<'n> Graph<'n> {
    fn new(builders: &'n [ReadBuilder], needs: &Needs<'n>) -> Self {
        let system = builders.len();
        let number = |named: Named| match named {
            Named::System => system,
            Named::Builder(index) => index,
        };
        let of_copies = |copies: &'n [ReadCopy]| {
            copies
                .iter()
                .filter_map(move |copy| Some((needed(&copy.copied, system)?, &copy.site)))
        };
        let mut edges: Vec<Vec<_>> = builders
            .iter()
            .map(|builder| {
                let origin = match (&builder.from, &builder.base) {
                    (Some((named, site)), _) => Some((number(*named), site)),
                    (None, Some(_)) => None,
                    (None, None) => Some((system, &builder.key)),
                };
                origin
                    .into_iter()
                    .chain(of_copies(&builder.copies))
                    .collect()
            })
            .collect();
        edges.push(of_copies(needs.system).collect());
        Self { edges }
    }

    /// The stages in an order in which each comes after those that it needs. The error is the first cycle, with the
    /// position of its last step.
    fn in_order(&self) -> Result<Vec<usize>, (Vec<usize>, &'n Site)> {
        #[derive(Clone, Copy, PartialEq)]
        enum State {
            New,
            Open,
            Done,
        }
        let mut states = vec![State::New; self.edges.len()];
        let mut order = Vec::new();
        for first in 0..self.edges.len() {
            if states[first] != State::New {
                continue;
            }
            states[first] = State::Open;
            // Each stage on the current path, with the number of its needs that have been visited. A stack of calls
            // could overflow on a long chain.
            let mut open = vec![(first, 0)];
            while let Some((stage, seen)) = open.last_mut() {
                let Some(&(needed, site)) = self.edges[*stage].get(*seen) else {
                    states[*stage] = State::Done;
                    order.push(*stage);
                    open.pop();
                    continue;
                };
                *seen += 1;
                match states[needed] {
                    State::Done => {}
                    State::New => {
                        states[needed] = State::Open;
                        open.push((needed, 0));
                    }
                    State::Open => {
                        let way = open.iter().map(|(stage, _)| *stage);
                        let mut circle: Vec<usize> =
                            way.skip_while(|stage| *stage != needed).collect();
                        circle.push(needed);
                        return Err((circle, site));
                    }
                }
            }
        }
        Ok(order)
    }
}

fn needed(copied: &Copied, system: usize) -> Option<usize> {
    match copied.from {
        Source::System => Some(system),
        Source::Builder(index) => Some(index),
        Source::Installation | Source::Context(_) | Source::Image(_) => None,
    }
}

/// An order in which the stages can be built, as indices of the file's order. `None` if there is a cycle, which has
/// been reported.
pub(super) fn order(
    cx: &mut Context<'_>,
    builders: &[ReadBuilder],
    needs: &Needs<'_>,
) -> Option<Vec<usize>> {
    let graph = Graph::new(builders, needs);
    let system = builders.len();
    match graph.in_order() {
        Ok(mut order) => {
            order.retain(|stage| *stage != system);
            // What a faulty entry means may be what uses the stage.
            let is_faulty = |found: &Diagnostic| {
                found.severity == Severity::Error || found.code == Code::UnknownStage
            };
            if !cx.has_found(is_faulty) {
                warn_of_unused(cx, builders, &graph, needs);
            }
            Some(order)
        }
        Err((circle, site)) => {
            let names = circle.iter().map(|stage| match builders.get(*stage) {
                Some(builder) => builder.name.as_str(),
                None => "stage-1",
            });
            let path = names.collect::<Vec<_>>().join(" → ");
            let message = format!("these stages need each other in a cycle: {path}");
            let diagnostic = Diagnostic::error(Code::StageCycle, site.span.clone(), message);
            let help = if circle.contains(&system) {
                "a stage without `from` and `image.base` builds on `stage-1`: name a base, or remove one of the steps"
            } else {
                "remove one of the steps, or move what both need into a stage of its own"
            };
            cx.report(diagnostic.path(site.path.clone()).help(help));
            None
        }
    }
}

fn warn_of_unused(
    cx: &mut Context<'_>,
    builders: &[ReadBuilder],
    graph: &Graph<'_>,
    needs: &Needs<'_>,
) {
    let system = builders.len();
    let mut open: Vec<usize> = (0..system)
        .filter(|stage| builders[*stage].output.is_some())
        .collect();
    open.push(system);
    if let Some(Named::Builder(index)) = needs.working_from {
        open.push(index);
    }
    let copies = needs.working.iter();
    open.extend(copies.filter_map(|copy| needed(&copy.copied, system)));
    let mut is_used = vec![false; system + 1];
    while let Some(stage) = open.pop() {
        if !std::mem::replace(&mut is_used[stage], true) {
            open.extend(graph.edges[stage].iter().map(|(needed, _)| *needed));
        }
    }
    for builder in (0..system).filter(|stage| !is_used[*stage]) {
        let ReadBuilder { name, key, .. } = &builders[builder];
        let message = format!(
            "nothing uses the stage {}, and its image has no name",
            quoted(name)
        );
        let warning = Diagnostic::warning(Code::UnusedStage, key.span.clone(), message);
        let help = "copy from it, build a stage on it, name an `image.output`, or remove it";
        cx.report(warning.path(key.path.clone()).help(help));
    }
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

/// Replaces the indices of the file's order in copies by those of the build order.
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

/// The finding for an image whose name pei's Dockerfiles use for something else.
pub(super) fn of_pei(name: &str, meant: &str, site: &Site) -> Diagnostic {
    let message = format!(
        "{} is what pei's Dockerfiles call a part of {}",
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
