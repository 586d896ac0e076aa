//! `pei lock`, against a stand-in for docker whose images have the files of directories. The stand-in knows no command
//! that would ask a registry.

use std::fs;
use std::os::unix::fs::PermissionsExt;

use serde_json::{Value, json};

use crate::project::{PLAIN, Project, Run};

const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
case "$*" in
    version*) [[ ! -e away ]] || { echo "cannot connect" >&2; exit 1; }; echo 26.1.5 ;;
    compose*) cat compose ;;
    image\ inspect\ --\ sha256:*) cat "image-${*: -1}" ;;
    image\ inspect*) cat images ;;
    create\ --\ *\ none) echo "$3" ;;
    cp\ *) folder=records/${2%%:*}
        [[ -d $folder ]] || { echo "Could not find the file /usr/share/pei/record" >&2; exit 1; }
        tar -C "$folder" -c record ;;
    rm\ *) ;;
    *) echo "not understood: $*" >&2; exit 1 ;;
esac
"#;

const ONE: &str = r#"{"kind":"apt","name":"libc6","architecture":"amd64","version":"2.36-9"}
{"kind":"apt","name":"adduser","architecture":"all","version":"3.134"}
{"kind":"download","name":"uv-x86_64.tar.gz","url":"https://me:SENTINEL@a.example/uv-x86_64.tar.gz?token=SENTINEL","version":"1.2","from":"http://SENTINEL@mirror.example/uv","sha256":"SUM","checked":"published"}
{"kind":"git","url":"https://SENTINEL@a.example/clone","version":"main","commit":"abc"}
{"kind":"os","name":"debian","version":"12"}
{"kind":"tool","name":"uv","path":"/opt/a dir/uv","version":"1.2"}
"#;

const MORE: &str = r#"{"kind":"apt","name":"hello","architecture":"amd64","version":"2.10-3"}
{"kind":"npm","name":"@angular/cli","user":"me","version":"2"}
"#;

const DIGEST: &str = "sha256:1111111111111111111111111111111111111111111111111111111111111111";

struct Built {
    project: Project,
}

impl Built {
    /// Both stages, as the config has them.
    fn new() -> Self {
        let project = Project::create_minimal();
        project.write("installation/stage-1/custom/more.sh", "#!/bin/bash\n");
        let built = Self { project };
        fs::create_dir_all(built.project.beside("bin")).unwrap();
        built.put("docker", DOCKER);
        let docker = built.project.beside("bin/docker");
        fs::set_permissions(docker, fs::Permissions::from_mode(0o755)).unwrap();
        built.record("aa", ONE);
        built.record("bb", &format!("{ONE}{MORE}"));
        built.configure(&PLAIN.replace(
            "stage_2:",
            "  custom: {on_build: [stage-1/custom/more.sh]}\nstage_2:",
        ));
        built.build();
        built
    }

