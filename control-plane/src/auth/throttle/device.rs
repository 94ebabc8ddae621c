//! Who was here before: a browser by a cookie, a program by its network and the account it signed in to.

use std::collections::HashMap;
use std::time::Duration;

use aws_lc_rs::hmac;
use axum::http::{HeaderMap, HeaderValue};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{Entropy, Micros, mail::Cidr};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use super::{AccountKey, Throttle, tally::make_room};
use crate::auth::credential;

const COOKIE: &str = "__Host-postern-device";
/// Since the last sign-in.
const KNOWN_FOR: Duration = Duration::from_hours(30 * 24);

/// A browser that somebody signed in with. It opens nothing: it has a budget of guesses of its own, at one account.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct DeviceId([u8; 16]);

impl DeviceId {
    /// As what is counted by person is counted by device instead.
    pub(crate) fn uuid(self) -> Uuid {
        Uuid::from_bytes(self.0)
    }
}

/// A cookie that opened.
#[derive(Debug, Clone, Copy)]
struct Opened {
    id: DeviceId,
    account: AccountKey,
}

const PLAIN: usize = 16 + 16 + 8;
const TAG: usize = 32;

impl Throttle {
    /// The device that a request comes with, if the account's owner signed in with it lately.
    pub(crate) fn device(&self, headers: &HeaderMap, account: AccountKey, now: Micros) -> Option<DeviceId> {
        self.open(headers, now).filter(|opened| opened.account == account).map(|opened| opened.id)
    }

    /// The device that a request comes with, whoever's it is: for what says only later whose it is.
    pub(crate) fn any_device(&self, headers: &HeaderMap, now: Micros) -> Option<DeviceId> {
        self.open(headers, now).map(|opened| opened.id)
    }

    /// What to say so that the browser is known from now on. One that is known stays the same, with what it has counted.
    pub(crate) fn keep_device(
        &self,
        headers: &HeaderMap,
        account: AccountKey,
        now: Micros,
        entropy: &Entropy,
    ) -> HeaderValue {
        let id = self.device(headers, account, now).unwrap_or_else(|| DeviceId(entropy.bytes()));
        let mut octets = Vec::with_capacity(PLAIN + TAG);
        octets.extend_from_slice(&id.0);
        octets.extend_from_slice(&account.0);
        octets.extend_from_slice(&now.as_secs().to_be_bytes());
        let tag = hmac::sign(&self.0.devices, &octets);
        octets.extend_from_slice(tag.as_ref());
        credential::set(COOKIE, &URL_SAFE_NO_PAD.encode(octets), KNOWN_FOR.as_secs())
    }

    fn open(&self, headers: &HeaderMap, now: Micros) -> Option<Opened> {
        let octets = URL_SAFE_NO_PAD.decode(credential::cookie(headers, COOKIE)?).ok()?;
        let (plain, tag) = octets.split_at_checked(PLAIN)?;
        hmac::verify(&self.0.devices, plain, tag).ok()?;
        let (id, rest) = plain.split_first_chunk()?;
        let (account, since) = rest.split_first_chunk()?;
        let since = Micros::from_secs(i64::from_be_bytes(*since.first_chunk()?));
        (now.since(since) < KNOWN_FOR).then_some(Opened { id: DeviceId(*id), account: AccountKey(*account) })
    }
}

/// From where which accounts were signed in to.
#[derive(Debug, Default)]
pub(super) struct Known(HashMap<(Cidr, AccountKey), Micros>);

impl Known {
    pub(super) fn remember(&mut self, network: Cidr, account: AccountKey, now: Micros) {
        if !self.0.contains_key(&(network, account)) {
            make_room(&mut self.0, |at| *at, |_| false);
        }
        self.0.insert((network, account), now);
    }

    pub(super) fn is_known(&self, network: Cidr, account: AccountKey, now: Micros) -> bool {
        self.0.get(&(network, account)).is_some_and(|at| now.since(*at) < KNOWN_FOR)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;
    use crate::vault::Vault;

    fn throttle(master: u8) -> (Throttle, Entropy) {
        let entropy = Entropy::new(|bytes| bytes.fill(9));
        (Throttle::new(&Vault::new(&[master; 32], entropy.clone())), entropy)
    }

    fn with(cookie: &str) -> HeaderMap {
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, cookie.parse().unwrap());
        headers
    }

    #[test]
    fn a_device_is_known_for_its_account_for_its_time_and_under_its_key() {
        let (throttle, entropy) = throttle(1);
        let now = Micros::from_secs(1_800_000_000);
        let [anna, ben] = ["Anna@example.com", "ben@example.com"].map(|email| throttle.account(email));
        assert_eq!(throttle.account("anna@EXAMPLE.com"), anna);
        let set = throttle.keep_device(&HeaderMap::new(), anna, now, &entropy);
        let set = set.to_str().unwrap();
        assert!(set.contains("; Secure; HttpOnly; SameSite=Strict"), "{set}");
        let cookie = set.split(';').next().unwrap();
        let headers = with(cookie);
        let id = throttle.device(&headers, anna, now).unwrap();
        assert_eq!(throttle.device(&headers, ben, now), None);
        assert_eq!(throttle.any_device(&headers, now), Some(id));
        assert_eq!(throttle.device(&headers, anna, now + KNOWN_FOR), None);
        // Renewed it is the same one.
        let later = now + Duration::from_hours(24);
        let again = throttle.keep_device(&headers, anna, later, &entropy);
        let again = with(again.to_str().unwrap().split(';').next().unwrap());
        assert_eq!(throttle.device(&again, anna, now + KNOWN_FOR), Some(id));
        assert_eq!(super::tests::throttle(2).0.any_device(&headers, now), None);
        for at in COOKIE.len() + 1..cookie.len() {
            let mut bent = cookie.as_bytes().to_vec();
            bent[at] = if bent[at] == b'A' { b'B' } else { b'A' };
            let bent = with(std::str::from_utf8(&bent).unwrap());
            assert_eq!(throttle.any_device(&bent, now), None, "{at}");
            assert_eq!(throttle.any_device(&with(&cookie[..at]), now), None, "{at}");
        }
    }

    #[test]
    fn a_network_is_known_for_an_account_for_a_while() {
        let (now, network) = (Micros::from_secs(1_800_000_000), "192.0.2.0/24".parse().unwrap());
        let mut known = Known::default();
        known.remember(network, AccountKey([1; 16]), now);
        assert!(known.is_known(network, AccountKey([1; 16]), now));
        assert!(!known.is_known(network, AccountKey([2; 16]), now));
        assert!(!known.is_known("192.0.3.0/24".parse().unwrap(), AccountKey([1; 16]), now));
        assert!(!known.is_known(network, AccountKey([1; 16]), now + KNOWN_FOR));
    }
}
