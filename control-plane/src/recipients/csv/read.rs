//! Reads a CSV file of recipients (RFC 4180, a record a line), and names each broken line with line and column.
//!
//! Columns: `address`, `alias_of`, `hop_sees`, in any order under a header line, in this order without one. `;` parts them
//! where the first line has no comma: that is what spreadsheets write in half of Europe.

use contract::mail::{Domain, LocalPart};

use super::super::{Alias, AliasHop, plan::Wanted, view};

/// Octets of a line.
const MAX_LINE: usize = 2_000;

/// What a file says.
#[derive(Debug, Default)]
pub(super) struct File {
    /// Records, broken ones among them.
    pub lines: usize,
    pub good: Vec<Good>,
    pub broken: Vec<Broken>,
    /// Recipients of broken lines, as far as they can be read.
    pub named: Vec<LocalPart>,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Good {
    /// From 1.
    pub line: usize,
    pub wanted: Wanted,
    /// Where the alias stands, for whatever is found to be wrong with it later.
    pub alias_column: usize,
}

/// A line that cannot be taken.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Broken {
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
    pub code: &'static str,
    pub message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Name {
    Address,
    AliasOf,
    HopSees,
}

/// A header that makes no sense: nothing can be read under it.
pub(super) fn read(bytes: &[u8], domain: &Domain) -> Result<File, Broken> {
    // A byte order mark is what some spreadsheets begin with.
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let mut lines = bytes
        .split(|&octet| octet == b'\n')
        .map(|line| line.strip_suffix(b"\r").unwrap_or(line))
        .enumerate()
        .map(|(at, line)| (at + 1, line))
        .filter(|(_, line)| !line.trim_ascii().is_empty())
        .peekable();
    let mut file = File::default();
    let Some((number, first)) = lines.peek().copied() else { return Ok(file) };
    let delimiter = if first.contains(&b';') && !first.contains(&b',') { ';' } else { ',' };
    let mut columns = vec![Name::Address, Name::AliasOf, Name::HopSees];
    if !first.contains(&b'@') {
        columns =
            header(&fields(first, delimiter).map_err(|fault| fault.at(number))?).map_err(|fault| fault.at(number))?;
        lines.next();
    }
    for (number, line) in lines {
        file.lines += 1;
        match record(line, delimiter, &columns, domain) {
            Ok((wanted, alias_column)) => file.good.push(Good { line: number, wanted, alias_column }),
            Err((fault, named)) => {
                file.broken.push(fault.at(number));
                file.named.extend(named);
            }
        }
    }
    Ok(file)
}

#[derive(Debug)]
struct Fault {
    column: usize,
    code: &'static str,
    message: String,
}

impl Fault {
    fn new(column: usize, code: &'static str, message: impl Into<String>) -> Self {
        Self { column, code, message: message.into() }
    }

