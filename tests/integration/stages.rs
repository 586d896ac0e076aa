//! Further stages: which file holds which, what Compose gets, and how the tree is drawn.

use std::fmt::Write as _;
use std::path::Path;
use std::time::{Duration, Instant};

use crate::left_out::KEYS;
use crate::project::{PLAIN, Project};

const TREE: &str = "\
stage_1:
  image: {base: 'ubuntu:24.04', output: 'demo:stage-1'}
  copy: [{from: early, path: /a, to: /a}]
contexts: {app: app}
stages:
  webpack:
    from: npm
    copy: [{from: app, path: ., to: /app/}, {from: stage-1, path: /etc/os-release, to: /b}]
    image: {output: 'web:assets'}
  npm:
    image: {base: 'node:{{TAG:-20}}'}
    custom: {on_build: ['stages/npm/install.sh \"x y\"']}
  python:
    environment: {A: b}
    custom: {on_build: ['stages/python/install.sh', 'stage-1/system/uv/install-uv.sh --user me']}
  early: {image: {base: 'busybox:1'}}
  kept: {from: early, image: {output: 'web:kept'}}
stage_2:
  from: python
  image: {output: 'demo:stage-2'}
  restart: unless-stopped
  shm_size: 1gb
  copy: [{from: webpack, path: /app/dist, to: /www, owner: '1:2', mode: '0750'}]
services:
  db:
    image: 'postgres:16'
    volumes: ['db:/data', './x:/x']
    networks: [inner]
    secrets: [db-password]
    environment: {PASSWORD: '{{DB_PASSWORD:-x}}', PLAIN: '$HOME ${X}'}
    init: true
    cpus: 0.5
    mode: 0755
";

fn tree() -> Project {
    let project = Project::create_minimal();
    project.write("user_config.yml", TREE);
    project.write("app/.keep", "");
    for stage in ["npm", "python"] {
        project.write(
            &format!("installation/stages/{stage}/install.sh"),
            "#!/bin/sh\n",
        );
    }
    project.run(["configure"]).succeeds().never_says("warning");
    project
}

/// What each `FROM` of a file says.
fn starts(project: &Project, file: &str) -> Vec<String> {
    let text = project.read(file);
    let starts = text.lines().filter_map(|line| line.strip_prefix("FROM "));
    starts.map(str::to_owned).collect()
}

#[test]
fn each_file_holds_what_it_needs_once_in_an_order_that_builds() {
    let project = tree();
    assert_eq!(
        starts(&project, "stage-1.Dockerfile"),
        [
            "${BASE_IMAGE_EARLY} AS early",
            "${BASE_IMAGE_1} AS stage-1-core",
            "stage-1-core AS stage-1"
        ]
    );
    let of_stage_2 = starts(&project, "stage-2.Dockerfile");
    assert_eq!(
        of_stage_2,
        [
            "${BASE_IMAGE_1} AS pei-files-app",
            "${BASE_IMAGE_NPM} AS npm",
            "${BASE_IMAGE_EARLY} AS early",
            "${BASE_IMAGE_1} AS stage-1-core",
            "npm AS webpack",
            "stage-1-core AS python",
            "python AS stage-2"
        ]
    );
    let mut of_stages = starts(&project, "stages.Dockerfile");
    let kept = of_stages.iter().position(|start| start == "early AS kept");
    of_stages.remove(kept.unwrap());
    assert_eq!(of_stages, of_stage_2[..6]);
    project.run(["configure", "--check"]).succeeds();
}

