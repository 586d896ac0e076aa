//! The graph of the stages: an order in which they can be built, and stages that nothing uses.

use super::builders::ReadBuilder;
use super::copies::{Named, ReadCopy};
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic, Severity, quoted};
use crate::model::{Copied, Source};

/// What stage-1 and stage-2 need of the further stages.
#[derive(Default)]
pub(super) struct Needs<'n> {
    pub(super) system: &'n [ReadCopy],
    pub(super) working: &'n [ReadCopy],
    pub(super) working_from: Option<Named>,
}

/// For each stage, the stages that it needs, each with the position that names it. The last index is stage-1.
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
            // An entry with an error may be the one that uses the stage.
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
                "a stage without `from` and `image.base` builds on `stage-1`: name a base, or remove a reference"
            } else {
                "remove one of these references, or move what both need into a stage of its own"
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
