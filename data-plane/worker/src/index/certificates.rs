//! Certificates by the names they are shown for. A tenant's is shown only for names within its own active domains, by the
//! same snapshot: a domain that goes takes the name along. A key that does not open costs only its certificate, and what
//! was shown before goes on being shown.

use std::{
    collections::{BTreeMap, HashMap, HashSet},
    sync::Arc,
};

use contract::{
    Id, Micros, ids,
    mail::Domain,
    snapshot::{
        Verified,
        hash::Hash,
        object::{self, Key},
        open::{Part, Snapshot},
        pool_key::{OpenError, PoolKeys},
    },
    worker_api::PartError,
};
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
    sign::CertifiedKey,
};

/// A certificate that can be shown.
#[derive(Debug)]
pub struct Showable {
    pub id: Id<ids::Certificate>,
    pub tenant: Option<Id<ids::Tenant>>,
    names: Vec<String>,
    pub not_after: Micros,
    /// SHA-256 of all that is shown, intermediates too: a chain that was mended is another one.
    pub fingerprint: Hash,
    pub key: Arc<CertifiedKey>,
}

/// All that can be shown, by one snapshot.
#[derive(Debug, Default)]
pub struct Certificates {
    /// By exact name, and by what stands behind a wildcard's asterisk.
    exact: HashMap<String, Arc<Showable>>,
    wildcard: HashMap<String, Arc<Showable>>,
    /// The installation's, also where a tenant's stands before them.
    installations_wildcard: HashMap<String, Arc<Showable>>,
    /// Domains that a wildcard of another tenant would cover.
    kept_out: HashSet<String>,
    by_id: HashMap<Id<ids::Certificate>, Arc<Showable>>,
}

impl Certificates {
    /// What is shown for a name, in lower case: its own, or a wildcard of one label (RFC 6125 §6.4.3).
    pub fn for_name(&self, name: &str) -> Option<&Arc<Showable>> {
        self.exact.get(name).or_else(|| {
            let wildcards = if self.kept_out.contains(name) { &self.installations_wildcard } else { &self.wildcard };
            wildcards.get(name.split_once('.')?.1)
        })
    }

    pub fn get(&self, id: Id<ids::Certificate>) -> Option<&Arc<Showable>> {
        self.by_id.get(&id)
    }

    /// In no order.
    pub fn all(&self) -> impl Iterator<Item = &Arc<Showable>> {
        self.by_id.values()
    }
}

/// What is remembered of certificates from one snapshot to the next.
#[derive(Debug, Default)]
pub(super) struct Keeper {
    keys: PoolKeys,
    held: BTreeMap<Id<ids::Certificate>, Held>,
    table: Arc<Certificates>,
    stale: bool,
}

#[derive(Debug, Default)]
struct Held {
    /// The last one that could be used.
    ready: Option<Arc<Showable>>,
    /// Why the newest could not.
    error: Option<PartError>,
    lacks: Lacks,
}

/// What of the pool's keys is missing for a certificate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
enum Lacks {
    #[default]
    Nothing,
    Version(u32),
    /// It does not open with the key of its version. A control plane that was restored from a backup may have given the same
    /// number to another key.
    Another,
}

impl Lacks {
    fn of(opened: &Result<Showable, Unusable>) -> Self {
        match opened {
            Err(Unusable::Sealed(OpenError::UnknownVersion(version))) => Self::Version(*version),
            Err(Unusable::Sealed(OpenError::Changed)) => Self::Another,
            _ => Self::Nothing,
        }
    }
}

impl Keeper {
    pub(super) fn is_empty(&self) -> bool {
        self.held.is_empty()
    }

    pub(super) fn use_keys(&mut self, keys: PoolKeys) {
        self.keys = keys;
    }

    /// Is there a certificate whose key was sealed with one that is not known?
    pub(super) fn lacks_keys(&self, snapshot: &Verified<Snapshot>) -> bool {
        let mut sealed_anew = false;
        snapshot.for_each_changed(&mut |key| {
            sealed_anew |= key.starts_with("certificate/")
                && matches!(snapshot.get(key),
                    Some(Part::Certificate(certificate)) if !self.keys.knows(certificate.key.key_version));
        });
        sealed_anew
            || self.held.values().any(|held| match held.lacks {
                Lacks::Nothing => false,
                Lacks::Version(version) => !self.keys.knows(version),
                Lacks::Another => true,
            })
    }

    pub(super) fn errors(&self) -> impl Iterator<Item = &PartError> {
        self.held.values().filter_map(|held| held.error.as_ref())
    }

    /// Takes in certificates that changed, and those that waited for a key.
    pub(super) fn take(&mut self, snapshot: &Verified<Snapshot>, changed: &HashSet<Id<ids::Certificate>>) {
        let waiting = self.held.iter().filter(|(_, held)| match held.lacks {
            Lacks::Nothing => false,
            Lacks::Version(version) => self.keys.knows(version),
            Lacks::Another => true,
        });
        let due: HashSet<_> = waiting.map(|(id, _)| *id).chain(changed.iter().copied()).collect();
        for id in due {
            self.stale = true;
            let key = Key::Certificate(id).to_string();
            if !snapshot.names(&key) {
                self.held.remove(&id);
                continue;
            }
            let held = self.held.entry(id).or_default();
            // One that cannot be read is among the snapshot's own errors.
            let Some(Part::Certificate(certificate)) = snapshot.get(&key) else { continue };
            let opened = open(certificate, &self.keys);
            held.lacks = Lacks::of(&opened);
            held.error = opened.as_ref().err().map(|why| PartError {
                key,
                tenant: certificate.tenant,
                pointer: "/key".to_owned(),
                message: why.to_string(),
            });
            if let Ok(ready) = opened {
                held.ready = Some(Arc::new(ready));
            }
        }
    }

