//! What was measured: a table for people, one JSON object for programs.

use std::{fmt::Write, time::Duration};

use serde_json::{Value, json};

use super::{
    super::{
        figures::{Times, per_second, round},
        installation::Size,
    },
    edits::Kind,
    load::Mail,
};
use crate::Failure;

#[derive(Debug)]
pub(super) struct Report {
    pub title: String,
    pub size: Size,
    /// How far an edit of each kind reaches.
    pub reach: [(Kind, Value); Kind::ALL.len()],
    /// From the start of the control plane over the filled database to its first head.
    pub first_published: Duration,
    pub cold_start: ColdStart,
    pub edits: Vec<Edit>,
    pub mail: Mail,
    pub worker_peak_kib: u64,
    pub worker_now_kib: u64,
    pub control_plane_peak_kib: u64,
}

#[derive(Debug)]
pub(super) struct ColdStart {
    pub bytes: u64,
    pub took: Duration,
    /// The worker's.
    pub peak_kib: u64,
}

#[derive(Debug, Clone, Copy)]
pub(super) struct Edit {
    pub kind: Kind,
    pub took: Duration,
    /// What the worker fetched for it.
    pub bytes: u64,
}

/// Of all edits, or those of a kind.
struct Figures {
    edits: usize,
    p50_ms: f64,
    p99_ms: f64,
    bytes_max: u64,
}

impl Figures {
    fn of<'a>(edits: impl Iterator<Item = &'a Edit>) -> Self {
        let (mut times, mut bytes_max) = (Times::default(), 0);
        for edit in edits {
            times.note(edit.took);
            bytes_max = bytes_max.max(edit.bytes);
        }
        let [p50_ms, p99_ms] = [50, 99].map(|percent| round(times.percentile_ms(percent)));
        Self { edits: times.count(), p50_ms, p99_ms, bytes_max }
    }

    fn row(&self, name: &str) -> String {
        let Self { edits, p50_ms, p99_ms, bytes_max } = self;
        format!("\n{name:<72}{edits:>8}{p50_ms:>12}{p99_ms:>12}{bytes_max:>12}")
    }
}

impl Report {
    fn kinds(&self) -> impl Iterator<Item = (Kind, &Value, Figures)> {
        let of = |kind: Kind| Figures::of(self.edits.iter().filter(move |edit| edit.kind == kind));
        self.reach.iter().map(move |(kind, reach)| (*kind, reach, of(*kind))).filter(|(.., found)| found.edits > 0)
    }

    pub(super) fn table(&self) -> String {
        let Self { title, first_published, cold_start, mail, .. } = self;
        let mut out = format!("\n{title}\n");
        let mut line = |name: &str, value: String| {
            let _ = write!(out, "\n{name:<56}{value:>16}");
        };
        line("control plane: start to first publication, s", seconds(*first_published).to_string());
        line("control plane: peak memory, MiB", mib(self.control_plane_peak_kib).to_string());
        line("worker: cold start, s", seconds(cold_start.took).to_string());
        line("worker: cold start, octets fetched", cold_start.bytes.to_string());
        line("worker: peak memory of the cold start, MiB", mib(cold_start.peak_kib).to_string());
        line("worker: peak memory of all, MiB", mib(self.worker_peak_kib).to_string());
        line("worker: memory at the end, MiB", mib(self.worker_now_kib).to_string());
        let _ = write!(
            out,
            "\n\n{:<72}{:>8}{:>12}{:>12}{:>12}",
            "edits, from the call to applied", "", "p50 ms", "p99 ms", "octets max"
        );
        for (kind, reach, found) in self.kinds() {
            out.push_str(&found.row(&name(kind, reach)));
        }
        out.push_str(&Figures::of(self.edits.iter()).row("all"));
        let _ = write!(
            out,
            "\n\nmail meanwhile: {} messages/s over {} s; {}",
            round(per_second(mail.comparison.accepted, mail.took)),
            seconds(mail.took),
            mail.comparison
        );
        out
    }

    pub(super) fn json(&self) -> Value {
        let all = Figures::of(self.edits.iter());
        let kinds: Value =
            self.kinds().map(|(kind, reach, found)| (kind.key().to_owned(), found.json(reach))).collect();
        let found = &self.mail.comparison;
        json!({
            "cold_start_bytes": self.cold_start.bytes,
            "cold_start_s": seconds(self.cold_start.took),
            "edit_bytes_max": all.bytes_max,
            "applied_ms_p50": all.p50_ms,
            "applied_ms_p99": all.p99_ms,
            "worker_mib": mib(self.worker_peak_kib),
            "control_plane_mib": mib(self.control_plane_peak_kib),
            "first_published_s": seconds(self.first_published),
            "cold_start_mib": mib(self.cold_start.peak_kib),
            "worker_now_mib": mib(self.worker_now_kib),
            "kinds": kinds,
            "messages_per_s": round(per_second(found.accepted, self.mail.took)),
            "sent": found.sent,
            "accepted": found.accepted,
            "put_off": found.deferrals,
            "lost": found.lost,
            "doubled": found.doubled,
            "size": { "tenants": self.size.tenants, "domains": self.size.domains, "recipients": self.size.recipients,
                "entries": self.size.entries },
        })
    }

