//! Mail to the people of this installation, through a relay that the settings name. It is stored sealed, in the transaction
//! of the change that it tells of, and sent by a job. `words` has what it says, a file a language; `relay` speaks SMTP.

mod config;
mod relay;
mod send;
mod store;
mod words;

use std::time::Duration;

use contract::{Id, ids, mail::Mailbox};
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
    /// The link is as good as a password, for so long.
    PasswordReset { link: &'a str, good_for: Duration },
    /// By an administrator.
    FactorsRemoved,
}

/// A mail as it is sealed.
#[derive(Serialize, Deserialize)]
struct Letter {
    to: String,
    subject: String,
    text: String,
}

/// Can the person be mailed? Not where no relay is set, nor at an address that relays commonly do not take.
pub(crate) fn reaches(app: &App, to: &str) -> bool {
    app.config.mail.relay.is_some() && to.parse::<Mailbox>().is_ok_and(|to| to.is_ascii())
}

/// Puts a mail on its way, if this transaction commits. Nothing to whom no mail reaches.
pub(crate) async fn post(tx: &mut Tx, app: &App, to: &str, news: News<'_>) -> Result<(), StoreError> {
    if !reaches(app, to) {
        return Ok(());
    }
    let now = tx.now();
    let words::Letter { subject, text } = words::of(app.config.mail.language, news);
    let host = app.config.public_url.host_str().unwrap_or_default();
    let at = crate::http::Time(now);
    let at = serde_json::to_value(at).ok().and_then(|at| at.as_str().map(str::to_owned)).unwrap_or_default();
    let (link, good_for) = match news {
        News::PasswordReset { link, good_for } => (link, good_for),
        News::PasswordChanged | News::FactorsRemoved => ("", GOOD_FOR),
    };
    let minutes = (good_for.as_secs() / 60).to_string();
    let values = [("account", to), ("host", host), ("time", &at), ("link", link), ("minutes", &minutes)];
    let text = words::fill(text, &values);
    let letter = Letter { to: to.to_owned(), subject: subject.clone(), text };
    let letter = serde_json::to_vec(&letter).map_err(StoreError::corrupt("a mail"))?;
    let id: Id<ids::Mail> = tx.new_id();
    let sealed = app.vault.seal_with(Purpose::Mail, id.uuid().as_bytes(), &letter);
    store::insert(tx, id, &sealed, now + good_for).await
}