    fn put(&self, name: &str, text: &str) {
        let path = self.project.beside("bin").join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn record(&self, id: &str, lines: &str) {
        let lines = lines.replace("SUM", &"0a".repeat(32));
        self.put(&format!("records/{id}/record/all.jsonl"), &lines);
    }

    fn configure(&self, config: &str) {
        self.project.write("user_config.yml", config);
        self.run(&["configure"]).succeeds();
        let text = self.project.read("docker-compose.yml");
        let compose: Value = serde_yaml::from_str(&text).unwrap();
        self.put("compose", &compose.to_string());
    }

    /// Gives the images the labels that a build would give them.
    fn build(&self) {
        let base = json!({
            "Id": "sha256:base", "RepoTags": ["ubuntu:24.04"], "RepoDigests": [format!("ubuntu@{DIGEST}")],
            "Os": "linux", "Architecture": "amd64", "RootFS": {"Layers": ["sha256:1"]}, "Config": {},
        });
        self.put("images", &json!([base]).to_string());
        self.run(&["build", "--dry-run"]).succeeds();
        let file: Value = serde_yaml::from_str(&self.project.read(".pei/build.yml")).unwrap();
        let image = |stage: &str, id: &str| {
            let labels = &file["services"][stage]["build"]["labels"];
            let labels: Value =
                serde_json::from_str(&labels.to_string().replace("$$", "$")).unwrap();
            json!({
                "Id": format!("sha256:{id}"), "RepoTags": [format!("demo:{stage}")], "Os": "linux",
                "Architecture": "amd64", "Config": {"Labels": labels},
            })
        };
        let (one, two) = (image("stage-1", "aa"), image("stage-2", "bb"));
        self.put("image-sha256:aa", &json!([one]).to_string());
        self.put("image-sha256:bb", &json!([two]).to_string());
        // The builder has fetched the base without giving it a name.
        let images = json!([one, two]);
        self.put("images", &images.to_string());
    }

    fn change_images(&self, from: &str, to: &str) {
        let images = fs::read_to_string(self.project.beside("bin/images")).unwrap();
        assert!(images.contains(from), "{images}");
        self.put("images", &images.replace(from, to));
    }

    fn run(&self, arguments: &[&str]) -> Run {
        let mut command = self.project.command([]);
        let docker = self.project.beside("bin/docker");
        Run::of(command.args(arguments).env("CONTAINER_ENGINE", docker))
    }

    fn lock(&self) -> Value {
        self.run(&["lock"]).succeeds().prints_nothing();
        self.read()
    }

    fn read(&self) -> Value {
        let text = self.project.read("pei.lock");
        let (first, document) = text.split_once('\n').unwrap();
        assert!(first.starts_with("# What the images of this project were built from."));
        serde_json::from_str(document).unwrap()
    }
}

#[test]
fn a_lock_lists_what_the_images_took() {
    let built = Built::new();
    let run = built.run(&["lock"]).succeeds().prints_nothing();
    assert_eq!(
        run.stderr,
        "wrote `pei.lock`: 2 stages, 6 packages and 1 download for amd64\n"
    );
    let lock = built.read();
    let locked = &lock["architectures"]["amd64"];
    assert_eq!(locked["images"]["ubuntu:24.04"]["digest"], DIGEST);
    let one = json!({
        "from": "ubuntu:24.04",
        "hooks": ["stage-1/custom/more.sh"],
        "apt": {"adduser:all": "3.134", "libc6:amd64": "2.36-9"},
        "downloads": [{
            "name": "uv-x86_64.tar.gz", "url": "https://a.example/uv-x86_64.tar.gz", "version": "1.2",
            "sha256": "0a".repeat(32),
        }],
        "others": [
            {"commit": "abc", "kind": "git", "url": "https://a.example/clone", "version": "main"},
            {"kind": "tool", "name": "uv", "path": "/opt/a dir/uv", "version": "1.2"},
        ],
    });
    assert_eq!(locked["stages"]["stage-1"], one);
    let two = json!({
        "from": "stage-1", "hooks": [], "apt": {"hello:amd64": "2.10-3"}, "downloads": [],
        "others": [{"kind": "npm", "name": "@angular/cli", "user": "me", "version": "2"}],
    });
    assert_eq!(locked["stages"]["stage-2"], two);
    assert_eq!(lock["format"], 1);
    assert_eq!(lock["pei"], env!("CARGO_PKG_VERSION"));
    assert!(lock["source_date_epoch"].as_u64().unwrap() > 1_790_000_000);
    assert!(locked["default_versions"]["bun"].is_string());
    let text = built.project.read("pei.lock");
    assert!(
        !text.contains("SENTINEL") && !text.contains("mirror"),
        "{text}"
    );
    let mode = fs::metadata(built.project.path("pei.lock"))
        .unwrap()
        .permissions();
    assert_eq!(mode.mode() & 0o777, 0o644);
}

#[test]
fn the_same_images_give_the_same_lock() {
    let built = Built::new();
    built.lock();
    // An hour ago.
    let text = built.project.read("pei.lock");
    let old = built.read()["source_date_epoch"].as_u64().unwrap() - 3600;
    let (_, document) = text.split_once('\n').unwrap();
    let mut document: Value = serde_json::from_str(document).unwrap();
    document["source_date_epoch"] = old.into();
    built.project.write("pei.lock", stamped(&document));
    let before = built.project.files();
    built
        .run(&["lock"])
        .succeeds()
        .says("`pei.lock` is up to date: 2 stages");
    built.run(&["configure"]).succeeds();
    assert!(before == built.project.files());
    built.record("bb", ONE);
    let lock = built.lock();
    assert!(lock["source_date_epoch"].as_u64().unwrap() > old);
    let ignored = built
        .project
        .bash("git init -q && git check-ignore pei.lock || echo kept");
    assert_eq!(ignored, "kept\n");
}

#[test]
fn the_images_of_a_locked_build_give_the_same_lock() {
    let built = Built::new();
    let mut lock = built.lock();
    // Of an older pei.
    lock["architectures"]["amd64"]["default_versions"]["bun"] = "0.0.1".into();
    built.project.write("pei.lock", stamped(&lock));
    let config = built.project.read("user_config.yml");
    built.configure(&format!("{config}lock: true\n"));
    let file = built.project.read("stage-1.Dockerfile");
    assert!(file.contains(&format!("ubuntu:24.04@{DIGEST}\n")), "{file}");
    built.build();
    built.run(&["lock", "--check"]).succeeds();
    built.run(&["lock"]).succeeds().says("is up to date");
    built.run(&["lock", "--update", "uv"]).succeeds();
    let versions = &built.read()["architectures"]["amd64"]["default_versions"];
    assert!(versions["uv"].is_null() && versions["bun"] == "0.0.1");
}

/// The text of a file with this content, as pei writes it.
fn stamped(document: &Value) -> String {
    pei::stamp(format!(
        "# What the images of this project were built from. `pei lock` writes it: commit it, and do not edit it. \
         pei:----------------\n{document:#}\n"
    ))
}

#[test]
fn check_lists_what_differs() {
    let built = Built::new();
    built.lock();
    let before = built.project.files();
    let run = built.run(&["lock", "--check"]).succeeds().prints_nothing();
    run.says("the images are as `pei.lock` says");
    let later = ONE
        .replace("2.36-9", "2.36-10")
        .replace("SUM", &"0b".repeat(32))
        .replace(
            r#""path":"/opt/a dir/uv","version":"1.2""#,
            r#""path":"/opt/uv","version":"1.2""#,
        );
    built.record("aa", &later);
    built.record("bb", &later);
    let run = built.run(&["lock", "--check"]).exits(4);
    let (old, new) = ("0a".repeat(32), "0b".repeat(32));
    assert_eq!(
        run.stdout,
        format!(
            "stage-1: download https://a.example/uv-x86_64.tar.gz: sha256 {old} → sha256 {new}
stage-1: package libc6:amd64: 2.36-9 → 2.36-10
stage-1: tool uv /opt/a dir/uv 1.2 is only in the lock
stage-1: tool uv /opt/uv 1.2 is not in the lock
stage-2: npm @angular/cli me 2 is only in the lock
stage-2: package hello:amd64 2.10-3 is only in the lock
"
        )
    );
    let _ = run.says("6 differences from `pei.lock`");
    assert!(before == built.project.files());
    built.change_images(r#"\"identity\":\""#, r#"\"identity\":\"00"#);
    built
        .run(&["lock", "--check"])
        .exits(1)
        .says("stage-1 has changed since it was built");
}

#[test]
fn check_names_what_the_config_has_and_the_lock_has_not() {
    let built = Built::new();
    built.lock();
    let hook = "custom: {on_build: [stage-1/custom/more.sh]}";
    let config = built.project.read("user_config.yml");
    let case = |config: &str, lines: &str| {
        built.configure(config);
        let run = built.run(&["lock", "--check"]).exits(4);
        assert_eq!(run.stdout, lines);
    };
    case(
        &config.replace("ubuntu:24.04", "debian:13"),
        "the image `debian:13` is not in the lock\n",
    );
    case(
        &config.replace(hook, "custom: {on_build: ['stage-1/custom/more.sh --a b', stage-1/custom/more.sh, stage-1/system/uv/install-uv.sh]}"),
        "the build hook `stage-1/custom/more.sh` of stage-1 is not in the lock\n\
         the build hook `stage-1/system/uv/install-uv.sh` of stage-1 is not in the lock\n",
    );
    case(
        &format!(
            "{config}stages: {{far: {{copy: [{{from: 'ubuntu:24.04', path: /etc/a, to: /a}}]}}}}\n"
        ),
        "the stage `far` is not in the lock\n",
    );
    // What is only in the lock shows when it has been built.
    built.configure(&config.replace(hook, ""));
    built.run(&["lock", "--check"]).exits(1);
    built.build();
    let run = built.run(&["lock", "--check"]).exits(4);
    assert_eq!(
        run.stdout,
        "stage-1: hook stage-1/custom/more.sh is only in the lock\n"
    );
}

#[test]
fn check_names_what_the_config_of_a_locked_build_has_and_the_lock_has_not() {
    let built = Built::new();
    built.lock();
    let config = built.project.read("user_config.yml");
    let more = "custom: {on_build: [stage-1/custom/more.sh, stage-1/system/uv/install-uv.sh]}";
    let hook = "custom: {on_build: [stage-1/custom/more.sh]}";
    built.project.write(
        "user_config.yml",
        format!("{}lock: true\n", config.replace(hook, more)),
    );
    let run = built.run(&["lock", "--check"]).exits(4);
    assert_eq!(
        run.stdout,
        "the build hook `stage-1/system/uv/install-uv.sh` of stage-1 is not in the lock\n"
    );
    run.says("1 difference from `pei.lock`; configure without `lock: true`");
}

#[test]
fn a_further_stage_needs_no_image_of_its_own() {
    let built = Built::new();
    let config = built.project.read("user_config.yml");
    built
        .project
        .write("installation/stages/tool/make.sh", "#!/bin/bash\n");
    // stage-2 copies from one of them.
    built.configure(&format!(
        "{}  copy: [{{from: tool, path: /out, to: /srv}}]\nstages: {{tool: {{custom: {{on_build: [stages/tool/make.sh]}}}}}}\n",
        config.trim_end().to_owned() + "\n"
    ));
    built.build();
    let run = built.run(&["lock"]).succeeds();
    run.says("what the hooks of tool install is not written anew")
        .says("`pei build tool`");
    let tool = built.read()["architectures"]["amd64"]["stages"]["tool"].clone();
    assert_eq!(tool["hooks"], json!(["stages/tool/make.sh"]));
    assert_eq!(
        (&tool["from"], &tool["apt"]),
        (&json!("stage-1"), &json!({}))
    );
    built.run(&["lock", "--check"]).succeeds();
    // What was locked on a machine that had its image stays.
    let mut lock = built.read();
    lock["architectures"]["amd64"]["stages"]["tool"]["apt"] = json!({"gcc:amd64": "1"});
    built.project.write("pei.lock", stamped(&lock));
    built.run(&["lock", "--check"]).succeeds();
    built.run(&["lock"]).succeeds().says("is up to date");
}

#[test]
fn what_a_further_stage_below_another_took_is_in_the_image_above() {
    let built = Built::new();
    let config = built.project.read("user_config.yml");
    built.configure(&format!(
        "{}  from: base\nstages: {{base: {{}}}}\n",
        config.trim_end().to_owned() + "\n"
    ));
    built.build();
    let lock = built.lock();
    let stages = &lock["architectures"]["amd64"]["stages"];
    assert_eq!(stages["base"]["apt"], json!({"hello:amd64": "2.10-3"}));
    assert_eq!(stages["stage-2"]["apt"], json!({}));
    // A machine that had both images.
    let mut lock = built.read();
    let stages = &mut lock["architectures"]["amd64"]["stages"];
    stages["stage-2"]["apt"] = stages["base"]["apt"].take();
    stages["base"]["apt"] = json!({});
    built.project.write("pei.lock", stamped(&lock));
    built.run(&["lock", "--check"]).succeeds();
    built.record("bb", ONE);
    let run = built.run(&["lock", "--check"]).exits(4);
    assert!(
        run.stdout
            .contains("base: package hello:amd64 2.10-3 is only in the lock\n"),
        "{}",
        run.stdout
    );
}

#[test]
fn only_the_images_of_the_config_are_locked() {
    let built = Built::new();
    let refused = |code: i32, parts: &[&str]| {
        let run = built.run(&["lock"]).exits(code).prints_nothing();
        let _ = parts.iter().fold(run, |run, part| run.says(part));
        assert!(!built.project.path("pei.lock").exists());
    };
    let images = fs::read_to_string(built.project.beside("bin/images")).unwrap();
    built
        .run(&["lock", "--check"])
        .exits(1)
        .says("there is no `pei.lock`")
        .says("`pei build`");
    built
        .run(&["lock", "--update", "a"])
        .exits(1)
        .says("there is no `pei.lock`");
    built.change_images("demo:stage-2", "other:stage-2");
    refused(
        1,
        &["stage-2 has not been built", "run `pei build stage-2`"],
    );
    built.put("images", &images.replace("io.pei.state", "state"));
    refused(
        1,
        &[
            "stage-1 was built without `pei build`; stage-2 was built",
            "run `pei build stage-1 stage-2`",
        ],
    );
    built.put("images", &images);
    built.record("bb", "{\"kind\":\"apt\"}\n");
    refused(
        1,
        &["the record of stage-2 is damaged: line 1 of record/all.jsonl"],
    );
    for bad in [
        r#"{"kind":"apt","name":"a b","architecture":"all","version":"1"}"#,
        r#"{"kind":"apt","name":"a","architecture":"all","version":"1; reboot"}"#,
        r#"{"kind":"download","name":"a","url":"https://a.example/a","sha256":"0"}"#,
        r#"{"kind":"git","url":"no address","commit":"a"}"#,
        r#"{"kind":"tool","name":"a","path":"/a\u202e","version":"1"}"#,
    ] {
        built.record("bb", &format!("{bad}\n"));
        refused(1, &["the record of stage-2 has what no lock can hold: `"]);
    }
    built.project.write(
        "installation/stage-1/custom/more.sh",
        "#!/bin/bash\necho changed\n",
    );
    refused(
        1,
        &["stage-1 has changed since it was built; stage-2 has changed"],
    );
    built.put("away", "");
    refused(3, &["cannot connect"]);
}

#[test]
fn a_stage_without_a_record_took_nothing() {
    let built = Built::new();
    fs::remove_dir_all(built.project.beside("bin/records/aa")).unwrap();
    let lock = built.lock();
    let stages = &lock["architectures"]["amd64"]["stages"];
    assert_eq!(stages["stage-1"]["apt"], json!({}));
    assert_eq!(stages["stage-2"]["apt"].as_object().unwrap().len(), 3);
}

#[test]
#[expect(
    clippy::too_many_lines,
    reason = "a list of damages and what is said of each"
)]
fn a_lock_that_is_not_as_it_was_written_is_refused() {
    let built = Built::new();
    built.lock();
    let good = built.project.read("pei.lock");
    let case = |bad: &[u8], parts: &[&str]| {
        built.project.write("pei.lock", bad);
        for arguments in [
            &["lock"][..],
            &["lock", "--check"],
            &["lock", "--update", "hello"],
        ] {
            let run = built.run(arguments).exits(1).prints_nothing();
            let _ = parts.iter().fold(run, |run, part| run.says(part));
            assert_eq!(fs::read(built.project.path("pei.lock")).unwrap(), bad);
        }
    };
    let edited = |from: &str, to: &str| {
        assert!(good.contains(from), "{from}");
        good.replacen(from, to, 1)
    };
    let cure = "take the file from version control again; or remove it, configure without `lock: true` and --locked, run `pei build` and then `pei lock`";
    case(
        b"",
        &["`pei.lock:1`: this is not the first line of a lock", cure],
    );
    case(
        edited("2.36-9", "2.36-8").as_bytes(),
        &["`pei.lock:1`: the file has been edited since", cure],
    );
    let line = good
        .lines()
        .position(|line| line.contains("adduser"))
        .unwrap()
        + 1;
    let conflict = edited("            \"adduser", "<<<<<<< HEAD\n\"adduser");
    case(
        conflict.as_bytes(),
        &[&format!("`pei.lock:{line}`: "), cure],
    );
    case(
        &good.as_bytes()[..good.len() / 2],
        &["`pei.lock:", "EOF while parsing", cure],
    );
    let mut bytes = good.clone().into_bytes();
    bytes.extend(b"\xff");
    let last = good.lines().count() + 1;
    case(
        &bytes,
        &[&format!("`pei.lock:{last}`: this is not UTF-8"), cure],
    );
    let newer = edited("\"format\": 1", "\"format\": 7");
    case(
        newer.as_bytes(),
        &[
            "a newer pei (",
            "its format is 7, and this pei reads 1",
            "update pei",
        ],
    );
    let older = edited("\"format\": 1", "\"format\": 0");
    case(older.as_bytes(), &["an older pei (", "remove the file"]);

    // Content that no pei writes, below a stamp that fits.
    let change = |path: &str, value: Value, message: &str| {
        let mut lock = serde_json::from_str::<Value>(good.split_once('\n').unwrap().1).unwrap();
        if let Some(place) = lock.pointer_mut(path) {
            *place = value;
        } else {
            let (above, key) = path.rsplit_once('/').unwrap();
            lock.pointer_mut(above).unwrap()[key] = value;
        }
        case(stamped(&lock).as_bytes(), &[message, cure]);
    };
    let stage = "/architectures/amd64/stages/stage-1";
    let place = "`architectures.amd64.stages.stage-1";
    change("/more", 1.into(), "`more` is not known");
    change(
        "/source_date_epoch",
        "now".into(),
        "`source_date_epoch` is not a number",
    );
    change(
        "/architectures",
        json!([]),
        "`architectures` is not a mapping",
    );
    change(
        &format!("{stage}/hooks"),
        1.into(),
        &format!("{place}.hooks` is not a list"),
    );
    change(
        &format!("{stage}/hooks"),
        json!([1]),
        &format!("{place}.hooks[0]` is not a text"),
    );
    change(
        &format!("{stage}/apt/libc6:amd64"),
        "1 2".into(),
        "`1 2` is not the version of a package",
    );
    change(
        &format!("{stage}/apt/a b"),
        "1".into(),
        "`a b` is not NAME:ARCHITECTURE",
    );
    change(
        &format!("{stage}/downloads/0/sha256"),
        "ff".into(),
        "`ff` is not a SHA-256",
    );
    change(
        &format!("{stage}/downloads/0/url"),
        "http://a@b/".into(),
        "is not a URL without a login",
    );
    change(
        &format!("{stage}/downloads/0"),
        json!({}),
        &format!("{place}.downloads[0].name` is missing"),
    );
    change(
        &format!("{stage}/others/0/url"),
        "http://a@b/".into(),
        "is not a URL without a login",
    );
    change(
        "/architectures/amd64/images/ubuntu:24.04/digest",
        "1".into(),
        "`1` is not a digest",
    );

    // Git may have changed the line ends.
    built.project.write("pei.lock", good.replace('\n', "\r\n"));
    built.run(&["lock", "--check"]).succeeds();
}

