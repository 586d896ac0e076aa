//! `pei ssh-config`

use std::fs::{self, File};
use std::io::ErrorKind;
use std::net::IpAddr;
use std::path::{Path, PathBuf};
use std::time::Duration;

use anyhow::{Context, Result};
use base64::Engine as _;
use base64::engine::general_purpose::{STANDARD, STANDARD_NO_PAD};
use clap::ValueHint;
use sha2::{Digest, Sha256};

use super::given::{CONFIG, INSTALLATION, load_config, project_folder};
use super::locked;
use super::naming::name_for_compose;
use super::published;
use super::running::running;
use crate::cli::Quiet;
use crate::config::Host;
use crate::diagnostic::quoted;
use crate::engine::{Container, Engine, PublishedPort};
use crate::exit_code::ExitCode;
use crate::failure::Failure;
use crate::model::{Project, Ssh, SshUser, Stage};
use crate::private_file;
use crate::project::KNOWN_HOSTS;
use crate::ssh_config::{Entry, is_expressible, other_entry, owner, with_block};
use crate::ui::{Ui, shown};

/// An engine that takes longer is as good as none: the entry is the same without it but for the host key.
const ENGINE_LIMIT: Duration = Duration::from_secs(10);

/// Print what ssh has to know about the container, or write it into `~/.ssh/config`
///
/// The entry has the project's name, so that `ssh NAME` logs in: with the port of this machine, the
/// first user of the config, that user's private key where the config names the file of one, and
/// the container's host keys. The host keys are read from the running container, through the
/// engine, into the project's `.pei/known_hosts`; while it does not run, those of the last time stay.
///
/// --write puts the entry into a block of its own at the beginning of `~/.ssh/config`. Everything
/// else in that file stays as it is.
#[derive(Debug, clap::Args)]
#[command(after_long_help = "\
Examples:
  pei ssh-config --write          Then `ssh NAME`, `scp FILE NAME:` and editors know the container
  ssh -F <(pei ssh-config) NAME   Log in without writing anything into ~/.ssh
  pei ssh-config --remove         Take the entry out again")]
pub struct Args {
    /// The project's directory
    #[arg(short, long, value_name = "DIR", default_value = ".", value_hint = ValueHint::DirPath)]
    project_dir: PathBuf,
    /// Another config, relative to the project
    #[arg(short, long, value_name = "FILE", default_value = CONFIG, value_hint = ValueHint::FilePath)]
    config: PathBuf,
    /// Put the entry into ~/.ssh/config
    #[arg(long)]
    write: bool,
    /// Take the entry out of ~/.ssh/config
    #[arg(long, conflicts_with = "write")]
    remove: bool,
    #[command(flatten)]
    pub(super) quiet: Quiet,
}

impl Args {
    pub(super) fn run(self, ui: &mut Ui) -> Result<ExitCode> {
        let folder = project_folder(ui, &self.project_dir)?;
        let host = Host::new(folder.join(INSTALLATION));
        let Some(project) = load_config(ui, &folder, &self.config, &host)? else {
            return Ok(ExitCode::Failure);
        };
        let name = name_for_compose(project.name.as_deref(), &folder, &host).ok_or_else(|| {
            Failure::new("the project has no name, and neither has the entry for ssh")
                .help("write `project: NAME` at the top of the config")
        })?;
        let folder =
            fs::canonicalize(&folder).with_context(|| format!("cannot open {}", shown(&folder)))?;
        if self.remove {
            remove(ui, &folder, &name)?;
            return Ok(ExitCode::Success);
        }
        let entry = entry(ui, &project, &folder, &host, name)?;
        if self.write {
            write(ui, &folder, &entry)?;
        } else {
            ui.data(&entry.text())?;
        }
        Ok(ExitCode::Success)
    }
}

