//! What the loader makes of good configs.

use std::sync::OnceLock;

use crate::config::Loaded;
use crate::diagnostic::Code;
use crate::fuzz::fake::FakeHost;
use crate::model::{
    Apt, AptSource, ComposeText, Device, MountSource, Origin, Part, PrivateKey, Project, Ssh,
    Stage, StageId, StorageKey,
};

/// A good stage-1 with more keys.
fn one(keys: &str) -> String {
    format!("stage_1:\n  image: {{base: a, output: b}}\n{keys}\n")
}

/// Loads a config, which must fit the schema too.
#[track_caller]
fn load_on(host: &FakeHost, yaml: &str) -> Loaded {
    static SCHEMA: OnceLock<jsonschema::Validator> = OnceLock::new();
    let schema = SCHEMA
        .get_or_init(|| jsonschema::validator_for(&crate::config::schema()).expect("a schema"));
    match host.load(yaml) {
        Ok(loaded) => {
            let value = serde_saphyr::from_str(yaml).expect("YAML");
            let errors: Vec<String> = schema.iter_errors(&value).map(|e| e.to_string()).collect();
            assert!(errors.is_empty(), "{yaml}\n{errors:?}");
            loaded
        }
        Err(found) => panic!("{yaml}\n{found:#?}"),
    }
}

#[track_caller]
fn load(yaml: &str) -> Project {
    let loaded = load_on(
        &FakeHost::default().variable("A", "a").variable("EMPTY", ""),
        yaml,
    );
    assert!(loaded.warnings.is_empty(), "{yaml}\n{:#?}", loaded.warnings);
    loaded.project
}

fn first(project: Project) -> Stage {
    project.stages.into_iter().next().expect("a stage")
}

fn second(project: Project) -> Stage {
    project.stages.into_iter().nth(1).expect("two stages")
}

fn ssh(project: Project) -> Ssh {
    first(project).ssh.expect("an ssh section")
}

/// Builds on that stage.
fn on(id: &StageId) -> Origin {
    Origin::Stage {
        id: id.clone(),
        written: None,
    }
}

fn literal(text: &str) -> ComposeText {
    ComposeText::literal(text)
}

fn marker(name: &str, default: Option<&str>) -> Part {
    Part::Marker {
        name: name.into(),
        default: default.map(Into::into),
    }
}

#[test]
fn a_minimal_config_gets_the_defaults() {
    let project = load(&one(""));
    let stage = &project.stages[0];
    assert_eq!(stage.from, Origin::Image(literal("a")));
    assert_eq!(stage.output, literal("b"));
    assert_eq!(stage.proxy.address, literal("host.docker.internal"));
    assert_eq!(stage.proxy.port, 7890);
    assert!(!stage.proxy.enable_globally);
    assert_eq!(stage.device, Device::Cpu);
    let apt = Apt {
        repo_source: AptSource::Unchanged,
        keep_repo_after_build: true,
        use_proxy: false,
        keep_proxy_after_build: false,
        snapshot: None,
    };
    assert_eq!(stage.apt, Some(apt));
    assert_eq!(stage.ssh, None);
    assert_eq!(project.stages.len(), 1);
}

#[test]
fn null_is_the_default_for_values_and_sections() {
    let minimal = load(&one(""));
    for keys in [
        "  ssh:\n  proxy: ~\n  apt: null\n  environment:\n  ports: Null\n  device: NULL\n  mount: ~\n  custom: ~",
        "  proxy: {address: null, port: ~, enable_globally: , use_https: null}",
        "  apt: {repo_source: null, keep_repo_after_build: ~}\n  device: {type: ~}",
        "  custom: {on_build: null, on_entry: ~, on_user_login: []}\n  environment: {}\n  ports: []",
        "  mount: {a: null}\n  storage: null\nstage_2: null",
        "  apt: {repo_source: ''}\n  proxy: {port: '${EMPTY}', use_https: '${NONE:-}'}",
        "  x-anything: {a: [1, {{{}}}]}\nx-more: &a *b",
    ] {
        let yaml = one(keys).replace("{{{}}}", "{}").replace("&a *b", "5");
        assert_eq!(load(&yaml), minimal, "{keys}");
    }
}

