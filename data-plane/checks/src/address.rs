//! Which addresses mail is never sent to, whatever DNS or a route says: those that lead back into our own house.
//!
//! The control plane asks when a route is written, a worker at each connect (a name may point elsewhere by then). The
//! installation may allow ranges. Registries: IANA special-purpose IPv4 and IPv6 addresses.

use std::{
    fmt,
    net::{IpAddr, Ipv4Addr, Ipv6Addr},
};

use contract::mail::Cidr;

/// Why an address is no destination for mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Why {
    Unspecified,
    Loopback,
    Private,
    /// Shared space behind a carrier's NAT (RFC 6598).
    SharedAddressSpace,
    LinkLocal,
    /// Where clouds hand out credentials.
    CloudMetadata,
    Multicast,
    Documentation,
    Benchmarking,
    /// Neither of the above, and no unicast address of the Internet.
    Reserved,
}

impl Why {
    /// For events and metrics.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Unspecified => "unspecified",
            Self::Loopback => "loopback",
            Self::Private => "private",
            Self::SharedAddressSpace => "shared_address_space",
            Self::LinkLocal => "link_local",
            Self::CloudMetadata => "cloud_metadata",
            Self::Multicast => "multicast",
            Self::Documentation => "documentation",
            Self::Benchmarking => "benchmarking",
            Self::Reserved => "reserved",
        }
    }
}

impl fmt::Display for Why {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Unspecified => "an unspecified address",
            Self::Loopback => "a loopback address",
            Self::Private => "a private address",
            Self::SharedAddressSpace => "an address of shared space (RFC 6598)",
            Self::LinkLocal => "a link-local address",
            Self::CloudMetadata => "a cloud metadata address",
            Self::Multicast => "a multicast address",
            Self::Documentation => "an address for documentation",
            Self::Benchmarking => "an address for benchmarks",
            Self::Reserved => "a reserved address",
        })
    }
}

/// None where mail may go to `ip`. An address inside another (mapped, 6to4, NAT64, Teredo, ISATAP) is judged as what it
/// leads to. A range in `allowed` lifts the rule; a metadata address only if the range is that address alone, so that
/// allowing a private network never opens the door to a cloud's credentials.
pub fn is_forbidden_destination(ip: IpAddr, allowed: &[Cidr]) -> Option<Why> {
    let why = match ip {
        IpAddr::V4(v4) => special_v4(v4),
        IpAddr::V6(v6) => match embedded(v6) {
            Some(inner) => is_forbidden_destination(inner.into(), allowed),
            None => special_v6(v6).or_else(|| is_forbidden_destination(isatap(v6)?.into(), allowed)),
        },
    }?;
    let lifted = allowed.iter().any(|range| {
        let alone = range.prefix_len() == if range.network().is_ipv4() { 32 } else { 128 };
        range.contains(ip) && (why != Why::CloudMetadata || alone)
    });
    if lifted { None } else { Some(why) }
}

/// Longer prefixes stand before shorter ones that hold them.
const V4: &[([u8; 4], u32, Why)] = &[
    // AWS, GCP, Azure, OpenStack and most others; then ECS task roles, Alibaba, Oracle, and Azure's wire server, which
    // has a public address.
    ([169, 254, 169, 254], 32, Why::CloudMetadata),
    ([169, 254, 170, 2], 32, Why::CloudMetadata),
    ([169, 254, 170, 23], 32, Why::CloudMetadata),
    ([100, 100, 100, 200], 32, Why::CloudMetadata),
    ([192, 0, 0, 192], 32, Why::CloudMetadata),
    ([168, 63, 129, 16], 32, Why::CloudMetadata),
    ([0, 0, 0, 0], 8, Why::Unspecified),
    ([10, 0, 0, 0], 8, Why::Private),
    ([100, 64, 0, 0], 10, Why::SharedAddressSpace),
    ([127, 0, 0, 0], 8, Why::Loopback),
    ([169, 254, 0, 0], 16, Why::LinkLocal),
    ([172, 16, 0, 0], 12, Why::Private),
    ([192, 0, 0, 0], 24, Why::Reserved),
    ([192, 0, 2, 0], 24, Why::Documentation),
    // RFC 7526: the anycast relays of 6to4, withdrawn.
    ([192, 88, 99, 0], 24, Why::Reserved),
    ([192, 168, 0, 0], 16, Why::Private),
    ([198, 18, 0, 0], 15, Why::Benchmarking),
    ([198, 51, 100, 0], 24, Why::Documentation),
    ([203, 0, 113, 0], 24, Why::Documentation),
    ([224, 0, 0, 0], 4, Why::Multicast),
    // With the limited broadcast address.
    ([240, 0, 0, 0], 4, Why::Reserved),
];