/// What ssh has to know of the container of a project.
fn entry(
    ui: &mut Ui,
    project: &Project,
    folder: &Path,
    host: &Host,
    name: String,
) -> Result<Entry> {
    let Some((stage, ssh)) = published::sshd(project) else {
        return Err(Failure::new("this config has no user of ssh")
            .help("add one below `stage_1.ssh.users`")
            .into());
    };
    let engine = Engine::from_environment().within(ENGINE_LIMIT);
    let container = running(&engine, &name, folder, stage);
    let published = match &container {
        Ok(Some(container)) => of_container(container, ssh),
        _ => None,
    };
    let published = published.or_else(|| of_config(project, stage, ssh, host));
    let (address, port) = published.ok_or_else(|| {
        Failure::new("no port of this machine leads to sshd")
            .help(format!("write `host_port: 2222` below `ssh`, then run `pei configure{}` and `docker compose up -d`", locked::option(project.lock, folder)))
    })?;
    let user = ssh.users.iter().find(|user| can_log_in(user));
    let user = user.or(ssh.users.first()).map_or("root", |user| &user.name);
    let keys = ssh.users.iter().filter(|known| known.name == user);
    let keys = keys.flat_map(|user| identity_files(user, folder));
    let (keys, odd): (Vec<_>, Vec<_>) = keys.partition(|path| is_expressible(path));
    let file = folder.join(KNOWN_HOSTS);
    let known_hosts = file.to_str().filter(|path| is_expressible(path));
    for path in odd
        .iter()
        .map(String::as_str)
        .chain(known_hosts.is_none().then_some("the project's directory"))
    {
        ui.warning(&format!(
            "{} is left out: ssh's configuration cannot name a path with such a sign",
            quoted(path)
        ));
    }
    let keys_of_host = host_keys(ui, &engine, container, &file, &name, ssh)?;
    let remote = engine.remote_host().filter(|_| !is_one_address(&address));
    Ok(Entry {
        name,
        address: remote.unwrap_or(address),
        port,
        user: user.to_owned(),
        identity_files: keys,
        known_hosts: known_hosts.map(str::to_owned),
        fingerprint: keys_of_host.lines().find_map(fingerprint),
    })
}

fn can_log_in(user: &SshUser) -> bool {
    user.password.is_some() || user.public_key.is_some()
}

fn of_container(container: &Container, ssh: &Ssh) -> Option<(String, u16)> {
    let sshd = format!("{}/tcp", ssh.port);
    let is_sshd = |port: &&PublishedPort| port.container == sshd;
    // Of two addresses, that of IPv4 is the one that everybody has.
    let mut ports: Vec<_> = container.ports.iter().filter(is_sshd).collect();
    ports.sort_by_key(|port| port.address.contains(':'));
    let port = ports.first()?;
    Some((reached_at(port.address.parse().ok()), port.host))
}

fn of_config(project: &Project, stage: &Stage, ssh: &Ssh, host: &Host) -> Option<(String, u16)> {
    let mappings = published::mappings(project, stage, host);
    mappings.into_iter().find_map(|mapping| {
        let range = mapping
            .host
            .filter(|_| mapping.container.contains(&ssh.port))?;
        let port = range.start() + (ssh.port - mapping.container.start());
        Some((reached_at(mapping.ip), port)).filter(|_| range.contains(&port))
    })
}

/// Where a port is reached that is published at an address.
fn reached_at(address: Option<IpAddr>) -> String {
    match address {
        Some(address) if !address.is_unspecified() => address.to_string(),
        _ => "127.0.0.1".to_owned(),
    }
}

fn is_one_address(address: &str) -> bool {
    address
        .parse::<IpAddr>()
        .is_ok_and(|address| !address.is_loopback())
}

/// The private halves of the key that logs in, as far as they are on this machine.
fn identity_files(user: &SshUser, folder: &Path) -> Vec<String> {
    let home = std::env::home_dir().unwrap_or_default();
    let installation = folder.join(INSTALLATION);
    let paths = user
        .login_keys
        .iter()
        .map(|path| match path.strip_prefix("~/") {
            Some(rest) => home.join(rest),
            None => installation.join(path),
        });
    let of_user = |path: &PathBuf| path.is_file() && is_half_of(path, user.public_key.as_deref());
    let paths = paths.filter(of_user);
    paths
        .filter_map(|path| path.into_os_string().into_string().ok())
        .collect()
}

