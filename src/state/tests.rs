//! What is in a state and what is not, on projects that lie on the disk.

use std::collections::BTreeMap;
use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, symlink};
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::json;

use super::*;
use crate::assets;
use crate::config::{self, Host, SourceFile};
use crate::plan::{CustomFile, Inputs, StageFolder, plan};
use crate::project::{WriteMode, stamp_all, write};

const CONFIG: &str = "\
stage_1:
  image: {base: 'debian:12', output: 'demo:stage-1'}
  ssh: {port: 22, host_port: 2222, users: {me: {password: '123456', uid: 1000}}}
  proxy: {address: proxy.example, port: 3128, enable_globally: true}
  custom: {on_build: ['stage-1/custom/core.sh --fast']}
stages:
  npm:
    image: {base: 'node:20'}
    copy: [{from: app, path: package.json, to: /app/}]
    environment: {CI: 'yes'}
    custom: {on_build: ['stages/npm/install.sh']}
  webpack:
    from: npm
    copy: [{from: app, path: ., to: /app/}]
    custom: {on_build: ['stages/webpack/build.sh']}
contexts: {app: app}
stage_2:
  image: {output: 'demo:stage-2'}
  copy: [{from: webpack, path: /app/dist, to: /srv/www}]
  custom: {on_build: ['stage-2/custom/two.sh'], on_user_login: ['stage-2/custom/login.sh']}
";

/// A project on the disk.
struct Demo {
    _parent: tempfile::TempDir,
    folder: PathBuf,
    config: String,
}

impl Demo {
    fn new(name: &str) -> Self {
        let parent = tempfile::tempdir().unwrap();
        let folder = parent.path().join(name);
        let demo = Self {
            _parent: parent,
            folder,
            config: CONFIG.to_owned(),
        };
        for path in [
            "installation/stage-1/custom/core.sh",
            "installation/stage-2/custom/two.sh",
            "installation/stage-2/custom/login.sh",
            "installation/stages/npm/install.sh",
            "installation/stages/webpack/build.sh",
            "app/package.json",
            "app/src/main.js",
            "app/node_modules/a.js",
        ] {
            demo.put(path, &format!("echo {path}\n"));
        }
        demo.put("app/.dockerignore", "node_modules\n");
        demo.configure();
        demo
    }

    fn path(&self, path: &str) -> PathBuf {
        self.folder.join(path)
    }

    fn put(&self, path: &str, text: &str) {
        let path = self.path(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, text).unwrap();
    }

    fn mode(&self, path: &str, mode: u32) {
        fs::set_permissions(self.path(path), Permissions::from_mode(mode)).unwrap();
    }

    fn plan(&self) -> Plan {
        let mut folders: BTreeMap<String, StageFolder> = BTreeMap::new();
        for (stage, entries) in [
            ("stage-1", &["custom", "internals", "lib", "system"][..]),
            ("stage-2", &["custom", "system"]),
            ("stages/npm", &[]),
            ("stages/webpack", &[]),
        ] {
            let entries = entries.iter().map(|name| (*name).to_owned());
            let custom = match stage {
                "stage-2" => vec!["login.sh", "two.sh"],
                _ => Vec::new(),
            };
            let custom = custom.into_iter().map(|name| CustomFile {
                name: name.to_owned(),
                text: Some(String::new()),
            });
            let folder = StageFolder {
                entries: entries.collect(),
                custom: custom.collect(),
                ..StageFolder::default()
            };
            folders.insert(stage.to_owned(), folder);
        }
        plan_of(&self.config, &self.folder, folders)
    }

    fn configure(&self) {
        write_out(&self.plan(), &self.folder);
    }

    fn states_with(
        &self,
        change: impl Fn(&mut Builds),
        bases: &Bases,
    ) -> BTreeMap<String, StageState> {
        let plan = self.plan();
        let mut builds = Builds::from_plan(&plan, &|_| None);
        change(&mut builds);
        let states = states(&plan, &self.folder, &builds, bases).unwrap();
        states
            .into_iter()
            .map(|state| (state.name.clone(), state))
            .collect()
    }

