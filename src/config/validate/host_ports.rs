//! Host ports that two mappings want.
//!
//! One pass over the mappings sorted by their first port, so that 100,000 of them,
//! or ranges over all ports, cost no more than the sorting.

use std::collections::{HashMap, HashSet};
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use std::ops::RangeInclusive;

use super::port::{Mapping, Protocol};
use super::ports::Published;
use super::ssh::ReadSsh;
use crate::config::read::{Context, Site};
use crate::diagnostic::{Code, Diagnostic};

/// What a mapping without an address is bound to.
const EVERYWHERE: [IpAddr; 2] = [
    IpAddr::V4(Ipv4Addr::UNSPECIFIED),
    IpAddr::V6(Ipv6Addr::UNSPECIFIED),
];

/// A range of host ports on one address. A mapping without an address is two: one
/// for IPv4, one for IPv6.
struct Claim<'p> {
    protocol: Protocol,
    address: IpAddr,
    first: u16,
    last: u16,
    /// Among the claimants, in the file's order.
    owner: usize,
    site: &'p Site,
    is_ssh: bool,
}

/// The claim that reaches farthest up.
#[derive(Clone, Copy)]
struct Reach {
    last: u16,
    claim: usize,
}

/// Warns once for each mapping that wants a port another has.
pub(super) fn check(cx: &mut Context<'_>, published: &[Published], ssh: Option<&ReadSsh>) {
    let claims = claims(published, ssh);
    let mut reported = HashSet::new();
    for (one, other) in conflicts(&claims) {
        let (first, again) = in_file_order(&claims[one], &claims[other]);
        if reported.insert(again.owner) {
            cx.report(warning(first, again));
        }
    }
}

fn claims<'p>(published: &'p [Published], ssh: Option<&'p ReadSsh>) -> Vec<Claim<'p>> {
    let mut claims = Vec::with_capacity(published.len() + 2);
    for (owner, port) in published.iter().enumerate() {
        let Some(mapping) = &port.mapping else {
            continue;
        };
        let Some(host) = fixed_host_ports(mapping) else {
            continue;
        };
        let claim = |address| Claim {
            protocol: mapping.protocol,
            address,
            first: *host.start(),
            last: *host.end(),
            owner,
            site: &port.site,
            is_ssh: false,
        };
        match mapping.ip {
            Some(address) => claims.push(claim(address)),
            None => claims.extend(EVERYWHERE.map(claim)),
        }
    }
    if let Some((port, site)) = ssh.filter(|ssh| ssh.enabled).and_then(ReadSsh::host_port) {
        claims.extend(EVERYWHERE.map(|address| Claim {
            protocol: Protocol::Tcp,
            address,
            first: port,
            last: port,
            owner: published.len(),
            site,
            is_ssh: true,
        }));
    }
    claims
}

/// A range for one container port is a choice that the engine makes, no claim.
fn fixed_host_ports(mapping: &Mapping) -> Option<&RangeInclusive<u16>> {
    let several = |range: &RangeInclusive<u16>| range.start() != range.end();
    let host = mapping.host.as_ref()?;
    (several(&mapping.container) || !several(host)).then_some(host)
}

/// Pairs of overlapping claims: at least one for each claim that overlaps an earlier one.
fn conflicts(claims: &[Claim<'_>]) -> Vec<(usize, usize)> {
    let mut order: Vec<usize> = (0..claims.len()).collect();
    order.sort_by_key(|&index| {
        let claim = &claims[index];
        (
            claim.protocol,
            claim.address.is_ipv6(),
            claim.first,
            claim.owner,
        )
    });
    let mut pairs = Vec::new();
    let mut group = None;
    // The farthest reaches so far: of all claims, of those on all addresses, of each address.
    let mut all: Option<Reach> = None;
    let mut wildcard: Option<Reach> = None;
    let mut exact: HashMap<IpAddr, Reach> = HashMap::new();
    for index in order {
        let claim = &claims[index];
        let this_group = (claim.protocol, claim.address.is_ipv6());
        if group != Some(this_group) {
            (group, all, wildcard) = (Some(this_group), None, None);
            exact.clear();
        }
        let everywhere = claim.address.is_unspecified();
        let candidates = if everywhere {
            [all, None]
        } else {
            [exact.get(&claim.address).copied(), wildcard]
        };
        let hit = candidates
            .into_iter()
            .flatten()
            .find(|reach| reach.last >= claim.first);
        pairs.extend(hit.map(|reach| (reach.claim, index)));

        let reach = Reach {
            last: claim.last,
            claim: index,
        };
        let farther = |old: Option<Reach>| match old {
            Some(old) if old.last >= reach.last => Some(old),
            _ => Some(reach),
        };
        all = farther(all);
        if everywhere {
            wildcard = farther(wildcard);
        } else if let Some(farthest) = farther(exact.get(&claim.address).copied()) {
            exact.insert(claim.address, farthest);
        }
    }
    pairs
}

fn in_file_order<'c, 'p>(
    one: &'c Claim<'p>,
    other: &'c Claim<'p>,
) -> (&'c Claim<'p>, &'c Claim<'p>) {
    let place = |claim: &Claim<'_>| (claim.site.span.start, claim.owner);
    if place(one) <= place(other) {
        (one, other)
    } else {
        (other, one)
    }
}

fn warning(first: &Claim<'_>, again: &Claim<'_>) -> Diagnostic {
    let port = first.first.max(again.first);
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
