//! docker-compose.yml, rendered from the project's template.

use serde_json::{Map, Value, json};

use super::notice::NOTICE;
use super::{insert_text, secrets, templates, yaml};
use crate::file_tree::FileTree;
use crate::model::{BuildAccess, BuildContext, ComposeText, Device, Setting, StageId};
use crate::plan::{BuildArg, BuilderService, Plan, Port, Service, VolumeMount, VolumeSource};
use crate::project::{COMPOSE_FILE, GPU_COMPOSE_FILE};

/// The name of the host that the default proxy address uses.
const EXTRA_HOSTS: &str = "host.docker.internal:host-gateway";

pub(super) fn add(tree: &mut FileTree, plan: &Plan, template: Option<&str>) -> anyhow::Result<()> {
    // The template names the two services of every project, because people extend them there.
    let mut context = Map::new();
    for StageId { name, key } in StageId::in_every_project() {
        let planned = plan.services.iter().find(|service| service.name == name);
        context.insert(key, planned.map_or(Value::Null, service));
    }
    let named = StageId::in_every_project().map(|id| id.name);
    let further = plan
        .services
        .iter()
        .filter(|service| !named.contains(&service.name));
    let mut further: Map<_, _> = further
        .map(|planned| (planned.name.clone(), service(planned)))
        .collect();
    for planned in &plan.builders {
        further.insert(planned.name.clone(), builder(planned));
    }
    further.extend(plan.beside.services.clone());
    if let Some(name) = further.keys().next()
        && template.is_some_and(|template| !template.contains("further_services"))
    {
        return Err(templates::lacks_services(name).into());
    }
    // The template does not quote names, so they are quoted here.
    let further: Map<_, _> = further
        .into_iter()
        .map(|(name, service)| (yaml::key_text(&name).into_owned(), service))
        .collect();
    context.insert("further_services".into(), further.into());
    context.insert("notice".into(), NOTICE.into());
    context.insert("volumes".into(), volumes(plan));
    context.insert("secrets".into(), secrets(plan));
    context.insert("extensions".into(), extensions(plan));
    let rendered = match template {
        Some(template) => templates::render_extended(template, context)?,
        None => templates::render(templates::COMPOSE, context)?,
    };
    let body = without_hints(&rendered);
    insert_text(
        tree,
        COMPOSE_FILE,
        format!("# {NOTICE}\n{}{body}", name(plan, &body)),
    );
    add_gpus(tree, plan);
    Ok(())
}

/// The `name:` line, unless the template has one.
fn name(plan: &Plan, body: &str) -> String {
    let is_there = body.lines().any(|line| line.starts_with("name:"));
    let name = plan.project.as_ref().filter(|_| !is_there);
    name.map(|name| format!("name: {}\n", Value::from(name.as_str())))
        .unwrap_or_default()
}

/// Removes the comments at the head of the template: they explain the template, not the result.
fn without_hints(text: &str) -> String {
    let body = text.lines().skip_while(|line| line.starts_with('#'));
    body.flat_map(|line| [line, "\n"]).collect()
}

fn service(service: &Service) -> Value {
    let environment = service.environment.iter();
    let environment: Map<_, _> = environment
        .map(|variable| {
            let value = variable.value.as_ref().map_or(Value::Null, text);
            (variable.name.clone(), value)
        })
        .collect();
    let options = &service.options;
    let option = |value: &Option<ComposeText>| value.as_ref().map(text);
    without_nulls(json!({
        "image": text(&service.image),
        "profiles": service.is_build_helper.then_some(["build-helper"]),
        "build": build(&service.name, &service.dockerfile, &service.args, &service.contexts, &service.access),
        "stdin_open": true,
        "tty": true,
        "command": "/bin/bash",
        "restart": option(&options.restart),
        "hostname": option(&options.hostname),
        "shm_size": option(&options.shm_size),
        // Omit empty lists: Compose would fail to merge one with a list of an override file.
        "deploy": (service.device == Device::Gpu).then(all_gpus),
        "environment": environment,
        "ports": service.ports.iter().map(port).collect::<Value>(),
        "volumes": service.volumes.iter().map(volume).collect::<Value>(),
        "extra_hosts": [EXTRA_HOSTS],
    }))
}

/// `deploy` of a service that gets all GPUs.
fn all_gpus() -> Value {
    let devices = json!([{"driver": "nvidia", "count": "all", "capabilities": ["gpu"]}]);
    json!({"resources": {"reservations": {"devices": devices}}})
}

/// What services with `device.type: auto` get where there is a GPU: an engine without one refuses to start a container
/// that reserves it, so a file of its own has the reservation.
fn add_gpus(tree: &mut FileTree, plan: &Plan) {
    let services = plan.services.iter();
    let services: Map<_, _> = services
        .filter(|service| service.device == Device::Auto)
        .map(|service| (service.name.clone(), json!({"deploy": all_gpus()})))
        .collect();
    if !services.is_empty() {
        let text = yaml::block(&json!({"services": services}), 0);
        insert_text(
            tree,
            GPU_COMPOSE_FILE,
            format!(
                "# {NOTICE}\n# For a machine with an NVIDIA GPU: docker compose -f {COMPOSE_FILE} -f {GPU_COMPOSE_FILE} up -d\n{text}\n"
            ),
        );
    }
}