    fn hashes(&self) -> BTreeMap<String, String> {
        hashes(&self.states_with(|_| {}, &bases("a")))
    }
}

fn plan_of(config: &str, folder: &Path, folders: BTreeMap<String, StageFolder>) -> Plan {
    let source = SourceFile::new("user_config.yml", config);
    let host = Host::new(folder.join("installation")).without_credentials();
    let loaded = config::load(&source, &host).unwrap_or_else(|found| panic!("{found:?}"));
    let inputs = Inputs {
        folders,
        ..Inputs::default()
    };
    plan(&loaded.project, &inputs)
}

fn write_out(plan: &Plan, folder: &Path) {
    fs::create_dir_all(folder).unwrap();
    let mut tree = crate::render::project(plan, None).unwrap();
    stamp_all(&mut tree);
    write(&tree, folder, WriteMode::Configure).unwrap();
}

fn bases(layer: &str) -> Bases {
    let mut bases = Bases::default();
    for (name, layer) in [("debian:12", layer), ("node:20", "n")] {
        let image = json!({"Os": "linux", "Architecture": "amd64", "RootFS": {"Layers": [layer]}, "Config": {}});
        bases.insert(name, Ok(Identity::of(&image, "linux/amd64").unwrap()));
    }
    bases
}

fn hashes(states: &BTreeMap<String, StageState>) -> BTreeMap<String, String> {
    let states = states.values();
    states
        .map(|stage| (stage.name.clone(), stage.state.clone().unwrap().to_string()))
        .collect()
}

fn changed(old: &BTreeMap<String, String>, new: &BTreeMap<String, String>) -> String {
    let names = new
        .iter()
        .filter(|(name, hash)| old.get(*name) != Some(hash));
    names
        .map(|(name, _)| name.as_str())
        .collect::<Vec<_>>()
        .join(" ")
}

const ALL_ON_CORE: &str = "stage-1 stage-1-core stage-2 stage-2-core";

#[test]
fn the_stages_stand_behind_those_that_they_need() {
    let demo = Demo::new("demo");
    let plan = demo.plan();
    let builds = Builds::from_plan(&plan, &|_| None);
    let states = states(&plan, &demo.folder, &builds, &bases("a")).unwrap();
    let lines = states.iter().map(|stage| {
        let needs: Vec<_> = stage.needs.iter().map(String::as_str).collect();
        format!(
            "{} {:?} ({}) for {}",
            stage.name,
            stage.kind,
            needs.join(" "),
            stage.services.join(" ")
        )
    });
    assert_eq!(
        lines.collect::<Vec<_>>(),
        [
            "stage-1-core Core () for stage-1 stage-2",
            "stage-1 Tail (stage-1-core) for stage-1",
            "npm Builder () for stage-2 npm webpack",
            "webpack Builder (npm) for stage-2 webpack",
            "stage-2-core Core (stage-1-core webpack) for stage-2",
            "stage-2 Tail (stage-2-core) for stage-2",
        ]
    );
    assert_eq!(states[0].from, From::Image("debian:12".into()));
    assert_eq!(states[4].from, From::Stage("stage-1-core".into()));
    let images: Vec<String> = super::images(&plan, &builds).into_iter().collect();
    assert_eq!(images, ["debian:12", "node:20"]);
}

