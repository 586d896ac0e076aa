//! Runs a program that may hang, with a time limit.

use std::io::{self, Read};
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

/// The output of a program that ends in time; `None` if it did not and was killed.
pub(super) fn output(command: &mut Command, limit: Duration) -> io::Result<Option<Output>> {
    let end = Instant::now() + limit;
    let mut child = command
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        // A process group of its own: docker's plugins are other processes, and must be killed with it.
        .process_group(0)
        .spawn()?;
    let stdout = child.stdout.take().map(read_in_background);
    let stderr = child.stderr.take().map(read_in_background);
    let left = || end.saturating_duration_since(Instant::now());
    let read =
        |pipe: Option<Receiver<Vec<u8>>>| pipe.and_then(|pipe| pipe.recv_timeout(left()).ok());
    let outputs = read(stdout).zip(read(stderr));
    // It has closed its pipes, so it is about to end.
    let status = outputs.is_some().then(|| wait_until(&mut child, end));
    if let (Some((stdout, stderr)), Some(status)) = (outputs, status.transpose()?.flatten()) {
        return Ok(Some(Output {
            status,
            stdout,
            stderr,
        }));
    }
    if let Some(group) = i32::try_from(child.id()).ok().and_then(Pid::from_raw) {
        // It is no error if it has ended in the meantime.
        let _ = kill_process_group(group, Signal::KILL);
    }
    child.wait()?;
    Ok(None)
}

fn read_in_background(mut pipe: impl Read + Send + 'static) -> Receiver<Vec<u8>> {
    let (send, receive) = mpsc::channel();
    thread::spawn(move || {
        let mut bytes = Vec::new();
        // Ignore errors: output that cannot be read counts as none, and the receiver may be gone.
        let _ = pipe.read_to_end(&mut bytes);
        let _ = send.send(bytes);
    });
    receive
}

fn wait_until(child: &mut std::process::Child, end: Instant) -> io::Result<Option<ExitStatus>> {
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status));
        }
        if Instant::now() >= end {
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sh(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn a_program_that_ends_is_heard_and_one_that_hangs_is_killed() {
        let said = output(
            &mut sh("echo out; echo err >&2; exit 3"),
            Duration::from_secs(10),
        );
        let said = said.unwrap().unwrap();
        assert_eq!(said.stdout, b"out\n");
        assert_eq!(said.stderr, b"err\n");
        assert_eq!(said.status.code(), Some(3));

        let start = Instant::now();
        let limit = Duration::from_millis(100);
        // The second one holds the pipe, as a plugin of docker would.
        let hung = output(&mut sh("sleep 60 & sleep 60"), limit).unwrap();
        assert!(hung.is_none());
        assert!(start.elapsed() < Duration::from_secs(10));
    }
}
