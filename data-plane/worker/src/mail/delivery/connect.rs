//! Making a connection to a next hop: its addresses, TCP, the greeting, TLS by the route's level.

use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
    time::Duration,
};

use checks::{Dns, Outcome, is_forbidden_destination};
use contract::{
    mail::{Cidr, Domain},
    snapshot::object::HopTls,
};
use futures::{FutureExt, StreamExt, stream::FuturesUnordered};
use smtp::client::{Handshake, HandshakeStep, Idle, Line, Tls, TlsUpgrade};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::{
    Unusable,
    connection::{Facts, Socket},
    hops::Target,
};
use crate::mail::tls::{self, HopClient};

/// What a worker needs to go outside.
#[derive(Debug, Clone)]
pub(crate) struct Outside {
    pub dns: Dns,
    /// Our name in EHLO.
    pub helo: Domain,
    pub connect_timeout: Duration,
    /// Where this worker listens: what is sent there comes back.
    pub own: Arc<[SocketAddr]>,
}

/// RFC 8305 §5: how long an address may be silent before the next is tried beside it.
const STAGGER: Duration = Duration::from_millis(250);
/// From TCP to EHLO's answer. RFC 5321 §4.5.3.2.1 would wait five minutes for a greeting; nobody else could be asked then.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(25);
/// Of which TLS may take so much; a route that does not demand it then has time to do without.
const TLS_TIMEOUT: Duration = Duration::from_secs(10);

impl Outside {
    /// Where the hop may be reached now: resolved, and without addresses that are not allowed.
    pub(crate) async fn addresses(&self, host: &str, port: u16, allowed: &[Cidr]) -> Result<Vec<SocketAddr>, Unusable> {
        if host.eq_ignore_ascii_case(self.helo.as_ascii()) {
            return Err(Unusable::Own);
        }
        let addresses: Vec<IpAddr> = match host.parse::<IpAddr>() {
            Ok(address) => vec![address],
            Err(_) => match self.dns.addresses(host).await {
                Outcome::Known(addresses) => addresses,
                Outcome::Absent => return Err(Unusable::Dns("no such name, or no address".to_owned())),
                Outcome::Unavailable(failure) => return Err(Unusable::Dns(failure.to_string())),
            },
        };
        let mut forbidden = None;
        let usable: Vec<_> = addresses
            .into_iter()
            .filter(|address| match is_forbidden_destination(*address, allowed) {
                Some(why) => {
                    forbidden = Some(format!("{address}: {why}"));
                    false
                }
                None => true,
            })
            .map(|address| SocketAddr::new(address, port))
            .collect();
        match (usable.is_empty(), forbidden) {
            (true, Some(why)) => Err(Unusable::Forbidden(why)),
            (true, None) => Err(Unusable::Dns("no address".to_owned())),
            (false, _) => Ok(by_turns(usable)),
        }
    }

    /// TCP to the first address that answers (RFC 8305 §5): the next is tried when one has failed, or has said nothing for a
    /// moment, so that nobody waits long for a family that is dead. Those that were done with are taken out.
    pub(crate) async fn reach(&self, addresses: &mut Vec<SocketAddr>) -> Result<(TcpStream, SocketAddr), Unusable> {
        let mut last = Unusable::Dns("no address".to_owned());
        let mut next = addresses.clone().into_iter();
        let mut trying = FuturesUnordered::new();
        loop {
            if let Some(address) = next.next() {
                trying.push(self.dial(address).map(move |tried| (tried, address)));
            } else if trying.is_empty() {
                return Err(last);
            }
            let more = next.len() > 0;
            tokio::select! {
                Some((tried, address)) = trying.next() => {
                    addresses.retain(|other| *other != address);
                    match tried {
                        Ok(tcp) => return Ok((tcp, address)),
                        Err(error) => last = error,
                    }
                }
                () = tokio::time::sleep(STAGGER), if more => {}
            }
        }
    }

