//! Writes recipients as CSV that `read` takes back, and that no spreadsheet takes for formulas.

use std::fmt::Write;

use contract::mail::Domain;

use super::{super::Recipient, is_formula};

pub(super) const HEADER: &str = "address,alias_of,hop_sees\r\n";

/// One line.
pub(super) fn line(recipient: &Recipient, domain: &Domain, into: &mut String) {
    let address = |local_part: &contract::mail::LocalPart| field(&format!("{local_part}@{domain}"));
    let (alias_of, hop_sees) = match &recipient.alias {
        Some(alias) => (address(&alias.of), alias.hop_sees.name()),
        None => (String::new(), ""),
    };
    let _ = write!(into, "{},{alias_of},{hop_sees}\r\n", address(&recipient.local_part));
}

fn field(text: &str) -> String {
    // What a spreadsheet would run is made a text by an apostrophe; what looks so made already gets one more.
    let guard = if is_formula(text.trim_start_matches('\'')) { "'" } else { "" };
    let text = format!("{guard}{text}");
    if text.contains([',', '"', ';', '\r', '\n']) { format!("\"{}\"", text.replace('"', "\"\"")) } else { text }
}

#[cfg(test)]
mod tests {
    use contract::{Id, Micros};
    use proptest::prelude::*;

    use super::{
        super::{
            super::{Alias, AliasHop},
            read::read,
        },
        *,
    };

    fn recipient(local: &str, alias: Option<&str>) -> Recipient {
        Recipient {
            id: Id::new(Micros::EPOCH, [0; 10]),
            local_part: local.parse().unwrap(),
            alias: alias.map(|of| Alias { of: of.parse().unwrap(), hop_sees: AliasHop::Mailbox }),
            created_at: Micros::EPOCH,
        }
    }

    #[test]
    fn no_field_begins_as_a_formula_does() {
        for local in ["=cmd", "+1", "-1", "'=x", "\"@x\"", "anna"] {
            let mut text = String::new();
            line(&recipient(local, Some("=of")), &"acme.example".parse().unwrap(), &mut text);
            for field in text.trim_end().split(',') {
                let field = field.strip_prefix('"').unwrap_or(field);
                // OWASP, "CSV Injection": what makes a spreadsheet take a cell for a formula.
                assert!(!field.starts_with(['=', '+', '-', '@', '\t', '\r']), "{text}");
            }
        }
    }

    proptest! {
        #[test]
        fn what_is_written_reads_back(local in "['=+a-z,;\"@ -]{1,20}", of in "[a-z=+'-]{1,9}") {
            // The wire form, whatever the characters are.
            let quoted = format!("\"{}\"", local.replace('\\', "").replace('"', "\\\""));
            prop_assume!(quoted.parse::<contract::mail::LocalPart>().is_ok());
            let domain: Domain = "acme.example".parse().unwrap();
            let written = recipient(&quoted, Some(&of));
            let mut text = HEADER.to_owned();
            line(&written, &domain, &mut text);
            let file = read(text.as_bytes(), &domain).unwrap();
            prop_assert!(file.broken.is_empty(), "{text}: {:?}", file.broken);
            prop_assert_eq!(&file.good[0].wanted.local_part, &written.local_part);
            prop_assert_eq!(&file.good[0].wanted.alias, &written.alias);
        }
    }
}
