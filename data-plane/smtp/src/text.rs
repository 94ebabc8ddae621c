//! Peer text made fit for people: logs, traces, replies.

use std::borrow::Cow;

use mail_parser::parsers::MessageStream;
use memchr::memmem;

/// Octets in which encoded words are looked for: 250 characters of any script have room in them.
const DECODED: usize = 2_000;

/// An unfolded, unstructured field with its encoded words (RFC 2047) as what they say; what is no sound word stays as it was
/// written. Anything may come of it: show it by [`one_line`].
pub(crate) fn decoded(value: &[u8]) -> Cow<'_, [u8]> {
    let value = value.get(..DECODED).unwrap_or(value);
    if memmem::find(value, b"=?").is_none() {
        return Cow::Borrowed(value);
    }
    // The parser's field ends at a line's end, and there only.
    let mut line: Vec<u8> = value.iter().map(|&b| if matches!(b, b'\r' | b'\n') { b' ' } else { b }).collect();
    line.push(b'\n');
    let text = MessageStream::new(&line).parse_unstructured().into_text();
    text.map_or(Cow::Borrowed(value), |text| Cow::Owned(text.into_owned().into_bytes()))
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
