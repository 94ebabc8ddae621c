//! Paths and queries.

use axum::{
    extract::{FromRequestParts, Path, rejection::PathRejection},
    http::request::Parts,
};
use serde::de::DeserializeOwned;

use super::{ApiError, Code, FieldError};

/// Path parameters. What does not parse cannot exist: 404.
#[derive(Debug, Clone, Copy)]
pub struct ApiPath<T>(pub T);

impl<T: DeserializeOwned + Send, S: Send + Sync> FromRequestParts<S> for ApiPath<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, state: &S) -> Result<Self, ApiError> {
        match Path::from_request_parts(parts, state).await {
            Ok(Path(value)) => Ok(Self(value)),
            Err(PathRejection::FailedToDeserializePathParams(rejection)) => {
                Err(ApiError::not_found().caused_by(rejection))
            }
            Err(rejection) => Err(ApiError::internal(rejection)),
        }
    }
}

/// Query parameters. Write the type with `#[serde(default, deny_unknown_fields)]`.
#[derive(Debug, Clone, Copy)]
pub struct ApiQuery<T>(pub T);

impl<T: DeserializeOwned, S: Send + Sync> FromRequestParts<S> for ApiQuery<T> {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        let pairs = url::form_urlencoded::parse(parts.uri.query().unwrap_or_default().as_bytes());
        let mut values = std::collections::BTreeMap::new();
        for (name, value) in pairs {
            // Nothing of ours has one in it, and PostgreSQL would refuse to look.
            if value.chars().any(char::is_control) {
                return Err(refused(&name, "no control characters"));
            }
            if values.insert(name.clone().into_owned(), value.into_owned()).is_some() {
                return Err(refused(&name, "is given twice"));
            }
        }
        let pairs = values.into_iter();
        let deserializer = serde::de::value::MapDeserializer::<_, serde::de::value::Error>::new(
            pairs.map(|(name, value)| (name, Text(value))),
        );
        serde_path_to_error::deserialize(deserializer).map(Self).map_err(|error| {
            let message = error.inner().to_string();
            let name = match message.strip_prefix("unknown field `").and_then(|rest| rest.split_once('`')) {
                Some((name, _)) => name.to_owned(),
                None => error.path().to_string(),
            };
            refused(&name, &message)
        })
    }
}

fn refused(name: &str, message: &str) -> ApiError {
    ApiError::new(Code::InvalidQuery).errors(vec![FieldError::invalid(format!("?{name}"), message)])
}

/// A parameter's text, read as whatever the field wants.
struct Text(String);

impl<E: serde::de::Error> serde::de::IntoDeserializer<'_, E> for Text {
    type Deserializer = TextDeserializer<E>;

    fn into_deserializer(self) -> Self::Deserializer {
        TextDeserializer { text: self.0, error: std::marker::PhantomData }
    }
}

struct TextDeserializer<E> {
    text: String,
    error: std::marker::PhantomData<E>,
}

macro_rules! parsed {
    ($($method:ident $visit:ident $type:ty;)*) => {$(
        fn $method<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
            let value = self.text.parse::<$type>().map_err(|_| E::custom(concat!("expected ", stringify!($type))))?;
            visitor.$visit(value)
        }
    )*};
}

impl<'de, E: serde::de::Error> serde::Deserializer<'de> for TextDeserializer<E> {
    type Error = E;

    fn deserialize_any<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_string(self.text)
    }

    fn deserialize_option<V: serde::de::Visitor<'de>>(self, visitor: V) -> Result<V::Value, E> {
        visitor.visit_some(self)
    }

    fn deserialize_enum<V: serde::de::Visitor<'de>>(
        self,
        name: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, E> {
        let variant: serde::de::value::StringDeserializer<E> =
            serde::de::IntoDeserializer::into_deserializer(self.text);
        variant.deserialize_enum(name, variants, visitor)
    }

    fn deserialize_newtype_struct<V: serde::de::Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, E> {
        visitor.visit_newtype_struct(self)
    }

    parsed! {
        deserialize_bool visit_bool bool;
        deserialize_u16 visit_u16 u16;
        deserialize_u32 visit_u32 u32;
        deserialize_u64 visit_u64 u64;
        deserialize_i64 visit_i64 i64;
    }

    serde::forward_to_deserialize_any! {
        i8 i16 i32 i128 u8 u128 f32 f64 char str string bytes byte_buf unit unit_struct seq tuple tuple_struct map
        struct identifier ignored_any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Debug, Default, PartialEq, serde::Deserialize)]
    #[serde(default, deny_unknown_fields)]
    struct Query {
        limit: Option<u32>,
        name: Option<String>,
        effective: bool,
    }

    async fn read(query: &str) -> Result<Query, ApiError> {
        let (mut parts, ()) = axum::http::Request::builder().uri(format!("/x?{query}")).body(()).unwrap().into_parts();
        ApiQuery::from_request_parts(&mut parts, &()).await.map(|ApiQuery(query)| query)
    }

    #[tokio::test]
    async fn parameters_are_read_and_strangers_are_named() {
        let query = read("limit=5&name=a%20b+c&effective=true").await.unwrap();
        assert_eq!(query, Query { limit: Some(5), name: Some("a b c".into()), effective: true });
        for (query, pointer) in
            [("limt=5", "?limt"), ("limit=x", "?limit"), ("limit=-1", "?limit"), ("limit=1&limit=2", "?limit")]
        {
            let error = read(query).await.unwrap_err();
            assert_eq!(error.code(), Code::InvalidQuery);
            assert_eq!(error.problem().errors[0].pointer, pointer, "{query}");
        }
    }
}
