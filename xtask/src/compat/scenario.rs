//! What a control plane and a worker of two versions must do together: the customer is set up, mail flows, an edit is
//! applied, and the trace tells of it.

use std::{collections::HashSet, net::SocketAddr, path::Path};

use postern::demo::stage::{Customer, NextHop, Options, Stage, Voice};
use pretend::{client::Client, hop::Hop};
use serde_json::json;

use crate::Failure;

const SENDER: &str = "x@sender.example";

pub(super) async fn play(control_plane: &Path, worker: &Path) -> Result<(), Failure> {
    let options = Options {
        exe: control_plane.to_owned(),
        log_level: "warn".to_owned(),
        voice: Voice::Silent,
        database: None,
        long_sessions: false,
    };
    let mut stage = Stage::open(options).await?;
    let hop = Hop::start().await;
    let next_hop = NextHop { address: SocketAddr::from(([127, 0, 0, 1], hop.port())), pin: None };
    let customer = Customer::onboard(&stage, &["anna"], &next_hop).await?;
    let (token, base) = (stage.join_token().await?, stage.api().base().to_owned());
    stage.start_worker_of(worker, "worker", &base, &token).await?;
    stage.until_applied(&customer.config_version).await?;

    expect("a message", &send(stage.smtp(0)?).await?, "250")?;
    let delivered = stage.traced(SENDER, &HashSet::new()).await?;
    expect("its trace", delivered["disposition"].as_str().unwrap_or_default(), "accepted")?;

    let entry = json!({ "kind": "block", "scope": "tenant", "tenant_id": customer.tenant, "sender": SENDER });
    let edit = stage.api().post("/v1/list-entries", entry).await?;
    stage.until_applied(&edit.config_version.unwrap_or_default()).await?;
    expect("a message after the edit", &send(stage.smtp(0)?).await?, "550")?;
    let seen = HashSet::from([delivered["id"].as_str().unwrap_or_default().to_owned()]);
    let refused = stage.traced(SENDER, &seen).await?;
    expect("its trace", refused["disposition"].as_str().unwrap_or_default(), "refused")?;
    if hop.messages().len() != 1 {
        return Err(format!("{} messages at the next hop; wanted one", hop.messages().len()).into());
    }
    let workers = stage.api().get("/v1/workers").await?;
    match workers.body.pointer("/data/0/refused") {
        None | Some(serde_json::Value::Null) => Ok(()),
        Some(refused) => Err(format!("the worker refused a snapshot: {refused}").into()),
    }
}

/// The first refusal, or the answer to the message.
async fn send(smtp: SocketAddr) -> Result<String, Failure> {
    let mut client = Client::try_connect(smtp).await?;
    let mut last = String::new();
    let mail = format!("MAIL FROM:<{SENDER}>");
    let rcpt = format!("RCPT TO:<anna@{}>", Customer::DOMAIN);
    for line in ["EHLO client.sender.example", &mail, &rcpt, "DATA", "Subject: versions\r\n\r\nhello\r\n."] {
        let reply = client.try_say(line).await?;
        last = reply.to_string();
        if !reply.is_positive() {
            break;
        }
    }
    Ok(last)
}

fn expect(what: &str, found: &str, wanted: &str) -> Result<(), Failure> {
    if found.starts_with(wanted) { Ok(()) } else { Err(format!("{what}: {found:?}; wanted {wanted}").into()) }
}
