//! Passwords that are set anew by a mailed link: good once, for half an hour, and never shown to anybody else.
//!
//! `api` is what anybody may ask, `admin` what administrators do; `send` is the job that looks whose address it is, so that
//! asking takes as long whether there is an account or not.

pub mod admin;
pub mod api;
mod send;
mod store;
mod view;

use std::time::Duration;

use contract::{Id, Micros, ids};

use crate::{
    api_keys,
    app::App,
    audit::{self, Target},
    auth::{Role, secret, token_hash},
    db::{StoreError, Tx},
    grants::{self, Given},
    invitations,
    mail_out::{self, News},
    persons, sessions,
};
pub(crate) use send::{PAUSE, run};
pub(crate) use store::{STATEMENTS, end_all};

/// What every token begins with: it is found in places where it should not stand.
const PREFIX: &str = "pwr_";
const LINK_LASTS: Duration = Duration::from_mins(30);
/// So long an administrator may be asked.
const WAIT_LASTS: Duration = Duration::from_hours(24);
const LINKS_COUNT_FOR: Duration = Duration::from_hours(1);
/// Links within that time to one account, whoever asks. The last of them stays good.
const LINKS_ASKED: i64 = 3;
/// As many where an administrator sends one: strangers do not use these up.
const LINKS_SENT: i64 = 10;

/// A person who may sign in, and the password they have now.
#[derive(Debug)]
struct Account {
    id: Id<ids::Person>,
    tenant: Id<ids::Tenant>,
    email: String,
    password_hash: String,
}

impl Account {
    fn target(&self) -> Target {
        target(self.id, self.tenant)
    }
}

fn target(person: Id<ids::Person>, tenant: Id<ids::Tenant>) -> Target {
    Target::new("person").id(person).of_tenant(tenant)
}

/// The password that somebody chose.
struct Chosen {
    hash: String,
    /// Known to have been exposed; none where that is not known.
    compromised: Option<bool>,
    end_api_keys: bool,
}

/// Puts a link on its way to the person; those of before are over. False: there were as many as may be, or they may not sign in.
async fn mail_link(tx: &mut Tx, app: &App, person: Id<ids::Person>, most: i64) -> Result<bool, StoreError> {
    let now = tx.now();
    let Some(account) = persons::hold(tx, person).await? else { return Ok(false) };
    if store::count_since(tx, account.id, now - LINKS_COUNT_FOR).await? >= most {
        return Ok(false);
    }
    store::end_links(tx, account.id).await?;
    let token = secret::make(PREFIX, tx.entropy());
    store::insert(tx, account.id, token_hash(&token), now + LINK_LASTS).await?;
    let link = mail_out::link(app, "/account/reset", &token);
    audit::record(tx, "person.mail_reset_link", target(account.id, account.tenant), audit::NOTHING, audit::NOTHING)
        .await?;
    let news = News::PasswordReset { link: &link, good_for: LINK_LASTS };
    mail_out::post(tx, app, &account.email, news).await?;
    Ok(true)
}

/// From now on the chosen password is the person's, and nobody is signed in as them. Second factors stay.
async fn set(tx: &mut Tx, app: &App, account: &Account, chosen: &Chosen) -> Result<(), StoreError> {
    sessions::set_password(tx, account.id, &chosen.hash, &account.password_hash, chosen.compromised).await?;
    sessions::end_all(tx, account.id).await?;
    store::end_all(tx, account.id).await?;
    if chosen.end_api_keys {
        api_keys::end_all(tx, account.id).await?;
        invitations::end_all_of(tx, account.id).await?;
    }
    let keys = api_keys::count_live(tx, account.id).await?;
    mail_out::post(tx, app, &account.email, News::PasswordChanged { keys }).await
}

/// Does the person hold so much that a mailbox alone must not give it away?
async fn holds_much(tx: &mut Tx, person: Id<ids::Person>) -> Result<bool, StoreError> {
    Ok(grants::live(tx, person).await?.iter().any(is_above_domain_admin))
}

/// A role that only a later version knows may be anything.
fn is_above_domain_admin(given: &Given) -> bool {
    !matches!(
        Role::granted(&given.role),
        Some(Role::DomainAdmin | Role::QuarantineManager | Role::Auditor | Role::MailboxUser)
    )
}

/// Deletes what is over by itself and counts no more.
pub(crate) async fn sweep(tx: &mut Tx, now: Micros) -> Result<u64, StoreError> {
    store::sweep(tx, now - LINKS_COUNT_FOR).await
}
