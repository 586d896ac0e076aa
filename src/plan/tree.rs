//! The further stages: which of them a file needs, and which steps each has.
//!
//! Stages that build on the system's stage, or copy from it, come after its core. Stages that it copies from come before.

use std::collections::BTreeSet;

use super::args::{self, BuildArg};
use super::dockerfile::{self, ImageStage};
use super::paths;
use super::step::{self, Step};
use super::view::View;
use crate::model::{
    Apt, BuildContext, Builder, ComposeText, Copied, Origin, Project, Source, Stage, Start,
};

/// The prefix of a context's name in builds.
pub(crate) const CONTEXT: &str = "pei-context-";
/// The prefix of the name of the stage that holds the files of a context.
pub(crate) const FILES: &str = "pei-files-";
/// The suffix of the stage that holds the copied files of a further stage. Names in a config cannot contain `_`.
pub(crate) const KEPT_FILES: &str = "_files";

/// The further stages of a project, and what is known of each.
pub(super) struct Tree<'p> {
    project: &'p Project,
    /// It builds on the system's stage.
    is_on_system: Vec<bool>,
    /// It needs the system's stage to be built before it.
    is_after_system: Vec<bool>,
    /// The stage itself sets the mirror and the proxy of the system's stage for apt.
    sets_up_apt: Vec<bool>,
    /// What its service must list: the contexts of all stages that it needs, and the needed stages that have a base
    /// image whose name Compose fills in. It does not list all needed stages: in a long chain, each stage would have a
    /// list as long as the chain.
    listed: Vec<Needs>,
    /// The paths that others copy from it, if a cache stores only those. No stage builds on such a stage.
    kept_paths: Vec<BTreeSet<&'p str>>,
}

/// What a file needs besides its own stages.
#[derive(Debug, Default)]
pub(super) struct Needs {
    builders: BTreeSet<usize>,
    contexts: BTreeSet<String>,
    system: bool,
}

impl Needs {
    /// Whether the file needs the args of stage-1: stage-1 itself uses them, and further stages and contexts do.
    pub(super) fn system_args(&self) -> bool {
        self.system || !self.builders.is_empty() || !self.contexts.is_empty()
    }

    pub(super) fn system(&self) -> bool {
        self.system
    }

    fn add(&mut self, copies: &[Copied]) {
        for copy in copies {
            match &copy.from {
                Source::Installation | Source::Image(_) => {}
                Source::Context(name) => {
                    self.contexts.insert(name.clone());
                }
                Source::System => self.system = true,
                Source::Builder(index) => {
                    self.builders.insert(*index);
                }
            }
        }
    }

    /// Adds all stages and contexts that the further stages in it need. One pass from the last stage to the first is
    /// enough, because each stage comes after those that it needs.
    fn closed(mut self, project: &Project) -> Self {
        let mut next = self.builders.last().copied();
        while let Some(index) = next {
            let builder = &project.builders[index];
            match builder.from {
                Start::Image(_) => {}
                Start::System => self.system = true,
                Start::Builder(below) => {
                    self.builders.insert(below);
                }
            }
            self.add(&builder.copies);
            next = self.builders.range(..index).next_back().copied();
        }
        self
    }
}

impl<'p> Tree<'p> {
    pub(super) fn new(project: &'p Project) -> Self {
        let mut tree = Self {
            project,
            is_on_system: Vec::new(),
            is_after_system: Vec::new(),
            sets_up_apt: Vec::new(),
            listed: Vec::new(),
            kept_paths: kept_paths(project),
        };
        let apt = project.stages.iter().find_map(|stage| stage.apt.as_ref());
        let is_wanted = apt.is_some_and(Apt::is_set_up);
        // Whether a stage, or one that it builds on, has set up apt.
        let mut is_set_up: Vec<bool> = Vec::new();
        for builder in &project.builders {
            let (on_system, before) = match builder.from {
                Start::Image(_) => (false, false),
                Start::System => (true, true),
                Start::Builder(index) => (tree.is_on_system[index], is_set_up[index]),
            };
            let is_after = |index: usize| tree.is_after_system[index];
            let from = match builder.from {
                Start::Builder(index) => is_after(index),
                Start::Image(_) | Start::System => on_system,
            };
            let copies = builder.copies.iter().any(|copy| match copy.from {
                Source::System => true,
                Source::Builder(index) => is_after(index),
                Source::Installation | Source::Context(_) | Source::Image(_) => false,
            });
            // Without a hook nothing uses apt, and there may be no shell.
            let sets_up = is_wanted && builder.apt && !before && !builder.on_build.is_empty();
            let listed = tree.listed_by(builder);
            tree.listed.push(listed);
            tree.is_on_system.push(on_system);
            tree.is_after_system.push(from || copies);
            tree.sets_up_apt.push(sets_up);
            is_set_up.push(before || sets_up);
        }
        tree
    }

