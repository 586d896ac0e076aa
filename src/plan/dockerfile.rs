//! The Dockerfiles, arranged so that a change rebuilds as little as possible.
//!
//! A stage that others build on has two parts. Slow steps that rarely change come first (`NAME-core`: apt, accounts,
//! build hooks). Cheap steps that change often come last (the tail: the installation tree, credentials, login hooks).
//! Other stages build on the core, so a change in a tail runs no hook of another stage again.

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use super::args::{self, BuildArg};
use super::paths;
use super::step::{self, Instruction, Step};
use super::tree::{Needs, Tree};
use super::view::{self, View};
use crate::model::{
    Apt, AptSource, BuildAccess, BuildContext, ComposeText, Origin, Project, Role, Ssh, Stage,
    StorageKey,
};

/// Installed in every image. A usual system has xauth, less, patch, netbase and psmisc because other packages recommend
/// them; pei installs no recommended packages, so they are listed here.
const ESSENTIAL_PACKAGES: &[&str] = &[
    "ca-certificates",
    "curl",
    "git",
    "less",
    "micro",
    "nano",
    "net-tools",
    "netbase",
    "patch",
    "psmisc",
    "sshpass",
    "sudo",
    "tmux",
    "unzip",
];
const SSH_PACKAGES: &[&str] = &["openssh-server", "openssh-client", "xauth"];

/// A Dockerfile before it is rendered.
#[derive(Debug)]
pub struct Dockerfile {
    /// Its path in the project.
    pub path: String,
    /// The image that it builds.
    pub image: ComposeText,
    /// The stage that it builds, if that is not the last one.
    pub target: Option<String>,
    /// A description in one line.
    pub about: &'static str,
    /// The args before the first `FROM`, with the values that plain `docker build` uses.
    pub args: Vec<BuildArg>,
    /// The build contexts that it uses besides the project.
    pub contexts: Vec<BuildContext>,
    /// What the hooks of the stage that it builds get from whoever builds.
    pub access: BuildAccess,
    /// An arg whose default is the value of another one.
    pub alias: Option<(String, String)>,
    /// Each stage comes after those that it needs.
    pub images: Vec<ImageStage>,
}

impl Dockerfile {
    /// The same file, with what the hooks get of the stage that it builds.
    fn with_access(mut self) -> Self {
        let last = self.images.last().map(|image| image.name.as_str());
        let target = self.target.as_deref().or(last).unwrap_or_default();
        self.access = self.access_by_stage().remove(target).unwrap_or_default();
        self
    }

    /// What the hooks get that run for each stage: its own, and those of the stages that it needs.
    pub(super) fn access_by_stage(&self) -> BTreeMap<&str, BuildAccess> {
        let mut known: BTreeMap<&str, BuildAccess> = BTreeMap::new();
        for image in &self.images {
            let mut access = BuildAccess::default();
            let copied = image
                .steps
                .iter()
                .filter_map(|step| match &step.instruction {
                    Instruction::Copy { from, .. } => from.as_deref(),
                    _ => None,
                });
            let below = match &image.from {
                Start::Stage(name) => Some(name.as_str()),
                Start::Arg(_) | Start::Scratch => None,
            };
            for needed in copied.chain(below).filter_map(|name| known.get(name)) {
                access.add(needed);
            }
            for step in &image.steps {
                access.add(&step.access());
            }
            known.insert(&image.name, access);
        }
        known
    }
}

/// What a Dockerfile calls a stage: from one `FROM` to the next.
#[derive(Debug, Clone, Serialize)]
pub struct ImageStage {
    /// Its name in the file.
    pub name: String,
    /// A description in a few words.
    pub about: &'static str,
    /// Where it starts.
    pub from: Start,
    /// Its steps in order.
    pub steps: Vec<Step>,
    /// What it is for. Rendering does not use it.
    #[serde(skip)]
    pub part: Part,
}

