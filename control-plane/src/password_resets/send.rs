//! The job that looks whose address it is, and mails the link if it is somebody's. Whoever asked was answered before.

use std::{net::IpAddr, time::Duration};

use serde::{Deserialize, Serialize};

use super::{LINK_LASTS, LINKS_ASKED, mail_link, store};
use crate::{
    app::{App, AppState},
    auth::{Caller, Principal},
    db::{StoreError, System, Tx},
    mail_out, persons,
    vault::Purpose,
};

const TASK: &str = "password_resets";
pub(crate) const PAUSE: Duration = Duration::from_secs(1);
const AT_ONCE: i64 = 100;
/// Requests that may wait for the job; beyond, none is taken. Whoever asks is told the same.
const MOST: i64 = 10_000;

/// What was asked, as it is sealed.
#[derive(Serialize, Deserialize)]
struct Asked {
    email: String,
    address: Option<IpAddr>,
    request_id: Option<String>,
}

/// Writes down that somebody asked, whoever they named.
pub(super) async fn ask(tx: &mut Tx, app: &App, email: String) -> Result<(), StoreError> {
    let caller = tx.caller();
    let asked = Asked { email, address: caller.address, request_id: caller.request_id.clone() };
    let asked = serde_json::to_vec(&asked).map_err(StoreError::corrupt("a request"))?;
    let id = tx.new_id();
    let sealed = app.vault.seal_with(Purpose::PasswordReset, id.uuid().as_bytes(), &asked);
    store::insert_request(tx, id, &sealed, MOST).await
}

/// Looks at all that were asked.
pub(crate) async fn run(app: AppState) -> Result<(), StoreError> {
    while !app.stopping.is_cancelled() {
        let requests = store::requests(&mut app.db.read(&System::task(TASK)).await?, AT_ONCE).await?;
        if requests.is_empty() {
            break;
        }
        for request in requests {
            one(&app, &request).await?;
        }
    }
    Ok(())
}

async fn one(app: &App, request: &store::Request) -> Result<(), StoreError> {
    let opened = app.vault.open_with(Purpose::PasswordReset, request.id.uuid().as_bytes(), &request.sealed).ok();
    let asked: Option<Asked> = opened.and_then(|plain| serde_json::from_slice(&plain).ok());
    let system = match &asked {
        Some(Asked { address, request_id, .. }) => System::for_request(Caller {
            principal: Principal::Anonymous,
            address: *address,
            request_id: request_id.clone(),
        }),
        None => System::task(TASK),
    };
    let mut tx = app.db.begin(&system).await?;
    if !store::take_request(&mut tx, request.id).await? {
        return Ok(());
    }
    // Whoever had to wait longer than a link lasts has asked again.
    let asked = asked.filter(|_| tx.now().since(request.created_at) < LINK_LASTS);
    // PostgreSQL has no text with a NUL in it: no account has such an address.
    if let Some(asked) = asked.filter(|asked| !asked.email.contains('\0'))
        && let Some(account) = persons::by_email(&mut tx, &asked.email).await?
        && mail_out::reaches(app, &account.email)
    {
        mail_link(&mut tx, app, account.id, LINKS_ASKED).await?;
    }
    tx.commit().await
}
