//! The parts of a Dockerfile's stage that have a state each: its core and its tail.

use super::Kind;
use crate::plan::{ImageStage, Part, Start, Step, core_name};

/// A stage of a Dockerfile, or only its core or its tail.
pub(super) struct Portion<'a> {
    pub(super) name: String,
    pub(super) kind: Kind,
    pub(super) start: Beginning<'a>,
    pub(super) steps: &'a [Step],
}

#[derive(Clone)]
pub(super) enum Beginning<'a> {
    Arg(&'a str),
    Stage(String),
    Scratch,
}

/// The portions of a stage, in build order.
pub(super) fn portions(image: &ImageStage) -> Vec<Portion<'_>> {
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