#[test]
fn both_dockerfiles_give_one_state_for_a_stage_that_both_hold() {
    let demo = Demo::new("demo");
    let only = |service: &'static str| {
        let keep = move |builds: &mut Builds| builds.0.retain(|build| build.service == service);
        hashes(&demo.states_with(keep, &bases("a")))
    };
    let (one, two, own) = (only("stage-1"), only("stage-2"), only("webpack"));
    assert_eq!(one["stage-1-core"], two["stage-1-core"]);
    assert_eq!(own["webpack"], two["webpack"]);
    assert_eq!(own["npm"], two["npm"]);
    // Without a cache the working image is one stage of its file.
    let mut kept = Demo::new("demo");
    kept.config.push_str("cache: {folder: /nowhere}\n");
    let kept = kept.states_with(|_| {}, &bases("a"));
    assert_eq!(kept["webpack_files"].kind, Kind::Files);
    assert_eq!(kept["webpack_files"].from, From::Scratch);
    assert!(kept["stage-2-core"].needs.contains("webpack_files"));
    assert_eq!(hashes(&kept)["npm"], two["npm"]);
    // And so in every configuration that pei ships.
    for name in assets::quick_templates() {
        let config = assets::template(&format!("config/quick/{name}.yml"));
        let plan = plan_of(config, &demo.folder, BTreeMap::new());
        let mut bases = Bases::default();
        let builds = Builds::from_plan(&plan, &|_| None);
        for image in super::images(&plan, &builds) {
            bases.insert(image, super::tests::bases("a").get("debian:12"));
        }
        for stage in states(&plan, &demo.folder, &builds, &bases).unwrap() {
            assert!(stage.state.is_ok(), "{name}: {:?}", stage.state);
        }
    }
}

#[test]
fn a_state_covers_what_redoes_a_step() {
    let mut demo = Demo::new("demo");
    let start = demo.hashes();
    let custom = "installation/stage-1/custom/core.sh";
    let text = fs::read_to_string(demo.path(custom)).unwrap();
    let expect = |demo: &Demo, what: &str, expected: &str| {
        assert_eq!(changed(&start, &demo.hashes()), expected, "{what}");
    };
    let all = "stage-1 stage-1-core stage-2 stage-2-core";

    demo.put(custom, "echo other\n");
    expect(&demo, "the text of a script", all);
    demo.put(custom, &text);
    expect(&demo, "the same text again", "");
    for mode in [0o600, 0o755, 0o664] {
        demo.mode(custom, mode);
        expect(&demo, "a mode", all);
    }
    demo.mode(custom, 0o644);
    demo.mode("installation/stage-1/custom", 0o775);
    expect(&demo, "the mode of a directory", all);
    demo.mode("installation/stage-1/custom", 0o755);
    demo.put("installation/stage-1/custom/new.txt", "");
    expect(&demo, "a new file", all);
    fs::remove_file(demo.path("installation/stage-1/custom/new.txt")).unwrap();
    fs::create_dir(demo.path("installation/stage-1/custom/empty")).unwrap();
    expect(&demo, "an empty directory", all);
    fs::remove_dir(demo.path("installation/stage-1/custom/empty")).unwrap();
    fs::rename(demo.path(custom), demo.path("installation/stage-1/core.sh")).unwrap();
    symlink("../core.sh", demo.path(custom)).unwrap();
    expect(&demo, "a link in place of a file", all);
    fs::remove_file(demo.path(custom)).unwrap();
    fs::rename(demo.path("installation/stage-1/core.sh"), demo.path(custom)).unwrap();
    expect(&demo, "all is as it was", "");

    demo.put("installation/stages/webpack/build.sh", "echo other\n");
    expect(&demo, "a further stage", "stage-2 stage-2-core webpack");
    demo.put(
        "installation/stages/webpack/build.sh",
        "echo installation/stages/webpack/build.sh\n",
    );
    demo.put("app/src/main.js", "other");
    expect(&demo, "a file of a context", "stage-2 stage-2-core webpack");
    demo.put("app/src/main.js", "echo app/src/main.js\n");
    demo.put("app/package.json", "other");
    expect(
        &demo,
        "one that is copied early",
        "npm stage-2 stage-2-core webpack",
    );
    demo.put("app/package.json", "echo app/package.json\n");
    demo.put("app/src/id_utils.js", "x");
    expect(&demo, "a name like a key's", "stage-2 stage-2-core webpack");
    fs::remove_file(demo.path("app/src/id_utils.js")).unwrap();
    demo.put("app/id_rsa/a.js", "x");
    expect(
        &demo,
        "a directory called as a key",
        "stage-2 stage-2-core webpack",
    );
    fs::remove_dir_all(demo.path("app/id_rsa")).unwrap();
    expect(&demo, "all is as it was", "");

    let config = demo.config.clone();
    for (from, to, expected) in [
        ("port: 22,", "port: 2200,", all),
        ("--fast", "--slow", all),
        ("uid: 1000", "uid: 1001", all),
        (
            "3128",
            "3129",
            "npm stage-1 stage-1-core stage-2 stage-2-core webpack",
        ),
        ("CI: 'yes'", "CI: 'no'", "npm stage-2 stage-2-core webpack"),
        ("to: /srv/www", "to: /srv/web", "stage-2 stage-2-core"),
        (
            "'stage-2/custom/two.sh'",
            "'stage-2/custom/two.sh 2'",
            "stage-2 stage-2-core",
        ),
    ] {
        demo.config = config.replace(from, to);
        assert_ne!(demo.config, config);
        demo.configure();
        expect(&demo, to, expected);
    }
    demo.config = config;
    demo.configure();
}

