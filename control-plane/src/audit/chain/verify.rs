//! Follows an export line by line: is every chain unbroken, is what each row says what was hashed, and did the installation
//! sign the whole? Names the first row that is wrong. No I/O.

use std::collections::BTreeMap;

use contract::{
    audit::{AuditCheckpoint, AuditRoot, Chain, Position, root, row_hash},
    snapshot::{
        hash::Hash,
        open::{Refusal, TrustedKeys},
    },
};
use serde::{Deserialize, de::IgnoredAny};

use super::export::{ChainLine, End, Head};

/// What is wrong, and where.
#[derive(Debug, thiserror::Error)]
pub enum Broken {
    #[error("line {line} is not one of an export of the audit log")]
    NotALine { line: u64 },
    #[error("the export ends before its end: fetch it again")]
    Truncated,
    #[error("line {line}: what is signed does not hold: {refusal}")]
    Signature { line: u64, refusal: Refusal },
    #[error("line {line}: the chain of {chain} is named twice, or out of order")]
    ChainOrder { line: u64, chain: String },
    #[error("line {line}: {row} does not say what was hashed: it was changed, or its hash was")]
    Changed { line: u64, row: RowName },
    #[error("line {line}: before {row} rows are missing: the last one is {last}")]
    Missing { line: u64, row: RowName, last: u64 },
    #[error("line {line}: {row} does not follow on the row before it: one of them was replaced")]
    Unlinked { line: u64, row: RowName },
    #[error("the newest rows of {chain} are missing: its last is {found}, it should be {expected}")]
    CutOff { chain: String, found: u64, expected: u64 },
    #[error("the newest row of {chain} is another than the one that was signed")]
    OtherHead { chain: String },
    #[error("{chain}: what was swept away is not what was signed")]
    Checkpoint { chain: String },
    #[error("the heads of the chains are not those that were signed")]
    Root,
    #[error("the last line counts {said} rows, there are {found}")]
    Count { said: u64, found: u64 },
    #[error("{chain} is not the one of the earlier export: rows that were in that one are gone or others")]
    Forked { chain: String },
}

/// A row, as it is named to people.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RowName {
    pub chain: String,
    pub seq: u64,
    /// `aud_…`, where it says.
    pub id: Option<String>,
}

impl std::fmt::Display for RowName {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "row {} of {}", self.seq, self.chain)?;
        self.id.as_ref().map_or(Ok(()), |id| write!(f, " ({id})"))
    }
}

/// A whole export that holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Verified {
    pub statement: AuditRoot,
    /// SHA-256 of the root key: compare it with what you wrote down, or pass it.
    pub root_key: Hash,
    pub rows: u64,
    /// Rows were left out by filters: that none is missing among the others cannot be told.
    pub filtered: bool,
}

#[derive(Deserialize)]
struct Row {
    chain: String,
    seq: u64,
    previous: String,
    hash: String,
    #[serde(rename = "entry")]
    _entry: IgnoredAny,
}

/// Takes an export's lines in their order.
#[derive(Debug, Default)]
pub struct Verifier {
    /// The root key whose hash must be this.
    pinned: Option<Hash>,
    /// Heads of an earlier export, whose rows must still be there.
    earlier: BTreeMap<String, Position>,
    line: u64,
    rows: u64,
    open: Option<Open>,
    chains: Vec<Chain>,
    /// The last row of the chain that is read.
    last: Position,
    ended: bool,
}

#[derive(Debug)]
struct Open {
    keys: TrustedKeys,
    root_key: Hash,
    statement: AuditRoot,
    filtered: bool,
}

impl Verifier {
    pub fn new(pinned: Option<Hash>) -> Self {
        Self { pinned, ..Self::default() }
    }

