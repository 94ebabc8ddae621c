//! A worker killed with -9 in the middle of a load, and another started: every 250 is at the next hop, the doubled are
//! counted, the gap in the trace is recorded.

use std::time::Duration;

use postern::demo::stage::{Customer, NextHop, Options, Stage, Voice};
use pretend::load::{self, Comparison, Ledger, Plan, Sink};

async fn killed_amid(exe: &str, messages: usize, sessions: usize) -> (Stage, Comparison) {
    let options = Options {
        exe: exe.into(),
        log_level: "warn".to_owned(),
        voice: Voice::Silent,
        database: None,
        long_sessions: false,
    };
    let mut stage = Stage::open(options).await.unwrap();
    let ledger = Ledger::new(messages);
    let sink = Sink::start(&ledger, None).await;
    let hop = NextHop { address: sink.address(), pin: None };
    let customer = Customer::onboard(&stage, &["anna"], &hop).await.unwrap();
    let token = stage.join_token().await.unwrap();
    let base = stage.api().base().to_owned();
    stage.start_worker("worker-1", &base, &token).await.unwrap();
    stage.start_worker("worker-2", &base, &token).await.unwrap();
    stage.until_applied(&customer.config_version).await.unwrap();
    let mut plan =
        Plan::new(vec![stage.smtp(0).unwrap(), stage.smtp(1).unwrap()], &format!("anna@{}", Customer::DOMAIN));
    plan.sessions = sessions;
    plan.pause = Duration::from_millis(50);
    let sending = tokio::spawn({
        let ledger = ledger.clone();
        async move { load::run(plan, &ledger).await }
    });
    ledger.until_accepted(messages / 4).await;
    stage.kill_worker(0).await.unwrap();
    stage.replace_worker(0, &token).await.unwrap();
    sending.await.unwrap();
    (stage, ledger.compare())
}

#[tokio::test(flavor = "multi_thread")]
async fn every_250_is_at_the_next_hop_and_the_gap_is_recorded() {
    let (stage, result) = killed_amid(env!("CARGO_BIN_EXE_postern"), 2_000, 40).await;
    assert_eq!((result.accepted, result.lost, result.unasked), (2_000, 0, 0), "{result:?}");
    // At most what was in flight at the blow came twice.
    assert!(result.doubled <= 40, "{result:?}");
    let what = "a gap of the killed worker";
    let look = async || {
        let gaps = stage.api().quietly().get("/v1/gaps").await?;
        Ok(gaps.text("/data/0/kind").map_or_else(|_| Err("no gap yet".to_owned()), Ok))
    };
    // A worker is given thirty seconds to be heard of again before its stream counts as ended.
    let deadline = tokio::time::Instant::now() + Duration::from_secs(90);
    loop {
        match look().await {
            Ok(Ok(kind)) => {
                assert_eq!(kind, "ended");
                break;
            }
            Ok(Err(last)) => assert!(tokio::time::Instant::now() < deadline, "{what}: {last}"),
            Err(error) => {
                let error: postern::demo::stage::Error = error;
                panic!("{what}: {error}");
            }
        }
        tokio::time::sleep(Duration::from_millis(500)).await;
    }
}

/// The size the first release was judged by; for a release build: `cargo test --release -p postern -- --ignored`.
#[tokio::test(flavor = "multi_thread")]
#[ignore = "20,000 messages: for a release build"]
async fn twenty_thousand_messages_survive_a_killed_worker() {
    let (_stage, result) = killed_amid(env!("CARGO_BIN_EXE_postern"), 20_000, 500).await;
    let _ = std::io::Write::write_all(&mut std::io::stderr(), format!("{result:?}\n").as_bytes());
    assert_eq!((result.accepted, result.lost, result.unasked), (20_000, 0, 0), "{result:?}");
}
