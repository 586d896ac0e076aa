//! The container engine, used through its command line.

mod asking;
mod container;
mod images;
mod limit;
mod pulling;

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use crate::diagnostic::quoted;
use crate::failure::Failure;

pub use container::{Container, Image, PROJECT_LABEL, PublishedPort};
pub use images::{Answer, Ended};
pub use pulling::PATIENCE;

/// Names another engine with docker's command line, such as podman.
pub const VARIABLE: &str = "CONTAINER_ENGINE";

/// What came of a build that was tried.
#[derive(Debug)]
pub enum Tried {
    /// It works.
    Built,
    /// It does not, and what the builder said at the end.
    Failed(String),
    /// There was no answer within this time.
    TooLate(Duration),
}

/// docker, or the program that the environment names instead.
#[derive(Debug)]
pub struct Engine {
    program: OsString,
    /// The time after which a command has failed; `None` waits without limit.
    limit: Option<Duration>,
    /// The end of all commands together.
    deadline: Option<Instant>,
}

impl Engine {
    /// The engine that the environment names.
    pub fn from_environment() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
        Self {
            program: named.unwrap_or_else(|| "docker".into()),
            limit: None,
            deadline: None,
        }
    }

    /// The same engine with a time limit for each command.
    #[must_use]
    pub fn within(self, limit: Duration) -> Self {
        Self {
            limit: Some(limit),
            ..self
        }
    }

    /// The same engine with a deadline, at which commands that still run are killed.
    #[must_use]
    pub fn until(self, deadline: Instant) -> Self {
        Self {
            deadline: Some(deadline),
            ..self
        }
    }

    /// The time that a command may take; `None` if there is no limit.
    fn time_left(&self) -> Option<Duration> {
        let left = self
            .deadline
            .map(|end| end.saturating_duration_since(Instant::now()));
        self.limit.into_iter().chain(left).min()
    }

    /// The output of a command in a running container; `None` if it fails.
    pub fn exec(&self, container: &Container, command: &[&str]) -> Option<String> {
        let (success, stdout) = self.try_exec(container, command)?;
        success.then_some(stdout)
    }

    /// Whether a command in a running container succeeded, and its output in both cases; `None` if the engine does not answer.
    pub fn try_exec(&self, container: &Container, command: &[&str]) -> Option<(bool, String)> {
        let mut arguments = vec!["exec", &container.id];
        arguments.extend(command);
        let output = self.output(&arguments).ok()?;
        Some((output.success, output.stdout))
    }

    /// The machine that the engine runs on, if it is not this one.
    pub fn remote_host(&self) -> Option<String> {
        let arguments = [
            "context",
            "inspect",
            "--format",
            "{{.Endpoints.docker.Host}}",
        ];
        let output = self.output(&arguments).ok()?;
        host_of(output.stdout.trim()).filter(|_| output.success)
    }

    /// Whether a Dockerfile builds, with these arguments and nothing from the cache, within a time. No image is kept.
    pub fn try_build(&self, dockerfile: &str, args: &[(&str, &str)], limit: Duration) -> Tried {
        let context = std::env::temp_dir().join(format!("pei-doctor-{}", std::process::id()));
        let file = context.join("Dockerfile");
        let made = std::fs::create_dir(&context).and_then(|()| std::fs::write(&file, dockerfile));
        let built = made.map_err(|error| error.to_string()).and_then(|()| {
            let place = context.to_string_lossy();
            let args: Vec<_> = args
                .iter()
                .map(|(name, value)| format!("--build-arg={name}={value}"))
                .collect();
            let mut arguments = vec![
                "buildx",
                "build",
                "--progress=plain",
                "--no-cache",
                "--output=type=cacheonly",
            ];
            arguments.push("--add-host=host.docker.internal:host-gateway");
            arguments.extend(args.iter().map(String::as_str));
            arguments.push(&place);
            let mut command = Command::new(&self.program);
            command.args(arguments).stdin(Stdio::null());
            let output = limit::output(&mut command, limit)
                .map_err(|error| self.missing(&error).to_string())?;
            let Some(output) = output else {
                return Ok(Tried::TooLate(limit));
            };
            let said = String::from_utf8_lossy(&output.stderr);
            let last = said.trim().lines().last().unwrap_or_default();
            Ok(if output.status.success() {
                Tried::Built
            } else {
                Tried::Failed(last.to_owned())
            })
        });
        // A directory that is left there harms nobody.
        let _ = std::fs::remove_dir_all(&context);
        built.unwrap_or_else(Tried::Failed)
    }

    /// All containers, whatever made them and whether they run or not.
    pub fn containers(&self) -> Result<Vec<Container>, Failure> {
        let ids = self.run(&["ps", "-a", "-q", "--no-trunc"])?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // Without --format, because podman 4 and docker print different structures with it.
        let mut arguments = vec!["container", "inspect"];
        arguments.extend(ids);
        // It fails if a container was removed in the meantime, but still prints the others.
        let output = self.output(&arguments)?;
        container::containers(&output.stdout).ok_or_else(|| self.failed(&arguments[..2], &output))
    }

    /// An image by its name; `None` if it does not exist.
    pub fn image(&self, name: &str) -> Result<Option<Image>, Failure> {
        let output = self.output(&["image", "inspect", "--", name])?;
        Ok(container::image(&output.stdout).filter(|_| output.success))
    }

    /// The names of all images with a label.
    pub fn images_with_label(&self, label: &str) -> Result<Vec<String>, Failure> {
        let filter = format!("label={label}");
        let format = "{{.Repository}}:{{.Tag}}";
        let names = self.run(&["image", "ls", "--filter", &filter, "--format", format])?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// A directory of an image as a tar archive; `None` if the image does not have it. Runs no program of the image.
    pub fn folder_of_image(&self, image: &str, folder: &str) -> Result<Option<Vec<u8>>, Failure> {
        // The container is never started. The command `none` is for images without a command, for which the engine requires one.
        let made = self.run(&["create", "--", image, "none"])?;
        let container = made.trim();
        let step = ["cp", &format!("{container}:{folder}"), "-"];
        let copied = self.bytes(&step);
        // And the volumes that the image declares.
        self.output(&["rm", "--volumes", "--", container])?;
        let (output, archive) = copied?;
        if output.success {
            return Ok(Some(archive));
        }
        let said = output.stderr.to_lowercase();
        if ["could not find", "could not be found", "no such file"]
            .iter()
            .any(|word| said.contains(word))
        {
            return Ok(None);
        }
        Err(self.failed(&step, &output))
    }

    /// Stops a container and removes it; no error if it does not exist.
    pub fn remove_container(&self, container: &Container) -> Result<(), Failure> {
        let id = container.id.as_str();
        let mut removal = vec!["rm", "--", id];
        if container.running {
            // The container has its usual time to end. One that does not stop, such as a paused one, is removed by force below.
            self.output(&["stop", "--", id])?;
            removal.insert(1, "--force");
        }
        let output = self.output(&removal)?;
        if output.success || !self.output(&["container", "inspect", "--", id])?.success {
            return Ok(());
        }
        Err(self.failed(&removal, &output))
    }

    /// Removes an image by its name; no error if it does not exist.
    pub fn remove_image(&self, image: &str) -> Result<(), Failure> {
        let step = ["image", "rm", "--", image];
        let output = self.output(&step)?;
        if output.success || self.image(image)?.is_none() {
            return Ok(());
        }
        Err(self.failed(&step, &output))
    }

    /// The names of the volumes or networks that a Compose project has made.
    pub fn made_by(&self, kind: &str, project: &str) -> Result<Vec<String>, Failure> {
        let label = format!("label={PROJECT_LABEL}={project}");
        let names = self.run(&[kind, "ls", "--format", "{{.Name}}", "--filter", &label])?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Whether there is a volume of this name.
    pub fn has_volume(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.output(&["volume", "inspect", "--", name])?.success)
    }

    /// Removes a network; false if something still uses it.
    pub fn remove_network(&self, name: &str) -> Result<bool, Failure> {
        Ok(self.output(&["network", "rm", "--", name])?.success)
    }

    /// A compose file as Compose resolves it, as JSON; `None` if Compose fails.
    pub fn compose_config(&self, file: &Path) -> Option<String> {
        let mut command = Command::new(&self.program);
        command
            .args(["compose", "--file"])
            .arg(file)
            // All profiles, otherwise the output would lack services such as stage-1.
            .args(["--profile", "*", "config", "--format", "json"])
            .stdin(Stdio::null());
        let output = command.output().ok()?;
        let json = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(json)
    }

    /// The compose files of a project as Compose resolves them, as JSON, with all profiles.
    pub fn compose_model(&self, folder: &Path, files: &[String]) -> Result<String, Failure> {
        let mut arguments = vec!["compose"];
        arguments.extend(files.iter().flat_map(|file| ["-f", file]));
        arguments.extend(["--profile", "*", "config", "--format", "json"]);
        let output = Command::new(&self.program)
            .args(&arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.missing(&error))?;
        let output = Output {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        if output.success {
            Ok(output.stdout)
        } else {
            Err(self.failed(&arguments, &output))
        }
    }

    /// The output of a command that must succeed.
    pub fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output(arguments)?;
        if output.success {
            Ok(output.stdout)
        } else {
            Err(self.failed(arguments, &output))
        }
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, Failure> {
        self.bytes(arguments).map(|(output, _)| output)
    }

    /// The same with what it prints as it came.
    fn bytes(&self, arguments: &[&str]) -> Result<(Output, Vec<u8>), Failure> {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        let output = match self.time_left() {
            None => command.output().map(Some),
            Some(limit) => limit::output(&mut command, limit),
        };
        let Some(output) = output.map_err(|error| self.missing(&error))? else {
            return Err(self.silent(arguments));
        };
        let text = Output {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        Ok((text, output.stdout))
    }

    fn silent(&self, arguments: &[&str]) -> Failure {
        let program = self.program.to_string_lossy();
        let seconds = self.limit.unwrap_or_default().as_secs();
        Failure::engine(format!(
            "`{program} {}` gave no answer within {seconds} s",
            arguments.join(" ")
        ))
        .help("check that the engine runs, and that this machine reaches it")
    }

    fn missing(&self, error: &std::io::Error) -> Failure {
        let program = quoted(&self.program.to_string_lossy());
        if error.kind() == ErrorKind::NotFound {
            Failure::engine(format!("the container engine {program} is not installed"))
                .help(format!("install it, or name another one in {VARIABLE}"))
        } else {
            Failure::engine(format!(
                "cannot start the container engine {program}: {error}"
            ))
        }
    }

    fn failed(&self, arguments: &[&str], output: &Output) -> Failure {
        let program = self.program.to_string_lossy();
        let said = output.stderr.trim();
        let failure = Failure::engine(format!(
            "`{program} {}` failed: {said}",
            arguments.join(" ")
        ));
        if said.contains("permission denied") && said.contains("sock") {
            let group = group_of_socket(said);
            return failure.help(format!(
                "its socket is open to the group `{group}`: `sudo usermod -aG {group} \"$USER\"`, then log in again; \
                 who is in it can do all that root can"
            ));
        }
        failure.help("check that the engine runs and that you may use it")
    }
}

/// The group that may use the socket that the engine's message names.
fn group_of_socket(said: &str) -> String {
    let path = said.split("unix://").nth(1).unwrap_or_default();
    let path = path.split([':', ' ', '"']).next().unwrap_or_default();
    let group = std::fs::metadata(path).ok().and_then(|socket| {
        let groups = std::fs::read_to_string("/etc/group").ok()?;
        let id = std::os::unix::fs::MetadataExt::gid(&socket).to_string();
        let line = groups
            .lines()
            .find(|line| line.split(':').nth(2) == Some(&id))?;
        line.split(':').next().map(str::to_owned)
    });
    group
        .filter(|group| group != "root")
        .unwrap_or_else(|| "docker".to_owned())
}

/// The host in an endpoint such as `ssh://me@lab:22` or `tcp://lab:2376`; a socket of this machine has none.
fn host_of(endpoint: &str) -> Option<String> {
    let (scheme, rest) = endpoint.split_once("://")?;
    if !matches!(scheme, "ssh" | "tcp" | "http" | "https") {
        return None;
    }
    let authority = rest.split('/').next()?;
    let (_, host) = authority.rsplit_once('@').unwrap_or(("", authority));
    let host = match host.strip_prefix('[') {
        Some(rest) => rest.split(']').next()?,
        None => host.split(':').next()?,
    };
    let is_here = matches!(host, "" | "localhost" | "127.0.0.1" | "::1");
    (!is_here).then(|| host.to_owned())
}

struct Output {
    success: bool,
    stdout: String,
    stderr: String,
}

#[cfg(test)]
mod tests {
    use super::host_of;

    #[test]
    fn an_endpoint_names_its_machine_unless_it_is_this_one() {
        for (endpoint, host) in [
            ("unix:///var/run/docker.sock", None),
            ("tcp://127.0.0.1:2375", None),
            ("tcp://lab:2376", Some("lab")),
            ("ssh://me@lab.example", Some("lab.example")),
            ("tcp://[fd00::2]:2376", Some("fd00::2")),
            ("", None),
        ] {
            assert_eq!(host_of(endpoint).as_deref(), host, "{endpoint}");
        }
    }
}
