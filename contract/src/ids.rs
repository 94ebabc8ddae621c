//! Typed ids. On the wire `<prefix>_<32 hex digits>`; inside, a UUIDv7, so that ids sort by the time they were made.

use std::{fmt, marker::PhantomData, str::FromStr};

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use uuid::Uuid;

use crate::time::Micros;

/// A kind of thing that has ids.
pub trait Kind {
    /// Written before the underscore, three letters.
    const PREFIX: &'static str;
    /// The schema's name in the API documents.
    const NAME: &'static str;
}

macro_rules! kinds {
    ($($(#[$doc:meta])* $name:ident = $prefix:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum $name {}
        impl Kind for $name {
            const PREFIX: &'static str = $prefix;
            const NAME: &'static str = concat!(stringify!($name), "Id");
        }
    )*};
}

kinds! {
    /// The whole of one Postern: control plane, database, workers.
    Installation = "ins";
    /// A node of the tree provider → MSP → customer.
    Tenant = "ten";
    /// A mail domain of a tenant.
    Domain = "dom";
    /// One recipient (mailbox) of a domain.
    Recipient = "rcp";
    /// An inbound route: where a domain's mail goes.
    Route = "rte";
    /// A TLS certificate with its key.
    Certificate = "crt";
    /// An entry of an allow or block list.
    ListEntry = "lst";
    /// Somebody who signs in.
    Person = "per";
    /// A role that somebody holds over something.
    Grant = "gra";
    /// A grant that waits to be accepted.
    Invitation = "inv";
    /// A credential of a program.
    ApiKey = "key";
    /// A sign-in.
    Session = "ses";
    /// A passkey or security key of a person.
    Passkey = "pky";
    /// A password that is set anew by a mailed link.
    PasswordReset = "prs";
    /// A worker, from its enrolment until it is swept.
    Worker = "wrk";
    /// A set of workers with its own head.
    Pool = "poo";
    /// A join token.
    JoinToken = "jtk";
    /// One SMTP transaction as the trace keeps it.
    Message = "msg";
    /// A row of the audit log.
    Audit = "aud";
    /// A mail to somebody who signs in, on its way.
    Mail = "mai";
    /// Something that a worker is sent to see.
    Errand = "ern";
    /// A record of events that are known to be missing.
    Gap = "gap";
}

// Names without a parameter: utoipa takes `Id<T>` for a generic schema and asks `T` for one of its own.
pub type InstallationId = Id<Installation>;
pub type TenantId = Id<Tenant>;
pub type DomainId = Id<Domain>;
pub type RecipientId = Id<Recipient>;
pub type RouteId = Id<Route>;
pub type ErrandId = Id<Errand>;
pub type CertificateId = Id<Certificate>;
pub type ListEntryId = Id<ListEntry>;
pub type PersonId = Id<Person>;
pub type GrantId = Id<Grant>;
pub type InvitationId = Id<Invitation>;
pub type ApiKeyId = Id<ApiKey>;
pub type SessionId = Id<Session>;
pub type PasskeyId = Id<Passkey>;
pub type PasswordResetId = Id<PasswordReset>;
pub type WorkerId = Id<Worker>;
pub type PoolId = Id<Pool>;
pub type JoinTokenId = Id<JoinToken>;
pub type MessageId = Id<Message>;
pub type AuditId = Id<Audit>;
pub type GapId = Id<Gap>;

/// An id of a `T`. Ids of different kinds do not mix.
pub struct Id<T> {
    uuid: Uuid,
    kind: PhantomData<fn() -> T>,
}

/// Why a text is not an id.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("expected an id such as {prefix}_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f")]
pub struct IdError {
    prefix: &'static str,
}

impl<T: Kind> Id<T> {
    /// A new id (UUIDv7) from the time and ten random bytes.
    pub fn new(now: Micros, random: [u8; 10]) -> Self {
        let millis = u64::try_from(now.as_micros() / 1_000).unwrap_or(0);
        Self::from_uuid(uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid())
    }
}

impl<T> Id<T> {
    pub const fn from_uuid(uuid: Uuid) -> Self {
        Self { uuid, kind: PhantomData }
    }

    /// What the database stores.
    pub const fn uuid(self) -> Uuid {
        self.uuid
    }
}

// Derives would ask for the same traits on `T`, which is never held.
impl<T> Clone for Id<T> {
    fn clone(&self) -> Self {
        *self
    }
}
impl<T> Copy for Id<T> {}
impl<T> PartialEq for Id<T> {
    fn eq(&self, other: &Self) -> bool {
        self.uuid == other.uuid
    }
}
impl<T> Eq for Id<T> {}
impl<T> PartialOrd for Id<T> {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}
impl<T> Ord for Id<T> {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.uuid.cmp(&other.uuid)
    }
}
impl<T> std::hash::Hash for Id<T> {
    fn hash<H: std::hash::Hasher>(&self, state: &mut H) {
        self.uuid.hash(state);
    }
}

impl<T: Kind> fmt::Display for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}_{}", T::PREFIX, self.uuid.simple())
    }
}

impl<T: Kind> fmt::Debug for Id<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl<T: Kind> FromStr for Id<T> {
    type Err = IdError;

    fn from_str(text: &str) -> Result<Self, IdError> {
        let error = IdError { prefix: T::PREFIX };
        let hex = text.strip_prefix(T::PREFIX).and_then(|rest| rest.strip_prefix('_')).ok_or(error.clone())?;
        // One spelling an id: the uuid crate would also take dashes, braces and upper case.
        let canonical = hex.len() == 32 && hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f'));
        if !canonical {
            return Err(error);
        }
        Uuid::try_parse(hex).map(Self::from_uuid).map_err(|_| error)
    }
}

impl<T: Kind> Serialize for Id<T> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de, T: Kind> Deserialize<'de> for Id<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        text.parse().map_err(serde::de::Error::custom)
    }
}

impl<T: Kind> utoipa::PartialSchema for Id<T> {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        utoipa::openapi::ObjectBuilder::new()
            .schema_type(utoipa::openapi::schema::Type::String)
            .pattern(Some(format!("^{}_[0-9a-f]{{32}}$", T::PREFIX)))
            .examples([serde_json::json!(format!("{}_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", T::PREFIX))])
            .into()
    }
}

impl<T: Kind> utoipa::ToSchema for Id<T> {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed(T::NAME)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_has_one_spelling_and_its_own_kind() {
        let id = Id::<Tenant>::new(Micros::from_micros(1_790_000_000_000_000), [7; 10]);
        let text = id.to_string();
        assert_eq!(text.parse::<Id<Tenant>>(), Ok(id));
        assert!(text.parse::<Id<Domain>>().is_err());
        assert!(text.to_uppercase().parse::<Id<Tenant>>().is_err());
        assert!(text.replace('_', "-").parse::<Id<Tenant>>().is_err());
        assert!("ten_".parse::<Id<Tenant>>().is_err());
    }

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let early = Id::<Tenant>::new(Micros::from_micros(1_790_000_000_000_000), [255; 10]);
        let late = Id::<Tenant>::new(Micros::from_micros(1_790_000_000_001_000), [0; 10]);
        assert!(early < late);
    }
}
