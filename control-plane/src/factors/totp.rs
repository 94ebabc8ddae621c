//! Codes by time: RFC 6238 with SHA-1, six digits, steps of 30 seconds, the one before and the one after taken as well.

use aws_lc_rs::{constant_time, hmac};
use contract::Micros;

/// 160 bits, as long as the hash (RFC 4226 §4, R6).
pub(super) const SECRET_BYTES: usize = 20;
const STEP_S: i64 = 30;
/// Steps that a clock may be off.
const SKEW: i64 = 1;

/// The code of a step (RFC 4226 §5.3).
fn code(secret: &[u8], step: i64) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, secret);
    let tag = hmac::sign(&key, &step.to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag.last().copied().unwrap_or_default() & 0x0f);
    let word = tag.get(offset..offset + 4).and_then(|word| <[u8; 4]>::try_from(word).ok()).unwrap_or_default();
    let number = u32::from_be_bytes(word) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// The step that a code is of, if it is one of now, the one before, or the one after.
pub(super) fn matching_step(secret: &[u8], given: &str, now: Micros) -> Option<i64> {
    let given: String = given.chars().filter(|c| !c.is_whitespace()).collect();
    let current = now.as_secs().div_euclid(STEP_S);
    // All are compared, each in constant time.
    let steps = current - SKEW..=current + SKEW;
    let right =
        |step: &i64| constant_time::verify_slices_are_equal(code(secret, *step).as_bytes(), given.as_bytes()).is_ok();
    steps.filter(right).max()
}

/// RFC 4648 §6, without padding.
pub(super) fn base32(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    let mut text = String::with_capacity(bytes.len().div_ceil(5) * 8);
    let (mut held, mut bits) = (0_u32, 0_u32);
    for byte in bytes {
        held = (held << 8) | u32::from(*byte);
        bits += 8;
        while bits >= 5 {
            bits -= 5;
            text.push(char::from(DIGITS[(held >> bits) as usize & 31]));
        }
        held &= (1 << bits) - 1;
    }
    if bits > 0 {
        text.push(char::from(DIGITS[(held << (5 - bits)) as usize & 31]));
    }
    text
}

/// What an authenticator app reads from the picture.
pub(super) fn uri(issuer: &str, account: &str, secret: &[u8]) -> String {
    let encode = |text: &str| {
        // `+` for a blank is a form's; apps show it.
        url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>().replace('+', "%20")
    };
    format!(
        "otpauth://totp/{issuer}:{}?secret={}&issuer={issuer}&algorithm=SHA1&digits=6&period={STEP_S}",
        encode(account),
        base32(secret),
        issuer = encode(issuer),
    )
}

/// The picture, as SVG. None where the text is too long for one.
pub(super) fn picture(uri: &str) -> Option<String> {
    let code = qrcode::QrCode::with_error_correction_level(uri, qrcode::EcLevel::M).ok()?;
    Some(code.render::<qrcode::render::svg::Color<'_>>().min_dimensions(200, 200).build())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn codes_are_those_of_rfc_6238() {
        let secret = b"12345678901234567890";
        // Appendix B, SHA-1, the last six of eight digits.
        for (at, expected) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
            (20_000_000_000, "353130"),
        ] {
            assert_eq!(code(secret, at / STEP_S), expected, "{at}");
            assert_eq!(matching_step(secret, expected, Micros::from_secs(at)), Some(at / STEP_S));
        }
    }

    #[test]
    fn the_step_before_and_the_one_after_are_taken_and_no_others() {
        let secret = b"12345678901234567890";
        let (step, now) = (41_152_263, Micros::from_secs(1_234_567_890));
        for (off, taken) in [(-2, false), (-1, true), (0, true), (1, true), (2, false)] {
            let found = matching_step(secret, &code(secret, step + off), now);
            assert_eq!(found, taken.then_some(step + off), "{off}");
        }
        for wrong in ["", "00592", "0059245", "00592x", "５"] {
            assert_eq!(matching_step(secret, wrong, now), None, "{wrong}");
        }
        assert_eq!(matching_step(secret, " 005 924 ", now), Some(step));
    }

    #[test]
    fn base32_is_that_of_rfc_4648() {
        for (bytes, text) in
            [("", ""), ("f", "MY"), ("fo", "MZXQ"), ("foo", "MZXW6"), ("foob", "MZXW6YQ"), ("fooba", "MZXW6YTB")]
        {
            assert_eq!(base32(bytes.as_bytes()), text);
        }
    }

    #[test]
    fn the_picture_holds_what_an_app_needs() {
        let uri = uri("Postern (mx.example)", "a b@example.com", b"12345678901234567890");
        assert!(
            uri.starts_with("otpauth://totp/Postern%20%28mx.example%29:a%20b%40example.com?secret=GEZDGNBV"),
            "{uri}"
        );
        assert!(picture(&uri).unwrap().contains("<svg"));
        assert!(picture(&"x".repeat(10_000)).is_none());
    }
}
