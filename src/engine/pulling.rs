//! A pull that is stopped when no more data comes.
//!
//! The engine itself waits for ever for a registry that stalls in the middle of a layer. It reports progress only to a
//! terminal, so it gets a pseudo-terminal. A repeated line is not progress: some engines repeat the last one.

use std::collections::BTreeMap;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::fs::OFlags;
use rustix::process::{Pid, Signal, kill_process};
use rustix::pty::{OpenptFlags, grantpt, openpt, ptsname, unlockpt};

use super::Engine;
use crate::failure::Failure;

/// A download that gets nothing for so long is given up.
pub const PATIENCE: Duration = Duration::from_mins(2);

/// What the engine says of layers that are not downloaded yet. After the download it may unpack for minutes and say
/// nothing.
const FETCHING: [&str; 4] = ["Downloading", "Waiting", "Pulling fs layer", "Retrying"];

impl Engine {
    /// Fetches an image from its registry. A download may take any time, as long as it moves.
    ///
    /// # Errors
    /// The engine's message, or that nothing came for so long.
    pub fn pull(&self, name: &str, patience: Duration) -> Result<(), Failure> {
        let arguments = ["pull", "--", name];
        let Ok((terminal, end)) = terminal() else {
            return self.run(&arguments).map(drop);
        };
        let mut command = Command::new(&self.program);
        command.args(arguments).stdin(Stdio::null());
        let both = end.try_clone().map(|other| (end, other));
        let (out, err) = both.map_err(|error| self.missing(&error))?;
        command.stdout(out).stderr(err);
        let child = command.spawn().map_err(|error| self.missing(&error))?;
        // Closes this process's copies of the child's end of the terminal, so that reading stops when the child ends.
        drop(command);
        let mut pull = Pull::default();
        let success = pull
            .follow(child, &read_in_background(terminal), patience)
            .map_err(|error| self.missing(&error))?;
        match success {
            Some(true) => Ok(()),
            Some(false) => Err(Failure::engine(pull.said)),
            None => Err(Failure::engine(format!(
                "nothing came from the registry for {} seconds",
                patience.as_secs()
            ))),
        }
    }
}

/// A terminal without a screen, and the end that a program writes into.
fn terminal() -> io::Result<(File, File)> {
    let terminal = openpt(OpenptFlags::RDWR | OpenptFlags::NOCTTY | close_on_exec())?;
    grantpt(&terminal)?;
    unlockpt(&terminal)?;
    let name = ptsname(&terminal, Vec::new())?;
    let mut options = OpenOptions::new();
    options.read(true).write(true);
    let flags = i32::try_from(OFlags::NOCTTY.bits()).unwrap_or(0);
    let end = options
        .custom_flags(flags)
        .open(std::ffi::OsStr::from_bytes(name.to_bytes()))?;
    Ok((File::from(terminal), end))
}

#[cfg(target_os = "linux")]
fn close_on_exec() -> OpenptFlags {
    OpenptFlags::CLOEXEC
}

/// There the program also inherits pei's end of the terminal, until the program ends.
#[cfg(not(target_os = "linux"))]
fn close_on_exec() -> OpenptFlags {
    OpenptFlags::empty()
}

fn read_in_background(mut terminal: File) -> Receiver<Vec<u8>> {
    let (send, receive) = channel();
    thread::spawn(move || {
        let mut bytes = [0; 4096];
        // Reading fails once no process has the other end open.
        while let Ok(length @ 1..) = terminal.read(&mut bytes) {
            if send.send(bytes[..length].to_vec()).is_err() {
                break;
            }
        }
    });
    receive
}

/// What a pull has said so far.
#[derive(Default)]
struct Pull {
    /// The last line of each layer.
    layers: BTreeMap<String, String>,
    /// The last line that is of no layer.
    said: String,
    /// The beginning of a line whose end has not come yet.
    rest: Vec<u8>,
}

