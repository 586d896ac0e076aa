//! A config all the way to the project's files: what was meant is what other programs read there.

use std::io::Write as _;
use std::process::{Command, Stdio};
use std::sync::Mutex;

use crate::fake::FakeHost;
use crate::fuzz::nearly_legal;
use arbitrary::Unstructured;
use pei::parts::Credentials;
use pei::parts::FileTree;
use pei::parts::render_project as project;
use pei::parts::{ComposeText, Hooks, Part, Project, Stage};
use pei::parts::{Inputs, Port, Service, VolumeMount, VolumeSource, plan};
use serde_json::Value;

/// Those of the run before: a password is hashed once, for that is slow on purpose.
static CREDENTIALS: Mutex<String> = Mutex::new(String::new());

/// Makes a config of the bytes, and a project of the config where it is a legal one.
pub(crate) fn check(bytes: &[u8]) {
    let mut choices = Unstructured::new(bytes);
    let full_compose = choices.arbitrary().unwrap_or_default();
    let with_merged = choices.arbitrary().unwrap_or_default();
    let Ok(yaml) = nearly_legal::config(&mut choices) else {
        return;
    };
    crate::fuzz::load_config::check_text(&yaml);
    let Ok(loaded) = host().load(&yaml) else {
        return;
    };
    // The program refuses markers there.
    let with_merged = with_merged && loaded.project.marked_values().is_empty();
    let make = || {
        let old = CREDENTIALS
            .lock()
            .map(|text| text.clone())
            .unwrap_or_default();
        let credentials = Credentials::of(loaded.project.users(), Some(&old)).expect("a salt");
        if let Ok(mut text) = CREDENTIALS.lock() {
            credentials.text().clone_into(&mut text);
        }
        let inputs = Inputs {
            full_compose,
            with_merged,
            credentials,
            ..Inputs::default()
        };
        project(&plan(&loaded.project, inputs), None).expect("a legal config renders")
    };
    let (files, again) = (make(), make());
    assert!(
        files.iter().eq(again.iter()),
        "{yaml}\nthe second run differs"
    );
    check_compose(&loaded.project, &files);
    check_dockerfiles(&files);
    check_shell(&loaded.project, &files);
}

fn host() -> FakeHost {
    FakeHost::default()
        .variable("A", "a: {{B}} ${C}")
        .variable("PORT", "8080")
        .variable("GPU", "gpu")
        .variable("SWITCH", "on")
        .project("stage-1/custom/a.sh", "")
        .project("stage-2/custom/b c.sh", "")
        .project("stage-1/custom/my.list", "deb http://x y z\n")
        .project(
            "stage-1/custom/me.pub",
            include_str!("../keys/ed25519-256.pub"),
        )
        .project("stage-1/custom/me", include_str!("../keys/ed25519-256"))
        .home("id_rsa", include_str!("../keys/rsa-2048"))
        .home("id_rsa.pub", include_str!("../keys/rsa-2048.pub"))
}

fn text_of<'t>(files: &'t FileTree, path: &str) -> &'t str {
    let file = files.get(path).unwrap_or_else(|| panic!("no {path}"));
    std::str::from_utf8(&file.content).expect("generated files are text")
}

/// docker-compose.yml, read by another parser, holds what was planned.
fn check_compose(project: &Project, files: &FileTree) {
    let text = text_of(files, "docker-compose.yml");
    let document: Value =
        serde_yaml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"));
    let planned = plan(project, Inputs::default());
    let services = document["services"].as_object().expect("services");
    assert_eq!(services.len(), planned.services.len());
    for service in &planned.services {
        check_service(&services[&service.name], service);
    }
    let volumes = document["volumes"]
        .as_object()
        .map(|all| all.keys().collect::<Vec<_>>());
    assert!(
        volumes
            .unwrap_or_default()
            .into_iter()
            .eq(planned.volumes.keys()),
        "{text}"
    );
}

