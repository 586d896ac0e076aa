//! The states of the stages of one Dockerfile.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Result;

use super::gathered::Gathered;
use super::named::{base_of, replaced, value_of};
use super::portion::{Beginning, Portion, portions};
use super::step::{name_of_step, sources, text_of, variables_of};
use super::{Bases, Build, Files, From, Group, StageState, Unknown, Value, What};
use crate::plan::{CONTEXT, CONTEXT_FOLDER, Dockerfile, FILES, Instruction, Plan, Step};

/// The stages of one Dockerfile, under the args and options of one build.
pub(super) struct Evaluation<'a> {
    plan: &'a Plan,
    files: &'a Files<'a>,
    bases: &'a Bases,
    file: &'a Dockerfile,
    build: &'a Build,
    done: Vec<StageState>,
    places: BTreeMap<String, usize>,
}

impl<'a> Evaluation<'a> {
    pub(super) fn new(
        plan: &'a Plan,
        files: &'a Files<'a>,
        bases: &'a Bases,
        group: &Group<'a>,
    ) -> Self {
        Self {
            plan,
            files,
            bases,
            file: group.file,
            build: group.build,
            done: Vec::new(),
            places: BTreeMap::new(),
        }
    }

    /// A stage and all stages that it needs, in build order.
    pub(super) fn reach(&mut self, target: &str) -> Result<Vec<&StageState>> {
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
        Ok(reached.into_iter().map(|index| &self.done[index]).collect())
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

    /// The directory of a context.
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
