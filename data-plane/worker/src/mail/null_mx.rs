//! Does the sender's domain say that it takes no mail (RFC 7505)? Asked once in a transaction.

use std::time::Duration;

use contract::policy::Known;
use futures::FutureExt;
use smtp::server::Sender;
use tokio::task::JoinHandle;

use super::Shared;

/// How long a RCPT waits to learn it. Not known is not yes.
const PATIENCE: Duration = Duration::from_secs(3);

#[derive(Debug)]
pub(super) enum NullMx {
    NotAsked,
    Asked(JoinHandle<Known<bool>>),
    Told(Known<bool>),
}

impl NullMx {
    /// A remembered answer is there at once; another is on its way when this returns.
    pub(super) fn ask(shared: &Shared, sender: &Sender) -> Self {
        let Some(domain) = sender.path.domain().cloned() else {
            return Self::Told(Known::Yes(false));
        };
        let dns = shared.context.dns.clone();
        let mut look = Box::pin(async move {
            match dns.null_mx(&domain).await {
                checks::Outcome::Known(_) => Known::Yes(true),
                checks::Outcome::Absent => Known::Yes(false),
                checks::Outcome::Unavailable(_) => Known::Unavailable,
            }
        });
        match (&mut look).now_or_never() {
            Some(known) => Self::Told(known),
            None => Self::Asked(tokio::spawn(look)),
        }
    }

    /// Waits for the answer, and not for ever.
    pub(super) async fn told(&mut self, shared: &Shared, sender: &Sender) -> Known<bool> {
        if let Self::NotAsked = self {
            *self = Self::ask(shared, sender);
        }
        if let Self::Asked(look) = self {
            let told = tokio::time::timeout(PATIENCE, look).await;
            *self = Self::Told(told.ok().and_then(Result::ok).unwrap_or(Known::Unavailable));
        }
        match self {
            Self::Told(known) => *known,
            Self::NotAsked | Self::Asked(_) => Known::Unavailable,
        }
    }
}
