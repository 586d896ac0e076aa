//! The ports of the host that a project's container publishes.

use crate::config::{Lookup, Mapping, parse_port};
use crate::model::{ComposeText, Part, Project, Ssh, Stage};

/// The stage that people start, and its sshd.
pub(super) fn sshd(project: &Project) -> Option<(&Stage, &Ssh)> {
    let last = project.stages.last()?;
    let family = project.family(last);
    let mut sshds = family.iter().filter_map(|stage| stage.ssh.as_ref());
    let ssh = sshds.find(|ssh| !ssh.users.is_empty())?;
    Some((last, ssh))
}

/// The port mappings of a stage's container. A mapping that only Compose knows is left out.
pub(super) fn mappings(project: &Project, stage: &Stage, lookup: &dyn Lookup) -> Vec<Mapping> {
    let family = project.family(stage);
    let written = family.iter().flat_map(|stage| &stage.ports);
    let written = written.filter_map(|text| filled(text, lookup));
    let sshds = family.iter().filter_map(|stage| stage.ssh.as_ref());
    let ssh = sshds.filter_map(|ssh| {
        let host = filled(ssh.host_port.as_ref()?, lookup)?;
        Some(format!("{host}:{}", ssh.port))
    });
    let all = written.chain(ssh);
    all.filter_map(|text| parse_port(&text).ok()).collect()
}

/// The text with its markers replaced, as Compose would do it. `None` if a variable has no value.
fn filled(text: &ComposeText, lookup: &dyn Lookup) -> Option<String> {
    let parts = text.parts.iter().map(|part| match part {
        Part::Literal(text) => Some(text.clone()),
        Part::Marker { name, default } => {
            let value = lookup
                .variable(name)
                .and_then(|value| value.into_string().ok());
            value
                .filter(|value| !value.is_empty())
                .or_else(|| default.clone())
        }
    });
    parts.collect()
}