/// Whether the `.pub` beside a private key is the public key that logs in.
fn is_half_of(path: &Path, public_key: Option<&str>) -> bool {
    let words = |line: &str| {
        let mut words = line.split_whitespace().map(str::to_owned);
        words.next().zip(words.next())
    };
    let mut beside = path.as_os_str().to_owned();
    beside.push(".pub");
    let beside = fs::read_to_string(beside).unwrap_or_default();
    let mut keys = beside.lines().filter_map(words);
    let wanted = public_key.and_then(words);
    wanted.is_some_and(|wanted| keys.any(|key| key == wanted))
}

/// The host keys in the form of `known_hosts`: those that sshd shows in the container, which then stand in the file, or
/// those of the last time.
fn host_keys(
    ui: &mut Ui,
    engine: &Engine,
    container: Result<Option<Container>, Failure>,
    file: &Path,
    name: &str,
    ssh: &Ssh,
) -> Result<String> {
    let old = fs::read_to_string(file).unwrap_or_default();
    let (reason, again) = match container {
        Err(failure) => (failure.to_string(), ""),
        Ok(None) => (
            "the container does not run".to_owned(),
            "; start it and run `pei ssh-config` again",
        ),
        Ok(Some(container)) => {
            let keys = keys_in(engine, &container, name, ssh);
            if keys.is_empty() {
                let name = quoted(&container.name);
                (format!("sshd in the container {name} does not answer"), "")
            } else {
                if keys != old {
                    private_file::write(file, keys.as_bytes())?;
                }
                return Ok(keys);
            }
        }
    };
    ui.note(&if old.is_empty() {
        format!("the host key is not known, so that ssh asks at the first login: {reason}{again}")
    } else {
        format!("the host key is that of the last time: {reason}{again}")
    });
    Ok(old)
}

/// Asked of sshd from inside, so that nobody on the way can give another one.
fn keys_in(engine: &Engine, container: &Container, name: &str, ssh: &Ssh) -> String {
    const SCAN: &str = "read -r address port </run/sshd/address || { address=127.0.0.1 port=$1; }; \
                        exec ssh-keyscan -T 5 -p \"$port\" -t ed25519,ecdsa,rsa \"$address\"";
    let port = ssh.port.to_string();
    let said = engine.exec(container, &["sh", "-c", SCAN, "sh", &port]);
    let said = said.unwrap_or_default();
    let lines = said.lines().filter(|line| !line.starts_with('#'));
    let mut keys: Vec<_> = lines
        .filter_map(|line| Some(format!("{name} {}\n", line.split_once(' ')?.1)))
        .collect();
    keys.sort_by_key(|key| !key.contains(" ssh-ed25519 "));
    keys.concat()
}

/// What ssh shows of a host key at a first login: `ED25519 SHA256:…`.
fn fingerprint(line: &str) -> Option<String> {
    let mut words = line.split(' ').skip(1);
    let (kind, data) = (words.next()?, words.next()?);
    let sum = Sha256::digest(STANDARD.decode(data).ok()?);
    let kind = match kind {
        "ssh-ed25519" => "ED25519",
        "ssh-rsa" => "RSA",
        kind if kind.starts_with("ecdsa-") => "ECDSA",
        kind => kind,
    };
    Some(format!("{kind} SHA256:{}", STANDARD_NO_PAD.encode(sum)))
}

/// The user's own configuration of ssh, held while it is changed.
struct Configuration {
    /// What a link leads to, where the file is one.
    path: PathBuf,
    text: Vec<u8>,
    /// Two projects may be written at once.
    _lock: Option<File>,
}

