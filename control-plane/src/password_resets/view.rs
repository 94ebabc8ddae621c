//! Resets on the wire.

use contract::ids::{PasswordResetId, PersonId, TenantId};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{LINK_LASTS, store::Waiting};
use crate::http::Time;

/// Whose password is to be set anew.
#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordResetCreate {
    #[schema(example = "anna@acme.example", min_length = 1, max_length = 254)]
    pub email: String,
}

impl std::fmt::Debug for PasswordResetCreate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("PasswordResetCreate").field("email", &self.email).finish()
    }
}

/// What is said to whoever asks for a link: the same whether there is an account or not.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetAsked {
    /// Seconds for which a link that is mailed is good.
    #[schema(example = 1_800)]
    pub link_lifetime_s: u64,
}

impl PasswordResetAsked {
    pub(super) const fn new() -> Self {
        Self { link_lifetime_s: LINK_LASTS.as_secs() }
    }
}

#[derive(Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub(super) struct PasswordResetComplete {
    /// From the link.
    #[schema(example = "pwr_3q2-7wECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxw", max_length = 100)]
    pub token: String,
    /// At least 15 characters; 10 beside a second factor.
    #[schema(example = "another horse, another staple", format = Password, min_length = 10, max_length = 1_024)]
    pub new_password: String,
    /// The API keys that the person made end with it.
    #[serde(default)]
    #[schema(example = false)]
    pub end_api_keys: bool,
}

impl std::fmt::Debug for PasswordResetComplete {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("PasswordResetComplete(…)")
    }
}

/// What came of it.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetOutcome {
    /// `completed`, or `awaiting_confirmation`: nothing is changed before an administrator confirms it. More may come.
    #[schema(example = "completed")]
    pub state: String,
    /// Until then it may be confirmed; null where nothing waits.
    #[schema(required)]
    pub expires_at: Option<Time>,
}

/// A new password that waits for an administrator.
#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetView {
    pub id: PasswordResetId,
    pub person_id: PersonId,
    /// The tenant the person belongs to.
    pub tenant_id: TenantId,
    #[schema(example = "anna@acme.example")]
    pub email: String,
    /// `awaiting_confirmation`. More may come.
    #[schema(example = "awaiting_confirmation")]
    pub state: String,
    /// The API keys that the person made end with it, as they chose.
    #[schema(example = false)]
    pub end_api_keys: bool,
    /// When the link was mailed.
    pub created_at: Time,
    /// When it was used.
    pub waiting_since: Time,
    /// Then it lapses.
    pub expires_at: Time,
}

pub(super) const AWAITING: &str = "awaiting_confirmation";

impl From<&Waiting> for PasswordResetView {
    fn from(waiting: &Waiting) -> Self {
        Self {
            id: waiting.id,
            person_id: waiting.account.id,
            tenant_id: waiting.account.tenant,
            email: waiting.account.email.clone(),
            state: AWAITING.to_owned(),
            end_api_keys: waiting.chosen.end_api_keys,
            created_at: Time(waiting.created_at),
            waiting_since: Time(waiting.since),
            expires_at: Time(waiting.expires_at),
        }
    }
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct PasswordResetPage {
    pub data: Vec<PasswordResetView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PasswordResetQuery {
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}