#[test]
fn line_ends_and_byte_order_marks_do_no_harm() {
    let yaml = "\u{feff}stage_1:\n  image:\n    base: a\n    output: b\n";
    assert_eq!(load(&yaml.replace('\n', "\r\n")), load(&one("")));
    assert_eq!(load(&format!("---\n{}...\n", one(""))), load(&one("")));
}

#[test]
fn booleans_and_numbers_are_lenient() {
    for (text, expected) in [
        ("true", true),
        ("True", true),
        ("yes", true),
        ("'on'", true),
        ("Y", true),
        ("\"TRUE\"", true),
        ("false", false),
        ("No", false),
        ("off", false),
        ("'no'", false),
        ("'${NONE:-no}'", false),
    ] {
        let project = load(&one(&format!("  proxy: {{use_https: {text}, port: '80'}}")));
        assert_eq!(project.stages[0].proxy.use_https, expected, "{text}");
        assert_eq!(project.stages[0].proxy.port, 80);
    }
}

#[test]
fn text_is_kept_as_typed() {
    let keys = "  ssh:\n    users:\n      me: {password: 0123}\n      you: {password: 'null'}\n      her: {password: 1e3}\n      him: {password: yes}\n      it: {password: !!str ~}";
    let ssh = ssh(load(&one(keys)));
    let passwords: Vec<_> = ssh
        .users
        .iter()
        .map(|user| match &user.password {
            Some(crate::model::Password::Clear(text)) => Some(text.as_str()),
            _ => None,
        })
        .collect();
    let expected = ["0123", "null", "1e3", "yes", "~"].map(Some);
    assert_eq!(passwords, expected);
    assert_eq!((ssh.port, ssh.host_port), (22, None));

    let variables = load(&one(
        "  environment: {A: 1.10, B: true, C: 0x1F, D: '', E: null, F: '${EMPTY}'}",
    ));
    let values: Vec<_> = first(variables)
        .environment
        .into_iter()
        .map(|one| one.value)
        .collect();
    let text = |text: &str| Some(literal(text));
    assert_eq!(
        values,
        [
            text("1.10"),
            text("true"),
            text("0x1F"),
            text(""),
            None,
            text("")
        ]
    );
}

#[test]
fn environment_lists_cut_at_the_first_equals_sign() {
    let host = FakeHost::default();
    let loaded = load_on(
        &host,
        &one("  environment: ['A=b=c', B, 'C=', \"D=x\\ny\", 'A={{A:-1}}z']"),
    );
    assert_eq!(loaded.warnings.len(), 1);
    let found = first(loaded.project).environment;
    let names: Vec<_> = found.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["A", "B", "C", "D"]);
    let parts = vec![marker("A", Some("1")), Part::Literal("z".into())];
    assert_eq!(found[0].value, Some(ComposeText { parts }));
    assert_eq!(found[1].value, None);
    assert_eq!(found[2].value, Some(literal("")));
    assert_eq!(found[3].value, Some(literal("x\ny")));
}

#[test]
fn variables_and_markers_mix() {
    let project = load(
        &one("  ports: ['${A:-x}-{{B}}{{ C :- d }}', '{{P:-80}}:80']").replace("'${A:-x}-", "'"),
    );
    let ports = &project.stages[0].ports;
    assert_eq!(ports[0].parts, [marker("B", None), marker("C", Some("d"))]);
    assert_eq!(
        ports[1].parts,
        [marker("P", Some("80")), Part::Literal(":80".into())]
    );

    let yaml = "stage_1: {image: {base: '${NONE:-r:5000/b}', output: '${A}:{{T:-dev}}'}}";
    let stage = first(load(yaml));
    assert_eq!(stage.from, Origin::Image(literal("r:5000/b")));
    let tagged = vec![Part::Literal("a:".into()), marker("T", Some("dev"))];
    assert_eq!(stage.output, ComposeText { parts: tagged });
}

