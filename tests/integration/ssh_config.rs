//! `pei ssh-config`, with a stand-in for docker whose answers are files.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt, symlink};
use std::path::PathBuf;

use serde_json::json;

use crate::docs::PUBLIC_KEY;
use crate::project::{Project, Run};

/// What sshd shows, in the words of ssh-keyscan.
const HOST_KEYS: &str = "\
# 127.0.0.1:22 SSH-2.0-OpenSSH_9.2p1
[127.0.0.1]:22 ecdsa-sha2-nistp256 AAAAE2VjZHNh
[127.0.0.1]:22 ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIAgQ7uPohhXTIBOkPXjbx7iD/qN1k6WYazvLO43oOzkH
";

const DOCKER: &str = r#"#!/bin/bash
cd "$(dirname "$0")" || exit 9
[[ ! -e down ]] || { echo "Cannot connect to the Docker daemon" >&2; exit 1; }
case "$1 $2" in
"ps -a") [[ ! -e container ]] || echo box-stage-2-1 ;;
"container inspect") cat container ;;
"context inspect") cat endpoint 2>/dev/null || echo unix:///var/run/docker.sock ;;
"exec box-stage-2-1") cat keys ;;
*) echo "not understood: $*" >&2; exit 1 ;;
esac
"#;

const THEIRS: &str = "ForwardAgent no\r\n\nHost *\n    User somebody";

const USERS: &str = "    host_port: 2222\n    users: {me: {password: 'long-enough-1'}}\n";

struct Box {
    project: Project,
}

impl Box {
    /// A project of the name `box`, with these lines below `ssh`. Its container does not run.
    fn new(ssh: &str) -> Self {
        let project = Project::create_minimal().file("user_config.yml", config("box", ssh));
        fs::create_dir(project.beside("bin")).unwrap();
        let docker = project.beside("bin/docker");
        fs::write(&docker, DOCKER).unwrap();
        fs::set_permissions(docker, fs::Permissions::from_mode(0o755)).unwrap();
        Self { project }
    }

    /// The container runs, and this port of the host leads to its sshd.
    fn running(self, address: &str, port: &str) -> Self {
        let labels = json!({
            "com.docker.compose.project": "box", "com.docker.compose.service": "stage-2",
            "com.docker.compose.container-number": "1",
            "com.docker.compose.project.working_dir": self.project.path(""),
        });
        let ports = json!({"22/tcp": [{"HostIp": address, "HostPort": port}], "80/tcp": null});
        let inspected = json!([{
            "Id": "box-stage-2-1", "Name": "/box-stage-2-1", "Image": "sha256:aa",
            "Config": {"Image": "box:stage-2", "Labels": labels}, "State": {"Running": true},
            "NetworkSettings": {"Ports": ports},
        }]);
        self.says("container", &inspected.to_string());
        self.says("keys", HOST_KEYS);
        self
    }

    fn says(&self, file: &str, text: &str) {
        fs::write(self.project.beside("bin").join(file), text).unwrap();
    }

    fn run<const N: usize>(&self, arguments: [&str; N]) -> Run {
        let path = format!("{}:/usr/bin:/bin", self.project.beside("bin").display());
        Run::of(self.project.command(arguments).env("PATH", path))
    }

    fn config(&self) -> PathBuf {
        self.project.beside(".ssh/config")
    }

    fn known_hosts(&self) -> PathBuf {
        fs::canonicalize(self.project.path(""))
            .unwrap()
            .join(".pei/known_hosts")
    }
}

fn config(name: &str, ssh: &str) -> String {
    format!(
        "project: {name}\nstage_1:\n  image: {{base: 'ubuntu:24.04', output: '{name}:stage-1'}}\n  ssh:\n{ssh}\
         stage_2:\n  image: {{output: '{name}:stage-2'}}\n"
    )
}

fn mode(path: PathBuf) -> u32 {
    fs::metadata(path).unwrap().permissions().mode() & 0o7777
}

#[test]
fn the_entry_has_what_the_running_container_really_has() {
    let it = Box::new(USERS).running("0.0.0.0", "2299");
    let run = it.run(["ssh-config"]).succeeds();
    assert_eq!(run.stderr, "");
    let expected = format!(
        "Host box\n    HostName 127.0.0.1\n    Port 2299\n    User me\n    ProxyCommand none\n    HostKeyAlias box\n    \
         UserKnownHostsFile \"{}\"\n    # host key: ED25519 SHA256:{}\n",
        it.known_hosts().display(),
        "R4CDAs3M+eKblYFgM1YpAWzYsC32iomGn8Ojwwnlg8A",
    );
    assert_eq!(run.stdout, expected);
    let keys = fs::read_to_string(it.known_hosts()).unwrap();
    let first = format!("box {}", PUBLIC_KEY.trim_end().trim_end_matches(" test"));
    assert_eq!(
        keys.lines().collect::<Vec<_>>(),
        [first.as_str(), "box ecdsa-sha2-nistp256 AAAAE2VjZHNh"]
    );
    assert_eq!(mode(it.known_hosts()), 0o600);
    assert!(!it.config().exists());

    it.says("endpoint", "ssh://me@lab.example\n");
    it.run(["ssh-config"])
        .succeeds()
        .prints("HostName lab.example\n    Port 2299\n    User me\n    HostKeyAlias");
    let it = it.running("192.0.2.7", "22");
    it.run(["ssh-config"])
        .succeeds()
        .prints("HostName 192.0.2.7\n    Port 22\n");
}

