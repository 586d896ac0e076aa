//! What each stage of a build depends on, and one hash over it: the state of the stage.
//!
//! Equal states mean equal builds. If `BuildKit` would run a step of the stage again, the state changes; if not, the
//! state rarely changes. It covers the base's layers and configuration, the instructions, the args that the
//! stage declares, all files that its steps see, the states of the stages that it needs, and the options of the build that
//! reach its steps. It does not cover credentials, labels, comments, args that the stage does not declare, times, owners, the
//! place of the project, and the size of `/dev/shm`.

mod base;
mod builds;
mod change;
mod files;
mod hash;
mod history;
mod ignore;
mod inputs;
mod label;
mod standing;
#[cfg(test)]
mod tests;

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::path::Path;

use anyhow::Result;
use serde_json::{Value as Json, json};

pub(crate) use base::full_name;
pub use base::{Bases, Identity, find};
pub use builds::{Build, Builds, hosts};
pub use files::Files;
pub use hash::Hash;
pub use history::secrets;
pub use inputs::{Input, Value, What};
pub use label::{
    BASES_LABEL, IMAGE_LABEL, INPUTS_LABEL, STATE_LABEL, bases_label, label, read_bases, read_label,
};
pub use standing::{Labels, StageStanding, Standing, Stored, standings};

use crate::plan::{
    CONTEXT, CONTEXT_FOLDER, Dockerfile, FILES, ImageStage, Instruction, Part, Plan, Start, Step,
    StepCommand, StepMount, core_name,
};

/// A stage of the build, and what it depends on.
#[derive(Debug, Clone)]
pub struct StageState {
    /// Its name in the Dockerfiles.
    pub name: String,
    /// What it is for.
    pub kind: Kind,
    /// What it begins with.
    pub from: From,
    /// The names of the stages that it is based on or copies from.
    pub needs: BTreeSet<String>,
    /// The services whose builds include this stage.
    pub services: Vec<String>,
    /// All that it depends on.
    pub inputs: Vec<Input>,
    /// The hash of that, or why there is none.
    pub state: Result<Hash, Unknown>,
}

/// What a stage is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// The slow part of a stage that people work in. It is the same on every machine.
    Core,
    /// A further stage.
    Builder,
    /// The files that others copy from a further stage. A cache stores them instead of that stage.
    Files,
    /// The quick part, specific to one machine: credentials, the installation tree, login hooks. It is always built
    /// locally, never taken from a cache.
    Tail,
}

/// What a stage begins with.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum From {
    /// An image, by its name.
    Image(String),
    /// A stage, by its name.
    Stage(String),
    /// Nothing.
    Scratch,
}

/// Why the state of a stage is not known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unknown(String);

impl Unknown {
    /// With the reason, for the user.
    pub fn new(reason: impl Into<String>) -> Self {
        Self(reason.into())
    }
}

impl fmt::Display for Unknown {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// The stages that the services' builds need, each behind those that it needs.
///
/// # Errors
/// A file that a step sees cannot be read.
pub fn states(
    plan: &Plan,
    project_dir: &Path,
    builds: &Builds,
    bases: &Bases,
) -> Result<Vec<StageState>> {
    states_of(plan, &Files::new(project_dir), builds, bases)
}

/// Like [`states`], but with files that may not be on disk yet.
///
/// # Errors
/// A file that a step sees cannot be read.
pub fn states_of(
    plan: &Plan,
    files: &Files<'_>,
    builds: &Builds,
    bases: &Bases,
) -> Result<Vec<StageState>> {
    let mut all: Vec<StageState> = Vec::new();
    let mut places: BTreeMap<String, usize> = BTreeMap::new();
    for group in groups(plan, builds) {
        let mut evaluation = Evaluation {
            plan,
            files,
            bases,
            file: group.file,
            build: group.build,
            done: Vec::new(),
            places: BTreeMap::new(),
        };
        for (service, target) in &group.targets {
            let reached = evaluation.reach(target)?;
            for index in reached {
                let found = &evaluation.done[index];
                if let Some(place) = places.get(&found.name) {
                    let known = &mut all[*place];
                    if !known.services.contains(service) {
                        known.services.push(service.clone());
                    }
                    if let (Ok(one), Ok(other)) = (&known.state, &found.state)
                        && one != other
                    {
                        known.state = Err(Unknown::new(format!(
                            "the services {} and {service} build it with different args or options",
                            known.services[0]
                        )));
                    }
                } else {
                    places.insert(found.name.clone(), all.len());
                    let mut found = found.clone();
                    found.services.push(service.clone());
                    all.push(found);
                }
            }
        }
    }
    Ok(all)
}

/// The images that the builds begin with or copy from.
pub fn images(plan: &Plan, builds: &Builds) -> BTreeSet<String> {
    let mut images = BTreeSet::new();
    for Group { file, build, .. } in groups(plan, builds) {
        let names: BTreeSet<&str> = file
            .images
            .iter()
            .map(|image| image.name.as_str())
            .collect();
        for image in &file.images {
            if let Start::Arg(arg) = &image.from {
                images.extend(base_of(file, build, arg).ok());
            }
            for step in &image.steps {
                if let Instruction::Copy {
                    from: Some(from), ..
                } = &step.instruction
                    && !names.contains(from.as_str())
                {
                    images.extend(replaced(build, from).ok());
                }
            }
        }
    }
    images.remove("");
    images.remove("scratch");
    images
}

/// Services that build from one file with the same args and options: their stages have the same states.
struct Group<'a> {
    file: &'a Dockerfile,
    build: &'a Build,
    /// A service and the stage that it builds.
    targets: Vec<(String, String)>,
}

