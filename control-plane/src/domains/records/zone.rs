//! Lines for a zone file (RFC 1035 §5). What strangers' zones said stands only in comments, and cannot leave them.

use std::fmt::Write;

use super::judge::{Row, Rows, Status};

/// Short, so that a slip is soon mended. Seconds.
const TTL: u32 = 3_600;
/// RFC 1035 §3.3: octets of one character-string.
const LONGEST_STRING: usize = 255;

pub(crate) fn write(rows: &Rows) -> String {
    let mut text = String::new();
    for (title, row) in [("ownership", &rows.ownership), ("MX", &rows.mx), ("SPF", &rows.spf)] {
        let status = match row.status {
            Status::Ok => "ok",
            Status::Missing => "missing",
            Status::Different => "different",
            Status::Unknown => "unknown",
            Status::NotConfigured => "not configured",
        };
        comment(&mut text, &format!("{title}: {status}"));
        if let Some(message) = &row.message {
            comment(&mut text, message);
        }
        if row.status == Status::Different {
            for found in &row.found {
                comment(&mut text, &format!("found: {}", line(row, found)));
            }
        }
        for expected in &row.expected {
            let line = line(row, expected);
            match row.status {
                Status::Missing | Status::Different => {
                    let _ = writeln!(text, "{line}");
                }
                Status::Ok | Status::Unknown | Status::NotConfigured => comment(&mut text, &line),
            }
        }
    }
    text
}

fn comment(text: &mut String, words: &str) {
    let plain: String = words.chars().map(|c| if c.is_ascii_graphic() || c == ' ' { c } else { '?' }).collect();
    let _ = writeln!(text, "; {plain}");
}

fn line(row: &Row, value: &str) -> String {
    let value = if row.record_type == "TXT" { quoted(value.as_bytes()) } else { value.to_owned() };
    format!("{}. {TTL} IN {} {value}", row.name, row.record_type)
}

/// RFC 1035 §5.1: in quotes, `"` and `\` behind a backslash, what is not printable as `\DDD`; in strings of 255 octets.
fn quoted(value: &[u8]) -> String {
    let strings = value.chunks(LONGEST_STRING).map(|part| {
        let mut string = String::from("\"");
        for &byte in part {
            match byte {
                b'"' | b'\\' => string.extend(['\\', char::from(byte)]),
                b' '..=b'~' => string.push(char::from(byte)),
                _ => {
                    let _ = write!(string, "\\{byte:03}");
                }
            }
        }
        string + "\""
    });
    if value.is_empty() { "\"\"".to_owned() } else { strings.collect::<Vec<_>>().join(" ") }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_text_stays_within_its_quotes() {
        assert_eq!(quoted(b"a\"b\\c;\n\xff"), "\"a\\\"b\\\\c;\\010\\255\"");
        assert_eq!(quoted(&[b'x'; 256]), format!("\"{}\" \"x\"", "x".repeat(255)));
        let mut text = String::new();
        comment(&mut text, "one\ntwo. IN A 1.2.3.4");
        assert_eq!(text, "; one?two. IN A 1.2.3.4\n");
    }
}
