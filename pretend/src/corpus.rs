//! Messages for relay tests: what they are must come out as it went in, octet for octet. The files stand in
//! `tests/corpus/`; what would be large is made here.

use std::borrow::Cow;

/// A message of the corpus.
#[derive(Debug, Clone)]
pub struct Sample {
    pub name: &'static str,
    bytes: Cow<'static, [u8]>,
}

impl Sample {
    /// As the file has it.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// As it arrives: DATA cannot carry a message without a final CRLF.
    pub fn relayed(&self) -> Cow<'_, [u8]> {
        if self.bytes.ends_with(b"\r\n") {
            Cow::Borrowed(&self.bytes)
        } else {
            Cow::Owned([&self.bytes[..], b"\r\n"].concat())
        }
    }

    /// Does it need BODY=8BITMIME?
    pub fn is_eight_bit(&self) -> bool {
        !self.bytes.is_ascii()
    }

    /// Does it need SMTPUTF8 (RFC 6532: octets above 127 in the header)?
    pub fn is_smtputf8(&self) -> bool {
        let end = memchr::memmem::find(&self.bytes, b"\r\n\r\n").unwrap_or(self.bytes.len());
        !self.bytes[..end].is_ascii()
    }

    /// The MAIL parameters it needs, each with a space before it.
    pub fn mail_params(&self) -> &'static str {
        match (self.is_eight_bit(), self.is_smtputf8()) {
            (false, _) => "",
            (true, false) => " BODY=8BITMIME",
            (true, true) => " BODY=8BITMIME SMTPUTF8",
        }
    }
}

macro_rules! files {
    ($($name:literal),* $(,)?) => {
        [$(($name, include_bytes!(concat!("../../tests/corpus/", $name, ".eml")).as_slice())),*]
    };
}

/// All files of the corpus.
pub fn files() -> Vec<Sample> {
    files!(
        "plain",
        "multipart-attachment",
        "eight-bit-latin1",
        "eight-bit-utf8",
        "smtputf8-headers",
        "dkim-signed",
        "broken-boundary",
        "broken-base64",
        "broken-charset",
        "dots",
        "long-line",
        "empty-body",
        "header-only",
        "no-final-newline",
        "trailing-blank-lines",
        "odd-header",
    )
    .map(|(name, bytes)| Sample { name, bytes: Cow::Borrowed(bytes) })
    .into()
}

/// The file of this name.
///
/// # Panics
/// When there is none.
pub fn file(name: &str) -> Sample {
    let found = files().into_iter().find(|sample| sample.name == name);
    found.unwrap_or_else(|| panic!("no {name} in the corpus"))
}

/// The key that `dkim-signed` is signed with, as its TXT record says it: name and value.
pub fn dkim_key() -> (&'static str, &'static str) {
    let line = include_str!("../../tests/corpus/dkim-signed.key.txt").trim();
    let (name, value) = line.split_once(" TXT ").expect("the file has one record");
    (name, value.trim_matches('"'))
}

/// A message with an attachment of this many octets in all, give or take a line; the same octets each time.
pub fn sized(name: &'static str, size_bytes: usize) -> Sample {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut bytes = Vec::with_capacity(size_bytes + 128);
    bytes.extend_from_slice(
        b"Date: Mon, 23 Nov 2026 10:00:00 +0100\r\nFrom: Carla Weber <carla@sender.example>\r\n\
          To: Anna Keller <anna@acme.example>\r\nMessage-ID: <sized@sender.example>\r\n\
          Subject: The film\r\nMIME-Version: 1.0\r\nContent-Type: video/mp4; name=film.mp4\r\n\
          Content-Transfer-Encoding: base64\r\n\r\n",
    );
    // A xorshift: looks like base64 of something, and does not compress to nothing.
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    while bytes.len() + 78 <= size_bytes {
        for _ in 0..76 {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            bytes.push(ALPHABET[usize::try_from(state >> 58).unwrap_or(0)]);
        }
        bytes.extend_from_slice(b"\r\n");
    }
    Sample { name, bytes: Cow::Owned(bytes) }
}

/// 10 MiB.
pub fn ten_mebibytes() -> Sample {
    sized("ten-mebibytes", 10 * 1024 * 1024)
}

/// One line of this many octets, after an ordinary header.
pub fn line_of(name: &'static str, octets: usize) -> Sample {
    let mut bytes = b"From: Carla Weber <carla@sender.example>\r\nSubject: One line\r\n\r\n".to_vec();
    bytes.resize(bytes.len() + octets, b'l');
    bytes.extend_from_slice(b"\r\n");
    Sample { name, bytes: Cow::Owned(bytes) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_file_has_crlf_and_no_other_line_end() {
        for sample in files() {
            let text = sample.bytes();
            assert!(!text.is_empty(), "{}", sample.name);
            for (at, octet) in text.iter().enumerate() {
                match octet {
                    b'\n' => assert_eq!(text.get(at.wrapping_sub(1)), Some(&b'\r'), "{} at {at}", sample.name),
                    b'\r' => assert_eq!(text.get(at + 1), Some(&b'\n'), "{} at {at}", sample.name),
                    0 => panic!("NUL in {}", sample.name),
                    _ => {}
                }
            }
        }
    }

    #[test]
    fn what_a_sample_needs_follows_from_its_octets() {
        assert_eq!(file("plain").mail_params(), "");
        assert_eq!(file("eight-bit-latin1").mail_params(), " BODY=8BITMIME");
        assert_eq!(file("smtputf8-headers").mail_params(), " BODY=8BITMIME SMTPUTF8");
        assert!(file("no-final-newline").relayed().ends_with(b"no end\r\n"));
        assert_eq!(file("plain").relayed(), file("plain").bytes());
    }

    #[test]
    fn the_large_ones_have_the_size_they_say() {
        let size = 10 * 1024 * 1024;
        let sample = ten_mebibytes();
        assert!(sample.bytes().len() <= size && sample.bytes().len() + 78 > size);
        assert!(line_of("x", 65_535).bytes().split(|octet| *octet == b'\n').any(|line| line.len() == 65_536));
    }

    #[test]
    fn the_key_record_is_read_whole() {
        let (name, value) = dkim_key();
        assert_eq!(name, "s2026._domainkey.sender.example");
        assert!(value.starts_with("v=DKIM1; k=rsa; p=MII") && value.ends_with("AQAB"));
    }
}
