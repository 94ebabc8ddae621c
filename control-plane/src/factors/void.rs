//! Passkeys are good for the host of `public_url` they were made for. Whoever sets another one hears first what that voids.

use crate::db::{Db, StoreError, System};

use super::store;

/// So many people are named.
const NAMED: usize = 20;

/// Passkeys that are good for nothing at the host that is set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Voided {
    /// Of today's `public_url`.
    pub host: String,
    /// What they were made for.
    pub former_hosts: Vec<String>,
    pub passkeys: i64,
    /// Whose they are.
    pub people: Vec<String>,
}

impl Voided {
    /// None: there are no such passkeys, but for those of hosts that are `accepted`.
    pub(crate) async fn find(db: &Db, host: &str, accepted: &[String]) -> Result<Option<Self>, StoreError> {
        let mut rows = store::void_passkeys(&mut db.read(&System::task("start")).await?, host).await?;
        rows.retain(|(made_for, ..)| !accepted.iter().any(|accepted| accepted.eq_ignore_ascii_case(made_for)));
        if rows.is_empty() {
            return Ok(None);
        }
        let passkeys = rows.iter().map(|(.., count)| count).sum();
        let (mut former_hosts, mut people): (Vec<_>, Vec<_>) =
            rows.into_iter().map(|(made_for, email, _)| (made_for, email)).unzip();
        former_hosts.dedup();
        people.sort();
        people.dedup();
        Ok(Some(Self { host: host.to_owned(), former_hosts, passkeys, people }))
    }
}

impl std::fmt::Display for Voided {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let Self { host, former_hosts, passkeys, people } = self;
        let count = people.len();
        let named: Vec<_> = people.iter().take(NAMED).map(String::as_str).collect();
        let more = if count > NAMED { format!(" and {} more", count - NAMED) } else { String::new() };
        write!(
            f,
            "public_url names {host}: {passkeys} passkeys of {count} people were made for {} and are good for nothing with it \
             ({}{more}). Who has nothing else then needs a recovery code. Set the former public_url again, or, to go on, \
             control_plane.accept_void_passkeys_of = {former_hosts:?}",
            former_hosts.join(", "),
            named.join(", "),
        )
    }
}

impl std::error::Error for Voided {}

/// Refuses where passkeys would be void and nobody said that they may be. Says in the log how many are.
pub(crate) async fn check(db: &Db, host: &str, accepted: &[String]) -> Result<Result<(), Voided>, StoreError> {
    if let Some(voided) = Voided::find(db, host, accepted).await? {
        return Ok(Err(voided));
    }
    if let Some(accepted) = Voided::find(db, host, &[]).await? {
        let (void, people) = (accepted.passkeys, accepted.people.len());
        tracing::warn!(void, people, host, "passkeys were made for another public_url and are good for nothing here");
    }
    Ok(Ok(()))
}