#[test]
fn a_state_covers_the_base_and_the_options() {
    let demo = Demo::new("demo");
    let start = demo.hashes();
    let with = |change: fn(&mut Build), layer: &str| {
        let change = |builds: &mut Builds| builds.0.iter_mut().for_each(change);
        changed(&start, &hashes(&demo.states_with(change, &bases(layer))))
    };
    assert_eq!(with(|_| {}, "b"), ALL_ON_CORE);
    let every = "npm stage-1 stage-1-core stage-2 stage-2-core webpack";
    for option in ["extra_hosts", "network", "ulimits"] {
        let found = match option {
            "extra_hosts" => with(|build| drop(build.options.remove("extra_hosts")), "a"),
            "network" => with(
                |build| drop(build.options.insert("network".into(), "host".into())),
                "a",
            ),
            _ => with(
                |build| drop(build.options.insert("ulimits".into(), "{}".into())),
                "a",
            ),
        };
        assert_eq!(found, every, "{option}");
    }
}

#[test]
fn a_state_does_not_cover_what_redoes_none() {
    let mut demo = Demo::new("demo");
    let start = demo.hashes();
    // Another place, at another time.
    assert_eq!(changed(&start, &Demo::new("else where").hashes()), "");
    for (path, text) in [
        ("installation/stage-1/custom/core.sh.bak", "x"),
        ("installation/stage-1/custom/.core.sh.swp", "x"),
        ("app/node_modules/a.js", "x"),
        ("app/.env", "x"),
        ("app/src/id_ed25519", "x"),
        ("app/user_config.local.yml", "x"),
        ("app/src/store.P12", "x"),
        ("README.md", "x"),
        ("app2/x", "x"),
    ] {
        demo.put(path, text);
        assert_eq!(changed(&start, &demo.hashes()), "", "{path}");
    }
    // As in a clone under another umask.
    demo.mode("app/src", 0o775);
    demo.mode("app/src/main.js", 0o664);
    assert_eq!(changed(&start, &demo.hashes()), "");
    // Of the tails alone.
    demo.put(".pei/secrets/ssh-credentials", "me $6$other\n");
    assert_eq!(changed(&start, &demo.hashes()), "stage-1 stage-2");
    demo.configure();
    demo.put("installation/stage-2/custom/login.sh", "other");
    assert_eq!(changed(&start, &demo.hashes()), "stage-2");
    demo.put(
        "installation/stage-2/custom/login.sh",
        "echo installation/stage-2/custom/login.sh\n",
    );

    let config = demo.config.clone();
    for (from, to) in [
        ("host_port: 2222", "host_port: 2223"),
        ("output: 'demo:stage-2'", "output: 'demo:2'"),
        (
            "stage_2:\n",
            "stage_2:\n  environment: {A: b}\n  ports: ['80:80']\n  shm_size: 1g\n",
        ),
    ] {
        demo.config = config.replace(from, to);
        assert_ne!(demo.config, config);
        demo.configure();
        assert_eq!(changed(&start, &demo.hashes()), "", "{to}");
    }
    demo.config = config;
    demo.configure();
    let unused = |builds: &mut Builds| {
        for build in &mut builds.0 {
            build.args.insert("NOBODY_READS_IT".into(), "x".into());
            build.image = Some("other:1".into());
        }
    };
    assert_eq!(
        changed(&start, &hashes(&demo.states_with(unused, &bases("a")))),
        ""
    );
}