    fn at(self, line: usize) -> Broken {
        Broken { line, column: self.column, code: self.code, message: self.message }
    }
}

fn header(fields: &[(usize, String)]) -> Result<Vec<Name>, Fault> {
    let mut columns = Vec::new();
    for (column, name) in fields {
        let name = match name.to_ascii_lowercase().as_str() {
            "address" => Name::Address,
            "alias_of" => Name::AliasOf,
            "hop_sees" => Name::HopSees,
            _ => {
                let message = "there is no such column: address, alias_of, hop_sees";
                return Err(Fault::new(*column, "unknown_column", message));
            }
        };
        if columns.contains(&name) {
            return Err(Fault::new(*column, "duplicate_column", "the column is there twice"));
        }
        columns.push(name);
    }
    if columns.contains(&Name::Address) {
        Ok(columns)
    } else {
        Err(Fault::new(1, "no_address_column", "a header line needs a column `address`"))
    }
}

/// The recipient and where its alias stands; or what is wrong, and the recipient where that can be read.
fn record(
    line: &[u8],
    delimiter: char,
    columns: &[Name],
    domain: &Domain,
) -> Result<(Wanted, usize), (Fault, Option<LocalPart>)> {
    let fields = fields(line, delimiter).map_err(|fault| (fault, None))?;
    let end = fields.last().map_or(1, |(column, _)| *column);
    let field = |name: Name| {
        let place = columns.iter().position(|column| *column == name)?;
        fields.get(place).map(|(column, text)| (*column, plain(text)))
    };
    let (column, address) = field(Name::Address).unwrap_or((end, ""));
    let local_part = local_part(column, address, domain).map_err(|fault| (fault, None))?;
    let broken = |fault| Err((fault, Some(local_part.clone())));
    if let Some((column, _)) = fields.get(columns.len()) {
        return broken(Fault::new(*column, "too_many_fields", format!("expected at most {} fields", columns.len())));
    }
    let given = |name| field(name).filter(|(_, text)| !text.is_empty());
    let hop_sees = match given(Name::HopSees) {
        None => None,
        Some((column, text)) => match AliasHop::parse(&text.to_ascii_lowercase()) {
            Some(hop_sees) => Some((column, hop_sees)),
            None => return broken(Fault::new(column, "invalid", "expected as_written or mailbox")),
        },
    };
    let alias = match (given(Name::AliasOf), hop_sees) {
        (None, None) => None,
        (None, Some((column, _))) => return broken(Fault::new(column, "not_now", "only where there is an alias_of")),
        (Some((column, address)), hop_sees) => match self::local_part(column, address, domain) {
            Ok(of) => {
                let hop_sees = hop_sees.map_or(AliasHop::AsWritten, |(_, hop_sees)| hop_sees);
                Some((column, Alias { of, hop_sees }))
            }
            Err(fault) => return broken(fault),
        },
    };
    let (alias_column, alias) = alias.map_or((1, None), |(column, alias)| (column, Some(alias)));
    Ok((Wanted { local_part, alias }, alias_column))
}

fn local_part(column: usize, address: &str, domain: &Domain) -> Result<LocalPart, Fault> {
    view::parse(address, domain, "").map_err(|error| {
        let code = if error.code == "other_domain" { "other_domain" } else { "invalid" };
        Fault::new(column, code, error.message)
    })
}

/// Without what keeps spreadsheets from taking a text for a formula; `write` puts it there.
fn plain(text: &str) -> &str {
    match text.strip_prefix('\'') {
        Some(rest) if super::is_formula(rest.trim_start_matches('\'')) => rest,
        _ => text,
    }
}

/// The fields of a line, each with the column it begins at. Spaces around them are none of theirs.
fn fields(line: &[u8], delimiter: char) -> Result<Vec<(usize, String)>, Fault> {
    if line.len() > MAX_LINE {
        return Err(Fault::new(MAX_LINE + 1, "line_too_long", format!("a line has at most {MAX_LINE} octets")));
    }
    let line = std::str::from_utf8(line).map_err(|error| {
        let good = line.get(..error.valid_up_to()).and_then(|good| std::str::from_utf8(good).ok()).unwrap_or_default();
        Fault::new(good.chars().count() + 1, "not_utf8", "the file must be UTF-8")
    })?;
    let mut fields = Vec::new();
    let mut characters = line.chars().zip(1..).peekable();
    loop {
        while characters.next_if(|(c, _)| *c == ' ' || *c == '\t').is_some() {}
        let column = characters.peek().map_or(line.chars().count() + 1, |(_, column)| *column);
        let mut text = String::new();
        let quoted = characters.next_if(|(c, _)| *c == '"').is_some();
        if quoted {
            loop {
                match characters.next() {
                    Some(('"', _)) if characters.next_if(|(c, _)| *c == '"').is_some() => text.push('"'),
                    Some(('"', _)) => break,
                    Some((c, _)) => text.push(c),
                    None => return Err(Fault::new(column, "open_quote", "the quote is not closed on this line")),
                }
            }
            while characters.next_if(|(c, _)| *c == ' ' || *c == '\t').is_some() {}
            if let Some((_, column)) = characters.peek().filter(|(c, _)| *c != delimiter) {
                return Err(Fault::new(*column, "behind_quote", "something stands behind the closing quote"));
            }
        } else {
            while let Some((c, _)) = characters.next_if(|(c, _)| *c != delimiter) {
                text.push(c);
            }
        }
        fields.push((column, text.trim().to_owned()));
        if characters.next().is_none() {
            return Ok(fields);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn acme() -> Domain {
        "acme.example".parse().unwrap()
    }

    #[test]
    fn each_broken_line_is_named_with_its_line_and_column() {
        let table: [(&[u8], usize, usize, &str); 12] = [
            (b"anna", 2, 1, "invalid"),
            (b"anna@other.example", 2, 1, "other_domain"),
            (b"anna@acme.example, bert", 2, 20, "invalid"),
            (b"anna@acme.example,bert@acme.example,sometimes", 2, 37, "invalid"),
            (b"anna@acme.example,,mailbox", 2, 20, "not_now"),
            (b"anna@acme.example,,,x", 2, 21, "too_many_fields"),
            (b"\"anna@acme.example", 2, 1, "open_quote"),
            (b"\"anna@acme.example\"x", 2, 20, "behind_quote"),
            (b" ,bert@acme.example", 2, 2, "invalid"),
            (b"b\xc3\xbccher@acme.example,\xff", 2, 21, "not_utf8"),
            (b"anna\0@acme.example", 2, 1, "invalid"),
            (&[b'a'; 3_000], 2, 2_001, "line_too_long"),
        ];
        for (line, number, column, code) in table {
            let whole = [b"address,alias_of,hop_sees\r\n", line, b"\r\nok@acme.example\n"].concat();
            let file = read(&whole, &acme()).unwrap();
            let found: Vec<_> = file.broken.iter().map(|broken| (broken.line, broken.column, broken.code)).collect();
            assert_eq!(found, [(number, column, code)], "{}", String::from_utf8_lossy(line));
            assert_eq!((file.lines, file.good.len(), file.good[0].line), (2, 1, 3));
        }
    }

    #[test]
    fn a_header_may_be_there_or_not_and_must_make_sense() {
        let one = |text: &str| read(text.as_bytes(), &acme());
        for text in [
            "a@acme.example",
            "\u{feff}Address\na@acme.example",
            "alias_of;address\r\n;a@acme.example\r\n\r\n",
            "\n\naddress,alias_of\n\"a@acme.example\",\n",
        ] {
            let file = one(text).unwrap();
            assert_eq!(file.good.len(), 1, "{text:?}: {:?}", file.broken);
            assert_eq!(file.good[0].wanted.local_part.as_str(), "a");
        }
        for (text, column, code) in [
            ("address,alias", 9, "unknown_column"),
            ("alias_of\n", 1, "no_address_column"),
            ("address,Address", 9, "duplicate_column"),
            ("\"address", 1, "open_quote"),
        ] {
            let broken = one(text).unwrap_err();
            assert_eq!((broken.line, broken.column, broken.code), (1, column, code), "{text}");
        }
        assert_eq!(one("").unwrap().lines + one("address\n").unwrap().lines, 0);
    }

    proptest::proptest! {
        #[test]
        fn any_octets_are_read_or_named_broken(bytes in proptest::collection::vec(proptest::prelude::any::<u8>(), 0..300)) {
            if let Ok(file) = read(&bytes, &acme()) {
                proptest::prop_assert_eq!(file.lines, file.good.len() + file.broken.len());
            }
        }
    }

    #[test]
    fn a_broken_line_names_its_recipient_where_it_can() {
        let file = read(b"anna@acme.example,nonsense\nnonsense\n", &acme()).unwrap();
        assert_eq!((file.broken.len(), file.named.len(), file.named[0].as_str()), (2, 1, "anna"));
    }
}
