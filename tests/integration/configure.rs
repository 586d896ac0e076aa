//! `pei configure`

use std::fmt::Write as _;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::process::Stdio;

use assert_cmd::Command;

use crate::project::{PLAIN, Project, Run};

const COMPOSE: &str = "docker-compose.yml";
const SCRIPT: &str = "installation/stage-1/custom/mine.sh";

#[test]
fn a_second_run_touches_nothing_and_says_so() {
    let project = Project::create_minimal();
    project
        .run(["configure"])
        .succeeds()
        .says("configured `.`: ");
    let times = project.times();
    project
        .run(["configure"])
        .succeeds()
        .says("nothing to do: ")
        .prints_nothing();
    project
        .run(["configure", "--check"])
        .succeeds()
        .prints_nothing();
    project
        .run(["configure", "--diff"])
        .succeeds()
        .prints_nothing();
    assert_eq!(project.times(), times);
}

#[test]
fn a_file_of_many_megabytes_is_still_known_as_peis() {
    let project = Project::configured();
    let value = "x".repeat(8_000);
    let config = (0..600).fold(format!("{PLAIN}\n  environment:\n"), |mut text, number| {
        writeln!(text, "    V{number}: {value}").unwrap();
        text
    });
    fs::write(project.path("user_config.yml"), config).unwrap();
    project.run(["configure"]).succeeds();
    assert!(fs::metadata(project.path(COMPOSE)).unwrap().len() > 4_500_000);
    project
        .run(["configure"])
        .succeeds()
        .says("nothing to do: ");
}

#[test]
fn the_same_config_gives_the_same_bytes_wherever_it_is_read() {
    let expected = Project::configured().files();
    let case = |umask: &str, name: &str, value: &str| {
        let project = Project::none();
        let script =
            format!("umask {umask} && exec \"$0\" create -p demo -q minimal --no-examples --quiet");
        let pei = assert_cmd::cargo::cargo_bin!("pei");
        let mut create = Command::new("sh");
        create
            .args(["-c", &script])
            .arg(pei)
            .current_dir(project.beside(""))
            .env(name, value);
        Run::of(&mut create).succeeds();
        fs::write(project.path("user_config.yml"), PLAIN).unwrap();
        let script = format!("umask {umask} && exec \"$0\" configure -q");
        let mut configure = Command::new("sh");
        configure
            .args(["-c", &script])
            .arg(pei)
            .current_dir(project.path(""))
            .env(name, value);
        Run::of(&mut configure).succeeds();
        let mut found = project.files();
        // The user's own file has the mode that the test's own umask gave it.
        found.insert(
            "user_config.yml".into(),
            expected["user_config.yml"].clone(),
        );
        assert_eq!(found, expected, "umask {umask}, {name}={value}");
        let folder = fs::metadata(project.path("installation/stage-1")).unwrap();
        assert_eq!(folder.permissions().mode() & 0o777, 0o755, "umask {umask}");
    };
    case("077", "TZ", "Asia/Kathmandu");
    case("000", "LC_ALL", "tr_TR.UTF-8");
}

#[test]
fn a_hand_edit_is_saved_before_it_is_replaced() {
    let project = Project::configured();
    let original = project.read(COMPOSE);
    for (edit, backup) in [
        ("one", "docker-compose.yml.bak"),
        ("two", "docker-compose.yml.bak.1"),
    ] {
        let edited = format!("{original}# {edit}\n");
        project.write(COMPOSE, &edited);
        project
            .run(["configure", "--dry-run"])
            .succeeds()
            .prints(&format!("edited     docker-compose.yml -> {backup}\n"));
        project
            .run(["configure"])
            .succeeds()
            .says(&format!("warning: `docker-compose.yml` differs from what pei wrote and has been replaced; the old file is `{backup}`"));
        assert_eq!(project.read(backup), edited);
        assert_eq!(project.read(COMPOSE), original);
    }
}

