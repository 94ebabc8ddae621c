//! One mail to the relay.

use std::time::Duration;

use contract::Micros;
use mail_builder::MessageBuilder;
use mail_send::{Error, SmtpClientBuilder, smtp::message::Message};

use super::{Letter, Relay, Security};

/// For all of it.
const PATIENCE: Duration = Duration::from_mins(1);
/// For each answer.
const ANSWER: Duration = Duration::from_secs(20);

/// Why it was not taken.
#[derive(Debug, thiserror::Error)]
pub(super) enum Failed {
    /// Trying again would be no use.
    #[error("the relay refuses the mail with {code}")]
    ForGood { code: u16 },
    /// What the relay said may name people: only its code is kept.
    #[error("the relay puts the mail off with {code}")]
    PutOff { code: u16 },
    #[error("the relay does not offer STARTTLS")]
    NoTls,
    #[error("the relay cannot be reached or does not understand: {0}")]
    Away(String),
}

/// Sends it. `id` is the same at each try, so that a doubled one can be told.
pub(super) async fn send(relay: &Relay, letter: &Letter, id: &str, now: Micros) -> Result<(), Failed> {
    let bytes = message(relay, letter, id, now)?;
    match tokio::time::timeout(PATIENCE, speak(relay, letter, bytes)).await {
        Ok(sent) => sent,
        Err(_) => Err(Failed::Away("it takes too long".to_owned())),
    }
}

fn message(relay: &Relay, letter: &Letter, id: &str, now: Micros) -> Result<Vec<u8>, Failed> {
    let domain = relay.from.host().to_string();
    MessageBuilder::new()
        .message_id(format!("{id}@{domain}"))
        .date(now.as_secs())
        .from(relay.from.to_string())
        .to(letter.to.as_str())
        .subject(letter.subject.as_str())
        // RFC 3834 §5: nobody's holiday notice should answer.
        .header("Auto-Submitted", mail_builder::headers::raw::Raw::new("auto-generated"))
        .text_body(letter.text.trim_start())
        .write_to_vec()
        .map_err(|error| Failed::Away(error.to_string()))
}

async fn speak(relay: &Relay, letter: &Letter, bytes: Vec<u8>) -> Result<(), Failed> {
    let mut client = SmtpClientBuilder::new(relay.host.as_str(), relay.port)
        .map_err(Failed::Away)?
        .implicit_tls(relay.tls == Security::Implicit)
        .timeout(ANSWER);
    if let Some((username, password)) = &relay.credentials {
        client = client.credentials((username.as_str(), password.0.as_str()));
    }
    let message = Message::new(relay.from.to_string(), [letter.to.clone()], bytes);
    match relay.tls {
        Security::None => {
            let mut client = client.connect_plain().await.map_err(|error| no_session(&error))?;
            client.send(message).await.map_err(|error| failed(&error))?;
            // It was taken; how the goodbye goes changes nothing.
            let _ = client.quit().await;
        }
        Security::Starttls | Security::Implicit => {
            let mut client = client.connect().await.map_err(|error| no_session(&error))?;
            client.send(message).await.map_err(|error| failed(&error))?;
            let _ = client.quit().await;
        }
    }
    Ok(())
}

/// Before any mail was spoken of: whatever the relay says is about us, and may be mended.
fn no_session(error: &Error) -> Failed {
    match failed(error) {
        Failed::ForGood { code } => Failed::PutOff { code },
        other => other,
    }
}

fn failed(error: &Error) -> Failed {
    match error {
        Error::UnexpectedReply(reply) if (500..=599).contains(&reply.code()) => Failed::ForGood { code: reply.code() },
        Error::UnexpectedReply(reply) | Error::AuthenticationFailed(reply) => Failed::PutOff { code: reply.code() },
        Error::MissingStartTls => Failed::NoTls,
        Error::Io(error) => Failed::Away(error.to_string()),
        Error::Tls(error) => Failed::Away(error.to_string()),
        _ => Failed::Away("it speaks another SMTP".to_owned()),
    }
}