/// What a stage of a file is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Part {
    /// Slow steps that rarely change.
    Core,
    /// A further stage of the config.
    Builder,
    /// The files that others copy from a further stage.
    Files,
    /// The files of a context, without those that must not be in any image.
    Context,
    /// A complete image: a core if it has one, and the tail.
    Image {
        /// The index of the tail's first step.
        tail: usize,
    },
}

/// The argument of `FROM`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Start {
    /// The image that an arg names.
    Arg(String),
    /// A stage of the file, by its name: podman 4.3 does not resolve a stage through an arg.
    Stage(String),
    /// An empty image.
    Scratch,
}

/// The Dockerfile of each stage.
pub(super) fn plan(tree: &Tree<'_>, args: &[Vec<BuildArg>], view: &View<'_>) -> Vec<Dockerfile> {
    let project = tree.project();
    let stages = project.stages.iter().zip(args);
    stages
        .map(|(stage, args)| {
            let needs = tree.needs_of(stage);
            let before = project.lineage(stage).into_iter();
            let before: Vec<_> = before.filter(|before| before.id != stage.id).collect();
            let mut images = tree.before_system(&needs, view);
            let system = project
                .stages
                .first()
                .filter(|system| needs.system() && system.id != stage.id && before.is_empty());
            let cores = before.into_iter().chain(system);
            images.extend(cores.map(|before| shared_image(tree, before, view)));
            images.extend(tree.after_system(&needs, view));
            images.extend(all_images(tree, stage, view));
            let base = args::base_name(project, stage);
            let is_read = |image: &ImageStage| image.from == Start::Arg(base.clone());
            let is_declared = args.iter().any(|arg| *arg.name == base);
            Dockerfile {
                path: path(&stage.id.name),
                image: stage.output.clone(),
                target: None,
                about: about(stage.role),
                args: with_bases(tree, args.clone(), &needs),
                contexts: tree.contexts(&needs),
                access: BuildAccess::default(),
                alias: (images.iter().any(is_read) && !is_declared)
                    .then(|| (base, args::BASE.to_owned())),
                images,
            }
            .with_access()
        })
        .collect()
}

/// All stages in one file.
pub(super) fn merged(tree: &Tree<'_>, args: Vec<BuildArg>, view: &View<'_>) -> Option<Dockerfile> {
    let (first, others) = tree.project().stages.split_first()?;
    let last = others.last().unwrap_or(first);
    let needs = tree.needs_of_all();
    let mut images = tree.before_system(&needs, view);
    images.extend(all_images(tree, first, view));
    images.extend(tree.after_system(&needs, view));
    images.extend(
        others
            .iter()
            .flat_map(|stage| all_images(tree, stage, view)),
    );
    let file = Dockerfile {
        path: path("merged"),
        image: last.output.clone(),
        target: None,
        about: "all stages",
        args: with_bases(tree, args, &needs),
        contexts: tree.contexts(&needs),
        access: BuildAccess::default(),
        alias: None,
        images,
    };
    Some(file.with_access())
}

/// All further stages in one file, if there are any.
pub(super) fn of_builders(
    tree: &Tree<'_>,
    args: Vec<BuildArg>,
    view: &View<'_>,
) -> Option<Dockerfile> {
    let project = tree.project();
    let system = project.stages.first()?;
    let example = project.builders.last()?;
    let needs = tree.needs_of_builders();
    let mut images = tree.before_system(&needs, view);
    images.extend(needs.system().then(|| shared_image(tree, system, view)));
    images.extend(tree.after_system(&needs, view));
    let file = Dockerfile {
        path: path(BUILDERS),
        image: example
            .output
            .clone()
            .unwrap_or_else(|| ComposeText::literal(example.name.as_str())),
        target: Some(example.name.clone()),
        about: "the further stages",
        args: with_bases(tree, args, &needs),
        contexts: tree.contexts(&needs),
        access: BuildAccess::default(),
        alias: None,
        images,
    };
    Some(file.with_access())
}