fn groups<'a>(plan: &'a Plan, builds: &'a Builds) -> Vec<Group<'a>> {
    let mut groups: Vec<Group<'a>> = Vec::new();
    for build in &builds.0 {
        let Some(file) = plan
            .dockerfiles
            .iter()
            .find(|file| file.path == build.dockerfile)
        else {
            continue;
        };
        let target = (build.service.clone(), build.target.clone());
        let is_same = |group: &&mut Group<'_>| {
            group.file.path == file.path
                && group.build.args == build.args
                && group.build.options == build.options
                && group.build.contexts == build.contexts
                && group.build.foreign == build.foreign
        };
        match groups.iter_mut().find(is_same) {
            Some(group) => group.targets.push(target),
            None => groups.push(Group {
                file,
                build,
                targets: vec![target],
            }),
        }
    }
    groups
}

/// The stages of one Dockerfile, under the args and options of one build.
struct Evaluation<'a> {
    plan: &'a Plan,
    files: &'a Files<'a>,
    bases: &'a Bases,
    file: &'a Dockerfile,
    build: &'a Build,
    done: Vec<StageState>,
    places: BTreeMap<String, usize>,
}

/// A stage of a Dockerfile, or only its core or its tail.
struct Portion<'a> {
    name: String,
    kind: Kind,
    start: Beginning<'a>,
    steps: &'a [Step],
}

#[derive(Clone)]
enum Beginning<'a> {
    Arg(&'a str),
    Stage(String),
    Scratch,
}

impl<'a> Evaluation<'a> {
    /// The stages that one needs, and itself, in build order.
    fn reach(&mut self, target: &str) -> Result<Vec<usize>> {
        // All stages are evaluated in the order of the file: each stage comes after the stages that it needs.
        if self.done.is_empty() {
            let file = self.file;
            for image in &file.images {
                for portion in portions(image) {
                    let state = self.state(portion)?;
                    self.places.insert(state.name.clone(), self.done.len());
                    self.done.push(state);
                }
            }
        }
        let mut reached = BTreeSet::new();
        let mut ahead: Vec<usize> = self.places.get(target).copied().into_iter().collect();
        while let Some(index) = ahead.pop() {
            if reached.insert(index) {
                let needs = self.done[index].needs.iter();
                ahead.extend(needs.filter_map(|name| self.places.get(name)));
            }
        }
        Ok(reached.into_iter().collect())
    }

