//! Rows → objects. Pure: the same rows make the same bytes, on whichever replica.

use std::collections::{BTreeMap, HashMap};

use contract::{
    Id, Micros, ids,
    mail::{Domain, Mailbox},
    policy::{
        Settings,
        lists::{Entry, ListKind, Subject},
        recipient::Unasked,
    },
    snapshot::{
        object::{
            Alias, AliasDomain, AliasDomainHop, Aliases, DomainObject, DomainState, HashKey, HashSet, Installation,
            Key, Limits, List, ListScope, Object, ROUTES_APART, RecipientRule, Recipients, RouteObject, ShardPrefix,
            TENANTS_HELD, Tenant, TenantState,
        },
        piece::{self, EncodeError, Piece},
        pool_key::PoolKey,
        shard::shards,
    },
};
use uuid::Uuid;

use super::source::{AliasRow, DomainRow, EntryRow, RouteRow, TenantRow};
use crate::{certificates::Certificate, db::StoreError, installation, routes::Destination, vault::Vault};

/// Why a row makes no object.
#[derive(Debug, thiserror::Error)]
pub(super) enum CompileError {
    #[error("a stored row makes no sense")]
    Row(#[from] StoreError),
    #[error("an object cannot be written")]
    Encode(#[from] EncodeError),
}

/// Objects, and the owners whose shards they are all of: keys of such an owner that are not among them are gone.
#[derive(Debug)]
pub(super) struct Compiled {
    /// In which objects are written.
    pub schema: u16,
    pub pieces: Vec<Piece>,
    /// Beginnings of keys (`recipients/acme.example/`).
    pub owners: Vec<String>,
    /// Single keys that are gone.
    pub gone: Vec<Key>,
}

impl Compiled {
    pub(super) const fn new(schema: u16) -> Self {
        Self { schema, pieces: Vec::new(), owners: Vec::new(), gone: Vec::new() }
    }

    fn add(&mut self, object: &Object) -> Result<(), CompileError> {
        self.pieces.push(piece::encode(object)?);
        Ok(())
    }

    fn list(&mut self, scope: &ListScope, entries: Vec<Entry>) -> Result<Vec<ShardPrefix>, CompileError> {
        self.owners.push(format!("list/{scope}/"));
        let mut prefixes = Vec::new();
        for (prefix, entries) in shards(entries) {
            self.add(&Object::List(List { scope: scope.clone(), prefix, entries }))?;
            prefixes.push(prefix);
        }
        prefixes.sort_unstable();
        Ok(prefixes)
    }

    pub(super) fn installation(
        &mut self,
        row: &installation::Installation,
        postmaster: Option<Mailbox>,
        entries: &[EntryRow],
    ) -> Result<(), CompileError> {
        let entries = entries.iter().map(|row| entry(row, None)).collect::<Result<_, _>>()?;
        let list = self.list(&ListScope::Installation, entries)?;
        self.add(&Object::Installation(Installation {
            id: row.id,
            policy: row.policy.clone(),
            allowed_hop_ranges: row.configured.allowed_hop_ranges.clone(),
            postmaster,
            list,
        }))
    }

    pub(super) fn tenant(&mut self, row: &TenantRow, entries: &[EntryRow]) -> Result<(), CompileError> {
        let id: Id<ids::Tenant> = Id::from_uuid(row.id);
        let entries = entries.iter().map(|row| entry(row, None)).collect::<Result<_, _>>()?;
        let list = self.list(&ListScope::Tenant(id), entries)?;
        // Where somebody is who cannot read it, a suspension only defers, and no limit holds.
        let (refuse_from, limits) = if self.schema >= TENANTS_HELD {
            (row.suspended_at.and(row.refuse_from).map(Micros::from_micros), limits(row)?)
        } else {
            (None, Limits::default())
        };
        self.add(&Object::Tenant(Tenant {
            id,
            parent: row.parent_id.map(Id::from_uuid),
            state: match (row.suspended_at, row.closes_at) {
                (Some(_), _) => TenantState::Suspended,
                (None, Some(_)) => TenantState::Closing,
                (None, None) => TenantState::Active,
            },
            refuse_from,
            limits,
            policy: policy(&row.policy)?,
            list,
        }))
    }

    pub(super) fn domain(
        &mut self,
        row: &DomainRow,
        locals: &[String],
        aliases: &[AliasRow],
        entries: &[EntryRow],
    ) -> Result<(), CompileError> {
        let name: Domain = row.name.parse().map_err(StoreError::corrupt("domains.name"))?;
        self.shards_of(&name);
        let state = if row.state == "active" {
            DomainState::Active
        } else {
            DomainState::Pending { defer_until: Micros::from_micros(row.defer_until) }
        };
        if let Some(primary) = &row.primary_name {
            return self.add(&Object::AliasDomain(AliasDomain {
                id: Id::from_uuid(row.id),
                name,
                tenant: Id::from_uuid(row.tenant_id),
                state,
                primary: primary.parse().map_err(StoreError::corrupt("domains.name"))?,
                hop_sees: match row.alias_hop_sees.as_deref() {
                    Some("primary") => AliasDomainHop::Primary,
                    _ => AliasDomainHop::AsWritten,
                },
            }));
        }
        let key: [u8; 16] = row
            .hash_key
            .as_slice()
            .try_into()
            .map_err(StoreError::corrupt::<std::array::TryFromSliceError>("domains.hash_key"))?;
        let hash_key = HashKey(key);
        let recipients = match (row.recipients.as_str(), row.call_out.as_deref()) {
            ("any", None) => RecipientRule::Any,
            ("any", Some(call_out)) => RecipientRule::CallOut {
                shards: self.recipients(&name, &hash_key, locals)?,
                unasked: if call_out == "accept" { Unasked::Accept } else { Unasked::Defer },
            },
            _ => RecipientRule::Listed { shards: self.recipients(&name, &hash_key, locals)? },
        };
        let aliases = self.aliases(&name, &hash_key, aliases)?;
        let entries = entries.iter().map(|row| entry(row, Some(&hash_key))).collect::<Result<_, _>>()?;
        let list = self.list(&ListScope::Domain(name.clone()), entries)?;
        let (route, route_id) = if self.schema >= ROUTES_APART {
            (None, row.route_id.map(Id::from_uuid))
        } else {
            // A route is shared by domains, and a provider's host is each one's own: only here both are known.
            (row.route().map(|route| route_object(&route)).transpose()?.map(|route| route.for_domain(&name)), None)
        };
        self.add(&Object::Domain(Box::new(DomainObject {
            id: Id::from_uuid(row.id),
            name,
            tenant: Id::from_uuid(row.tenant_id),
            state,
            recipients,
            route,
            route_id,
            policy: policy(&row.policy)?,
            list,
            aliases,
            hash_key,
        })))
    }

    pub(super) fn route(&mut self, row: &RouteRow) -> Result<(), CompileError> {
        self.add(&Object::Route(route_object(row)?))
    }

    pub(super) fn certificate(&mut self, row: &Certificate, vault: &Vault, key: &PoolKey) -> Result<(), CompileError> {
        self.add(&Object::Certificate(Box::new(row.object(vault, key)?)))
    }

    fn recipients(
        &mut self,
        name: &Domain,
        hash_key: &HashKey,
        locals: &[String],
    ) -> Result<Vec<ShardPrefix>, CompileError> {
        let mut prefixes = Vec::new();
        for (prefix, hashes) in shards(locals.iter().map(|local| hash_key.hash_folded(local)).collect()) {
            let hashes = HashSet::new(hashes);
            self.add(&Object::Recipients(Recipients { domain: name.clone(), prefix, hashes }))?;
            prefixes.push(prefix);
        }
        prefixes.sort_unstable();
        Ok(prefixes)
    }

    fn aliases(
        &mut self,
        name: &Domain,
        hash_key: &HashKey,
        rows: &[AliasRow],
    ) -> Result<Vec<ShardPrefix>, CompileError> {
        let alias = |row: &AliasRow| {
            let rewritten = row.hop_sees.as_deref() == Some("mailbox");
            let mailbox = || row.local_part.parse().map_err(StoreError::corrupt("recipients.local_part"));
            Ok(Alias {
                hash: hash_key.hash_folded(&row.local_key),
                of: hash_key.hash_folded(&row.alias_of),
                rewrite_to: rewritten.then(mailbox).transpose()?,
            })
        };
        let all: Vec<_> = rows.iter().map(alias).collect::<Result<_, StoreError>>()?;
        let mut prefixes = Vec::new();
        for (prefix, mut aliases) in shards(all) {
            aliases.sort_unstable_by_key(|alias| alias.hash);
            self.add(&Object::Aliases(Aliases { domain: name.clone(), prefix, aliases }))?;
            prefixes.push(prefix);
        }
        prefixes.sort_unstable();
        Ok(prefixes)
    }

    /// Shards that stand under a domain's name: those that are not compiled again are gone.
    fn shards_of(&mut self, name: &Domain) {
        self.owners.extend(["recipients", "aliases", "list"].map(|kind| format!("{kind}/{name}/")));
    }

    /// Takes in what `make` compiles, or puts a mark of damage in its place: one row that makes no sense must not hold up
    /// everybody's configuration.
    pub(super) fn or_damaged(
        &mut self,
        key: Key,
        make: impl FnOnce(&mut Self) -> Result<(), CompileError>,
    ) -> Result<(), CompileError> {
        let mut part = Self::new(self.schema);
        match make(&mut part) {
            Ok(()) => {
                self.pieces.append(&mut part.pieces);
                self.owners.append(&mut part.owners);
                self.gone.append(&mut part.gone);
            }
            Err(error) => {
                let cause = std::error::Error::source(&error).map(ToString::to_string).unwrap_or_default();
                tracing::error!(%key, %error, cause, "cannot be compiled; workers keep the last good state of it");
                self.pieces.push(piece::damaged(key)?);
            }
        }
        Ok(())
    }

    pub(super) fn no_tenant(&mut self, id: Id<ids::Tenant>) {
        self.gone.push(Key::Tenant(id));
        self.owners.push(format!("list/{id}/"));
    }

    pub(super) fn no_domain(&mut self, name: &Domain) {
        self.gone.push(Key::Domain(name.clone()));
        self.shards_of(name);
    }
}

/// One row a name: the one that counts.
pub(super) fn one_a_name(rows: Vec<DomainRow>) -> BTreeMap<String, DomainRow> {
    let mut by_name: BTreeMap<String, DomainRow> = BTreeMap::new();
    for row in rows {
        let better = by_name.get(&row.name).is_none_or(|other| row.precedence() < other.precedence());
        if better {
            by_name.insert(row.name.clone(), row);
        }
    }
    by_name
}

pub(super) fn grouped<T>(rows: impl IntoIterator<Item = (Uuid, T)>) -> HashMap<Uuid, Vec<T>> {
    let mut groups: HashMap<Uuid, Vec<T>> = HashMap::new();
    for (id, row) in rows {
        groups.entry(id).or_default().push(row);
    }
    groups
}

fn limits(row: &TenantRow) -> Result<Limits, StoreError> {
    let corrupt = "tenants.max_message_size_bytes";
    Ok(Limits {
        // More than can be counted is no limit.
        max_messages_per_hour: row.max_messages_per_hour.map(|most| u32::try_from(most).unwrap_or(u32::MAX)),
        max_message_size_bytes: row
            .max_message_size_bytes
            .map(u64::try_from)
            .transpose()
            .map_err(StoreError::corrupt(corrupt))?,
    })
}

fn policy(text: &str) -> Result<Settings, StoreError> {
    serde_json::from_str(text).map_err(StoreError::corrupt("policy"))
}

fn route_object(row: &RouteRow) -> Result<RouteObject, StoreError> {
    let max_connections = row.max_connections.map(u32::try_from).transpose();
    Ok(RouteObject {
        id: Id::from_uuid(row.id),
        destination: Destination::from_stored(&row.kind, &row.hops)?.object(),
        max_connections: max_connections.map_err(StoreError::corrupt("routes.max_connections"))?,
        certificate: row.certificate_id.map(Id::from_uuid),
    })
}

fn entry(row: &EntryRow, hash_key: Option<&HashKey>) -> Result<Entry, StoreError> {
    let corrupt = "list_entries.subject";
    let subject = if row.subject_kind == "client" {
        Subject::Client(row.subject.parse().map_err(StoreError::corrupt::<contract::mail::CidrError>(corrupt))?)
    } else {
        Subject::Sender(
            row.subject.parse().map_err(StoreError::corrupt::<contract::policy::lists::PatternError>(corrupt))?,
        )
    };
    let recipient = match (&row.recipient, hash_key) {
        (Some(recipient), Some(key)) if row.scope == "recipient" => Some(key.hash_folded(&recipient.to_lowercase())),
        _ => None,
    };
    Ok(Entry {
        id: Id::from_uuid(row.id),
        kind: if row.kind == "allow" { ListKind::Allow } else { ListKind::Block },
        subject,
        recipient,
        expires_at: row.expires_at.map(Micros::from_micros),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row() -> DomainRow {
        DomainRow {
            id: Uuid::from_u128(1),
            tenant_id: Uuid::from_u128(2),
            name: "second.example".to_owned(),
            state: "active".to_owned(),
            recipients: "listed".to_owned(),
            hash_key: vec![7; 16],
            defer_until: 0,
            created_at: 0,
            call_out: None,
            policy: "{}".to_owned(),
            alias_hop_sees: None,
            primary_name: None,
            route_id: None,
            route_kind: None,
            max_connections: None,
            certificate_id: None,
            hops: None,
        }
    }

    fn objects(row: &DomainRow) -> Vec<String> {
        let alias = AliasRow {
            domain_id: row.id,
            local_key: "a.smith".to_owned(),
            alias_of: "anna".to_owned(),
            hop_sees: Some("mailbox".to_owned()),
            local_part: "Anna".to_owned(),
        };
        let mut compiled = Compiled::new(ROUTES_APART);
        compiled.domain(row, &["anna".to_owned(), "a.smith".to_owned()], &[alias], &[]).unwrap();
        assert_eq!(compiled.owners.iter().filter(|owner| owner.starts_with("aliases/")).count(), 1);
        compiled.pieces.iter().map(|piece| piece.key.to_string()).collect()
    }

    #[test]
    fn an_alias_domain_is_one_object_whatever_it_had_of_its_own() {
        let alias = DomainRow { primary_name: Some("main.example".to_owned()), ..row() };
        assert_eq!(objects(&alias), ["domain/second.example"]);
        let listed = ["recipients/second.example/-", "aliases/second.example/-", "domain/second.example"];
        assert_eq!(objects(&row()), listed);
        let call_out = DomainRow { recipients: "any".to_owned(), call_out: Some("accept".to_owned()), ..row() };
        assert_eq!(objects(&call_out), listed);
        let any = DomainRow { recipients: "any".to_owned(), ..row() };
        assert_eq!(objects(&any), listed[1..]);
    }
}
