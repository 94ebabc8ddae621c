//! Somebody between control plane and worker changes the configuration on its way. They even hold a TLS key that the
//! worker was told to trust; the snapshot they cannot sign.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::{
    snapshot::hash::Hash,
    worker_api::{JOIN_TOKEN_PREFIX, JoinToken},
};
use pretend::proxy::{Proxy, Tamper};
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{Error, Line, Play};

const NAME: &str = "worker-3";

impl Play<'_> {
    pub(super) async fn tampered(&mut self) -> Result<(), Error> {
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
            let since = Instant::now();
            proxy.tamper(tamper);
            // Something has to change, or nothing is sent.
            let entry = json!({
                "kind": "block",
                "scope": "tenant",
                "tenant_id": self.customer.tenant,
                "sender": format!("{refusal}@sender.example"),
            });
            api.post("/v1/list-entries", entry).await?;
            let refused = self.stage.until("worker-3 to refuse it", async || {
                let workers = api.get("/v1/workers").await?;
                let refused = refused_by(&workers.body, NAME);
                Ok(if refused.is_empty() { Err(workers.body.to_string()) } else { Ok(refused) })
            });
            let refused = refused.await?;
            line.took = Some(since.elapsed());
            line.heard = format!("{NAME} refuses it: {refused}");
            line.hop.push_str("goes on with the configuration it has");
            line.must(refused == refusal, || format!("the refusal's name is not {refusal}"));
            line.must(proxy.tampered() > 0, || "nothing was tampered with".to_owned());
            self.tell(&line);

            proxy.tamper(Tamper::Nothing);
            self.stage
                .until("worker-3 to take the true one", async || {
                    let workers = api.get("/v1/workers").await?;
                    let refused = refused_by(&workers.body, NAME);
                    Ok(if refused.is_empty() { Ok(()) } else { Err(refused) })
                })
                .await?;
        }
        Ok(())
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