/// The file of the further stages.
pub(super) const BUILDERS: &str = "stages";

/// The args of a file: its own, and the bases of its further stages.
fn with_bases(tree: &Tree<'_>, mut args: Vec<BuildArg>, needs: &Needs) -> Vec<BuildArg> {
    let known: BTreeSet<_> = args.iter().map(|arg| arg.name.clone()).collect();
    let bases = tree.bases(needs).into_iter();
    args.extend(bases.filter(|base| !known.contains(&base.name)));
    args
}

/// The path of a stage's Dockerfile.
pub(super) fn path(stage: &str) -> String {
    format!("{stage}.Dockerfile")
}

fn about(role: Role) -> &'static str {
    match role {
        Role::System => "the system image",
        Role::Working => "the working image",
    }
}

/// The core is a separate image stage, so that other stages can build on it, and a cache can store it without the
/// credentials that come after it.
fn is_split(project: &Project, stage: &Stage) -> bool {
    let grows_from_it =
        |other: &Stage| matches!(&other.from, Origin::Stage { id, .. } if *id == stage.id);
    stage.role == Role::System
        || project.cache.is_some()
        || project.stages.iter().any(grows_from_it)
}

/// The part of a stage that others build on.
pub(crate) fn core_name(stage: &str) -> String {
    format!("{stage}-core")
}

/// The part of a stage that others need.
fn shared_image(tree: &Tree<'_>, stage: &Stage, view: &View<'_>) -> ImageStage {
    ImageStage {
        name: core_name(&stage.id.name),
        about: "slow steps that rarely change; the images build on it",
        from: start(tree.project(), stage),
        steps: core(tree, stage, view),
        part: Part::Core,
    }
}

/// A stage with its tail.
fn all_images(tree: &Tree<'_>, stage: &Stage, view: &View<'_>) -> Vec<ImageStage> {
    let project = tree.project();
    let mut own = ImageStage {
        name: stage.id.name.clone(),
        about: about(stage.role),
        from: start(project, stage),
        steps: Vec::new(),
        part: Part::Image { tail: 0 },
    };
    let mut images = Vec::new();
    if is_split(project, stage) {
        images.push(shared_image(tree, stage, view));
        own.from = Start::Stage(core_name(&stage.id.name));
    } else {
        own.steps = core(tree, stage, view);
    }
    let mut tail = tail(project, stage, view);
    if let Some(first) = tail.first_mut() {
        first.apart = !own.steps.is_empty();
    }
    own.part = Part::Image {
        tail: own.steps.len(),
    };
    own.steps.extend(tail);
    images.push(own);
    images
}

/// Whether a stage needs a copy of the shared scripts: its base may lack them, or have those of an older pei.
fn has_shared_scripts(stage: &Stage) -> bool {
    matches!(stage.from, Origin::Image(_)) && stage.role == Role::Working
}

fn start(project: &Project, stage: &Stage) -> Start {
    match &stage.from {
        Origin::Image(_) => Start::Arg(args::base_name(project, stage)),
        Origin::Stage { id, .. } => Start::Stage(core_name(&id.name)),
        Origin::Builder(index) => Start::Stage(project.builders[*index].name.clone()),
    }
}