#[test]
fn what_may_be_a_secret_is_not_among_the_inputs() {
    let demo = Demo::new("demo");
    let states = demo.states_with(
        |builds| {
            for build in &mut builds.0 {
                for name in ["PEI_DOWNLOAD_MIRROR", "PEI_HTTP_PROXY_1"] {
                    build
                        .args
                        .insert(name.into(), "http://me:SENTINEL@host".into());
                }
            }
        },
        &bases("a"),
    );
    for stage in states.values() {
        let shown = format!("{:?}", stage.inputs);
        assert!(
            !shown.contains("SENTINEL") && !shown.contains(":3128"),
            "{shown}"
        );
    }
    let args = states["stage-1-core"].inputs.iter();
    let port = args
        .into_iter()
        .find(|input| input.name == "SSH_CONTAINER_PORT");
    assert_eq!(port.unwrap().value, Value::Text("22".into()));
}

#[test]
fn what_is_not_known_has_no_state_and_says_why() {
    let demo = Demo::new("demo");
    let why = |states: BTreeMap<String, StageState>, name: &str| {
        states[name].state.clone().unwrap_err().to_string()
    };
    let mut none = Bases::default();
    none.insert("debian:12", Err(Unknown::new("the registry is away")));
    none.insert("node:20", bases("a").get("node:20"));
    let states = demo.states_with(|_| {}, &none);
    assert!(states["npm"].state.is_ok());
    for name in ["stage-1-core", "stage-1", "stage-2-core", "stage-2"] {
        assert_eq!(
            states[name].state.clone().unwrap_err().to_string(),
            "the registry is away"
        );
    }
    let states = demo.states_with(
        |builds| {
            let build = builds.0.iter_mut().find(|build| build.service == "stage-2");
            build
                .unwrap()
                .args
                .insert("SSH_CONTAINER_PORT".into(), "23".into());
        },
        &bases("a"),
    );
    assert!(why(states, "stage-1-core").contains("different args"));
    let states = demo.states_with(
        |builds| {
            for build in &mut builds.0 {
                let place = "docker-image://x".to_owned();
                build.contexts.insert("webpack".into(), place);
            }
        },
        &bases("a"),
    );
    assert!(why(states, "stage-2").contains("override"));
}

#[test]
fn compose_and_the_plan_say_the_same() {
    let has_compose = Command::new("docker").args(["compose", "version"]).output();
    if !has_compose.is_ok_and(|output| output.status.success()) {
        assert!(
            std::env::var_os("CI").is_none_or(|value| value.is_empty()),
            "Compose is missing"
        );
        return;
    }
    let golden = fs::read_dir("tests/golden").unwrap();
    let mut cases: Vec<PathBuf> = golden.flatten().map(|case| case.path()).collect();
    cases
        .retain(|case| case.is_dir() && !case.join("env").exists() && !case.join("files").exists());
    assert!(cases.len() > 6);
    cases.push("demo".into());
    for case in cases {
        let demo = Demo::new("demo");
        let plan = match fs::read_to_string(case.join("user_config.yml")) {
            Ok(config) => plan_of(&config, &demo.folder, BTreeMap::new()),
            Err(_) => demo.plan(),
        };
        write_out(&plan, &demo.folder);
        let output = Command::new("docker")
            .args(["compose", "--profile", "*", "config", "--format", "json"])
            .current_dir(&demo.folder)
            .output()
            .unwrap();
        let json = String::from_utf8(output.stdout).unwrap();
        let told = Builds::from_compose(&json, &plan, &demo.folder).unwrap();
        let planned = Builds::from_plan(&plan, &|_| None);
        assert_eq!(told.0.len(), planned.0.len());
        for (told, planned) in told.iter().zip(planned.iter()) {
            assert_eq!(told.args, planned.args, "{}", case.display());
            assert_eq!(told.options, planned.options, "{}", case.display());
            assert_eq!((&told.foreign, &told.target), (&None, &planned.target));
        }
        let mut bases = Bases::default();
        for image in super::images(&plan, &planned) {
            bases.insert(image, super::tests::bases("a").get("debian:12"));
        }
        let hashes = |builds: &Builds| {
            let states = states(&plan, &demo.folder, builds, &bases).unwrap();
            let hashes = states.into_iter().map(|stage| (stage.name, stage.state));
            hashes.collect::<Vec<_>>()
        };
        assert_eq!(hashes(&told), hashes(&planned), "{}", case.display());
    }
}