    /// Figures of a run that lost mail, or turned it away, are worth nothing.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let found = &self.mail.comparison;
        let wrong = [found.lost, found.doubled, found.unasked, found.refused, found.given_up];
        if wrong == [0; 5] && found.accepted > 0 {
            Ok(())
        } else {
            Err(format!("the mail: {found}; {}", self.mail.last_refusal).into())
        }
    }
}

impl Figures {
    fn json(&self, reach: &Value) -> Value {
        json!({
            "edits": self.edits, "applied_ms_p50": self.p50_ms, "applied_ms_p99": self.p99_ms,
            "bytes_max": self.bytes_max, "reach": reach,
        })
    }
}

fn name(kind: Kind, reach: &Value) -> String {
    let [customers, domains, entries] = ["customers", "domains", "entries"].map(|of| &reach[of]);
    match kind {
        Kind::List => format!("an entry in an MSP's list of {entries}; {customers} customers, {domains} domains below"),
        Kind::Recipient => "a recipient".to_owned(),
        Kind::Route => format!("a route of up to {domains} domains"),
        Kind::LargestRoute => format!("the route of the largest customer, {domains} domains"),
        Kind::Policy => format!("the policy of an MSP; {customers} customers, {domains} domains below"),
    }
}

fn seconds(took: Duration) -> f64 {
    round(took.as_secs_f64())
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
fn mib(kib: u64) -> f64 {
    round(kib as f64 / 1024.0)
}

#[cfg(test)]
mod tests {
    use pretend::load::Comparison;

    use super::*;

    fn report() -> Report {
        let edit = |kind, ms, bytes| Edit { kind, took: Duration::from_millis(ms), bytes };
        let sent = Comparison { sent: 1_000, accepted: 998, arrived: 999, unconfirmed: 1, ..Comparison::default() };
        Report {
            title: "SQLite".to_owned(),
            size: Size { tenants: 7, domains: 40, recipients: 300, entries: 2 },
            reach: Kind::ALL.map(|kind| (kind, json!({ "customers": 5, "domains": 40, "entries": 80 }))),
            first_published: Duration::from_millis(1_500),
            cold_start: ColdStart { bytes: 1_000_000, took: Duration::from_millis(2_250), peak_kib: 10_240 },
            edits: vec![edit(Kind::List, 300, 9_000), edit(Kind::Recipient, 100, 700), edit(Kind::List, 200, 9_500)],
            mail: Mail { comparison: sent, last_refusal: String::new(), took: Duration::from_secs(5) },
            worker_peak_kib: 20_480,
            worker_now_kib: 15_360,
            control_plane_peak_kib: 102_400,
        }
    }

    #[test]
    fn the_object_for_programs_has_the_names_that_were_agreed() {
        let found = report().json();
        let wanted = json!({
            "cold_start_bytes": 1_000_000, "cold_start_s": 2.25, "edit_bytes_max": 9_500, "applied_ms_p50": 200.0,
            "applied_ms_p99": 300.0, "worker_mib": 20.0, "control_plane_mib": 100.0, "sent": 1_000, "lost": 0, "doubled": 0,
        });
        for (name, value) in wanted.as_object().unwrap() {
            assert_eq!(&found[name], value, "{name}");
        }
        assert_eq!(found["kinds"].as_object().unwrap().len(), 2);
        assert_eq!(found["kinds"]["recipient"]["bytes_max"], 700);
        let table = report().table();
        assert!(table.contains("an entry in an MSP's list of 80; 5 customers, 40 domains below"), "{table}");
        assert!(!table.contains("the route of the largest"), "{table}");
    }

    #[test]
    fn a_run_that_lost_doubled_or_refused_mail_has_failed() {
        assert!(report().verdict().is_ok());
        for change in [
            (|found: &mut Comparison| found.lost = 1) as fn(&mut Comparison),
            |found| found.doubled = 1,
            |found| found.unasked = 1,
            |found| found.refused = 1,
            |found| found.given_up = 1,
            |found| found.accepted = 0,
        ] {
            let mut report = report();
            change(&mut report.mail.comparison);
            assert!(report.verdict().is_err());
        }
    }
}
