//! Who listens on this machine, from the kernel's own tables: pei opens no socket.

use std::fs;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use crate::config::Protocol;

/// The address and port of everything that listens; `None` where the system has no such table.
pub(super) fn listeners(protocol: Protocol) -> Option<Vec<(IpAddr, u16)>> {
    let name = protocol.name();
    let four = fs::read_to_string(format!("/proc/net/{name}")).ok()?;
    // A machine without IPv6 has no second table.
    let six = fs::read_to_string(format!("/proc/net/{name}6")).unwrap_or_default();
    let lines = four.lines().chain(six.lines());
    Some(lines.filter_map(|line| listener(line, protocol)).collect())
}

/// A line such as `0: 0100007F:08AE 00000000:0000 0A …`.
fn listener(line: &str, protocol: Protocol) -> Option<(IpAddr, u16)> {
    let mut words = line.split_whitespace().skip(1);
    let (own, _, state) = (words.next()?, words.next()?, words.next()?);
    // What waits for datagrams has the state of a closed connection.
    let listens = if protocol == Protocol::Tcp {
        "0A"
    } else {
        "07"
    };
    let (address, port) = own.rsplit_once(':')?;
    let port = u16::from_str_radix(port, 16).ok()?;
    (state == listens).then_some((ip(address)?, port))
}

/// Words of 32 bits, each in the order of this machine.
fn ip(hex: &str) -> Option<IpAddr> {
    let word = |at: usize| {
        let word = hex.get(8 * at..8 * at + 8)?;
        Some(u32::from_str_radix(word, 16).ok()?.to_ne_bytes())
    };
    match hex.len() {
        8 => Some(Ipv4Addr::from(word(0)?).into()),
        32 => {
            let mut bytes = [0; 16];
            for at in 0..4 {
                bytes[4 * at..4 * at + 4].copy_from_slice(&word(at)?);
            }
            Some(Ipv6Addr::from(bytes).into())
        }
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[cfg(target_endian = "little")]
    fn the_kernels_lines_are_read() {
        let case = |line: &str, expected: Option<&str>| {
            let found = listener(line, Protocol::Tcp);
            let found = found.map(|(address, port)| format!("{address} {port}"));
            assert_eq!(found.as_deref(), expected);
        };
        case(
            "0: 0100007F:08AE 00000000:0000 0A 0",
            Some("127.0.0.1 2222"),
        );
        case("0: 0100007F:08AE 00000000:0000 01 0", None);
        let any = "0".repeat(32);
        case(&format!("1: {any}:0016 {any}:0000 0A 0"), Some(":: 22"));
        case("  sl  local_address rem_address   st", None);
    }
}
