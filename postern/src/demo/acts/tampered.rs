//! Somebody between control plane and worker changes the configuration on its way. They even hold a TLS key that the
//! worker was told to trust; the snapshot they cannot sign.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    snapshot::hash::Hash,
    worker_api::{JOIN_TOKEN_PREFIX, JoinToken},
};
use pretend::{
    corpus,
    proxy::{Proxy, Tamper},
};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Customer, Error, Line, Mail, Play, send};

const NAME: &str = "worker-3";

impl Play<'_> {
    pub(super) async fn tampered(&mut self) -> Result<Proxy, Error> {
        let api = self.stage.api().quietly();
        let failed = |source| Error::File { what: "a proxy".to_owned(), source };
        let upstream = api.base().parse().map_err(|_| failed(std::io::Error::other("its upstream is not a URL")))?;
        let proxy = Proxy::start(upstream).await.map_err(failed)?;
        let token = pinned_to(&self.join_token, &proxy)?;
        self.stage.start_worker(NAME, &format!("https://{}", proxy.address), &token).await?;

        for (tamper, what, refusal) in [
            (Tamper::Signature, "one character of a head's signature changed on its way", "bad_signature"),
            (Tamper::Objects, "one octet of an object changed on its way", "hash_mismatch"),
        ] {
            let mut line = Line::new("tampered snapshot", what);
            let from = format!("{refusal}@sender.example");
            let since = Instant::now();
            proxy.tamper(tamper);
            // Something has to change, or nothing is sent.
            let entry =
                json!({ "kind": "block", "scope": "tenant", "tenant_id": self.customer.tenant, "sender": from });
            api.post("/v1/list-entries", entry).await?;
            let refused = self.refused(|refused| !refused.is_empty()).await?;
            line.took = Some(since.elapsed());
            line.must(refused == refusal, || format!("the refusal's name is not {refusal}"));
            line.must(proxy.tampered() > 0, || "nothing was tampered with".to_owned());
            // It goes on with what it has: the new rule is not in it.
            let reply = self.by_worker_3(&from).await?;
            line.must(reply.starts_with("250"), || format!("mail meanwhile: {reply}"));

            proxy.tamper(Tamper::Nothing);
            self.refused(str::is_empty).await?;
            let reply_then = self.by_worker_3(&from).await?;
            line.must(reply_then.starts_with("550 5.7.1"), || format!("mail under the true one: {reply_then}"));
            line.heard = format!("{NAME} refuses it: {refused}");
            line.hop = format!("goes on with what it has: {reply}");
            line.rule = format!("the true one came: {}", reply_then.get(..9).unwrap_or(&reply_then));
            self.tell(&line);
        }
        Ok(proxy)
    }

    /// The name of the refusal that worker-3 reports, once it is as wanted; empty for none.
    async fn refused(&self, wanted: impl Fn(&str) -> bool) -> Result<String, Error> {
        let api = self.stage.api().quietly();
        self.stage
            .until("another word of worker-3", async || {
                let workers = api.get("/v1/workers").await?;
                let refused = refused_by(&workers.body, NAME);
                Ok(if wanted(&refused) { Ok(refused) } else { Err(workers.body.to_string()) })
            })
            .await
    }

    async fn by_worker_3(&self, from: &str) -> Result<String, Error> {
        let plain = corpus::file("plain");
        let to = format!("ben@{}", Customer::DOMAIN);
        let mail = Mail { from, to: &to, sample: &plain, declares_size: true };
        let heard = send(self.stage.smtp(self.stage.workers().len() - 1)?, &mail).await;
        heard.map(|heard| heard.reply).map_err(|source| Error::Smtp { what: format!("mail through {NAME}"), source })
    }
}

/// The join token, with another TLS key in it.
fn pinned_to(join_token: &str, proxy: &Proxy) -> Result<String, Error> {
    let malformed = || Error::Answer { what: "the join token cannot be read".to_owned(), body: String::new() };
    let body = join_token.strip_prefix(JOIN_TOKEN_PREFIX).ok_or_else(malformed)?;
    let body = URL_SAFE_NO_PAD.decode(body).map_err(|_| malformed())?;
    let mut token: JoinToken = serde_json::from_slice(&body).map_err(|_| malformed())?;
    token.tls_spki_sha256 = Some(Hash::from_bytes(proxy.spki_sha256));
    let body = serde_json::to_vec(&token).map_err(|_| malformed())?;
    Ok(format!("{JOIN_TOKEN_PREFIX}{}", URL_SAFE_NO_PAD.encode(body)))
}

/// The name of the refusal that a worker reports; empty for none.
fn refused_by(workers: &Value, name: &str) -> String {
    let workers = workers["data"].as_array().map(Vec::as_slice).unwrap_or_default();
    let worker = workers.iter().find(|worker| worker["name"] == name);
    worker.and_then(|worker| worker["refused"].as_str()).unwrap_or_default().to_owned()
}
