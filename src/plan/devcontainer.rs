//! What editors that work in containers have to know of the one that people work in.

use super::compose::{Port, Service};
use crate::config::{Protocol, parse_port};
use crate::model::{Project, Stage};

/// Longer ranges of ports are for programs that pick one, and nobody wants them all forwarded.
const LONGEST_RANGE: usize = 16;

/// The keys of `devcontainer.json` that follow from the config.
#[derive(Debug)]
pub struct Devcontainer {
    /// The project's name, where it has one.
    pub name: Option<String>,
    /// The service in `docker-compose.yml`.
    pub service: String,
    /// The directory that is opened.
    pub workspace: String,
    /// The first user of ssh; without one it is root.
    pub user: Option<String>,
    /// Ports of the container.
    pub ports: Vec<u16>,
    /// What is run on the host before anything else.
    pub initialize: String,
}

pub(super) fn plan(
    project: &Project,
    services: &[Service],
    initialize: &str,
) -> Option<Devcontainer> {
    let stage = project.stages.last()?;
    let service = services.last()?;
    let family = project.family(stage);
    let sshds = || family.iter().filter_map(|stage| stage.ssh.as_ref());
    let user = sshds().flat_map(|ssh| &ssh.users).next();
    let is_sshd = |port: &u16| sshds().any(|ssh| ssh.port == *port);
    let mut ports: Vec<u16> = service.ports.iter().flat_map(of_container).collect();
    ports.retain(|port| !is_sshd(port));
    ports.sort_unstable();
    ports.dedup();
    Some(Devcontainer {
        name: project.name.clone(),
        service: service.name.clone(),
        workspace: workspace(stage, user.map(|user| user.name.as_str())),
        user: user.map(|user| user.name.clone()),
        ports,
        initialize: initialize.to_owned(),
    })
}

/// Where a stage has storage, the link is there whatever the workspace is stored in.
fn workspace(stage: &Stage, user: Option<&str>) -> String {
    match (&stage.storage, user) {
        (Some(_), _) => "/soft/workspace".to_owned(),
        (None, Some("root") | None) => "/root".to_owned(),
        (None, Some(user)) => format!("/home/{user}"),
    }
}

fn of_container(port: &Port) -> Vec<u16> {
    let Port::Written(text) = port else {
        return Vec::new();
    };
    let mapping = text.with_defaults().and_then(|text| parse_port(&text).ok());
    let range = mapping.filter(|mapping| mapping.protocol == Protocol::Tcp);
    let range = range.map(|mapping| mapping.container);
    let range = range.filter(|range| range.len() <= LONGEST_RANGE);
    range.into_iter().flatten().collect()
}
