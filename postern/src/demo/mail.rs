//! The sender: one message over one connection, with STARTTLS.

use std::{io, net::SocketAddr, time::Duration};

use pretend::{
    client::{Client, TlsFacts, Trust, stuffed},
    corpus::Sample,
};
use tokio::time::Instant;

/// What is sent.
#[derive(Debug)]
pub(super) struct Mail<'a> {
    pub from: &'a str,
    pub to: &'a str,
    pub sample: &'a Sample,
    /// Say SIZE= at MAIL (RFC 1870).
    pub declares_size: bool,
}

/// What came of it.
#[derive(Debug)]
pub(super) struct Heard {
    /// The answer to the message, or the first refusal: one line.
    pub reply: String,
    /// Which command that was an answer to.
    pub to: &'static str,
    pub tls: Option<TlsFacts>,
    /// From MAIL to that answer.
    pub took: Duration,
}

pub(super) async fn send(address: SocketAddr, mail: &Mail<'_>) -> io::Result<Heard> {
    let mut client = Client::try_connect(address).await?;
    client.try_say("EHLO client.sender.example").await?;
    let tls = client.start_tls(&Trust::Anybody, "gateway.provider.example").await?;
    client.try_say("EHLO client.sender.example").await?;
    let size = if mail.declares_size { format!(" SIZE={}", mail.sample.bytes().len()) } else { String::new() };
    let from = format!("MAIL FROM:<{}>{size}{}", mail.from, mail.sample.mail_params());
    let recipient = format!("RCPT TO:<{}>", mail.to);
    let since = Instant::now();
    let (mut last, mut of) = (String::new(), "");
    for (command, line) in [("MAIL", from.as_str()), ("RCPT", recipient.as_str()), ("DATA", "DATA"), (".", "")] {
        let reply = if line.is_empty() {
            client.try_send(&stuffed(mail.sample.bytes())).await?;
            client.try_reply().await?
        } else {
            client.try_say(line).await?
        };
        (last, of) = (reply.to_string(), command);
        if !reply.is_positive() {
            break;
        }
    }
    let took = since.elapsed();
    // The transaction ends here, whatever comes of the farewell.
    let _ = client.try_say("QUIT").await;
    Ok(Heard { reply: last, to: of, tls: Some(tls), took })
}
