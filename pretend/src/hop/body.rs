//! The end of a message, and what it was before dots were stuffed into it.

/// Where a message ends in what came after DATA: octets of the message, and octets in all. RFC 5321 §4.1.1.4: CRLF, dot,
/// CRLF and nothing else.
pub(super) fn end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    if bytes.starts_with(b".\r\n") {
        return Some((0, 3));
    }
    // The end may have begun before what is new.
    let from = from.saturating_sub(4);
    memchr::memmem::find(bytes.get(from..)?, b"\r\n.\r\n").map(|at| (from + at + 2, from + at + 5))
}

/// Where servers that smugglers like see the end: at any line of a dot, whatever ends the lines.
pub(super) fn lenient_end(bytes: &[u8], from: usize) -> Option<(usize, usize)> {
    let line_end = |at: usize| match bytes.get(at..) {
        Some([b'\r', b'\n', ..]) => 2,
        Some([b'\r' | b'\n', ..]) => 1,
        _ => 0,
    };
    let from = from.saturating_sub(4);
    memchr::memchr_iter(b'.', bytes.get(from..)?).map(|at| at + from).find_map(|dot| {
        let begins = dot == 0 || matches!(bytes.get(dot - 1), Some(b'\r' | b'\n'));
        let ends = line_end(dot + 1);
        // A CR alone at the end of what is here may yet become CRLF.
        let known = ends == 2 || (ends == 1 && bytes.len() > dot + 2) || bytes.get(dot + 1) == Some(&b'\n');
        (begins && ends > 0 && known).then_some((dot, dot + 1 + ends))
    })
}

/// RFC 5321 §4.5.2: the first dot of a line that begins with one goes.
pub(super) fn unstuffed(stuffed: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(stuffed.len());
    let mut from = usize::from(stuffed.first() == Some(&b'.'));
    for at in memchr::memmem::find_iter(stuffed, b"\r\n.") {
        out.extend_from_slice(&stuffed[from..at + 2]);
        from = at + 3;
    }
    out.extend_from_slice(&stuffed[from..]);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::client::stuffed;

    #[test]
    fn what_is_stuffed_comes_out_as_it_was() {
        for message in ["", "a\r\n", ".\r\n", "..\r\n", "a\r\n.b\r\n..\r\n.\r\n\r\n.", ".a\r\n", "a\r\n\r\n"] {
            let wire = stuffed(message.as_bytes());
            let (size, all) = end(&wire, 0).expect(message);
            assert_eq!(all, wire.len(), "{message:?}");
            let whole = if message.is_empty() || message.ends_with("\r\n") { String::new() } else { "\r\n".into() };
            assert_eq!(unstuffed(&wire[..size]), (message.to_owned() + &whole).into_bytes());
        }
    }

    #[test]
    fn only_crlf_dot_crlf_ends_a_message_and_the_lenient_see_more() {
        for (bytes, lenient) in [
            ("a\n.\n", Some((2, 4))),
            ("a\n.\r\n", Some((2, 5))),
            ("a\r\n.\n", Some((3, 5))),
            ("a\r.\rb", Some((2, 4))),
            ("a\r.\r", None),
            ("a\r\n.\r", None),
            ("a.\r\n", None),
            ("a\r\n..\r\n", None),
        ] {
            assert_eq!(end(bytes.as_bytes(), 0), None, "{bytes:?}");
            assert_eq!(lenient_end(bytes.as_bytes(), 0), lenient, "{bytes:?}");
        }
        let wire = b"a\r\n.\r\nQUIT\r\n";
        assert_eq!(end(wire, 0), Some((3, 6)));
        assert_eq!(lenient_end(wire, 0), Some((3, 6)));
        for looked_at in 0..6 {
            assert_eq!(end(&wire[..looked_at], 0), None);
            assert_eq!(end(wire, looked_at), Some((3, 6)), "found when it began before {looked_at}");
            assert_eq!(lenient_end(wire, looked_at), Some((3, 6)), "found when it began before {looked_at}");
        }
    }
}
