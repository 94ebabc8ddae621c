//! The PROXY protocol of `HAProxy`, versions 1 and 2: a balancer's header before the session, which says for whom it
//! speaks.
//! Its document: <https://www.haproxy.org/download/3.2/doc/proxy-protocol.txt>. Who may send one is the driver's business.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};

use crate::Input;

/// A header is no longer than this; version 2 could announce 64 KiB, of which real ones use some hundred octets.
pub const MAX_OCTETS: usize = 4_096;
/// §2.1: a line of version 1 with its CRLF.
const MAX_LINE_OCTETS: usize = 107;
const V1: &[u8] = b"PROXY ";
const V2: &[u8] = b"\r\n\r\n\0\r\nQUIT\n";
/// Signature, version and command, family and protocol, length.
const V2_FIXED_OCTETS: usize = 16;

/// A header that was read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Header {
    /// None: the balancer speaks for itself (LOCAL, UNKNOWN), as in its own health checks.
    pub client: Option<SocketAddr>,
}

/// What stands there is no header, or one that makes no sense for mail.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("no PROXY header")]
pub struct Malformed;

/// Takes the header that must stand here, once it is whole, and not an octet more.
pub fn take(input: &mut Input) -> Result<Option<Header>, Malformed> {
    let parsed = parse(input.peek())?;
    Ok(parsed.map(|(header, octets)| {
        input.consume(octets);
        header
    }))
}

/// Does a header begin here? Half a signature is none.
pub fn is_header(input: &Input) -> bool {
    input.peek().starts_with(V1) || input.peek().starts_with(V2)
}

/// A header and its length; none while it is not whole.
fn parse(octets: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    if begins(octets, V2) {
        version_2(octets)
    } else if begins(octets, V1) {
        version_1(octets)
    } else {
        Err(Malformed)
    }
}

/// As far as it has come.
fn begins(octets: &[u8], signature: &[u8]) -> bool {
    octets.iter().zip(signature).all(|(a, b)| a == b)
}

fn version_1(octets: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let within = octets.get(..MAX_LINE_OCTETS).unwrap_or(octets);
    let Some(lf) = memchr::memchr(b'\n', within) else {
        return if within.len() == MAX_LINE_OCTETS { Err(Malformed) } else { Ok(None) };
    };
    let line = octets.get(..lf).and_then(|line| line.strip_suffix(b"\r")).ok_or(Malformed)?;
    let line = std::str::from_utf8(line).map_err(|_| Malformed)?;
    let mut words = line.split(' ').skip(1);
    let client = match words.next() {
        // §2.1: whatever follows is to be ignored.
        Some("UNKNOWN") => return Ok(Some((Header { client: None }, lf + 1))),
        Some("TCP4") => addresses::<Ipv4Addr>(&mut words)?,
        Some("TCP6") => addresses::<Ipv6Addr>(&mut words)?,
        _ => return Err(Malformed),
    };
    if words.next().is_some() { Err(Malformed) } else { Ok(Some((Header { client: Some(client) }, lf + 1))) }
}

/// Source and destination, then their ports; the source is wanted.
fn addresses<'a, A: std::str::FromStr + Into<IpAddr>>(
    words: &mut impl Iterator<Item = &'a str>,
) -> Result<SocketAddr, Malformed> {
    let mut address = || words.next().and_then(|word| word.parse::<A>().ok()).ok_or(Malformed);
    let (source, _) = (address()?, address()?);
    let mut port = || words.next().and_then(port).ok_or(Malformed);
    let (source_port, _) = (port()?, port()?);
    Ok(SocketAddr::new(source.into(), source_port))
}

/// Digits only: a sign or a leading zero is read differently elsewhere.
fn port(word: &str) -> Option<u16> {
    let sound = word.bytes().all(|b| b.is_ascii_digit()) && (word == "0" || !word.starts_with('0'));
    sound.then(|| word.parse().ok()).flatten()
}

fn version_2(octets: &[u8]) -> Result<Option<(Header, usize)>, Malformed> {
    let Some(&[version_command, family, high, low]) = octets.get(V2.len()..V2_FIXED_OCTETS) else {
        return Ok(None);
    };
    let whole = V2_FIXED_OCTETS + usize::from(u16::from_be_bytes([high, low]));
    if whole > MAX_OCTETS {
        return Err(Malformed);
    }
    let Some(body) = octets.get(V2_FIXED_OCTETS..whole) else {
        return Ok(None);
    };
    let client = match (version_command, family) {
        // LOCAL, or a client without an address: what stands there is skipped.
        (0x20, _) | (0x21, 0x00) => None,
        (0x21, 0x11) => Some(client::<4>(body)?),
        (0x21, 0x21) => Some(client::<16>(body)?),
        // Another version or command; datagrams and UNIX sockets, over which no mail comes.
        _ => return Err(Malformed),
    };
    Ok(Some((Header { client }, whole)))
}

/// Addresses and ports of source and destination; additional fields (§2.2) may follow.
fn client<const N: usize>(body: &[u8]) -> Result<SocketAddr, Malformed>
where
    IpAddr: From<[u8; N]>,
{
    let source = body.first_chunk::<N>().ok_or(Malformed)?;
    let ports = body.get(2 * N..2 * N + 4).ok_or(Malformed)?;
    let port = ports.first_chunk::<2>().ok_or(Malformed)?;
    Ok(SocketAddr::new(IpAddr::from(*source), u16::from_be_bytes(*port)))
}
