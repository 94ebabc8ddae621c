//! Peer text made fit for people: logs, traces, replies.

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
