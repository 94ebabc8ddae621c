//! Marked blocks. A comment stands before a fenced block and says what CI does with it:
//!
//! `<!-- ci: run -->` its commands are run · `<!-- ci: run make -s -->` this is run in their stead (they would not end) ·
//! `<!-- ci: elsewhere -->` another step of CI runs them · `<!-- ci: output -->` the block is what the last run printed, and
//! a line of `…` stands for any lines. Commands without a mark are an error: nobody would notice when they break.

use std::ops::Range;

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Mark {
    Run(Option<String>),
    Elsewhere,
    Output,
}

#[derive(Debug, PartialEq, Eq)]
pub(super) struct Block {
    pub mark: Mark,
    /// Of the fence, from 1.
    pub line: usize,
    pub text: String,
    /// Where the text stands.
    pub range: Range<usize>,
}

const SHELLS: &[&str] = &["sh", "bash", "shell", "console"];

pub(super) fn find(text: &str) -> Result<Vec<Block>, String> {
    let mut blocks = Vec::new();
    let mut mark = None;
    let mut open: Option<(Option<Mark>, usize, usize, bool)> = None;
    let mut at = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let number = number + 1;
        let (begin, end) = (at, at + line.len());
        at = end;
        let line = line.trim();
        if let Some((of, since, from, is_shell)) = open.take() {
            if !line.starts_with("```") {
                open = Some((of, since, from, is_shell));
                continue;
            }
            match of {
                Some(mark) => {
                    blocks.push(Block { mark, line: since, text: text[from..begin].to_owned(), range: from..begin });
                }
                None if is_shell => return Err(format!("line {since}: commands without a mark `<!-- ci: … -->`")),
                None => {}
            }
        } else if let Some(language) = line.strip_prefix("```") {
            open = Some((mark.take(), number, end, SHELLS.contains(&language.trim())));
        } else if let Some(words) = line.strip_prefix("<!-- ci:").and_then(|rest| rest.strip_suffix("-->")) {
            mark = Some(read(words.trim()).ok_or_else(|| format!("line {number}: not a mark: {line}"))?);
        } else if mark.is_some() && !line.is_empty() {
            return Err(format!("line {number}: a mark without a block"));
        }
    }
    match (open, mark) {
        (None, None) => Ok(blocks),
        _ => Err("the last block or mark has no end".to_owned()),
    }
}

fn read(words: &str) -> Option<Mark> {
    let (word, rest) = words.split_once(' ').unwrap_or((words, ""));
    let rest = rest.trim();
    match word {
        "run" => Some(Mark::Run((!rest.is_empty()).then(|| rest.to_owned()))),
        // The rest says where.
        "elsewhere" => Some(Mark::Elsewhere),
        "output" if rest.is_empty() => Some(Mark::Output),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn marked_blocks_are_found_in_order_with_their_places() {
        let text = "# T\n<!-- ci: run -->\n```sh\na\nb\n```\nx\n<!-- ci: run c -->\n```sh\nd\n```\n\
                    <!-- ci: output -->\n\n```text\ne\n```\n<!-- ci: elsewhere, by the tests -->\n```sh\nf\n```\n```toml\ng\n```\n";
        let blocks = find(text).unwrap_err();
        assert_eq!(blocks, "line 17: not a mark: <!-- ci: elsewhere, by the tests -->");
        let text = text.replace("elsewhere, by", "elsewhere by");
        let blocks = find(&text).unwrap();
        let marks: Vec<_> = blocks.iter().map(|block| (&block.mark, block.text.as_str(), block.line)).collect();
        assert_eq!(
            marks,
            [
                (&Mark::Run(None), "a\nb\n", 3),
                (&Mark::Run(Some("c".to_owned())), "d\n", 9),
                (&Mark::Output, "e\n", 14),
                (&Mark::Elsewhere, "f\n", 18),
            ]
        );
        assert!(blocks.iter().all(|block| text[block.range.clone()] == block.text));
    }

    #[test]
    fn what_is_marked_wrongly_or_not_at_all_is_named() {
        for (text, wrong) in [
            ("```sh\na\n```\n", "line 1: commands without"),
            ("<!-- ci: walk -->\n```sh\na\n```\n", "line 1: not a mark"),
            ("<!-- ci: run -->\ntext\n", "line 2: a mark without"),
            ("<!-- ci: run -->\n```sh\na\n", "no end"),
            ("<!-- ci: run -->\n", "no end"),
        ] {
            let error = find(text).unwrap_err();
            assert!(error.contains(wrong), "{text:?} → {error}");
        }
    }
}
