//! Output looked at without what is different each time: numbers, times, ports, ids, and the width of columns.

/// A line that stands for any lines.
const ANY: &str = "…";

/// What is shown and does not come, in its order, or comes and is not shown; nothing where all is well.
pub(super) fn differences(shown: &str, output: &str, line: usize) -> Vec<String> {
    let output: Vec<String> = output.lines().map(normal).collect();
    let mut rest = output.as_slice();
    let mut anywhere = false;
    for (at, shown) in shown.lines().enumerate() {
        let number = line + 1 + at;
        if shown.trim() == ANY {
            anywhere = true;
            continue;
        }
        let wanted = normal(shown);
        let found = if anywhere { rest.iter().position(|line| *line == wanted) } else { Some(0) };
        match found.and_then(|found| Some((rest.get(found)?, rest.get(found + 1..)?))) {
            Some((line, after)) if *line == wanted => rest = after,
            Some((line, _)) => return vec![format!("{number}\n  shown: {wanted}\n  comes: {line}")],
            None => return vec![format!("{number}\n  shown: {wanted}\n  does not come")],
        }
        anywhere = false;
    }
    match rest {
        [after, ..] if !anywhere => vec![format!("{line}\n  after what is shown comes: {after}")],
        _ => Vec::new(),
    }
}

/// The part of the output that the README shows: the same lines, as far as they can be found again.
pub(super) fn excerpt(shown: &str, output: &str) -> String {
    let mut out = String::new();
    let mut rest: Vec<&str> = output.lines().collect();
    let mut anywhere = false;
    if !shown.lines().any(|line| line.trim() == ANY) {
        return output.to_owned();
    }
    for line in shown.lines() {
        if line.trim() == ANY {
            anywhere = true;
            out.push_str("…\n");
            continue;
        }
        let wanted = normal(line);
        let found = if anywhere { rest.iter().position(|line| normal(line) == wanted) } else { Some(0) };
        if let Some(found) = found.filter(|found| *found < rest.len()) {
            out.push_str(rest[found]);
            out.push('\n');
            rest.drain(..=found);
        }
        anywhere = false;
    }
    out
}

/// `✓ x   12.5 ms msg_0193ab…` as `✓ x N ms msg_…`.
fn normal(line: &str) -> String {
    let words: Vec<String> = line.split_whitespace().map(word).collect();
    words.join(" ")
}

fn word(word: &str) -> String {
    // The directory of this run's files has a random name.
    if let Some((before, path)) = word.split_once("/postern-") {
        let before = before.rfind(['=', '@']).map_or("", |at| &before[..=at]);
        let after = path.find('/').map_or("", |at| &path[at..]);
        return format!("{before}DIR{}", numbers(after));
    }
    numbers(&ids(word))
}

/// Ids, hashes and secrets: long, and not made of words. The prefix of an id stays.
fn ids(word: &str) -> String {
    let mut out = String::new();
    let mut rest = word;
    while let Some(first) = rest.chars().next() {
        let length = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        if length == 0 {
            out.push(first);
            rest = &rest[first.len_utf8()..];
            continue;
        }
        let (run, left) = rest.split_at(length);
        let upper_and_lower =
            run.contains(|c: char| c.is_ascii_uppercase()) && run.contains(|c: char| c.is_ascii_lowercase());
        if run.len() >= 20 && (upper_and_lower || run.contains(|c: char| c.is_ascii_digit())) {
            let prefix = run.split_once('_').map_or("", |(prefix, _)| prefix);
            out.push_str(if prefix.len() == 3 { &run[..4] } else { "" });
            out.push('…');
        } else {
            out.push_str(run);
        }
        rest = left;
    }
    out
}

const fn is_part(c: char) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || c == '-'
}

fn numbers(text: &str) -> String {
    let mut out = String::new();
    let mut chars = text.chars().peekable();
    while let Some(c) = chars.next() {
        if !c.is_ascii_digit() {
            out.push(c);
            continue;
        }
        out.push('N');
        // 12, 12.5, 1,000, 12:30 are one number each; a point or colon at the end is none of it.
        while let Some(&next) = chars.peek() {
            let joins = matches!(next, '.' | ',' | ':') && {
                let mut ahead = chars.clone();
                ahead.next();
                ahead.next().is_some_and(|c| c.is_ascii_digit())
            };
            if !next.is_ascii_digit() && !joins {
                break;
            }
            chars.next();
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_different_each_time_is_looked_past() {
        for (line, wanted) in [
            ("✓ delivered   plain 615 B → 250 2.0.0 → 12 ms", "✓ delivered plain N B → N N → N ms"),
            (
                "export API=https://127.0.0.1:40123 X=/tmp/postern-Ab12/data/tls.crt",
                "export API=https://N X=DIR/data/tls.crt",
            ),
            ("--json @/tmp/postern-Ab12/sign-in.json | jq", "--json @DIR/sign-in.json | jq"),
            ("/v1/domains/dom_0193a2b4c5d67e8f9a0b1c2d3e4f5a6b/verify", "/vN/domains/dom_…/verify"),
            ("dom_0193a2b4-c5d6-7e8f-9a0b-1c2d3e4f5a6b.", "dom_…."),
            ("worker_name stays, 3.", "worker_name stays, N."),
            ("postern-domain-verification=Rk9P-kFS_kFaUVVYLi4uLi4u", "postern-domain-verification=…"),
            ("\"pins\":[\"0a1b2c3d4e5f60718293a4b5c6d7e8f90a1b2c3d4e5f60718293a4b5c6d7e8f9\"]", "\"pins\":[\"…\"]"),
            ("a-word-of-many-small-parts-stays", "a-word-of-many-small-parts-stays"),
        ] {
            assert_eq!(normal(line), wanted);
        }
    }

    #[test]
    fn an_excerpt_is_good_while_its_lines_come_in_their_order() {
        let output = "a 1\nb 2\nc 3\nd 4\n";
        for good in ["a 9\nb 9\nc 9\nd 9\n", "a 1\n…\nd 1\n", "…\nb 7\nc 7\n…\n", "…\n"] {
            assert!(differences(good, output, 1).is_empty(), "{good}");
        }
        for bad in ["a 1\n", "b 1\n…\n", "…\nc 1\nb 1\n…\n", "…\nx\n…\n", "a 1\nb 2\nc 3\nd 4\ne 5\n", ""] {
            assert!(!differences(bad, output, 1).is_empty(), "{bad}");
        }
    }

    #[test]
    fn a_new_excerpt_has_the_new_numbers_in_the_old_lines() {
        assert_eq!(excerpt("a 9\n…\nc 9\n…\n", "a 1\nb 2\nc 3\nd 4\n"), "a 1\n…\nc 3\n…\n");
        assert_eq!(excerpt("old\n", "a 1\nb 2\n"), "a 1\nb 2\n");
    }
}