#[test]
fn peis_own_older_text_is_replaced_without_a_backup() {
    let project = Project::configured();
    project.write("user_config.yml", PLAIN.replace("demo:", "other:"));
    project.run(["configure"]).succeeds().never_says("warning");
    assert!(project.read(COMPOSE).contains("other:stage-2"));
    assert!(!project.files().keys().any(|path| path.contains(".bak")));
}

#[test]
fn a_script_of_peis_without_a_token_is_known_by_the_manifest() {
    let project = Project::configured();
    let manifest = project.read(".pei/manifest");
    let (_, script) = manifest
        .lines()
        .find_map(|line| line.split_once("  "))
        .unwrap();
    let original = project.read(script);
    project.write(script, "edited\n");
    project
        .run(["configure"])
        .succeeds()
        .says(&format!("the old file is `{script}.bak`"));
    assert_eq!(project.read(script), original);
    assert_eq!(project.read(&format!("{script}.bak")), "edited\n");
}

#[test]
fn the_line_ends_of_a_checkout_are_no_hand_edit() {
    let project = Project::configured();
    let original = project.read(COMPOSE);
    project.write(COMPOSE, original.replace('\n', "\r\n"));
    project.run(["configure"]).succeeds().never_says("warning");
    assert_eq!(project.read(COMPOSE), original);
}

#[test]
fn check_exits_with_4_and_writes_nothing() {
    let project = Project::configured();
    project.write(
        "user_config.yml",
        PLAIN.replace("demo:stage-2", "new:stage-2"),
    );
    let times = project.times();
    project
        .run(["configure", "--check"])
        .exits(4)
        .prints("replace    docker-compose.yml\n")
        .says(" would change; nothing was written");
    project
        .run(["configure", "--check", "--diff"])
        .exits(4)
        .prints("+++ b/docker-compose.yml");
    assert_eq!(project.times(), times);
}

#[test]
fn a_diff_shows_what_would_change_and_no_secret() {
    let project = Project::create_minimal();
    project.run(["configure"]).succeeds();
    let config = project
        .read("user_config.yml")
        .replace("123456", "geheim-77");
    project.write("user_config.yml", config.replace(":stage-2", ":stage-9"));
    let times = project.times();
    let run = project
        .run(["configure", "--diff"])
        .succeeds()
        .prints("--- a/docker-compose.yml\n+++ b/docker-compose.yml\n@@ ")
        .prints("\n+    image: ")
        .prints("secret .pei/secrets/ssh-credentials changes (not shown)\n");
    assert!(!run.stdout.contains("geheim"), "{}", run.stdout);
    assert!(!run.stdout.contains("$6$"), "{}", run.stdout);
    assert_eq!(project.times(), times);
}

#[test]
fn all_errors_in_the_config_are_reported_and_nothing_is_written() {
    let project = Project::configured();
    project.write(
        "user_config.yml",
        "stage_1:\n  imag: {}\n  ssh: {hostport: 22}\n",
    );
    let before = project.files();
    project
        .run(["configure"])
        .exits(1)
        .prints_nothing()
        .says(" --> user_config.yml:2:3")
        .says("did you mean `image`?")
        .says(" --> user_config.yml:3:9");
    assert_eq!(project.files(), before);
}

#[test]
fn warnings_can_be_denied() {
    let project = Project::create_minimal();
    let before = project.files();
    project
        .run(["configure", "--deny-warnings"])
        .exits(1)
        .says("warning[weak-password]")
        .says("error: 1 warning denied by --deny-warnings; nothing was written");
    assert_eq!(project.files(), before);
    // `--quiet` also prints the reason for the failure.
    project
        .run(["configure", "--deny-warnings", "-q"])
        .exits(1)
        .says("warning[weak-password]");
}

