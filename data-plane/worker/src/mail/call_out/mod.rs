//! Asking the next hop at RCPT whether it knows a recipient: what was asked before is remembered, what is being asked now
//! is asked once, and neither a client nor a next hop is asked for more than its budget.

mod answer;
pub(crate) mod budget;
mod memory;

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, MutexGuard, PoisonError},
};

use contract::{
    Id, ids,
    mail::{Cidr, Domain, Host, Mailbox},
    policy::recipient::{CallOut, Unasked},
    snapshot::hash::Hash,
};
use tokio::{
    sync::watch,
    time::{Duration, Instant},
};

use super::{
    budget::network_of,
    config::Delivery,
    delivery::{Asked, Deliverer, Way},
};
pub(crate) use answer::Answer;
use answer::answer;
use budget::Buckets;
use memory::Memory;

/// Recipients that are there, and that are not: each about 150 octets.
const MOST_POSITIVE: usize = 100_000;
const MOST_NEGATIVE: usize = 20_000;
const MOST_DOMAINS: usize = 20_000;
/// A hop that cannot be asked about a domain at all is left alone for so long.
const UNASKED_FOR: Duration = Duration::from_mins(1);

#[derive(Debug)]
pub(crate) struct CallOuts {
    deliverer: Arc<Deliverer>,
    patience: Duration,
    state: Mutex<State>,
}

#[derive(Debug)]
struct State {
    positive: Memory<Key, ()>,
    negative: Memory<Key, ()>,
    /// Domains whose next hop takes any local part, or does not: the question is asked anew after a time.
    takes_any: Memory<Place, bool>,
    /// Domains whose next hop refuses to be asked.
    refuses: Memory<Place, ()>,
    asking: HashMap<Key, watch::Receiver<Option<Told>>>,
    clients: Buckets<Cidr>,
}

/// Whom the next hop would see, of which tenant: sixteen octets of a hash, so that no address is kept.
type Key = (Option<Id<ids::Tenant>>, [u8; 16]);
type Place = (Option<Id<ids::Tenant>>, Domain);

/// What the one who asked tells all who wait.
#[derive(Debug, Clone)]
pub(crate) struct Told {
    answer: Answer,
    /// In the hop's words; none from memory.
    pub hop_reply: Option<String>,
    about_the_hop: AboutHop,
}

/// What an answer says of the hop, beyond the recipient.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum AboutHop {
    Nothing,
    /// It takes no mail of the null sender.
    RefusesToBeAsked,
    /// It takes whoever is there and nobody else.
    Discerns,
}

impl Told {
    fn remembered(answer: Answer) -> Self {
        Self { answer, hop_reply: None, about_the_hop: AboutHop::Nothing }
    }

    /// What it means in a domain that says what holds when nobody could be asked.
    pub(crate) fn means(&self, unasked: Unasked) -> CallOut {
        match self.answer {
            Answer::Accepted => CallOut::Accepted,
            Answer::Refused => CallOut::Refused,
            Answer::CatchAll => CallOut::CatchAll,
            Answer::Unasked => CallOut::Unasked(unasked),
            // Delivery says so better, with the hop's own lack for a reason.
            Answer::Lacking => CallOut::Unasked(Unasked::Accept),
            Answer::OverBudget => CallOut::OverBudget,
        }
    }
}

