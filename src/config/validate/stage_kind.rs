//! The rules that depend on which stage it is, `stage_1` or `stage_2`.

use crate::config::raw::{self, Spec};
use crate::model::{Role, StageId};

/// The kinds of stage.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum StageKind {
    /// `stage_1`
    System,
    /// `stage_2`
    Working,
}

impl StageKind {
    pub(super) fn spec(self) -> &'static Spec {
        match self {
            Self::System => &raw::STAGE_1,
            Self::Working => &raw::STAGE_2,
        }
    }

    pub(super) fn id(self) -> StageId {
        StageId::new(match self {
            Self::System => "stage-1",
            Self::Working => "stage-2",
        })
    }

    pub(super) fn role(self) -> Role {
        match self {
            Self::System => Role::System,
            Self::Working => Role::Working,
        }
    }

    /// Whether `image.base` is required, because there is no stage to build on.
    pub(super) fn needs_base(self) -> bool {
        self == Self::System
    }

    pub(super) fn has_apt(self) -> bool {
        self == Self::System
    }

    /// Whether its containers have `/soft` and the volumes for it.
    pub(super) fn has_storage(self) -> bool {
        self == Self::Working
    }

    /// The directories below `installation/` that its image holds.
    pub(super) fn folders(self) -> &'static [&'static str] {
        match self {
            Self::System => &["stage-1"],
            Self::Working => &["stage-1", "stage-2"],
        }
    }
}
