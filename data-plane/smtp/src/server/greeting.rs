//! The two beginnings of a session: a new connection, and the same connection once TLS is up.

use std::sync::Arc;

use contract::mail::Reply;

use super::{Common, Config, Session, Step, limits::Used, session::Connected};
use crate::{Input, said::Said};

/// A connection that was not greeted yet.
#[derive(Debug)]
pub struct Greeting {
    config: Arc<Config>,
}

impl Greeting {
    pub fn new(config: Arc<Config>) -> Self {
        Self { config }
    }

    /// Greets. Whoever has spoken before is no mail server (RFC 5321 §3.1): look at the socket just before.
    pub fn greet(self, input: &Input) -> Step {
        if !input.is_empty() {
            return Step::close(Said::Pipelining, None);
        }
        let reply = Reply::plain(220, &format!("{} ESMTP Postern", self.config.hostname));
        let common = Box::new(Common { config: self.config, tls: false, used: Used::default() });
        Step::Answer { next: Connected::new(common).into(), reply, dropped: None }
    }

    /// Turns the connection away; a reply that is positive becomes 421.
    pub fn refuse(self, reply: Reply) -> Step {
        let reply = if reply.is_positive() { Said::InternalError.reply() } else { reply };
        Step::Close { reply, fault: None, dropped: None }
    }
}

/// STARTTLS was said; what is known of the client so far is gone (RFC 3207 §4.2). Only what it has used up is kept.
#[derive(Debug)]
pub struct Upgrade {
    pub(super) common: Box<Common>,
}

impl Upgrade {
    /// TLS is up. Octets that came in the clear since STARTTLS are a violation; they are never read as commands.
    pub fn done(mut self, input: &mut Input) -> Step {
        if !input.is_empty() {
            input.discard();
            return Step::close(Said::Pipelining, None);
        }
        self.common.tls = true;
        Step::Wait(Session::from(Connected::new(self.common)))
    }
}
