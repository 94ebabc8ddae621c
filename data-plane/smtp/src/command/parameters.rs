//! ESMTP parameters of MAIL and RCPT (RFC 5321 §4.1.2): SIZE, BODY, SMTPUTF8; anything else was not offered.

use super::Body;
use crate::said::Said;

#[derive(Debug, Default)]
pub(super) struct Mail {
    pub(super) size_bytes: Option<u64>,
    pub(super) body: Option<Body>,
    pub(super) smtputf8: bool,
}

pub(super) fn mail(text: &str) -> Result<Mail, Said> {
    let mut mail = Mail::default();
    for parameter in each(text) {
        let (keyword, value) = parameter?;
        let is = |name: &str| keyword.eq_ignore_ascii_case(name);
        if is("SIZE") {
            once(mail.size_bytes.is_some())?;
            mail.size_bytes = Some(value.and_then(size).ok_or(Said::BadArguments)?);
        } else if is("BODY") {
            once(mail.body.is_some())?;
            mail.body = Some(value.and_then(body).ok_or(Said::BadArguments)?);
        } else if is("SMTPUTF8") {
            once(mail.smtputf8 || value.is_some())?;
            mail.smtputf8 = true;
        } else {
            return Err(Said::UnknownParameter);
        }
    }
    Ok(mail)
}

pub(super) fn rcpt(text: &str) -> Result<(), Said> {
    match each(text).next() {
        None => Ok(()),
        Some(Ok(_)) => Err(Said::UnknownParameter),
        Some(Err(said)) => Err(said),
    }
}

fn once(already: bool) -> Result<(), Said> {
    if already { Err(Said::BadArguments) } else { Ok(()) }
}

fn each(text: &str) -> impl Iterator<Item = Result<(&str, Option<&str>), Said>> {
    text.split(' ').filter(|parameter| !parameter.is_empty()).map(|parameter| {
        let (keyword, value) = match parameter.split_once('=') {
            Some((keyword, value)) => (keyword, Some(value)),
            None => (parameter, None),
        };
        let keyword_sound = keyword.as_bytes().first().is_some_and(u8::is_ascii_alphanumeric)
            && keyword.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-');
        let value_sound =
            value.is_none_or(|value| !value.is_empty() && value.bytes().all(|b| b.is_ascii_graphic() && b != b'='));
        if keyword_sound && value_sound { Ok((keyword, value)) } else { Err(Said::BadArguments) }
    })
}

/// RFC 1870 §6: up to 20 digits. What does not fit in 64 bits is too large for anyone.
fn size(value: &str) -> Option<u64> {
    let sound = value.len() <= 20 && value.bytes().all(|b| b.is_ascii_digit());
    sound.then(|| value.parse().unwrap_or(u64::MAX))
}

fn body(value: &str) -> Option<Body> {
    if value.eq_ignore_ascii_case("7BIT") {
        Some(Body::SevenBit)
    } else if value.eq_ignore_ascii_case("8BITMIME") {
        Some(Body::EightBitMime)
    } else {
        // BINARYMIME is not announced (RFC 3030 §3).
        None
    }
}
