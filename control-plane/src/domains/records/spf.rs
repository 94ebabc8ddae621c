//! Does a domain's SPF record include ours (RFC 7208)? Only the record itself is read: no include of another is followed.

use super::judge::{Row, Status};

const VERSION: &str = "v=spf1";
/// RFC 7208 §4.6.4: terms that cost a look-up.
const MOST_LOOKUPS: usize = 10;

/// RFC 7208 §4.5: the version, then a space or the end.
pub(super) fn is_spf(text: &[u8]) -> bool {
    text.get(..VERSION.len()).is_some_and(|head| head.eq_ignore_ascii_case(VERSION.as_bytes()))
        && matches!(text.get(VERSION.len()), None | Some(b' '))
}

pub(super) fn judge(row: Row, records: &[Vec<u8>], include: &str) -> Row {
    let ours = format!("include:{include}");
    match records {
        [] => Row { expected: vec![format!("{VERSION} {ours} ~all")], ..row.says(Status::Missing, None) },
        [record] => {
            let text = String::from_utf8_lossy(record);
            let (status, message) = of_one(&text, include);
            Row { expected: vec![with_ours(&text, &ours, include, status)], ..row.says(status, message) }
        }
        [first, ..] => {
            let text = String::from_utf8_lossy(first);
            let message = "several SPF records: each receiver takes that for an error (RFC 7208 4.5); make one of them";
            let expected = vec![with_ours(&text, &ours, include, Status::Different)];
            Row { expected, ..row.says(Status::Different, Some(message.to_owned())) }
        }
    }
}

fn of_one(text: &str, include: &str) -> (Status, Option<String>) {
    let different = |why: &str| (Status::Different, Some(why.to_owned()));
    let mut lookups = 0;
    let mut found = None;
    let mut ended = false;
    for term in terms(text) {
        let (qualifier, rest) = split(term);
        let lower = rest.to_ascii_lowercase();
        let name = lower.split([':', '/', '=']).next().unwrap_or_default();
        lookups += usize::from(matches!(name, "include" | "a" | "mx" | "ptr" | "exists" | "redirect"));
        if is_ours(rest, include) && found.is_none() {
            found = Some((qualifier, ended));
        }
        ended |= lower == "all";
    }
    if lookups > MOST_LOOKUPS {
        return different("more than ten terms that cost a look-up: an error for each receiver (RFC 7208 4.6.4)");
    }
    match found {
        None => different("the SPF record has no such include"),
        Some((_, true)) => different("the include stands behind `all`, where nobody reads it (RFC 7208 5.1)"),
        Some(('+', false)) => (Status::Ok, None),
        Some(_) => different("the include has a qualifier that does not let its senders pass (RFC 7208 4.6.2)"),
    }
}

/// The record as it could be: ours first, so that nothing stands before it.
fn with_ours(text: &str, ours: &str, include: &str, status: Status) -> String {
    if status == Status::Ok {
        return text.to_owned();
    }
    let others = terms(text).filter(|term| !is_ours(split(term).1, include));
    [VERSION, ours].into_iter().chain(others).collect::<Vec<_>>().join(" ")
}

fn terms(text: &str) -> impl Iterator<Item = &str> {
    text.split(' ').skip(1).filter(|term| !term.is_empty())
}

fn split(term: &str) -> (char, &str) {
    match term.chars().next() {
        Some(first @ ('+' | '-' | '~' | '?')) => (first, term.strip_prefix(first).unwrap_or_default()),
        _ => ('+', term),
    }
}

fn is_ours(term: &str, include: &str) -> bool {
    let Some((mechanism, name)) = term.split_once(':') else { return false };
    mechanism.eq_ignore_ascii_case("include") && name.strip_suffix('.').unwrap_or(name).eq_ignore_ascii_case(include)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_include_counts_only_where_receivers_read_it() {
        let table = [
            ("v=spf1 include:_spf.msp.example -all", Status::Ok),
            ("V=SPF1 mx +INCLUDE:_SPF.msp.example. ~all", Status::Ok),
            ("v=spf1", Status::Different),
            ("v=spf1 include:other.example -all", Status::Different),
            ("v=spf1 -all include:_spf.msp.example", Status::Different),
            ("v=spf1 -include:_spf.msp.example", Status::Different),
            ("v=spf1 include:_spf.msp.example a mx ptr a mx a mx a mx", Status::Ok),
            ("v=spf1 include:_spf.msp.example a mx ptr a mx a mx a mx a", Status::Different),
        ];
        let wrong: Vec<_> =
            table.iter().filter(|(text, status)| of_one(text, "_spf.msp.example").0 != *status).collect();
        assert!(wrong.is_empty(), "{wrong:?}");
        assert!(is_spf(b"v=spf1") && !is_spf(b"v=spf10 a") && !is_spf(b"v=spf"));
    }
}