/// What the tree says of a project whose images were built from some states.
fn told(now: &BTreeMap<String, StageState>, built: &[StageState], cached: &[&str]) -> String {
    let order = [
        "stage-1-core",
        "stage-1",
        "npm",
        "webpack",
        "stage-2-core",
        "stage-2",
    ];
    let now: Vec<StageState> = order.iter().map(|name| now[*name].clone()).collect();
    let mut labels = Labels::default();
    for service in ["stage-1", "stage-2"] {
        let held: Vec<&StageState> = built
            .iter()
            .filter(|stage| stage.services.iter().any(|name| name == service))
            .collect();
        let stages = read_label(&label(&held));
        labels.insert(service, (!held.is_empty()).then_some(stages));
    }
    let stored = Stored {
        in_cache: cached
            .iter()
            .map(|name| ((*name).to_owned(), true))
            .collect(),
        ..Stored::default()
    };
    let stages = standings(&now, Some(&labels), &stored);
    let why = crate::render::status_why(&stages, "stage-2");
    format!("{}\n{why}", crate::render::status_tree(&stages, &[]))
}

#[test]
fn a_marker_in_the_name_of_a_base_changes_no_state() {
    // The name of apt's cache comes from it, but BuildKit runs no step again for that.
    let mut demo = Demo::new("demo");
    let plain = demo.hashes();
    demo.config = demo.config.replace("'debian:12'", "'{{BASE:-debian:12}}'");
    demo.configure();
    assert_eq!(demo.hashes(), plain);
}

#[test]
fn a_variable_of_a_further_stage_is_named_without_its_value() {
    let mut demo = Demo::new("demo");
    let built = demo.states_with(|_| {}, &bases("a"));
    let label = label(&[&built["npm"]]);
    assert!(!label.contains("yes"), "{label}");
    let npm = &read_label(&label)["npm"];
    let mut changed = |environment: &str| {
        demo.config = CONFIG.replace("{CI: 'yes'}", environment);
        demo.configure();
        let now = demo.states_with(|_| {}, &bases("a"));
        let changes = change::changes(&now["npm"], npm, &|_| false);
        let texts: Vec<_> = changes.into_iter().map(|change| change.text).collect();
        texts.join("; ")
    };
    assert_eq!(changed("{CI: 'yes'}"), "");
    assert_eq!(
        changed("{CI: 'no'}"),
        "stages.npm.environment.CI has changed"
    );
    let two = changed("{CI: 'yes', TOKEN: SENTINEL}");
    assert_eq!(two, "stages.npm.environment.TOKEN is new");
    assert_eq!(changed("{}"), "stages.npm.environment.CI is gone");
}

#[test]
fn the_order_of_variables_is_in_the_state() {
    let mut demo = Demo::new("demo");
    let mut state = |environment: &str| {
        demo.config = CONFIG.replace("{CI: 'yes'}", environment);
        demo.configure();
        demo.hashes()["npm"].clone()
    };
    assert_ne!(state("{A: '1', B: '2'}"), state("{B: '2', A: '1'}"));
}

