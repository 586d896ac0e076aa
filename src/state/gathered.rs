//! What a stage depends on, while its steps are read.

use std::cmp::Ordering;
use std::collections::{BTreeMap, BTreeSet};

use super::{Hash, Input, Unknown, Value, What};

/// The inputs of a stage that have been found so far.
#[derive(Default)]
pub(super) struct Gathered<'a> {
    inputs: Vec<Input>,
    pub(super) needs: BTreeSet<String>,
    pub(super) args: BTreeMap<&'a str, String>,
    pub(super) variables: BTreeMap<String, Value>,
    pub(super) files: BTreeMap<String, Value>,
    pub(super) of_contexts: BTreeMap<String, Value>,
    pub(super) unknown: Option<Unknown>,
}

impl Gathered<'_> {
    pub(super) fn add(&mut self, what: What, name: impl Into<String>, value: Value) {
        self.inputs.push(Input::new(what, name, value));
    }

    /// Keeps only the first reason.
    pub(super) fn not_known(&mut self, reason: Unknown) {
        self.unknown.get_or_insert(reason);
    }

    pub(super) fn finish(self) -> (Vec<Input>, BTreeSet<String>, Result<Hash, Unknown>) {
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