const V6: &[([u16; 8], u32, Why)] = &[
    ([0xfd00, 0x0ec2, 0, 0, 0, 0, 0, 0x254], 128, Why::CloudMetadata),
    ([0xfd20, 0x0ce, 0, 0, 0, 0, 0, 0x254], 128, Why::CloudMetadata),
    ([0, 0, 0, 0, 0, 0, 0, 0], 128, Why::Unspecified),
    ([0, 0, 0, 0, 0, 0, 0, 1], 128, Why::Loopback),
    // RFC 8215: NAT64 of a local kind; what it leads to is known only there.
    ([0x64, 0xff9b, 1, 0, 0, 0, 0, 0], 48, Why::Private),
    ([0xfc00, 0, 0, 0, 0, 0, 0, 0], 7, Why::Private),
    // RFC 3879: site-local, withdrawn but still configured here and there.
    ([0xfec0, 0, 0, 0, 0, 0, 0, 0], 10, Why::Private),
    ([0xfe80, 0, 0, 0, 0, 0, 0, 0], 10, Why::LinkLocal),
    ([0xff00, 0, 0, 0, 0, 0, 0, 0], 8, Why::Multicast),
    ([0x2001, 0x0db8, 0, 0, 0, 0, 0, 0], 32, Why::Documentation),
    ([0x3fff, 0, 0, 0, 0, 0, 0, 0], 20, Why::Documentation),
    ([0x2001, 0x0002, 0, 0, 0, 0, 0, 0], 48, Why::Benchmarking),
    // RFC 2928: protocol assignments (ORCHID and the like).
    ([0x2001, 0, 0, 0, 0, 0, 0, 0], 23, Why::Reserved),
];

fn special_v4(ip: Ipv4Addr) -> Option<Why> {
    let bits = ip.to_bits();
    V4.iter().find(|(network, len, _)| (bits ^ u32::from_be_bytes(*network)) >> (32 - len) == 0).map(|&(_, _, why)| why)
}

fn special_v6(ip: Ipv6Addr) -> Option<Why> {
    let bits = ip.to_bits();
    let special = V6
        .iter()
        .find(|(network, len, _)| (bits ^ Ipv6Addr::from(*network).to_bits()) >> (128 - len) == 0)
        .map(|&(_, _, why)| why);
    // RFC 4291 §2.4: today's global unicast is 2000::/3.
    special.or_else(|| (bits >> 125 != 0b001).then_some(Why::Reserved))
}

/// The IPv4 address that an IPv6 address of a transition prefix stands for.
fn embedded(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    let (prefix, low) = (&segments[..6], v4(segments[6], segments[7]));
    match *prefix {
        // RFC 4291 §2.5.5.2 mapped; RFC 2765 §2.1 translated; RFC 6052 §2.1 the well-known prefix of NAT64.
        [0, 0, 0, 0, 0, 0xffff] | [0, 0, 0, 0, 0xffff, 0] | [0x64, 0xff9b, 0, 0, 0, 0] => Some(low),
        // RFC 4291 §2.5.5.1: compatible, but :: and ::1 are themselves.
        [0, 0, 0, 0, 0, 0] if ip.to_bits() > 1 => Some(low),
        // RFC 3056 §2: 6to4.
        [0x2002, high, low, ..] => Some(v4(high, low)),
        // RFC 4380 §4: Teredo; the client's address has its bits turned.
        [0x2001, 0, ..] => Some(Ipv4Addr::from_bits(!low.to_bits())),
        _ => None,
    }
}