#[test]
fn a_stage_is_the_same_text_in_each_file_or_it_is_built_twice() {
    let project = tree();
    let section = |file: &str, name: &str| {
        let text = project.read(file);
        let (_, rest) = text.split_once(&format!("# ---- {name}: ")).unwrap();
        rest.split("\n# ---- ")
            .next()
            .unwrap()
            .trim_end()
            .to_owned()
    };
    for name in ["early", "npm", "webpack", "python", "stage-1-core"] {
        let own = section("stages.Dockerfile", name);
        assert_eq!(own, section("stage-2.Dockerfile", name), "{name}");
    }
    let compose = compose(&project);
    let args = |service: &str| &compose["services"][service]["build"]["args"];
    for name in ["PEI_HTTP_PROXY_1", "BASE_IMAGE_1", "BASE_IMAGE_NPM"] {
        assert_eq!(args("webpack")[name], args("stage-2")[name], "{name}");
    }
    assert_eq!(args("webpack")["BASE_IMAGE_NPM"], "node:${TAG:-20}");
    assert!(args("python").get("BASE_IMAGE_NPM").is_none());
}

fn compose(project: &Project) -> serde_yaml::Value {
    serde_yaml::from_str(&project.read("docker-compose.yml")).unwrap()
}

#[test]
fn compose_gets_a_service_for_each_stage_and_what_is_beside_them() {
    let project = tree();
    let compose = compose(&project);
    let service = |name: &str| compose["services"][name].clone();
    let webpack = service("webpack");
    assert_eq!(webpack["image"], "web:assets");
    assert_eq!(webpack["profiles"][0], "build-helper");
    assert_eq!(webpack["build"]["target"], "webpack");
    assert_eq!(
        webpack["build"]["additional_contexts"]["pei-context-app"],
        "./app"
    );
    assert!(service("npm").get("image").is_none());
    assert!(service("npm")["build"].get("additional_contexts").is_none());
    assert_eq!(service("stage-2")["restart"], "unless-stopped");
    assert_eq!(service("stage-2")["shm_size"], "1gb");
    assert!(service("stage-1").get("restart").is_none());

    let db = service("db");
    assert_eq!(db["environment"]["PASSWORD"], "${DB_PASSWORD:-x}");
    assert_eq!(db["environment"]["PLAIN"], "$HOME ${X}");
    assert_eq!(db["init"], true);
    assert_eq!(db["cpus"], 0.5);
    assert_eq!(db["mode"], "0755");
    assert!(compose["volumes"].get("db").is_some());
    assert!(compose["networks"].get("inner").is_some());
    assert_eq!(
        compose["secrets"]["db-password"]["environment"],
        "DB_PASSWORD"
    );
}

#[test]
fn a_hook_sees_its_stage_and_the_library_and_an_installer_itself() {
    let project = tree();
    let text = project.read("stages.Dockerfile");
    let seen = |key: &str| {
        let (_, rest) = text.split_once(&format!("# stages.{key}\n")).unwrap();
        let step = rest.split("\n\n").next().unwrap();
        let sources = step.split("source=").skip(1);
        let sources = sources.filter_map(|rest| rest.split(',').next());
        sources.map(str::to_owned).collect::<Vec<_>>()
    };
    assert_eq!(
        seen("npm.custom.on_build[0]"),
        [
            "installation/stages/pei-run-hook.sh",
            "installation/stage-1/lib",
            "installation/stages/npm"
        ]
    );
    let own = ["installation/stage-1/lib", "installation/stages/python"];
    assert_eq!(seen("python.custom.on_build[0]")[..2], own);
    let of_installer = seen("python.custom.on_build[1]");
    assert!(of_installer.contains(&"installation/stage-1/system/uv".to_owned()));
}

