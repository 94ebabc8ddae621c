//! A server's reply as it came, and reading it strictly.

use std::fmt;

/// A reply. [`Reply::expect`] makes a test's wish about it known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub code: u16,
    /// The text of each line, without code and CRLF.
    pub lines: Vec<String>,
    /// What it answers, for messages about it.
    pub(super) to: String,
}

impl Reply {
    /// Checks the beginning of the reply: a code, perhaps an enhanced code, perhaps text.
    ///
    /// # Panics
    /// When the reply is another.
    #[track_caller]
    pub fn expect(&self, wanted: &str) -> &Self {
        assert!(self.is(wanted), "{} → {self}, expected {wanted}", self.to);
        self
    }

    /// Does the reply begin so? A wish for 5.7.1 is not met by 5.7.10.
    pub fn is(&self, wanted: &str) -> bool {
        let text = self.to_string();
        let Some(rest) = text.strip_prefix(wanted) else { return false };
        let whole = |c: char| !c.is_ascii_digit() && c != '.';
        !wanted.ends_with(|c: char| c.is_ascii_digit()) || rest.chars().next().is_none_or(whole)
    }

    pub fn is_positive(&self) -> bool {
        (200..400).contains(&self.code)
    }

    /// Worth another try later.
    pub fn is_transient(&self) -> bool {
        (400..500).contains(&self.code)
    }

    /// The enhanced code of the first line.
    pub fn enhanced(&self) -> Option<&str> {
        let first = self.lines.first()?.split(' ').next()?;
        let digits = |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_digit());
        (first.split('.').count() == 3 && first.split('.').all(digits)).then_some(first)
    }

    /// Does an EHLO reply list this keyword?
    pub fn lists(&self, keyword: &str) -> bool {
        self.parameter(keyword).is_some()
    }

    /// What stands behind a keyword in an EHLO reply.
    pub fn parameter(&self, keyword: &str) -> Option<&str> {
        self.lines.iter().skip(1).find_map(|line| {
            let (word, rest) = line.split_once(' ').unwrap_or((line, ""));
            word.eq_ignore_ascii_case(keyword).then_some(rest)
        })
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.code, self.lines.first().map_or("", String::as_str))
    }
}

/// One line of a reply: its code, whether it is the last, its text. RFC 5321 §4.2.
pub(super) fn parse_line(line: &[u8]) -> Result<(u16, bool, String), &'static str> {
    // §4.5.3.1.5: 512 octets with CRLF.
    if line.len() > 510 {
        return Err("a reply line of more than 512 octets");
    }
    let (code, rest) = line.split_at_checked(3).ok_or("a reply line without a code")?;
    let code = match code {
        [a @ b'2'..=b'5', b @ b'0'..=b'9', c @ b'0'..=b'9'] => {
            u16::from(a - b'0') * 100 + u16::from(b - b'0') * 10 + u16::from(c - b'0')
        }
        _ => return Err("a reply code that is none"),
    };
    let (last, text) = match rest {
        [] => (true, rest),
        [b' ', text @ ..] => (true, text),
        [b'-', text @ ..] => (false, text),
        _ => return Err("neither space nor hyphen behind the reply code"),
    };
    if text.iter().any(|b| b.is_ascii_control() && *b != b'\t') {
        return Err("a control character in a reply");
    }
    Ok((code, last, String::from_utf8_lossy(text).into_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn reply(line: &str) -> Reply {
        let (code, _, text) = parse_line(line.as_bytes()).expect(line);
        Reply { code, lines: vec![text], to: "TEST".to_owned() }
    }

    #[test]
    fn a_wish_is_met_by_whole_codes_only() {
        let reply = reply("550 5.7.10 no");
        assert!(reply.is("550") && reply.is("550 5.7.10") && reply.is("550 5.7.10 n"));
        assert!(!reply.is("550 5.7.1") && !reply.is("550 5.7") && !reply.is("55"));
        assert_eq!(reply.enhanced(), Some("5.7.10"));
    }

    #[test]
    fn malformed_reply_lines_are_told_apart_from_good_ones() {
        for bad in [&b""[..], b"25", b"250_x", b"2x0 x", b"150 x", b"650 x", b"250 a\rb", b"250 a\0b"] {
            assert!(parse_line(bad).is_err(), "{}", bad.escape_ascii());
        }
        assert!(parse_line(&[&b"250 "[..], &[b'x'; 507]].concat()).is_err());
        assert_eq!(parse_line(b"250"), Ok((250, true, String::new())));
        assert_eq!(parse_line(b"250-SIZE 5"), Ok((250, false, "SIZE 5".to_owned())));
    }
}
