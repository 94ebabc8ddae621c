//! Strong entity tags: the row's revision. Volatile fields do not move it.

use axum::{
    extract::FromRequestParts,
    http::{HeaderMap, HeaderValue, header, request::Parts},
};

use super::{ApiError, Code};

/// `"r7"`
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ETag(i64);

impl ETag {
    pub fn of(revision: i64) -> Self {
        Self(revision)
    }

    pub fn value(self) -> HeaderValue {
        HeaderValue::from_str(&format!("\"r{}\"", self.0)).expect("digits are a header value")
    }
}

/// The request's `If-Match`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum IfMatch {
    Absent,
    /// `*`: any revision.
    Any,
    /// Revisions of ours among the tags; a foreign or weak tag matches nothing (RFC 9110 §13.1.1).
    These(Vec<i64>),
}

impl IfMatch {
    fn read(headers: &HeaderMap) -> Result<Self, ApiError> {
        let mut tags = Vec::new();
        let mut any = false;
        let mut present = false;
        for value in headers.get_all(header::IF_MATCH) {
            present = true;
            let text = value.to_str().map_err(|_| ApiError::new(Code::InvalidHeader).detail("If-Match"))?;
            for tag in text.split(',').map(str::trim) {
                match tag {
                    "*" => any = true,
                    tag => {
                        let quoted = tag.strip_prefix("\"r").and_then(|rest| rest.strip_suffix('"'));
                        // One spelling: "r07" is not a tag we gave.
                        let revision = quoted.and_then(|digits| {
                            digits.parse::<i64>().ok().filter(|number| number.to_string() == digits)
                        });
                        tags.extend(revision);
                    }
                }
            }
        }
        Ok(match (present, any) {
            (false, _) => Self::Absent,
            (true, true) => Self::Any,
            (true, false) => Self::These(tags),
        })
    }

    /// 412 unless `revision` is what the client saw. Without the header anything goes.
    pub fn check(&self, revision: i64) -> Result<(), ApiError> {
        match self {
            Self::Absent | Self::Any => Ok(()),
            Self::These(tags) if tags.contains(&revision) => Ok(()),
            Self::These(_) => Err(ApiError::new(Code::PreconditionFailed)),
        }
    }

    /// 428 without the header; then as [`IfMatch::check`].
    pub fn require(&self, revision: i64) -> Result<(), ApiError> {
        match self {
            Self::Absent => Err(ApiError::new(Code::PreconditionRequired)),
            Self::Any | Self::These(_) => self.check(revision),
        }
    }
}

impl<S: Sync> FromRequestParts<S> for IfMatch {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Self, ApiError> {
        Self::read(&parts.headers)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(value: &str) -> IfMatch {
        let mut headers = HeaderMap::new();
        headers.insert(header::IF_MATCH, value.parse().unwrap());
        IfMatch::read(&headers).unwrap()
    }

    #[test]
    fn only_the_revision_seen_matches() {
        assert_eq!(ETag::of(7).value(), "\"r7\"");
        assert!(read("\"r7\"").check(7).is_ok());
        assert!(read("\"x\", \"r7\"").check(7).is_ok());
        assert!(read("*").require(7).is_ok());
        for other in ["\"r8\"", "W/\"r7\"", "r7", "\"r07\"", "\"r+7\"", "\"\"", "\"r7\"x"] {
            assert!(read(other).check(7).is_err(), "{other}");
        }
        assert_eq!(IfMatch::Absent.require(7).unwrap_err().code(), Code::PreconditionRequired);
        assert!(IfMatch::Absent.check(7).is_ok());
    }
}