impl Pull {
    /// Waits for the child and returns whether it succeeded; `None` if nothing new came for too long.
    fn follow(
        &mut self,
        mut child: Child,
        output: &Receiver<Vec<u8>>,
        patience: Duration,
    ) -> io::Result<Option<bool>> {
        let mut moved = Instant::now();
        let mut is_open = true;
        loop {
            let left = patience.saturating_sub(moved.elapsed());
            // Whether the child has ended is checked at least every half second.
            let wait = left.clamp(Duration::from_millis(10), Duration::from_millis(500));
            match output.recv_timeout(wait) {
                Ok(bytes) if self.has_news(&bytes) => moved = Instant::now(),
                Ok(_) | Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    is_open = false;
                    thread::sleep(Duration::from_millis(5));
                }
            }
            if let Some(status) = child.try_wait()? {
                // What it said at its end.
                while is_open && let Ok(bytes) = output.recv_timeout(Duration::from_millis(50)) {
                    self.has_news(&bytes);
                }
                return Ok(Some(status.success()));
            }
            if moved.elapsed() > patience && self.is_fetching() {
                // The program may be a wrapper, or have started a plugin. They are not in a process group of their own, because
                // Ctrl-C must reach them.
                let below = descendants(child.id());
                child.kill()?;
                for id in below {
                    // It is no error if it has ended in the meantime.
                    let _ = kill_process(id, Signal::KILL);
                }
                child.wait()?;
                return Ok(None);
            }
        }
    }

    /// Takes in what was printed; whether any of it is new.
    fn has_news(&mut self, bytes: &[u8]) -> bool {
        self.rest.extend(bytes);
        let mut is_new = false;
        while let Some(end) = self.rest.iter().position(|byte| b"\r\n".contains(byte)) {
            let line: Vec<u8> = self.rest.drain(..=end).collect();
            let line = plain(&String::from_utf8_lossy(&line));
            match line.split_once(": ") {
                // `12: Pulling from library/debian` is about the tag `12`.
                Some((layer, state))
                    if layer.bytes().all(|byte| byte.is_ascii_hexdigit())
                        && !state.starts_with("Pulling from") =>
                {
                    let before = self.layers.insert(layer.to_owned(), state.to_owned());
                    is_new |= before.as_deref() != Some(state);
                }
                _ if line.is_empty() => {}
                _ => {
                    is_new |= line != self.said;
                    self.said = line;
                }
            }
        }
        is_new
    }

    /// Whether something has yet to come from the registry.
    fn is_fetching(&self) -> bool {
        let is_coming = |state: &String| FETCHING.iter().any(|word| state.starts_with(word));
        self.layers.is_empty() || self.layers.values().any(is_coming)
    }
}

/// The processes that a process has started, and those that they have started. None where `/proc` does not list them.
fn descendants(id: u32) -> Vec<Pid> {
    let threads = fs::read_dir(format!("/proc/{id}/task"));
    let lists = threads.into_iter().flatten().flatten();
    let lists = lists.filter_map(|thread| fs::read_to_string(thread.path().join("children")).ok());
    let mut found = Vec::new();
    for child in lists.flat_map(|list| numbers(&list)) {
        found.extend(i32::try_from(child).ok().and_then(Pid::from_raw));
        found.extend(descendants(child));
    }
    found
}

fn numbers(list: &str) -> Vec<u32> {
    let words = list.split_whitespace();
    words.filter_map(|word| word.parse().ok()).collect()
}

/// A line without what moves the cursor.
fn plain(line: &str) -> String {
    let mut parts = line.split("\x1b[");
    let first = parts.next().unwrap_or_default().to_owned();
    let rest = parts.map(|part| {
        part.split_once(char::is_alphabetic)
            .map_or("", |(_, rest)| rest)
    });
    let line = rest.fold(first, |line, part| line + part);
    line.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The result of a pull if the engine's program is this shell script.
    fn pull(script: &str) -> Result<(), String> {
        use std::os::unix::fs::PermissionsExt;

        let folder = tempfile::tempdir().unwrap();
        let program = folder.path().join("docker");
        std::fs::write(&program, format!("#!/bin/sh\n{script}\n")).unwrap();
        std::fs::set_permissions(&program, std::fs::Permissions::from_mode(0o755)).unwrap();
        let engine = Engine {
            program: program.into(),
            limit: None,
            deadline: None,
        };
        let pulled = engine.pull("demo:1", Duration::from_millis(700));
        pulled.map_err(|failure| failure.to_string())
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn what_a_wrapper_has_started_ends_with_it() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("child");
        let script = format!("sleep 60 & echo $! >'{}'; wait", file.display());
        pull(&script).unwrap_err();
        let child = fs::read_to_string(file).unwrap();
        let status = || fs::read_to_string(format!("/proc/{}/stat", child.trim()));
        let is_over = || status().map_or(true, |text| text.contains(") Z "));
        for _ in 0..100 {
            if is_over() {
                return;
            }
            thread::sleep(Duration::from_millis(20));
        }
        panic!("{:?}", status());
    }

    #[test]
    fn a_pull_that_moves_is_waited_for_and_one_that_stalls_is_ended() {
        let line = |state: &str| format!("printf '\\033[1A\\033[2K\\rab12: {state}\\r\\033[1B'");
        assert_eq!(pull("test -t 1"), Ok(()));
        let slow = line("Downloading  $i kB/9MB").replace('\'', "\"");
        let slow = format!("for i in 1 2 3 4 5 6; do {slow}; sleep 0.25; done");
        assert_eq!(pull(&slow), Ok(()));
        // Unpacking takes its time.
        let unpacking = format!("{}; sleep 1.5", line("Download complete"));
        assert_eq!(pull(&unpacking), Ok(()));
        let begun = Instant::now();
        let again = line("Downloading  1kB/9MB");
        for script in [
            "sleep 60".to_owned(),
            format!("{again}; sleep 60"),
            format!("while sleep 0.1; do {again}; done"),
        ] {
            let stalled = pull(&script).unwrap_err();
            assert!(stalled.contains("nothing came"), "{stalled}");
        }
        assert!(begun.elapsed() < Duration::from_secs(20));
        let failed = pull("echo 'Error: manifest unknown' >&2; exit 1");
        assert_eq!(failed, Err("Error: manifest unknown".to_owned()));
    }
}
