//! Short reasons why a cache cannot be reached, from the messages of engines and operating systems.

use std::fmt;
use std::io::ErrorKind;

/// Why a place cannot be reached.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Away {
    /// In a few words.
    pub reason: String,
    /// What may be done about it.
    pub cure: Option<&'static str>,
}

impl fmt::Display for Away {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.reason)
    }
}

/// What an engine's message about an image in a registry means.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Said {
    /// The engine asks with TLS, and the registry answers without.
    Plain,
    /// The registry wants a login, or another one.
    Refused,
    /// The registry does not have it.
    Absent,
    /// No registry was reached.
    Away(Away),
}

/// A message longer than that is cut.
const LONG: usize = 160;

/// The sense of such a message.
pub fn sense(said: &str) -> Said {
    let words = said.to_lowercase();
    let has = |all: &[&str]| all.iter().any(|word| words.contains(word));
    if has(&["http response to https client"]) {
        return Said::Plain;
    }
    if has(&[
        "unauthorized",
        "authorization failed",
        "no basic auth",
        "denied",
        "forbidden",
        " 401",
        " 403",
    ]) {
        return Said::Refused;
    }
    let away = |reason: &str, cure| {
        Said::Away(Away {
            reason: reason.to_owned(),
            cure: Some(cure),
        })
    };
    let spelling = "check how `cache.registry` is spelled in the config";
    if has(&["no such host", "server misbehaving", "name resolution"]) {
        return away("there is no host of this name", spelling);
    }
    if has(&["connection refused"]) {
        let cure = "start the registry, or check the port in `cache.registry`";
        return away("nothing listens there (connection refused)", cure);
    }
    if has(&["x509", "certificate", "tls: "]) {
        let cure = "give the engine the registry's certificate, in /etc/docker/certs.d";
        return away("the engine does not accept its certificate", cure);
    }
    if has(&["no route to host", "network is unreachable"]) {
        return away(
            "no network leads there",
            "check the network of this machine",
        );
    }
    if has(&["timeout", "deadline exceeded", "timed out"]) {
        return away("it does not answer", "check the network of this machine");
    }
    if has(&["not found", "manifest unknown", "name unknown"]) {
        return Said::Absent;
    }
    let line = said.lines().rev().find(|line| !line.trim().is_empty());
    let line = line.unwrap_or("it gave no reason").trim();
    let line = line.trim_start_matches("ERROR: ");
    let cut = line.char_indices().nth(LONG).map(|(at, _)| &line[..at]);
    Said::Away(Away {
        reason: cut.map_or(line.to_owned(), |cut| format!("{cut}…")),
        cure: None,
    })
}

/// Why a directory cannot be used.
pub fn of_folder(error: &std::io::Error) -> Away {
    let (reason, cure) = match error.kind() {
        ErrorKind::NotFound => ("it does not exist", "mount it, or make it with `mkdir`"),
        ErrorKind::PermissionDenied => (
            "you have no permission",
            "ask the owner of the directory for the permission",
        ),
        ErrorKind::NotADirectory => ("it is no directory", "check `cache.folder` in the config"),
        ErrorKind::ReadOnlyFilesystem => ("it is read-only", "mount it with write permission"),
        ErrorKind::StorageFull | ErrorKind::QuotaExceeded => {
            ("its disk is full", "delete archives that nobody uses")
        }
        _ => {
            return Away {
                reason: error.to_string(),
                cure: None,
            };
        }
    };
    Away {
        reason: reason.to_owned(),
        cure: Some(cure),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_registry_are_understood() {
        for (said, expected) in [
            ("ERROR: localhost:5000/a/core:ab: not found", Said::Absent),
            (
                "ERROR: failed to authorize: no basic auth credentials",
                Said::Refused,
            ),
            (
                "pull access denied, repository does not exist or may require authorization",
                Said::Refused,
            ),
            ("authorization failed: not found in the list", Said::Refused),
            (
                "http: server gave HTTP response to HTTPS client",
                Said::Plain,
            ),
        ] {
            assert_eq!(sense(said), expected, "{said}");
        }
        for (said, expected) in [
            (
                "dial tcp 127.0.0.1:1: connect: connection refused",
                "nothing listens",
            ),
            (
                "dial tcp: lookup cash.example on 10.0.0.1:53: no such host",
                "no host",
            ),
            (
                "tls: failed to verify certificate: x509: certificate signed by unknown authority",
                "certificate",
            ),
            ("dial tcp 10.1.1.1:443: i/o timeout", "does not answer"),
            (
                "ERROR: one\nERROR: unexpected status\n",
                "unexpected status",
            ),
        ] {
            let Said::Away(away) = sense(said) else {
                panic!("{said}");
            };
            assert!(away.reason.contains(expected), "{away}");
        }
        let Said::Away(away) = sense(&"é".repeat(1000)) else {
            panic!()
        };
        assert_eq!(away.reason.chars().count(), LONG + 1);
    }
}
