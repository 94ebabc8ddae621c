//! The words of mail: domain, mailbox, path, network, reply. Parsed once; a value cannot hold nonsense.

mod cidr;
mod domain;
mod mailbox;
mod path;
mod reply;
#[cfg(test)]
mod tests;

pub use cidr::{Cidr, CidrError};
pub use domain::{Domain, DomainError};
pub use mailbox::{Host, LocalPart, Mailbox, MailboxError};
pub use path::{ForwardPath, PathError, Recipient, ReversePath};
pub use reply::{EnhancedCode, Reply};

/// Text on the wire, parsed strictly on the way in; a string in the API documents.
macro_rules! by_text {
    ($($name:ident: $example:literal),* $(,)?) => {$(
        impl serde::Serialize for $name {
            fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
                serializer.collect_str(self)
            }
        }
        impl<'de> serde::Deserialize<'de> for $name {
            fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
                let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
                text.parse().map_err(serde::de::Error::custom)
            }
        }
        impl utoipa::PartialSchema for $name {
            fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
                utoipa::openapi::ObjectBuilder::new()
                    .schema_type(utoipa::openapi::schema::Type::String)
                    .examples([serde_json::json!($example)])
                    .into()
            }
        }
        impl utoipa::ToSchema for $name {}
    )*};
}
by_text! {
    Cidr: "192.0.2.0/24",
    Domain: "example.com",
    LocalPart: "anna",
    Mailbox: "anna@example.com",
    ReversePath: "anna@example.com",
}
