//! What the build of a stage is told.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use serde_json::{Map, Value};

use super::stages::Stages;
use crate::cache::{BUILT_LABEL, Kept, Override, Store, Wanted};
use crate::state::{self, Identity, StageState, What};

impl Stages {
    /// The addresses of hosts that a service's build is given, without those that only the engine knows.
    pub(super) fn hosts(&self, service: &str) -> Vec<String> {
        let mut hosts = state::hosts(&self.compose["services"][service]["build"]["extra_hosts"]);
        hosts.retain(|host| !host.ends_with("=host-gateway"));
        hosts
    }

    /// The labels of an image that ends in a stage; `built` are the stages that are not taken from elsewhere.
    pub(super) fn labels(&self, name: &str, built: &[String]) -> BTreeMap<String, String> {
        let mut labels = BTreeMap::new();
        let Some(Ok(state)) = self.state(name).map(|state| &state.state) else {
            return labels;
        };
        labels.insert(state::STATE_LABEL.to_owned(), state.as_str().to_owned());
        let within = self.within(name);
        labels.insert(state::INPUTS_LABEL.to_owned(), state::label(&within));
        let built: Vec<String> = within
            .iter()
            .filter(|state| built.contains(&state.name))
            .filter_map(|state| Some(format!("{}={}", state.name, state.state.as_ref().ok()?)))
            .collect();
        labels.insert(BUILT_LABEL.to_owned(), built.join(" "));
        labels.insert(state::BASES_LABEL.to_owned(), self.bases_label(&within));
        if let Some(image) = self.names.get(name) {
            labels.insert(state::IMAGE_LABEL.to_owned(), image.clone());
        }
        labels
    }

    /// The images that stages begin with or copy from.
    fn bases_label(&self, stages: &[&StageState]) -> String {
        let inputs = stages.iter().flat_map(|state| &state.inputs);
        let images = inputs.filter(|input| matches!(input.what, What::Base | What::Image));
        let known: BTreeMap<&str, Identity> = images
            .filter_map(|input| Some((input.name.as_str(), self.bases.get(&input.name).ok()?)))
            .collect();
        state::bases_label(&known)
    }

    /// A stage and all that it needs, in build order.
    fn within(&self, stage: &str) -> Vec<&StageState> {
        let mut reached = BTreeSet::new();
        let mut ahead = vec![stage];
        while let Some(name) = ahead.pop() {
            if reached.insert(name) {
                let needs = self.state(name).into_iter().flat_map(|state| &state.needs);
                ahead.extend(needs.map(String::as_str));
            }
        }
        let all = self.states.iter();
        all.filter(|state| reached.contains(state.name.as_str()))
            .collect()
    }

    /// What the build of a service is told: of the images that are taken, those of the stages in its Dockerfile.
    pub(super) fn told(
        &self,
        target: &str,
        taken: &BTreeMap<String, String>,
        built: &[String],
    ) -> Override {
        let within = self.within(target);
        let replaced = taken
            .iter()
            .filter(|(stage, _)| within.iter().any(|state| state.name == **stage));
        Override {
            labels: self.labels(target, built),
            replaced: replaced
                .map(|(stage, image)| (stage.clone(), image.clone()))
                .collect(),
            withheld: self.withheld(target, &within, built),
            ..Override::default()
        }
    }

    /// The keys of a build that give to hooks what none of the stages asks for that are built.
    fn withheld(
        &self,
        target: &str,
        within: &[&StageState],
        built: &[String],
    ) -> Vec<&'static str> {
        let asks = |state: &&StageState| {
            built.contains(&state.name) && self.with_access.contains(&state.name)
        };
        if within.iter().any(asks) {
            return Vec::new();
        }
        let service = self
            .service_of(target)
            .map(|name| &self.compose["services"][name]);
        let is_there = |key: &&str| {
            service.is_some_and(|service| {
                let key = if *key == "x-bake" { "ssh" } else { key };
                !service["build"][key].is_null()
            })
        };
        ["secrets", "ssh", "x-bake"]
            .into_iter()
            .filter(is_there)
            .collect()
    }

    /// The service whose build holds a stage: its own, or the first one.
    fn service_of(&self, stage: &str) -> Option<&str> {
        let holders = &self.state(stage)?.services;
        let mut services = self
            .services
            .iter()
            .filter(|service| holders.contains(service));
        let first = services.clone().next();
        services
            .find(|service| *service == stage)
            .or(first)
            .map(String::as_str)
    }

    /// The service that gives a stage an image of its own; `None` where no service holds the stage.
    pub(super) fn kept(&self, wanted: &Wanted, store: &Store, mut told: Override) -> Option<Kept> {
        let service = self.service_of(&wanted.stage)?;
        let build = self.compose["services"][service]["build"].as_object()?;
        told.hosts = told.hosts.map(|_| self.hosts(service));
        Some(Kept {
            stage: wanted.stage.clone(),
            reference: store.reference(&wanted.stage, &wanted.state),
            build: relative(build.clone(), &self.folder),
            told,
        })
    }
}

/// Compose prints its paths in full; the file says them as docker-compose.yml does.
fn relative(mut build: Map<String, Value>, folder: &Path) -> Map<String, Value> {
    let is_project = build
        .get("context")
        .and_then(Value::as_str)
        .is_some_and(|context| fs::canonicalize(context).ok() == fs::canonicalize(folder).ok());
    if is_project {
        build.insert("context".to_owned(), ".".into());
    }
    build
}