#[test]
fn anchors_aliases_and_merge_keys_work() {
    let yaml = "
x-image: &image {base: a, output: b}
x-hosts: &hosts {address: p, port: 1}
x-mount: &mount {type: auto-volume, dst_path: /m}
stage_1:
  image: *image
  proxy: {port: 2, <<: *hosts}
  mount:
    first: {<<: *mount}
    second: {<<: [{dst_path: /n}, *mount]}
stage_2:
  image: {<<: *image, base: null, output: c}
";
    let project = load(yaml);
    assert_eq!(project.stages[0].proxy.address, literal("p"));
    assert_eq!(project.stages[0].proxy.port, 2);
    let mount = &project.stages[0].mount;
    assert_eq!(mount[0].dst_path, literal("/m"));
    assert_eq!(mount[1].dst_path, literal("/n"));
    let one = project.stages[0].id.clone();
    let two = second(project);
    let (from, inherits) = (on(&one), Some(one));
    assert_eq!(
        (two.from, two.inherits, two.output),
        (from, inherits, literal("c"))
    );
}

#[test]
fn stage_2_inherits_proxy_and_device_one_by_one() {
    let yaml = one(
        "  proxy: {address: p, port: 1, enable_globally: on, use_https: on}\n  device: {type: gpu}\nstage_2:\n  image: {output: c, base: ''}\n  proxy: {port: 2, enable_globally: off, address: null}",
    );
    let two = second(load(&yaml));
    assert_eq!(two.from, on(&StageId::new("stage-1")));
    assert_eq!(two.proxy.address, literal("p"));
    assert_eq!(two.proxy.port, 2);
    assert!(!two.proxy.enable_globally);
    // The only field that is not inherited, as in the reference (tests/golden/apt-and-proxy).
    assert!(!two.proxy.use_https);
    assert_eq!(two.device, Device::Gpu);

    let yaml = one(
        "  proxy: {use_https: on}\n  device: {type: gpu}\nstage_2:\n  image: {output: c}\n  device: {}",
    );
    let two = second(load(&yaml));
    assert!(two.proxy.use_https, "no section, nothing said");
    assert_eq!(two.device, Device::Cpu, "a section without a type");
    let null = load(&yaml.replace("device: {}", "proxy: null"));
    assert!(second(null).proxy.use_https);
}

#[test]
fn an_anchor_may_live_under_a_name_with_x() {
    let loaded = FakeHost::default().load(&one(
        "  ssh:\n    users:\n      x-all: &all {password: correct-horse}\n      me: *all",
    ));
    assert_eq!(loaded.unwrap().warnings, []);
}

#[test]
fn storage_and_mounts_keep_the_order_of_the_file() {
    let yaml = one(
        "stage_2:\n  image: {output: c}\n  storage:\n    workspace: {type: host, host_path: ~/w, volume_name: unused}\n    app: {type: manual-volume, volume_name: '{{V}}', host_path: null}\n    data: {type: image}\n  mount:\n    z: {type: host, host_path: ., dst_path: /z/}\n    w: {type: host, host_path: /x, dst_path: /w}\n    'any name': {type: host, host_path: '{{H}}/x', dst_path: '{{D}}'}\n    a: {type: auto-volume, dst_path: /a}",
    );
    let two = second(load(&yaml));
    let storage = two.storage.unwrap();
    let keys: Vec<_> = storage.iter().map(|one| one.key).collect();
    assert_eq!(
        keys,
        [StorageKey::Workspace, StorageKey::App, StorageKey::Data]
    );
    let host_path = literal("~/w");
    assert_eq!(storage[0].source, MountSource::Host { host_path });
    let names: Vec<_> = two.mount.iter().map(|one| one.name.as_str()).collect();
    assert_eq!(names, ["z", "w", "any name", "a"]);
    assert_eq!(two.mount[0].dst_path, literal("/z/"));
}

#[test]
fn a_mount_may_lie_below_what_the_system_needs() {
    for mount in [
        "{type: auto-volume, dst_path: /dev/shm}",
        "{type: auto-volume, dst_path: /dev/shm/x}",
        "{type: host, host_path: /dev/bus/usb, dst_path: /dev/bus/usb}",
        "{type: host, host_path: /sys/fs/cgroup/, dst_path: /sys/fs/cgroup}",
        "{type: host, host_path: ./etc, dst_path: /etc/myapp}",
        "{type: auto-volume, dst_path: /usr/local}",
        "{type: auto-volume, dst_path: /process}",
        "{type: auto-volume, dst_path: '{{D:-/proc}}'}",
    ] {
        let loaded = load_on(
            &FakeHost::default(),
            &one(&format!("  mount: {{m: {mount}}}")),
        );
        assert_eq!(loaded.warnings, [], "{mount}");
    }
}

