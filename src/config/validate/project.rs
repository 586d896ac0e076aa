//! The whole file, and the rules between its sections.

use super::builders::{self, ReadBuilder};
use super::copies::{Named, Names};
use super::ports::Published;
use super::stage::{self, ReadStage};
use super::stage_graph::{self, Needs};
use super::stage_kind::StageKind;
use super::{cache, contexts, host_ports, image, secrets, services, ssh, stage_images, volumes};
use crate::config::raw;
use crate::config::read::{Context, Field, Place};
use crate::config::yaml::{Content, Entry, Node};
use crate::diagnostic::{Code, Diagnostic, quoted};
use crate::model::{NameForm, Project};

/// Builds the project. The result may only be used if no error was reported.
pub(crate) fn project(cx: &mut Context<'_>, root: &Node) -> Option<Project> {
    let nowhere = 0..0;
    let first_key = match &*root.content {
        Content::Map(entries) => entries.first().map_or(&nowhere, |entry| &entry.key_span),
        _ if root.is_null() => {
            cx.report_empty();
            return None;
        }
        _ => {
            let message = format!("a config is a mapping, found {}", root.kind());
            let diagnostic = Diagnostic::error(Code::RootNotMapping, root.span.clone(), message);
            cx.report(diagnostic.help("begin with `stage_1:` and put its keys below it"));
            return None;
        }
    };
    let at = Place::root(first_key);
    if let Content::Map(entries) = &*root.content
        && let Some((stage, first)) = not_indented(entries)
    {
        let message = format!("nothing is indented below `{}`", stage.key);
        let diagnostic = at
            .entry(stage)
            .error(Code::MissingKey, stage.key_span.clone(), message);
        let help = if first.key.trim().len() < first.key.len() {
            "indent the lines below it with spaces: they begin with other whitespace, which YAML takes for text"
        } else {
            "write two spaces before each line of the stage"
        };
        let diagnostic = diagnostic.also(first.key_span.clone(), "not below it");
        cx.report(diagnostic.help(help));
        return None;
    }
    let sections = raw::Root::read(cx, root, &at).ok()?;

    let name = name(cx, sections.project, &at);
    // In build order. Only the first one is required.
    let fields = [
        (StageKind::System, sections.stage_1),
        (StageKind::Working, sections.stage_2),
    ]
    .map(|(kind, field)| (kind, field.filter(|field| !field.node.is_null())));
    if fields[0].1.is_none() {
        cx.missing(&at, "stage_1", "add `stage_1:` with at least its `image`");
    }
    let contexts = contexts::read(cx, sections.contexts, &at);
    let secrets = secrets::read(cx, sections.build_secrets, &at);
    let entries = builders::named(cx, sections.stages, &at);
    let names = Names {
        builders: entries
            .iter()
            .enumerate()
            .map(|(index, entry)| (entry.key.to_string(), index))
            .collect(),
        contexts: contexts
            .iter()
            .map(|(name, context)| {
                let path = context.as_ref().ok().map(|context| context.path.clone());
                (name.clone(), path)
            })
            .collect(),
        secrets: secrets.iter().map(|secret| secret.name.clone()).collect(),
    };
    let builders = builders::read(cx, &entries, sections.stages, &at, &names);
    let read = fields.map(|(kind, field)| stage::read(cx, field?, &at, kind, &names));
    let services = services::read(cx, sections.services, &at, &builders);
    let cache = cache::read(cx, sections.cache, &at);
    let lock = cx.boolean(sections.lock, &at).ok().flatten();
    let is_usable = read[0].is_some();
    let stages: Vec<ReadStage> = read.into_iter().flatten().collect();
    if !is_usable {
        return None;
    }
    let order = order(cx, &stages, &builders)?;
    check_together(cx, &stages, &builders, &names);
    let mut project = assemble(name, stages, builders, &order);
    let contexts = contexts.into_iter();
    project.contexts = contexts.filter_map(|(_, context)| context.ok()).collect();
    project.services = services;
    project.cache = cache;
    project.lock = lock.unwrap_or(false);
    secrets::check(cx, secrets, &mut project);
    Some(project)
}