impl CallOuts {
    pub(crate) fn new(settings: &Delivery, deliverer: Arc<Deliverer>) -> Arc<Self> {
        let seconds = Duration::from_secs;
        Arc::new(Self {
            deliverer,
            patience: seconds(settings.call_out_timeout_s),
            state: Mutex::new(State {
                positive: Memory::new(seconds(settings.call_out_positive_s), MOST_POSITIVE),
                negative: Memory::new(seconds(settings.call_out_negative_s), MOST_NEGATIVE),
                takes_any: Memory::new(seconds(settings.call_out_catch_all_s), MOST_DOMAINS),
                refuses: Memory::new(UNASKED_FOR, MOST_DOMAINS),
                asking: HashMap::new(),
                clients: Buckets::new(settings.call_outs_per_client_per_minute),
            }),
        })
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// What the next hop says of a recipient, by its address there. Waits for the hop where nothing is remembered.
    pub(crate) async fn ask(self: &Arc<Self>, way: &Way, recipient: &Mailbox, client: IpAddr) -> Told {
        let told = match self.begin(way, recipient, client) {
            Ok(told) => told,
            Err(mut asking) => {
                let told = asking.wait_for(Option::is_some).await.ok().and_then(|told| told.clone());
                // Whoever asked was ended.
                told.unwrap_or_else(|| Told::remembered(Answer::Unasked))
            }
        };
        let from = if told.hop_reply.is_some() { "hop" } else { "memory" };
        metrics::counter!("postern_call_outs_total", "answer" => told.answer.name(), "from" => from).increment(1);
        told
    }

    /// What is known; or where it will be told.
    fn begin(
        self: &Arc<Self>,
        way: &Way,
        recipient: &Mailbox,
        client: IpAddr,
    ) -> Result<Told, watch::Receiver<Option<Told>>> {
        let Host::Domain(domain) = recipient.host() else { return Ok(Told::remembered(Answer::Unasked)) };
        let (key, place) = (key(way, recipient), (way.owner.tenant, domain.clone()));
        let (now, route) = (Instant::now(), &way.route);
        let mut state = self.state();
        let takes_any = state.takes_any.get(&place, route, now);
        if takes_any == Some(true) {
            return Ok(Told::remembered(Answer::CatchAll));
        }
        if state.positive.get(&key, route, now).is_some() {
            return Ok(Told::remembered(Answer::Accepted));
        }
        if state.negative.get(&key, route, now).is_some() {
            return Ok(Told::remembered(Answer::Refused));
        }
        if state.refuses.get(&place, route, now).is_some() {
            return Ok(Told::remembered(Answer::Unasked));
        }
        if let Some(asking) = state.asking.get(&key) {
            return Err(asking.clone());
        }
        let network = network_of(client);
        if !state.clients.take(network, now) {
            return Ok(Told::remembered(Answer::OverBudget));
        }
        let (tell, asking) = watch::channel(None);
        state.asking.insert(key, asking.clone());
        drop(state);
        let question = Question {
            way: way.clone(),
            recipient: recipient.clone(),
            stranger: takes_any.is_none().then(|| self.stranger(recipient)),
            key,
            place,
            network,
        };
        // A task of its own: it is of use to others even if this client leaves.
        let call_outs = Arc::clone(self);
        tokio::spawn(async move {
            let told = call_outs.put(&question).await;
            call_outs.learn(&question, &told);
            let _ = tell.send(Some(told));
        });
        Err(asking)
    }

    /// A local part that nobody has.
    fn stranger(&self, recipient: &Mailbox) -> Mailbox {
        let random = u64::from_be_bytes(self.deliverer.entropy.bytes());
        let local = format!("no-such-recipient-{random:016x}").parse().expect("letters, digits and hyphens");
        Mailbox::new(local, recipient.host().clone())
    }

    async fn put(&self, question: &Question) -> Told {
        let Question { way, recipient, stranger, .. } = question;
        match self.deliverer.ask(way, recipient, stranger.as_ref(), Instant::now() + self.patience).await {
            Asked::Told { reply, stranger } => {
                let (answer, about_the_hop) = match (answer(&reply), stranger.as_ref().map(self::answer)) {
                    (Answer::Accepted, Some(Answer::Accepted)) => (Answer::CatchAll, AboutHop::Nothing),
                    (Answer::Accepted, Some(Answer::Refused)) => (Answer::Accepted, AboutHop::Discerns),
                    (answer, _) => (answer, AboutHop::Nothing),
                };
                Told { answer, hop_reply: Some(reply.to_string()), about_the_hop }
            }
            Asked::RefusesNullSender(reply) => {
                let about_the_hop = AboutHop::RefusesToBeAsked;
                Told { answer: Answer::Unasked, hop_reply: Some(reply.to_string()), about_the_hop }
            }
            Asked::Lacking => Told::remembered(Answer::Lacking),
            Asked::Unusable(error) => {
                tracing::debug!(domain = %question.place.1, %error, "a next hop could not be asked about a recipient");
                Told::remembered(Answer::Unasked)
            }
        }
    }

    fn learn(&self, question: &Question, told: &Told) {
        let Question { way, key, place, network, .. } = question;
        let (now, route) = (Instant::now(), &way.route);
        let mut state = self.state();
        state.asking.remove(key);
        if told.answer != Answer::Refused {
            // Only who asks for what is not there pays for it.
            state.clients.give_back(network);
        }
        match told.answer {
            Answer::Accepted => {
                state.negative.remove(key);
                state.positive.insert(*key, (), route, now);
            }
            Answer::Refused => {
                state.positive.remove(key);
                state.negative.insert(*key, (), route, now);
            }
            Answer::CatchAll => {
                tracing::info!(domain = %place.1, "its next hop takes any local part: asking it says nothing");
                state.takes_any.insert(place.clone(), true, route, now);
            }
            Answer::Unasked | Answer::Lacking | Answer::OverBudget => {}
        }
        match told.about_the_hop {
            AboutHop::Nothing => {}
            // It would say the same of the next recipient.
            AboutHop::RefusesToBeAsked => state.refuses.insert(place.clone(), (), route, now),
            AboutHop::Discerns => state.takes_any.insert(place.clone(), false, route, now),
        }
    }
}

struct Question {
    way: Way,
    recipient: Mailbox,
    /// Asked about as well, where it is not known whether the hop takes anybody.
    stranger: Option<Mailbox>,
    key: Key,
    place: Place,
    network: Cidr,
}

/// Local parts are compared without regard to case.
fn key(way: &Way, recipient: &Mailbox) -> Key {
    let mut cut = [0; 16];
    let hash = Hash::of(recipient.to_string().to_lowercase().as_bytes());
    cut.iter_mut().zip(hash.as_bytes()).for_each(|(to, from)| *to = *from);
    (way.owner.tenant, cut)
}