#[test]
fn the_mirror_and_the_proxies_of_stage_1_reach_the_hooks_of_foreign_bases() {
    let project = tree();
    let apt = "  apt: {repo_source: tuna, use_proxy: true}\n  proxy: {enable_globally: true}\n";
    let config = TREE.replace("contexts:", &format!("{apt}contexts:"));
    project.write("user_config.yml", &config);
    project.run(["configure"]).succeeds();
    let set_up = |text: &str| text.matches("fi\"]").count();
    let text = project.read("stages.Dockerfile");
    assert_eq!(set_up(&text), 1, "{text}");
    let (_, npm) = text.split_once(" AS npm\n").unwrap();
    let npm = npm.split("\nFROM ").next().unwrap();
    assert!(
        npm.contains("ARG http_proxy=${PEI_HTTP_PROXY_1}") && set_up(npm) == 1,
        "{npm}"
    );
    // Without a hook nothing uses it, and there may be no shell.
    let (_, early) = text.split_once(" AS early\n").unwrap();
    assert!(!early.split("\nFROM ").next().unwrap().contains("proxy"));

    project.write(
        "user_config.yml",
        config.replace("  npm:\n", "  npm:\n    apt: none\n"),
    );
    project.run(["configure"]).succeeds();
    assert_eq!(set_up(&project.read("stages.Dockerfile")), 0);
}

#[test]
fn a_snapshot_reaches_every_build_that_reads_the_archive() {
    let project = tree();
    let apt = "  apt: {snapshot: 20240601T000000Z, snapshot_url: 'http://mirror/archive/'}\n";
    let config = TREE.replace("contexts:", &format!("{apt}contexts:"));
    let config = config.replace("{{TAG:-20}}", "20");
    project.write("user_config.yml", &config);
    project.run(["configure", "--with-merged"]).succeeds();
    let core = project.read("stage-1.Dockerfile");
    assert!(
        core.contains("ARG APT_SNAPSHOT\nARG APT_SNAPSHOT_URL\n"),
        "{core}"
    );
    // Its lists are other ones.
    assert!(
        core.contains("id=pei-apt-ubuntu-24.04-20240601T000000Z"),
        "{core}"
    );
    let stages = project.read("stages.Dockerfile");
    let (_, npm) = stages.split_once(" AS npm\n").unwrap();
    let npm = npm.split("\nFROM ").next().unwrap();
    assert!(
        npm.contains("ARG APT_SNAPSHOT\n") && npm.contains("set-up-apt.sh; fi"),
        "{npm}"
    );
    for text in [
        project.read("docker-compose.yml"),
        project.read("merged.env"),
    ] {
        assert!(
            text.contains("20240601T000000Z") && text.contains("http://mirror/archive"),
            "{text}"
        );
        assert!(!text.contains("archive/\n"), "{text}");
    }
}

#[test]
fn what_only_further_stages_need_goes_with_them_unless_it_was_edited() {
    let project = tree();
    let of_stages = ["stages.Dockerfile", "installation/stages/pei-run-hook.sh"];
    let plain = "stage_1: {image: {base: 'debian:12', output: 'a:1'}}\n";
    project.write("user_config.yml", plain);
    project.run(["configure", "--check"]).exits(4);
    project
        .run(["configure", "--dry-run", "--diff"])
        .succeeds()
        .prints("remove     stages.Dockerfile")
        .prints("--- a/stages.Dockerfile\n+++ /dev/null\n");
    project.run(["configure"]).succeeds();
    assert!(of_stages.iter().all(|path| !project.path(path).exists()));
    project.run(["configure", "--check"]).succeeds();

    project.write("user_config.yml", TREE);
    project.run(["configure"]).succeeds();
    let edited = project.read("stages.Dockerfile") + "# mine\n";
    project.write("stages.Dockerfile", &edited);
    project.write("user_config.yml", plain);
    project.run(["configure"]).succeeds();
    assert_eq!(project.read("stages.Dockerfile"), edited);
}