/// The order in which the further stages can be built. `None` if there is a cycle, which has been reported.
fn order(
    cx: &mut Context<'_>,
    stages: &[ReadStage],
    builders: &[ReadBuilder],
) -> Option<Vec<usize>> {
    let working = stages.get(1);
    let from = working.and_then(|stage| stage.from.as_ref());
    let needs = Needs {
        system: stages.first().map_or(&[], |stage| &stage.copies),
        working: working.map_or(&[], |stage| &stage.copies),
        working_from: from.map(|(named, _)| *named),
    };
    let order = stage_graph::order(cx, builders, &needs)?;
    if let Some((Named::Builder(index), site)) = from
        && let Some(base) = builders::base_below(builders, *index)
    {
        let message = format!(
            "stage-2 needs a stage that is based on stage-1, but {} is based on the image {}",
            quoted(&builders[*index].name),
            quoted(&base.for_reading())
        );
        let diagnostic = Diagnostic::error(Code::UnknownStage, site.span.clone(), message);
        let help = "copy from it with `copy`, or let it build on `stage-1`";
        cx.report(diagnostic.path(site.path.clone()).help(help));
    }
    Some(order)
}

/// A stage without keys that is followed by a key of a stage: the key is not indented.
fn not_indented(entries: &[Entry]) -> Option<(&Entry, &Entry)> {
    entries.windows(2).find_map(|pair| {
        let [stage, first] = pair else { return None };
        let is_stage = matches!(&*stage.key, "stage_1" | "stage_2") && stage.value.is_null();
        let key = first.key.trim();
        let is_key = raw::STAGE_1.has(key) || raw::STAGE_2.has(key);
        (is_stage && is_key).then_some((stage, first))
    })
}

/// The project's name.
fn name(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Option<String> {
    let name = cx.text(field, at).ok().flatten()?;
    if NameForm::PROJECT.fits(&name) {
        return Some(name);
    }
    let message = format!("{} cannot be the name of a project", quoted(&name));
    let help = "use `a`–`z`, `0`–`9`, `_` and `-`, with a letter or a digit first";
    cx.bad_value(field, at, Code::InvalidProjectName, message, help);
    None
}

/// Rules between ports, mounts and names that end up in the same container.
fn check_together(
    cx: &mut Context<'_>,
    stages: &[ReadStage],
    builders: &[ReadBuilder],
    names: &Names,
) {
    let ports = stages.iter().flat_map(|stage| &stage.ports);
    let published: Vec<Published> = ports.cloned().collect();
    let images: Vec<_> = stages.iter().map(|stage| &stage.image).collect();
    image::check(cx, &images);
    stage_images::check_bases(cx, builders, &images, names);
    let copies = stages.iter().flat_map(|stage| &stage.copies);
    stage_images::check_outputs(cx, builders, &images, copies);
    volumes::check(cx, stages.iter().flat_map(|stage| &stage.mount));
    let ssh = stages.iter().find_map(|stage| stage.ssh.as_ref());
    if let Some(ssh) = ssh {
        ssh::check_published(cx, ssh, &published);
    }
    host_ports::check(cx, &published, ssh);
}

/// Builds the model. Each stage inherits from the one before it.
fn assemble(
    name: Option<String>,
    stages: Vec<ReadStage>,
    builders: Vec<ReadBuilder>,
    order: &[usize],
) -> Project {
    let places = builders::places(order);
    let mut project = Project {
        name,
        stages: Vec::new(),
        builders: builders::into_model(builders, order, &places),
        contexts: Vec::new(),
        build_secrets: Vec::new(),
        services: serde_json::Map::new(),
        cache: None,
        lock: false,
    };
    for stage in stages {
        let stage = stage.into_model(project.stages.last(), &places);
        project.stages.push(stage);
    }
    project
}