    /// A connection that nothing was said on yet, and not to ourselves.
    pub(super) async fn dial(&self, address: SocketAddr) -> Result<TcpStream, Unusable> {
        let tcp = tokio::time::timeout(self.connect_timeout, TcpStream::connect(address))
            .await
            .map_err(|_| Unusable::Timeout)?
            .map_err(|error| Unusable::Connect(error.to_string()))?;
        // Commands are small and written whole: waiting for more would only cost a round trip.
        let _ = tcp.set_nodelay(true);
        let here = tcp.local_addr().map_or(address.ip(), |local| local.ip());
        if is_own(&self.own, address, here) { Err(Unusable::Own) } else { Ok(tcp) }
    }

    /// Makes a connection ready for MAIL.
    pub(crate) async fn connect(
        &self,
        target: &Target,
        tcp: TcpStream,
        address: SocketAddr,
    ) -> Result<(Socket, Idle, Facts), Unusable> {
        let level = match &target.tls {
            HopTls::None => Tls::Never,
            HopTls::Opportunistic => Tls::IfOffered,
            HopTls::Required | HopTls::Verified { .. } => Tls::Required,
        };
        let client = match &target.client {
            Ok(client) => client.as_ref(),
            Err(_) if level == Tls::IfOffered => None,
            Err(error) => return Err(Unusable::Tls(error.clone())),
        };
        match self.shake(tcp, address, level, client).await {
            // Encryption that nobody demanded is not worth the mail: once more, in the clear, and the trace says why.
            Err(Unusable::Tls(why)) if level == Tls::IfOffered => {
                let tcp = self.dial(address).await?;
                let (socket, idle, facts) = self.shake(tcp, address, Tls::Never, None).await?;
                Ok((socket, idle, Facts { tls_failure: Some(why), ..facts }))
            }
            other => other,
        }
    }

    async fn shake(
        &self,
        tcp: TcpStream,
        address: SocketAddr,
        level: Tls,
        client: Option<&HopClient>,
    ) -> Result<(Socket, Idle, Facts), Unusable> {
        tokio::time::timeout(HANDSHAKE_TIMEOUT, self.greet(tcp, address, level, client))
            .await
            .unwrap_or(Err(Unusable::Timeout))
    }

    async fn greet(
        &self,
        tcp: TcpStream,
        address: SocketAddr,
        level: Tls,
        client: Option<&HopClient>,
    ) -> Result<(Socket, Idle, Facts), Unusable> {
        let mut socket = Socket::Plain(tcp);
        let mut facts = Facts { address, tls: None, tls_failure: None };
        let mut handshake = Handshake::new(self.helo.clone(), level);
        let mut tls_was_tried = false;
        loop {
            match handshake.advance() {
                HandshakeStep::Wait(mut next) => {
                    tls_was_tried |= next.wire().take_lines().contains(&Line::ToHop("STARTTLS".to_owned()));
                    socket.exchange(next.wire()).await.map_err(|error| Unusable::Broken(error.to_string()))?;
                    handshake = next;
                }
                HandshakeStep::StartTls(upgrade) => {
                    let (encrypted, agreed, next) = start_tls(socket, upgrade, client).await?;
                    socket = encrypted;
                    facts.tls = Some(agreed);
                    handshake = next;
                }
                HandshakeStep::Ready(idle) => {
                    facts.tls_failure = idle.starttls_refused().map(ToString::to_string);
                    return Ok((socket, idle, facts));
                }
                // Octets behind 220 are no TLS, whenever they come.
                HandshakeStep::Failed(failure) if tls_was_tried && facts.tls.is_none() => {
                    return Err(Unusable::Tls(failure.to_string()));
                }
                HandshakeStep::Failed(failure) => return Err(failure.into()),
            }
        }
    }
}

