//! A message's content while Postern has it: in memory while it is small, then in a file without a name.

use std::{
    io,
    net::IpAddr,
    path::{Path, PathBuf},
    sync::Arc,
};

use bytes::{Bytes, BytesMut};
use sha2::{Digest, Sha256};
use tokio::{
    fs::File,
    io::{AsyncReadExt, AsyncSeekExt, AsyncWriteExt},
};

use super::budget::{Budget, Charge, Full};

/// Octets that are written to, and read from, a scratch file at once.
const PIECE: usize = 64 * 1024;

#[derive(Debug)]
pub(crate) struct Body {
    charge: Charge,
    limit_in_memory: usize,
    scratch_dir: PathBuf,
    /// All of it, or what the file does not have yet.
    memory: BytesMut,
    file: Option<File>,
    hash: Sha256,
    size_bytes: u64,
}

/// A whole message, ready to be read as often as it takes.
#[derive(Debug)]
pub(crate) struct Content {
    _charge: Charge,
    source: Source,
    pub sha256: [u8; 32],
}

#[derive(Debug)]
enum Source {
    Memory(Bytes),
    File(File),
}

/// Why no more can be taken.
#[derive(Debug)]
pub(crate) enum Failure {
    Full,
    Scratch(io::Error),
}

impl From<Full> for Failure {
    fn from(Full: Full) -> Self {
        Self::Full
    }
}

impl Body {
    pub(crate) fn new(budget: &Arc<Budget>, client: IpAddr, limit_in_memory: usize, scratch_dir: &Path) -> Self {
        Self {
            charge: budget.charge(client),
            limit_in_memory,
            scratch_dir: scratch_dir.to_owned(),
            memory: BytesMut::new(),
            file: None,
            hash: Sha256::new(),
            size_bytes: 0,
        }
    }

    /// Takes a piece. It may pass the limit in memory until the next [`settle`](Self::settle), by one read at most.
    pub(crate) fn push(&mut self, piece: &[u8]) -> Result<(), Full> {
        self.charge.grow(piece.len() as u64)?;
        self.hash.update(piece);
        self.size_bytes += piece.len() as u64;
        self.memory.extend_from_slice(piece);
        Ok(())
    }

    /// Moves to a scratch file what is too much for memory.
    pub(crate) async fn settle(&mut self) -> Result<(), Failure> {
        let spilled = self.file.is_some();
        if self.memory.len() <= if spilled { PIECE } else { self.limit_in_memory } {
            return Ok(());
        }
        if self.file.is_none() {
            let dir = self.scratch_dir.clone();
            let made = tokio::task::spawn_blocking(move || tempfile::tempfile_in(dir)).await;
            let file = made.map_err(io::Error::other).and_then(|file| file).map_err(Failure::Scratch)?;
            let mut file = File::from_std(file);
            // What it buffers is memory too.
            file.set_max_buf_size(PIECE);
            self.file = Some(file);
            self.write_out().await?;
            // From here on little is kept: the large buffer goes.
            self.memory = BytesMut::new();
            return Ok(());
        }
        self.write_out().await
    }

    async fn write_out(&mut self) -> Result<(), Failure> {
        if let Some(file) = &mut self.file {
            file.write_all(&self.memory).await.map_err(Failure::Scratch)?;
            self.memory.clear();
        }
        Ok(())
    }

    /// Gives up what was taken: the rest will be swallowed.
    pub(crate) fn abandon(&mut self) {
        self.charge.release();
        self.memory = BytesMut::new();
        self.file = None;
    }

    pub(crate) async fn finish(mut self) -> Result<Content, Failure> {
        self.write_out().await?;
        let source = match self.file.take() {
            Some(mut file) => {
                file.flush().await.map_err(Failure::Scratch)?;
                Source::File(file)
            }
            None => Source::Memory(self.memory.freeze()),
        };
        Ok(Content { _charge: self.charge, source, sha256: self.hash.finalize().into() })
    }
}

/// Goes through a message once.
#[derive(Debug)]
pub(crate) enum Reader<'a> {
    Memory(Option<Bytes>),
    File(&'a mut File),
}

impl Content {
    /// From the start.
    pub(crate) async fn reader(&mut self) -> io::Result<Reader<'_>> {
        Ok(match &mut self.source {
            Source::Memory(bytes) => Reader::Memory(Some(bytes.clone())),
            Source::File(file) => {
                file.rewind().await?;
                Reader::File(file)
            }
        })
    }
}

impl Reader<'_> {
    /// The next piece; empty at the end.
    pub(crate) async fn next(&mut self) -> io::Result<Bytes> {
        match self {
            Self::Memory(bytes) => Ok(bytes.take().unwrap_or_default()),
            Self::File(file) => {
                let mut piece = BytesMut::with_capacity(PIECE);
                file.read_buf(&mut piece).await?;
                Ok(piece.freeze())
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_large_message_goes_to_a_file_without_a_name_and_comes_back_whole() {
        let dir = tempfile::tempdir().unwrap();
        let budget = Budget::new(1 << 30);
        let mut body = Body::new(&budget, [127, 0, 0, 1].into(), 1_000, dir.path());
        let expected: Vec<u8> = (0..300_000u32).flat_map(u32::to_be_bytes).collect();
        for piece in expected.chunks(7_777) {
            body.push(piece).unwrap();
            body.settle().await.unwrap();
        }
        assert_eq!(std::fs::read_dir(dir.path()).unwrap().count(), 0);
        let mut content = body.finish().await.unwrap();
        for _ in 0..2 {
            let mut reader = content.reader().await.unwrap();
            let mut all = Vec::new();
            loop {
                let piece = reader.next().await.unwrap();
                if piece.is_empty() {
                    break;
                }
                all.extend_from_slice(&piece);
            }
            assert_eq!(all, expected);
        }
        assert_eq!(budget.used_bytes(), expected.len() as u64);
        drop(content);
        assert_eq!(budget.used_bytes(), 0);
    }
}
