//! A file of exposed hashes on this machine: the published list as it is, or the filter made from it. Both are read at
//! places, never whole: the list is larger than most machines' memory.

use std::{
    fs::File,
    io,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use super::filter::{self, Filter};

/// Octets of a line, its end included: 40 digits, a colon, a count.
const LONGEST_LINE: usize = 80;
/// Places at which a list is looked at when it is opened.
const SAMPLES: u64 = 1_000;

/// Why a file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum ListError {
    #[error("{}: cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: at octet {at} there is no line `HASH:COUNT`, with 40 hexadecimal digits of a SHA-1", path.display())]
    NotALine { path: PathBuf, at: u64 },
    #[error("{}: the line at octet {at} is smaller than one before it: the list must be sorted by hash", path.display())]
    NotSorted { path: PathBuf, at: u64 },
    #[error("{}: {source}", path.display())]
    Filter { path: PathBuf, source: filter::DamageError },
}

#[derive(Debug, Clone)]
pub(super) struct List {
    file: Arc<File>,
    kind: Kind,
}

#[derive(Debug, Clone, Copy)]
enum Kind {
    Lines { octets: u64 },
    Filter(Filter),
}

/// A line as it stands in the file.
struct Line {
    sha1: [u8; 20],
    at: u64,
    /// Where the next one begins.
    end: u64,
}

impl List {
    /// Opens it and looks whether it is what it should be.
    pub(super) fn open(path: &Path) -> Result<Self, ListError> {
        let unreadable = |source| ListError::Read { path: path.to_owned(), source };
        let file = File::open(path).map_err(unreadable)?;
        let octets = file.metadata().map_err(unreadable)?.len();
        if filter::is_one(&file).map_err(unreadable)? {
            let damaged = |source| ListError::Filter { path: path.to_owned(), source };
            let kind = Kind::Filter(Filter::open(&file, octets).map_err(damaged)?);
            return Ok(Self { file: Arc::new(file), kind });
        }
        check_lines(&file, octets, path)?;
        Ok(Self { file: Arc::new(file), kind: Kind::Lines { octets } })
    }

    pub(super) async fn knows(&self, sha1: &[u8; 20]) -> io::Result<bool> {
        let (list, sha1) = (self.clone(), *sha1);
        let read = tokio::task::spawn_blocking(move || match list.kind {
            Kind::Lines { octets } => lines_know(&list.file, octets, &sha1),
            Kind::Filter(filter) => filter.knows(&list.file, &sha1),
        });
        read.await.map_err(io::Error::other)?
    }
}

fn check_lines(file: &File, octets: u64, path: &Path) -> Result<(), ListError> {
    let mut last: Option<[u8; 20]> = None;
    let step = (octets / SAMPLES).max(1);
    let mut from = 0;
    loop {
        let line = line_from(file, from, octets).map_err(|error| match error {
            LineError::Read(source) => ListError::Read { path: path.to_owned(), source },
            LineError::NotALine { at } => ListError::NotALine { path: path.to_owned(), at },
        })?;
        let Some(line) = line else { break };
        if last.is_some_and(|last| last > line.sha1) {
            return Err(ListError::NotSorted { path: path.to_owned(), at: line.at });
        }
        last = Some(line.sha1);
        from = (from + step).max(line.end);
    }
    if last.is_none() { Err(ListError::NotALine { path: path.to_owned(), at: 0 }) } else { Ok(()) }
}

/// The line that holds the hash lies in `low..high` if anywhere: lines are of different lengths, so places are halved
/// and the line sought that begins behind.
fn lines_know(file: &File, octets: u64, sha1: &[u8; 20]) -> io::Result<bool> {
    let (mut low, mut high) = (0, octets);
    while low < high {
        let middle = low.midpoint(high);
        let line = line_from(file, middle, octets).map_err(|error| match error {
            LineError::Read(source) => source,
            LineError::NotALine { at } => io::Error::other(format!("no line at octet {at}")),
        })?;
        match line.filter(|line| line.at < high) {
            None => high = middle,
            Some(line) => match line.sha1.cmp(sha1) {
                std::cmp::Ordering::Equal => return Ok(true),
                std::cmp::Ordering::Less => low = line.end,
                std::cmp::Ordering::Greater => high = middle,
            },
        }
    }
    Ok(false)
}

enum LineError {
    Read(io::Error),
    NotALine { at: u64 },
}