#[test]
fn json_is_one_document_on_stdout_whatever_happens() {
    let project = Project::create_minimal();
    let parse = |run: &Run| -> serde_json::Value { serde_json::from_str(&run.stdout).unwrap() };
    let run = project
        .run(["configure", "--format", "json", "--dry-run"])
        .succeeds();
    assert_eq!(parse(&run)["diagnostics"][0]["code"], "weak-password");
    project.write("user_config.yml", [0xff, 0xfe, b'a', 0]);
    let run = project.run(["configure", "--format", "json"]).exits(1);
    assert_eq!(parse(&run)["diagnostics"][0]["code"], "not-utf8");
    project.write("user_config.yml", PLAIN);
    let run = project.run(["configure", "--format", "json"]).succeeds();
    assert_eq!(parse(&run)["diagnostics"], serde_json::json!([]));
}

#[test]
fn what_is_no_project_is_named_with_its_cure() {
    let project = Project::none();
    project
        .run_beside(["configure", "-p", "demo"])
        .exits(1)
        .says("the directory `demo` does not exist")
        .says("`pei create -p demo` makes a project there");
    fs::create_dir(project.path("")).unwrap();
    project
        .run_beside(["configure", "-p", "demo"])
        .exits(1)
        .says("there is no config `demo/user_config.yml`")
        .says("`pei create -p demo` makes a project there");
    project.write("user_config.yml", PLAIN);
    project
        .run_beside(["configure", "-p", "demo"])
        .exits(1)
        .says("`demo` is not a project of pei: it has no directory `installation`")
        .says("`pei create -p demo --force` makes it one and keeps your files");
    assert_eq!(project.files().len(), 1);
    fs::write(project.beside("file"), "").unwrap();
    project
        .run_beside(["configure", "-p", "file"])
        .exits(1)
        .says("`file` is a file");
}

#[test]
fn a_config_that_is_no_file_is_named() {
    let project = Project::configured();
    fs::remove_file(project.path("user_config.yml")).unwrap();
    project
        .run(["configure"])
        .exits(1)
        .says("copy `reference_config.yml` to it");
    fs::create_dir(project.path("user_config.yml")).unwrap();
    project
        .run(["configure"])
        .exits(1)
        .says("is a directory, not a config");
    let status = std::process::Command::new("mkfifo")
        .arg(project.path("pipe"))
        .status();
    assert!(status.unwrap().success());
    project
        .run(["configure", "-c", "pipe"])
        .exits(1)
        .says("is not a plain file");
}

#[test]
fn another_config_is_relative_to_the_project_or_absolute() {
    let project = Project::configured().file("other.yml", PLAIN.replace("demo:", "other:"));
    project
        .run_beside(["configure", "-p", "demo", "-c", "other.yml"])
        .succeeds();
    assert!(project.read(COMPOSE).contains("other:stage-2"));
    let absolute = project.path("user_config.yml");
    project
        .run_beside(["configure", "-p", "demo", "-c", absolute.to_str().unwrap()])
        .succeeds();
    assert!(project.read(COMPOSE).contains("demo:stage-2"));
}

#[test]
fn crlf_line_ends_of_scripts_become_lf() {
    let project = Project::configured();
    let installer = b"#!/bin/bash\r\nexit\r\n\x1f\x8b\x00\r\n";
    project.write("installation/stage-1/tmp/installer.sh", installer);
    // A file in tmp/ changes what the Dockerfiles copy.
    project.run(["configure"]).succeeds();
    project.write(SCRIPT, "#!/bin/bash\r\necho a\rb\r\n");
    fs::set_permissions(project.path(SCRIPT), fs::Permissions::from_mode(0o750)).unwrap();
    project.write("installation/stage-1/custom/notes.txt", "a\r\n");
    let before = project.files();

    project
        .run(["configure", "--check"])
        .exits(4)
        .prints(&format!("line-ends  {SCRIPT}\n"));
    project
        .run(["configure", "--diff"])
        .succeeds()
        .prints("+#!/bin/bash\n");
    assert_eq!(project.files(), before);

    project
        .run(["configure"])
        .succeeds()
        .says(&format!("note: `{SCRIPT}` had CRLF line endings"));
    let mut expected = before;
    expected.insert(
        SCRIPT.into(),
        crate::project::Entry {
            mode: 0o750,
            content: b"#!/bin/bash\necho a\rb\n".into(),
        },
    );
    assert_eq!(project.files(), expected);
}

