//! Times in the API: RFC 3339, UTC, microseconds.

use contract::Micros;
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use time::{OffsetDateTime, format_description::well_known::Rfc3339};

/// A point in time as the API writes it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Time(pub Micros);

impl From<Micros> for Time {
    fn from(micros: Micros) -> Self {
        Self(micros)
    }
}

impl Time {
    fn written(self) -> Result<String, time::Error> {
        let nanos = i128::from(self.0.as_micros()) * 1_000;
        Ok(OffsetDateTime::from_unix_timestamp_nanos(nanos)?.format(&Rfc3339)?)
    }
}

impl std::fmt::Display for Time {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.written().map_err(|_| std::fmt::Error)?)
    }
}

impl Serialize for Time {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.written().map_err(serde::ser::Error::custom)?)
    }
}

impl<'de> Deserialize<'de> for Time {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
        let expected = || serde::de::Error::custom("expected a time such as 2027-01-31T12:00:00Z (RFC 3339)");
        let time = OffsetDateTime::parse(&text, &Rfc3339).map_err(|_| expected())?;
        let micros = i64::try_from(time.unix_timestamp_nanos().div_euclid(1_000)).map_err(|_| expected())?;
        Ok(Self(Micros::from_micros(micros)))
    }
}

impl utoipa::PartialSchema for Time {
    fn schema() -> utoipa::openapi::RefOr<utoipa::openapi::schema::Schema> {
        use utoipa::openapi::schema::{KnownFormat, ObjectBuilder, SchemaFormat, Type};
        ObjectBuilder::new()
            .schema_type(Type::String)
            .format(Some(SchemaFormat::KnownFormat(KnownFormat::DateTime)))
            .examples([serde_json::json!("2027-01-31T12:00:00.000001Z")])
            .into()
    }
}

impl utoipa::ToSchema for Time {
    fn name() -> std::borrow::Cow<'static, str> {
        std::borrow::Cow::Borrowed("Time")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_rfc_3339_to_the_microsecond() {
        let time = Time(Micros::from_micros(1_800_000_000_000_001));
        let text = serde_json::to_string(&time).unwrap();
        assert_eq!(text, "\"2027-01-15T08:00:00.000001Z\"");
        assert_eq!(serde_json::from_str::<Time>(&text).unwrap(), time);
        assert_eq!(serde_json::from_str::<Time>("\"2027-01-15T09:00:00.000001+01:00\"").unwrap(), time);
        for wrong in ["\"2027-01-15\"", "\"yesterday\"", "5", "\"2027-01-15T08:00:00\""] {
            assert!(serde_json::from_str::<Time>(wrong).is_err(), "{wrong}");
        }
    }
}
