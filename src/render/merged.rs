//! The merged build: both stages in one Dockerfile, and two scripts that need no Compose.

use serde_json::json;

use super::notice::NOTICE;
use super::quote::word_in_quotes as word;
use super::{dockerfile, insert_text, templates};
use crate::assets;
use crate::file_tree::FileTree;
use crate::model::{ComposeText, EnvVar};
use crate::plan::{NamedVolumes, Plan, Port, VolumeMount, VolumeSource};

pub(super) fn add(tree: &mut FileTree, plan: &Plan) -> anyhow::Result<()> {
    let Some((merged, service)) = plan.merged.as_ref().zip(plan.services.last()) else {
        return Ok(());
    };
    let head = [
        "Both stages in one file, for ./build-merged.sh, which passes the values of merged.env."
            .to_owned(),
    ];
    insert_text(tree, &merged.path, dockerfile::text(merged, &head)?);
    let image = literal(&service.image);
    let mounts = service.volumes.iter();
    let env = templates::render(
        "merged/merged.env.j2",
        json!({
            "notice": NOTICE,
            "args": merged.args.iter().map(|arg| json!({
                "name": arg.name,
                "meaning": meaning(&arg.name),
                "value": literal(&arg.value),
            })).collect::<Vec<_>>(),
            "image": image,
            "container": match &plan.project {
                Some(project) => format!("{project}-{}", service.name),
                None => container_name(&image),
            },
            "device": service.device.name(),
            "ports": words(service.ports.iter().map(port)),
            "volumes": words(mounts.map(|mount| volume(mount, &plan.volumes))),
            "environment": words(service.environment.iter().map(variable)),
        }),
    )?;
    insert_text(tree, "merged.env", env);
    for script in ["build-merged.sh", "run-merged.sh"] {
        let text = assets::template(&format!("merged/{script}"));
        insert_text(tree, script, text.to_owned());
    }
    Ok(())
}

fn variable(EnvVar { name, value }: &EnvVar) -> String {
    match value {
        Some(value) => word(&format!("{name}={}", literal(value))),
        None => word(name),
    }
}

fn port(port: &Port) -> String {
    match port {
        Port::Written(text) => word(&literal(text)),
        Port::Ssh { host, container } => word(&format!("{}:{container}", literal(host))),
    }
}

/// A volume that Compose would make has the project's name before its own; an external one has its real name.
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

/// Validation has refused markers: nothing here is replaced by Compose.
fn literal(text: &ComposeText) -> String {
    text.as_literal().unwrap_or_default().to_owned()
}

fn words(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" ")
}

/// Engines take no name of one letter; without a name they make one up.
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

/// What an arg is for. Those that each stage has one of end in its number.
fn meaning(arg: &str) -> String {
    if let Some((name, number)) = arg.rsplit_once('_')
        && number.bytes().all(|byte| byte.is_ascii_digit())
    {
        let of_stage = match name {
            "BASE_IMAGE" => format!("what stage-{number} grows from"),
            "PEI_HTTP_PROXY" => {
                format!("stage_{number}'s proxy for http, used where a switch below says so")
            }
            "PEI_HTTPS_PROXY" => format!("stage_{number}'s proxy for https"),
            "PEI_STAGE_HOST_DIR" => format!("stage-{number}'s scripts in the project"),
            "PEI_STAGE_DIR" => format!("stage-{number}'s scripts in the image"),
            _ => of_build(arg).to_owned(),
        };
        return of_stage;
    }
    of_build(arg).to_owned()
}

fn of_build(arg: &str) -> &'static str {
    match arg {
        "BASE_IMAGE" => "what stage-2 grows from, where user_config.yml names an image of its own",
        "WITH_ESSENTIAL_APPS" => "sudo, git, curl and the like are installed",
        "WITH_SSH" => "sshd and users are set up",
        "SSH_USER_NAME" => "accounts, parted by commas",
        "SSH_USER_UID" => "their uids, empty where the image picks one",
        "SSH_USER_GID" => "their primary gids, likewise",
        "SSH_CONTAINER_PORT" => "sshd's port",
        "SSH_CREDENTIALS_FINGERPRINT" => {
            "changes with passwords and keys, so that they reach the image"
        }
        "APT_SOURCE_FILE" => "a mirror's keyword, or a sources file in the image",
        "KEEP_APT_SOURCE_FILE" => "false: the base's own sources return at the end",
        "APT_USE_PROXY" => "apt goes through the proxy while building",
        "APT_KEEP_PROXY" => "and afterwards",
        "ENABLE_GLOBAL_PROXY" => "every shell goes through the proxy",
        "REMOVE_GLOBAL_PROXY_AFTER_BUILD" => "only while building",
        "PEI_PATH_HARD" => "the folder of the storage itself",
        "PEI_PATH_SOFT" => "the folder of the links to it",
        "PEI_PREFIX_VOLUME" => "in the former: the folder of volumes and host folders",
        "PEI_PREFIX_IMAGE" => "in the former: the folder of what lies in the image",
        name if name.starts_with("PEI_PREFIX_") => "the name of one of the three storage folders",
        _ => "a build arg of merged.Dockerfile",
    }
}