    fn state(&self, portion: Portion<'a>) -> Result<StageState> {
        let mut gathered = Gathered::default();
        if let Some(reason) = &self.build.foreign {
            gathered.unknown = Some(reason.clone());
        }
        if self.build.contexts.contains_key(&portion.name) {
            gathered.not_known(Unknown::new(
                "an override file puts something else in its place",
            ));
        }
        let from = match portion.start {
            Beginning::Stage(name) => {
                self.stage(&name, &mut gathered);
                From::Stage(name)
            }
            Beginning::Scratch => From::Scratch,
            Beginning::Arg(arg) => {
                let name = base_of(self.file, self.build, arg);
                From::Image(self.image(What::Base, name, &mut gathered))
            }
        };
        for (key, value) in &self.build.options {
            gathered.add(What::Option, key, Value::Text(value.clone()));
        }
        for step in portion.steps {
            // Labels do not count: a changed label runs no other step again.
            if !matches!(step.instruction, Instruction::Label { .. }) {
                self.step(step, &mut gathered)?;
            }
        }
        let (inputs, needs, state) = gathered.finish();
        Ok(StageState {
            name: portion.name,
            kind: portion.kind,
            from,
            needs,
            services: Vec::new(),
            inputs,
            state,
        })
    }

    fn step(&self, step: &'a Step, gathered: &mut Gathered<'a>) -> Result<()> {
        let text = Value::Hidden(text_of(step));
        gathered.add(What::Step, name_of_step(step), text);
        gathered.variables.extend(variables_of(step));
        for arg in &step.args {
            let value = match &arg.value {
                Some(_) => self.build.args.get(&arg.name).cloned(),
                None => value_of(self.file, self.build, &arg.name),
            };
            let value = value.map(|value| (arg.name.as_str(), value));
            gathered.args.extend(value);
        }
        for path in sources(step) {
            let found = self.files.of_project(path, self.plan)?;
            gathered.files.extend(found);
        }
        let Instruction::Copy {
            from: Some(from),
            source,
            ..
        } = &step.instruction
        else {
            return Ok(());
        };
        if let Some(context) = from.strip_prefix(FILES) {
            match self.context(context) {
                Ok(folder) => {
                    let path = source.strip_prefix(CONTEXT_FOLDER).unwrap_or(source);
                    let found = self.files.of_context(folder, path)?;
                    let found = found
                        .iter()
                        .map(|(name, value)| (format!("{context}/{name}"), value.clone()));
                    gathered.of_contexts.extend(found);
                }
                Err(reason) => gathered.not_known(reason),
            }
        } else if self.file.images.iter().any(|image| image.name == *from) {
            self.stage(from, gathered);
        } else {
            self.image(What::Image, replaced(self.build, from), gathered);
        }
        Ok(())
    }

    fn image(
        &self,
        what: What,
        name: Result<String, Unknown>,
        gathered: &mut Gathered<'_>,
    ) -> String {
        let known = name.map(|name| (self.bases.get(&name), name));
        match known {
            Ok((Ok(identity), name)) => {
                gathered.add(what, name.as_str(), Value::Hidden(identity.sum));
                name
            }
            Ok((Err(reason), name)) => {
                gathered.not_known(reason);
                name
            }
            Err(reason) => {
                gathered.not_known(reason);
                String::new()
            }
        }
    }

    fn stage(&self, name: &str, gathered: &mut Gathered<'_>) {
        gathered.needs.insert(name.to_owned());
        let found = self.places.get(name).map(|place| &self.done[*place]);
        match found.map(|found| &found.state) {
            Some(Ok(state)) => {
                let state = Value::Hidden(state.to_string());
                gathered.add(What::Stage, name, state);
            }
            Some(Err(reason)) => gathered.not_known(reason.clone()),
            None => gathered.not_known(Unknown::new(format!(
                "nothing is known of the stage {name}"
            ))),
        }
    }

    /// The folder of a context.
    fn context(&self, name: &str) -> Result<&'a str, Unknown> {
        let place = self.build.contexts.get(&format!("{CONTEXT}{name}"));
        let place =
            place.ok_or_else(|| Unknown::new(format!("nothing is known of the context {name}")))?;
        if place.contains("://") || place.starts_with("service:") || place.starts_with("target:") {
            return Err(Unknown::new(format!(
                "an override file makes the context {name} something else than a directory"
            )));
        }
        Ok(place)
    }
}

/// What a stage depends on, as far as it has been looked at.
#[derive(Default)]
struct Gathered<'a> {
    inputs: Vec<Input>,
    needs: BTreeSet<String>,
    args: BTreeMap<&'a str, String>,
    variables: BTreeMap<String, Value>,
    files: BTreeMap<String, Value>,
    of_contexts: BTreeMap<String, Value>,
    unknown: Option<Unknown>,
}

