//! An SMTP reply (RFC 5321 §4.2) with its enhanced status code (RFC 3463, RFC 2034).

use std::{borrow::Cow, fmt};

/// `5.7.1`: class, subject, detail (RFC 3463 §2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct EnhancedCode {
    class: u8,
    subject: u16,
    detail: u16,
}

impl EnhancedCode {
    /// A class other than 2, 4 and 5 counts as 5; subjects and details have at most three digits.
    pub const fn new(class: u8, subject: u16, detail: u16) -> Self {
        let class = match class {
            2 | 4 => class,
            _ => 5,
        };
        Self { class, subject: at_most_999(subject), detail: at_most_999(detail) }
    }

    pub const fn class(self) -> u8 {
        self.class
    }

    pub const fn subject(self) -> u16 {
        self.subject
    }

    pub const fn detail(self) -> u16 {
        self.detail
    }

    /// The same subject and detail in another class.
    #[must_use]
    pub const fn with_class(self, class: u8) -> Self {
        Self::new(class, self.subject, self.detail)
    }

    /// Reads `5.7.1` at the start of a reply's text; gives what follows it.
    pub fn split_from(text: &str) -> Option<(Self, &str)> {
        let (code, rest) = text.split_once(' ').unwrap_or((text, ""));
        let mut parts = code.split('.');
        let mut number = |digits: usize| {
            let part = parts.next()?;
            let fits = (1..=digits).contains(&part.len()) && part.bytes().all(|b| b.is_ascii_digit());
            if fits { part.parse::<u16>().ok() } else { None }
        };
        let class = u8::try_from(number(1)?).ok().filter(|class| matches!(class, 2 | 4 | 5))?;
        let (subject, detail) = (number(3)?, number(3)?);
        parts.next().is_none().then_some((Self { class, subject, detail }, rest))
    }
}

const fn at_most_999(number: u16) -> u16 {
    if number > 999 { 999 } else { number }
}

impl fmt::Display for EnhancedCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}.{}", self.class, self.subject, self.detail)
    }
}

/// What a server says. Texts are printable ASCII of one line each; nothing put into one can make another line.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    code: u16,
    enhanced: Option<EnhancedCode>,
    lines: Vec<Cow<'static, str>>,
}

/// Octets of text in one line: with code, enhanced code and CRLF it stays within 512 (RFC 5321 §4.5.3.1.5).
const MAX_TEXT: usize = 480;

impl Reply {
    /// A reply of one line. A code beyond 200..=599 counts as 554: better a refusal than a line no peer can read.
    pub fn new(code: u16, enhanced: EnhancedCode, text: &str) -> Self {
        Self { code: sound(code), enhanced: Some(enhanced), lines: vec![Cow::Owned(printable(text))] }
    }

    /// Without an enhanced code: the greeting, EHLO, 354 (RFC 2034 §4).
    pub fn plain(code: u16, text: &str) -> Self {
        Self { code: sound(code), enhanced: None, lines: vec![Cow::Owned(printable(text))] }
    }

    /// A constant one, without a copy of its text.
    pub fn fixed(code: u16, enhanced: Option<EnhancedCode>, text: &'static str) -> Self {
        Self { code: sound(code), enhanced, lines: vec![Cow::Borrowed(text)] }
    }

    /// Several lines, as EHLO has.
    pub fn lines(code: u16, texts: impl IntoIterator<Item = String>) -> Self {
        let mut lines: Vec<_> = texts.into_iter().map(|text| Cow::Owned(printable(&text))).collect();
        if lines.is_empty() {
            lines.push(Cow::Borrowed(""));
        }
        Self { code: sound(code), enhanced: None, lines }
    }

    pub const fn code(&self) -> u16 {
        self.code
    }

    pub const fn enhanced(&self) -> Option<EnhancedCode> {
        self.enhanced
    }

    /// 2, 3, 4 or 5.
    pub const fn class(&self) -> u16 {
        self.code / 100
    }

    pub const fn is_positive(&self) -> bool {
        self.class() == 2
    }

    /// The text of the last line.
    pub fn text(&self) -> &str {
        self.lines.last().map_or("", |line| line)
    }

    /// Appends the reply as it goes on the wire.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        use std::io::Write;
        let last = self.lines.len().saturating_sub(1);
        for (i, line) in self.lines.iter().enumerate() {
            let mark = if i == last { ' ' } else { '-' };
            // Writing to a Vec does not fail.
            let _ = match self.enhanced {
                Some(enhanced) => write!(out, "{}{mark}{enhanced} {line}\r\n", self.code),
                None => write!(out, "{}{mark}{line}\r\n", self.code),
            };
        }
    }
}

impl fmt::Display for Reply {
    /// One line for people and for the trace: `550 5.1.1 no such recipient here`.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.code)?;
        if let Some(enhanced) = self.enhanced {
            write!(f, " {enhanced}")?;
        }
        self.lines.iter().try_for_each(|line| write!(f, " {line}"))
    }
}

const fn sound(code: u16) -> u16 {
    if code >= 200 && code < 600 { code } else { 554 }
}

/// Printable ASCII of bounded length; anything else becomes a question mark.
fn printable(text: &str) -> String {
    text.chars().take(MAX_TEXT).map(|c| if matches!(c, ' '..='~') { c } else { '?' }).collect()
}
