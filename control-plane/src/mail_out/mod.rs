//! Mail to the people of this installation, through a relay that the settings name. It is stored sealed, in the transaction
//! of the change that it tells of, and sent by a job. `words` has what it says, a file a language; `relay` speaks SMTP.

mod config;
mod relay;
mod send;
mod store;
mod words;

use std::time::Duration;

use contract::{
    Id, Micros, ids,
    mail::{Domain, Mailbox},
};
use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

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

/// What is told: to the account's owner, who should know if it was not they.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum News<'a> {
    /// `keys`: API keys of theirs that are still good.
    PasswordChanged {
        keys: i64,
    },
    ApiKeyMade {
        name: &'a str,
        place: &'a Named,
    },
    ApiKeyRotated {
        name: &'a str,
        place: &'a Named,
    },
    /// To somebody who may have an account or not: both are told the same.
    Invited {
        tenant: &'a str,
        link: &'a str,
        until: Micros,
    },
    /// The link is as good as a password, for so long.
    PasswordReset {
        link: &'a str,
        good_for: Duration,
    },
    /// By an administrator.
    FactorsRemoved,
    /// To whoever registered a domain that another account proved first.
    DomainTaken(&'a Domain),
    /// To those who administer an active domain: its proof is gone, and another account shows one.
    DomainContested(&'a Domain),
    /// To the same, when that stayed so.
    DomainPassed(&'a Domain),
}

/// What something is over.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Named {
    Installation,
    Tenant(String),
    Domain(String),
}

/// A mail as it is sealed.
#[derive(Serialize, Deserialize)]
struct Letter {
    to: String,
    subject: String,
    text: String,
}

/// Can people be mailed at all?
pub(crate) fn is_set_up(app: &App) -> bool {
    app.config.mail.relay.is_some()
}

/// Does a relay commonly take mail to this address?
pub(crate) fn can_reach(to: &str) -> bool {
    to.parse::<Mailbox>().is_ok_and(|to| to.is_ascii())
}

/// Can the person be mailed? Not where no relay is set, nor at an address that relays commonly do not take.
pub(crate) fn reaches(app: &App, to: &str) -> bool {
    is_set_up(app) && can_reach(to)
}

/// To a page of ours, for whoever holds the token.
pub(crate) fn link(app: &App, page: &str, token: &str) -> Zeroizing<String> {
    let origin = app.config.public_url.origin().ascii_serialization();
    Zeroizing::new(format!("{origin}{page}?token={token}"))
}

/// Puts a mail on its way, if this transaction commits. Nothing where no relay is set, nor for an
/// address that relays commonly do not take.
pub(crate) async fn post(tx: &mut Tx, app: &App, to: &str, news: News<'_>) -> Result<(), StoreError> {
    post_in(tx, app, app.config.mail.language, to, news).await
}

/// The same, in a language of its own.
pub(crate) async fn post_in(
    tx: &mut Tx,
    app: &App,
    language: Language,
    to: &str,
    news: News<'_>,
) -> Result<(), StoreError> {
    if !reaches(app, to) {
        return Ok(());
    }
    let now = tx.now();
    let words::Letter { subject, text } = words::of(language, news);
    let host = app.config.public_url.host_str().unwrap_or_default();
    let mut values = vec![("account", to.to_owned()), ("host", host.to_owned()), ("time", written(now))];
    values.extend(words::values(language, news));
    let text = words::fill(text, &values);
    let letter = Letter { to: to.to_owned(), subject: subject.clone(), text };
    let letter = serde_json::to_vec(&letter).map_err(StoreError::corrupt("a mail"))?;
    let id: Id<ids::Mail> = tx.new_id();
    let sealed = app.vault.seal_with(Purpose::Mail, id.uuid().as_bytes(), &letter);
    let good_for = if let News::PasswordReset { good_for, .. } = news { good_for } else { GOOD_FOR };
    store::insert(tx, id, &sealed, now + good_for).await
}

fn written(time: Micros) -> String {
    let time = serde_json::to_value(crate::http::Time(time)).ok();
    time.and_then(|time| time.as_str().map(str::to_owned)).unwrap_or_default()
}