impl Gathered<'_> {
    fn add(&mut self, what: What, name: impl Into<String>, value: Value) {
        self.inputs.push(Input::new(what, name, value));
    }

    /// Keeps only the first reason.
    fn not_known(&mut self, reason: Unknown) {
        self.unknown.get_or_insert(reason);
    }

    fn finish(self) -> (Vec<Input>, BTreeSet<String>, Result<Hash, Unknown>) {
        let mut inputs = self.inputs;
        let args = self.args.into_iter();
        inputs.extend(args.map(|(name, value)| Input::arg(name, &value)));
        let variables = self.variables.into_iter();
        inputs.extend(variables.map(|(name, value)| Input::new(What::Arg, name, value)));
        for (what, files) in [(What::File, self.files), (What::Context, self.of_contexts)] {
            let files = files.into_iter();
            inputs.extend(files.map(|(name, value)| Input::new(what, name, value)));
        }
        // Steps keep their order; the other inputs are sorted by name.
        inputs.sort_by(|one, other| {
            let by_name = || {
                if one.what == What::Step {
                    Ordering::Equal
                } else {
                    one.name.cmp(&other.name)
                }
            };
            one.what.cmp(&other.what).then_with(by_name)
        });
        inputs.dedup_by(|one, other| one.what != What::Step && one == other);
        let state = match self.unknown {
            Some(reason) => Err(reason),
            None => Ok(Hash::of(&inputs)),
        };
        (inputs, self.needs, state)
    }
}

fn portions(image: &ImageStage) -> Vec<Portion<'_>> {
    let start = match &image.from {
        Start::Arg(arg) => Beginning::Arg(arg),
        Start::Stage(name) => Beginning::Stage(name.clone()),
        Start::Scratch => Beginning::Scratch,
    };
    let whole = |kind| Portion {
        name: image.name.clone(),
        kind,
        start: start.clone(),
        steps: &image.steps,
    };
    match image.part {
        Part::Core => vec![whole(Kind::Core)],
        Part::Builder => vec![whole(Kind::Builder)],
        Part::Files => vec![whole(Kind::Files)],
        // Its files are inputs of the stages that copy them.
        Part::Context => Vec::new(),
        Part::Image { tail: 0 } => vec![whole(Kind::Tail)],
        Part::Image { tail } => {
            let core = Portion {
                name: core_name(&image.name),
                steps: &image.steps[..tail],
                ..whole(Kind::Core)
            };
            let tail = Portion {
                start: Beginning::Stage(core.name.clone()),
                steps: &image.steps[tail..],
                ..whole(Kind::Tail)
            };
            vec![core, tail]
        }
    }
}

/// The name of the image behind `FROM`.
fn base_of(file: &Dockerfile, build: &Build, arg: &str) -> Result<String, Unknown> {
    match value_of(file, build, arg) {
        Some(name) if !name.is_empty() => replaced(build, &name),
        _ => Err(Unknown::new("its base has no name")),
    }
}

/// The image that a build uses for `name`: an override file can replace it.
fn replaced(build: &Build, name: &str) -> Result<String, Unknown> {
    let full = base::full_name(name);
    let context = build
        .contexts
        .iter()
        .find(|(context, _)| base::full_name(context) == full);
    match context {
        None => Ok(name.to_owned()),
        Some((_, place)) => match place.strip_prefix("docker-image://") {
            Some(other) => Ok(other.to_owned()),
            None => Err(Unknown::new(format!(
                "an override file puts something else in the place of the image {name}"
            ))),
        },
    }
}

/// The value of an arg that is declared before the first `FROM`.
fn value_of(file: &Dockerfile, build: &Build, name: &str) -> Option<String> {
    if let Some(value) = build.args.get(name) {
        return Some(value.clone());
    }
    if let Some((alias, other)) = &file.alias
        && alias == name
    {
        return value_of(file, build, other);
    }
    let arg = file.args.iter().find(|arg| arg.name == name)?;
    arg.value.with_defaults()
}

/// The paths of the project that a step sees.
fn sources(step: &Step) -> Vec<&str> {
    match &step.instruction {
        Instruction::Run { mounts, .. } => {
            let sources = mounts.iter().filter_map(|mount| match mount {
                StepMount::Bind { source, .. } => Some(source.as_str()),
                // A context counts where its files are copied. Of the others the instruction counts, not the content.
                StepMount::Context { .. }
                | StepMount::Cache { .. }
                | StepMount::Secret { .. }
                | StepMount::Ssh { .. } => None,
            });
            sources.collect()
        }
        Instruction::Copy {
            from: None, source, ..
        } => vec![source],
        _ => Vec::new(),
    }
}

