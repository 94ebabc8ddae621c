//! What was measured: a table for people, one JSON object for programs.

use std::{fmt::Write, time::Duration};

use pretend::load::Comparison;
use serde_json::{Value, json};

use crate::Failure;

#[derive(Debug)]
pub(super) struct Measured {
    pub name: String,
    pub comparison: Comparison,
    /// From the first message to the last one's arrival.
    pub took: Duration,
    pub cpu: Duration,
    pub cpu_with_control_plane: Option<Duration>,
    pub peak_kib: u64,
}

/// One of those it is measured against.
#[derive(Debug)]
pub(super) struct Peer {
    /// In the object for programs.
    pub key: &'static str,
    /// For people, where it was skipped.
    pub name: &'static str,
    pub outcome: Outcome,
}

#[derive(Debug)]
pub(super) enum Outcome {
    Measured(Measured),
    /// Why.
    Skipped(String),
}

#[derive(Debug)]
pub(super) struct Report {
    pub postern: Measured,
    pub peers: Vec<Peer>,
}

#[expect(clippy::cast_precision_loss, reason = "figures for people")]
impl Measured {
    fn messages(&self) -> f64 {
        self.comparison.arrived.max(1) as f64
    }

    fn messages_per_s(&self) -> f64 {
        self.messages() / self.took.as_secs_f64().max(1e-9)
    }

    fn us_per_message(&self, cpu: Duration) -> f64 {
        cpu.as_secs_f64() * 1e6 / self.messages()
    }

    fn peak_mib(&self) -> f64 {
        self.peak_kib as f64 / 1024.0
    }

    fn row(&self, name: &str, cpu: Duration, rest: bool) -> String {
        let mut out = format!("{name:<28}");
        let cells = if rest {
            [
                format!("{:.0}", self.messages_per_s()),
                format!("{:.0}", self.us_per_message(cpu)),
                format!("{:.1}", self.peak_mib()),
                self.comparison.lost.to_string(),
                self.comparison.doubled.to_string(),
            ]
        } else {
            [String::new(), format!("{:.0}", self.us_per_message(cpu)), String::new(), String::new(), String::new()]
        };
        for cell in cells {
            let _ = write!(out, "{cell:>16}");
        }
        out.trim_end().to_owned()
    }

    fn json(&self) -> Value {
        let mut out = json!({
            "messages_per_s": round(self.messages_per_s()),
            "cpu_us_per_message": round(self.us_per_message(self.cpu)),
            "peak_mib": round(self.peak_mib()),
        });
        if let Some(cpu) = self.cpu_with_control_plane {
            out["cpu_us_per_message_both_planes"] = json!(round(self.us_per_message(cpu)));
        }
        out
    }
}

impl Report {
    pub(super) fn table(&self, title: &str) -> String {
        let mut out = format!("\n{title}\n\n{:<28}", "");
        for head in ["messages/s", "CPU µs/message", "peak MiB", "lost", "doubled"] {
            let _ = write!(out, "{head:>16}");
        }
        let mut line = |text: &str| {
            out.push('\n');
            out.push_str(text);
        };
        let postern = &self.postern;
        line(&postern.row("Postern, worker", postern.cpu, true));
        if let Some(cpu) = postern.cpu_with_control_plane {
            line(&postern.row("  and control plane", cpu, false));
        }
        for peer in &self.peers {
            match &peer.outcome {
                Outcome::Measured(measured) => line(&measured.row(&measured.name, measured.cpu, true)),
                Outcome::Skipped(why) => line(&format!("{}: skipped, {why}", peer.name)),
            }
        }
        for measured in self.peers.iter().filter_map(Peer::measured) {
            let times = |cpu: Duration| measured.us_per_message(measured.cpu) / postern.us_per_message(cpu).max(1e-9);
            let mut text = format!(
                "\nThe worker relays {:.1} × the messages per CPU-second of {}",
                times(postern.cpu),
                measured.name
            );
            if let Some(cpu) = postern.cpu_with_control_plane {
                let _ = write!(text, ", both planes {:.1} ×", times(cpu));
            }
            line(&(text + "."));
        }
        for measured in std::iter::once(postern).chain(self.peers.iter().filter_map(Peer::measured)) {
            line(&format!("{}: {}", measured.name, measured.comparison));
        }
        out
    }

    pub(super) fn json(&self) -> Value {
        let Comparison { lost, doubled, .. } = self.postern.comparison;
        let mut out = json!({ "postern": self.postern.json(), "lost": lost, "doubled": doubled });
        for peer in &self.peers {
            out[peer.key] = match &peer.outcome {
                Outcome::Measured(measured) => measured.json(),
                Outcome::Skipped(why) => json!({ "skipped": why }),
            };
        }
        out
    }

    /// Figures of a run that lost mail are worth nothing.
    pub(super) fn verdict(&self) -> Result<(), Failure> {
        let found = &self.postern.comparison;
        let whole = found.lost == 0 && found.doubled == 0 && found.unasked == 0 && found.accepted == found.sent;
        if whole { Ok(()) } else { Err(format!("Postern: {found}").into()) }
    }
}

impl Peer {
    fn measured(&self) -> Option<&Measured> {
        match &self.outcome {
            Outcome::Measured(measured) => Some(measured),
            Outcome::Skipped(_) => None,
        }
    }
}

/// One digit behind the point.
fn round(figure: f64) -> f64 {
    (figure * 10.0).round() / 10.0
}

#[cfg(test)]
mod tests {
    use super::*;

    fn measured(name: &str, cpu_ms: u64, both_ms: Option<u64>) -> Measured {
        Measured {
            name: name.to_owned(),
            comparison: Comparison { sent: 1_000, accepted: 1_000, arrived: 1_000, ..Comparison::default() },
            took: Duration::from_millis(500),
            cpu: Duration::from_millis(cpu_ms),
            cpu_with_control_plane: both_ms.map(Duration::from_millis),
            peak_kib: 40_960,
        }
    }

    #[test]
    fn the_object_for_programs_has_the_names_that_were_agreed() {
        let peer = |key, outcome| Peer { key, name: "Haraka", outcome };
        let report = Report {
            postern: measured("Postern", 150, Some(300)),
            peers: vec![
                peer("postfix", Outcome::Measured(measured("Postfix 3.7", 1_500, None))),
                peer("haraka", Outcome::Skipped("not installed".to_owned())),
            ],
        };
        assert_eq!(
            report.json(),
            json!({
                "postern": {
                    "messages_per_s": 2_000.0, "cpu_us_per_message": 150.0,
                    "cpu_us_per_message_both_planes": 300.0, "peak_mib": 40.0,
                },
                "postfix": { "messages_per_s": 2_000.0, "cpu_us_per_message": 1_500.0, "peak_mib": 40.0 },
                "haraka": { "skipped": "not installed" },
                "lost": 0,
                "doubled": 0,
            })
        );
        let table = report.table("title");
        assert!(table.contains("10.0 × the messages per CPU-second of Postfix 3.7, both planes 5.0 ×."), "{table}");
        assert!(table.contains("Haraka: skipped, not installed"), "{table}");
        assert!(report.verdict().is_ok());
    }

    #[test]
    fn a_run_that_lost_or_doubled_mail_has_failed() {
        for change in [
            (|found: &mut Comparison| found.lost = 1) as fn(&mut Comparison),
            |found| found.doubled = 1,
            |found| found.unasked = 1,
            |found| found.accepted = 999,
        ] {
            let mut postern = measured("Postern", 1, None);
            change(&mut postern.comparison);
            assert!(Report { postern, peers: Vec::new() }.verdict().is_err());
        }
    }
}
