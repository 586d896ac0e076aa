//! The merged build: both stages in one Dockerfile, and two scripts that need no Compose.

use std::fmt::Write as _;

use serde_json::json;

use super::notice::NOTICE;
use super::{insert_stamped, templates};
use crate::file_tree::FileTree;
use crate::model::{ComposeText, Device, MountSource, Project};
use crate::plan::{BuildArg, Plan};

pub(super) fn add(tree: &mut FileTree, project: &Project, plan: &Plan) -> anyhow::Result<()> {
    let Some(service) = &plan.compose.stage_2 else {
        return Ok(());
    };
    let args = build_args(plan);
    let dockerfile = super::dockerfile::render(
        plan,
        "dockerfile/merged.Dockerfile.j2",
        &args,
        &service.image,
    )?;
    insert_stamped(tree, "merged.Dockerfile", &dockerfile);
    let env = templates::render(
        "merged/merged.env.j2",
        json!({
            "notice": NOTICE,
            "args": args.iter().map(|arg| json!({
                "name": arg.name,
                "meaning": meaning(arg.name),
                "value": literal(&arg.value),
            })).collect::<Vec<_>>(),
            "run": run_values(project, plan).into_iter().map(|(name, meaning, value)| json!({
                "name": name,
                "meaning": meaning,
                "value": value,
            })).collect::<Vec<_>>(),
        }),
    )?;
    insert_stamped(tree, "merged.env", &env);
    for script in ["build-merged.sh", "run-merged.sh"] {
        let text = templates::render(&format!("merged/{script}.j2"), json!({"notice": NOTICE}))?;
        insert_stamped(tree, script, &text);
    }
    Ok(())
}

/// Those of both services, each name once; where they differ, stage-2's.
fn build_args(plan: &Plan) -> Vec<BuildArg> {
    let mut args = plan.args.stage_2.clone();
    for arg in &plan.args.stage_1 {
        let is_known = args.iter().any(|known| known.name == arg.name);
        if arg.name == "BASE_IMAGE" {
            if !args.iter().any(|known| known.name == "BASE_IMAGE_1") {
                args.push(BuildArg {
                    name: "BASE_IMAGE_1",
                    value: arg.value.clone(),
                });
            }
        } else if !is_known {
            args.push(arg.clone());
        }
    }
    args
}

fn run_values(project: &Project, plan: &Plan) -> Vec<(&'static str, &'static str, String)> {
    let Some((service, stage_2)) = plan.compose.stage_2.as_ref().zip(project.stage_2.as_ref())
    else {
        return Vec::new();
    };
    let image = literal(&service.image);
    let environment = service.environment.iter().map(|(name, value)| match value {
        Some(value) => word(&format!("{name}={}", literal(value))),
        None => word(name),
    });
    vec![
        (
            "STAGE2_IMAGE_NAME",
            "the image's name and tag",
            image.clone(),
        ),
        (
            "RUN_CONTAINER_NAME",
            "the container's name; empty: the engine picks one",
            container_name(&image),
        ),
        ("RUN_DETACH", "in the background (1, 0)", "0".to_owned()),
        (
            "RUN_REMOVE",
            "remove the container when it ends (1, 0)",
            "1".to_owned(),
        ),
        (
            "RUN_TTY",
            "a terminal, where there is one (1, 0)",
            "1".to_owned(),
        ),
        (
            "RUN_GPU",
            "auto: as RUN_DEVICE_TYPE says; all; none",
            "auto".to_owned(),
        ),
        (
            "RUN_DEVICE_TYPE",
            "stage_2.device.type",
            match stage_2.common.device {
                Device::Cpu => "cpu",
                Device::Gpu => "gpu",
            }
            .to_owned(),
        ),
        (
            "RUN_PORTS",
            "as for docker run --publish, separated by spaces",
            words(service.ports.iter().map(|port| word(&literal(port)))),
        ),
        (
            "RUN_VOLUMES",
            "as for docker run --volume; PROJECT_NAME is the folder's name, as in Compose",
            words(volumes(plan, project).into_iter()),
        ),
        (
            "RUN_EXTRA_HOSTS",
            "as for docker run --add-host",
            "host.docker.internal:host-gateway".to_owned(),
        ),
        (
            "RUN_NETWORK",
            "as for docker run --network; empty: the engine's default",
            String::new(),
        ),
        ("RUN_ENV_ENABLE", "pass RUN_ENV_VARS (1, 0)", "1".to_owned()),
        (
            "RUN_ENV_VARS",
            "as for docker run --env: KEY=value, or KEY to take it from the caller",
            words(environment),
        ),
        (
            "RUN_EXTRA_ARGS",
            "more options of docker run",
            String::new(),
        ),
    ]
}

