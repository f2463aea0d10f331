//! Which addresses are anybody's on the internet, and which are of a house, a machine or nobody.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use url::Host;

/// The networks of IPv4 that are not everybody's, by their first address and the length of their prefix: the special
/// ones of IANA's registry, multicast, and what is kept for later.
const NOT_PUBLIC: [(Ipv4Addr, u32); 15] = [
    (Ipv4Addr::new(0, 0, 0, 0), 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// Whether an address is one of the public internet.
///
/// Of IPv6 only the global unicast range is, without what is in it for documentation and for tunnels, whose other end may
/// be anything. An address that stands for one of IPv4 behind a translator is as public as that.
pub fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => v4(address),
        IpAddr::V6(address) => v6(address),
    }
}

/// Names that are kept for the machine itself and for private networks: nobody else's internet answers for them.
const PRIVATE_NAMES: [&str; 5] = ["localhost", "localdomain", "local", "internal", "home.arpa"];

/// Whether a host, as it is written, cannot be one of the public internet: a literal that is not public, a name kept for
/// private networks, or a name without a dot, which only a network of one's own completes. What any other name
/// stands for is known when it is looked up.
pub fn is_private_host(host: &Host<&str>) -> bool {
    match host {
        Host::Ipv4(address) => !v4(*address),
        Host::Ipv6(address) => !v6(*address),
        Host::Domain(name) => {
            let name = name.strip_suffix('.').unwrap_or(name).to_ascii_lowercase();
            let within = |kept: &&str| {
                name.strip_suffix(*kept).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
            };
            !name.contains('.') || PRIVATE_NAMES.iter().any(within)
        }
    }
}

fn v4(address: Ipv4Addr) -> bool {
    let bits = address.to_bits();
    !NOT_PUBLIC.iter().any(|(network, prefix)| (bits ^ network.to_bits()) >> (32 - prefix) == 0)
}

fn v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x64, 0xff9b, 0, 0, 0, 0, high, low] => {
            v4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
        }
        // Protocol assignments (Teredo and the like), documentation, 6to4, documentation.
        [0x2001, second, ..] if second < 0x200 || second == 0xdb8 => false,
        [0x2002, ..] => false,
        [0x3fff, second, ..] if second < 0x1000 => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_everybody_are_public() {
        for text in ["1.1.1.1", "100.63.255.255", "172.32.0.1", "192.169.0.1", "223.255.255.255"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
        for text in ["2606:4700::1111", "2001:4860:4860::8888", "2a00:1450::1", "64:ff9b::1.1.1.1"] {
            assert!(is_public(text.parse().unwrap()), "{text}");
        }
    }

    #[test]
    fn a_host_is_private_by_how_it_is_written_or_it_is_not_known_yet() {
        let private = |text: &str| {
            let host = Host::parse(text).unwrap();
            match &host {
                Host::Domain(name) => is_private_host(&Host::Domain(name)),
                Host::Ipv4(address) => is_private_host(&Host::Ipv4(*address)),
                Host::Ipv6(address) => is_private_host(&Host::Ipv6(*address)),
            }
        };
        for text in [
            "127.0.0.1",
            "2130706433",
            "0x7f.1",
            "[::1]",
            "169.254.169.254",
            "localhost",
            "LOCALHOST.",
            "crm.localhost",
            "metadata",
            "metadata.google.internal",
            "printer.local",
            "box.home.arpa",
        ] {
            assert!(private(text), "{text}");
        }
        for text in
            ["1.1.1.1", "[2606:4700::1111]", "crm.example", "notlocal.example", "mylocalhost.com", "local.ch"]
        {
            assert!(!private(text), "{text}");
        }
    }

    #[test]
    fn addresses_of_a_house_a_machine_or_nobody_are_not() {
        for text in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.0.9",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.19.255.255",
            "198.51.100.1",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
        for text in [
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:1.1.1.1",
            "64:ff9b::10.0.0.1",
            "64:ff9b::169.254.169.254",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:20::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "3fff::1",
            "5f00::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(!is_public(text.parse().unwrap()), "{text}");
        }
    }
}