/// The sum of what a step is, without its comments.
fn text_of(step: &Step) -> String {
    let mut instruction = serde_json::to_value(&step.instruction).unwrap_or_default();
    if let Instruction::Run { mounts, command } = &step.instruction {
        // Line breaks do not change the command.
        if let StepCommand::Shell(lines) = command {
            instruction["command"] = json!({ "shell": lines.join(" ") });
        }
        // BuildKit does not run a step again if only the ID of a cache mount changes. The ID is made from the base's name
        // as the config writes it, so it can change while the base is the same (`{{VAR}}` in the name).
        for (mount, json) in mounts.iter().zip(items_of(&mut instruction["mounts"])) {
            if let StepMount::Cache { target, .. } = mount {
                *json = json!({ "cache": target });
            }
        }
        if let Some((words, _)) = without_variables(step) {
            instruction["command"] = json!({ "words": words });
        }
    }
    let args = step.args.iter().map(|arg| json!([arg.name, arg.value]));
    let whole = json!([args.collect::<Json>(), instruction]);
    hash::sum(&[whole.to_string().as_bytes()])
}

/// Splits the command of a further stage's hook: the words up to its key path, and the config's variables after it.
fn without_variables(step: &Step) -> Option<(&[String], &[String])> {
    let Instruction::Run {
        command: StepCommand::Words(words),
        ..
    } = &step.instruction
    else {
        return None;
    };
    let key_path = step.key_path.as_ref()?;
    let place = words.iter().position(|word| word == key_path)?;
    Some(words.split_at(place + 1))
}

/// The variables of a hook as inputs of their own, so that a change names the variable. Values may be secrets.
fn variables_of(step: &Step) -> BTreeMap<String, Value> {
    let Some((_, words)) = without_variables(step).filter(|(_, words)| !words.is_empty()) else {
        return BTreeMap::new();
    };
    let key_path = step.key_path.as_deref().unwrap_or_default();
    let stage = key_path
        .split_once(".custom.")
        .map_or(key_path, |(stage, _)| stage);
    let pairs = words
        .iter()
        .map(|word| word.split_once('=').unwrap_or((word, "")));
    let mut variables: BTreeMap<String, Value> = pairs
        .clone()
        .map(|(name, value)| {
            (
                format!("{stage}.{ENVIRONMENT}.{name}"),
                Value::hidden(value),
            )
        })
        .collect();
    // BuildKit runs the step again if their order changes.
    let order: Vec<&str> = pairs.map(|(name, _)| name).collect();
    variables.insert(
        format!("{stage}.{ENVIRONMENT}"),
        Value::hidden(&order.join(" ")),
    );
    variables
}

/// The key of the variables of a further stage.
const ENVIRONMENT: &str = "environment";

fn items_of(list: &mut Json) -> impl Iterator<Item = &mut Json> {
    list.as_array_mut().into_iter().flatten()
}

/// What people call a step.
fn name_of_step(step: &Step) -> String {
    if let Some(key_path) = &step.key_path {
        return key_path.clone();
    }
    let last = |path: &str| path.rsplit('/').next().unwrap_or(path).to_owned();
    match &step.instruction {
        Instruction::Declare => {
            let names: Vec<_> = step.args.iter().map(|arg| arg.name.as_str()).collect();
            format!("ARG {}", names.join(" "))
        }
        Instruction::Env { variables } => {
            let names: Vec<_> = variables.iter().map(|(name, _)| name.as_str()).collect();
            format!("ENV {}", names.join(" "))
        }
        Instruction::Copy { source, target, .. } => format!("COPY {source} {target}"),
        Instruction::Line { line } => (*line).to_owned(),
        Instruction::Label { .. } => "LABEL".to_owned(),
        Instruction::Run { command, .. } => {
            let (StepCommand::Shell(words) | StepCommand::Words(words)) = command;
            let text = words.join(" ");
            let is_script = |word: &&str| Path::new(word).extension() == Some("sh".as_ref());
            let script = text.split([' ', ';']).find(is_script);
            format!("RUN {}", script.map(last).unwrap_or_default())
        }
    }
}
