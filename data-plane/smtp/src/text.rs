//! Peer text made fit for people: logs, traces, replies.

/// Printable ASCII, at most `cap` octets; anything else becomes a question mark.
pub(crate) fn printable(bytes: &[u8], cap: usize) -> String {
    bytes.iter().take(cap).map(|&b| if matches!(b, b' '..=b'~') { char::from(b) } else { '?' }).collect()
}
