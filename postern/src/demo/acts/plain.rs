//! Acts of one message each: delivered, blocked, unknown, too large, no next hop.

use pretend::corpus;
use serde_json::json;

use super::{Error, Play, Wanted};

impl Play<'_> {
    /// Real messages arrive as they were sent.
    pub(super) async fn delivered(&mut self) -> Result<(), Error> {
        let samples = [
            corpus::file("multipart-attachment"),
            corpus::file("eight-bit-latin1"),
            corpus::file("smtputf8-headers"),
            corpus::file("dkim-signed"),
            corpus::file("broken-boundary"),
            corpus::ten_mebibytes(),
        ];
        for sample in &samples {
            let line = self.one(&delivered(sample.name, sample)).await?;
            self.tell(&line);
        }
        Ok(())
    }

    /// A rule of the customer's takes effect at once, on all workers: the same mail, before and after.
    pub(super) async fn blocked(&mut self) -> Result<(), Error> {
        let plain = corpus::file("plain");
        let line = self.one(&delivered("pest", &plain)).await?;
        self.tell(&line);
        let entry = json!({
            "kind": "block",
            "scope": "tenant",
            "tenant_id": self.customer.tenant,
            "sender": "pest@sender.example",
            "comment": "the demo",
        });
        let made = self.stage.api().quietly().post("/v1/list-entries", entry).await?;
        let applied = self.stage.until_applied(&made.config_version.unwrap_or_default()).await?;
        let wanted = Wanted {
            act: "and now blocked",
            reply: "550 5.7.1",
            rule: "list",
            reason: "sender_blocked",
            ..delivered("pest", &plain)
        };
        let mut line = self.one(&wanted).await?;
        line.rule = format!("{}, made and applied in {} ms", line.rule, applied.as_millis());
        self.tell(&line);
        Ok(())
    }

    pub(super) async fn unknown_recipient(&mut self) -> Result<(), Error> {
        let plain = corpus::file("plain");
        let wanted = Wanted {
            act: "unknown recipient",
            to: "nobody",
            reply: "550 5.1.1",
            rule: "recipients",
            reason: "unknown_recipient",
            ..delivered("to-nobody", &plain)
        };
        let line = self.one(&wanted).await?;
        self.tell(&line);
        Ok(())
    }

    /// The sender does not say how large the message is, so it has to come in before it can be refused.
    pub(super) async fn oversize(&mut self) -> Result<(), Error> {
        let large = corpus::sized("sixteen-mebibytes", 16 * 1024 * 1024);
        let wanted = Wanted {
            act: "oversize",
            declares_size: false,
            reply: "552 5.3.4",
            rule: "message_form",
            reason: "too_large",
            ..delivered("large", &large)
        };
        let line = self.one(&wanted).await?;
        self.tell(&line);
        Ok(())
    }

    /// Nobody durable can be had, so the sender keeps the message.
    pub(super) async fn hop_down(&mut self) -> Result<(), Error> {
        let plain = corpus::file("plain");
        self.hop.stop().await;
        let wanted = Wanted {
            act: "next hop down",
            reply: "451 4.4.1",
            rule: "next_hop",
            reason: "hop_unreachable",
            ..delivered("too-early", &plain)
        };
        let line = self.one(&wanted).await?;
        self.tell(&line);
        let restarted = self.hop.restart().await;
        restarted.map_err(|source| Error::Smtp { what: "the next hop's return".to_owned(), source })
    }
}

fn delivered<'a>(sender: &'a str, sample: &'a corpus::Sample) -> Wanted<'a> {
    Wanted {
        act: "delivered",
        sender,
        to: "anna",
        sample,
        declares_size: true,
        reply: "250 2.0.0",
        rule: "default",
        reason: "none",
    }
}
