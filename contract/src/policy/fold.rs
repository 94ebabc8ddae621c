//! Levels laid over each other: what holds, which level each value comes from, and which level locked it. Worker and
//! control plane run the same function; a worker does not ask for the levels' names.

use std::sync::Arc;

use super::settings::{Effective, InboundTls, Origins, Setting, Settings};

/// What holds at a level. `L` names a level. Cheap to clone; a level that sets nothing shares what is above it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Folded<L> {
    pub effective: Arc<Effective>,
    pub origins: Arc<Origins<L>>,
    /// What the installation, the first level that is laid over the defaults, came to: what sessions are told before any
    /// domain is known. None: nothing is laid over them yet.
    pub(super) top: Option<Top<L>>,
    /// The strictest limit of messages' size that a level so far is held to, whatever policy says.
    pub(super) limit: Option<(u64, L)>,
}

/// What the installation came to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Top<L> {
    pub(super) effective: Arc<Effective>,
    pub(super) origins: Arc<Origins<L>>,
}

/// Where one value comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin<L> {
    /// None: the default that is built in.
    pub set_by: Option<L>,
    /// The level that keeps those below it from changing it.
    pub locked_by: Option<L>,
}

impl<L> Default for Origin<L> {
    fn default() -> Self {
        Self { set_by: None, locked_by: None }
    }
}

impl<L> Default for Folded<L> {
    /// The defaults that are built in.
    fn default() -> Self {
        Self { effective: Arc::default(), origins: Arc::default(), top: None, limit: None }
    }
}

impl<L: Clone> Folded<L> {
    /// Whatever comes next stands below the installation.
    pub(super) fn below_top(mut self) -> Self {
        if self.top.is_none() {
            self.top = Some(Top { effective: Arc::clone(&self.effective), origins: Arc::clone(&self.origins) });
        }
        self
    }

    /// What a tenant and all below it are held to: no policy there has more. Call where the tenant's own is laid over what is
    /// above it.
    #[must_use]
    pub fn held_to(mut self, level: &L, max_message_size_bytes: Option<u64>) -> Self {
        if let Some(most) = max_message_size_bytes
            && self.limit.as_ref().is_none_or(|(before, _)| most < *before)
        {
            self.limit = Some((most, level.clone()));
        }
        self.within_limit()
    }

    pub(super) fn within_limit(mut self) -> Self {
        if let Some((most, level)) = &self.limit
            && self.effective.max_message_size_bytes > *most
        {
            Arc::make_mut(&mut self.effective).max_message_size_bytes = *most;
            Arc::make_mut(&mut self.origins).max_message_size_bytes.set_by = Some(level.clone());
        }
        self
    }
}