#[test]
fn the_merged_build_has_the_tree_and_the_options() {
    let project = tree();
    let config = TREE.replace("{{TAG:-20}}", "20");
    project.write("user_config.yml", config);
    project
        .run(["configure", "--with-merged"])
        .succeeds()
        .says("Compose alone starts `db`");
    assert_eq!(
        starts(&project, "merged.Dockerfile").len(),
        starts(&project, "stage-2.Dockerfile").len() + 1
    );
    let values = project.read("merged.env");
    for line in [
        "BUILD_CONTEXTS='pei-context-app=./app'",
        "RUN_REMOVE='0'",
        "RUN_EXTRA_ARGS='--restart unless-stopped --shm-size 1gb'",
        "BASE_IMAGE_NPM='node:20'",
    ] {
        assert!(
            values.lines().any(|found| found == line),
            "{line}\n{values}"
        );
    }
    assert!(project.read("build-merged.sh").contains("--build-context"));
}

#[test]
fn a_context_that_is_not_there_is_reported() {
    let project = tree();
    std::fs::remove_dir_all(project.path("app")).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .says("warning[invalid-context]: the directory `app` does not exist");
    project.write("app", "");
    project
        .run(["configure"])
        .succeeds()
        .says("warning[invalid-context]: `app` is not a directory");
}

#[test]
fn a_context_among_credentials_is_refused_under_any_name() {
    let project = tree();
    std::fs::create_dir_all(project.path(".pei/secrets")).unwrap();
    std::os::unix::fs::symlink(".pei/secrets", project.path("other")).unwrap();
    let config = TREE.replace("{app: app}", "{app: other}");
    project.write("user_config.yml", config);
    project
        .run(["configure"])
        .exits(1)
        .says("user_config.yml:4:")
        .says("`other` is in `.pei`, which no stage may see");
}

/// The step as the image's shell would run it, elsewhere.
#[test]
fn no_private_key_of_a_context_comes_into_a_layer() {
    let project = tree();
    let text = project.read("stages.Dockerfile");
    assert!(!text.contains("COPY --from=pei-context-"), "{text}");
    let (_, step) = text
        .split_once("from=pei-context-app,target=/pei-from-context \\\n")
        .unwrap();
    let step = step.split("\n\n").next().unwrap();

    let kept = [
        "-name",
        "id_rsa.pub",
        "id_utils.js",
        "sub/it's \"one\"\n#2",
        "certificate.pem",
        "page",
        "p12",
        "a.p12.md",
        "store.jks/page",
    ];
    for path in kept {
        project.write(
            &format!("app/{path}"),
            "-----BEGIN CERTIFICATE-----\nor -----BEGIN PRIVATE KEY-----\n",
        );
    }
    let long = format!("-----BEGIN PRIVATE KEY-----\n{}", "a".repeat(90_000));
    project.write("app/sub/long", long);
    for path in ["id_rsa", ".env", "sub/.env", "sub/.git/a", ".pei/b", ".git"] {
        project.write(&format!("app/{path}"), "x");
    }
    for (name, text) in KEYS {
        project.write(&format!("app/sub/{name}"), text);
    }
    for name in [
        "a b.p12",
        "A.PFX",
        "debug.jks",
        "me.ppk",
        "all.kdbx",
        ".p12",
        "user_config.yml",
        "user_config.local.yml",
    ] {
        project.write(&format!("app/sub/{name}"), b"0\x82");
    }
    let (from, to) = (project.path("app"), project.path("seen"));
    let step = step
        .replace("/pei-from-context", from.to_str().unwrap())
        .replace("/pei-context", to.to_str().unwrap());
    project.write("step.sh", step);
    project.bash("sh step.sh");
    let mut found: Vec<_> = project.files().into_keys().collect();
    found.retain(|path| path.starts_with("seen/"));
    let mut expected: Vec<_> = kept.iter().map(|path| format!("seen/{path}")).collect();
    expected.push("seen/.keep".to_owned());
    expected.sort_unstable();
    assert_eq!(found, expected);
}