    pub(super) fn project(&self) -> &'p Project {
        self.project
    }

    /// Whether a hook runs on a base that is not made from stage-1.
    pub(super) fn has_hooks_of_bases(&self) -> bool {
        let builders = self.project.builders.iter().zip(&self.is_on_system);
        let mut builders = builders.map(|(builder, on_system)| (&builder.on_build, on_system));
        builders.any(|(hooks, on_system)| !hooks.is_empty() && !on_system)
    }

    /// What the Dockerfile of a stage needs. It also contains the stages that this one builds on.
    pub(super) fn needs_of(&self, stage: &Stage) -> Needs {
        let mut needs = Needs::default();
        for stage in self.project.lineage(stage) {
            needs.add(&stage.copies);
            if let Origin::Builder(index) = stage.from {
                needs.builders.insert(index);
            }
        }
        needs.closed(self.project)
    }

    fn listed_by(&self, builder: &Builder) -> Needs {
        let mut direct = Needs::default();
        direct.add(&builder.copies);
        match &builder.from {
            Start::Builder(index) => {
                direct.builders.insert(*index);
            }
            Start::Image(base) if !base.is_literal() => {
                // The stage itself has the next index.
                direct.builders.insert(self.listed.len());
            }
            Start::Image(_) | Start::System => {}
        }
        let mut listed = Needs {
            contexts: direct.contexts,
            ..Needs::default()
        };
        for index in direct.builders {
            match self.listed.get(index) {
                Some(below) => {
                    listed.builders.extend(&below.builders);
                    listed.contexts.extend(below.contexts.iter().cloned());
                }
                None => {
                    listed.builders.insert(index);
                }
            }
        }
        listed
    }

    /// What the service of a further stage must list.
    pub(super) fn listed(&self, index: usize) -> &Needs {
        &self.listed[index]
    }

    /// What stage-1 and stage-2 need together.
    pub(super) fn needs_of_all(&self) -> Needs {
        let mut needs = Needs::default();
        for stage in &self.project.stages {
            let more = self.needs_of(stage);
            needs.builders.extend(more.builders);
            needs.contexts.extend(more.contexts);
            needs.system |= more.system;
        }
        needs
    }

    /// What the file of all further stages needs.
    pub(super) fn needs_of_builders(&self) -> Needs {
        let mut needs = Needs {
            builders: (0..self.project.builders.len()).collect(),
            ..Needs::default()
        };
        if let Some(system) = self.project.stages.first() {
            needs.add(&system.copies);
        }
        needs.closed(self.project)
    }

    /// The contexts that a build gets, with their names in the build.
    pub(super) fn contexts(&self, needs: &Needs) -> Vec<BuildContext> {
        let contexts = self.project.contexts.iter();
        let needed = contexts.filter(|context| needs.contexts.contains(&context.name));
        let needed = needed.map(|context| BuildContext {
            name: format!("{CONTEXT}{}", context.name),
            path: context.path.clone(),
        });
        needed.collect()
    }

    /// The bases of further stages that a file takes as args.
    pub(super) fn bases(&self, needs: &Needs) -> Vec<BuildArg> {
        let needed = needs.builders.iter();
        let needed = needed.map(|index| &self.project.builders[*index]);
        let bases = needed.filter_map(|builder| match &builder.from {
            Start::Image(base) => Some(args::base_of_builder(&builder.name, base)),
            Start::System | Start::Builder(_) => None,
        });
        bases.collect()
    }

    /// The stages of a file that come before the core of the system's stage.
    pub(super) fn before_system(&self, needs: &Needs, view: &View<'_>) -> Vec<ImageStage> {
        let files = needs.contexts.iter().map(|name| self.files(name));
        let builders = self.needed(needs, false, view);
        files.chain(builders).collect()
    }

    /// The stages of a file that come after the core of the system's stage.
    pub(super) fn after_system(&self, needs: &Needs, view: &View<'_>) -> Vec<ImageStage> {
        self.needed(needs, true, view).collect()
    }

    fn needed<'n>(
        &'n self,
        needs: &'n Needs,
        after: bool,
        view: &'n View<'_>,
    ) -> impl Iterator<Item = ImageStage> + 'n {
        let needed = needs.builders.iter();
        needed
            .filter(move |index| self.is_after_system[**index] == after)
            .flat_map(|index| {
                let image = self.image(*index, view);
                [Some(image), self.kept_files(*index)]
            })
            .flatten()
    }

    /// The files that others copy from a stage, as a separate stage, so that a cache stores a small image.
    fn kept_files(&self, index: usize) -> Option<ImageStage> {
        let paths = &self.kept_paths[index];
        let name = &self.project.builders[index].name;
        let copies = paths.iter().map(|path| step::copy_as_it_is(name, path));
        (!paths.is_empty()).then(|| ImageStage {
            name: format!("{name}{KEPT_FILES}"),
            about: "the files that other stages copy from it, as an image of its own that a cache can store",
            from: dockerfile::Start::Scratch,
            steps: copies.collect(),
            part: dockerfile::Part::Files,
        })
    }

    /// The stage that holds what is copied from a further one.
    fn source_of_copies(&self, index: usize) -> String {
        let name = &self.project.builders[index].name;
        let end = if self.kept_paths[index].is_empty() {
            ""
        } else {
            KEPT_FILES
        };
        format!("{name}{end}")
    }

    /// A context without the files that must not be in any image: the engine only applies the context's own ignore file.
    fn files(&self, name: &str) -> ImageStage {
        ImageStage {
            name: format!("{FILES}{name}"),
            about: "a context, without excluded files",
            from: dockerfile::Start::Arg(self.system_base()),
            steps: vec![
                Step::line("USER root"),
                step::context_files(format!("{CONTEXT}{name}")),
            ],
            part: dockerfile::Part::Context,
        }
    }

    fn system_base(&self) -> String {
        let system = self.project.stages.first();
        system.map_or_else(String::new, |stage| args::base_name(self.project, stage))
    }

    fn image(&self, index: usize, view: &View<'_>) -> ImageStage {
        let builder = &self.project.builders[index];
        let from = match &builder.from {
            Start::Image(base) => {
                let base = args::base_of_builder(&builder.name, base);
                dockerfile::Start::Arg(base.name.into_owned())
            }
            Start::System => dockerfile::Start::Stage(self.system_core()),
            Start::Builder(below) => {
                dockerfile::Start::Stage(self.project.builders[*below].name.clone())
            }
        };
        ImageStage {
            name: builder.name.clone(),
            about: "a further stage",
            from,
            steps: self.steps(index, builder, view),
            part: dockerfile::Part::Builder,
        }
    }

    fn system_core(&self) -> String {
        let system = self.project.stages.first();
        system.map_or_else(String::new, |stage| dockerfile::core_name(&stage.id.name))
    }

    fn steps(&self, index: usize, builder: &Builder, view: &View<'_>) -> Vec<Step> {
        let mut steps = Vec::new();
        if matches!(builder.from, Start::Image(_)) {
            // As numbers: the base may have no list of accounts.
            steps.push(Step::line("USER 0:0"));
        }
        let system = self.project.stages.first();
        let has_hooks = !builder.on_build.is_empty();
        if let Some(system) = system.filter(|_| has_hooks) {
            let (http, https) = dockerfile::proxy_args(system);
            if system.proxy.enable_globally {
                // Each stage declares its args: podman does not inherit them.
                steps.push(step::global_proxy(&http, &https));
            }
            if let Some(apt) = system.apt.as_ref().filter(|_| self.sets_up_apt[index]) {
                let proxy = (!system.proxy.enable_globally).then_some(&*http);
                let file = dockerfile::apt_file(apt);
                steps.push(step::set_up_apt_of_base(apt, file, proxy));
            }
        }
        let has_shell = has_hooks || self.is_on_system[index];
        steps.extend(self.copies(&builder.copies, has_shell));
        if has_hooks {
            steps.push(step::before_hooks_of_builder());
        }
        let cache = self.is_on_system[index].then(|| {
            let lineage: Vec<&Stage> = system.into_iter().collect();
            // A cache for each stage: with one lock for all, only one stage at a time could use apt.
            format!("{}-{}", dockerfile::apt_cache(&lineage), builder.name)
        });
        let given = (&builder.access, builder.environment.as_slice());
        let hooks = builder.on_build.iter().enumerate();
        steps.extend(hooks.map(|(place, hook)| {
            let key_path = format!("stages.{}.custom.on_build[{place}]", builder.name);
            let seen = view.of_builder_hook(&paths::of_builder(&builder.name), hook);
            match &cache {
                Some(cache) => step::hook_with(key_path, seen, hook, given, cache),
                None => step::hook_of_base(key_path, &seen, hook, given),
            }
        }));
        steps
    }

    /// The copies of a stage. If it has a shell, a step before the first copy for an owner checks that the owner exists.
    pub(super) fn copies(&self, copies: &[Copied], has_shell: bool) -> Vec<Step> {
        let mut steps = Vec::new();
        let mut known = BTreeSet::new();
        for copy in copies {
            let owner = copy.owner.as_deref().unwrap_or_default();
            if has_shell && !step::is_numeric(owner) && known.insert(owner) {
                steps.push(step::require_owner(owner));
            }
            let (from, source) = match &copy.from {
                Source::Installation => (None, paths::in_context(&copy.path)),
                Source::Context(name) => (
                    Some(format!("{FILES}{name}")),
                    format!("{}/{}", step::CONTEXT_FOLDER, copy.path),
                ),
                Source::Image(name) => (Some(name.clone()), copy.path.clone()),
                Source::System => (Some(self.system_core()), copy.path.clone()),
                Source::Builder(index) => (Some(self.source_of_copies(*index)), copy.path.clone()),
            };
            steps.push(step::copy_from(from, source, copy));
        }
        if let Some(first) = steps.first_mut() {
            first.apart = true;
        }
        steps
    }
}

