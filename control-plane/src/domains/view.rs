//! Domains on the wire.

use contract::{
    ids::{DomainId, RouteId, TenantId},
    policy::recipient::Unasked,
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::{AliasOf, Domain, State, proof};
use crate::{
    http::{ApiError, FieldError, Patch, Time},
    labels::{self, Labels, LabelsPatch, LabelsUpdate, LabelsView},
    vault::Vault,
};

/// Which recipients a domain has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub enum RecipientMode {
    /// Those in its list; `user+detail` follows `user`.
    Listed,
    /// Every local part: the next hop knows.
    Any,
    /// Those in its list; about everybody else the next hop is asked at RCPT, and its answer is remembered for a time.
    CallOut,
}

impl RecipientMode {
    pub const fn name(self) -> &'static str {
        match self {
            Self::Listed => "listed",
            // What a process of the version before makes of it: the next hop says its word at the end.
            Self::Any | Self::CallOut => "any",
        }
    }

    pub(super) fn of(name: &str, unasked: Option<Unasked>) -> Option<Self> {
        match (name, unasked) {
            ("listed", _) => Some(Self::Listed),
            ("any", None) => Some(Self::Any),
            ("any", Some(_)) => Some(Self::CallOut),
            _ => None,
        }
    }
}

/// Which domain the next hop of an alias domain is given at RCPT.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
#[schema(as = AliasDomainHop)]
pub enum AliasDomainView {
    /// The alias domain, as the sender wrote it.
    AsWritten,
    /// The domain that it is an alias of.
    Primary,
}

impl AliasDomainView {
    pub const fn name(self) -> &'static str {
        match self {
            Self::AsWritten => "as_written",
            Self::Primary => "primary",
        }
    }

    pub(super) fn parse(name: &str) -> Option<Self> {
        [Self::AsWritten, Self::Primary].into_iter().find(|hop_sees| hop_sees.name() == name)
    }
}

/// A domain to be registered.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "tenant_id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "name": "acme.example",
    "route_id": "rte_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f", "recipients": "listed" }))]
pub(crate) struct DomainCreate {
    pub tenant_id: TenantId,
    /// U-labels or A-labels.
    #[schema(max_length = 253)]
    pub name: String,
    /// Where its mail goes: a route of the tenant or of one above it. Without one, mail is deferred.
    #[serde(default)]
    pub route_id: Option<RouteId>,
    /// `listed` if left out.
    #[serde(default)]
    pub recipients: Option<RecipientMode>,
    /// What holds for a recipient when the next hop cannot be asked; `defer` if left out. Only with `call_out`.
    #[serde(default)]
    pub call_out_unavailable: Option<Unasked>,
    /// Makes it an alias of a domain of the same tenant, whose recipients, route, lists and policy hold. `route_id` and
    /// `recipients` are left out then.
    #[serde(default)]
    pub alias_of: Option<DomainId>,
    /// `as_written` if left out. Only with `alias_of`.
    #[serde(default)]
    pub alias_hop_sees: Option<AliasDomainView>,
    /// The number in your own system, unique in the tenant.
    #[serde(default)]
    #[schema(max_length = 128)]
    pub external_ref: Option<String>,
    #[serde(default)]
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
}

/// A merge patch: what is left out stays.
#[derive(Debug, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
#[schema(example = json!({ "recipients": "any" }))]
pub(super) struct DomainUpdate {
    /// null: no route; mail is deferred.
    #[serde(default)]
    #[schema(value_type = Option<RouteId>)]
    pub route_id: Patch<RouteId>,
    #[serde(default)]
    #[schema(value_type = Option<RecipientMode>)]
    pub recipients: Patch<RecipientMode>,
    /// Only while `recipients` is `call_out`.
    #[serde(default)]
    #[schema(value_type = Option<Unasked>)]
    pub call_out_unavailable: Patch<Unasked>,
    /// null: a domain of its own again. While it is an alias, its own recipients, route and lists rest.
    #[serde(default)]
    #[schema(value_type = Option<DomainId>)]
    pub alias_of: Patch<DomainId>,
    /// Only while there is an `alias_of`.
    #[serde(default)]
    #[schema(value_type = Option<AliasDomainView>)]
    pub alias_hop_sees: Patch<AliasDomainView>,
    /// null takes it away.
    #[serde(default)]
    #[schema(value_type = Option<String>, max_length = 128)]
    pub external_ref: Patch<String>,
    /// Labels named are set, those named null are taken off, others stay.
    #[serde(default)]
    #[schema(value_type = Option<LabelsUpdate>)]
    pub labels: Patch<LabelsPatch>,
}

