//! Peer text made fit for people: logs, traces, replies.

use std::borrow::Cow;

use mail_parser::decoders::{
    base64::base64_decode, charsets::map::charset_decoder, quoted_printable::quoted_printable_decode_char,
};
use memchr::memmem;

/// Octets in which encoded words are looked for: 250 characters of any script have room in them.
const DECODED: usize = 4_000;
/// The longest name of a charset that is looked for.
const CHARSET: usize = 40;

/// An unfolded, unstructured field with its encoded words (RFC 2047) as what they say. What is no sound word, or of a charset
/// that is not known, stays as it was written: a sender hides nothing in it. Adjacent words of one charset are read as one,
/// since many mailers divide them in the middle of a character. Anything may come of it: show it by [`one_line`].
pub(crate) fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.get(..DECODED).unwrap_or(value);
    if memmem::find(value, b"=?").is_none() {
        return Cow::Borrowed(value);
    }
    let (mut out, mut words, mut rest) = (Vec::with_capacity(value.len()), Words::default(), value);
    while let Some(at) = memmem::find(rest, b"=?") {
        let (before, from) = rest.split_at(at);
        if let Some((word, after)) = Word::read(from) {
            // Space between two words is none of the text (§6.2).
            if words.is_empty() || !before.iter().all(u8::is_ascii_whitespace) {
                words.flush(&mut out);
                out.extend(before);
            }
            words.add(word, &mut out);
            rest = after;
        } else {
            words.flush(&mut out);
            let (as_written, after) = rest.split_at(at + 2);
            out.extend(as_written);
            rest = after;
        }
    }
    words.flush(&mut out);
    out.extend(rest);
    Cow::Owned(out)
}

/// `=?charset?encoding?text?=` (RFC 2047 §2), with its octets.
struct Word<'a> {
    charset: &'a [u8],
    octets: Vec<u8>,
}

impl<'a> Word<'a> {
    /// The word that `from` begins with, and what stands behind it.
    fn read(from: &'a [u8]) -> Option<(Self, &'a [u8])> {
        let (charset, rest) = split(from.strip_prefix(b"=?")?, CHARSET)?;
        // A language may follow (RFC 2231 §5).
        let charset = charset.split(|&b| b == b'*').next()?;
        let (encoding, rest) = split(rest, 1)?;
        let (text, rest) = split(rest, DECODED)?;
        let rest = rest.strip_prefix(b"=")?;
        let octets = match encoding {
            b"b" | b"B" => base64_decode(text)?,
            b"q" | b"Q" => q_decoded(text)?,
            _ => return None,
        };
        (is_utf8(charset) || charset_decoder(charset).is_some()).then_some((Self { charset, octets }, rest))
    }
}

/// What stands before the next question mark, and behind it; none where that is nothing, long, or has in it what no part of a
/// word has.
fn split(bytes: &[u8], longest: usize) -> Option<(&[u8], &[u8])> {
    let end = bytes.iter().take(longest + 1).position(|&b| b == b'?' || !b.is_ascii_graphic())?;
    let (part, rest) = bytes.split_at(end);
    let rest = rest.strip_prefix(b"?")?;
    (!part.is_empty()).then_some((part, rest))
}

/// RFC 2047 §4.2
fn q_decoded(text: &[u8]) -> Option<Vec<u8>> {
    let (mut octets, mut rest) = (Vec::with_capacity(text.len()), text);
    while let [first, after @ ..] = rest {
        rest = after;
        octets.push(match first {
            b'_' => b' ',
            b'=' => {
                let ([high, low], after) = rest.split_first_chunk()?;
                rest = after;
                quoted_printable_decode_char(*high, *low)?
            }
            other => *other,
        });
    }
    Some(octets)
}

fn is_utf8(charset: &[u8]) -> bool {
    charset.eq_ignore_ascii_case(b"utf-8") || charset.eq_ignore_ascii_case(b"us-ascii")
}

/// Adjacent words of one charset.
#[derive(Default)]
struct Words<'a>(Option<Word<'a>>);

impl<'a> Words<'a> {
    const fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    fn add(&mut self, word: Word<'a>, out: &mut Vec<u8>) {
        match &mut self.0 {
            Some(before) if before.charset.eq_ignore_ascii_case(word.charset) => before.octets.extend(word.octets),
            _ => {
                self.flush(out);
                self.0 = Some(word);
            }
        }
    }

    fn flush(&mut self, out: &mut Vec<u8>) {
        let Some(Word { charset, octets }) = self.0.take() else { return };
        match charset_decoder(charset).filter(|_| !is_utf8(charset)) {
            Some(decode) => out.extend(decode(&octets).into_bytes()),
            // What is not UTF-8 in it is seen as such by whoever shows it.
            None => out.extend(octets),
        }
    }
}

/// Text of one line, at most `cap` characters: UTF-8 as it is (RFC 6532), a question mark for anything else that is not
/// printable.
pub(crate) fn one_line(bytes: &[u8], cap: usize) -> String {
    let text = String::from_utf8_lossy(bytes);
    let shown = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() || is_invisible(c) => '?',
        c => c,
    };
    text.chars().take(cap).map(shown).collect()
}

/// What changes how a text around it is shown.
fn is_invisible(c: char) -> bool {
    matches!(c, '\u{200b}'..='\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2028}' | '\u{2029}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
}

/// Printable ASCII, at most `cap` octets; anything else becomes a question mark.
pub(crate) fn printable(bytes: &[u8], cap: usize) -> String {
    bytes.iter().take(cap).map(|&b| if matches!(b, b' '..=b'~') { char::from(b) } else { '?' }).collect()
}
