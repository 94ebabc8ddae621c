//! Nobody grants more than they hold: not a wider role, not over more, not for longer, and only where they may hand on. What a
//! key gives is within what the key itself is good for.

use contract::Micros;

use super::Over;
use crate::{
    api_keys,
    auth::{Held, Place, Reach, Role, scope::Holding},
    http::{ApiError, Code, FieldError, Time},
};

/// A grant that somebody wants to give.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Wanted {
    pub role: Role,
    pub over: Over,
    pub expires_at: Option<Micros>,
    pub may_delegate: bool,
    pub max_domains: Option<i64>,
}

impl Wanted {
    /// What makes sense whoever gives it.
    pub(crate) fn check(&self) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        let fits = match (self.role, self.over) {
            (Role::Owner, over) => over == Over::Installation,
            (Role::TenantAdmin, over) => matches!(over, Over::Tenant(_)),
            (Role::DomainAdmin | Role::MailboxUser, over) => over != Over::Installation,
            (Role::QuarantineManager | Role::Auditor, _) => true,
            (Role::DomainCreator | Role::Delegate | Role::Person | Role::Worker, _) => false,
        };
        if !fits {
            let message = format!("{} is not granted over that", self.role.name());
            errors.push(FieldError::new("/scope", "scope_does_not_fit", message));
        }
        match (self.creates_domains(), self.max_domains) {
            (true, None) => {
                let message = "is required: over a tenant, domain_admin is the right to create so many domains there";
                errors.push(FieldError::new("/max_domains", "required", message));
            }
            (true, Some(most)) if !(1..=1_000_000).contains(&most) => {
                errors.push(FieldError::invalid("/max_domains", "expected 1 to 1000000"));
            }
            (false, Some(_)) => {
                let message = "only where domain_admin is granted over a tenant";
                errors.push(FieldError::new("/max_domains", "not_now", message));
            }
            (true, Some(_)) | (false, None) => {}
        }
        if self.may_delegate && (self.creates_domains() || self.role == Role::MailboxUser) {
            let message = "it is not handed on: each would create as many again";
            errors.push(FieldError::new("/may_delegate", "not_now", message));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }

    fn creates_domains(&self) -> bool {
        self.role == Role::DomainAdmin && matches!(self.over, Over::Tenant(_))
    }

    /// What the role is worth over what it is over.
    fn effective(&self) -> Role {
        if self.creates_domains() { Role::DomainCreator } else { self.role }
    }

    fn everywhere(&self) -> bool {
        self.over.reach() == Reach::Installation
    }

    /// All that whoever is given this comes to: a creator of domains administers what they create.
    fn actions(&self) -> impl Iterator<Item = &'static str> {
        let also = self.creates_domains().then_some(self.role);
        let roles = [Some(self.effective()), also].into_iter().flatten();
        roles.flat_map(|role| role.actions(self.everywhere())).map(|row| row.action)
    }
}

/// May somebody who holds this give that? It must be one grant that allows all of it.
pub(crate) fn may_give(holding: &Holding, wanted: &Wanted) -> Result<(), ApiError> {
    if holding.is_of_key() {
        by_key(holding, wanted)?;
    }
    let hands_on = |held: &&Held| {
        let administers = matches!(held.role, Role::Owner | Role::TenantAdmin);
        held.on_hold.is_none() && (administers || (held.may_delegate && held.role != Role::Delegate))
    };
    let reaches = |held: &&Held| holding.reach_of(held).covers(wanted.over.place());
    let includes = |held: &&Held| held.role.includes(wanted.effective(), wanted.everywhere());
    let lasts = |held: &&Held| match (held.expires_at, wanted.expires_at) {
        (None, _) => true,
        (Some(_), None) => false,
        (Some(held), Some(wanted)) => wanted <= held,
    };
    let near: Vec<&Held> = holding.held().iter().filter(hands_on).filter(reaches).collect();
    let wide: Vec<&Held> = near.into_iter().filter(includes).collect();
    if wide.is_empty() {
        return Err(ApiError::new(Code::GrantTooWide).at("/role"));
    }
    if !wide.iter().any(lasts) {
        return Err(too_wide("/expires_at", latest(&wide)));
    }
    Ok(())
}

fn latest(wide: &[&Held]) -> String {
    let latest = wide.iter().filter_map(|held| held.expires_at).max();
    latest.map(|time| format!("the latest that you can give is {}", Time(time))).unwrap_or_default()
}

fn too_wide(pointer: &str, message: impl Into<String>) -> ApiError {
    let error = FieldError::new(pointer, Code::GrantTooWide.name(), message);
    ApiError::new(Code::GrantTooWide).errors(vec![error])
}

/// What only keys are refused. That it is given for no longer than the key is good follows from what the key holds.
fn by_key(holding: &Holding, wanted: &Wanted) -> Result<(), ApiError> {
    if wanted.role == Role::Owner {
        return Err(too_wide("/role", "a key makes no owners"));
    }
    // It would be handed on when the key is gone, and nobody could tell what of.
    if wanted.may_delegate {
        return Err(too_wide("/may_delegate", "a key does not give the right to hand on"));
    }
    // Whoever administers a customer does some things that no program does: as a person, signed in. Of what the key itself is
    // over it makes no administrator: that would be somebody who could do more to it than the key.
    let below = wanted.role == Role::TenantAdmin
        && matches!((holding.key_over(), wanted.over), (Some(Place::Tenant(key)), Over::Tenant(tenant)) if key != tenant);
    let of_people = |action: &str| below && !api_keys::can_be_given(action);
    let mut missing: Vec<_> = wanted.actions().filter(|action| !holding.names(action) && !of_people(action)).collect();
    missing.sort_unstable();
    missing.dedup();
    if missing.is_empty() {
        return Ok(());
    }
    Err(too_wide("/role", format!("the role may {}, which the key does not name", missing.join(", "))))
}