/// A domain.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DomainView {
    pub id: DomainId,
    pub tenant_id: TenantId,
    /// A-label form.
    #[schema(example = "acme.example")]
    pub name: String,
    /// The form for people.
    #[schema(example = "acme.example")]
    pub unicode_name: String,
    /// `pending`, `active` or `closing`. More may come.
    #[schema(example = "pending")]
    pub state: String,
    pub recipients: RecipientMode,
    /// What holds for a recipient when the next hop cannot be asked: `accept` or `defer`. Null unless `recipients` is
    /// `call_out`.
    #[schema(required)]
    pub call_out_unavailable: Option<Unasked>,
    /// The domain whose recipients, route, lists and policy hold for this one. Null: it is no alias.
    #[schema(required)]
    pub alias_of: Option<DomainId>,
    /// Null: it is no alias.
    #[schema(required)]
    pub alias_hop_sees: Option<AliasDomainView>,
    #[schema(required)]
    pub route_id: Option<RouteId>,
    #[schema(required, example = "D-7")]
    pub external_ref: Option<String>,
    #[schema(value_type = LabelsView)]
    pub labels: Labels,
    pub verification: DomainVerification,
    /// Since when the ownership of an active domain is taken for lost: its proof is missing for a day. Its mail flows on.
    #[schema(required)]
    pub ownership_lost_at: Option<Time>,
    #[schema(required)]
    pub activated_at: Option<Time>,
    /// When a closing domain will be gone.
    #[schema(required)]
    pub closes_at: Option<Time>,
    pub created_at: Time,
}

/// How the tenant proves that it holds the domain.
#[derive(Debug, Clone, Serialize, ToSchema)]
pub(crate) struct DomainVerification {
    /// Set a record here …
    #[schema(example = "_postern.acme.example")]
    pub record_name: String,
    /// … of this type …
    #[schema(example = "TXT")]
    pub record_type: String,
    /// … with this value.
    #[schema(example = "postern-domain-verification=Rk9PQkFSQkFaUVVYLi4uLi4uLi4")]
    pub record_value: String,
    /// After a move to another tenant: the value of before is taken as well until then.
    #[schema(required)]
    pub former_value_until: Option<Time>,
    /// When DNS was last asked.
    #[schema(required)]
    pub checked_at: Option<Time>,
    /// `proven`, `record_missing`, `value_differs`, `wildcard`, `dns_unavailable`, `held_elsewhere`, `not_checked`. More
    /// may come. An active domain is looked at about once a day.
    #[schema(required, example = "record_missing")]
    pub result: Option<String>,
    /// When DNS will be asked again without a call.
    #[schema(required)]
    pub next_check_at: Option<Time>,
    /// Since when each look at an active domain that had an answer found the proof missing. Null: it was there.
    #[schema(required)]
    pub missing_since: Option<Time>,
    /// Of an active domain: since when its proof is gone and another account shows one of its own. If both stays so for 72
    /// hours, at every look, the name passes to that account.
    #[schema(required)]
    pub contested_since: Option<Time>,
    /// Mail for a pending domain is deferred until then, and refused afterwards.
    pub defer_until: Time,
}

#[derive(Debug, Serialize, ToSchema)]
pub(super) struct DomainPage {
    pub data: Vec<DomainView>,
    /// Null on the last page.
    #[schema(required)]
    pub next_cursor: Option<String>,
}

/// The state of a domain in a filter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum DomainStateFilter {
    Pending,
    Active,
    Closing,
}

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct DomainQuery {
    pub tenant_id: Option<TenantId>,
    /// Exact name, in either form.
    pub name: Option<String>,
    /// Exact reference.
    pub external_ref: Option<String>,
    /// `name:value`.
    #[param(example = "site:berlin")]
    pub label: Option<String>,
    #[param(inline)]
    pub state: Option<DomainStateFilter>,
    /// Aliases of this domain.
    pub alias_of: Option<DomainId>,
    /// Those whose ownership is lost, or those whose is not. What is closing, or whose tenant is, counts among the latter.
    pub ownership_lost: Option<bool>,
    /// 1 to 500.
    #[param(minimum = 1, maximum = 500, default = 100)]
    pub limit: Option<u32>,
    /// `next_cursor` of the page before.
    pub cursor: Option<String>,
}