#[test]
fn stages_may_share_a_volume_and_a_destination() {
    load(&one(
        "  mount: {m: {type: auto-volume, dst_path: /a}}\nstage_2:\n  image: {output: c}\n  mount: {m: {type: auto-volume, dst_path: /a}}",
    ));
}

#[test]
fn hooks_are_split_into_script_and_arguments() {
    let host = FakeHost::default()
        .variable("MODE", "fast mode")
        .project("stage-1/custom/a.sh", ":")
        .project("stage-1/custom/my script.sh", ":");
    let yaml = one(
        "  custom:\n    on_build:\n      - '  ./stage-1//custom/a.sh   --x \"$HOME $(id -u)\"  '\n      - '\"stage-1/custom/my script.sh\" \"${MODE}\"'\n      - stage-1/custom/a.sh\n    on_entry: [stage-1/custom/a.sh '#' x#y]",
    );
    let loaded = load_on(&host, &yaml);
    assert!(loaded.warnings.is_empty(), "{:#?}", loaded.warnings);
    let custom = first(loaded.project).custom;
    let found: Vec<_> = custom
        .on_build
        .iter()
        .chain(&custom.on_entry)
        .map(|hook| (hook.script.as_str(), hook.arguments.as_str()))
        .collect();
    assert_eq!(
        found,
        [
            ("stage-1/custom/a.sh", "--x \"$HOME $(id -u)\""),
            ("stage-1/custom/my script.sh", "\"fast mode\""),
            ("stage-1/custom/a.sh", ""),
            ("stage-1/custom/a.sh", "'#' x#y"),
        ]
    );
}

#[test]
fn a_disabled_sshd_is_no_sshd() {
    let yaml = one(
        "  ssh: {enable: no, host_port: 80, users: {me: {password: 123456}}}\n  ports: ['80:80']",
    );
    assert_eq!(first(load(&yaml)).ssh, None);
    assert_eq!(first(load(&one("  ssh: {enable: off}"))).ssh, None);
}

#[test]
fn the_host_port_may_be_a_marker() {
    let yaml =
        one("  ssh: {host_port: '{{SSH_PORT:-2222}}', users: {me: {password: correct-horse}}}");
    let ssh = ssh(load(&yaml));
    assert_eq!(
        ssh.host_port.unwrap().parts,
        [marker("SSH_PORT", Some("2222"))]
    );
}

#[test]
fn a_weak_password_is_fine_behind_a_closed_port() {
    load(&one(
        "  ssh: {users: {me: {password: 123456}}}\n  ports: ['127.0.0.1:22:22', '80:80', '[::1]:22:22', '127.0.0.1:{{P}}:22', '{{IP:-127.0.0.1}}:23:22']",
    ));
}

#[test]
fn ports_that_do_not_meet_are_fine() {
    load(&one(
        "  ports: ['80:80', '80:80/udp', '127.0.0.1:81:80', '127.0.0.2:81:80', '1-5:1-5', 6, '6-9:80', '6-9:81', '[::1]:81:80', '127.0.0.1::80', '{{P}}:80']",
    ));
}

fn keys_of(host: &FakeHost, fields: &str) -> (Option<String>, Option<PrivateKey>, Vec<String>) {
    let yaml = one(&format!("  ssh: {{users: {{me: {{{fields}}}}}}}"));
    let user = ssh(load_on(host, &yaml).project).users.remove(0);
    let key_files = [user.key_files, user.public_key_files].concat();
    (user.public_key, user.private_key, key_files)
}