/// RFC 8305 §4: the families by turns, each in the order it came in.
fn by_turns(addresses: Vec<SocketAddr>) -> Vec<SocketAddr> {
    let first_is_v4 = addresses.first().is_some_and(SocketAddr::is_ipv4);
    let (first, second): (Vec<_>, Vec<_>) = addresses.into_iter().partition(|address| address.is_ipv4() == first_is_v4);
    let mut by_turns = Vec::with_capacity(first.len() + second.len());
    let (mut first, mut second) = (first.into_iter(), second.into_iter());
    loop {
        let before = by_turns.len();
        by_turns.extend(first.next());
        by_turns.extend(second.next());
        if by_turns.len() == before {
            return by_turns;
        }
    }
}

/// Does one who listens at `own` listen at `address`, spoken to from the address `here`? Where all addresses are listened
/// on, the machine's own are those that it speaks to itself from, and loopback.
fn is_own(own: &[SocketAddr], address: SocketAddr, here: IpAddr) -> bool {
    let (to, here) = (address.ip().to_canonical(), here.to_canonical());
    own.iter().filter(|own| own.port() == address.port()).any(|own| {
        let listens = own.ip().to_canonical();
        listens == to || (listens.is_unspecified() && (to == here || to.is_loopback()))
    })
}

async fn start_tls(
    socket: Socket,
    upgrade: TlsUpgrade,
    client: Option<&HopClient>,
) -> Result<(Socket, contract::events::Tls, Handshake), Unusable> {
    let (Socket::Plain(tcp), Some(client)) = (socket, client) else {
        return Err(Unusable::Tls("there is nothing to do TLS with".to_owned()));
    };
    let connector = TlsConnector::from(client.config.clone());
    let stream = tokio::time::timeout(TLS_TIMEOUT, connector.connect(client.server_name.clone(), tcp))
        .await
        .map_err(|_| Unusable::Tls("the handshake took too long".to_owned()))?
        .map_err(|error| Unusable::Tls(tls::failure(&error)))?;
    let agreed = tls::facts(stream.get_ref().1, client.verified);
    Ok((Socket::Tls(Box::new(stream)), agreed, upgrade.done()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn families_take_turns_and_keep_their_order() {
        let parse = |texts: &[&str]| texts.iter().map(|text| text.parse().unwrap()).collect::<Vec<SocketAddr>>();
        let given = ["[2001:db8::1]:25", "[2001:db8::2]:25", "[2001:db8::3]:25", "192.0.2.1:25", "192.0.2.2:25"];
        let turns = ["[2001:db8::1]:25", "192.0.2.1:25", "[2001:db8::2]:25", "192.0.2.2:25", "[2001:db8::3]:25"];
        assert_eq!(by_turns(parse(&given)), parse(&turns));
        assert_eq!(by_turns(parse(&given[..3])), parse(&given[..3]));
        assert_eq!(by_turns(Vec::new()), Vec::new());
    }

    #[test]
    fn our_own_listeners_are_known_under_each_of_their_addresses() {
        let table = [
            ("192.0.2.1:25", "192.0.2.1:25", "192.0.2.1", true),
            ("192.0.2.1:25", "[::ffff:192.0.2.1]:25", "192.0.2.1", true),
            ("192.0.2.1:25", "192.0.2.1:26", "192.0.2.1", false),
            ("192.0.2.1:25", "192.0.2.2:25", "192.0.2.1", false),
            ("0.0.0.0:25", "192.0.2.1:25", "192.0.2.1", true),
            ("0.0.0.0:25", "127.0.0.2:25", "127.0.0.1", true),
            ("0.0.0.0:25", "198.51.100.1:25", "192.0.2.1", false),
            ("[::]:25", "[2001:db8::1]:25", "2001:db8::1", true),
        ];
        for (own, address, here, expected) in table {
            let found = is_own(&[own.parse().unwrap()], address.parse().unwrap(), here.parse().unwrap());
            assert_eq!(found, expected, "{own} {address} {here}");
        }
    }
}