/// Slow steps that rarely change.
fn core(tree: &Tree<'_>, stage: &Stage, view: &View<'_>) -> Vec<Step> {
    let project = tree.project();
    let lineage = project.lineage(stage);
    let is_on_image = matches!(stage.from, Origin::Image(_));
    let (http, https) = proxy_args(stage);
    let cache = apt_cache(&lineage);
    let mut steps = Vec::new();

    if is_on_image {
        steps.push(Step::line("USER root"));
        // Scripts of this stage and of those that it inherits from find their common files by these variables.
        let inherited = project.family(stage).into_iter();
        let inherited = inherited.filter(|other| other.id != stage.id);
        steps.extend(inherited.map(variables));
    }
    steps.push(variables(stage));
    if stage.proxy.enable_globally {
        steps.push(step::global_proxy(&http, &https));
    } else if lineage.iter().any(|stage| stage.proxy.enable_globally) {
        steps.push(step::no_global_proxy());
    }
    if is_on_image {
        steps.push(step::set_up_base(stage.role));
    }
    if let Some(apt) = &stage.apt
        && apt.is_set_up()
    {
        let file = apt_file(apt);
        // A global proxy has declared these args already.
        let proxy = (!stage.proxy.enable_globally).then_some(&*http);
        steps.push(step::set_up_apt(apt, file, proxy));
    }
    if is_on_image {
        steps.push(step::install(&packages(stage), &cache));
    }
    if stage.has_users() {
        steps.push(step::create_users(project.has_host_ids()));
    }
    if let Some(ssh) = &stage.ssh {
        // After the users are created: this step denies logins to all other accounts, which are the base's.
        steps.push(step::set_up_sshd(root_login(ssh)));
    }
    if stage.storage.is_some() {
        steps.push(step::set_up_storage());
    }
    steps.push(step::proxy_urls(&http, &https));
    steps.extend(tree.copies(&stage.copies, true));
    steps.extend(hooks(stage, view, &cache));
    if has_shared_scripts(stage) {
        steps.extend(step::shared_scripts());
    }
    steps
}

/// Cheap steps that change often. Keep them last; earlier steps must not depend on them.
fn tail(project: &Project, stage: &Stage, view: &View<'_>) -> Vec<Step> {
    let lineage = project.lineage(stage);
    let trees: BTreeSet<&str> = lineage.iter().flat_map(|stage| trees(stage)).collect();
    let trees: Vec<&str> = trees.into_iter().filter(|tree| view.has(tree)).collect();
    let copied = trees.iter().flat_map(|tree| view.copied(tree));
    let mut steps: Vec<_> = copied.map(|path| Step::copy(&path)).collect();
    let decided: Vec<_> = trees
        .iter()
        .copied()
        .filter(|tree| view.has_decided_tmp(tree))
        .collect();
    let shared = has_shared_scripts(stage).then_some(paths::TOOLS);
    let mounted = view::mountable(trees.into_iter().chain(shared));
    steps.push(step::finish_image(&mounted, &decided));
    if lineage.iter().any(|stage| stage.has_users()) {
        steps.push(step::set_credentials());
    }
    if stage.proxy.enable_globally && !stage.proxy.remove_after_build {
        let (http, https) = proxy_args(stage);
        steps.push(step::keep_global_proxy(&http, &https));
    }
    steps.extend(step::entrypoint(
        lineage.iter().any(|stage| stage.ssh.is_some()),
    ));
    let mut title = stage.output.spelled(str::to_owned, |name, default| {
        default.map_or_else(|| name.to_lowercase(), str::to_owned)
    });
    // The default of a marker may contain Dockerfile syntax.
    title.retain(|c| c.is_ascii_alphanumeric() || "-_./:@".contains(c));
    let root = lineage.first().unwrap_or(&stage);
    let base = args::base_name(project, root);
    steps.push(step::labels(
        project.name.as_deref(),
        &stage.id.name,
        title,
        &base,
    ));
    steps
}

/// The directories below `installation/` that are copied into a stage's image: its own, and those that its hooks name.
fn trees(stage: &Stage) -> impl Iterator<Item = &str> {
    let scripts = stage.custom.all().map(|hook| hook.script.as_str());
    let folders = scripts.filter_map(|script| script.split('/').next());
    folders.chain([stage.id.name.as_str()])
}

/// The user's sources file, or its directory if a mount cannot express the file's name.
pub(super) fn apt_file(apt: &Apt) -> Option<&str> {
    match &apt.repo_source {
        AptSource::File(file) => Some(view::plain_prefix(file)),
        AptSource::Unchanged | AptSource::Mirror(_) => None,
    }
}

