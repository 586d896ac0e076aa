//! Commands of the engine that may take long or never end.

use std::process::{Command, Stdio};
use std::time::Duration;

use serde_json::Value;

use super::{Engine, limit};

/// The engine's message about an image that it does not have; podman's differs from docker's.
const NO_IMAGE: [&str; 3] = ["no such image", "no such object", "image not known"];

const TOO_LATE: &str = "it did not answer in time";

impl Engine {
    /// The output of a command.
    ///
    /// # Errors
    /// The last line of its message.
    pub fn ask(&self, arguments: &[&str], limit: Duration) -> Result<String, String> {
        let (success, printed, said) = self.printed(arguments, limit)?;
        if success {
            Ok(printed)
        } else {
            Err(last_line(&said))
        }
    }

    /// The images that the engine has of some names, as `image inspect` describes them.
    ///
    /// # Errors
    /// Why the command failed.
    pub fn images_in_time(&self, names: &[&str], limit: Duration) -> Result<Value, String> {
        if names.is_empty() {
            return Ok(Value::Array(Vec::new()));
        }
        let mut arguments = vec!["image", "inspect", "--"];
        arguments.extend(names);
        let (success, printed, said) = self.printed(&arguments, limit)?;
        let is_about_image = |line: &str| {
            let line = line.to_lowercase();
            NO_IMAGE.iter().any(|words| line.contains(words))
        };
        let mut lines = said.lines().filter(|line| !line.trim().is_empty());
        // It fails if one is missing, but still prints the others.
        if !success && !lines.all(is_about_image) {
            return Err(last_line(&said));
        }
        serde_json::from_str(&printed).map_err(|error| error.to_string())
    }

    fn printed(
        &self,
        arguments: &[&str],
        limit: Duration,
    ) -> Result<(bool, String, String), String> {
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        let output = match limit::output(&mut command, limit) {
            Ok(Some(output)) => output,
            Ok(None) => return Err(TOO_LATE.to_owned()),
            Err(error) => return Err(self.missing(&error).to_string()),
        };
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        Ok((
            output.status.success(),
            text(&output.stdout),
            text(&output.stderr),
        ))
    }
}

fn last_line(said: &str) -> String {
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("it gave no reason").trim();
    line.strip_prefix("ERROR: ").unwrap_or(line).to_owned()
}
