//! `--full-compose`: what each setting became, for a person who wants to see it.

use serde_json::{Map, Value, json};

use super::yaml::{compose, compose_literal};
use crate::model::{
    Apt, AptSource, Device, Hook, Hooks, MountSource, Project, Proxy, Ssh, Stage, Stage1, Stage2,
};

/// The values of `x-paths`, `x-cfg-stage-1` and `x-cfg-stage-2`. Passwords and keys are left out.
pub(super) fn extensions(project: &Project) -> Value {
    let mut map = Map::new();
    map.insert(
        "x-paths".into(),
        json!({
            "installation_root_host": "./installation",
            "installation_root_image": "/pei-from-host",
            "hard": "/hard",
            "soft": "/soft",
        }),
    );
    map.insert("x-cfg-stage-1".into(), stage_1(&project.stage_1));
    if let Some(stage) = &project.stage_2 {
        map.insert("x-cfg-stage-2".into(), stage_2(stage));
    }
    map.into()
}

fn stage_1(stage: &Stage1) -> Value {
    let mut map = common(&stage.common);
    map.insert(
        "image".into(),
        json!({"base": compose(&stage.base), "output": compose(&stage.common.output)}),
    );
    map.insert(
        "ssh".into(),
        stage.ssh.as_ref().map_or(json!({"enable": false}), ssh),
    );
    map.insert("apt".into(), apt(&stage.apt));
    map.into()
}

fn stage_2(stage: &Stage2) -> Value {
    let mut map = common(&stage.common);
    map.insert(
        "image".into(),
        json!({"base": stage.base.as_ref().map(compose), "output": compose(&stage.common.output)}),
    );
    let storage = stage.storage.iter();
    let storage: Map<_, _> = storage
        .map(|entry| (entry.key.name().to_owned(), source(&entry.source)))
        .collect();
    map.insert("storage".into(), storage.into());
    map.into()
}

fn common(stage: &Stage) -> Map<String, Value> {
    let mut map = Map::new();
    map.insert("proxy".into(), proxy(&stage.proxy));
    let environment: Map<_, _> = stage
        .environment
        .iter()
        .map(|variable| {
            (
                variable.name.clone(),
                variable
                    .value
                    .as_ref()
                    .map_or(Value::Null, |value| compose(value).into()),
            )
        })
        .collect();
    map.insert("environment".into(), environment.into());
    map.insert("ports".into(), stage.ports.iter().map(compose).collect());
    let device = match stage.device {
        Device::Cpu => "cpu",
        Device::Gpu => "gpu",
    };
    map.insert("device".into(), json!({"type": device}));
    let mounts: Map<_, _> = stage
        .mount
        .iter()
        .map(|mount| {
            let mut value = source(&mount.source);
            value["dst_path"] = compose(&mount.dst_path).into();
            (mount.name.clone(), value)
        })
        .collect();
    map.insert("mount".into(), mounts.into());
    map.insert("custom".into(), hooks(&stage.custom));
    map
}

fn proxy(proxy: &Proxy) -> Value {
    json!({
        "address": compose(&proxy.address),
        "port": proxy.port,
        "enable_globally": proxy.enable_globally,
        "remove_after_build": proxy.remove_after_build,
        "use_https": proxy.use_https,
    })
}

fn apt(apt: &Apt) -> Value {
    let repo_source = match &apt.repo_source {
        AptSource::Unchanged => "",
        AptSource::Mirror(text) | AptSource::File(text) => text,
    };
    json!({
        "repo_source": compose_literal(repo_source),
        "keep_repo_after_build": apt.keep_repo_after_build,
        "use_proxy": apt.use_proxy,
        "keep_proxy_after_build": apt.keep_proxy_after_build,
    })
}

fn ssh(ssh: &Ssh) -> Value {
    let users: Map<_, _> = ssh
        .users
        .iter()
        .map(|user| {
            let value = json!({
                "uid": user.uid,
                "gid": user.gid,
                "has_password": user.password.is_some(),
                "has_public_key": user.public_key.is_some(),
                "has_private_key": user.private_key.is_some(),
            });
            (user.name.clone(), value)
        })
        .collect();
    json!({
        "enable": true,
        "port": ssh.port,
        "host_port": ssh.host_port.as_ref().map(compose),
        "users": users,
    })
}

fn source(source: &MountSource) -> Value {
    match source {
        MountSource::AutoVolume => json!({"type": "auto-volume"}),
        MountSource::ManualVolume { volume_name } => {
            json!({"type": "manual-volume", "volume_name": compose(volume_name)})
        }
        MountSource::Host { host_path } => json!({"type": "host", "host_path": compose(host_path)}),
        MountSource::Image => json!({"type": "image"}),
    }
}

fn hooks(hooks: &Hooks) -> Value {
    let list = |hooks: &[Hook]| -> Value { hooks.iter().map(entry).collect() };
    json!({
        "on_build": list(&hooks.on_build),
        "on_first_run": list(&hooks.on_first_run),
        "on_every_run": list(&hooks.on_every_run),
        "on_user_login": list(&hooks.on_user_login),
        "on_entry": hooks.on_entry.as_ref().map(entry),
    })
}

fn entry(hook: &Hook) -> String {
    let Hook { script, arguments } = hook;
    let line = if arguments.is_empty() {
        script.clone()
    } else {
        format!("{script} {arguments}")
    };
    compose_literal(&line)
}