pub(super) fn proxy_args(stage: &Stage) -> (String, String) {
    let arg = |name| stage.id.variable(name);
    (arg("PEI_HTTP_PROXY"), arg("PEI_HTTPS_PROXY"))
}

/// The variables with which scripts find directories.
fn variables(stage: &Stage) -> Step {
    let mut variables = vec![(
        stage.id.variable("PEI_STAGE_DIR"),
        paths::in_image(&stage.id.name),
    )];
    let mut add = |name: &str, value: String| variables.push((name.to_owned(), value));
    if stage.role == Role::System {
        add("PEI_DOCKER_DIR", paths::STATE.to_owned());
    }
    if stage.storage.is_some() {
        for (name, value) in paths::PREFIXES {
            add(name, value.to_owned());
        }
        for (name, key) in [
            ("PEI_SOFT_APPS", StorageKey::App),
            ("PEI_SOFT_DATA", StorageKey::Data),
            ("PEI_SOFT_WORKSPACE", StorageKey::Workspace),
        ] {
            add(name, format!("{}/{}", paths::SOFT, key.name()));
        }
    }
    Step::env(variables)
}

fn packages(stage: &Stage) -> Vec<&'static str> {
    let mut packages = ESSENTIAL_PACKAGES.to_vec();
    if stage.ssh.is_some() {
        packages.extend(SSH_PACKAGES);
        packages.sort_unstable();
    }
    packages
}

/// sshd's `PermitRootLogin`; the credentials step changes it if root has a password.
fn root_login(ssh: &Ssh) -> &'static str {
    if ssh.users.iter().any(|user| user.name == "root") {
        "prohibit-password"
    } else {
        "no"
    }
}

/// Projects with the same base and sources share apt's cache; with other sources they would overwrite each other's lists.
/// The name depends on nothing else, because a new name begins with an empty cache, and leaves the old one on the disk. So it
/// does not contain the digest of the base, which changes with each release of an image. A new name alone runs no step again.
pub(super) fn apt_cache(lineage: &[&Stage]) -> String {
    let name = lineage.iter().find_map(|stage| match &stage.from {
        Origin::Image(base) => Some(base.spelled(str::to_owned, |name, _| name.to_owned())),
        Origin::Stage { .. } | Origin::Builder(_) => None,
    });
    let name = name.unwrap_or_default();
    let (name, _) = name.split_once("@sha256:").unwrap_or((&name, ""));
    let sources = lineage
        .iter()
        .find_map(|stage| match &stage.apt.as_ref()?.repo_source {
            AptSource::Unchanged => None,
            AptSource::Mirror(keyword) => Some(format!("-{keyword}")),
            AptSource::File(file) => Some(format!("-{file}")),
        });
    let snapshot = lineage
        .iter()
        .find_map(|stage| stage.apt.as_ref()?.snapshot.as_ref())
        .map(|snapshot| format!("-{}", snapshot.time));
    let (sources, snapshot) = (sources.unwrap_or_default(), snapshot.unwrap_or_default());
    let plain = format!("{name}{sources}{snapshot}")
        .replace(|c: char| !c.is_ascii_alphanumeric() && c != '.', "-");
    format!("pei-apt-{plain}")
}

fn hooks(stage: &Stage, view: &View<'_>, cache: &str) -> Vec<Step> {
    let hooks = &stage.custom.on_build;
    let intro = (!hooks.is_empty()).then(step::before_hooks);
    let steps = hooks.iter().enumerate().map(|(index, hook)| {
        let key_path = format!("{}.custom.on_build[{index}]", stage.id.key);
        let seen = view.of_hook(stage, hook);
        step::hook(key_path, seen, hook, &stage.custom.access, cache)
    });
    intro.into_iter().chain(steps).collect()
}
