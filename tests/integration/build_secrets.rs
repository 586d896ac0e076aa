//! Secrets and the ssh agent for build hooks, and what an image gets of `tmp/`. What builds do with them is in
//! `tests/container/build-secrets.bats`.

use crate::project::{PLAIN, Project};

/// Stands in a variable and in a file, and in no file or message of pei's.
const TOKEN: &str = "hunter2-of-the-token";

const CONFIG: &str = "\
build_secrets:
  pip_token: {env: PIP_TOKEN}
  netrc: {file: ~/.netrc}
  odd: {file: \"its $HOME/a #1 'é'\"}
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  custom:
    on_build: [stage-1/custom/my-build-1.sh]
    secrets: [pip_token]
stages:
  npm:
    custom: {on_build: [stages/npm/npm.sh], secrets: [netrc]}
  web:
    from: npm
    image: {output: 'demo:web'}
    custom: {on_build: [stages/web/web.sh], secrets: [odd]}
  agent:
    image: {base: 'node:20', output: 'demo:agent'}
    custom: {on_build: [stages/agent/agent.sh], ssh_agent: true}
stage_2:
  image: {output: 'demo:stage-2'}
  copy: [{from: web, path: /app, to: /app}]
  custom: {on_build: [stage-2/custom/my-build-1.sh], secrets: [pip_token, netrc, pip_token]}
";

fn project() -> Project {
    let project = Project::create_minimal()
        .file("user_config.yml", CONFIG)
        .file("installation/stages/npm/npm.sh", ":")
        .file("installation/stages/web/web.sh", ":")
        .file("installation/stages/agent/agent.sh", ":")
        .file("its $HOME/a #1 'é'", TOKEN)
        .file(".env", format!("PIP_TOKEN={TOKEN}\n"));
    std::fs::write(project.beside(".netrc"), TOKEN).unwrap();
    project
}

/// The steps of a Dockerfile, each with its comments.
fn steps<'t>(text: &'t str, key_path: &str) -> Vec<&'t str> {
    let head = format!("# {key_path}\n");
    text.split("\n\n")
        .filter(|step| step.contains(&head))
        .collect()
}

#[test]
fn a_step_mounts_what_its_stage_asks_for_and_no_other_step_does() {
    let project = project();
    project
        .run(["configure", "--with-merged"])
        .succeeds()
        .never_says("warning");
    let secret = |name: &str| {
        format!("--mount=type=secret,id={name},target=/run/secrets/{name},mode=0444,required=true ")
    };
    let agent = "--mount=type=ssh,mode=0666,required=true ";
    for file in ["stage-2.Dockerfile", "merged.Dockerfile"] {
        let text = project.read(file);
        let all = [
            secret("pip_token"),
            secret("netrc"),
            secret("odd"),
            agent.to_owned(),
        ];
        for (key_path, expected) in [
            ("stage_1.custom.on_build[0]", &all[..1]),
            ("stages.npm.custom.on_build[0]", &all[1..2]),
            ("stages.web.custom.on_build[0]", &all[2..3]),
            ("stage_2.custom.on_build[0]", &all[..2]),
        ] {
            let steps = steps(&text, key_path);
            assert!(!steps.is_empty(), "{file} has no step {key_path}");
            for step in steps {
                for mount in &all {
                    assert_eq!(
                        step.contains(mount),
                        expected.contains(mount),
                        "{mount} in {step}"
                    );
                }
            }
        }
        assert_eq!(text.matches("--mount=type=secret").count(), 5, "{file}");
        assert_eq!(text.matches("--mount=type=ssh").count(), 0, "{file}");
    }
    let text = project.read("stages.Dockerfile");
    assert!(steps(&text, "stages.agent.custom.on_build[0]")[0].contains(agent));
    assert_eq!(text.matches("--mount=type=ssh").count(), 1);
}

#[test]
fn a_service_lists_what_the_stages_get_that_it_builds() {
    let project = project();
    project.run(["configure"]).succeeds();
    let compose: serde_yaml::Value =
        serde_yaml::from_str(&project.read("docker-compose.yml")).unwrap();
    let build = |service: &str, key: &str| {
        let value = &compose["services"][service]["build"][key];
        serde_yaml::to_string(value).unwrap().trim().to_owned()
    };
    for (service, expected) in [
        ("stage-1", "- pip_token"),
        ("npm", "- netrc\n- pip_token"),
        ("web", "- netrc\n- odd\n- pip_token"),
        ("agent", "null"),
        ("stage-2", "- netrc\n- odd\n- pip_token"),
    ] {
        assert_eq!(build(service, "secrets"), expected, "{service}");
        let ssh = if service == "agent" {
            "- default"
        } else {
            "null"
        };
        assert_eq!(build(service, "ssh"), ssh, "{service}");
    }
    let secrets = &compose["secrets"];
    assert_eq!(secrets["pip_token"]["environment"], "PIP_TOKEN");
    assert_eq!(secrets["netrc"]["file"], "${HOME}/.netrc");
    assert_eq!(secrets["odd"]["file"], "./its $$HOME/a #1 'é'");
}

