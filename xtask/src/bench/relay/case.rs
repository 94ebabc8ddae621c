//! What is sent in one run, and the runs of the matrix.

use serde_json::{Value, json};

use super::Relay;

const KIB: usize = 1024;
/// However costly a case, fewer messages say too little.
const FEWEST: usize = 500;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Case {
    pub messages: usize,
    pub sessions: usize,
    pub size_bytes: usize,
    /// Messages in one session.
    pub per_session: usize,
    /// STARTTLS on both sides.
    pub tls: bool,
}

impl Case {
    /// The one that the options ask for; with `--matrix` all sixteen, the usual one first.
    pub(super) fn all(relay: &Relay) -> Vec<Self> {
        let asked = Self {
            messages: relay.messages,
            sessions: relay.sessions,
            size_bytes: relay.size_bytes,
            per_session: relay.per_session,
            tls: relay.tls,
        };
        if !relay.matrix {
            return vec![asked];
        }
        let mut cases = Vec::new();
        for tls in [false, true] {
            for size_bytes in [4 * KIB, 100 * KIB] {
                for sessions in [50, 500] {
                    for per_session in [100, 1] {
                        cases.push(Self { sessions, size_bytes, per_session, tls, ..asked }.in_good_time());
                    }
                }
            }
        }
        cases
    }

    /// Fewer messages where each costs more, so that all sixteen end in minutes.
    fn in_good_time(self) -> Self {
        let costs =
            [(self.size_bytes > 10 * KIB, 5), (self.per_session == 1, 4), (self.tls && self.per_session == 1, 2)];
        let divisor: usize = costs.iter().filter(|(is, _)| *is).map(|(_, times)| times).product();
        let fewest = FEWEST.max(self.sessions).min(self.messages);
        Self { messages: (self.messages / divisor).max(fewest), ..self }
    }

    pub(super) fn title(&self) -> String {
        format!(
            "{} messages of {} B, {} sessions, {} a session, {}, one next hop, loopback",
            self.messages,
            self.size_bytes,
            self.sessions,
            if self.per_session == 1 { "one".to_owned() } else { self.per_session.to_string() },
            if self.tls { "STARTTLS on both sides" } else { "plain" },
        )
    }

    pub(super) fn json(&self) -> Value {
        json!({
            "messages": self.messages, "sessions": self.sessions, "size_bytes": self.size_bytes,
            "per_session": self.per_session, "tls": self.tls,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn relay(matrix: bool) -> Relay {
        let (messages, sessions, size_bytes, per_session) = (20_000, 50, 4_096, 100);
        Relay { messages, sessions, size_bytes, per_session, tls: false, matrix, no_peers: false, json: false }
    }

    #[test]
    fn the_matrix_has_all_sixteen_and_begins_with_the_usual_case() {
        let cases = Case::all(&relay(true));
        assert_eq!(cases.len(), 16);
        assert_eq!(cases[..1], Case::all(&relay(false)));
        for (at, case) in cases.iter().enumerate() {
            assert!(!cases[..at].contains(case), "{case:?} is there twice");
            assert!((FEWEST..=20_000).contains(&case.messages), "{case:?}");
        }
        let dearest = cases.iter().find(|case| case.tls && case.size_bytes > 10 * KIB && case.per_session == 1);
        assert_eq!(dearest.unwrap().messages, 500);
    }

    #[test]
    fn a_small_matrix_stays_small() {
        let small = Relay { messages: 100, ..relay(true) };
        assert!(Case::all(&small).iter().all(|case| case.messages <= 100));
    }
}