#[test]
fn full_compose_shows_what_each_setting_became_and_no_secret() {
    let config = "\
stage_1:
  image: {base: 'ubuntu:${VERSION:-24.04}', output: 'demo:stage-1'}
  proxy: {address: proxy.example.org}
  ssh: {users: {me: {password: 'secret-Pw1', uid: 1000}}}
stage_2:
  image: {output: 'demo:{{TAG:-new}}'}
  environment: ['PRICE=$5']
  storage: {data: {type: host, host_path: ./data}}
  custom: {on_every_run: ['stage-2/custom/my-on-every-run-2.sh --log-startup']}
";
    let project = Project::configured().file("user_config.yml", config);
    project.run(["configure"]).succeeds();
    let plain = project.read(COMPOSE);
    assert!(!plain.contains("x-cfg"));

    project.run(["configure", "--full-compose"]).succeeds();
    let full = project.read(COMPOSE);
    assert!(!full.contains("secret-Pw1"));
    let read: serde_yaml::Value = serde_yaml::from_str(&full).unwrap();
    assert_eq!(read["x-paths"]["hard"], "/hard");
    let (one, two) = (&read["x-cfg-stage-1"], &read["x-cfg-stage-2"]);
    assert_eq!(one["image"]["base"], "ubuntu:24.04");
    assert_eq!(one["ssh"]["users"]["me"]["uid"], 1000);
    assert_eq!(one["apt"]["keep_repo_after_build"], true);
    assert_eq!(two["image"]["output"], "demo:${TAG:-new}");
    // Values that stage_2 does not set are those of stage_1.
    assert_eq!(two["proxy"]["address"], "proxy.example.org");
    assert_eq!(two["environment"]["PRICE"], "$$5");
    assert_eq!(two["storage"]["data"]["host_path"], "./data");
    let services = serde_yaml::from_str::<serde_yaml::Value>(&plain).unwrap()["services"].clone();
    assert_eq!(read["services"], services);

    project.run(["configure"]).succeeds();
    assert_eq!(project.read(COMPOSE), plain);
}

#[test]
fn without_stage_2_its_dockerfile_builds_nothing_and_says_so() {
    let project = Project::none();
    project
        .run_beside([
            "create",
            "-p",
            "demo",
            "-q",
            "stage-1-only",
            "--no-examples",
        ])
        .succeeds();
    assert!(project.path("stage-2.Dockerfile").exists());
    project.run(["configure"]).succeeds().never_says("warning");
    let text = project.read("stage-2.Dockerfile");
    assert!(text.contains("# The config has no stage_2"), "{text}");
    assert!(text.lines().all(|line| line.starts_with('#')), "{text}");
    project.write("user_config.yml", PLAIN);
    project.run(["configure"]).succeeds().never_says(".bak");
    assert!(project.read("stage-2.Dockerfile").contains("\nFROM "));
}

#[test]
fn no_question_is_asked_and_no_input_is_read() {
    let project = Project::create_minimal();
    let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin!("pei"))
        .arg("configure")
        .current_dir(project.path(""))
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    assert!(child.wait().unwrap().success());
}

#[test]
fn the_project_is_found_from_a_directory_in_it() {
    let project = Project::configured();
    let below = "installation/stage-1/custom";
    let mut command = project.command(["configure"]);
    let root = fs::canonicalize(project.path("")).unwrap();
    Run::of(command.current_dir(project.path(below)))
        .succeeds()
        .says(&format!("note: the project is `{}`", root.display()))
        .says("nothing to do");
    project
        .run(["configure", "-p", below])
        .succeeds()
        .says("the project is `");
    assert!(!project.path(below).join("docker-compose.yml").exists());
}

