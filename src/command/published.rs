//! The ports of the host that a project's container asks for.

use crate::config::{Lookup, Mapping, parse_port};
use crate::model::{ComposeText, Part, Project, Ssh, Stage};

/// The stage whose container people start, and its sshd.
pub(super) fn sshd(project: &Project) -> Option<(&Stage, &Ssh)> {
    let last = project.stages.last()?;
    let family = project.family(last);
    let mut sshds = family.iter().filter_map(|stage| stage.ssh.as_ref());
    let ssh = sshds.find(|ssh| !ssh.users.is_empty())?;
    Some((last, ssh))
}

/// The mappings of a stage's container, as far as they can be known without Compose.
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

/// The text as Compose would fill it in; `None` where a variable has no value.
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
