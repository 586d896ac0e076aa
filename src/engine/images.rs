//! Images as builds and caches need them.

use std::ffi::OsStr;
use std::fs::File;
use std::os::fd::OwnedFd;
use std::os::unix::process::ExitStatusExt;
use std::path::Path;
use std::process::{ChildStdin, Command, Stdio};
use std::time::Instant;

use rustix::process::Signal;
use serde_json::Value;

use super::{Engine, limit};
use crate::failure::Failure;

/// The result of a command with a time limit.
#[derive(Debug)]
pub enum Answer {
    /// What it printed.
    Done(String),
    /// It failed, with this message.
    Failed(String),
    /// It took too long, and was killed.
    TimedOut,
}

/// How a command has ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ended {
    /// With success.
    Well,
    /// It failed.
    Badly,
    /// Somebody has pressed Ctrl-C.
    Interrupted,
}

impl Engine {
    /// The engine's program.
    pub fn program(&self) -> &OsStr {
        &self.program
    }

    /// The engine's description of images; skips those that it does not have.
    pub fn inspect_images(&self, names: &[&str]) -> Vec<Value> {
        if names.is_empty() {
            return Vec::new();
        }
        let mut arguments = vec!["image", "inspect", "--"];
        arguments.extend(names);
        // It fails if one is missing, but still prints the others.
        let output = self.output(&arguments).map(|output| output.stdout);
        serde_json::from_str(&output.unwrap_or_default()).unwrap_or_default()
    }

    /// The output of a command, which is killed at the deadline together with the processes that it started.
    pub fn ask_until(&self, arguments: &[&str], deadline: Instant) -> Answer {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        let left = deadline.saturating_duration_since(Instant::now());
        let left = self.time_left().map_or(left, |own| own.min(left));
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        match limit::output(&mut command, left) {
            Ok(Some(output)) if output.status.success() => Answer::Done(text(&output.stdout)),
            Ok(Some(output)) => Answer::Failed(text(&output.stderr)),
            Ok(None) => Answer::TimedOut,
            Err(error) => Answer::Failed(self.missing(&error).to_string()),
        }
    }

    /// What a registry tells of an image, as JSON, without pulling it.
    pub fn registry_image(&self, name: &str, deadline: Instant) -> Answer {
        self.imagetools(name, "{{json .Image}}", deadline)
    }

    /// The same with the manifest, as JSON with the keys `manifest` and `image`.
    pub fn registry_manifest(&self, name: &str, deadline: Instant) -> Answer {
        let format = r#"{"manifest":{{json .Manifest}},"image":{{json .Image}}}"#;
        self.imagetools(name, format, deadline)
    }

    fn imagetools(&self, name: &str, format: &str, deadline: Instant) -> Answer {
        let arguments = ["buildx", "imagetools", "inspect", "--format", format, name];
        self.ask_until(&arguments, deadline)
    }

    /// Runs a command in a directory, with its output on pei's own stdout and stderr.
    ///
    /// # Errors
    /// It cannot be started.
    pub fn run_shown<S: AsRef<OsStr>>(
        &self,
        folder: &Path,
        arguments: &[S],
    ) -> Result<Ended, Failure> {
        let status = Command::new(&self.program)
            .args(arguments)
            .current_dir(folder)
            .stdin(Stdio::null())
            .status()
            .map_err(|error| self.missing(&error))?;
        let interrupt = Signal::INT.as_raw();
        Ok(
            if status.signal() == Some(interrupt) || status.code() == Some(128 + interrupt) {
                Ended::Interrupted
            } else if status.success() {
                Ended::Well
            } else {
                Ended::Badly
            },
        )
    }

    /// Sends an image to its registry.
    ///
    /// # Errors
    /// The engine's message.
    pub fn push(&self, name: &str) -> Result<(), Failure> {
        self.run(&["push", "--quiet", "--", name]).map(drop)
    }

