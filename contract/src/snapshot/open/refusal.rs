//! Why a head, a node or an object was not taken. The names stand in status reports, metrics and docs/operations.

macro_rules! refusals {
    ($($(#[$doc:meta])* $variant:ident = $name:literal,)*) => {
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, thiserror::Error)]
        pub enum Refusal { $($(#[$doc])* #[error($name)] $variant,)* }

        impl Refusal {
            pub const ALL: &[Self] = &[$(Self::$variant,)*];

            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }
        }
    };
}

refusals! {
    /// Longer than such a thing may be.
    Oversize = "oversize",
    /// Shorter than its name says.
    Truncated = "truncated",
    /// Cannot be read at all, or not in its one canonical form.
    Malformed = "malformed",
    /// Signed by a key that may not sign this, or not with Ed25519.
    WrongKey = "wrong_key",
    /// The signature does not match.
    BadSignature = "bad_signature",
    /// Meant for another installation, pool or ring.
    WrongAudience = "wrong_audience",
    /// Older than what this worker has held.
    RolledBack = "rolled_back",
    /// The same version with another root.
    Forked = "forked",
    /// Its time is over.
    Expired = "expired",
    /// Not signed for the question of this worker, which has no memory yet.
    NotFresh = "not_fresh",
    /// Written in a schema this worker does not read.
    UnknownSchema = "unknown_schema",
    /// Suddenly loses more tenants or domains than deletions explain.
    Shrunk = "shrunk",
    /// The bytes are not those that were named.
    HashMismatch = "hash_mismatch",
    /// Grows beyond bounds when decompressed.
    ZipBomb = "zip_bomb",
    /// Names something that does not exist.
    Dangling = "dangling",
    /// The tree holds other numbers of tenants or domains than the head says.
    WrongTotals = "wrong_totals",
    /// An object says that it is another.
    WrongKeyOfObject = "wrong_object_key",
}