#[test]
fn without_a_running_container_the_config_says_the_port_and_the_old_host_key_stays() {
    let it = Box::new("    users: {me: {password: x}}\n    host_port: '{{SSH_PORT:-2200}}'\n");
    let entry = it
        .run(["ssh-config"])
        .succeeds()
        .says("the container does not run; start it");
    entry.prints("Port 2200\n");
    it.project.write(".env", "SSH_PORT=2201\n");
    it.run(["ssh-config"]).succeeds().prints("Port 2201\n");

    let it = it.running("127.0.0.1", "2202");
    let with_key = it
        .run(["ssh-config"])
        .succeeds()
        .prints("# host key: ED25519")
        .stdout;
    it.says("keys", "");
    it.run(["ssh-config"])
        .succeeds()
        .says("that of the last time: sshd in the container `box-stage-2-1` does not answer");
    it.says("down", "");
    let run = it
        .run(["ssh-config"])
        .succeeds()
        .says("Cannot connect to the Docker daemon");
    assert_eq!(run.stdout, with_key.replace("2202", "2201"));
}

#[test]
fn a_mapping_of_ports_leads_to_sshd_too() {
    let ports = "  ports: ['80:80', '127.0.0.1:3020-3025:20-25']\n";
    let it = Box::new(&format!("    users: {{me: {{password: x}}}}\n{ports}"));
    it.run(["ssh-config"])
        .succeeds()
        .prints("HostName 127.0.0.1\n    Port 3022\n");
}

#[test]
fn the_private_half_of_the_key_that_logs_in_is_named() {
    let key = "pubkey_file: 'stage-1/custom/my key.pub'";
    let it = Box::new(&format!(
        "    host_port: 2222\n    users: {{me: {{{key}}}}}\n"
    ));
    it.project
        .write("installation/stage-1/custom/my key.pub", PUBLIC_KEY);
    it.run(["ssh-config"])
        .succeeds()
        .prints("User me\n    ProxyCommand none\n    HostKeyAlias");
    it.project
        .write("installation/stage-1/custom/my key", "the private half");
    let path = fs::canonicalize(it.project.path("installation/stage-1/custom/my key")).unwrap();
    let expected = format!(
        "    IdentityFile \"{}\"\n    IdentitiesOnly yes\n",
        path.display()
    );
    it.run(["ssh-config"]).succeeds().prints(&expected);

    // One's own key.
    fs::create_dir_all(it.project.beside(".ssh")).unwrap();
    fs::write(it.project.beside(".ssh/id_ed25519.pub"), PUBLIC_KEY).unwrap();
    fs::write(it.project.beside(".ssh/id_ed25519"), "the private half").unwrap();
    it.project.write(
        "user_config.yml",
        config(
            "box",
            "    host_port: 2222\n    users: {me: {pubkey_file: '~'}}\n",
        ),
    );
    it.run(["ssh-config"])
        .succeeds()
        .prints("/.ssh/id_ed25519\"\n");
}

#[test]
fn write_touches_its_own_block_alone() {
    let it = Box::new(USERS).running("", "2222");
    it.run(["ssh-config", "--write"])
        .succeeds()
        .says("`ssh box` logs in as `me`");
    assert_eq!(
        (mode(it.project.beside(".ssh")), mode(it.config())),
        (0o700, 0o600)
    );
    let alone = fs::read_to_string(it.config()).unwrap();

    // A person's own file is a link into a repository of dotfiles.
    fs::remove_file(it.config()).unwrap();
    fs::create_dir(it.project.beside("dotfiles")).unwrap();
    let real = it.project.beside("dotfiles/ssh");
    fs::write(&real, THEIRS).unwrap();
    symlink("../dotfiles/ssh", it.config()).unwrap();
    it.run(["ssh-config", "--write"])
        .succeeds()
        .says("wrote the entry `box`");
    assert!(it.config().is_symlink());
    assert_eq!(
        fs::read_to_string(&real).unwrap(),
        format!("{alone}{THEIRS}")
    );
    assert_eq!(mode(real.clone()), 0o600);

    let inode = fs::metadata(&real).unwrap().ino();
    it.run(["ssh-config", "--write"])
        .succeeds()
        .says("nothing to do: ");
    assert_eq!(fs::metadata(&real).unwrap().ino(), inode);

    it.project.write("user_config.yml", config("other", USERS));
    it.run(["ssh-config", "--write"]).succeeds();
    it.run(["ssh-config", "--remove"])
        .succeeds()
        .says("removed the entry `other`");
    assert_eq!(
        fs::read_to_string(&real).unwrap(),
        format!("{alone}{THEIRS}")
    );
    it.project.write("user_config.yml", config("box", USERS));
    it.run(["ssh-config", "--remove"]).succeeds();
    assert_eq!(fs::read_to_string(&real).unwrap(), THEIRS);
    it.run(["ssh-config", "--remove"])
        .succeeds()
        .says("has no entry `box`");
    assert!(!it.known_hosts().exists());
}