#[test]
fn a_config_that_is_meant_is_named() {
    let project = Project::configured().file("team.yml", PLAIN);
    project
        .run(["configure", "-c", "nope.yml"])
        .exits(1)
        .says("there is no config `nope.yml`")
        .says("-c is relative to the project, which holds `team.yml` and `user_config.yml`");
    project
        .run(["configure", "-c", "taem.yml"])
        .exits(1)
        .says("did you mean `team.yml`? `-c team.yml` reads it");
    fs::rename(
        project.path("user_config.yml"),
        project.path("user_config.yaml"),
    )
    .unwrap();
    project
        .run(["configure"])
        .exits(1)
        .says("did you mean `user_config.yaml`? `-c user_config.yaml` reads it");
}

#[test]
fn a_directory_that_is_closed_to_pei_is_named_with_its_cure() {
    let project = Project::configured().file("user_config.yml", PLAIN.replace("demo:", "new:"));
    project.give_to_nobody();
    let close =
        |mode| fs::set_permissions(project.path(".pei"), fs::Permissions::from_mode(mode)).unwrap();
    close(0o500);
    let run = project.command_as_nobody(["configure"]).output().unwrap();
    let said = String::from_utf8(run.stderr).unwrap();
    close(0o700);
    assert_eq!(run.status.code(), Some(1), "{said}");
    assert!(
        said.contains("nothing was changed in `.`: cannot "),
        "{said}"
    );
    assert!(
        said.contains("= help: check the owner and the mode of the directory"),
        "{said}"
    );
}

#[test]
fn what_a_terminal_would_obey_never_reaches_it() {
    let project = Project::configured();
    let hostile = "a\u{1b}]0;x\u{7}\u{9b}31m\u{202e}";
    project.write("stage-1.Dockerfile", format!("{hostile}\r\n"));
    project.write("docker-compose.yml", "");
    let pei = assert_cmd::cargo::cargo_bin!("pei").display();
    let folder = project.beside(hostile);
    fs::rename(project.path(""), &folder).unwrap();
    for (arguments, says) in [
        ("--diff", "-a\\u{1b}]0;x\\u{7}\\u{9b}31m\\u{202e}"),
        ("", "next: cd $'"),
    ] {
        let script = format!(
            "'{pei}' --color never configure {arguments} -p \"$(printf '{}')\"",
            octal(hostile)
        );
        let mut command = std::process::Command::new("script");
        command
            .args(["-qec", &script, "/dev/null"])
            .current_dir(project.beside(""));
        let said = String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned();
        assert!(said.contains(says), "{said:?}");
        let raw = said.replace("\r\n", "\n");
        let raw: Vec<_> = raw
            .chars()
            .filter(|c| c.is_control() && *c != '\n' || *c == '\u{202e}')
            .collect();
        assert!(raw.is_empty(), "{arguments}: {raw:?} in {said:?}");
    }
    fs::rename(folder, project.path("")).unwrap();
}

/// For printf.
fn octal(text: &str) -> String {
    text.bytes().fold(String::new(), |mut out, byte| {
        write!(out, "\\{byte:03o}").unwrap();
        out
    })
}

#[test]
fn a_diff_is_coloured_for_who_asks() {
    let project = Project::configured().file("user_config.yml", PLAIN.replace("demo:", "new:"));
    project
        .run(["configure", "--diff", "--color", "always"])
        .succeeds()
        .prints("\u{1b}[1m--- a/docker-compose.yml\u{1b}[0m\n")
        .prints("\u{1b}[31m-")
        .prints("\u{1b}[32m+")
        .prints("\u{1b}[36m@@");
    let plain = project.run(["configure", "--diff"]).succeeds().stdout;
    assert!(!plain.contains('\u{1b}'), "{plain}");
}