#[test]
fn an_update_frees_what_it_names() {
    let built = Built::new();
    let before = built.lock();
    let refused = |names: &[&str], parts: &[&str]| {
        let arguments: Vec<&str> = ["lock", "--update"]
            .into_iter()
            .chain(names.iter().copied())
            .collect();
        let run = built.run(&arguments).exits(1).prints_nothing();
        let _ = parts.iter().fold(run, |run, part| run.says(part));
        assert_eq!(built.read(), before);
    };
    refused(
        &["hello", "libc7"],
        &[
            "the lock has no package `libc7`; did you mean `libc6`?",
            "nothing was changed",
        ],
    );
    refused(&["hell"], &["`hell`"]);
    refused(&["x86_64.tar.gz"], &["no package `x86_64.tar.gz`\n"]);
    let run = built
        .run(&["lock", "--update", "libc6", "uv"])
        .succeeds()
        .prints_nothing();
    let _ =
        run.says("removed `libc6` and `uv` from `pei.lock`: `pei build` takes what is there now");
    let freed = built.read();
    let one = &freed["architectures"]["amd64"]["stages"]["stage-1"];
    assert_eq!(one["apt"], json!({"adduser:all": "3.134"}));
    assert_eq!(one["downloads"], json!([]));
    assert_eq!(one["others"].as_array().unwrap().len(), 1);
    assert_eq!(freed["source_date_epoch"], before["source_date_epoch"]);
    let run = built.run(&["lock", "--check"]).exits(4);
    assert_eq!(run.stdout.lines().count(), 3);
    assert_eq!(built.lock()["architectures"], before["architectures"]);
    built.run(&["lock", "--update"]).exits(2);
    built.run(&["lock", "--check", "--update", "a"]).exits(2);
}