impl DomainView {
    pub(crate) fn new(domain: &Domain, vault: &Vault) -> Self {
        let state = match domain.state {
            State::Pending => "pending",
            State::Active if domain.closes_at.is_some() => "closing",
            State::Active => "active",
        };
        Self {
            id: domain.id,
            tenant_id: domain.tenant,
            name: domain.name.as_ascii().to_owned(),
            unicode_name: domain.name.to_unicode(),
            state: state.to_owned(),
            recipients: domain.recipients,
            call_out_unavailable: domain.unasked,
            alias_of: domain.alias.map(|alias| alias.primary),
            alias_hop_sees: domain.alias.map(|alias| alias.hop_sees),
            route_id: domain.route,
            external_ref: domain.external_ref.clone(),
            labels: domain.labels.clone(),
            verification: DomainVerification {
                record_name: checks::ownership::record_name(&domain.name),
                record_type: "TXT".to_owned(),
                record_value: proof::expected(vault, domain.tenant, &domain.name),
                former_value_until: domain.former.until().map(Time),
                checked_at: domain.check.checked_at.map(Time),
                result: domain.check.finding.map(|finding| finding.name().to_owned()),
                next_check_at: domain.check.next_check_at.map(Time),
                missing_since: domain.check.missing_since.map(Time),
                contested_since: domain.contested_at.map(Time),
                defer_until: Time(domain.defer_until),
            },
            ownership_lost_at: domain.check.lost_at.map(Time),
            activated_at: domain.activated_at.map(Time),
            closes_at: domain.closes_at.map(Time),
            created_at: Time(domain.created_at),
        }
    }
}

fn only_with(pointer: &str, when: &str) -> FieldError {
    FieldError::new(pointer, "not_now", format!("only where {when}"))
}

fn check(external_ref: Option<&str>, labels: &Labels, errors: &mut Vec<FieldError>) {
    if let Some(external_ref) = external_ref {
        labels::check_text(external_ref, labels::EXTERNAL_REF, "/external_ref", errors);
    }
    labels::check(labels, errors);
}

impl DomainCreate {
    /// The name, if everything else is good as well.
    pub(super) fn parse(
        &self,
        refusal: impl FnOnce(&contract::mail::Domain) -> Option<&'static str>,
    ) -> Result<contract::mail::Domain, ApiError> {
        let mut errors = Vec::new();
        let name = match self.name.parse::<contract::mail::Domain>() {
            Ok(name) => match refusal(&name) {
                None => Some(name),
                Some(why) => {
                    errors.push(FieldError::new("/name", "not_registrable", why));
                    None
                }
            },
            Err(error) => {
                errors.push(FieldError::invalid("/name", error));
                None
            }
        };
        check(self.external_ref.as_deref(), &self.labels, &mut errors);
        if self.call_out_unavailable.is_some() && self.recipients != Some(RecipientMode::CallOut) {
            errors.push(only_with("/call_out_unavailable", "recipients is call_out"));
        }
        if self.alias_of.is_none() && self.alias_hop_sees.is_some() {
            errors.push(only_with("/alias_hop_sees", "there is an alias_of"));
        }
        for (pointer, given) in [("/route_id", self.route_id.is_some()), ("/recipients", self.recipients.is_some())] {
            if given && self.alias_of.is_some() {
                errors.push(FieldError::new(pointer, "alias_domain", "an alias domain has that of its primary"));
            }
        }
        name.filter(|_| errors.is_empty()).ok_or_else(|| ApiError::invalid(errors))
    }
}

impl DomainUpdate {
    pub(super) fn touches_alias(&self) -> bool {
        self.alias_of != Patch::Keep || self.alias_hop_sees != Patch::Keep
    }

    pub(super) fn apply(self, domain: &mut Domain) -> Result<(), ApiError> {
        let mut errors = Vec::new();
        domain.route = self.route_id.apply(domain.route);
        match self.recipients {
            Patch::Keep => {}
            Patch::Clear => errors.push(FieldError::new("/recipients", "required", "cannot be taken away")),
            Patch::Set(mode) => {
                domain.recipients = mode;
                domain.unasked = (mode == RecipientMode::CallOut).then(|| domain.unasked.unwrap_or(Unasked::Defer));
            }
        }
        match self.call_out_unavailable {
            Patch::Keep => {}
            Patch::Clear | Patch::Set(_) if domain.recipients != RecipientMode::CallOut => {
                errors.push(only_with("/call_out_unavailable", "recipients is call_out"));
            }
            Patch::Clear => domain.unasked = Some(Unasked::Defer),
            Patch::Set(unasked) => domain.unasked = Some(unasked),
        }
        let before = domain.alias;
        let alias_of = |primary| AliasOf { primary, ..before.unwrap_or(AliasOf::new(primary)) };
        domain.alias = self.alias_of.apply(before.map(|alias| alias.primary)).map(alias_of);
        match (self.alias_hop_sees, &mut domain.alias) {
            (Patch::Keep, _) => {}
            (_, None) => errors.push(only_with("/alias_hop_sees", "there is an alias_of")),
            (Patch::Clear, Some(alias)) => alias.hop_sees = AliasDomainView::AsWritten,
            (Patch::Set(hop_sees), Some(alias)) => alias.hop_sees = hop_sees,
        }
        domain.external_ref = self.external_ref.apply(domain.external_ref.take());
        domain.labels = labels::patched(self.labels, &domain.labels);
        check(domain.external_ref.as_deref(), &domain.labels, &mut errors);
        if errors.is_empty() { Ok(()) } else { Err(ApiError::invalid(errors)) }
    }
}