impl Configuration {
    fn open() -> Result<Self> {
        let home = std::env::home_dir().filter(|home| home.is_absolute());
        let home = home.ok_or_else(|| {
            Failure::new("there is no home directory to look for .ssh/config in")
                .help("set HOME, or put what `pei ssh-config` prints where it belongs")
        })?;
        let path = home.join(".ssh/config");
        let lock = File::open(&home).ok().filter(|home| home.lock().is_ok());
        let real = match fs::canonicalize(&path) {
            Ok(real) => real,
            Err(error) if error.kind() == ErrorKind::NotFound && !path.is_symlink() => path.clone(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot open {}", shown(&path)));
            }
        };
        if fs::metadata(&real).is_ok_and(|real| !real.is_file()) {
            let message = format!("{} is not a regular file", shown(&path));
            return Err(Failure::new(message)
                .help("put what `pei ssh-config` prints where it belongs")
                .into());
        }
        let text = match fs::read(&real) {
            Ok(text) => text,
            Err(error) if error.kind() == ErrorKind::NotFound => Vec::new(),
            Err(error) => {
                return Err(error).with_context(|| format!("cannot read {}", shown(&path)));
            }
        };
        Ok(Self {
            path: real,
            text,
            _lock: lock,
        })
    }

    /// Two projects of one name would take the block from each other.
    fn require_own(&self, name: &str, folder: &Path) -> Result<(), Failure> {
        let owner = owner(&self.text, name, KNOWN_HOSTS).map_err(|_| self.unclosed(name))?;
        // A project that has moved is no longer there.
        let other = owner.filter(|owner| {
            let owner = fs::canonicalize(owner);
            owner.is_ok_and(|owner| owner != folder)
        });
        let Some(other) = other else { return Ok(()) };
        let message = format!(
            "the entry {} of {} is that of another project, {}",
            quoted(name),
            shown(&self.path),
            shown(&other)
        );
        Err(Failure::new(message).help(
            "write another `project: NAME` at the top of this config, or run `pei ssh-config --remove` in the other project",
        ))
    }

    /// The block comes first, and would lead `ssh NAME` away from the host that the person means.
    fn require_free(&self, name: &str) -> Result<(), Failure> {
        let line = other_entry(&self.text, name).map_err(|_| self.unclosed(name))?;
        let Some(line) = line else { return Ok(()) };
        let message = format!(
            "{}, line {line}, already has an entry for the host {}",
            shown(&self.path),
            quoted(name)
        );
        Err(Failure::new(message)
            .help("write another `project: NAME` at the top of this config, or remove that entry"))
    }

    fn unclosed(&self, name: &str) -> Failure {
        let path = shown(&self.path);
        let message = format!("the block `# >>> pei: {name} >>>` of {path} has no end");
        Failure::new(message).help(format!(
            "write the line `# <<< pei: {name} <<<` behind it, or delete the block"
        ))
    }

    /// Changes the block of a project; false where it is as it should be.
    fn set(&self, name: &str, entry: Option<&str>) -> Result<bool> {
        let text = with_block(&self.text, name, entry).map_err(|_| self.unclosed(name))?;
        if text == self.text {
            return Ok(false);
        }
        private_file::write(&self.path, &text)?;
        Ok(true)
    }
}

fn write(ui: &mut Ui, folder: &Path, entry: &Entry) -> Result<()> {
    let configuration = Configuration::open()?;
    configuration.require_own(&entry.name, folder)?;
    configuration.require_free(&entry.name)?;
    let path = shown(&configuration.path);
    if configuration.set(&entry.name, Some(&entry.text()))? {
        ui.status(&format!(
            "wrote the entry {} to {path}",
            quoted(&entry.name)
        ));
    } else {
        ui.status(&format!("nothing to do: {path} is up to date"));
    }
    ui.status(&format!(
        "`ssh {}` logs in as {}",
        entry.name,
        quoted(&entry.user)
    ));
    Ok(())
}

fn remove(ui: &mut Ui, folder: &Path, name: &str) -> Result<()> {
    let configuration = Configuration::open()?;
    configuration.require_own(name, folder)?;
    let file = folder.join(KNOWN_HOSTS);
    match fs::remove_file(&file) {
        Err(error) if error.kind() != ErrorKind::NotFound => {
            return Err(error).with_context(|| format!("cannot remove {}", shown(&file)));
        }
        _ => {}
    }
    let path = shown(&configuration.path);
    if configuration.set(name, None)? {
        ui.status(&format!("removed the entry {} from {path}", quoted(name)));
    } else {
        ui.status(&format!(
            "nothing to do: {path} has no entry {}",
            quoted(name)
        ));
    }
    Ok(())
}