/// The first line that begins at `from` or behind it; none where the file ends before.
fn line_from(file: &File, from: u64, octets: u64) -> Result<Option<Line>, LineError> {
    // A line begins where the octet before is the end of one.
    let look = from.saturating_sub(1);
    let text = read(file, look, octets).map_err(LineError::Read)?;
    let at = if from == 0 {
        0
    } else {
        match text.iter().position(|byte| *byte == b'\n') {
            Some(end) => look + end as u64 + 1,
            None if look + text.len() as u64 >= octets => return Ok(None),
            None => return Err(LineError::NotALine { at: from }),
        }
    };
    if at >= octets {
        return Ok(None);
    }
    let text = read(file, at, octets).map_err(LineError::Read)?;
    let end = text.iter().position(|byte| *byte == b'\n');
    let whole = end.is_some() || at + text.len() as u64 >= octets;
    let line = text.get(..end.unwrap_or(text.len())).unwrap_or_default();
    let sha1 = parse(line).filter(|_| whole).ok_or(LineError::NotALine { at })?;
    Ok(Some(Line { sha1, at, end: at + end.map_or(text.len(), |end| end + 1) as u64 }))
}

fn read(file: &File, at: u64, octets: u64) -> io::Result<Vec<u8>> {
    let length = octets.saturating_sub(at).min(LONGEST_LINE as u64);
    let mut text = vec![0; usize::try_from(length).unwrap_or(LONGEST_LINE)];
    file.read_exact_at(&mut text, at)?;
    Ok(text)
}

/// `HASH` or `HASH:COUNT`, of either case; CR at the end is taken.
pub(super) fn parse(line: &[u8]) -> Option<[u8; 20]> {
    let line = line.strip_suffix(b"\r").unwrap_or(line);
    let (digits, rest) = line.split_at_checked(40)?;
    let counted = rest.is_empty()
        || rest.strip_prefix(b":").is_some_and(|count| !count.is_empty() && count.iter().all(u8::is_ascii_digit));
    if !counted {
        return None;
    }
    let mut sha1 = [0; 20];
    let (pairs, _) = digits.as_chunks::<2>();
    for (byte, [high, low]) in sha1.iter_mut().zip(pairs) {
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
        *byte = digit(*high)? << 4 | digit(*low)?;
    }
    Some(sha1)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    fn file(text: &str) -> tempfile::NamedTempFile {
        let mut file = tempfile::NamedTempFile::new().unwrap();
        file.write_all(text.as_bytes()).unwrap();
        file
    }

    fn sha1(number: u32) -> [u8; 20] {
        let mut sha1 = [7; 20];
        sha1[..4].copy_from_slice(&number.to_be_bytes());
        sha1
    }

    fn listing(numbers: &[u32], end: &str) -> String {
        numbers.iter().enumerate().fold(String::new(), |text, (i, number)| {
            // Counts of different lengths, so that lines are.
            format!(
                "{text}{}:{}{end}",
                crate::hex::digits(&sha1(*number)).to_ascii_uppercase(),
                10_u64.pow(u32::try_from(i % 9).unwrap())
            )
        })
    }

    #[tokio::test]
    async fn every_hash_of_the_list_is_found_and_no_other() {
        for (count, end) in [(1, "\n"), (2, "\r\n"), (257, "\r\n"), (1_000, "\n")] {
            let numbers: Vec<u32> = (0..count).map(|number| number * 3 + 1).collect();
            for text in [listing(&numbers, end), listing(&numbers, end).trim_end().to_owned()] {
                let file = file(&text);
                let list = List::open(file.path()).unwrap();
                for number in 0..count * 3 + 3 {
                    assert_eq!(
                        list.knows(&sha1(number)).await.unwrap(),
                        number % 3 == 1 && number < count * 3,
                        "{number}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_file_that_is_no_sorted_list_is_named_with_the_place() {
        let open = |text: &str| List::open(file(text).path()).unwrap_err();
        assert!(matches!(open(""), ListError::NotALine { at: 0, .. }));
        assert!(matches!(open("password1\npassword2\n"), ListError::NotALine { at: 0, .. }));
        let good = listing(&[1, 2, 3], "\n");
        assert!(matches!(open(&format!("{good}{}\n", "x".repeat(500))), ListError::NotALine { .. }));
        assert!(matches!(open(&listing(&[1, 3, 2], "\n")), ListError::NotSorted { .. }));
        assert!(matches!(open(&good.replace(':', ";")), ListError::NotALine { at: 0, .. }));
        assert!(matches!(List::open(Path::new("/nowhere/list")), Err(ListError::Read { .. })));
    }
}