/// A volume that Compose would make has the project's name before its own; an external one has its real name.
fn volumes(plan: &Plan, project: &Project) -> Vec<String> {
    let Some((service, stage_2)) = plan.compose.stage_2.as_ref().zip(project.stage_2.as_ref())
    else {
        return Vec::new();
    };
    let sources = stage_2
        .storage
        .iter()
        .map(|entry| &entry.source)
        .chain(stage_2.common.mount.iter().map(|mount| &mount.source))
        .filter(|source| **source != MountSource::Image)
        .chain(std::iter::repeat(&MountSource::AutoVolume));
    service
        .volumes
        .iter()
        .zip(sources)
        .map(|(volume, source)| {
            let text = literal(volume);
            match (source, text.split_once(':')) {
                (MountSource::AutoVolume, _) => format!("\"${{PROJECT_NAME}}\"_{}", word(&text)),
                (MountSource::ManualVolume { volume_name }, Some((_, destination))) => {
                    word(&format!("{}:{destination}", literal(volume_name)))
                }
                _ => word(&text),
            }
        })
        .collect()
}

/// Validation has refused markers: nothing here is replaced by Compose.
fn literal(text: &ComposeText) -> String {
    text.as_literal().unwrap_or_default().to_owned()
}

fn words(items: impl Iterator<Item = String>) -> String {
    items.collect::<Vec<_>>().join(" ")
}

/// A shell word in double quotes where it needs any: the whole list stands in single quotes, and would be hard to read.
fn word(text: &str) -> String {
    let is_plain = !text.is_empty()
        && text
            .chars()
            .all(|c| c.is_ascii_alphanumeric() || "_-./:=@%+,".contains(c));
    if is_plain {
        return text.to_owned();
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        if matches!(c, '"' | '\\' | '$' | '`') {
            out.push('\\');
        }
        out.push(c);
    }
    let _ = out.write_char('"');
    out
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

fn meaning(arg: &str) -> &'static str {
    match arg {
        "BASE_IMAGE" => "what stage-2 grows from, where user_config.yml names an image of its own",
        "BASE_IMAGE_1" => "what stage-1 grows from",
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
        "PEI_HTTP_PROXY_1" => "stage_1's proxy for http, used where a switch below says so",
        "PEI_HTTPS_PROXY_1" => "stage_1's proxy for https",
        "PEI_HTTP_PROXY_2" => "stage_2's proxy for http, used where a switch below says so",
        "PEI_HTTPS_PROXY_2" => "stage_2's proxy for https",
        "PEI_STAGE_HOST_DIR_1" => "stage-1's scripts in the project",
        "PEI_STAGE_DIR_1" => "stage-1's scripts in the image",
        "PEI_STAGE_HOST_DIR_2" => "stage-2's scripts in the project",
        "PEI_STAGE_DIR_2" => "stage-2's scripts in the image",
        "PEI_PATH_HARD" => "the folder of the storage itself",
        "PEI_PATH_SOFT" => "the folder of the links to it",
        "PEI_PREFIX_VOLUME" => "in the former: the folder of volumes and host folders",
        "PEI_PREFIX_IMAGE" => "in the former: the folder of what lies in the image",
        name if name.starts_with("PEI_PREFIX_") => "the name of one of the three storage folders",
        _ => "a build arg of merged.Dockerfile",
    }
}
