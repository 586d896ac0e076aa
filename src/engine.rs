//! The container engine, asked through its command line as a person would.

use std::ffi::OsString;
use std::io::ErrorKind;
use std::path::Path;
use std::process::{Command, Stdio};

use serde::Deserialize;

use crate::diagnostic::quoted;
use crate::failure::Failure;

/// Names another engine with docker's command line, such as podman.
pub const VARIABLE: &str = "CONTAINER_ENGINE";

/// docker, or what the environment names in its place.
#[derive(Debug)]
pub struct Engine {
    program: OsString,
}

/// A container, as far as it matters to who wants its image gone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Container {
    /// The engine's identifier.
    pub id: String,
    /// Without docker's leading slash.
    pub name: String,
    /// It has to be stopped before it can be removed.
    pub running: bool,
    /// The Compose project that made it, where one did.
    pub project: Option<String>,
    /// Identifier of the image that it was made from.
    image_id: String,
    /// The image's name at that time.
    image_name: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    image: String,
    /// podman's place for the name.
    #[serde(default)]
    image_name: String,
    config: InspectedConfig,
    state: InspectedState,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedConfig {
    #[serde(default)]
    image: String,
    #[serde(default)]
    labels: Option<std::collections::BTreeMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct InspectedState {
    #[serde(default)]
    running: bool,
}

impl Engine {
    /// The engine that the environment names.
    #[must_use]
    pub fn from_environment() -> Self {
        let named = std::env::var_os(VARIABLE).filter(|name| !name.is_empty());
        Self {
            program: named.unwrap_or_else(|| "docker".into()),
        }
    }

    /// All containers, whatever made them and whether they run or not.
    ///
    /// # Errors
    /// The engine is missing or does not answer.
    pub fn containers(&self) -> Result<Vec<Container>, Failure> {
        let ids = self.run(&["ps", "-a", "-q", "--no-trunc"])?;
        let ids: Vec<&str> = ids.split_whitespace().collect();
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        let mut arguments = vec!["container", "inspect", "--format", "{{json .}}"];
        arguments.extend(ids);
        // It fails where one has gone in between, and tells of the others all the same.
        let output = self.output(&arguments)?;
        let containers = output
            .stdout
            .lines()
            .filter_map(|line| serde_json::from_str::<Inspected>(line).ok())
            .map(Container::from)
            .collect();
        Ok(containers)
    }

    /// The identifier of an image; `None` where there is none of that name.
    ///
    /// # Errors
    /// The engine is missing.
    pub fn image_id(&self, image: &str) -> Result<Option<String>, Failure> {
        let output = self.output(&["image", "inspect", "--format", "{{.Id}}", image])?;
        let id = plain_id(output.stdout.trim());
        Ok((output.success && !id.is_empty()).then_some(id))
    }

    /// Stops a container and removes it; one that is gone is fine.
    ///
    /// # Errors
    /// The engine's words.
    pub fn remove_container(&self, container: &Container) -> Result<(), Failure> {
        let id = container.id.as_str();
        let steps: &[&[&str]] = if container.running {
            &[&["stop", id], &["rm", id]]
        } else {
            &[&["rm", id]]
        };
        for step in steps {
            let output = self.output(step)?;
            if output.success {
                continue;
            }
            if self.output(&["container", "inspect", id])?.success {
                return Err(self.failed(step, &output));
            }
            return Ok(());
        }
        Ok(())
    }

    /// Removes an image by its name; one that is gone is fine.
    ///
    /// # Errors
    /// The engine's words.
    pub fn remove_image(&self, image: &str) -> Result<(), Failure> {
        let step = ["image", "rm", image];
        let output = self.output(&step)?;
        if output.success || self.image_id(image)?.is_none() {
            return Ok(());
        }
        Err(self.failed(&step, &output))
    }

    /// The names of all volumes.
    ///
    /// # Errors
    /// The engine is missing or does not answer.
    pub fn volumes(&self) -> Result<Vec<String>, Failure> {
        let names = self.run(&["volume", "ls", "-q"])?;
        Ok(names.lines().map(str::to_owned).collect())
    }

    /// Compose's own reading of a file, as JSON; `None` where it cannot be had.
    #[must_use]
    pub fn compose_config(&self, file: &Path) -> Option<String> {
        let mut command = Command::new(&self.program);
        command
            .args(["compose", "--file"])
            .arg(file)
            // Otherwise services with a profile, such as stage-1, would be left out.
            .args(["--profile", "*", "config", "--format", "json"])
            .stdin(Stdio::null());
        let output = command.output().ok()?;
        let json = String::from_utf8(output.stdout).ok()?;
        output.status.success().then_some(json)
    }

    /// The output of a command that has to succeed.
    fn run(&self, arguments: &[&str]) -> Result<String, Failure> {
        let output = self.output(arguments)?;
        if output.success {
            Ok(output.stdout)
        } else {
            Err(self.failed(arguments, &output))
        }
    }

    fn output(&self, arguments: &[&str]) -> Result<Output, Failure> {
        let output = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .output()
            .map_err(|error| self.missing(&error))?;
        Ok(Output {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        })
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
        Failure::engine(format!(
            "`{program} {}` failed: {said}",
            arguments.join(" ")
        ))
        .help("check that the engine runs and that you may use it")
    }
}

struct Output {
    success: bool,
    stdout: String,
    stderr: String,
}

impl Container {
    /// Whether it was made from an image: of this identifier, or of this name before a rebuild.
    ///
    /// Containers of images that were only built on top of it are not.
    #[must_use]
    pub fn is_of(&self, image: &str, id: Option<&str>) -> bool {
        let with_tag = |name: &str| {
            let name = name.strip_prefix("localhost/").unwrap_or(name).to_owned();
            let last = name.rsplit('/').next().unwrap_or_default();
            if last.contains([':', '@']) {
                name
            } else {
                name + ":latest"
            }
        };
        id == Some(&self.image_id) || with_tag(&self.image_name) == with_tag(image)
    }
}

impl From<Inspected> for Container {
    fn from(found: Inspected) -> Self {
        let project = found
            .config
            .labels
            .and_then(|mut labels| labels.remove("com.docker.compose.project"));
        Self {
            id: found.id,
            name: found.name.trim_start_matches('/').to_owned(),
            running: found.state.running,
            project,
            image_id: plain_id(&found.image),
            image_name: if found.image_name.is_empty() {
                found.config.image
            } else {
                found.image_name
            },
        }
    }
}

/// docker writes the algorithm before an identifier, and podman does not.
fn plain_id(id: &str) -> String {
    id.strip_prefix("sha256:").unwrap_or(id).to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn container(image_id: &str, image_name: &str) -> Container {
        Container {
            id: "c".into(),
            name: "c".into(),
            running: false,
            project: None,
            image_id: image_id.into(),
            image_name: image_name.into(),
        }
    }

    #[test]
    fn a_container_belongs_to_an_image_by_identifier_or_name() {
        let case = |image_id: &str, image_name: &str, expected| {
            let is_of = container(image_id, image_name).is_of("demo:1", Some("aa"));
            assert_eq!(is_of, expected, "{image_id} {image_name}");
        };
        case("aa", "sha256:aa", true);
        case("old", "demo:1", true);
        case("old", "localhost/demo:1", true);
        case("bb", "demo:2", false);
        case("bb", "other/demo:1", false);
    }

    #[test]
    fn a_name_without_a_tag_is_the_latest() {
        assert!(container("", "host:5000/demo").is_of("host:5000/demo:latest", None));
        assert!(!container("", "demo:1").is_of("demo", None));
    }
}