#[test]
fn a_default_version_and_the_package_that_it_is_for_are_freed_together() {
    let built = Built::new();
    let before = built.lock();
    for name in ["angular", "@angular/cli", "codex-cli"] {
        built.project.write("pei.lock", stamped(&before));
        built.run(&["lock", "--update", name]).succeeds();
        let freed = &built.read()["architectures"]["amd64"];
        let is_angular = name != "codex-cli";
        let versions = &freed["default_versions"];
        assert_eq!(versions["angular"].is_null(), is_angular, "{name}");
        assert_eq!(versions["codex-cli"].is_null(), !is_angular, "{name}");
        let others = &freed["stages"]["stage-2"]["others"];
        assert_eq!(others.as_array().unwrap().is_empty(), is_angular, "{name}");
    }
}

#[test]
fn downloads_that_differ_in_the_query_stay_apart() {
    let built = Built::new();
    let line = |query: &str, sum: &str| {
        format!(
            r#"{{"kind":"download","name":"f","query":"{query}","url":"https://a.example/f","sha256":"{}"}}"#,
            sum.repeat(32)
        )
    };
    let (one, two) = (line("0123456789ab", "0c"), line("ba9876543210", "0d"));
    built.record("bb", &format!("{ONE}{one}\n{two}\n"));
    let lock = built.lock();
    let downloads = &lock["architectures"]["amd64"]["stages"]["stage-2"]["downloads"];
    assert_eq!(downloads.as_array().unwrap().len(), 2);
    assert_eq!(downloads[0]["query"], "0123456789ab");
    built.record(
        "bb",
        &format!("{ONE}{one}\n{}\n", line("ba9876543210", "0e")),
    );
    let run = built.run(&["lock", "--check"]).exits(4);
    assert!(
        run.stdout
            .starts_with("stage-2: download https://a.example/f?ba9876543210: sha256 0d"),
        "{}",
        run.stdout
    );
    assert_eq!(run.stdout.lines().count(), 1);
    // One alone may have another token each time.
    built.record("bb", &format!("{ONE}{one}\n"));
    built.lock();
    built.record("bb", &format!("{ONE}{}\n", line("ba9876543210", "0c")));
    built.run(&["lock", "--check"]).succeeds();
}

