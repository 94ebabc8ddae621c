//! The header of a balancer, in both versions, whole and broken.

use std::net::SocketAddr;

use proptest::prelude::*;
use smtp::{
    Input,
    proxy::{self, Header, Malformed},
};

fn take(octets: &[u8]) -> (Result<Option<Header>, Malformed>, usize) {
    let mut input = Input::new();
    input.extend(octets);
    let header = proxy::take(&mut input);
    (header, octets.len() - input.len())
}

fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

fn v2(version_command: u8, family: u8, body: &[u8]) -> Vec<u8> {
    let length = u16::try_from(body.len()).unwrap().to_be_bytes();
    [&b"\r\n\r\n\0\r\nQUIT\n"[..], &[version_command, family], &length, body].concat()
}

fn sound() -> Vec<(Vec<u8>, Option<SocketAddr>)> {
    let v4 = [192, 0, 2, 1, 198, 51, 100, 1, 0x30, 0x39, 0, 25];
    let v6 = {
        let ips: [std::net::Ipv6Addr; 2] = ["2001:db8::7".parse().unwrap(), "2001:db8::25".parse().unwrap()];
        [&ips[0].octets()[..], &ips[1].octets(), &[0x30, 0x39, 0, 25]].concat()
    };
    vec![
        (b"PROXY TCP4 192.0.2.1 198.51.100.1 12345 25\r\n".to_vec(), Some(address("192.0.2.1:12345"))),
        (b"PROXY TCP6 2001:db8::7 2001:db8::25 12345 25\r\n".to_vec(), Some(address("[2001:db8::7]:12345"))),
        (b"PROXY UNKNOWN\r\n".to_vec(), None),
        (b"PROXY UNKNOWN ffff::1 whatever 65535 x\r\n".to_vec(), None),
        (v2(0x21, 0x11, &v4), Some(address("192.0.2.1:12345"))),
        // With an additional field.
        (v2(0x21, 0x11, &[&v4[..], &[4, 0, 1, 0]].concat()), Some(address("192.0.2.1:12345"))),
        (v2(0x21, 0x21, &v6), Some(address("[2001:db8::7]:12345"))),
        (v2(0x21, 0x00, b""), None),
        (v2(0x20, 0x11, &v4), None),
        (v2(0x20, 0x00, b"xyz"), None),
    ]
}

#[test]
fn a_header_is_taken_once_it_is_whole_and_nothing_behind_it() {
    for (octets, client) in sound() {
        let shown = octets.escape_ascii().to_string();
        for end in 0..octets.len() {
            assert_eq!(take(&octets[..end]), (Ok(None), 0), "{shown} to {end}");
        }
        let behind = [&octets[..], b"EHLO early.example\r\n"].concat();
        assert_eq!(take(&behind), (Ok(Some(Header { client })), octets.len()), "{shown}");
        let mut input = Input::new();
        input.extend(&octets);
        assert!(proxy::is_header(&input), "{shown}");
    }
}

#[test]
fn what_is_no_header_is_known_as_soon_as_it_differs() {
    let long = format!("PROXY UNKNOWN {}\r\n", "x".repeat(100));
    let cases: Vec<Vec<u8>> = vec![
        b"EHLO client.example\r\n".to_vec(),
        b"E".to_vec(),
        b"proxy TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY  TCP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 2 3\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 1 65536\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 +1 2\r\n".to_vec(),
        b"PROXY TCP4 192.0.2.1 192.0.2.2 01 2\r\n".to_vec(),
        b"PROXY TCP4 2001:db8::1 2001:db8::2 1 2\r\n".to_vec(),
        b"PROXY TCP6 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY TCP4 mx.example 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY UDP4 192.0.2.1 192.0.2.2 1 2\r\n".to_vec(),
        b"PROXY \r\n".to_vec(),
        b"PROXY TCP4 \xff\r\n".to_vec(),
        long.into_bytes(),
        [b"PROXY UNKNOWN ", &[b'x'; 200][..]].concat(),
        b"\r\n\r\n\0\r\nQUIT\r\n".to_vec(),
        v2(0x11, 0x11, &[0; 12]),
        v2(0x22, 0x11, &[0; 12]),
        v2(0x21, 0x11, &[0; 11]),
        v2(0x21, 0x21, &[0; 35]),
        v2(0x21, 0x12, &[0; 12]),
        v2(0x21, 0x31, &[0; 216]),
        v2(0x21, 0x11, &[0; 4_081]),
    ];
    for octets in cases {
        assert_eq!(take(&octets), (Err(Malformed), 0), "{}", octets.escape_ascii());
    }
}

proptest! {
    #[test]
    fn any_octets_make_a_header_or_none_and_take_no_more_than_it(
        signature in prop_oneof![Just(&b"PROXY "[..]), Just(&b"PROXY TCP4 "[..]), Just(&b"\r\n\r\n\0\r\nQUIT\n\x21"[..]), Just(&b""[..])],
        rest in proptest::collection::vec(any::<u8>(), 0..300),
    ) {
        let octets = [signature, &rest].concat();
        let (header, taken) = take(&octets);
        prop_assert!(taken <= octets.len());
        prop_assert_eq!(taken > 0, matches!(header, Ok(Some(_))));
        // What is whole is the same with more behind it, and what is broken stays so.
        if header != Ok(None) {
            prop_assert_eq!(take(&[&octets[..], b"\r\nx"].concat()), (header, taken));
        }
    }
}
