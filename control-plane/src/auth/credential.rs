//! Where a request carries its access token: in `Authorization`, as programs do, or in a cookie, as browsers do.
//!
//! A browser sends cookies along whoever made it ask. So a request that changes something counts, with cookies, only if its
//! `Origin` is ours; browsers send that with each such request and no page can set it.

use axum::http::{HeaderMap, HeaderValue, Method, header, request::Parts};
use contract::worker_api::TOKEN_PREFIX;

use crate::{
    app::App,
    http::{ApiError, Code},
};

/// `__Host-`: the browser takes it only by HTTPS, from this host and for all of it (RFC 6265bis §4.1.3.2).
const ACCESS: &str = "__Host-postern-access";
const REFRESH: &str = "__Host-postern-refresh";

/// The access token of a request, wherever it is. With `Authorization` in it, whatever that says, no cookie counts.
pub(super) fn access_token<'a>(app: &App, parts: &'a Parts) -> Result<Option<&'a str>, ApiError> {
    if parts.headers.contains_key(header::AUTHORIZATION) {
        return Ok(bearer(&parts.headers));
    }
    // A worker has no browser.
    match cookie(&parts.headers, ACCESS).filter(|token| !token.starts_with(TOKEN_PREFIX)) {
        Some(token) => from_our_pages(app, &parts.method, &parts.headers).map(|()| Some(token)),
        None => Ok(None),
    }
}

/// The refresh token that a browser keeps.
pub(crate) fn refresh_cookie<'a>(
    app: &App,
    method: &Method,
    headers: &'a HeaderMap,
) -> Result<Option<&'a str>, ApiError> {
    match cookie(headers, REFRESH) {
        Some(token) => from_our_pages(app, method, headers).map(|()| Some(token)),
        None => Ok(None),
    }
}

/// Does the request come with cookies of ours?
pub(crate) fn has_cookies(headers: &HeaderMap) -> bool {
    [ACCESS, REFRESH].iter().any(|name| {
        headers.get_all(header::COOKIE).iter().any(|value| value.to_str().is_ok_and(|text| text.contains(name)))
    })
}

/// 403 for a request that changes something and does not come from a page of ours.
pub(crate) fn from_our_pages(app: &App, method: &Method, headers: &HeaderMap) -> Result<(), ApiError> {
    if method.is_safe() {
        return Ok(());
    }
    let ours = app.config.public_url.origin().ascii_serialization();
    let mut origins = headers.get_all(header::ORIGIN).iter();
    match (origins.next(), origins.next()) {
        (Some(origin), None) if origin.as_bytes() == ours.as_bytes() => Ok(()),
        _ => Err(ApiError::new(Code::CrossSiteRequest).detail(format!("Origin must be {ours}"))),
    }
}

/// What to say so that the browser keeps the tokens for so many seconds.
pub(crate) fn keep(access: (&str, u64), refresh: (&str, u64)) -> [HeaderValue; 2] {
    [set(ACCESS, access.0, access.1), set(REFRESH, refresh.0, refresh.1)]
}

/// What to say so that it forgets them.
pub(crate) fn forget() -> [HeaderValue; 2] {
    keep(("", 0), ("", 0))
}

pub(super) fn set(name: &str, value: &str, seconds: u64) -> HeaderValue {
    let text = format!("{name}={value}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    HeaderValue::from_str(&text).expect("tokens are letters, digits, `-`, `_` and `.`")
}

/// A cookie's value; none where it is there twice.
pub(super) fn cookie<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    let values = headers.get_all(header::COOKIE).iter().filter_map(|value| value.to_str().ok());
    let pairs = values.flat_map(|text| text.split(';')).filter_map(|pair| pair.trim().split_once('='));
    let mut found = pairs.filter(|(key, _)| *key == name).map(|(_, value)| value);
    let (Some(value), None) = (found.next(), found.next()) else { return None };
    (!value.is_empty()).then_some(value)
}

/// The token of `Authorization: Bearer …`; none where the header is missing, repeated or of another scheme.
fn bearer(headers: &HeaderMap) -> Option<&str> {
    let mut values = headers.get_all(header::AUTHORIZATION).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return None };
    let (scheme, token) = value.to_str().ok()?.split_once(' ')?;
    // RFC 6750 §2.1: b64token, and nothing else.
    let clean = |b: u8| b.is_ascii_alphanumeric() || b"-._~+/=".contains(&b);
    (scheme.eq_ignore_ascii_case("bearer") && !token.is_empty() && token.bytes().all(clean)).then_some(token)
}
