//! docker-compose.yml, by way of the project's template.

use serde_json::{Map, Value, json};

use super::notice::NOTICE;
use super::yaml::{compose, compose_literal};
use super::{Inputs, insert_stamped, templates};
use crate::credentials;
use crate::file_tree::FileTree;
use crate::model::{ComposeText, Project};
use crate::plan::{Plan, Service};

const SECRET: &str = "ssh-credentials";
/// The host, by the name that the default proxy address uses.
const EXTRA_HOSTS: &str = "host.docker.internal:host-gateway";

pub(super) fn add(
    tree: &mut FileTree,
    project: &Project,
    plan: &Plan,
    inputs: &Inputs,
) -> anyhow::Result<()> {
    let model = &plan.compose;
    let context = json!({
        "notice": NOTICE,
        "stage_1": service(&model.stage_1),
        "stage_2": model.stage_2.as_ref().map(service),
        "volumes": volumes(plan),
        "secrets": secrets(plan),
        "extensions": if inputs.full_compose { super::full_compose::extensions(project) } else { Value::Null },
    });
    let rendered = match &inputs.compose_template {
        Some(template) => templates::render_extended(template, context)?,
        None => templates::render(templates::COMPOSE, context)?,
    };
    insert_stamped(
        tree,
        "docker-compose.yml",
        &format!("# {}\n{}", NOTICE, without_hints(&rendered)),
    );
    Ok(())
}

/// Comments at the head of the template explain the template.
fn without_hints(text: &str) -> String {
    let body = text.lines().skip_while(|line| line.starts_with('#'));
    body.flat_map(|line| [line, "\n"]).collect()
}

fn service(service: &Service) -> Value {
    let mut build = Map::new();
    build.insert("context".into(), ".".into());
    build.insert("dockerfile".into(), service.dockerfile.into());
    build.insert("target".into(), service.target.into());
    build.insert("extra_hosts".into(), json!([EXTRA_HOSTS]));
    let args = service.args.iter();
    let args: Map<_, _> = args
        .map(|arg| (arg.name.to_owned(), text(&arg.value)))
        .collect();
    build.insert("args".into(), args.into());
    if service.credentials {
        build.insert("secrets".into(), json!([SECRET]));
    }

    let mut map = Map::new();
    map.insert("image".into(), text(&service.image));
    if service.is_build_helper {
        map.insert("profiles".into(), json!(["build-helper"]));
    }
    map.insert("build".into(), build.into());
    map.insert("stdin_open".into(), true.into());
    map.insert("tty".into(), true.into());
    map.insert("command".into(), "/bin/bash".into());
    // An empty list would be no list for Compose any more once an override file is merged with it.
    if service.gpu {
        let devices = json!([{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]);
        map.insert(
            "deploy".into(),
            json!({"resources": {"reservations": {"devices": devices}}}),
        );
    }
    let environment = service.environment.iter();
    let environment: Map<_, _> = environment
        .map(|(name, value)| (name.clone(), value.as_ref().map_or(Value::Null, text)))
        .collect();
    map.insert("environment".into(), environment.into());
    map.insert("ports".into(), service.ports.iter().map(text).collect());
    map.insert("volumes".into(), service.volumes.iter().map(text).collect());
    map.insert("extra_hosts".into(), json!([EXTRA_HOSTS]));
    map.into()
}

fn volumes(plan: &Plan) -> Value {
    let volumes = plan.compose.volumes.iter();
    let volumes: Map<_, _> = volumes
        .map(|(name, external)| {
            let value = match external {
                None => json!({}),
                Some(external) => json!({"external": true, "name": compose(external)}),
            };
            (name.clone(), value)
        })
        .collect();
    or_null(volumes)
}

fn secrets(plan: &Plan) -> Value {
    let mut secrets = Map::new();
    if plan.compose.credentials {
        secrets.insert(
            SECRET.into(),
            json!({"file": compose_literal(credentials::PATH)}),
        );
    }
    or_null(secrets)
}

fn or_null(map: Map<String, Value>) -> Value {
    if map.is_empty() {
        Value::Null
    } else {
        map.into()
    }
}

fn text(text: &ComposeText) -> Value {
    compose(text).into()
}
