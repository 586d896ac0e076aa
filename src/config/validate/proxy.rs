//! The `proxy` section.

use std::net::{IpAddr, Ipv6Addr};

use crate::config::raw;
use crate::config::read::{Context, Field, Place, Read};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, Part, Proxy};

/// The host, as seen from a container.
const DEFAULT_ADDRESS: &str = "host.docker.internal";
const DEFAULT_PORT: u16 = 7890;

/// Characters that end a host name in a URL or have a meaning in a shell.
pub(in crate::config) const FOREIGN_IN_ADDRESS: &str = "/\\'\"`$#?&;|<>(){},";

/// The keys that one stage sets. The others are inherited or have defaults.
#[derive(Debug, Clone, Default)]
pub(super) struct ReadProxy {
    /// Whether the section exists and is not null.
    is_section: bool,
    address: Option<ComposeText>,
    port: Option<u16>,
    enable_globally: Option<bool>,
    remove_after_build: Option<bool>,
    use_https: Option<bool>,
}

pub(super) fn read(cx: &mut Context<'_>, field: Option<Field<'_>>, stage: &Place<'_>) -> ReadProxy {
    let field = field.filter(|field| !field.node.is_null());
    let Some((section, at)) = raw::Proxy::of(cx, field, stage) else {
        return ReadProxy::default();
    };
    ReadProxy {
        is_section: true,
        address: address(cx, section.address, &at).ok().flatten(),
        port: cx.port(section.port, &at).ok().flatten(),
        enable_globally: cx.boolean(section.enable_globally, &at).ok().flatten(),
        remove_after_build: cx.boolean(section.remove_after_build, &at).ok().flatten(),
        use_https: cx.boolean(section.use_https, &at).ok().flatten(),
    }
}

/// Reads the address. It becomes a part of a URL that shells and apt read, so it must not hold characters that end
/// a host name or have a meaning in a shell.
fn address(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<ComposeText> {
    let (Some(field), Some(text)) = (field, cx.compose_text(field, at)?) else {
        return Ok(None);
    };
    let known: Vec<&str> = text.parts.iter().filter_map(Part::known).collect();
    let literal = text.as_literal();
    let problem = if known.iter().any(|text| text.contains('@')) {
        // A part of the address is a password. Anybody could read it in the compose file and in the image.
        Some((
            "the proxy's address holds a login".to_owned(),
            "leave the login out: one in `proxies` of the engine's `~/.docker/config.json` is used by builds and containers".to_owned(),
        ))
    } else if text.parts.is_empty() {
        Some((
            "the proxy's address is empty".to_owned(),
            "write null for the default".to_owned(),
        ))
    } else if literal.is_some_and(|text| text.parse::<Ipv6Addr>().is_ok()) {
        Some((
            format!("the IPv6 address {} needs brackets", found(literal)),
            "write `[` before and `]` after it, in quotes".to_owned(),
        ))
    } else if !known.iter().all(|text| is_address_part(text)) || literal.is_some_and(has_port) {
        Some((
            format!(
                "the proxy's address is a host name or an IP address alone, found {}",
                found(literal)
            ),
            literal.and_then(parts_of_url).unwrap_or_else(|| {
                "write only the host name here, and the port in `port`".to_owned()
            }),
        ))
    } else {
        None
    };
    if let Some((message, help)) = problem {
        return Err(cx.bad_value(Some(field), at, Code::InvalidProxyAddress, message, &help));
    }
    if literal.is_some_and(is_loopback) {
        let here = field.place(at);
        let message = format!("{} is the container itself, in a build too", found(literal));
        let warning = here.warning(Code::LoopbackProxy, field.node.span.clone(), message);
        cx.report(warning.help(
            "write `host.docker.internal` for this machine; its proxy must listen on an address that containers reach",
        ));
    }
    Ok(Some(text))
}

fn found(text: Option<&str>) -> String {
    text.map_or("it".to_owned(), quoted)
}

fn is_address_part(text: &str) -> bool {
    let foreign = |c: char| c.is_whitespace() || c.is_control() || FOREIGN_IN_ADDRESS.contains(c);
    !text.contains(foreign)
}

/// Whether the text is `name:port`. An IPv6 address in brackets has colons of its own.
fn has_port(text: &str) -> bool {
    match text.strip_prefix('[') {
        Some(rest) => !rest.ends_with(']'),
        None => text.contains(':'),
    }
}

/// What to write instead of `http://HOST:PORT/` or a part of it.
fn parts_of_url(text: &str) -> Option<String> {
    let rest = text.split_once("://").map_or(text, |(_, rest)| rest);
    let rest = rest.split('/').next()?;
    let (host, port) = match rest.rsplit_once(':') {
        Some((host, port)) => (host, Some(port)),
        None => (rest, None),
    };
    if host.is_empty() || !is_address_part(host) || has_port(host) {
        return None;
    }
    match port {
        Some(port) if port.parse::<u16>().is_ok() => {
            Some(format!("write `address: {host}` and `port: {port}`"))
        }
        Some(_) => None,
        None => Some(format!("write `address: {host}`")),
    }
}

fn is_loopback(text: &str) -> bool {
    let ip = text.trim_start_matches('[').trim_end_matches(']').parse();
    text == "localhost" || ip.is_ok_and(|ip: IpAddr| ip.is_loopback() || ip.is_unspecified())
}

impl ReadProxy {
    /// Replaces what is not set by the defaults.
    pub(super) fn with_defaults(self) -> Proxy {
        self.over(&Proxy {
            address: ComposeText::literal(DEFAULT_ADDRESS),
            port: DEFAULT_PORT,
            enable_globally: false,
            remove_after_build: false,
            use_https: false,
        })
    }

    /// Replaces what is not set by the values of `below`.
    pub(super) fn over(self, below: &Proxy) -> Proxy {
        Proxy {
            address: self.address.unwrap_or_else(|| below.address.clone()),
            port: self.port.unwrap_or(below.port),
            enable_globally: self.enable_globally.unwrap_or(below.enable_globally),
            remove_after_build: self.remove_after_build.unwrap_or(below.remove_after_build),
            // As in the reference, `use_https` is not inherited by a stage that has a section of its own.
            use_https: self
                .use_https
                .unwrap_or(!self.is_section && below.use_https),
        }
    }
}