#[test]
fn what_cannot_be_written_says_why_and_changes_nothing() {
    let it = Box::new("    host_port: 2222\n    users: {}\n");
    it.run(["ssh-config"])
        .exits(1)
        .says("this config has no user of ssh")
        .prints_nothing();
    it.project.write(
        "user_config.yml",
        config("box", "    users: {me: {password: x}}\n"),
    );
    it.run(["ssh-config"])
        .exits(1)
        .says("no port of this machine leads to sshd")
        .says("host_port: 2222");
    it.project
        .write("user_config.yml", config("box", "    hostport: 1\n"));
    it.run(["ssh-config", "--write"])
        .exits(1)
        .says("error[unknown-key]");

    it.project.write("user_config.yml", config("box", USERS));
    fs::create_dir(it.project.beside(".ssh")).unwrap();
    let half = "# >>> pei: box >>>\nHost box\n";
    fs::write(it.config(), half).unwrap();
    it.run(["ssh-config", "--write"])
        .exits(1)
        .says("has no end")
        .says("<<< pei: box <<<");
    assert_eq!(fs::read_to_string(it.config()).unwrap(), half);
    for theirs in [
        "User x\n\nHost box\n    HostName prod.example.com\n",
        "\nUser x\nhost = a box\n",
    ] {
        fs::write(it.config(), theirs).unwrap();
        it.run(["ssh-config", "--write"])
            .exits(1)
            .says(".ssh/config`, line 3, already has an entry for the host `box`")
            .says("write another `project: NAME`");
        assert_eq!(fs::read_to_string(it.config()).unwrap(), theirs);
    }
    fs::remove_file(it.config()).unwrap();
    symlink("/dev/null", it.config()).unwrap();
    it.run(["ssh-config", "--write"])
        .exits(1)
        .says("is not a regular file");
    fs::remove_file(it.config()).unwrap();
    symlink("nowhere", it.config()).unwrap();
    it.run(["ssh-config", "--write"])
        .exits(1)
        .says("cannot open");
    it.run(["ssh-config", "--write", "--remove"]).exits(2);
}

#[test]
fn a_block_of_another_project_stays() {
    let it = Box::new(USERS);
    it.run(["ssh-config", "--write"]).succeeds();
    let before = fs::read_to_string(it.config()).unwrap();
    let other = it.project.beside("other");
    fs::create_dir_all(other.join("installation")).unwrap();
    fs::copy(
        it.project.path("user_config.yml"),
        other.join("user_config.yml"),
    )
    .unwrap();
    let there = other.to_str().unwrap();
    for what in ["--write", "--remove"] {
        it.run(["ssh-config", what, "-p", there])
            .exits(1)
            .says("is that of another project, ")
            .says("run `pei ssh-config --remove` in the other project");
        assert_eq!(fs::read_to_string(it.config()).unwrap(), before);
    }
    // The project has moved.
    fs::remove_dir_all(it.project.path("")).unwrap();
    fs::create_dir(it.project.path("")).unwrap();
    let text = before.replace(
        it.known_hosts().to_str().unwrap(),
        "/nowhere/.pei/known_hosts",
    );
    assert_ne!(text, before);
    fs::write(it.config(), text).unwrap();
    it.run(["ssh-config", "--write", "-p", there]).succeeds();
    it.run(["ssh-config", "--remove", "-p", there]).succeeds();
    assert_eq!(fs::read_to_string(it.config()).unwrap(), "");
}

#[test]
fn configure_says_how_to_log_in() {
    let it = Box::new(USERS);
    it.run(["configure"])
        .succeeds()
        .says("\nthen: pei ssh-config --write && ssh box\n");
    it.project.write("other.yml", config("box", USERS));
    it.run(["configure", "-c", "other.yml", "-f"])
        .succeeds()
        .says("\nthen: pei ssh-config -c other.yml --write && ssh box\n");
    it.project.write(
        "user_config.yml",
        config("box", "    users: {me: {password: x}}\n"),
    );
    it.run(["configure"]).succeeds().never_says("then:");
}
