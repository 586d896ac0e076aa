//! The `proxy` section.

use std::net::Ipv6Addr;

use crate::config::raw::{self, Field};
use crate::config::read::{Context, Place, Read};
use crate::diagnostic::{Code, quoted};
use crate::model::{ComposeText, Part, Proxy};

/// Where the host is, seen from a container.
const DEFAULT_ADDRESS: &str = "host.docker.internal";
const DEFAULT_PORT: u16 = 7890;

/// What one stage says; the rest is inherited or default.
#[derive(Debug, Clone, Default)]
pub(super) struct Layer {
    address: Option<ComposeText>,
    port: Option<u16>,
    enable_globally: Option<bool>,
    remove_after_build: Option<bool>,
    use_https: Option<bool>,
}

pub(super) fn read(cx: &mut Context<'_>, field: Option<Field<'_>>, stage: &Place<'_>) -> Layer {
    let Some(field) = field else {
        return Layer::default();
    };
    let at = field.place(stage);
    let Ok(section) = raw::Proxy::read(cx, field.node, &at) else {
        return Layer::default();
    };
    Layer {
        address: address(cx, section.address, &at).ok().flatten(),
        port: cx.port(section.port, &at).ok().flatten(),
        enable_globally: cx.boolean(section.enable_globally, &at).ok().flatten(),
        remove_after_build: cx.boolean(section.remove_after_build, &at).ok().flatten(),
        use_https: cx.boolean(section.use_https, &at).ok().flatten(),
    }
}

/// The address becomes a part of a URL that shells and apt read, so that it may
/// hold nothing that ends the host name or means something to a shell.
fn address(cx: &mut Context<'_>, field: Option<Field<'_>>, at: &Place<'_>) -> Read<ComposeText> {
    let Some(text) = cx.compose_text(field, at)? else {
        return Ok(None);
    };
    let literal = |part: &Part| match part {
        Part::Literal(text) => is_address_part(text),
        Part::Marker { default, .. } => default.as_deref().is_none_or(is_address_part),
    };
    let is_host = text.parts.iter().all(literal);
    let with_port = is_host && text.as_literal().is_some_and(has_port);
    if !text.parts.is_empty() && is_host && !with_port {
        return Ok(Some(text));
    }
    let found = text.as_literal().map_or("it".to_owned(), quoted);
    let (message, help) = if text.parts.is_empty() {
        (
            "the proxy's address is empty".to_owned(),
            "write null for the default",
        )
    } else if text
        .as_literal()
        .is_some_and(|text| text.parse::<Ipv6Addr>().is_ok())
    {
        (
            format!("the IPv6 address {found} needs brackets"),
            "write `[` before and `]` after it, in quotes",
        )
    } else if with_port {
        (
            format!("the proxy's address {found} holds a port"),
            "write the host name alone and the port as `port`",
        )
    } else {
        (
            format!("the proxy's address is a host name or an IP address, found {found}"),
            "write the host name alone, without `http://` and without a path; the port stands in `port`",
        )
    };
    Err(cx.bad_value(field, at, Code::InvalidProxyAddress, message, help))
}

fn is_address_part(text: &str) -> bool {
    let foreign =
        |c: char| c.is_whitespace() || c.is_control() || "/\\'\"`$#?&;|<>(){},".contains(c);
    !text.contains(foreign)
}

/// `name:port`, where an IPv6 address in brackets has colons of its own.
fn has_port(text: &str) -> bool {
    let host = text.rsplit_once('@').map_or(text, |(_, host)| host);
    match host.strip_prefix('[') {
        Some(rest) => !rest.ends_with(']'),
        None => host.contains(':'),
    }
}

impl Layer {
    /// What is not set gets its default.
    pub(super) fn with_defaults(self) -> Proxy {
        self.over(&Proxy {
            address: ComposeText::literal(DEFAULT_ADDRESS),
            port: DEFAULT_PORT,
            enable_globally: false,
            remove_after_build: false,
            use_https: false,
        })
    }

    /// What is not set is as in `below`.
    pub(super) fn over(self, below: &Proxy) -> Proxy {
        Proxy {
            address: self.address.unwrap_or_else(|| below.address.clone()),
            port: self.port.unwrap_or(below.port),
            enable_globally: self.enable_globally.unwrap_or(below.enable_globally),
            remove_after_build: self.remove_after_build.unwrap_or(below.remove_after_build),
            // The one field that the reference does not hand on: its stage-2 speaks http unless told otherwise.
            use_https: self.use_https.unwrap_or(false),
        }
    }
}