/// RFC 5214 §6.1: ISATAP carries the address in the interface's half, behind any prefix.
fn isatap(ip: Ipv6Addr) -> Option<Ipv4Addr> {
    let segments = ip.segments();
    (matches!(segments[4], 0 | 0x200) && segments[5] == 0x5efe).then(|| v4(segments[6], segments[7]))
}

fn v4(high: u16, low: u16) -> Ipv4Addr {
    Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: &[(&str, Option<Why>)] = &[
        // Global unicast, and the neighbours of what is not.
        ("8.8.8.8", None),
        ("9.255.255.255", None),
        ("11.0.0.0", None),
        ("100.63.255.255", None),
        ("100.128.0.0", None),
        ("126.255.255.255", None),
        ("128.0.0.0", None),
        ("169.253.255.255", None),
        ("169.255.0.0", None),
        ("172.15.255.255", None),
        ("172.32.0.0", None),
        ("192.0.1.0", None),
        ("192.0.3.0", None),
        ("192.167.255.255", None),
        ("192.169.0.0", None),
        ("198.17.255.255", None),
        ("198.20.0.0", None),
        ("223.255.255.255", None),
        ("2606:4700::1111", None),
        ("2a01:4f8::1", None),
        ("2001:4860:4860::8888", None),
        // The special ones.
        ("0.0.0.0", Some(Why::Unspecified)),
        ("0.1.2.3", Some(Why::Unspecified)),
        ("10.0.0.0", Some(Why::Private)),
        ("10.255.255.255", Some(Why::Private)),
        ("100.64.0.0", Some(Why::SharedAddressSpace)),
        ("100.127.255.255", Some(Why::SharedAddressSpace)),
        ("127.0.0.1", Some(Why::Loopback)),
        ("127.255.255.255", Some(Why::Loopback)),
        ("169.254.0.1", Some(Why::LinkLocal)),
        ("169.254.169.254", Some(Why::CloudMetadata)),
        ("169.254.170.2", Some(Why::CloudMetadata)),
        ("100.100.100.200", Some(Why::CloudMetadata)),
        ("192.0.0.192", Some(Why::CloudMetadata)),
        ("168.63.129.16", Some(Why::CloudMetadata)),
        ("172.16.0.0", Some(Why::Private)),
        ("172.31.255.255", Some(Why::Private)),
        ("192.0.0.1", Some(Why::Reserved)),
        ("192.0.2.1", Some(Why::Documentation)),
        ("192.88.99.1", Some(Why::Reserved)),
        ("192.168.0.1", Some(Why::Private)),
        ("198.18.0.1", Some(Why::Benchmarking)),
        ("198.19.255.255", Some(Why::Benchmarking)),
        ("198.51.100.1", Some(Why::Documentation)),
        ("203.0.113.1", Some(Why::Documentation)),
        ("224.0.0.1", Some(Why::Multicast)),
        ("239.255.255.255", Some(Why::Multicast)),
        ("240.0.0.1", Some(Why::Reserved)),
        ("255.255.255.255", Some(Why::Reserved)),
        ("::", Some(Why::Unspecified)),
        ("::1", Some(Why::Loopback)),
        ("fe80::1", Some(Why::LinkLocal)),
        ("febf::1", Some(Why::LinkLocal)),
        ("fec0::1", Some(Why::Private)),
        ("fc00::1", Some(Why::Private)),
        ("fdff::1", Some(Why::Private)),
        ("fd00:ec2::254", Some(Why::CloudMetadata)),
        ("fd20:ce::254", Some(Why::CloudMetadata)),
        ("ff02::1", Some(Why::Multicast)),
        ("2001:db8::1", Some(Why::Documentation)),
        ("3fff:fff::1", Some(Why::Documentation)),
        ("2001:2::1", Some(Why::Benchmarking)),
        ("2001:20::1", Some(Why::Reserved)),
        ("100::1", Some(Why::Reserved)),
        ("5f00::1", Some(Why::Reserved)),
        ("4000::1", Some(Why::Reserved)),
        // One address inside another.
        ("::ffff:127.0.0.1", Some(Why::Loopback)),
        ("::ffff:169.254.169.254", Some(Why::CloudMetadata)),
        ("::ffff:8.8.8.8", None),
        ("::127.0.0.1", Some(Why::Loopback)),
        ("::ffff:0:10.0.0.1", Some(Why::Private)),
        ("64:ff9b::10.0.0.1", Some(Why::Private)),
        ("64:ff9b::8.8.8.8", None),
        ("64:ff9b:1::8.8.8.8", Some(Why::Private)),
        ("2002:7f00:1::", Some(Why::Loopback)),
        ("2002:a9fe:a9fe::1", Some(Why::CloudMetadata)),
        ("2002:808:808::1", None),
        ("2001:0:808:808:0:0:f5ff:fffe", Some(Why::Private)),
        ("2001:0:808:808:0:0:f7f7:f7f7", None),
        ("2a01:4f8::5efe:10.0.0.1", Some(Why::Private)),
        ("2a01:4f8::200:5efe:192.168.0.1", Some(Why::Private)),
        ("2a01:4f8::200:5efe:8.8.8.8", None),
        ("fe80::5efe:8.8.8.8", Some(Why::LinkLocal)),
    ];

    #[test]
    fn every_special_address_is_refused_under_its_own_name() {
        let wrong: Vec<String> = TABLE
            .iter()
            .filter_map(|(text, expected)| {
                let found = is_forbidden_destination(text.parse().expect(text), &[]);
                (found != *expected).then(|| format!("{text}: {found:?}, not {expected:?}"))
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn an_allowed_range_lifts_the_rule_and_no_more_than_that() {
        let table: &[(&str, &str, bool)] = &[
            ("127.0.0.1", "127.0.0.0/8", true),
            ("::ffff:127.0.0.1", "127.0.0.0/8", true),
            ("64:ff9b::10.0.0.1", "10.0.0.0/8", true),
            ("64:ff9b::10.0.0.1", "64:ff9b::/96", true),
            ("2002:a00:1::", "10.0.0.0/8", true),
            ("::1", "127.0.0.0/8", false),
            ("10.0.0.1", "192.168.0.0/16", false),
            ("10.1.0.1", "10.0.0.0/16", false),
            ("fd12::1", "fd12::/16", true),
            ("fd00:ec2::254", "fd00::/8", false),
            ("fd00:ec2::254", "fd00:ec2::254/128", true),
            ("169.254.169.254", "169.254.0.0/16", false),
            ("169.254.169.254", "169.254.169.254/32", true),
            ("::ffff:169.254.169.254", "169.254.0.0/16", false),
            ("::ffff:169.254.169.254", "169.254.169.254/32", true),
            ("64:ff9b::169.254.169.254", "169.254.0.0/16", false),
            ("64:ff9b::169.254.169.254", "64:ff9b::/96", false),
        ];
        let wrong: Vec<_> = table
            .iter()
            .filter(|(ip, range, lifted)| {
                let range = range.parse().expect(range);
                is_forbidden_destination(ip.parse().expect(ip), &[range]).is_none() != *lifted
            })
            .collect();
        assert!(wrong.is_empty(), "{wrong:#?}");
    }

    #[test]
    fn no_address_panics_and_a_mapped_one_is_judged_as_what_it_maps() {
        // A cheap sweep: every high octet with some low bits, through every wrapper.
        for high in 0..=u8::MAX {
            let v4 = Ipv4Addr::new(high, high.wrapping_mul(7), 3, high ^ 0x55);
            let plain = is_forbidden_destination(v4.into(), &[]);
            assert_eq!(is_forbidden_destination(v4.to_ipv6_mapped().into(), &[]), plain, "{v4}");
            let [a, b] = [(v4.to_bits() >> 16) as u16, (v4.to_bits() & 0xffff) as u16];
            for wrapped in [
                Ipv6Addr::new(0x64, 0xff9b, 0, 0, 0, 0, a, b),
                Ipv6Addr::new(0x2002, a, b, 0, 0, 0, 0, 1),
                Ipv6Addr::new(0x2001, 0, 1, 2, 3, 4, !a, !b),
            ] {
                assert_eq!(is_forbidden_destination(wrapped.into(), &[]), plain, "{wrapped}");
            }
        }
    }
}