#[test]
fn the_command_in_a_dockerfile_and_the_merged_build_give_the_same() {
    let project = project();
    project.run(["configure", "--with-merged"]).succeeds();
    // What is behind the `#` is for a shell.
    let engine = "docker() { printf '<%s>' \"$@\"; }; ";
    let command = "sed -n 's/^#  *docker build/docker build/p' stage-2.Dockerfile";
    let said = project.bash(&format!("{engine}eval \"$({command})\""));
    let home = project.beside("").display().to_string();
    let home = home.trim_end_matches('/');
    let expected = [
        "<--secret><id=pip_token,env=PIP_TOKEN>".to_owned(),
        "<id=netrc,src=HOME/.netrc>".to_owned(),
        "<id=odd,src=./its $HOME/a #1 'é'>".to_owned(),
    ];
    let has_all = |said: &str| {
        for text in &expected {
            // The shell of the tests has another home.
            let text = text.replace("src=HOME", "src=/home/me");
            let other = text.replace("/home/me", home);
            assert!(
                said.contains(&text) || said.contains(&other),
                "{text} is not in {said}"
            );
        }
    };
    has_all(&said);
    project.write("engine", "#!/bin/bash\nprintf '<%s>' \"$@\"\n");
    project.bash("chmod +x engine");
    has_all(&project.bash("CONTAINER_ENGINE=./engine ./build-merged.sh"));
}

#[test]
fn no_output_and_no_file_of_pei_holds_the_secret() {
    let project = project();
    for arguments in [
        &["configure", "--with-merged", "--full-compose"][..],
        &["configure", "--diff"],
        &["configure", "--show-config"],
        &["graph"],
        &["graph", "--format", "json"],
        &["status"],
        &["status", "--json"],
        &["build", "--dry-run"],
    ] {
        let mut command = project.command([]);
        let output = command.args(arguments).output().unwrap();
        let said =
            String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
        assert!(!said.contains(TOKEN), "{arguments:?}: {said}");
    }
    for (path, entry) in project.files() {
        let is_own = path == ".env" || path.starts_with("its ");
        let text = String::from_utf8_lossy(&entry.content);
        assert!(is_own || !text.contains(TOKEN), "{path}");
    }
    let shown = project
        .run(["configure", "--show-config"])
        .succeeds()
        .stdout;
    assert!(shown.contains("env: PIP_TOKEN"), "{shown}");
    assert!(shown.contains("file: ~/.netrc"), "{shown}");
}

#[test]
fn a_secret_in_the_place_of_its_source_is_never_shown() {
    for entry in [
        format!("netrc: {TOKEN}"),
        format!("netrc: [{TOKEN}]"),
        format!("netrc: {{env: '{TOKEN} x'}}"),
        format!("netrc: {{env: {TOKEN}}}"),
        format!("netrc: {{evn: {TOKEN}}}"),
        "netrc: {env: '${PIP_TOKEN}'}".to_owned(),
        format!("netrc: {{file: '~{TOKEN}'}}"),
        format!("netrc: {{file: 'installation/{TOKEN}'}}"),
        format!("netrc:\n    env:\n      {TOKEN}\n    fiel: x"),
        format!("netrc: {{env: \"{TOKEN}"),
    ] {
        let config = format!("{PLAIN}build_secrets:\n  {entry}\n");
        let project = Project::create_minimal_in_memory()
            .file("user_config.yml", config)
            .file(".env", format!("PIP_TOKEN={TOKEN}\n"));
        for arguments in [
            ["configure", "--format", "human"],
            ["configure", "--format", "json"],
        ] {
            let run = project.run(arguments).exits(1);
            let said = run.stdout + &run.stderr;
            assert!(!said.contains(TOKEN), "{entry}: {said}");
        }
        let run = project.run(["configure", "--show-config"]);
        let said = run.stdout + &run.stderr;
        // The path of a file is no secret; where it is one, a valid config holds it.
        assert!(
            entry.contains("file") || !said.contains(TOKEN),
            "{entry}: {said}"
        );
    }
    let list = format!(
        "{PLAIN}  custom: {{on_build: [stage-2/custom/my-build-1.sh], secrets: [{TOKEN}]}}\n"
    );
    let project = Project::create_minimal_in_memory().file("user_config.yml", list);
    project
        .run(["configure"])
        .exits(1)
        .says("unknown-secret")
        .never_says(TOKEN);
}