#[test]
fn private_keys_are_named_by_their_type() {
    for (text, name) in [
        (include_str!("keys/rsa-2048"), "id_rsa"),
        (include_str!("keys/rsa-pem"), "id_rsa"),
        (include_str!("keys/rsa-pem-encrypted"), "id_rsa"),
        (include_str!("keys/ecdsa-256"), "id_ecdsa"),
        (include_str!("keys/ecdsa-384"), "id_ecdsa"),
        (include_str!("keys/ecdsa-521"), "id_ecdsa"),
        (include_str!("keys/ecdsa-pem"), "id_ecdsa"),
        (include_str!("keys/ed25519-256"), "id_ed25519"),
        (include_str!("keys/ed25519-encrypted"), "id_ed25519"),
        (include_str!("keys/pkcs8-rsa"), "id_rsa"),
        (include_str!("keys/pkcs8-ecdsa"), "id_ecdsa"),
        (include_str!("keys/pkcs8-ed25519"), "id_ed25519"),
        (include_str!("keys/pkcs8-encrypted"), "id_rsa"),
    ] {
        let windows = format!("\u{feff}{}\r\n\r\n", text.trim_end().replace('\n', "\r\n"));
        let host = FakeHost::default().project("stage-1/k", &windows);
        let (_, key, files) = keys_of(&host, "privkey_file: stage-1//k");
        let key = key.unwrap();
        assert_eq!(key.file_name, name);
        assert_eq!(key.text, format!("{}\n", text.trim_end()));
        assert_eq!(files, ["stage-1/k"]);
    }
    let encrypted = include_str!("keys/pkcs8-encrypted");
    let host = FakeHost::default().host("/k/id_ecdsa", encrypted);
    let (_, key, files) = keys_of(&host, "privkey_file: /k/id_ecdsa");
    assert_eq!(key.unwrap().file_name, "id_ecdsa");
    assert!(files.is_empty());
}

#[test]
fn public_keys_of_all_types_are_taken() {
    for key in [
        include_str!("keys/rsa-2048.pub"),
        include_str!("keys/ecdsa-256.pub"),
        include_str!("keys/ecdsa-384.pub"),
        include_str!("keys/ecdsa-521.pub"),
        include_str!("keys/ed25519-256.pub"),
    ] {
        let (found, _, _) = keys_of(
            &FakeHost::default(),
            &format!("pubkey_text: '{}'", key.trim()),
        );
        assert_eq!(found.as_deref(), Some(key.trim()));
    }
}

#[test]
fn a_tilde_is_the_first_key_of_the_home_directory() {
    let host = FakeHost::default()
        .home("id_rsa", include_str!("keys/rsa-2048"))
        .home("id_ecdsa.pub", include_str!("keys/ecdsa-256.pub"))
        .home("id_ed25519.pub", include_str!("keys/ed25519-256.pub"));
    let (public, private, files) = keys_of(&host, "pubkey_file: '~', privkey_file: \"~\"");
    assert_eq!(
        public.as_deref(),
        Some(include_str!("keys/ecdsa-256.pub").trim())
    );
    assert_eq!(private.unwrap().file_name, "id_rsa");
    assert!(files.is_empty());
}

#[test]
fn a_key_may_be_a_block_of_text() {
    let key = include_str!("keys/ed25519-256");
    let block = key.trim_end().replace('\n', "\n          ");
    let yaml = one(&format!(
        "  ssh:\n    users:\n      root:\n        uid: 0\n        gid: 0\n        privkey_text: |\n          {block}"
    ));
    let user = ssh(load(&yaml)).users.remove(0);
    assert_eq!(
        (user.uid, user.gid),
        (
            Some(crate::model::Id::Number(0)),
            Some(crate::model::Id::Number(0))
        )
    );
    assert_eq!(user.private_key.unwrap().text, key);
}

#[test]
fn apt_sources_are_a_mirror_or_a_file() {
    let host = FakeHost::default().project("stage-1/custom/my.list", "");
    let source = |text: &str| {
        let loaded = load_on(&host, &one(&format!("  apt: {{repo_source: {text}}}")));
        first(loaded.project).apt.unwrap().repo_source
    };
    assert_eq!(source("163"), AptSource::Mirror("163".into()));
    assert_eq!(source("'tuna'"), AptSource::Mirror("tuna".into()));
    let file = AptSource::File("stage-1/custom/my.list".into());
    assert_eq!(source("./stage-1/custom/my.list"), file);
}

#[test]
fn a_missing_script_is_only_a_warning() {
    let yaml = one("  custom: {on_build: [stage-1/custom/later.sh]}");
    let loaded = load_on(&FakeHost::default(), &yaml);
    assert_eq!(loaded.warnings[0].code, Code::MissingHookScript);
    assert_eq!(loaded.project.stages[0].custom.on_build.len(), 1);
}

#[test]
fn users_without_secrets_in_debug_output() {
    let yaml = one("  ssh: {users: {me: {password: hunter2hunter2}}}");
    assert!(!format!("{:?}", load(&yaml)).contains("hunter2"));
}
