//! `extends`, `NAME.local.yml`, `.env` and `--show-config`: what the layers come to, and where a finding is.

use std::fs;

use serde_json::Value;

use crate::project::Project;

const MAIN: &str = "\
stage_1:
  image: {base: 'debian:12', output: 'demo:1'}
  ssh:
    host_port: 2222
    users:
      me: {password: correct-horse-1}
      you: {password: correct-horse-2, uid: 1500}
  ports: ['8080:80', '8081:81']
  environment: {A: one, B: two}
";

/// What the services of docker-compose.yml say.
fn service(project: &Project) -> Value {
    let text = project.read("docker-compose.yml");
    let all: Value = serde_yaml::from_str(&text).unwrap();
    all["services"]["stage-1"].clone()
}

#[test]
fn each_bad_layer_is_refused_at_its_own_file_and_line() {
    let cases = include_str!("layers/bad.txt");
    let shape = crate::findings_json::shape();
    let mut seen = 0;
    let mut wrong = Vec::new();
    for case in format!("\n{cases}").split("\n#### ").skip(1) {
        let project = Project::create_minimal();
        project.write("user_config.yml", MAIN);
        let (head, files) = case.split_once('\n').unwrap();
        let parts: Vec<&str> = head.split('|').map(str::trim).collect();
        let [code, path, help] = parts[..] else {
            panic!("a case's head has three parts: {head}");
        };
        let mut place = None;
        let files = format!("\n{files}");
        for file in files.split("\n--> ").skip(1) {
            let (name, text) = file.split_once('\n').unwrap();
            let text = format!("{}\n", text.trim_end_matches('\n'));
            if let Some(at) = text.find('§') {
                let before = &text[..at];
                let column = before.rsplit('\n').next().unwrap().chars().count() + 1;
                place = Some((name, before.matches('\n').count() + 1, column));
            }
            project.write(name, text.replace('§', ""));
        }
        let (file, line, column) = place.expect("a case has a mark");
        let before = project.files();
        let json = project.run(["configure", "--format", "json"]);
        let text = project.run(["configure"]);
        let document: Value = serde_json::from_str(&json.stdout).unwrap_or_default();
        let all = document["diagnostics"]
            .as_array()
            .cloned()
            .unwrap_or_default();
        let errors: Vec<_> = all
            .iter()
            .filter(|one| one["severity"] == "error")
            .collect();
        let said = |key: &str| {
            errors
                .first()
                .map_or("", |one| one[key].as_str().unwrap_or_default())
        };
        let at = |key: &str| {
            errors
                .first()
                .and_then(|one| one[key].as_u64())
                .unwrap_or_default()
        };
        let shown = format!("--> {file}:{line}:{column}");
        let holds = errors.len() == 1
            && (json.code, text.code) == (1, 1)
            && (said("code"), said("path"), said("file")) == (code, path, file)
            && (at("line"), at("column")) == (line as u64, column as u64)
            && said("help").contains(help)
            && shape.is_valid(&document)
            // People read the same place.
            && text.stderr.contains(&shown)
            && ![&json.stdout, &text.stderr].iter().any(|said| said.contains("SECRET") || said.contains("correct-horse"))
            && before == project.files();
        if !holds {
            wrong.push(format!("#### {case}\n{}", text.stderr));
        }
        seen += 1;
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert!(seen >= 30, "only {seen} cases");
}

#[test]
fn a_local_file_is_merged_over_the_config() {
    let project = Project::create_minimal();
    project.write("user_config.yml", MAIN);
    project.write(
        "user_config.local.yml",
        "stage_1:\n  ports: ['9090:90']\n  environment: {A: null, B: local, C: three}\n  ssh: {users: {you: null, me: {password: my-own-password}}}\n",
    );
    project.run(["configure"]).succeeds();
    let service = service(&project);
    assert_eq!(service["ports"], serde_json::json!(["9090:90", "2222:22"]));
    assert_eq!(
        service["environment"],
        serde_json::json!({"B": "local", "C": "three"})
    );
    let secret = project.read(".pei/secrets/ssh-credentials");
    assert!(
        secret.starts_with("password me ") && secret.lines().count() == 1,
        "{secret}"
    );

    // A file with only comments changes nothing, and neither does another config's local file.
    project.write("user_config.local.yml", "# mine\n");
    project.write("other.local.yml", "stage_1: 5\n");
    project.run(["configure"]).succeeds();
    assert_eq!(
        self::service(&project)["ports"].as_array().unwrap().len(),
        3
    );
    project.write("other.yml", MAIN);
    project
        .run(["configure", "-c", "other.yml"])
        .exits(1)
        .says("other.local.yml:1");
}

#[test]
fn a_config_is_merged_over_what_it_extends() {
    let project = Project::create_minimal();
    project.write(
        "user_config.yml",
        "extends: team/gpu.yml\nstage_1: {ssh: {users: {you: null}}}\n",
    );
    project.write("team/gpu.yml", "extends: ../${PEI_TEST_BASE:-main}.yml\nstage_1: {device: {type: gpu}, environment: [A=list]}\n");
    project.write("main.yml", MAIN);
    project.write(
        "user_config.local.yml",
        "extends: mine.yml\nstage_1: {ssh: {host_port: 2300}}\n",
    );
    project.write("mine.yml", "stage_1: {ssh: {host_port: 2299}, ports: []}\n");
    project.run(["configure"]).succeeds();
    let service = service(&project);
    assert_eq!(service["environment"], serde_json::json!({"A": "list"}));
    assert_eq!(service["ports"], serde_json::json!(["2300:22"]));
    assert!(service["deploy"].is_object());
}

#[test]
fn the_merged_config_is_shown_with_places_and_without_secrets() {
    let project = Project::create_minimal();
    project.write("user_config.yml", format!("extends: base.yml\n{MAIN}"));
    project.write("base.yml", "x-pw: &pw SENTINEL-0\nstage_1: {apt: {repo_source: tuna}, proxy: {port: 'ann:SENTINEL-11'}, environment: {API_TOKEN: SENTINEL-1, D: '# no', F: ghp_SENTINEL-7, G: [SENTINEL-8], H SENTINEL-9: b}}\nstage_2: {image: {output: \"two:\\u0032\"}, environment: ['DB_PASSWORD=SENTINEL-2', 'E=${EDITOR}'] }\n");
    project.write("user_config.local.yml", "stage_1: {ssh: {users: {me: {password: SENTINEL-3, pubkey_file: null}, it: {pasword: SENTINEL-4, privkey_text: SENTINEL-5, password_hash: SENTINEL-6, uid: 1200}, 'me:SENTINEL-10': {uid: 1300}}}}\n");
    let before = project.files();
    let text = project
        .run(["configure", "--show-config"])
        .succeeds()
        .stdout;
    assert!(before == project.files());
    assert!(!text.contains("SENTINEL"), "{text}");
    for line in [
        "    base: \"debian:12\" # user_config.yml:3",
        "    host_port: 2222 # user_config.yml:5",
        "        uid: 1500 # user_config.yml:8",
        "        uid: 1200 # user_config.local.yml:1",
        "        password: '********' # user_config.local.yml:1",
        "    repo_source: tuna # base.yml:2",
        "    D: \"# no\" # base.yml:2",
        "    output: \"two:2\" # base.yml:3",
        "    - \"E=${EDITOR}\" # base.yml:3",
        "    - \"8080:80\" # user_config.yml:9",
    ] {
        assert!(text.lines().any(|shown| shown == line), "{line}\n{text}");
    }
    let merged: Value = serde_yaml::from_str(&text).unwrap();
    assert_eq!(merged["stage_1"]["environment"]["A"], "one");
    assert_eq!(
        merged["stage_1"]["ssh"]["users"].as_object().unwrap().len(),
        4
    );

    project.write("user_config.local.yml", "\na: [\n");
    project
        .run(["configure", "--show-config"])
        .exits(1)
        .prints_nothing()
        .says("user_config.local.yml:2");
}

#[test]
fn of_other_services_only_what_is_no_secret_is_shown() {
    let project = Project::create_minimal();
    project.write(
        "user_config.yml",
        format!("{MAIN}services:\n  db:\n    image: postgres:16\n    ports: ['5432:5432']\n    command: ['--password', SENTINEL-1]\n    \
            environment: {{MYSQL_ROOT_PASSWORD: [SENTINEL-2], A: SENTINEL-3}}\n    labels: {{token: {{a: SENTINEL-4}}, b: SENTINEL-5}}\n    \
            healthcheck: {{test: [CMD, SENTINEL-6]}}\n  web: SENTINEL-7\n"),
    );
    let text = project
        .run(["configure", "--show-config"])
        .succeeds()
        .stdout;
    assert!(!text.contains("SENTINEL"), "{text}");
    for shown in [
        "image: postgres:16",
        "- \"5432:5432\"",
        "- '********'",
        "MYSQL_ROOT_PASSWORD:",
    ] {
        assert!(text.contains(shown), "{shown}\n{text}");
    }
}

#[test]
fn an_env_that_cannot_be_read_and_a_link_to_nothing_are_reported() {
    let project = Project::create_minimal();
    project.write("user_config.yml", MAIN);
    for (make, says) in [
        ("mkdir .env", "`.env` is not a file"),
        ("mkfifo .env", "`.env` is not a file"),
        ("head -c 2M /dev/zero >.env", "`.env` is larger than 1 MiB"),
        ("printf 'A=\\377' >.env", "`.env` is not UTF-8"),
    ] {
        project.bash(&format!("rm -rf .env && {make}"));
        project.run(["configure"]).succeeds().says(says);
        project
            .run(["configure", "--deny-warnings"])
            .exits(1)
            .says(says)
            .says("1 warning denied");
        let found = project.run(["configure", "--format", "json"]).succeeds();
        let found: serde_json::Value = serde_json::from_str(&found.stdout).unwrap();
        let found = &found["diagnostics"][0];
        assert_eq!(
            [&found["code"], &found["file"]],
            ["unreadable-file", ".env"]
        );
    }
    project.bash("rm -rf .env && ln -s nowhere user_config.local.yml");
    project
        .run(["configure"])
        .exits(1)
        .says("user_config.local.yml` cannot be read: the link leads to nothing");
}

#[test]
fn messages_show_no_secret_in_another_form() {
    let project = Project::create_minimal();
    let stage = "stage_1: {image: {base: 'debian:12', output: 'demo:1'}}\n";
    project.write(".env", "LEAK=SENTINEL-env\n");
    for config in [
        format!(
            "{stage}stages:\n  app:\n    image: {{base: 'debian:12'}}\n    copy:\n      - {{from: stage-1, path: /a, to: 'token=SENTINEL-to'}}\n"
        ),
        format!("extends: '${{LEAK}}'\n{stage}"),
        format!("{stage}services: {{'password=SENTINEL a': {{image: b}}}}\n"),
        format!("{stage}stages: {{'password=SENTINEL a': {{image: {{base: b}}}}}}\n"),
        format!("{stage}contexts: {{'password=SENTINEL a': b}}\n"),
    ] {
        project.write("user_config.yml", &config);
        for arguments in [
            ["configure", "--color=never"],
            ["configure", "--format=json"],
        ] {
            let run = project.run(arguments).exits(1);
            let said = format!("{}{}", run.stdout, run.stderr);
            assert!(!said.contains("SENTINEL"), "{config}\n{said}");
        }
    }
}

#[test]
fn variables_come_from_the_environment_and_else_from_env() {
    let project = Project::create_minimal();
    project.write(
        ".env",
        "export PORT=2345 # mine\nPW='SENTINEL-pw'\nHOME=/nobody\nTOKEN=SENTINEL-token\n",
    );
    let config = "stage_1:\n  image: {base: a, output: b}\n  ssh: {host_port: '${PORT}', users: {me: {password: '${PW}'}}}\n  environment: ['TOKEN=${TOKEN}', 'H=${HOME}', 'D=${NONE:-d}']\n";
    project.write("user_config.yml", config);
    project.run(["configure"]).succeeds().never_says("SENTINEL");
    let service = service(&project);
    assert_eq!(service["ports"], serde_json::json!(["2345:22"]));
    // Compose reads the file itself, so no written file has the value.
    assert_eq!(service["environment"]["TOKEN"], "${TOKEN}");
    assert_ne!(service["environment"]["H"], "/nobody");
    for (path, entry) in project.files() {
        let text = String::from_utf8_lossy(&entry.content).into_owned();
        assert!(path == ".env" || !text.contains("SENTINEL"), "{path}");
    }

    // A value that is refused is not repeated.
    project.write("user_config.yml", config.replace("${PORT}", "${TOKEN}"));
    let run = project
        .run(["configure"])
        .exits(1)
        .says("${TOKEN}")
        .never_says("SENTINEL");
    assert!(!run.stdout.contains("SENTINEL"));
    let run = project.run(["configure", "--format", "json"]).exits(1);
    assert!(!run.stdout.contains("SENTINEL"), "{}", run.stdout);
    fs::remove_file(project.path(".env")).unwrap();
    project.run(["configure"]).exits(1).says("`.env`");
}

#[test]
fn a_password_that_env_changes_is_reported() {
    let project = Project::create_minimal();
    project.write("user_config.yml", "stage_1:\n  image: {base: a, output: b}\n  ssh: {host_port: 2222, users: {me: {password: '${PW}'}}}\n  environment: ['X=${OTHER}']\n");
    let other = "OTHER=a$HOME\n";
    for line in [
        "PW=Longpw77$HOME",
        "PW=Longpw77 #x",
        "PW='Longpw77",
        "PW='Longpw77'x",
        "PW=Longpw77-${x",
    ] {
        project.write(".env", format!("{other}{line}\n"));
        project
            .run(["configure"])
            .succeeds()
            .says("warning[cut-off-value]")
            .says("`PW='…'`")
            .never_says("Longpw77");
    }
    for line in ["PW='Longpw77$HOME'", "PW=Longpw77 # mine", "PW=${OTHER}"] {
        project.write(".env", format!("{other}{line}\n"));
        project.run(["configure", "--deny-warnings"]).succeeds();
    }
}

/// Two people of one machine, as the guide tells them.
#[test]
fn two_people_share_a_machine() {
    let project = Project::create_minimal();
    let config = |output: &str| {
        format!(
            "project: team-box\nstage_1:\n  image: {{base: a, output: '{output}:stage-1'}}\n  ports: ['127.0.0.1:{{{{SSH_PORT:-2222}}}}:22']\nstage_2:\n  image: {{output: '{output}:stage-2'}}\n"
        )
    };
    let marked = config("{{COMPOSE_PROJECT_NAME:-team-box}}");
    project.write("user_config.yml", &marked);
    project.run(["configure", "--deny-warnings"]).succeeds();
    project.bash("git init -q . && git add -A && git -c user.name=t -c user.email=t@example.org commit -qm all");
    let compose = project.read("docker-compose.yml");
    for stage in ["stage-1", "stage-2"] {
        let image = format!("${{COMPOSE_PROJECT_NAME:-team-box}}:{stage}");
        assert!(compose.contains(&image), "{compose}");
    }
    project.write(".env", "COMPOSE_PROJECT_NAME=bob-box\nSSH_PORT=2301\n");
    project
        .run(["configure", "--check", "--deny-warnings"])
        .succeeds();
    project.run(["configure", "--deny-warnings"]).succeeds();
    assert_eq!(project.bash("git status --porcelain"), "");

    // The local file, if the shared one has no such markers.
    fs::remove_file(project.path(".env")).unwrap();
    project.write("user_config.yml", config("team-box"));
    project.write("user_config.local.yml", "project: bob-box\nstage_1:\n  image: {output: 'bob-box:stage-1'}\n  ports: ['127.0.0.1:2301:22']\nstage_2:\n  image: {output: 'bob-box:stage-2'}\n");
    project
        .run(["configure"])
        .succeeds()
        .says("local-value-tracked")
        .says("set `COMPOSE_PROJECT_NAME` in `.env`")
        .says("{{COMPOSE_PROJECT_NAME:-name}}");
    let all: Value = serde_yaml::from_str(&project.read("docker-compose.yml")).unwrap();
    assert_eq!(all["name"], "bob-box");
    for stage in ["stage-1", "stage-2"] {
        let service = &all["services"][stage];
        assert_eq!(service["image"], format!("bob-box:{stage}"));
        assert_eq!(service["ports"], serde_json::json!(["127.0.0.1:2301:22"]));
    }
    assert!(!project.read("docker-compose.yml").contains("team-box"));
}
