//! The content, the dot, the one answer that counts. After the dot nothing is retried: a hop that does not answer leaves
//! the outcome unknown.

use std::{io, sync::Arc, time::Duration};

use contract::events::Speaker;
use smtp::client::{Awaiting, Failure, Sending, Stage, Verdict};
use tokio::time::Instant;

use super::{
    Unusable,
    connection::Socket,
    outcome::Outcome,
    transaction::{Deliverer, Message, Ready, within},
};
use crate::mail::dialogue::{About, Dialogue};

/// Content blocks: RFC 5321 §4.5.3.2.5 gives three minutes each.
const BLOCK_TIMEOUT: Duration = Duration::from_mins(3);
/// All of the content. By then the sender has stopped waiting for its own answer (RFC 5321 §4.5.3.2.6).
const CONTENT_TIMEOUT: Duration = Duration::from_mins(10);
/// Small messages go out in one write, dot and all.
const ONE_WRITE: usize = 32 * 1024;

/// Why there was no dot.
enum Undotted {
    Unusable(Unusable),
    SenderLeft,
}

impl Deliverer {
    pub(super) async fn content(
        self: &Arc<Self>,
        ready: Ready,
        message: &mut Message<'_>,
        dialogue: &mut Dialogue,
    ) -> Outcome {
        let Ready { mut held, sending } = ready;
        let sending = if message.normalize { sending.normalizing() } else { sending };
        let lines = tokio::time::timeout(CONTENT_TIMEOUT, send_lines(&mut held.socket, sending, message)).await;
        let sent = match lines.unwrap_or(Err(Undotted::Unusable(Unusable::Timeout))) {
            Ok((sending, rest)) => finish(&mut held.socket, sending, rest, message).await,
            Err(undotted) => Err(undotted),
        };
        let (dot, mut awaiting) = match sent {
            Ok(sent) => sent,
            Err(Undotted::Unusable(error)) => {
                dialogue.add(Speaker::Hop, &format!("({error})"), About::Group);
                return Outcome::failed(&error, Some(held.event(None)));
            }
            Err(Undotted::SenderLeft) => return Outcome::left(held.event(None)),
        };
        // From its first octet on, nobody knows how much of it arrives.
        dialogue.add(Speaker::ToHop, "(content) .", About::Group);
        if let Err(error) = write_block(&mut held.socket, &dot).await {
            dialogue.add(Speaker::Hop, &format!("({error})"), About::Group);
            return Outcome::unknown(held.event(None));
        }
        let deadline = Instant::now() + self.final_timeout;
        loop {
            match awaiting.advance() {
                Verdict::Wait(mut next) => {
                    let read = tokio::select! {
                        read = within(deadline, held.socket.receive(next.wire())) => read,
                        () = self.hard_stop.cancelled() => Err(Unusable::Timeout),
                    };
                    if let Err(error) = read {
                        dialogue.add(Speaker::Hop, &format!("({error})"), About::Group);
                        return Outcome::unknown(held.event(None));
                    }
                    awaiting = next;
                }
                Verdict::Answered { reply, idle } => {
                    dialogue.add(Speaker::Hop, &reply.to_string(), About::Group);
                    let outcome = Outcome::answered(Stage::Message, &reply, held.event(Some(&reply)));
                    if let Some(idle) = idle {
                        self.give_back(held, idle);
                    }
                    return outcome;
                }
                Verdict::Failed(failure) => {
                    dialogue.add(Speaker::Hop, &format!("({failure})"), About::Group);
                    return Outcome::unknown(held.event(failure.reply()));
                }
            }
        }
    }
}

/// Everything but the end: what is left goes out together with the dot.
async fn send_lines(
    socket: &mut Socket,
    mut sending: Sending,
    message: &mut Message<'_>,
) -> Result<(Sending, Vec<u8>), Undotted> {
    let mut reader = message.content.reader().await.map_err(|error| broken(&error))?;
    let mut waiting = Vec::new();
    let mut next = bytes::Bytes::from(std::mem::take(&mut message.field));
    while !next.is_empty() {
        for segment in sending.encode(&next) {
            let segment = segment.map_err(|_| Undotted::Unusable(Failure::BareNewline.into()))?;
            if waiting.len() + segment.len() <= ONE_WRITE {
                waiting.extend_from_slice(segment);
                continue;
            }
            for part in [&waiting[..], segment] {
                write_block(socket, part).await.map_err(|error| broken(&error))?;
            }
            waiting.clear();
        }
        next = reader.next().await.map_err(|error| broken(&error))?;
    }
    Ok((sending, waiting))
}

/// The last look, and what is then to be written at once.
async fn finish(
    socket: &mut Socket,
    sending: Sending,
    mut rest: Vec<u8>,
    message: &Message<'_>,
) -> Result<(Vec<u8>, Awaiting), Undotted> {
    // A reply that came before the dot does not answer it.
    if !socket.is_quiet().await {
        return Err(Undotted::Unusable(Failure::Unasked.into()));
    }
    let (end, awaiting) = sending.finish().map_err(|failure| Undotted::Unusable(failure.into()))?;
    rest.extend_from_slice(end);
    // Just before the dot: whoever has gone will bring the message again, and must not find it delivered by then.
    if (message.sender_is_there)() { Ok((rest, awaiting)) } else { Err(Undotted::SenderLeft) }
}

fn broken(error: &io::Error) -> Undotted {
    Undotted::Unusable(Unusable::Broken(error.to_string()))
}

async fn write_block(socket: &mut Socket, bytes: &[u8]) -> io::Result<()> {
    if bytes.is_empty() {
        return Ok(());
    }
    tokio::time::timeout(BLOCK_TIMEOUT, socket.write_all(bytes))
        .await
        .unwrap_or_else(|_| Err(io::ErrorKind::TimedOut.into()))
}
