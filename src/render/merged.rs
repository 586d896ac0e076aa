//! The merged build: all stages in one Dockerfile, and two scripts that do not need Compose.

use serde_json::json;

use super::notice::NOTICE;
use super::quote::word_in_quotes as word;
use super::{dockerfile, insert_text, secrets, templates};
use crate::assets;
use crate::file_tree::FileTree;
use crate::model::{BuildContext, BuildSecret, ComposeText, ContainerOptions, Device, EnvVar};
use crate::plan::{Dockerfile, NamedVolumes, Plan, Port, VolumeMount, VolumeSource};

pub(super) fn add(tree: &mut FileTree, plan: &Plan) -> anyhow::Result<()> {
    let Some((merged, service)) = plan.merged.as_ref().zip(plan.services.last()) else {
        return Ok(());
    };
    let head = [
        "All stages in one file, for ./build-merged.sh, which passes the values of merged.env."
            .to_owned(),
    ];
    insert_text(tree, &merged.path, dockerfile::text(merged, &head)?);
    let image = literal(&service.image);
    let mounts = service.volumes.iter();
    let env = templates::render(
        "merged/merged.env.j2",
        json!({
            "notice": NOTICE,
            "args": merged.args.iter().map(|arg| {
                let (kind, stage) = without_number(&arg.name);
                json!({"name": arg.name, "kind": kind, "stage": stage, "value": literal(&arg.value)})
            }).collect::<Vec<_>>(),
            "image": image,
            "container": match &plan.project {
                Some(project) => format!("{project}-{}", service.name),
                None => container_name(&image),
            },
            "device": service.device.name(),
            "ports": words(service.ports.iter().map(port)),
            "volumes": words(mounts.map(|mount| volume(mount, &plan.volumes))),
            "environment": words(service.environment.iter().map(variable)),
            "contexts": contexts(&merged.contexts),
            "secrets": words(used_secrets(plan, merged).map(secrets::option)),
            "ssh_agent": merged.access.ssh_agent,
            "restarts": is_restarted(&service.options),
            "options": extra_args(&service.options),
        }),
    )?;
    insert_text(tree, "merged.env", env);
    for script in ["build-merged.sh", "run-merged.sh"] {
        let text = assets::template(&format!("merged/{script}"));
        // A config that does not need a part gets scripts without it.
        let part = |is_needed: bool, name: &str| {
            if is_needed {
                assets::template(name)
            } else {
                ""
            }
        };
        let contexts = part(!merged.contexts.is_empty(), "merged/contexts.part");
        let probe = part(service.device == Device::Auto, "merged/gpu-probe.part");
        let has_secrets = !merged.access.secrets.is_empty();
        let build = [
            contexts,
            part(has_secrets, "merged/secrets.part"),
            part(merged.access.ssh_agent, "merged/ssh.part"),
        ];
        let text = text.replace("  # build contexts\n", &build.concat());
        insert_text(tree, script, text.replace("  # GPU probe\n", probe));
    }
    Ok(())
}

fn variable(EnvVar { name, value }: &EnvVar) -> String {
    match value {
        Some(value) => word(&format!("{name}={}", literal(value))),
        None => word(name),
    }
}

/// The options `--build-context`; empty if there are no contexts.
fn contexts(contexts: &[BuildContext]) -> String {
    let pairs = contexts.iter();
    words(pairs.map(|context| word(&format!("{}={}", context.name, context.path))))
}

/// The secrets that its hooks get.
fn used_secrets<'p>(
    plan: &'p Plan,
    merged: &'p Dockerfile,
) -> impl Iterator<Item = &'p BuildSecret> {
    let secrets = plan.build_secrets.iter();
    secrets.filter(|secret| merged.access.secrets.contains(&secret.name))
}

/// Options of `docker run` that no variable of merged.env sets.
fn extra_args(options: &ContainerOptions) -> String {
    let set = options.entries().into_iter().filter_map(|(key, text)| {
        let text = literal(text.as_ref()?).replace(' ', "");
        Some(format!("--{} {}", key.replace('_', "-"), word(&text)))
    });
    words(set)
}

/// Only without `--rm`: an engine cannot restart a container that it removes when it ends.
fn is_restarted(options: &ContainerOptions) -> bool {
    let restart = options.restart.as_ref().map(literal);
    restart.is_some_and(|restart| restart != "no")
}

fn port(port: &Port) -> String {
    match port {
        Port::Written(text) => word(&literal(text)),
        Port::Ssh { host, container } => word(&format!("{}:{container}", literal(host))),
    }
}

/// A volume that Compose would create has the project's name as prefix; an external one has its real name.
fn volume(mount: &VolumeMount, volumes: &NamedVolumes) -> String {
    let target = literal(&mount.target);
    match &mount.source {
        VolumeSource::Host(path) => word(&format!("{}:{target}", literal(path))),
        VolumeSource::Named(key) => match volumes.get(key) {
            Some(Some(name)) => word(&format!("{}:{target}", literal(name))),
            _ => format!("\"${{PROJECT_NAME}}\"_{}", word(&format!("{key}:{target}"))),
        },
    }
}

/// Plain text: validation has refused markers, because no Compose would replace them here.
fn literal(text: &ComposeText) -> String {
    text.as_literal().unwrap_or_default().to_owned()
}

fn words(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" ")
}

/// `None` for a name of one letter, which engines refuse; they then invent a name.
fn container_name(image: &str) -> String {
    let name = image.rsplit('/').next().unwrap_or(image);
    if name.len() < 2 {
        return String::new();
    }
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || "_.-".contains(c) {
                c
            } else {
                '-'
            }
        })
        .collect()
}

/// An arg's name without the number of its stage, if each stage has such an arg.
fn without_number(arg: &str) -> (&str, &str) {
    let is_number = |end: &str| end.bytes().all(|byte| byte.is_ascii_digit());
    arg.rsplit_once('_')
        .filter(|(_, end)| is_number(end))
        .unwrap_or((arg, ""))
}
