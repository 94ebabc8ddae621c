//! A network: address and prefix length. IPv4-mapped IPv6 is IPv4, so one client has one form.

use std::{fmt, net::IpAddr, str::FromStr};

use ipnet::IpNet;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cidr(IpNet);

/// Why a text is not a network.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CidrError {
    #[error("expected an address or a network such as 192.0.2.0/24 or 2001:db8::/32")]
    Syntax,
    #[error("the address has bits beyond the prefix length; meant is perhaps {0}")]
    HostBits(Cidr),
}

impl Cidr {
    /// The network of this length that an address is in; a length beyond the address's own is cut to it.
    pub fn of(address: IpAddr, prefix_len: u8) -> Self {
        let address = address.to_canonical();
        let longest = if address.is_ipv4() { 32 } else { 128 };
        // Fails only for a length that is too long.
        IpNet::new(address, prefix_len.min(longest)).map_or(Self(address.into()), |net| Self(net.trunc()))
    }

    pub fn network(&self) -> IpAddr {
        self.0.network()
    }

    pub fn prefix_len(&self) -> u8 {
        self.0.prefix_len()
    }

    pub fn contains(&self, address: IpAddr) -> bool {
        self.0.contains(&address.to_canonical())
    }
}

impl FromStr for Cidr {
    type Err = CidrError;

    fn from_str(text: &str) -> Result<Self, CidrError> {
        let net = match text.parse::<IpNet>() {
            Ok(net) => net,
            Err(_) => IpNet::from(text.parse::<IpAddr>().map_err(|_| CidrError::Syntax)?),
        };
        let net = match net {
            IpNet::V6(v6) if v6.prefix_len() >= 96 => match v6.addr().to_ipv4_mapped() {
                Some(v4) => IpNet::new(v4.into(), v6.prefix_len() - 96).map_err(|_| CidrError::Syntax)?,
                None => net,
            },
            _ => net,
        };
        // Whoever writes 192.0.2.7/24 meant one of two things; guessing would open or close the wrong door.
        if net.addr() == net.network() { Ok(Self(net)) } else { Err(CidrError::HostBits(Self(net.trunc()))) }
    }
}

impl fmt::Display for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for Cidr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}
