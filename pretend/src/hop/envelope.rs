//! MAIL and RCPT as a strict server reads them: what was not offered may not be used.

use super::record::Path;

/// What the hop offers, as far as it matters to an envelope.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Offer {
    pub eight_bit: bool,
    pub smtputf8: bool,
    /// The limit, where SIZE is offered; 0 is none.
    pub size: Option<u64>,
}

/// A parsed path, or the reply that refuses it.
pub(super) fn mail(line: &[u8], offer: Offer) -> Result<Path, String> {
    let path = path(line, "FROM:")?;
    let mut smtputf8 = false;
    for param in path.params.split_ascii_whitespace() {
        let (word, value) = param.split_once('=').unwrap_or((param, ""));
        match word.to_ascii_uppercase().as_str() {
            "SIZE" => match (offer.size, value.parse::<u64>()) {
                (None, _) => return Err(unknown(param)),
                (_, Err(_)) => return Err(format!("501 5.5.4 bad SIZE: {value}")),
                (Some(limit), Ok(size)) if limit > 0 && size > limit => return Err("552 5.3.4 too large".to_owned()),
                _ => {}
            },
            "BODY" if offer.eight_bit && matches!(value.to_ascii_uppercase().as_str(), "7BIT" | "8BITMIME") => {}
            "SMTPUTF8" if offer.smtputf8 && value.is_empty() => smtputf8 = true,
            _ => return Err(unknown(param)),
        }
    }
    if !path.address.is_ascii() && !smtputf8 {
        return Err("553 5.6.7 SMTPUTF8 is needed".to_owned());
    }
    Ok(path)
}

pub(super) fn rcpt(line: &[u8], smtputf8: bool) -> Result<Path, String> {
    let path = path(line, "TO:")?;
    if let Some(param) = path.params.split_ascii_whitespace().next() {
        return Err(unknown(param));
    }
    if path.address.is_empty() {
        return Err("501 5.1.3 the empty path receives nothing".to_owned());
    }
    if !path.address.is_ascii() && !smtputf8 {
        return Err("553 5.6.7 SMTPUTF8 is needed".to_owned());
    }
    Ok(path)
}

fn unknown(param: &str) -> String {
    format!("555 5.5.4 not offered: {param}")
}

/// `MAIL FROM:<path> params`, without a space behind the colon (RFC 5321 §3.3).
fn path(line: &[u8], keyword: &str) -> Result<Path, String> {
    let syntax = || "501 5.5.2 syntax".to_owned();
    let line = std::str::from_utf8(line).map_err(|_| "501 5.5.2 not UTF-8".to_owned())?;
    let (_, rest) = line.split_once(' ').ok_or_else(syntax)?;
    let rest = rest.split_at_checked(keyword.len()).filter(|(word, _)| word.eq_ignore_ascii_case(keyword));
    let rest = rest.and_then(|(_, rest)| rest.strip_prefix('<')).ok_or_else(syntax)?;
    let close = closing_bracket(rest).ok_or_else(syntax)?;
    let (address, params) = (&rest[..close], &rest[close + 1..]);
    if !params.is_empty() && !params.starts_with(' ') {
        return Err(syntax());
    }
    Ok(Path { address: address.to_owned(), params: params.trim().to_owned() })
}

/// A bracket inside a quoted local part is not the end.
fn closing_bracket(text: &str) -> Option<usize> {
    let (mut quoted, mut escaped) = (false, false);
    text.bytes().position(|octet| {
        let ends = octet == b'>' && !quoted;
        (quoted, escaped) = match octet {
            _ if escaped => (quoted, false),
            b'\\' => (quoted, quoted),
            b'"' => (!quoted, false),
            _ => (quoted, false),
        };
        ends
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_that_were_not_offered_are_refused() {
        let all = Offer { eight_bit: true, smtputf8: true, size: Some(1_000) };
        let none = Offer::default();
        let table = [
            ("MAIL FROM:<a@b.example>", all, "a@b.example", ""),
            ("mail from:<> SIZE=1000 BODY=8BITMIME SMTPUTF8", all, "", ""),
            ("MAIL FROM:<\"a>\\\"b\"@b.example>", none, "\"a>\\\"b\"@b.example", ""),
            ("MAIL FROM:<ü@b.example> SMTPUTF8", all, "ü@b.example", ""),
            ("MAIL FROM:<ü@b.example>", all, "", "553"),
            ("MAIL FROM:<a@b.example> SIZE=1001", all, "", "552"),
            ("MAIL FROM:<a@b.example> SIZE=x", all, "", "501"),
            ("MAIL FROM:<a@b.example> SIZE=1", none, "", "555"),
            ("MAIL FROM:<a@b.example> BODY=8BITMIME", none, "", "555"),
            ("MAIL FROM:<a@b.example> BODY=BINARYMIME", all, "", "555"),
            ("MAIL FROM:<a@b.example> SMTPUTF8", none, "", "555"),
            ("MAIL FROM: <a@b.example>", all, "", "501"),
            ("MAIL FROM:a@b.example", all, "", "501"),
            ("MAIL FROM:<a@b.example", all, "", "501"),
            ("MAIL FROM:<a@b.example>SIZE=1", all, "", "501"),
        ];
        for (line, offer, address, refusal) in table {
            match mail(line.as_bytes(), offer) {
                Ok(path) => assert!(refusal.is_empty() && path.address == address, "{line} → {path:?}"),
                Err(reply) => assert!(!refusal.is_empty() && reply.starts_with(refusal), "{line} → {reply}"),
            }
        }
        assert!(rcpt(b"RCPT TO:<>", true).is_err());
        assert!(rcpt(b"RCPT TO:<a@b.example> NOTIFY=NEVER", true).is_err());
        assert!(rcpt("RCPT TO:<ü@b.example>".as_bytes(), false).is_err());
        assert_eq!(rcpt("RCPT TO:<ü@b.example>".as_bytes(), true).expect("offered").address, "ü@b.example");
    }
}
