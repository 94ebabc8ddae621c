//! Policy on the wire: what a level sets, what is to change, what holds and where each value comes from. All of it is made
//! from the list of settings in `contract`.

use std::collections::BTreeSet;

use contract::{
    ids::DomainId,
    policy::{
        Folded, Setting, Settings,
        fold::Origin,
        settings::{BareNewline, InboundTls, TlsVersion, TraceDialogue},
    },
};
use serde::{Deserialize, Serialize};
use utoipa::{IntoParams, ToSchema};

use super::levels::Level;
use crate::http::Patch;

#[derive(Debug, Default, Deserialize, IntoParams)]
#[into_params(parameter_in = Query)]
#[serde(default, deny_unknown_fields)]
pub(super) struct PolicyQuery {
    /// Also what holds here, and from which level each value comes.
    #[param(default = false)]
    pub effective: bool,
}

/// What a level is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, ToSchema)]
#[serde(rename_all = "snake_case")]
pub(super) enum PolicyLevelKind {
    /// Built in.
    Default,
    Installation,
    Tenant,
    /// `/v1/tenants/{tenant_id}/limits`, which hold whatever policy says.
    TenantLimit,
    Domain,
}

/// A level of policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
#[schema(example = json!({ "level": "tenant", "id": "ten_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f" }))]
pub(super) struct PolicyLevel {
    pub level: PolicyLevelKind,
    /// Of the tenant or the domain; null as well for a tenant above yours.
    #[schema(required)]
    pub id: Option<String>,
}

impl PolicyLevel {
    fn new(level: Option<Level>, seen: &impl Fn(Level) -> bool) -> Self {
        let given = level;
        let (level, id) = match level {
            None => (PolicyLevelKind::Default, None),
            Some(Level::Installation) => (PolicyLevelKind::Installation, None),
            Some(Level::Tenant(id)) => (PolicyLevelKind::Tenant, Some(id.to_string())),
            Some(Level::Limit(id)) => (PolicyLevelKind::TenantLimit, Some(id.to_string())),
            Some(Level::Domain(id)) => (PolicyLevelKind::Domain, Some(id.to_string())),
        };
        let is_seen = given.is_some_and(seen);
        Self { level, id: id.filter(|_| is_seen) }
    }
}

/// A value that holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
pub(super) struct Effective<T> {
    pub value: T,
    /// The level that set it.
    pub from: PolicyLevel,
    /// The level that keeps those below it from changing it; null: none does.
    #[schema(required)]
    pub locked_by: Option<PolicyLevel>,
}

impl<T> Effective<T> {
    fn new(value: T, origin: &Origin<Level>, seen: &impl Fn(Level) -> bool) -> Self {
        let locked_by = origin.locked_by.map(|level| PolicyLevel::new(Some(level), seen));
        Self { value, from: PolicyLevel::new(origin.set_by, seen), locked_by }
    }
}

macro_rules! views {
    ($($(#[$doc:meta])* $name:ident / $variant:ident: $type:ident = $default:expr, like $example:tt
        $(, within $min:tt to $max:tt)? $(, at most $top:ident)?;)*) => {
        /// What one level sets. What it does not set is null and comes from the level above, or is built in.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
        pub(super) struct PolicyView {
            $($(#[$doc])* #[schema(required, example = $example)] pub $name: Option<$type>,)*
            /// Settings that no level below changes. What was set there before does not hold while they are locked.
            #[schema(example = json!(["inbound_tls"]))]
            pub locked: BTreeSet<Setting>,
            /// Only of an alias domain: the domain that it is an alias of, whose policy is the one that holds.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub alias_of: Option<DomainId>,
            /// Only with `?effective=true`.
            #[serde(skip_serializing_if = "Option::is_none")]
            pub effective: Option<EffectivePolicy>,
        }

        /// A merge patch: what is left out stays, null inherits again.
        #[derive(Debug, Clone, Default, Deserialize, ToSchema)]
        #[serde(deny_unknown_fields)]
        #[schema(example = json!({
            "max_message_size_bytes": 26_214_400, "inbound_tls": "required", "max_line_octets": null, "locked": ["inbound_tls"]
        }))]
        pub(super) struct PolicyUpdate {
            $($(#[$doc])* #[serde(default)] #[schema(value_type = Option<$type> $(, minimum = $min, maximum = $max)?)]
            pub $name: Patch<$type>,)*
            /// All settings that no level below may change, in place of those that were locked. null: none.
            #[serde(default)]
            #[schema(value_type = Option<BTreeSet<Setting>>)]
            pub locked: Patch<BTreeSet<Setting>>,
        }

        /// What holds: every value, and the level that it comes from.
        #[derive(Debug, Clone, PartialEq, Eq, Serialize, ToSchema)]
        pub(super) struct EffectivePolicy {
            $($(#[$doc])* pub $name: Effective<$type>,)*
        }

        impl PolicyView {
            pub(super) fn new(settings: &Settings) -> Self {
                let Settings { $($name,)* locked } = settings.clone();
                Self { $($name,)* locked, alias_of: None, effective: None }
            }
        }

        impl PolicyUpdate {
            pub(super) fn apply(self, current: &Settings) -> Settings {
                let Self { $($name,)* locked } = self;
                Settings {
                    $($name: $name.apply(current.$name),)*
                    locked: locked.apply(Some(current.locked.clone())).unwrap_or_default(),
                }
            }
        }

        impl EffectivePolicy {
            /// `seen` says which levels may be named.
            pub(super) fn new(folded: &Folded<Level>, seen: &impl Fn(Level) -> bool) -> Self {
                let (values, origins) = (&*folded.effective, &*folded.origins);
                Self { $($name: Effective::new(values.$name, &origins.$name, seen),)* }
            }
        }
    };
}
contract::policy_settings!(views);
