//! What a build has to reach: the proxy, and the mirror of apt.

use std::time::Duration;

use super::project::Subject;
use super::{Check, State};
use crate::engine::Tried;
use crate::model::{AptSource, Origin, Stage};

/// Connects to what `HOST` and `PORT` say, from within a build.
const DOCKERFILE: &str = "\
ARG BASE
FROM ${BASE}
ARG HOST
ARG PORT
RUN timeout 3 bash -c 'exec 3<>\"/dev/tcp/$HOST/$PORT\"'
";

/// The builder has been tried before, so it runs.
const LIMIT: Duration = Duration::from_secs(10);

pub(super) fn check(checks: &mut Vec<Check>, subject: &Subject<'_>) {
    let Some(stage) = subject.project.stages.first() else {
        return;
    };
    let proxy = &stage.proxy;
    let of_apt = stage.apt.as_ref().is_some_and(|apt| apt.use_proxy);
    if of_apt || proxy.enable_globally {
        match proxy.address.with_defaults() {
            Some(address) => checks.push(reached("proxy", &address, proxy.port, stage, subject)),
            None => checks.push(Check::new(
                "proxy",
                State::Skipped,
                "only Compose knows its address",
            )),
        }
    }
    let Some(AptSource::Mirror(keyword)) = stage.apt.as_ref().map(|apt| &apt.repo_source) else {
        return;
    };
    let Some(mirror) = host_of(keyword) else {
        return;
    };
    checks.push(if of_apt || proxy.enable_globally {
        Check::new(
            "mirror",
            State::Skipped,
            format!("{mirror} is asked by the proxy"),
        )
    } else {
        reached("mirror", mirror, 80, stage, subject)
    });
}

/// The same names as in the script that sets the mirror.
fn host_of(keyword: &str) -> Option<&'static str> {
    Some(match keyword {
        "tuna" => "mirrors.tuna.tsinghua.edu.cn",
        "aliyun" => "mirrors.aliyun.com",
        "163" => "mirrors.163.com",
        "ustc" => "mirrors.ustc.edu.cn",
        "cn" => "cn.archive.ubuntu.com",
        _ => return None,
    })
}

fn reached(name: &str, host: &str, port: u16, stage: &Stage, subject: &Subject<'_>) -> Check {
    let base = match &stage.from {
        Origin::Image(base) => base.with_defaults(),
        _ => None,
    };
    let is_there = |base: &String| {
        subject
            .engine
            .image(base)
            .is_ok_and(|image| image.is_some())
    };
    let base = base.filter(|base| subject.info.is_some() && is_there(base));
    let Some(base) = base else {
        let found = format!(
            "{host}:{port} is tried from a build, and the base image is not on this machine"
        );
        return Check::new(name, State::Skipped, found)
            .help("pull or build the base image, then ask again");
    };
    let port_text = port.to_string();
    let args = [
        ("BASE", base.as_str()),
        ("HOST", host),
        ("PORT", &port_text),
    ];
    match subject.engine.try_build(DOCKERFILE, &args, LIMIT) {
        Tried::Built => Check::new(
            name,
            State::Ok,
            format!("{host}:{port} is reached from a build"),
        ),
        Tried::TooLate(limit) => {
            let found = format!("no build tried {host}:{port} within {} s", limit.as_secs());
            Check::new(name, State::Skipped, found)
        }
        Tried::Failed(said) => {
            let reason = reason(&said);
            let found = format!("{host}:{port} is not reached from a build: {reason}");
            Check::new(name, State::Warning, found).help(format!(
                "check that the {name} runs, and that containers reach it"
            ))
        }
    }
}

/// What the end of a build's log means: `timeout` has a status of its own.
fn reason(said: &str) -> String {
    if said.ends_with("exit code: 124") {
        "no answer within 3 s".to_owned()
    } else if said.ends_with("exit code: 1") {
        "nobody has the name, or the connection is refused".to_owned()
    } else {
        said.to_owned()
    }
}