/// Settings of one level that cannot hold where it is laid over what is above it: those that make no sense together, and
/// those that are more than the installation's. The levels above may change later: then what makes no sense has no effect,
/// and what is too much holds as far as it can.
pub fn contradictions<L: Clone>(above: &Folded<L>, level: &L, settings: &Settings) -> Vec<(Setting, String)> {
    let folded = above.overlaid_by(level, settings);
    let mut wrong = above.top.as_ref().map(|top| settings.beyond_top(&top.effective)).unwrap_or_default();
    if settings.inbound_tls_min_version.is_some() && folded.effective.inbound_tls == InboundTls::Optional {
        let why = "a version of TLS is demanded only where inbound_tls is required";
        wrong.push((Setting::InboundTlsMinVersion, why.to_owned()));
    }
    wrong
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::policy::settings::{BareNewline, TlsVersion};

    #[test]
    fn a_setting_has_one_name_everywhere() {
        for setting in Setting::ALL {
            assert_eq!(serde_json::to_value(setting).unwrap(), setting.name());
            assert_eq!(serde_json::from_value::<Setting>(setting.name().into()).unwrap(), *setting);
        }
        let all = Settings { max_line_octets: Some(998), keep_subject: Some(true), ..Settings::default() };
        assert_eq!(serde_json::to_string(&all).unwrap(), r#"{"max_line_octets":998,"keep_subject":true}"#);
        assert_eq!(serde_json::to_string(&Settings::default()).unwrap(), "{}", "a worker of before reads it");
    }

    #[test]
    fn the_defaults_are_in_range_and_do_not_contradict_each_other() {
        let defaults = Effective::default();
        let set = Settings {
            max_message_size_bytes: Some(defaults.max_message_size_bytes),
            max_line_octets: Some(defaults.max_line_octets),
            max_recipients: Some(defaults.max_recipients),
            max_client_connections: Some(defaults.max_client_connections),
            max_client_messages_per_minute: Some(defaults.max_client_messages_per_minute),
            max_client_messages_per_minute_to_tenant: Some(defaults.max_client_messages_per_minute_to_tenant),
            ..Settings::default()
        };
        assert_eq!(set.out_of_range(), vec![]);
        assert_eq!(contradictions(&Folded::default(), &0, &set), vec![]);
        let few = Settings { max_recipients: Some(99), max_line_octets: Some(997), ..Settings::default() };
        let wrong: Vec<_> = few.out_of_range().into_iter().map(|(setting, _)| setting).collect();
        assert_eq!(wrong, [Setting::MaxLineOctets, Setting::MaxRecipients]);
    }

    #[test]
    fn a_version_without_a_demand_for_tls_is_a_contradiction_unless_the_demand_comes_from_above() {
        let version = Settings { inbound_tls_min_version: Some(TlsVersion::Tls13), ..Settings::default() };
        let demand = Settings { inbound_tls: Some(InboundTls::Required), ..Settings::default() };
        let none = Folded::default();
        let wrong = contradictions(&none, &1, &version);
        assert_eq!(wrong.first().map(|(setting, _)| *setting), Some(Setting::InboundTlsMinVersion));
        let above = none.overlaid_by(&0, &demand);
        assert_eq!(contradictions(&above, &1, &version), vec![]);
        // A level that lifts the demand need not lift the version above it.
        let both = above.overlaid_by(&1, &version);
        let lifted = Settings { inbound_tls: Some(InboundTls::Optional), ..Settings::default() };
        assert_eq!(contradictions(&both, &2, &lifted), vec![]);
    }

    #[test]
    fn no_level_below_the_installation_has_more_than_what_sessions_are_told() {
        let bytes = |bytes| Settings { max_message_size_bytes: Some(bytes), ..Settings::default() };
        let defaults = Folded::default();
        let of = |folded: &Folded<u8>| {
            (folded.effective.max_message_size_bytes, folded.origins.max_message_size_bytes.set_by)
        };
        // The installation itself is bound by nothing but the range, and its default binds those below.
        let built_in = Effective::default().max_message_size_bytes;
        assert_eq!(contradictions(&defaults, &0, &bytes(built_in + 1)), vec![]);
        let nothing_set = defaults.overlaid_by(&0, &Settings::default());
        let wrong = contradictions(&nothing_set, &1, &bytes(built_in + 1));
        assert_eq!(wrong.first().map(|(setting, _)| *setting), Some(Setting::MaxMessageSizeBytes));
        assert_eq!(of(&nothing_set.overlaid_by(&1, &bytes(built_in + 1))), (built_in, None));
        // A tenant's value is no bound of its domains: who means one locks it.
        let tenant = defaults.overlaid_by(&0, &bytes(300_000)).overlaid_by(&1, &bytes(100_000));
        assert_eq!(contradictions(&tenant, &2, &bytes(300_000)), vec![]);
        assert_eq!(of(&tenant.overlaid_by(&2, &bytes(300_000))), (300_000, Some(2)));
        assert_eq!(of(&tenant.overlaid_by(&2, &bytes(300_001))), (300_000, Some(0)));
        let locked = Settings { locked: [Setting::MaxMessageSizeBytes].into(), ..bytes(400_000) };
        let held = tenant.overlaid_by(&2, &locked).overlaid_by(&3, &bytes(70_000));
        assert_eq!(of(&held), (300_000, Some(0)));
        assert_eq!(held.origins.max_message_size_bytes.locked_by, Some(2));
    }

    #[test]
    fn a_tenants_limit_of_size_holds_below_it_whatever_policy_says_and_the_strictest_of_all_holds() {
        let bytes = |bytes| Settings { max_message_size_bytes: Some(bytes), ..Settings::default() };
        let of = |folded: &Folded<u8>| {
            (folded.effective.max_message_size_bytes, folded.origins.max_message_size_bytes.set_by)
        };
        let nothing = Settings::default();
        let msp =
            Folded::default().overlaid_by(&0, &bytes(900_000)).overlaid_by(&1, &nothing).held_to(&1, Some(400_000));
        assert_eq!(of(&msp), (400_000, Some(1)));
        // Policy below has less, and no more; a lock above changes nothing of that.
        assert_eq!(of(&msp.overlaid_by(&2, &bytes(300_000))), (300_000, Some(2)));
        assert_eq!(of(&msp.overlaid_by(&2, &bytes(800_000))), (400_000, Some(1)));
        assert_eq!(of(&msp.overlaid_by(&2, &nothing).overlaid_by(&3, &bytes(500_000))), (400_000, Some(1)));
        // A limit below that is wider gives nothing; one that is narrower holds from there on, and not beside it.
        let customer = |most| msp.overlaid_by(&2, &nothing).held_to(&2, most);
        assert_eq!(of(&customer(Some(500_000)).overlaid_by(&3, &bytes(900_000))), (400_000, Some(1)));
        assert_eq!(of(&customer(Some(100_000)).overlaid_by(&3, &bytes(900_000))), (100_000, Some(2)));
        assert_eq!(of(&customer(None)), (400_000, Some(1)));
        // More than the installation has is no limit.
        let wide = Folded::default().overlaid_by(&0, &bytes(900_000)).held_to(&1, Some(1_000_000));
        assert_eq!(of(&wide), (900_000, Some(0)));
    }

    fn settings() -> impl Strategy<Value = Settings> {
        let locked = proptest::sample::subsequence(Setting::ALL.to_vec(), 0..=Setting::ALL.len());
        let flags = (proptest::option::of(any::<bool>()), proptest::option::of(any::<bool>()));
        let numbers = (proptest::option::of(998..2_000u32), proptest::option::of(0..3u32));
        // About the default, so that levels are above and below it.
        let recipients = proptest::option::of(998..1_003u32);
        (flags, numbers, recipients, any::<bool>(), locked, 0..4u8).prop_map(|all| {
            let (flags, numbers, max_recipients, tls, locked, how_many) = all;
            Settings {
                keep_subject: flags.0,
                bare_newline: flags.1.map(|flag| if flag { BareNewline::Reject } else { BareNewline::Normalize }),
                max_line_octets: numbers.0,
                max_client_messages_per_minute: numbers.1,
                inbound_tls: tls.then_some(InboundTls::Required),
                max_recipients,
                // Most levels lock little.
                locked: locked.into_iter().take(usize::from(how_many)).collect::<BTreeSet<_>>(),
                ..Settings::default()
            }
        })
    }

    fn folded(levels: &[Settings]) -> Folded<usize> {
        levels.iter().enumerate().fold(Folded::default(), |above, (n, level)| above.overlaid_by(&n, level))
    }

    proptest! {
        /// The words of the documentation, as code: the lowest level that sets it and stands above no lock, or at it.
        #[test]
        fn a_value_is_of_the_lowest_level_that_sets_it_down_to_the_first_lock(
            levels in proptest::collection::vec(settings(), 0..6),
        ) {
            let all = folded(&levels);
            let of = |setting, set: &dyn Fn(&Settings) -> bool| {
                let lock = levels.iter().position(|level| level.locked.contains(&setting));
                let open = levels.get(..=lock.unwrap_or(levels.len())).unwrap_or(&levels);
                (open.iter().rposition(set), lock)
            };
            let lines = of(Setting::MaxLineOctets, &|level| level.max_line_octets.is_some());
            let value = lines.0.and_then(|n| levels[n].max_line_octets).unwrap_or(65_536);
            prop_assert_eq!(all.effective.max_line_octets, value);
            prop_assert_eq!(&all.origins.max_line_octets, &Origin { set_by: lines.0, locked_by: lines.1 });
            let rate = of(Setting::MaxClientMessagesPerMinute, &|level| level.max_client_messages_per_minute.is_some());
            let value = rate.0.and_then(|n| levels[n].max_client_messages_per_minute).unwrap_or(0);
            prop_assert_eq!(all.effective.max_client_messages_per_minute, value);
            prop_assert_eq!(all.origins.of(Setting::MaxClientMessagesPerMinute).locked_by, rate.1);
        }

        /// What sessions are told bounds every level below, and nothing else does: the value that would hold without a
        /// bound holds as far as the installation's goes, and then it is the installation's.
        #[test]
        fn what_sessions_are_told_is_the_most_that_any_level_has(
            levels in proptest::collection::vec(settings(), 1..6),
        ) {
            let all = folded(&levels);
            let top = folded(levels.get(..1).unwrap_or_default());
            let told = top.effective.max_recipients;
            let lock = levels.iter().position(|level| level.locked.contains(&Setting::MaxRecipients));
            let open = levels.get(..=lock.unwrap_or(levels.len())).unwrap_or(&levels);
            let set_by = open.iter().rposition(|level| level.max_recipients.is_some());
            let wanted = set_by.and_then(|n| levels[n].max_recipients).unwrap_or(1_000);
            let holds = if set_by == Some(0) { wanted } else { wanted.min(told) };
            prop_assert_eq!(all.effective.max_recipients, holds);
            let from = if holds == wanted { set_by } else { top.origins.max_recipients.set_by };
            prop_assert_eq!(&all.origins.max_recipients, &Origin { set_by: from, locked_by: lock });
            // What a write is refused for is what would not hold as it is written.
            if let Some((last, above)) = levels.split_last().filter(|(_, above)| !above.is_empty()) {
                let refused = contradictions(&folded(above), &above.len(), last);
                let is_refused = refused.iter().any(|(setting, _)| *setting == Setting::MaxRecipients);
                prop_assert_eq!(is_refused, last.max_recipients.is_some_and(|value| value > told));
            }
        }

        /// Nothing below a level that locks everything changes anything.
        #[test]
        fn below_a_level_that_locks_all_nothing_changes(
            above in proptest::collection::vec(settings(), 0..4),
            below in proptest::collection::vec(settings(), 1..4),
        ) {
            let lock = Settings { locked: Setting::ALL.iter().copied().collect(), ..Settings::default() };
            let levels: Vec<_> = above.into_iter().chain([lock]).collect();
            let held = folded(&levels);
            let all: Vec<_> = levels.into_iter().chain(below).collect();
            prop_assert_eq!(folded(&all), held);
        }

        /// Worker and control plane name levels differently, and nothing else differs.
        #[test]
        fn names_of_levels_change_nothing(levels in proptest::collection::vec(settings(), 0..6)) {
            let nameless = levels.iter().fold(Folded::default(), |above, level| above.overlaid_by(&(), level));
            prop_assert_eq!(nameless.effective, folded(&levels).effective);
        }

        /// What was written is what is read, also by whom it passes through as JSON; taking all of it back inherits.
        #[test]
        fn settings_survive_json_and_can_be_inherited_again(settings in settings()) {
            let text = serde_json::to_string(&settings).unwrap();
            prop_assert_eq!(&serde_json::from_str::<Settings>(&text).unwrap(), &settings);
            let mut taken_back = settings.clone();
            for setting in Setting::ALL {
                taken_back.inherit(*setting);
            }
            prop_assert_eq!(&taken_back, &Settings { locked: settings.locked.clone(), ..Settings::default() });
            prop_assert_eq!(settings.newly_set(&settings), vec![]);
            prop_assert!(taken_back.newly_set(&settings).is_empty());
        }
    }
}