    /// Writes an image into a file.
    ///
    /// # Errors
    /// The engine's message.
    pub fn save(&self, name: &str, file: File) -> Result<(), Failure> {
        let arguments = ["save", "--", name];
        let output = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::null())
            .stdout(file)
            .output()
            .map_err(|error| self.missing(&error))?;
        if output.status.success() {
            return Ok(());
        }
        let output = super::Output {
            success: false,
            stdout: String::new(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        Err(self.failed(&arguments, &output))
    }

    /// Writes several images into one file, in which a layer that they share stands once.
    ///
    /// # Errors
    /// The engine's message.
    pub fn save_all(&self, names: &[&str], file: &Path) -> Result<(), Failure> {
        let file = file.to_string_lossy();
        let arguments = [&["save", "-o", &file, "--"], names].concat();
        self.run(&arguments).map(drop)
    }

    /// Writes an image into a directory, in the layout of the Open Container Initiative.
    ///
    /// # Errors
    /// The message of the engine or of tar.
    pub fn save_unpacked(&self, name: &str, folder: &Path) -> Result<(), Failure> {
        let cannot = |error: std::io::Error| Failure::new(format!("cannot run tar: {error}"));
        let mut tar = Command::new("tar")
            .args(["-x", "-C"])
            .arg(folder)
            .stdin(Stdio::piped())
            .spawn()
            .map_err(cannot)?;
        let pipe = tar.stdin.take().map(OwnedFd::from);
        let saved = match pipe {
            Some(pipe) => self.save(name, File::from(pipe)),
            None => Ok(()),
        };
        let unpacked = tar.wait().map_err(cannot)?;
        saved?;
        if unpacked.success() {
            Ok(())
        } else {
            Err(Failure::new("tar could not unpack what the engine saved"))
        }
    }

    /// Loads the images of an archive, which `feed` writes; where that says that it has not written all of it, nothing is
    /// loaded.
    ///
    /// # Errors
    /// The engine's message.
    pub fn load(&self, feed: impl FnOnce(&mut ChildStdin) -> bool) -> Result<(), Failure> {
        let arguments = ["load", "--quiet"];
        let mut child = Command::new(&self.program)
            .args(arguments)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| self.missing(&error))?;
        let is_whole = child.stdin.take().is_some_and(|mut pipe| {
            let is_whole = feed(&mut pipe);
            if !is_whole {
                // While the pipe is open: its end would look like the archive's. It is no error if it has ended.
                let _ = child.kill();
            }
            is_whole
        });
        let output = child
            .wait_with_output()
            .map_err(|error| self.missing(&error))?;
        let output = super::Output {
            success: output.status.success() && is_whole,
            stdout: String::new(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        };
        if output.success {
            Ok(())
        } else {
            Err(self.failed(&arguments, &output))
        }
    }

    /// The history of an image, a line for each step, and the variables that it sets.
    ///
    /// # Errors
    /// The engine's message.
    pub fn history(&self, name: &str) -> Result<String, Failure> {
        let steps = self.run(&[
            "history",
            "--no-trunc",
            "--format",
            "{{.CreatedBy}}\n{{.Comment}}",
            "--",
            name,
        ])?;
        let images = self.inspect_images(&[name]);
        let config = images.first().map(|image| image["Config"].to_string());
        Ok(steps + &config.unwrap_or_default())
    }

    /// The engine's platform, such as `linux/amd64`; `None` where it does not say.
    ///
    /// # Errors
    /// The engine does not answer.
    pub fn platform(&self) -> Result<Option<String>, Failure> {
        let text = self.run(&["version", "--format", "{{json .Server}}"])?;
        let server: Value = serde_json::from_str(&text).unwrap_or_default();
        let part = |name: &str| server[name].as_str();
        let parts = part("Os").zip(part("Arch"));
        Ok(parts.map(|(os, architecture)| format!("{os}/{architecture}")))
    }

    /// What tells this engine from others; empty where it has no such name.
    pub fn id(&self) -> String {
        let id = self.run(&["info", "--format", "{{.ID}}"]);
        id.unwrap_or_default().trim().to_owned()
    }

    /// The driver of a builder.
    ///
    /// # Errors
    /// There is no builder of that name.
    pub fn driver(&self, builder: &str) -> Result<String, Failure> {
        let text = self.run(&["buildx", "inspect", "--", builder])?;
        let driver = text.lines().find_map(|line| line.strip_prefix("Driver:"));
        Ok(driver.unwrap_or("docker").trim().to_owned())
    }
}
