//! People on the wire.

use contract::{
    ids::{PersonId, TenantId},
    mail::Mailbox,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::Person;
use crate::{
    auth::password::Password,
    http::{ApiError, FieldError, Time},
};

/// Octets of an address (RFC 5321 §4.5.3.1.3, without the brackets).
const LONGEST_EMAIL: usize = 254;

pub(crate) fn check_email(email: &str, pointer: &str, errors: &mut Vec<FieldError>) {
    if email.len() > LONGEST_EMAIL {
        errors.push(FieldError::invalid(pointer, format!("an address has at most {LONGEST_EMAIL} octets")));
    } else if let Err(error) = email.parse::<Mailbox>() {
        errors.push(FieldError::invalid(pointer, error));
    }
}

/// A new account.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "email": "anna@acme.example" }))]
pub(super) struct PersonCreate {
    /// The tenant the person belongs to. With it the account goes.
    pub tenant_id: TenantId,
    #[schema(max_length = 254)]
    pub email: String,
    /// Good for one thing: to be changed. Made up if left out, and shown in the answer.
    #[serde(default)]
    #[schema(format = Password, min_length = 15, max_length = 1_024)]
    pub initial_password: Option<String>,
}

impl std::fmt::Debug for PersonCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonCreate").field("email", &self.email).finish_non_exhaustive()
    }
}

/// A person.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(super) struct PersonView {
    pub id: PersonId,
    /// The tenant the person belongs to.
    pub tenant_id: TenantId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    /// `active` or `disabled`. More may come.
    #[schema(example = "active")]
    pub state: String,
    /// They can do nothing else before they change it.
    #[schema(example = true)]
    pub must_change_password: bool,
    #[schema(required)]
    pub disabled_at: Option<Time>,
    pub created_at: Time,
}

/// A person that was just made.
#[derive(Serialize, ToSchema)]
pub(super) struct PersonCreated {
    #[serde(flatten)]
    pub person: PersonView,
    /// The password that was made up, shown here and never again; null where you gave one.
    #[schema(required, example = "hK3v0pY2b9xQ7mZ1c5tR8wLd")]
    pub initial_password: Option<String>,
}

impl std::fmt::Debug for PersonCreated {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PersonCreated").field("person", &self.person).finish_non_exhaustive()
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PersonPage {
    pub data: Vec<PersonView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PersonQuery {
    /// Those who belong to this tenant.
    pub tenant_id: Option<TenantId>,
    /// Exact address, without regard to case.
    #[param(example = "anna@acme.example")]
    pub email: Option<String>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl From<&Person> for PersonView {
    fn from(person: &Person) -> Self {
        Self {
            id: person.id,
            tenant_id: person.tenant,
            email: person.email.clone(),
            state: if person.disabled_at.is_some() { "disabled" } else { "active" }.to_owned(),
            must_change_password: person.must_change_password,
            disabled_at: person.disabled_at.map(Time),
            created_at: Time(person.created_at),
        }
    }
}

impl PersonCreate {
    pub(super) fn check(&self) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        check_email(&self.email, "/email", &mut errors);
        let refusal = self.initial_password.clone().and_then(|text| Password::new(text).refusal(&self.email, false));
        if let Some(refusal) = refusal {
            errors.push(FieldError::invalid("/initial_password", refusal));
        }
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
