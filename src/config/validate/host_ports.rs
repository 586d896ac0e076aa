//! Host ports that two mappings publish.

use std::collections::HashMap;
use std::net::IpAddr;
use std::ops::RangeInclusive;

use super::port::{Mapping, Protocol};
use super::ports::Published;
use super::ssh::ReadSsh;
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic};

/// The most ports that are checked, counting each port of a range. No real config has more.
const MOST: usize = 300_000;

/// The most addresses that are stored per port.
const ADDRESSES: usize = 64;

/// A range of host ports that a mapping publishes.
struct Claim<'p> {
    protocol: Protocol,
    /// `None` means all addresses, IPv4 and IPv6.
    address: Option<IpAddr>,
    ports: RangeInclusive<u16>,
    site: &'p Site,
    is_ssh: bool,
}

/// Warns once for each mapping with a port that an earlier mapping publishes.
pub(super) fn check(cx: &mut Context<'_>, published: &[Published], ssh: Option<&ReadSsh>) {
    let mut claims: Vec<Claim<'_>> = published.iter().filter_map(claim).collect();
    if let Some((port, site)) = ssh.filter(|ssh| ssh.enabled).and_then(ReadSsh::host_port) {
        claims.push(Claim {
            protocol: Protocol::Tcp,
            address: None,
            ports: port..=port,
            site,
            is_ssh: true,
        });
    }
    claims.sort_by_key(|claim| claim.site.span.start);
    let mut taken: HashMap<(Protocol, u16), Vec<&Claim<'_>>> = HashMap::new();
    let mut left = MOST;
    for again in &claims {
        let mut first = None;
        for port in again.ports.clone().take(left) {
            let holders = taken.entry((again.protocol, port)).or_default();
            let holder = holders
                .iter()
                .find(|holder| overlap(holder.address, again.address));
            first = first.or(holder.map(|first| (port, *first)));
            if holders.len() < ADDRESSES {
                holders.push(again);
            }
        }
        left = left.saturating_sub(again.ports.len());
        if let Some((port, first)) = first {
            cx.report(warning(port, first, again));
        }
    }
}

fn claim(port: &Published) -> Option<Claim<'_>> {
    let mapping = port.mapping.as_ref()?;
    Some(Claim {
        protocol: mapping.protocol,
        address: mapping.ip,
        ports: fixed_host_ports(mapping)?.clone(),
        site: &port.site,
        is_ssh: false,
    })
}

/// The host ports, unless a range is given for one container port: then the engine picks a free one.
fn fixed_host_ports(mapping: &Mapping) -> Option<&RangeInclusive<u16>> {
    let several = |range: &RangeInclusive<u16>| range.start() != range.end();
    let host = mapping.host.as_ref()?;
    (several(&mapping.container) || !several(host)).then_some(host)
}

/// Whether two addresses share a port. An unspecified address includes all addresses of its family.
fn overlap(one: Option<IpAddr>, other: Option<IpAddr>) -> bool {
    match (one, other) {
        (Some(one), Some(other)) => {
            let all = one.is_unspecified() || other.is_unspecified();
            one == other || all && one.is_ipv4() == other.is_ipv4()
        }
        _ => true,
    }
}

fn warning(port: u16, first: &Claim<'_>, again: &Claim<'_>) -> Diagnostic {
    let protocol = match again.protocol {
        Protocol::Tcp => String::new(),
        other => format!("/{}", other.name()),
    };
    let for_ssh = |claim: &Claim<'_>| if claim.is_ssh { ", for ssh" } else { "" };
    let (first_span, again_span) = first.site.apart(again.site);
    Diagnostic::warning(
        Code::DuplicateHostPort,
        again_span,
        format!("host port `{port}{protocol}` is published twice"),
    )
    .label(format!("published again here{}", for_ssh(again)))
    .also(
        first_span,
        format!("first published here{}", for_ssh(first)),
    )
    .path(again.site.path.clone())
    .help("choose another host port for one of them")
}
