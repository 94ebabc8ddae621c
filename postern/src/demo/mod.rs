//! `postern demo`: a gateway at work on free ports of this machine. A customer is onboarded through the public API, then
//! short acts are played, one line each, and each is checked: what differs from what it says is marked and counts.
//!
//! `stage` starts the processes, `acts` plays, `line` tells, `mail` is the sender.

mod acts;
mod line;
mod mail;
pub mod stage;

use std::{path::PathBuf, process::ExitCode, sync::Arc};

use contract::snapshot::hash::Hash;
use pretend::{ca::Certificate, hop::Hop};
use tokio::signal::unix::{SignalKind, signal};

use crate::cli;
use acts::Play;
use stage::{Customer, Error, NextHop, Options, Stage, Voice};

/// Who has a mailbox at the customer's.
const RECIPIENTS: &[&str] = &["anna", "ben", "office"];

/// Plays; the exit code is 0 if every act went as it says.
pub fn run(arguments: &cli::Demo) -> ExitCode {
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => return failed(&error),
    };
    let once = arguments.once;
    runtime.block_on(async move {
        let exe = match std::env::current_exe() {
            Ok(exe) => exe,
            Err(error) => return failed(&error),
        };
        // The play is dropped when somebody wants to stop it: its processes die with it.
        tokio::select! {
            outcome = play(exe, once) => match outcome {
                Ok(true) => ExitCode::SUCCESS,
                Ok(false) => ExitCode::FAILURE,
                Err(error) => failed(&error),
            },
            () = stopped() => ExitCode::SUCCESS,
        }
    })
}

async fn play(exe: PathBuf, once: bool) -> Result<bool, Error> {
    let voice = Voice::Loud;
    voice.say("Postern demo: a control plane, two workers, a customer and their mail server, all on this machine.\n");
    voice.say("The control plane starts; its owner signs in:");
    let mut stage =
        Stage::open(Options { exe, log_level: "info".to_owned(), voice, database: None, long_sessions: true }).await?;
    match perform(&mut stage, once).await {
        Ok(good) => Ok(good),
        Err(error) => {
            voice.say(&format!("\nThe logs are in {}", stage.keep_files().display()));
            Err(error)
        }
    }
}

async fn perform(stage: &mut Stage, once: bool) -> Result<bool, Error> {
    let voice = Voice::Loud;
    let certificate = Certificate::self_signed(&[Customer::HOP_NAME]);
    let hop = Arc::new(Hop::start().await);
    hop.named(Customer::HOP_NAME).offer_tls(&certificate);

    voice.say("\nA customer is set up:");
    let next_hop = NextHop { address: hop.address(), pin: Some(Hash::from_bytes(certificate.spki_sha256())) };
    let customer = Customer::onboard(stage, RECIPIENTS, &next_hop).await?;

    voice.say("\nTwo workers join and take the configuration:");
    let token = stage.join_token().await?;
    let control_plane = stage.api().base().to_owned();
    for (at, name) in ["worker-1", "worker-2"].into_iter().enumerate() {
        stage.start_worker(name, &control_plane, &token).await?;
        voice.say(&format!("  {name}: SMTP on {}", stage.smtp(at)?));
    }
    stage.until_applied(&customer.config_version).await?;

    voice.say(
        "\nWhat was sent → what the sender heard → what the next hop got → rule → TLS in / out → time → message\n",
    );
    let mut play = Play::new(stage, customer, hop, token);
    let _between = play.all().await?;
    let good = play.sum_up();
    if !once {
        by_hand(stage)?;
        std::future::pending::<()>().await;
    }
    Ok(good)
}

/// What to type in another terminal.
fn by_hand(stage: &Stage) -> Result<(), Error> {
    let (smtp, api) = (stage.smtp(0)?, stage.api().base());
    Voice::Loud.say(&format!(
        "
It stays up until Ctrl-C. Try it in another terminal, after the two `export` lines above:

  $ printf 'From: you@sender.example\\nTo: anna@{domain}\\nSubject: by hand\\n\\nHello\\n' |
      curl -sS --ssl-reqd -k smtp://{smtp} --mail-from you@sender.example --mail-rcpt anna@{domain} -T - --crlf
  $ curl -sS -H \"Authorization: Bearer $TOKEN\" \"$API/v1/messages?sender=you@sender.example\" | jq
  $ curl -sS -H \"Authorization: Bearer $TOKEN\" $API/v1/workers | jq
  The API's documents: {api}/docs
  Logs and data: {dir}",
        domain = Customer::DOMAIN,
        dir = stage.dir().display(),
    ));
    Ok(())
}

/// Ctrl-C, or a stop from outside.
async fn stopped() {
    let Ok(mut terminate) = signal(SignalKind::terminate()) else { return std::future::pending().await };
    tokio::select! {
        _ = tokio::signal::ctrl_c() => {}
        _ = terminate.recv() => {}
    }
}

fn failed(error: &(dyn std::error::Error + 'static)) -> ExitCode {
    use std::io::Write;
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(": ");
        text.push_str(&cause.to_string());
        source = cause.source();
    }
    let _ = writeln!(std::io::stderr(), "postern demo: {text}");
    ExitCode::FAILURE
}