/// The bases that Compose must fill in. The others have their values in the file.
pub(super) fn marked(bases: Vec<BuildArg>) -> impl Iterator<Item = BuildArg> {
    let is_marked = |text: &ComposeText| !text.is_literal();
    bases.into_iter().filter(move |arg| is_marked(&arg.value))
}

/// With a cache, the paths that are copied from each further stage on which no other one builds. They are the same in every
/// file, so the resulting stage is, too.
fn kept_paths(project: &Project) -> Vec<BTreeSet<&str>> {
    let mut paths = vec![BTreeSet::new(); project.builders.len()];
    if project.cache.is_none() {
        return paths;
    }
    let of_stages = project.stages.iter().map(|stage| &stage.copies);
    let of_builders = project.builders.iter().map(|builder| &builder.copies);
    for copy in of_stages.chain(of_builders).flatten() {
        if let Source::Builder(index) = copy.from {
            paths[index].insert(copy.path.as_str());
        }
    }
    let below_stages = project.stages.iter().filter_map(|stage| match stage.from {
        Origin::Builder(index) => Some(index),
        Origin::Image(_) | Origin::Stage { .. } => None,
    });
    let below_builders = project
        .builders
        .iter()
        .filter_map(|builder| match builder.from {
            Start::Builder(index) => Some(index),
            Start::Image(_) | Start::System => None,
        });
    for index in below_stages.chain(below_builders) {
        paths[index].clear();
    }
    paths
}
