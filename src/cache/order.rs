//! What a build takes, what it builds, and what is kept of it.

use std::collections::{BTreeMap, BTreeSet};

use crate::state::StageState;

/// The stages of one run.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Order {
    /// Not built: an image is in their place.
    pub taken: BTreeSet<String>,
    /// What the build may run steps of, in build order.
    pub built: Vec<String>,
}

/// Decides it for the stages that are asked for: whatever stands below one that is taken is not looked at.
pub fn order(
    states: &[StageState],
    targets: &[String],
    is_found: &dyn Fn(&str) -> bool,
    is_built_here: &dyn Fn(&str) -> bool,
) -> Order {
    let by_name: BTreeMap<&str, &StageState> = states
        .iter()
        .map(|state| (state.name.as_str(), state))
        .collect();
    let mut taken = BTreeSet::new();
    let mut reached = BTreeSet::new();
    let mut ahead: Vec<&str> = targets.iter().map(String::as_str).collect();
    while let Some(name) = ahead.pop() {
        if taken.contains(name) || !reached.insert(name) {
            continue;
        }
        // What the engine has built itself it need not fetch.
        if is_found(name) && !is_built_here(name) {
            reached.remove(name);
            taken.insert(name.to_owned());
            continue;
        }
        if let Some(state) = by_name.get(name) {
            ahead.extend(state.needs.iter().map(String::as_str));
        }
    }
    let built = states.iter().map(|state| state.name.clone());
    Order {
        taken,
        built: built
            .filter(|name| reached.contains(name.as_str()))
            .collect(),
    }
}