fn without_nulls(mut value: Value) -> Value {
    if let Value::Object(map) = &mut value {
        map.retain(|_, value| !value.is_null());
    }
    value
}

/// The service of a further stage: it is built, and started only by name, for a shell in it.
fn builder(service: &BuilderService) -> Value {
    without_nulls(json!({
        "image": service.image.as_ref().map(text),
        "profiles": ["build-helper"],
        "build": build(&service.name, &service.dockerfile, &service.args, &service.contexts, &service.access),
        "stdin_open": true,
        "tty": true,
        "command": "/bin/sh",
        "extra_hosts": [EXTRA_HOSTS],
    }))
}

fn build(
    target: &str,
    dockerfile: &str,
    its_args: &[BuildArg],
    its_contexts: &[BuildContext],
    access: &BuildAccess,
) -> Value {
    let secrets = (!access.secrets.is_empty()).then_some(&access.secrets);
    without_nulls(json!({
        "context": ".",
        "dockerfile": dockerfile,
        "target": target,
        "extra_hosts": [EXTRA_HOSTS],
        "args": args(its_args),
        "additional_contexts": contexts(its_contexts),
        "secrets": secrets,
        "ssh": access.ssh_agent.then_some(["default"]),
        // buildx 0.13 does not read `ssh`.
        "x-bake": access.ssh_agent.then(|| json!({"ssh": ["default"]})),
    }))
}

fn args(args: &[BuildArg]) -> Value {
    let args = args.iter();
    let args: Map<_, _> = args
        .map(|arg| (arg.name.clone().into_owned(), text(&arg.value)))
        .collect();
    args.into()
}

fn contexts(contexts: &[BuildContext]) -> Value {
    let contexts = contexts.iter().map(|context| {
        let path = ComposeText::literal(context.path.as_str());
        (context.name.clone(), text(&path))
    });
    or_null(contexts.collect())
}

fn port(port: &Port) -> Value {
    match port {
        Port::Written(written) => text(written),
        Port::Ssh { host, container } => format!("{}:{container}", host.for_compose()).into(),
    }
}

fn volume(volume: &VolumeMount) -> Value {
    let source = match &volume.source {
        VolumeSource::Named(key) => key.clone(),
        VolumeSource::Host(path) => path.for_compose(),
    };
    format!("{source}:{}", volume.target.for_compose()).into()
}

fn volumes(plan: &Plan) -> Value {
    let volumes = plan.volumes.iter();
    let volumes: Map<_, _> = volumes
        .map(|(name, external)| {
            let value = match external {
                None => json!({}),
                Some(external) => json!({"external": true, "name": external.for_compose()}),
            };
            (name.clone(), value)
        })
        .collect();
    or_null(volumes)
}

/// The secrets of services besides the stages, which Compose reads from its environment, and those of build hooks.
fn secrets(plan: &Plan) -> Value {
    let secrets = plan.beside.secrets.iter().map(|name| {
        let variable = name
            .to_uppercase()
            .replace(|c: char| !c.is_ascii_alphanumeric(), "_");
        (name.clone(), json!({"environment": variable}))
    });
    let mut secrets: Map<_, _> = secrets.collect();
    secrets.extend(secrets::declared(&plan.build_secrets));
    or_null(secrets)
}

/// The networks and secrets of services besides the stages, and the resolved settings for `--full-compose`.
fn extensions(plan: &Plan) -> Value {
    let mut map = Map::new();
    if !plan.beside.networks.is_empty() {
        let networks = plan.beside.networks.iter();
        let networks: Map<_, _> = networks.map(|name| (name.clone(), json!({}))).collect();
        map.insert("networks".into(), networks.into());
    }
    let Some(Setting::Map(stages)) = &plan.settings else {
        return or_null(map);
    };
    map.insert(
        "x-paths".into(),
        json!({
            "installation_root_host": "./installation",
            "installation_root_image": "/pei-from-host",
            "hard": "/hard",
            "soft": "/soft",
        }),
    );
    for (stage, settings) in stages {
        map.insert(
            format!("x-cfg-{}", stage.replace('_', "-")),
            setting(settings),
        );
    }
    map.into()
}

fn setting(value: &Setting) -> Value {
    match value {
        Setting::Null => Value::Null,
        Setting::Flag(flag) => (*flag).into(),
        Setting::Number(number) => (*number).into(),
        Setting::Word(word) => ComposeText::literal(word.as_str()).for_compose().into(),
        Setting::Text(value) => text(value),
        Setting::List(items) => items.iter().map(setting).collect(),
        Setting::Map(entries) => {
            let entries = entries.iter();
            let entries: Map<_, _> = entries
                .map(|(key, value)| (key.clone(), setting(value)))
                .collect();
            entries.into()
        }
    }
}

fn or_null(map: Map<String, Value>) -> Value {
    if map.is_empty() {
        Value::Null
    } else {
        map.into()
    }
}

fn text(text: &ComposeText) -> Value {
    text.for_compose().into()
}
