//! What changed from one snapshot to the next, by whom it concerns.

use std::collections::HashSet;

use contract::{
    Id, ids,
    mail::Domain,
    snapshot::object::{Key, KeyError, ListScope},
};

#[derive(Debug, Default)]
pub(super) struct Dirty {
    pub installation: bool,
    pub tenants: HashSet<Id<ids::Tenant>>,
    pub domains: HashSet<Domain>,
    pub routes: HashSet<Id<ids::Route>>,
    pub certificates: HashSet<Id<ids::Certificate>>,
}

impl Dirty {
    pub(super) fn note(&mut self, key: &str) {
        match key.parse::<Key>() {
            Ok(Key::Installation | Key::List(ListScope::Installation, _)) => self.installation = true,
            Ok(Key::Tenant(id) | Key::List(ListScope::Tenant(id), _)) => drop(self.tenants.insert(id)),
            Ok(
                Key::Domain(name)
                | Key::Recipients(name, _)
                | Key::Aliases(name, _)
                | Key::List(ListScope::Domain(name), _),
            ) => {
                self.domains.insert(name);
            }
            Ok(Key::Route(id)) => drop(self.routes.insert(id)),
            Ok(Key::Certificate(id)) => drop(self.certificates.insert(id)),
            // A key that nobody could have asked for; `open` has put it among the errors if it holds anything.
            Err(KeyError) => {}
        }
    }
}
