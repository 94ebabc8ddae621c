//! A worker is killed with -9 in the middle of a load: what was answered with 250 is at the next hop.

use std::time::Duration;

use pretend::load::{self, Ledger, Plan};
use tokio::time::Instant;

use super::{Customer, Error, Line, Play};

const MESSAGES: usize = 200;
/// The blow falls once so many have their 250.
const BLOW_AFTER: usize = 50;
const AMID: Duration = Duration::from_secs(20);
const SENDER: &str = "load@sender.example";

impl Play<'_> {
    pub(super) async fn killed(&mut self) -> Result<(), Error> {
        let ledger = Ledger::new(MESSAGES);
        let to = |local: &str| format!("{local}@{}", Customer::DOMAIN);
        let plan = Plan {
            sessions: 20,
            from: SENDER.to_owned(),
            to: vec![to("anna"), to("ben")],
            // A real sender waits for minutes before it tries again; nobody would watch that.
            pause: Duration::from_millis(50),
            patience: Duration::from_mins(1),
            ..Plan::new(vec![self.stage.smtp(0)?, self.stage.smtp(1)?], &to("anna"))
        };
        let mut line =
            Line::new("worker killed", format!("{MESSAGES} messages of 4 KiB to both, kill -9 of worker-1 amid them"));
        let since = Instant::now();
        let sending = {
            let ledger = ledger.clone();
            tokio::spawn(async move { load::run(plan, &ledger).await })
        };
        if tokio::time::timeout(AMID, ledger.until_accepted(BLOW_AFTER)).await.is_err() {
            let last = ledger.compare().to_string();
            return Err(Error::TimedOut { what: format!("{BLOW_AFTER} messages to be accepted"), waited: AMID, last });
        }
        self.stage.kill_worker(0).await?;
        let _ = sending.await;
        line.took = Some(since.elapsed());

        // A fresh one takes the place; the messages that the killed one left half done are not at the hop.
        self.stage.replace_worker(0, &self.join_token).await?;
        for message in self.hop.messages() {
            if message.mail.address == SENDER {
                ledger.arrived(message.header("Message-ID").unwrap_or_default().as_bytes());
            }
        }
        let found = ledger.compare();
        line.heard = format!("{} × 250", found.accepted);
        line.hop = format!("{} arrived, lost {}, doubled {}", found.arrived, found.lost, found.doubled);
        line.rule.push_str("another worker-1 was started");
        line.must(found.accepted == MESSAGES && found.arrived == MESSAGES, || found.to_string());
        line.must(found.lost == 0 && found.unasked == 0, || found.to_string());
        self.tell(&line);
        Ok(())
    }
}