#[test]
fn the_copied_files_stand_for_their_stage() {
    let mut demo = Demo::new("demo");
    demo.config += "cache: {folder: /srv/cache}\n";
    let states: Vec<_> = demo
        .states_with(|_| {}, &bases("a"))
        .into_values()
        .collect();
    let files = states
        .iter()
        .find(|stage| stage.kind == Kind::Files)
        .unwrap();
    let stage = files.needs.first().unwrap();
    let standing = |stored: &Stored| {
        let all = standings(&states, Some(&Labels::default()), stored);
        let one = all
            .into_iter()
            .find(|one| one.stage.name == *stage)
            .unwrap();
        (one.standing, one.in_cache)
    };
    let in_cache = Stored {
        in_cache: [(files.name.clone(), true)].into(),
        ..Stored::default()
    };
    assert_eq!(standing(&in_cache), (Standing::Cached, Some(true)));
    let on_engine = Stored {
        on_engine: [files.name.clone()].into(),
        in_cache: [(files.name.clone(), false)].into(),
    };
    assert_eq!(standing(&on_engine), (Standing::Built, Some(false)));
}

#[test]
fn the_tree_names_what_has_changed() {
    let mut demo = Demo::new("demo");
    let look = |demo: &Demo| demo.states_with(|_| {}, &bases("a"));
    let built: Vec<StageState> = look(&demo).into_values().collect();
    let all_is_built = "\
debian:12
└─ ✔ stage-1-core
   ├─ ✔ stage-1
   └─ ✔ stage-2-core
      └─ ✔ stage-2
node:20
└─ ✔ npm
   └─ ✔ webpack

stage-2 is built here
";
    assert_eq!(told(&look(&demo), &built, &[]), all_is_built);

    demo.put("installation/stages/webpack/build.sh", "echo other\n");
    demo.config = demo.config.replace("port: 22,", "port: 2200,");
    demo.configure();
    assert_eq!(
        told(&look(&demo), &built, &["webpack"]),
        "\
debian:12
└─ ○ stage-1-core      args SSH_CONTAINER_PORT: 22 → 2200
   ├─ ○ stage-1        stage-1-core will be built
   └─ ○ stage-2-core   stage-1-core will be built
                       webpack has changed
      └─ ○ stage-2     stage-2-core will be built
node:20
└─ ✔ npm
   └─ ☁ webpack

stage-2 will be built:
  stage-2-core will be built:
    webpack has changed
    stage-1-core will be built:
      args SSH_CONTAINER_PORT: 22 → 2200
"
    );
    let tree = told(&look(&demo), &built, &[]);
    assert!(
        tree.contains("○ webpack        file stages/webpack/build.sh\n"),
        "{tree}"
    );

    // What is built is compared with the cache too.
    let tree = told(
        &look(&demo),
        &look(&demo).into_values().collect::<Vec<_>>(),
        &["webpack"],
    );
    assert!(
        tree.contains("✔ webpack        also in the cache\n"),
        "{tree}"
    );
    // An image whose state is not known does not hide what the cache has.
    let tree = told(&look(&demo), &[], &["stage-1-core"]);
    assert!(tree.contains("─ ☁ stage-1-core\n"), "{tree}");

    // Compose alone gives an image no label.
    let tree = told(&look(&demo), &[], &[]);
    assert!(
        tree.contains("? stage-1-core      built by docker compose, its state is unknown\n"),
        "{tree}"
    );
    let nothing = standings(&built, Some(&Labels::default()), &Stored::default());
    assert!(
        nothing
            .iter()
            .all(|stage| stage.standing == Standing::ToBuild(Vec::new()))
    );
    let away = standings(&built, None, &Stored::default());
    assert!(
        away.iter()
            .all(|stage| matches!(stage.standing, Standing::Unknown(_)))
    );
}