    /// What is shown now. `moved`: domains came, went, or have other owners. `domains`: all of them.
    pub(super) fn table<'a, I: Iterator<Item = &'a Domain>>(
        &mut self,
        moved: bool,
        domains: impl Fn() -> I,
        owner: impl Fn(&Domain) -> Owner,
    ) -> Arc<Certificates> {
        if std::mem::take(&mut self.stale) || (moved && !self.held.is_empty()) {
            let mut table = table(self.held.values().filter_map(|held| held.ready.as_ref()), &owner);
            if table.wildcard.values().any(|ready| ready.tenant.is_some()) {
                table.keep_out(domains(), &owner);
            }
            self.table = Arc::new(table);
        }
        Arc::clone(&self.table)
    }
}

/// Whose a domain is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Owner {
    /// It is no active domain here: whoever has the one above it has it too.
    Nobody,
    Tenant(Id<ids::Tenant>),
    /// It is in the snapshot and cannot be read: nobody's certificate is shown for it.
    Unknown,
}

impl Certificates {
    /// A wildcard covers names below its own domain, and one of them may be another tenant's domain.
    fn keep_out<'a>(&mut self, domains: impl Iterator<Item = &'a Domain>, owner: &impl Fn(&Domain) -> Owner) {
        for domain in domains {
            let name = domain.as_ascii();
            let covered = name.split_once('.').and_then(|(_, base)| self.wildcard.get(base));
            let Some(tenant) = covered.and_then(|ready| ready.tenant) else { continue };
            if !matches!(owner(domain), Owner::Nobody) && owner(domain) != Owner::Tenant(tenant) {
                self.kept_out.insert(name.to_owned());
            }
        }
    }
}

fn table<'a>(all: impl Iterator<Item = &'a Arc<Showable>>, owner: &impl Fn(&Domain) -> Owner) -> Certificates {
    let mut table = Certificates::default();
    for ready in all {
        table.by_id.insert(ready.id, Arc::clone(ready));
        for name in &ready.names {
            if ready.tenant.is_some_and(|tenant| holder(name, owner) != Owner::Tenant(tenant)) {
                continue;
            }
            match name.strip_prefix("*.") {
                Some(base) => {
                    put(&mut table.wildcard, base, ready);
                    if ready.tenant.is_none() {
                        put(&mut table.installations_wildcard, base, ready);
                    }
                }
                None => put(&mut table.exact, name, ready),
            }
        }
    }
    table
}

fn put(names: &mut HashMap<String, Arc<Showable>>, name: &str, ready: &Arc<Showable>) {
    if names.get(name).is_none_or(|other| precedence(ready) > precedence(other)) {
        names.insert(name.to_owned(), Arc::clone(ready));
    }
}

/// Whoever gets here with a tenant is the owner of the name: the owner before the installation, then what ends later, then
/// what was uploaded later.
fn precedence(ready: &Showable) -> (bool, Micros, Id<ids::Certificate>) {
    (ready.tenant.is_some(), ready.not_after, ready.id)
}

/// Whose the nearest active domain is that the name is or stands below.
fn holder(name: &str, owner: &impl Fn(&Domain) -> Owner) -> Owner {
    let first = name.strip_prefix("*.").unwrap_or(name).parse::<Domain>().ok();
    let mut owners = std::iter::successors(first, Domain::parent).map(|domain| owner(&domain));
    owners.find(|owner| *owner != Owner::Nobody).unwrap_or(Owner::Nobody)
}

#[derive(Debug, thiserror::Error)]
enum Unusable {
    #[error(transparent)]
    Sealed(#[from] OpenError),
    #[error("the chain cannot be read")]
    Chain,
    #[error("the key is of a kind that is not known here")]
    Key,
    #[error("the key is another certificate's")]
    Mismatch,
}

fn open(certificate: &object::Certificate, keys: &PoolKeys) -> Result<Showable, Unusable> {
    let context = object::Certificate::context(certificate.id, &certificate.chain);
    let key = keys.open(&context, &certificate.key)?;
    let chain: Vec<CertificateDer<'static>> = CertificateDer::pem_slice_iter(certificate.chain.as_bytes())
        .collect::<Result<_, _>>()
        .map_err(|_| Unusable::Chain)?;
    let leaf = chain.first().ok_or(Unusable::Chain)?;
    let (_, parsed) = x509_parser::parse_x509_certificate(leaf).map_err(|_| Unusable::Chain)?;
    let not_after = Micros::from_secs(parsed.validity().not_after.timestamp());
    let fingerprint = Hash::of(&chain.iter().flat_map(|one| one.iter().copied()).collect::<Vec<_>>());
    let key = PrivateKeyDer::try_from(&**key).map_err(|_| Unusable::Key)?;
    let signer = any_supported_type(&key).map_err(|_| Unusable::Key)?;
    let key = CertifiedKey::new(chain, signer);
    key.keys_match().map_err(|_| Unusable::Mismatch)?;
    let names = certificate.names.clone();
    Ok(Showable { id: certificate.id, tenant: certificate.tenant, names, not_after, fingerprint, key: Arc::new(key) })
}