#[test]
fn storage_of_the_host_that_is_not_there_is_told_and_made_on_demand() {
    let project = Project::create_minimal();
    let config = format!(
        "{PLAIN}  storage:\n    data: {{type: host, host_path: './my data/deep'}}\n    app: {{type: host, host_path: '{{{{WHERE}}}}'}}\n  \
         mount: {{m: {{type: host, host_path: ./other, dst_path: /m}}, n: {{type: host, host_path: ./other, dst_path: /n}}}}\n"
    );
    fs::write(project.path("user_config.yml"), config).unwrap();
    project
        .run(["configure"])
        .succeeds()
        .says("my data/deep")
        .says("(`stage_2.storage.data.host_path`); Docker would make it, owned by root")
        .says("`other` does not exist (`stage_2.mount.m.host_path`)")
        .never_says("mount.n")
        .says("--make-dirs");
    assert!(!project.path("my data").exists());
    project
        .run(["configure", "--make-dirs"])
        .succeeds()
        .says("made the 2 directories");
    assert!(project.path("my data/deep").is_dir() && project.path("other").is_dir());
    project
        .run(["configure", "--make-dirs"])
        .succeeds()
        .says("nothing to do");
}

#[test]
fn what_has_no_effect_that_one_would_see_is_noted() {
    let project = Project::create_minimal();
    let config = "stage_1:\n  image: {base: a, output: b}\n  ssh: {users: {me: {password: correct-horse-1}}}\n  \
        mount: {m: {type: auto-volume, dst_path: /m}, n: {type: auto-volume, dst_path: /n}}\n";
    let stage_2 =
        "stage_2:\n  image: {output: c}\n  mount: {other: {type: auto-volume, dst_path: /n}}\n";
    let run = |config: &str| {
        project.write("user_config.yml", config);
        project.run(["configure", "--deny-warnings"]).succeeds()
    };
    let no_port = "no port of this machine is mapped to sshd";
    run(config).says(no_port).never_says("stage_1.mount");
    run(&format!("{config}{stage_2}"))
        .says(no_port)
        .says("stage_1.mount: only the container of stage-1 has `m`; for");
    run(&config.replace("{users", "{host_port: 2222, users")).never_says(no_port);
    run(&format!("{config}{stage_2}  ports: ['2222:22']\n")).never_says(no_port);
    run(&config.replace("{users", "{enable: false, users")).never_says(no_port);
}

#[test]
fn a_corrected_mode_is_explained() {
    let project = Project::configured();
    let path = "installation/stage-2/custom/own.sh";
    project.write(path, "#!/bin/sh\n");
    let build = |project: &Project| {
        let mut command = project.command(["build"]);
        Run::of(command.env("CONTAINER_ENGINE", "/no/engine"))
    };
    fs::set_permissions(project.path(path), fs::Permissions::from_mode(0o664)).unwrap();
    build(&project)
        .exits(1)
        .says(&format!("`{path}` needs the mode 644"))
        .says("run `pei configure`, then this again");
    project
        .run(["configure"])
        .succeeds()
        .says(&format!("`{path}` has the mode 644 now"));
    build(&project).exits(3);
}

#[test]
fn what_was_never_configured_is_not_out_of_date() {
    let project = Project::create_minimal();
    project
        .run(["build"])
        .exits(1)
        .says("nothing has been configured yet")
        .says("run `pei configure`, then this again");
}

#[test]
fn with_a_cache_the_next_step_is_a_build_that_uses_it() {
    let project = Project::create_minimal();
    let config = "stage_1:\n  image: {base: a, output: b}\n  device: {type: auto}\ncache: {folder: /srv/cache}\n";
    project.write("user_config.yml", config);
    project
        .run(["configure"])
        .succeeds()
        .says("next: pei build && docker compose up -d\n")
        .says("docker compose -f docker-compose.yml -f docker-compose.gpu.yml up -d\n")
        .never_says("--build");
}
