//! A tenth of the published list's size, and two reads a look: of each hash its first 52 bits. By the first twenty, the five
//! hex digits of a range, an index says where its bucket is; of the other 32, each bucket has a sorted list.
//!
//! A hash that is not in the list is taken for one that is with a probability of the list's length / 2^52: at a billion
//! hashes one in 4.5 million.

use std::{
    fs::File,
    io::{self, BufRead, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
};

use super::list;

const MAGIC: &[u8; 16] = b"postern-breach-1";
const BUCKETS: u64 = 1 << 20;
/// Magic and the number of entries.
const HEADER: u64 = 24;
/// Behind the header: for each bucket, and for the end, how many entries are before it. `u64`, little-endian.
const INDEX: u64 = (BUCKETS + 1) * 8;
/// `u32`, big-endian, so that octets sort as numbers do.
const ENTRY: u64 = 4;
/// Longest line of a list that is read.
const LONGEST_LINE: u64 = 1_024;

/// Why a file that calls itself a filter is none.
#[derive(Debug, thiserror::Error)]
pub enum DamageError {
    #[error("cannot be read")]
    Read(#[from] io::Error),
    #[error("is not as long as it says: {found} octets where there should be {expected}; build it anew")]
    Length { found: u64, expected: u64 },
    #[error("its index is damaged; build it anew")]
    Index,
}

/// Why none can be made.
#[derive(Debug, thiserror::Error)]
pub enum BuildError {
    #[error("{}: cannot be read", path.display())]
    Read { path: PathBuf, source: io::Error },
    #[error("{}: line {line} is not `HASH:COUNT`, with 40 hexadecimal digits of a SHA-1", path.display())]
    NotALine { path: PathBuf, line: u64 },
    #[error("{}: line {line} is smaller than the one before: the list must be sorted by hash", path.display())]
    NotSorted { path: PathBuf, line: u64 },
    #[error("{}: is empty", path.display())]
    Empty { path: PathBuf },
    #[error("{}: cannot be written", path.display())]
    Write { path: PathBuf, source: io::Error },
}

/// What was made.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Built {
    /// Lines of the list.
    pub hashes: u64,
    pub octets: u64,
    /// Of so many passwords that are not in the list, one is taken for one that is.
    pub one_in: u64,
}

/// Makes a filter of a sorted list, in little memory. What stands at `to` is replaced whole, or left as it is.
pub fn build(from: &Path, to: &Path) -> Result<Built, BuildError> {
    let beside = to.with_added_extension("new");
    let built = write(from, &beside, to).and_then(|built| {
        std::fs::rename(&beside, to).map_err(|source| BuildError::Write { path: to.to_owned(), source })?;
        Ok(built)
    });
    if built.is_err() {
        // Half a file is no use; that it cannot be removed changes nothing about the error.
        let _ = std::fs::remove_file(&beside);
    }
    built
}

fn write(from: &Path, beside: &Path, to: &Path) -> Result<Built, BuildError> {
    let unreadable = |source| BuildError::Read { path: from.to_owned(), source };
    let unwritable = |source| BuildError::Write { path: to.to_owned(), source };
    let mut lines = BufReader::with_capacity(1 << 20, File::open(from).map_err(unreadable)?);
    let mut out = BufWriter::with_capacity(1 << 20, File::create(beside).map_err(unwritable)?);
    out.seek(SeekFrom::Start(HEADER + INDEX)).map_err(unwritable)?;

    let mut index: Vec<u64> = Vec::with_capacity(usize::try_from(BUCKETS).unwrap_or_default() + 1);
    let (mut hashes, mut entries, mut line) = (0_u64, 0_u64, 0_u64);
    let (mut last_sha1, mut last) = (None, None);
    let mut text = Vec::new();
    loop {
        text.clear();
        let read = (&mut lines).take(LONGEST_LINE).read_until(b'\n', &mut text).map_err(unreadable)?;
        if read == 0 {
            break;
        }
        line += 1;
        let sha1 = list::parse(text.strip_suffix(b"\n").unwrap_or(&text))
            .ok_or_else(|| BuildError::NotALine { path: from.to_owned(), line })?;
        if last_sha1.is_some_and(|last| last > sha1) {
            return Err(BuildError::NotSorted { path: from.to_owned(), line });
        }
        last_sha1 = Some(sha1);
        hashes += 1;
        let (bucket, entry) = split(&sha1);
        if last == Some((bucket, entry)) {
            continue;
        }
        last = Some((bucket, entry));
        while index.len() as u64 <= bucket {
            index.push(entries);
        }
        out.write_all(&entry.to_be_bytes()).map_err(unwritable)?;
        entries += 1;
    }
    if hashes == 0 {
        return Err(BuildError::Empty { path: from.to_owned() });
    }
    while index.len() as u64 <= BUCKETS {
        index.push(entries);
    }
    out.seek(SeekFrom::Start(0)).map_err(unwritable)?;
    out.write_all(MAGIC).map_err(unwritable)?;
    out.write_all(&entries.to_le_bytes()).map_err(unwritable)?;
    for before in &index {
        out.write_all(&before.to_le_bytes()).map_err(unwritable)?;
    }
    let file = out.into_inner().map_err(|error| unwritable(error.into_error()))?;
    file.sync_all().map_err(unwritable)?;
    Ok(Built { hashes, octets: HEADER + INDEX + entries * ENTRY, one_in: (1 << 52) / entries })
}

/// Bucket and entry of a hash.
fn split(sha1: &[u8; 20]) -> (u64, u32) {
    let first = sha1.iter().take(7).fold(0, |first: u64, octet| first << 8 | u64::from(*octet));
    let entry = u32::try_from(first >> 4 & u64::from(u32::MAX)).unwrap_or_default();
    (first >> 36, entry)
}

/// Does the file call itself a filter?
pub(super) fn is_one(file: &File) -> io::Result<bool> {
    let mut magic = [0; MAGIC.len()];
    match file.read_exact_at(&mut magic, 0) {
        Ok(()) => Ok(&magic == MAGIC),
        Err(error) if error.kind() == io::ErrorKind::UnexpectedEof => Ok(false),
        Err(error) => Err(error),
    }
}

/// A filter that was looked through; the file goes with each call.
#[derive(Debug, Clone, Copy)]
pub(super) struct Filter {
    entries: u64,
}

impl Filter {
    pub(super) fn open(file: &File, octets: u64) -> Result<Self, DamageError> {
        let short = DamageError::Length { found: octets, expected: HEADER + INDEX };
        if octets < HEADER + INDEX {
            return Err(short);
        }
        let mut entries = [0; 8];
        file.read_exact_at(&mut entries, MAGIC.len() as u64)?;
        let entries = u64::from_le_bytes(entries);
        let expected = entries.checked_mul(ENTRY).and_then(|octets| octets.checked_add(HEADER + INDEX));
        if expected != Some(octets) {
            return Err(DamageError::Length { found: octets, expected: expected.unwrap_or(u64::MAX) });
        }
        let mut index = vec![0; usize::try_from(INDEX).unwrap_or_default()];
        file.read_exact_at(&mut index, HEADER)?;
        let (numbers, _) = index.as_chunks::<8>();
        let numbers = || numbers.iter().copied().map(u64::from_le_bytes);
        if !numbers().is_sorted() || numbers().next() != Some(0) || numbers().next_back() != Some(entries) {
            return Err(DamageError::Index);
        }
        Ok(Self { entries })
    }

    pub(super) fn knows(self, file: &File, sha1: &[u8; 20]) -> io::Result<bool> {
        let (bucket, entry) = split(sha1);
        let mut around = [0; 16];
        file.read_exact_at(&mut around, HEADER + bucket * 8)?;
        let [from, to] = *around.as_chunks::<8>().0 else { return Ok(false) };
        let (from, to) = (u64::from_le_bytes(from), u64::from_le_bytes(to));
        // It was in order when it was opened; the file may have been written over since.
        let length = to.checked_sub(from).filter(|length| *length <= self.entries);
        let length = length.and_then(|length| usize::try_from(length * ENTRY).ok());
        let mut bucket = vec![0; length.ok_or_else(|| io::Error::other("the index is damaged"))?];
        file.read_exact_at(&mut bucket, HEADER + INDEX + from * ENTRY)?;
        Ok(bucket.as_chunks::<4>().0.binary_search(&entry.to_be_bytes()).is_ok())
    }
}

#[cfg(test)]
mod tests {
    use std::fmt::Write as _;

    use super::*;

    fn sha1(number: u32) -> [u8; 20] {
        let mut sha1 = [1; 20];
        // Spread over buckets, several in some.
        sha1[..4].copy_from_slice(&(number << 9).to_be_bytes());
        sha1
    }

    fn list(numbers: impl Iterator<Item = u32>) -> String {
        numbers.fold(String::new(), |mut text, number| {
            let _ = write!(text, "{}:{}\r\n", crate::hex::digits(&sha1(number)).to_ascii_uppercase(), number + 1);
            text
        })
    }

    #[test]
    fn every_hash_that_went_in_is_found_and_others_are_not() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("list.txt"), dir.path().join("list.filter"));
        std::fs::write(&from, list((0..20_000).map(|number| number * 2))).unwrap();
        let built = build(&from, &to).unwrap();
        assert_eq!((built.hashes, built.one_in), (20_000, (1 << 52) / 20_000));
        let file = File::open(&to).unwrap();
        let octets = file.metadata().unwrap().len();
        assert_eq!(octets, built.octets);
        assert!(is_one(&file).unwrap());
        let filter = Filter::open(&file, octets).unwrap();
        for number in 0..40_002 {
            assert_eq!(filter.knows(&file, &sha1(number)).unwrap(), number % 2 == 0 && number < 40_000, "{number}");
        }
        for (sha1, first) in [([0xff; 20], false), ([0; 20], false)] {
            assert_eq!(filter.knows(&file, &sha1).unwrap(), first);
        }
        assert!(!dir.path().join("list.filter.new").exists());
    }

    #[test]
    fn a_damaged_filter_is_not_opened() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("list.txt"), dir.path().join("list.filter"));
        std::fs::write(&from, list(0..100)).unwrap();
        build(&from, &to).unwrap();
        let good = std::fs::read(&to).unwrap();
        let open = |octets: &[u8]| {
            std::fs::write(&to, octets).unwrap();
            Filter::open(&File::open(&to).unwrap(), octets.len() as u64)
        };
        assert!(open(&good).is_ok());
        for length in [16, 24, 1_000, good.len() - 1] {
            assert!(matches!(open(&good[..length]), Err(DamageError::Length { .. })), "{length}");
        }
        let mut endless = good.clone();
        endless[16..24].fill(0xff);
        assert!(matches!(open(&endless), Err(DamageError::Length { .. })));
        let mut disorder = good.clone();
        disorder[24..32].fill(0xff);
        assert!(matches!(open(&disorder), Err(DamageError::Index)));
    }

    #[test]
    fn what_is_no_sorted_list_makes_no_filter_and_its_line_is_named() {
        let dir = tempfile::tempdir().unwrap();
        let (from, to) = (dir.path().join("list.txt"), dir.path().join("list.filter"));
        std::fs::write(&to, "what was there").unwrap();
        let made_of = |text: &str| {
            std::fs::write(&from, text).unwrap();
            build(&from, &to).unwrap_err()
        };
        assert!(matches!(made_of(""), BuildError::Empty { .. }));
        assert!(matches!(made_of(&format!("{}oops\r\n", list(0..2))), BuildError::NotALine { line: 3, .. }));
        assert!(matches!(made_of(&"A".repeat(5_000)), BuildError::NotALine { line: 1, .. }));
        assert!(matches!(made_of(&list([1, 2, 1].into_iter())), BuildError::NotSorted { line: 3, .. }));
        assert!(matches!(build(&dir.path().join("none"), &to), Err(BuildError::Read { .. })));
        assert_eq!(std::fs::read_to_string(&to).unwrap(), "what was there");
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 2);
    }
}