fn check_service(read: &Value, planned: &Service) {
    let same = |read: &Value, planned: &ComposeText| {
        let read = read.as_str().expect("text");
        assert_eq!(interpolated(read), meant(planned));
    };
    let same_list = |read: &Value, planned: Vec<ComposeText>| {
        let read = read.as_array().expect("a list");
        assert_eq!(read.len(), planned.len());
        read.iter()
            .zip(&planned)
            .for_each(|(read, planned)| same(read, planned));
    };
    let pair = |source: &ComposeText, target: &ComposeText| {
        let mut text = source.clone();
        text.push(&ComposeText::literal(":"));
        text.push(target);
        text
    };
    let port = |port: &Port| match port {
        Port::Written(text) => text.clone(),
        Port::Ssh { host, container } => pair(host, &ComposeText::literal(container.to_string())),
    };
    let volume = |VolumeMount { source, target }: &VolumeMount| match source {
        VolumeSource::Named(key) => pair(&ComposeText::literal(key.as_str()), target),
        VolumeSource::Host(path) => pair(path, target),
    };
    same(&read["image"], &planned.image);
    same_list(&read["ports"], planned.ports.iter().map(port).collect());
    same_list(
        &read["volumes"],
        planned.volumes.iter().map(volume).collect(),
    );
    for arg in planned
        .args
        .iter()
        .filter(|arg| arg.name != "SSH_CREDENTIALS_FINGERPRINT")
    {
        same(&read["build"]["args"][&*arg.name], &arg.value);
    }
    let environment = read["environment"].as_object().expect("a mapping");
    assert_eq!(environment.len(), planned.environment.len());
    for variable in &planned.environment {
        match &variable.value {
            Some(value) => same(&environment[&variable.name], value),
            None => assert!(environment[&variable.name].is_null()),
        }
    }
}

/// What a container gets: a marker shows its name and default.
fn meant(text: &ComposeText) -> String {
    let part = |part: &Part| match part {
        Part::Literal(text) => text.clone(),
        Part::Marker {
            name,
            default: None,
        } => format!("«{name}»"),
        Part::Marker {
            name,
            default: Some(default),
        } => format!("«{name}|{default}»"),
    };
    text.parts.iter().map(part).collect()
}

/// Compose's interpolation: `$$` is a `$`, and no other may stand alone.
fn interpolated(text: &str) -> String {
    let Some((before, rest)) = text.split_once('$') else {
        return text.to_owned();
    };
    if let Some(rest) = rest.strip_prefix('$') {
        return format!("{before}${}", interpolated(rest));
    }
    let inner = rest
        .strip_prefix('{')
        .unwrap_or_else(|| panic!("a lone $ in {text:?}"));
    let (inner, rest) = inner
        .split_once('}')
        .unwrap_or_else(|| panic!("an open brace in {text:?}"));
    let shown = match inner.split_once(":-") {
        Some((name, default)) => format!("{name}|{}", default.replace("$$", "$")),
        None => inner.to_owned(),
    };
    format!("{before}«{shown}»{}", interpolated(rest))
}

/// No value has become an instruction.
fn check_dockerfiles(files: &FileTree) {
    const INSTRUCTIONS: [&str; 18] = [
        "ADD",
        "ARG",
        "CMD",
        "COPY",
        "ENTRYPOINT",
        "ENV",
        "EXPOSE",
        "FROM",
        "HEALTHCHECK",
        "LABEL",
        "MAINTAINER",
        "ONBUILD",
        "RUN",
        "SHELL",
        "STOPSIGNAL",
        "USER",
        "VOLUME",
        "WORKDIR",
    ];
    let dockerfiles = files
        .iter()
        .filter(|(path, _)| path.ends_with("Dockerfile"));
    for path in dockerfiles.map(|(path, _)| path) {
        let mut goes_on = false;
        for line in text_of(files, path).lines() {
            let is_free = goes_on || line.is_empty() || line.starts_with('#');
            let first = line.split(' ').next().unwrap_or_default();
            assert!(is_free || INSTRUCTIONS.contains(&first), "{path}: {line:?}");
            goes_on = line.ends_with('\\') || (goes_on && line.starts_with('#'));
        }
    }
}

/// A shell reads every generated script, and takes the arguments of each hook for one command.
fn check_shell(project: &Project, files: &FileTree) {
    let mut script = String::new();
    for (path, _) in files.iter() {
        if path.contains("/generated/") || path == "merged.env" {
            script.push_str(text_of(files, path));
            script.push('\n');
        }
    }
    for hooks in project.stages.iter().map(|stage| &stage.custom) {
        for hook in hooks.all() {
            // Of what a substitution holds, only the balance is checked.
            if !hook.arguments.contains("$(") && !hook.arguments.contains('`') {
                script.extend(["set -- ", &hook.arguments, "\n"]);
            }
        }
    }
    // Wrappers without a value of the config have tests of their own, and starting a shell is slow.
    let has_values =
        |stage: &Stage| stage.custom != Hooks::default() || !stage.environment.is_empty();
    if !project.stages.iter().any(has_values) {
        return;
    }
    let mut bash = Command::new("bash")
        .args(["-n", "-s"])
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("bash");
    let mut stdin = bash.stdin.take().expect("a pipe");
    stdin.write_all(script.as_bytes()).expect("bash reads");
    drop(stdin);
    let said = bash.wait_with_output().expect("bash ends");
    assert!(
        said.status.success() && said.stderr.is_empty(),
        "{}\n{script}",
        String::from_utf8_lossy(&said.stderr)
    );
}
