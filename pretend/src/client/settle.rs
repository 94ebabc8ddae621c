//! A sender that goes on as a real MTA does.

use super::{Client, stuffed};

/// Rounds after which nobody can still be put off for a good reason.
const ROUNDS: usize = 20;

/// Brings a message to all recipients: those who are put off come again, each time in a session of its own that has said
/// EHLO. Gives for each the code that settled it.
///
/// # Panics
/// When somebody is put off again and again.
pub async fn until_settled(
    mut session: impl AsyncFnMut() -> Client,
    recipients: &[String],
    message: &[u8],
) -> Vec<(String, u16)> {
    let (mut left, mut settled) = (recipients.to_vec(), Vec::new());
    for _ in 0..ROUNDS {
        if left.is_empty() {
            return settled;
        }
        let mut client = session().await;
        client.say("MAIL FROM:<x@sender.example>").await.expect("250");
        let (mut accepted, mut again) = (Vec::new(), Vec::new());
        for address in std::mem::take(&mut left) {
            let reply = client.say(&format!("RCPT TO:<{address}>")).await;
            match reply.code / 100 {
                2 => accepted.push(address),
                4 => again.push(address),
                _ => settled.push((address, reply.code)),
            }
        }
        if !accepted.is_empty() {
            client.say("DATA").await.expect("354");
            client.send(&stuffed(message)).await;
            let reply = client.reply().await;
            match reply.code / 100 {
                4 => again.extend(accepted),
                _ => settled.extend(accepted.into_iter().map(|address| (address, reply.code))),
            }
        }
        left = again;
    }
    panic!("not settled: {left:?}, settled {settled:?}");
}