#[test]
fn an_image_holds_a_directory_of_the_users_own_that_a_hook_names() {
    let project = Project::create_minimal();
    project.write("installation/shared/ok.sh", "true\n");
    let hook = "custom: {on_first_run: [SCRIPT], on_build: [SCRIPT]}";
    let config = |script| format!("{PLAIN}  {}\n", hook.replace("SCRIPT", script));
    project.write("user_config.yml", config("shared/ok.sh"));
    project.run(["configure", "--deny-warnings"]).succeeds();
    let text = project.read("stage-2.Dockerfile");
    for line in [
        r#"COPY --chmod=755 ["installation/shared", "/pei-from-host/shared"]"#,
        "source=installation/shared,target=",
    ] {
        assert!(text.contains(line), "{line}\n{text}");
    }
    project.write("installation/stages/web/ok.sh", "true\n");
    project.write("user_config.yml", config("stages/web/ok.sh"));
    let says = "or the image gets all of `installation/stages`";
    project.run(["configure"]).succeeds().says(says);
    let text = project.read("stage-2.Dockerfile");
    assert!(text.contains(r#"["installation/stages", "#), "{text}");
}

#[test]
fn a_copy_of_a_file_that_no_context_gives_is_reported() {
    let project = tree();
    let with = |path: &str| {
        let from = "{from: app, path: ., to: /app/}";
        let config = TREE.replace(from, &format!("{{from: app, path: '{path}', to: /app/}}"));
        project.write("user_config.yml", config);
        project.run(["configure"])
    };
    for path in [
        ".env",
        "sub/.git/a",
        "id_rsa",
        "a/id_ed25519",
        "k.JKS",
        "user_config.yml",
    ] {
        let message = "is never copied from a context";
        with(path).exits(1).says(message).says("user_config.yml:8:");
    }
    with("src/*.js").exits(1).says("`*` is not expanded");
    with("src/[a].js")
        .succeeds()
        .says("the build will copy nothing");
    with("src/a.js")
        .succeeds()
        .says("warning[file-not-found]: the context `app` has no `src/a.js`");
    for path in ["src/a.js", "src/*.js", "id_utils.js", "id_rsa.pub"] {
        project.write(&format!("app/{path}"), "");
        with(path).succeeds().never_says("warning");
    }
    with("src/").succeeds().never_says("warning");
}

#[test]
fn a_script_of_a_further_stage_is_refused_in_the_two_stages() {
    let project = tree();
    let hook = "  image: {output: 'demo:stage-2'}\n  custom: {on_build: [stages/npm/install.sh]}\n";
    let config = TREE.replace("  image: {output: 'demo:stage-2'}\n", hook);
    project.write("user_config.yml", config);
    project
        .run(["configure"])
        .exits(1)
        .says("error[script-outside-stage]")
        .says("is a script of the stage `npm`");
}

/// `COPY --chown` with a name that the image lacks gives the files to root, and the build is green.
#[test]
fn an_owner_is_looked_for_where_there_is_a_shell() {
    let project = tree();
    let looks = |file: &str| project.read(file).matches(r#""pei", "bob""#).count();
    let config = TREE
        .replace("owner: '1:2'", "owner: bob")
        .replace(
            "base: 'busybox:1'}",
            "base: 'busybox:1'}, copy: [{from: app, path: ., to: /b, owner: bob}]",
        )
        .replace(
            "copy: [{from: early",
            "copy: [{from: early, path: /c, to: /c, owner: bob}, {owner: bob, from: early",
        );
    project.write("user_config.yml", &config);
    project.run(["configure"]).succeeds();
    assert_eq!(looks("stage-1.Dockerfile"), 1);
    assert_eq!(looks("stage-2.Dockerfile"), 2);
    let text = project.read("stage-2.Dockerfile");
    let mut steps = text.lines().filter(|line| line.contains(r#""pei", "bob""#));
    let script = steps.next_back().unwrap().strip_prefix("RUN ").unwrap();
    let words: Vec<String> = serde_json::from_str(script).unwrap();
    let run = |owner: &[&str]| {
        let mut command = std::process::Command::new(&words[0]);
        command.args(&words[1..4]).args(owner).output().unwrap()
    };
    assert!(run(&["root", "passwd"]).status.success());
    assert!(run(&["root", "passwd", "root", "group"]).status.success());
    for owner in [
        &["no-one-here", "passwd"][..],
        &["root", "passwd", "no-one-here", "group"],
    ] {
        let outcome = run(owner);
        assert!(!outcome.status.success());
        let said = String::from_utf8_lossy(&outcome.stderr).into_owned();
        assert!(
            said.contains("the image has no no-one-here in /etc/"),
            "{said}"
        );
    }
}

#[test]
fn a_variable_that_no_build_step_gets_has_one_cure() {
    let project = tree();
    let config = TREE.replace("{A: b}", "{A: '${NOPE}'}");
    project.write("user_config.yml", config);
    let help = "run `export NOPE`, or write `${NOPE:-default}`";
    project
        .run(["configure"])
        .exits(1)
        .says(help)
        .never_says("`.env`");
    project.write(".env", "NOPE=x\n");
    project
        .run(["configure"])
        .exits(1)
        .says("`NOPE` is set in `.env`; build steps do not get those values")
        .says("after `export NOPE`");
}

/// Names that a parser of YAML may read as something else.
#[test]
fn names_of_services_are_text_to_every_parser() {
    let names = [
        "123", "1.5", "0x10", "1_0", "1e3", "true", "null", "yes", "no", "on", "off",
    ];
    let mut config = format!("{PLAIN}stages:\n");
    for name in ["y", "false"] {
        let _ = writeln!(
            config,
            "  '{name}': {{image: {{base: a, output: '{name}:1'}}}}"
        );
    }
    config.push_str("services:\n");
    for name in names {
        let _ = writeln!(
            config,
            "  '{name}': {{image: a, volumes: ['{name}:/a'], networks: ['{name}']}}"
        );
    }
    let project = Project::create_minimal();
    project.write("user_config.yml", config);
    project.run(["configure"]).succeeds();
    let text = project.read("docker-compose.yml");
    for name in names.iter().chain(&["y", "false"]) {
        assert!(
            text.contains(&format!("\n  \"{name}\":\n")),
            "{name}\n{text}"
        );
        assert!(!text.contains(&format!(" {name}:")), "{name}\n{text}");
    }
}

/// What was written for a config without the keys is compared byte by byte elsewhere.
#[test]
fn without_further_stages_there_is_nothing_of_them() {
    let project = Project::configured();
    project.write("user_config.yml", PLAIN);
    project.run(["configure", "--with-merged"]).succeeds();
    assert!(!project.path("stages.Dockerfile").exists());
    assert!(!project.path("installation/stages").exists());
    let script = project.read("build-merged.sh");
    assert!(!script.contains("contexts") && !script.contains("--build-context"));
}

/// An older template would silently drop services.
#[test]
fn a_template_without_a_place_for_them_is_reported() {
    let project = tree();
    let template = project.read("compose-template.yml");
    let (before, rest) = template.split_once("{%- for name, service in").unwrap();
    let (_, behind) = rest.split_once("{%- endfor %}").unwrap();
    project.write("compose-template.yml", format!("{before}{behind}"));
    project
        .run(["configure"])
        .exits(1)
        .says("compose-template.yml")
        .says("further_services");
}

#[test]
fn the_graph_in_the_readme_is_what_pei_draws() {
    let project = Project::create_minimal();
    let example = Path::new(env!("CARGO_MANIFEST_DIR")).join("examples/advanced/web-app");
    let config = std::fs::read_to_string(example.join("user_config.yml")).unwrap();
    project.write("user_config.yml", config);
    let drawn = project.run(["graph"]).succeeds().stdout;
    let readme = include_str!("../../README.md");
    assert!(readme.contains(&format!("```text\n{drawn}```")), "{drawn}");
    let tree = drawn.split("\n\n").next().unwrap();
    let own = std::fs::read_to_string(example.join("README.md")).unwrap();
    assert!(own.contains(tree), "{tree}");
}

#[test]
fn the_graph_has_four_forms() {
    let project = tree();
    let drawn = |form: &str| project.run(["graph", "--format", form]).succeeds().stdout;
    assert!(drawn("text").contains("node:${TAG:-20}\n└─ npm\n   └─ webpack → web:assets\n"));
    let mermaid = drawn("mermaid");
    assert!(mermaid.starts_with("flowchart LR\n"), "{mermaid}");
    assert!(mermaid.contains("[\"webpack<br>web:assets\"]"), "{mermaid}");
    let dot = drawn("dot");
    assert!(
        dot.starts_with("digraph stages {\n") && dot.ends_with("}\n"),
        "{dot}"
    );
    assert!(dot.contains("label=\"/app/dist\""), "{dot}");
    let json: serde_json::Value = serde_json::from_str(&drawn("json")).unwrap();
    let stages = json["stages"].as_array().unwrap();
    let webpack = stages
        .iter()
        .find(|stage| stage["name"] == "webpack")
        .unwrap();
    assert_eq!(webpack["from"]["stage"], "npm");
    assert_eq!(webpack["image"], "web:assets");
    assert_eq!(webpack["copies"][0]["from"]["context"], "app");
    project
        .run(["graph", "-c", "nothing.yml"])
        .exits(1)
        .says("there is no config");
}

#[test]
fn a_graph_for_programs_is_text_that_they_read() {
    let project = tree();
    let config = TREE.replace("path: /app/dist", "path: \"/a\\u202e\\u200b\\u2028b\"");
    project.write("user_config.yml", config);
    let drawn = |form: &str| project.run(["graph", "--format", form]).succeeds().stdout;
    let json: serde_json::Value = serde_json::from_str(&drawn("json")).unwrap();
    assert!(
        json.to_string().contains("/a\u{202e}\u{200b}\u{2028}b"),
        "{json}"
    );
    let dot = drawn("dot");
    assert!(dot.contains(r"/a\\u{202e}\\u{200b}\\u{2028}b"), "{dot}");
}

#[test]
fn a_faulty_context_is_known_by_its_name() {
    let project = tree();
    project.write(
        "user_config.yml",
        TREE.replace("{app: app}", "{app: ~/app}"),
    );
    project
        .run(["configure"])
        .exits(1)
        .says("error[invalid-context]")
        .says("\n1 error\n");
}

#[test]
fn the_command_in_a_head_is_safe_to_copy() {
    let project = tree();
    let config = TREE.replace("demo:stage-2", "demo:{{TAG:-a;b}}");
    project.write("user_config.yml", config);
    project.run(["configure"]).succeeds();
    let text = project.read("stage-2.Dockerfile");
    assert!(text.contains(" -t 'demo:a;b' .\n"), "{text}");
}

/// A chain is the worst case of a tree.
#[test]
fn many_stages_take_no_more_than_their_number() {
    let project = Project::create_minimal_in_memory();
    let took = |count: usize| {
        let mut config = format!("{PLAIN}  from: s{}\nstages:\n  s0: {{}}\n", count - 1);
        for number in 1..count {
            let _ = writeln!(
                config,
                "  s{number}: {{from: s{}, copy: [{{from: a/b, path: /c, to: /d}}]}}",
                number - 1
            );
        }
        project.write("user_config.yml", config);
        let start = Instant::now();
        project.run(["configure"]).succeeds();
        start.elapsed()
    };
    let few = took(200);
    let many = took(2000);
    // The limit allows for a debug build on a busy machine; benches/ has the real figures.
    assert!(
        many < few * 30 + Duration::from_secs(2),
        "{few:?}, {many:?}"
    );
    assert_eq!(
        project.read("stages.Dockerfile").matches("\nFROM ").count(),
        2001
    );
}