    /// One that also looks whether everything of an earlier export is still there. Only heads of that one are read.
    #[must_use]
    pub fn after<'a>(mut self, earlier: impl Iterator<Item = &'a str>) -> Self {
        for line in earlier {
            if let Ok(ChainLine { chain, head, .. }) = serde_json::from_str(line) {
                self.earlier.insert(chain, head);
            }
        }
        self
    }

    pub fn line(&mut self, text: &str) -> Result<(), Broken> {
        self.line += 1;
        let line = self.line;
        let Some(open) = &self.open else {
            self.open = Some(begin(text, self.pinned, line)?);
            return Ok(());
        };
        if self.ended {
            return Err(Broken::NotALine { line });
        }
        let filtered = open.filtered;
        if text.contains(",\"entry\":") {
            return self.row(text, filtered);
        }
        if let Ok(end) = serde_json::from_str::<End>(text) {
            self.ended = true;
            return if end.rows == self.rows {
                Ok(())
            } else {
                Err(Broken::Count { said: end.rows, found: self.rows })
            };
        }
        let ChainLine { chain, swept, head, checkpoint } =
            serde_json::from_str(text).map_err(|_| Broken::NotALine { line })?;
        let chain = Chain { chain, swept, head };
        self.check_swept(&chain, checkpoint.as_deref())?;
        self.close_chain()?;
        if self.chains.last().is_some_and(|last| last.chain >= chain.chain) {
            return Err(Broken::ChainOrder { line, chain: chain.chain });
        }
        if self.earlier.get(&chain.chain).is_some_and(|at| at.seq == chain.swept.seq && at.hash != chain.swept.hash) {
            return Err(Broken::Forked { chain: chain.chain });
        }
        self.last = chain.swept;
        self.chains.push(chain);
        Ok(())
    }

    /// At the end of the file.
    pub fn finish(self) -> Result<Verified, Broken> {
        if !self.ended {
            return Err(Broken::Truncated);
        }
        self.close_chain()?;
        if let Some(chain) = self.earlier.keys().find(|name| !self.chains.iter().any(|chain| chain.chain == **name)) {
            return Err(Broken::Forked { chain: chain.clone() });
        }
        let Some(open) = self.open else { return Err(Broken::Truncated) };
        let (chains, rows) = (self.chains.len() as u64, self.chains.iter().map(|chain| chain.head.seq).sum::<u64>());
        let Open { root_key, statement, filtered, .. } = open;
        if (statement.chains, statement.rows, statement.root) != (chains, rows, root(&self.chains)) {
            return Err(Broken::Root);
        }
        Ok(Verified { statement, root_key, rows: self.rows, filtered })
    }

    fn row(&mut self, text: &str, filtered: bool) -> Result<(), Broken> {
        let line = self.line;
        let not_a_line = || Broken::NotALine { line };
        let Row { chain, seq, previous, hash, .. } = serde_json::from_str(text).map_err(|_| not_a_line())?;
        let entry =
            text.split_once(",\"entry\":").and_then(|(_, rest)| rest.strip_suffix('}')).ok_or_else(not_a_line)?;
        let id = serde_json::from_str::<Named>(entry).ok().map(|named| named.id);
        let row = RowName { chain, seq, id };
        if self.chains.last().is_none_or(|current| current.chain != row.chain) {
            return Err(not_a_line());
        }
        if seq <= self.last.seq || (!filtered && seq != self.last.seq + 1) {
            return Err(Broken::Missing { line, row, last: self.last.seq });
        }
        let (Ok(previous), Ok(hash)) = (previous.parse::<Hash>(), hash.parse::<Hash>()) else {
            return Err(Broken::Changed { line, row });
        };
        if row_hash(&previous, &row.chain, seq, entry) != hash {
            return Err(Broken::Changed { line, row });
        }
        if seq == self.last.seq + 1 && previous != self.last.hash {
            return Err(Broken::Unlinked { line, row });
        }
        if self.earlier.get(&row.chain).is_some_and(|earlier| earlier.seq == seq && earlier.hash != hash) {
            return Err(Broken::Forked { chain: row.chain });
        }
        self.last = Position { seq, hash };
        self.rows += 1;
        Ok(())
    }

    /// Did the chain that was read end where it should?
    fn close_chain(&self) -> Result<(), Broken> {
        let Some(chain) = self.chains.last() else { return Ok(()) };
        let filtered = self.open.as_ref().is_some_and(|open| open.filtered);
        if !filtered && self.last.seq != chain.head.seq {
            let (found, expected) = (self.last.seq, chain.head.seq);
            return Err(Broken::CutOff { chain: chain.chain.clone(), found, expected });
        }
        if self.last.seq == chain.head.seq && self.last.hash != chain.head.hash {
            return Err(Broken::OtherHead { chain: chain.chain.clone() });
        }
        let earlier = self.earlier.get(&chain.chain);
        if earlier.is_some_and(|earlier| earlier.seq > chain.head.seq) {
            return Err(Broken::Forked { chain: chain.chain.clone() });
        }
        Ok(())
    }

    fn check_swept(&self, chain: &Chain, checkpoint: Option<&str>) -> Result<(), Broken> {
        let wrong = || Broken::Checkpoint { chain: chain.chain.clone() };
        if chain.swept == Position::START {
            return Ok(());
        }
        let Some(open) = &self.open else { return Err(wrong()) };
        let checkpoint: AuditCheckpoint =
            open.keys.audit_checkpoint(checkpoint.ok_or_else(wrong)?).map_err(|_| wrong())?;
        let same = checkpoint.chain == chain.chain
            && checkpoint.swept == chain.swept
            && checkpoint.installation == open.statement.installation;
        if same { Ok(()) } else { Err(wrong()) }
    }
}

#[derive(Deserialize)]
struct Named {
    id: String,
}

fn begin(text: &str, pinned: Option<Hash>, line: u64) -> Result<Open, Broken> {
    use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
    let head: Head = serde_json::from_str(text).map_err(|_| Broken::NotALine { line })?;
    if head.postern_audit != 1 {
        return Err(Broken::NotALine { line });
    }
    let refused = |refusal| Broken::Signature { line, refusal };
    let raw = URL_SAFE_NO_PAD.decode(&head.root_key).map_err(|_| Broken::NotALine { line })?;
    let root_key = Hash::of(&raw);
    let keys = TrustedKeys::open(pinned.unwrap_or(root_key), &head.root_key, &head.keys).map_err(refused)?;
    let statement: AuditRoot = keys.audit_root(&head.statement).map_err(refused)?;
    if statement.installation != keys.installation() {
        return Err(refused(Refusal::WrongAudience));
    }
    Ok(Open { keys, root_key, statement, filtered: head.filtered })
}