#[test]
fn each_architecture_has_its_own_digest() {
    let built = Built::new();
    let mut lock = built.lock();
    let other = DIGEST.replace('1', "2");
    let mut arm = lock["architectures"]["amd64"].clone();
    arm["images"]["ubuntu:24.04"]["digest"] = other.clone().into();
    lock["architectures"]["arm64"] = arm;
    built.project.write("pei.lock", stamped(&lock));
    let written = |platform: &str| {
        let mut command = built.project.command(["configure", "--locked"]);
        let run = Run::of(command.env("DOCKER_DEFAULT_PLATFORM", platform)).succeeds();
        run.says("the lock has another digest of `ubuntu:24.04` for each of `amd64` and `arm64`");
        built.project.read("stage-1.Dockerfile")
    };
    assert!(written("linux/amd64").contains(&format!("ubuntu:24.04@{DIGEST}\n")));
    assert!(written("linux/arm64/v8").contains(&format!("ubuntu:24.04@{other}\n")));
    let mut command = built.project.command(["configure", "--locked"]);
    let run = Run::of(command.env("DOCKER_DEFAULT_PLATFORM", "linux/riscv64")).exits(1);
    run.says("nothing for the architecture `riscv64`");
}

#[test]
fn each_architecture_has_its_own_part() {
    let built = Built::new();
    let first = built.lock();
    built.change_images(r#""Architecture":"amd64""#, r#""Architecture":"arm64""#);
    let run = built.run(&["lock", "--check"]).exits(4);
    assert_eq!(
        run.stdout,
        "the lock has nothing for the architecture `arm64`, only for `amd64`\n"
    );
    let run = built.run(&["lock"]).succeeds();
    let _ = run.says("for arm64").says("amd64 is in the lock as it was");
    let both = built.read();
    assert_eq!(
        both["architectures"]["amd64"],
        first["architectures"]["amd64"]
    );
    assert!(both["architectures"]["arm64"].is_object());
    assert_eq!(both["source_date_epoch"], first["source_date_epoch"]);
    built.run(&["lock", "--check"]).succeeds();
}
