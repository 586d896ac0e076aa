//! Compose's short syntax of a port: `[[IP:]HOST:]CONTAINER[/PROTOCOL]`.
//!
//! <https://docs.docker.com/reference/compose-file/services/#ports>

use std::net::{IpAddr, Ipv6Addr};
use std::ops::RangeInclusive;

pub(super) const OUT_OF_RANGE: &str = "holds a number that is not from 1 to 65535";
pub(super) const TOO_MANY_PARTS: &str = "has more than three parts";

/// A mapping without markers.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Mapping {
    /// `None` means all interfaces, IPv4 and IPv6.
    pub ip: Option<IpAddr>,
    /// `None` means that the engine picks one.
    pub host: Option<RangeInclusive<u16>>,
    /// The ports in the container.
    pub container: RangeInclusive<u16>,
    /// The protocol of both ports.
    pub protocol: Protocol,
}

/// The transport protocol of a port.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Protocol {
    /// What ssh uses.
    Tcp,
    /// Datagrams.
    Udp,
    /// Streams of messages.
    Sctp,
}

impl Protocol {
    /// As Compose spells it.
    pub fn name(self) -> &'static str {
        match self {
            Self::Tcp => "tcp",
            Self::Udp => "udp",
            Self::Sctp => "sctp",
        }
    }
}

impl Mapping {
    /// Whether other machines can reach the port.
    pub fn is_open_to_all(&self) -> bool {
        self.ip.is_none_or(|ip| ip.is_unspecified())
    }
}

/// Parses a mapping. The error completes the sentence "the port `…` ".
pub fn parse(text: &str) -> Result<Mapping, &'static str> {
    if text.contains("://") {
        return Err("is a URL");
    }
    let (ports, protocol) = match text.rsplit_once('/') {
        Some((ports, word)) => (ports, protocol(word)?),
        None => (text, Protocol::Tcp),
    };
    let (host_side, container) = match ports.rsplit_once(':') {
        Some((host_side, container)) => (Some(host_side), container),
        None => (None, ports),
    };
    let container = range(container)?;
    let (ip, host) = match host_side {
        None => (None, None),
        Some(host_side) => match host_side.rsplit_once(':') {
            None => (None, Some(range(host_side)?)),
            Some((address, "")) => (Some(ip(address)?), None),
            Some((address, host)) => (Some(ip(address)?), Some(range(host)?)),
        },
    };
    if let Some(host) = &host {
        let one_of_many = container.start() == container.end();
        if length(host) != length(&container) && !one_of_many {
            return Err("maps ranges of different lengths");
        }
    }
    Ok(Mapping {
        ip,
        host,
        container,
        protocol,
    })
}

fn protocol(word: &str) -> Result<Protocol, &'static str> {
    match word.to_ascii_lowercase().as_str() {
        "tcp" => Ok(Protocol::Tcp),
        "udp" => Ok(Protocol::Udp),
        "sctp" => Ok(Protocol::Sctp),
        _ => Err("has an unknown protocol"),
    }
}

fn ip(text: &str) -> Result<IpAddr, &'static str> {
    const NO_ADDRESS: &str = "has no IP address before its host port";
    match text.strip_prefix('[') {
        Some(rest) => {
            let address = rest.strip_suffix(']').ok_or(NO_ADDRESS)?;
            address.parse().map(IpAddr::V6).map_err(|_| NO_ADDRESS)
        }
        None if text.parse::<Ipv6Addr>().is_ok() => {
            Err("has an IPv6 address that is not in brackets")
        }
        None if text.contains(':') => Err(TOO_MANY_PARTS),
        None => text.parse().map(IpAddr::V4).map_err(|_| NO_ADDRESS),
    }
}

fn range(text: &str) -> Result<RangeInclusive<u16>, &'static str> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let (first, last) = (number(first)?, number(last)?);
    if first > last {
        return Err("holds a range that ends before it begins");
    }
    Ok(first..=last)
}

fn number(text: &str) -> Result<u16, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("is not of the form `[[IP:]HOST:]CONTAINER[/PROTOCOL]`");
    }
    match text.parse() {
        Ok(port) if port > 0 => Ok(port),
        _ => Err(OUT_OF_RANGE),
    }
}

fn length(range: &RangeInclusive<u16>) -> u16 {
    range.end() - range.start()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_short_syntax_is_read() {
        for text in [
            "80",
            "8080:80",
            "3000-3002:3000-3002",
            "3000-3010:80",
            "127.0.0.1:8443:443",
            "127.0.0.1::80",
            "[::1]:80:80",
            "53:53/udp",
            "1:1/SCTP",
            "0.0.0.0:1-2:3-4/tcp",
        ] {
            assert!(parse(text).is_ok(), "{text}");
        }
        for text in [
            "",
            "a",
            "80:",
            ":80",
            "0:1",
            "1:65536",
            "1-2:1-3",
            "2-1:80",
            "1:2/x",
            "1:2:3",
            "::1:80:80",
            "[::1:80:80",
            "1.2.3:1:1",
            "80 : 80",
            "-1",
            "+1",
            "1:1:1:1",
        ] {
            assert!(parse(text).is_err(), "{text}");
        }
        let mapping = parse("[::]:1-2:3-4/udp").unwrap();
        assert!(mapping.is_open_to_all());
        assert_eq!(mapping.host, Some(1..=2));
        assert_eq!(mapping.protocol, Protocol::Udp);
    }
}
