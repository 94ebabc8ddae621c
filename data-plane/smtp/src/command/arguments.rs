//! What stands behind EHLO, MAIL and RCPT.

use contract::mail::{ForwardPath, ReversePath};

use super::{ChunkSize, Command, HelloName, Sender, parameters};
use crate::said::Said;

pub(super) fn hello(rest: &str) -> Result<HelloName, Said> {
    let name = rest.trim_matches(' ');
    // RFC 5321 §4.1.4: a name that does not resolve is no reason to refuse; one that is no name is.
    let sound = (1..=255).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_graphic());
    if sound { Ok(HelloName(name.to_owned())) } else { Err(Said::BadArguments) }
}

pub(super) fn mail(rest: &str) -> Result<Command, Said> {
    let rest = after_keyword(rest, "FROM:").ok_or(Said::BadArguments)?;
    let (path, parameters) = in_brackets(rest).ok_or(Said::BadSender)?;
    let ascii = path.is_ascii();
    let path = path.parse::<ReversePath>().map_err(|_| Said::BadSender)?;
    let mail = parameters::mail(parameters)?;
    if !ascii && !mail.smtputf8 {
        return Err(Said::NeedsSmtpUtf8);
    }
    let sender =
        Sender { path, size_bytes: mail.size_bytes, body: mail.body.unwrap_or_default(), smtputf8: mail.smtputf8 };
    Ok(Command::Mail { sender, parameters: !parameters.is_empty() })
}

pub(super) fn rcpt(rest: &str) -> Result<Command, Said> {
    let rest = after_keyword(rest, "TO:").ok_or(Said::BadArguments)?;
    let (path, parameters) = in_brackets(rest).ok_or(Said::BadRecipient)?;
    let ascii = path.is_ascii();
    let path = path.parse::<ForwardPath>().map_err(|_| Said::BadRecipient)?;
    parameters::rcpt(parameters)?;
    Ok(Command::Rcpt { path, ascii })
}

/// ` 1024` or ` 1024 LAST`, and nothing else: whoever counts otherwise than we do would have content read as commands.
pub(super) fn bdat(rest: &str) -> Result<ChunkSize, Said> {
    let rest = rest.strip_prefix(' ').ok_or(Said::BadChunk)?;
    let (digits, last) = match rest.split_once(' ') {
        None => (rest, false),
        Some((digits, word)) if word.eq_ignore_ascii_case("LAST") => (digits, true),
        Some(_) => return Err(Said::BadChunk),
    };
    let sound = (1..=20).contains(&digits.len()) && digits.bytes().all(|b| b.is_ascii_digit());
    let octets = sound.then(|| digits.parse().ok()).flatten().ok_or(Said::BadChunk)?;
    Ok(ChunkSize { octets, last })
}

/// ` FROM:` with one space before it. RFC 5321 §3.3 allows none behind the colon, but many send one; it cannot be
/// mistaken for anything else.
fn after_keyword<'a>(rest: &'a str, keyword: &str) -> Option<&'a str> {
    let rest = rest.strip_prefix(' ')?;
    let (found, rest) = rest.split_at_checked(keyword.len())?;
    found.eq_ignore_ascii_case(keyword).then(|| rest.trim_start_matches(' '))
}

/// Splits `<path> parameters`. A `>` in quotes does not close.
fn in_brackets(text: &str) -> Option<(&str, &str)> {
    let text = text.strip_prefix('<')?;
    let (mut quoted, mut escaped) = (false, false);
    for (i, c) in text.char_indices() {
        match c {
            _ if escaped => escaped = false,
            '\\' if quoted => escaped = true,
            '"' => quoted = !quoted,
            '>' if !quoted => {
                let (path, rest) = (text.get(..i)?, text.get(i + 1..)?);
                return match rest.strip_prefix(' ') {
                    Some(parameters) => Some((path, parameters.trim_matches(' '))),
                    None => rest.is_empty().then_some((path, "")),
                };
            }
            _ => {}
        }
    }
    None
}