#[test]
fn a_file_that_links_lead_into_the_image_is_refused() {
    let config = format!("{PLAIN}build_secrets: {{x: {{file: link/token}}}}\n");
    let project = Project::create_minimal_in_memory()
        .file("user_config.yml", config)
        .file("installation/stage-1/custom/token", TOKEN);
    std::os::unix::fs::symlink("installation/stage-1/custom", project.path("link")).unwrap();
    project.run(["configure"]).exits(1).says("invalid-secret");
}

#[test]
fn a_secret_that_is_not_here_is_a_warning() {
    let project = project();
    std::fs::remove_file(project.path(".env")).unwrap();
    std::fs::remove_file(project.beside(".netrc")).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .says("the variable PIP_TOKEN is not set: a build that runs the hooks will fail")
        .says("the file does not exist: a build that runs the hooks will fail");
    project.run(["configure", "--deny-warnings"]).exits(1);
}

#[test]
fn an_image_has_no_file_of_tmp_unless_the_config_keeps_it() {
    let project = Project::configured();
    let files = project.files();
    project.write("installation/stage-1/tmp/token", TOKEN);
    project.run(["configure"]).succeeds();
    for file in ["stage-1.Dockerfile", "stage-2.Dockerfile"] {
        let text = project.read(file);
        assert!(text.contains(
            "COPY --chmod=755 [\"installation/stage-1/custom\", \"/pei-from-host/stage-1/custom\"]\n"
        ));
        assert!(
            !text.contains("COPY --chmod=755 [\"installation/stage-1\","),
            "{file}"
        );
        assert!(!text.contains("installation/stage-1/tmp\""), "{file}");
        assert!(text.contains("finish-image.sh stage-1\n"), "{file}");
    }
    let stage_2 = project.read("stage-2.Dockerfile");
    assert!(
        stage_2
            .contains("COPY --chmod=755 [\"installation/stage-2\", \"/pei-from-host/stage-2\"]\n")
    );

    let kept = PLAIN.replace("stage_2:", "  custom: {keep_tmp: true}\nstage_2:");
    project.write("user_config.yml", kept);
    project.run(["configure"]).succeeds();
    let text = project.read("stage-2.Dockerfile");
    assert!(
        text.contains("COPY --chmod=755 [\"installation/stage-1\", \"/pei-from-host/stage-1\"]\n")
    );

    // The files of git and of pei change nothing.
    project.write("user_config.yml", PLAIN);
    std::fs::rename(
        project.path("installation/stage-1/tmp/token"),
        project.path("installation/stage-1/tmp/.gitkeep"),
    )
    .unwrap();
    project.run(["configure"]).succeeds();
    assert_eq!(
        project.read("stage-2.Dockerfile").as_bytes(),
        files["stage-2.Dockerfile"].content
    );
}

#[test]
fn a_hook_of_a_container_that_may_read_tmp_is_reported() {
    let warning = "may read files of `installation/stage-1/tmp`, which the image does not have";
    for (hooks, script, is_reported) in [
        (
            "on_first_run: [stage-1/custom/my-on-first-run-1.sh]",
            ":",
            false,
        ),
        (
            "on_first_run: [stage-1/custom/my-on-first-run-1.sh]",
            "cp \"$PEI_STAGE_DIR_1/tmp/x\" /",
            true,
        ),
        (
            "on_first_run: [stage-1/custom/my-on-first-run-1.sh]",
            "cp ${PEI_STAGE_DIR_1}/tmp/x /",
            true,
        ),
        (
            "on_every_run: ['stage-1/custom/my-on-every-run-1.sh ../tmp/x']",
            ":",
            true,
        ),
        ("on_user_login: [stage-1/tmp/login.sh]", ":", true),
        ("on_first_run: [stage-1/system/uv/install-uv.sh]", ":", true),
        (
            "on_build: [stage-1/system/uv/install-uv.sh], on_first_run: [stage-1/custom/my-on-first-run-1.sh]",
            ":",
            false,
        ),
    ] {
        let config = PLAIN.replace("stage_2:", &format!("  custom: {{{hooks}}}\nstage_2:"));
        let project = Project::create_minimal_in_memory()
            .file("user_config.yml", config)
            .file("installation/stage-1/custom/my-on-first-run-1.sh", script)
            .file("installation/stage-1/tmp/login.sh", ":");
        let run = project.run(["configure"]).succeeds();
        assert_eq!(
            run.stderr.contains(warning),
            is_reported,
            "{hooks}: {}",
            run.stderr
        );
        // A script that a container runs stays.
        let text = project.read("stage-2.Dockerfile");
        let stays = text.contains(
            "[\"installation/stage-1/tmp/login.sh\", \"/pei-from-host/stage-1/tmp/login.sh\"]\n",
        );
        assert_eq!(stays, hooks.contains("stage-1/tmp/login.sh"), "{hooks}");
    }
}
