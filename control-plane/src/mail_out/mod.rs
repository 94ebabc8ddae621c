//! Mail to the people of this installation, through a relay that the settings name. It is stored sealed, in the transaction
//! of the change that it tells of, and sent by a job. `words` has what it says, a file a language; `relay` speaks SMTP.

mod config;
mod relay;
mod send;
mod store;
mod words;

use std::time::Duration;

use contract::{
    Id, ids,
    mail::{Domain, Mailbox},
};
use serde::{Deserialize, Serialize};

use crate::{
    app::App,
    db::{StoreError, Tx},
    vault::Purpose,
};
pub use config::{Config, Relay, Security};
pub(crate) use send::{PAUSE, run};
pub(crate) use store::STATEMENTS;
pub use words::Language;

/// After so long nobody wants to read it any more.
const GOOD_FOR: Duration = Duration::from_hours(24);

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News<'a> {
    /// To the account's owner, who should know if it was not they.
    PasswordChanged,
    /// To whoever registered a domain that another account proved first.
    DomainTaken(&'a Domain),
    /// To those who administer an active domain: its proof is gone, and another account shows one.
    DomainContested(&'a Domain),
    /// To the same, when that stayed so.
    DomainPassed(&'a Domain),
}

impl News<'_> {
    /// What it is about, for the words.
    const fn domain(&self) -> Option<&Domain> {
        match self {
            Self::PasswordChanged => None,
            Self::DomainTaken(name) | Self::DomainContested(name) | Self::DomainPassed(name) => Some(name),
        }
    }
}

/// A mail as it is sealed.
#[derive(Serialize, Deserialize)]
struct Letter {
    to: String,
    subject: String,
    text: String,
}

/// Puts a mail on its way, if this transaction commits. Nothing where no relay is set, nor for an
/// address that relays commonly do not take.
pub(crate) async fn post(tx: &mut Tx, app: &App, to: &str, news: News<'_>) -> Result<(), StoreError> {
    let config = &app.config.mail;
    if config.relay.is_none() || !to.parse::<Mailbox>().is_ok_and(|to| to.is_ascii()) {
        return Ok(());
    }
    let now = tx.now();
    let words::Letter { subject, text } = words::of(config.language, news);
    let host = app.config.public_url.host_str().unwrap_or_default();
    let at = crate::http::Time(now);
    let at = serde_json::to_value(at).ok().and_then(|at| at.as_str().map(str::to_owned)).unwrap_or_default();
    let domain = news.domain().map(Domain::to_unicode).unwrap_or_default();
    let text = words::fill(text, &[("account", to), ("host", host), ("time", &at), ("domain", &domain)]);
    let letter = Letter { to: to.to_owned(), subject: subject.clone(), text };
    let letter = serde_json::to_vec(&letter).map_err(StoreError::corrupt("a mail"))?;
    let id: Id<ids::Mail> = tx.new_id();
    let sealed = app.vault.seal_with(Purpose::Mail, id.uuid().as_bytes(), &letter);
    store::insert(tx, id, &sealed, now + GOOD_FOR).await
}
