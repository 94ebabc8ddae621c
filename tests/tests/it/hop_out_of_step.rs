//! A hop that sends one reply too many, too few, late or out of place never makes a 250 for another message.

use std::collections::BTreeSet;

use pretend::{
    gate::Gate,
    hop::{Hop, Stage},
};
use tests::{Options, System};

/// How the hop goes wrong, once.
type Wrong = (&'static str, fn(&Hop, &Gate));

const WRONGS: &[Wrong] = &[
    ("one more behind the end", |hop, _| hop.on(Stage::Dot).once().extra("250 2.0.0 Ok")),
    ("two more behind the end", |hop, _| {
        hop.on(Stage::Dot).once().extra("250 2.0.0 Ok");
        hop.on(Stage::Dot).once().extra("250 2.0.0 Ok");
    }),
    ("one more later", |hop, gate| hop.on(Stage::Dot).once().extra_later(gate, "250 2.0.0 Ok")),
    ("one more behind MAIL", |hop, _| hop.on(Stage::Mail).once().extra("250 2.1.0 Ok")),
    ("one more behind RCPT", |hop, _| hop.on(Stage::Rcpt).once().extra("250 2.1.5 Ok")),
    ("354 behind RCPT", |hop, _| hop.on(Stage::Rcpt).once().extra("354 Go ahead")),
    ("250 behind 354", |hop, _| hop.on(Stage::Data).once().extra("250 2.0.0 Ok")),
    ("250 for DATA", |hop, _| hop.on(Stage::Data).once().reply("250 2.0.0 Ok")),
    ("354 for the end", |hop, _| hop.on(Stage::Dot).once().reply("354 Go ahead")),
    ("nonsense for the end", |hop, _| hop.on(Stage::Dot).once().raw(b"hello there\r\n")),
    ("half a reply for the end", |hop, _| hop.on(Stage::Dot).once().raw(b"250-2.0.0 Ok\r\n")),
    ("two codes in one reply", |hop, _| hop.on(Stage::Dot).once().raw(b"250-2.0.0 Ok\r\n550 5.0.0 no\r\n")),
    ("421 for the end", |hop, _| hop.on(Stage::Dot).once().reply_and_close("421 4.3.2 bye")),
    ("none for the end", |hop, _| hop.on(Stage::Dot).once().skip()),
    ("none for RCPT", |hop, _| hop.on(Stage::Rcpt).once().skip()),
    ("none for MAIL", |hop, _| hop.on(Stage::Mail).once().skip()),
    ("none for DATA", |hop, _| hop.on(Stage::Data).once().skip()),
    ("closed in the content", |hop, _| hop.on(Stage::Body).once().close()),
    ("closed at the end", |hop, _| hop.on(Stage::Dot).once().close()),
    ("reset at the end", |hop, _| hop.on(Stage::Dot).once().reset()),
];

#[tokio::test]
async fn each_250_is_for_a_message_that_the_hop_has_taken() {
    let system = System::start_with(Options {
        worker: Box::new(|config| {
            config.delivery.envelope_timeout_s = 1;
            config.delivery.final_timeout_s = 1;
        }),
        ..Options::default()
    })
    .await;
    system.acme().await;
    let mut promised = BTreeSet::new();
    for several in [false, true] {
        let to: &[&str] = if several { &["anna@acme.example", "bert@acme.example"] } else { &["anna@acme.example"] };
        for (n, (what, go_wrong)) in WRONGS.iter().enumerate() {
            let gate = Gate::new();
            let message_id = |which: &str| format!("<{which}.{n}.{several}@sender.example>");
            let message = |which: &str| format!("Message-ID: {}\r\n\r\n{what}\r\n", message_id(which)).into_bytes();
            let mut client = system.smtp().await;
            go_wrong(&system.hop, &gate);
            let reply = client.send_message("x@sender.example", to, &message("wrong")).await;
            assert!(reply.is("250") || reply.is_transient(), "{what}: {reply}");
            if reply.is("250") {
                promised.insert(message_id("wrong"));
            } else {
                client.say("RSET").await.expect("250");
            }
            gate.open();

            // What comes next is refused, and nothing that was left over may say otherwise.
            system.hop.behave();
            system.hop.on(Stage::Rcpt).containing("dead@").reply("550 5.1.1 no such mailbox");
            let reply = client.send_message("x@sender.example", &["dead@acme.example"], &message("dead")).await;
            assert!(reply.is("550 5.1.1") || reply.is_transient(), "{what}, then refused: {reply}");
            client.say("RSET").await.expect("250");

            let reply = client.send_message("x@sender.example", &["carl@acme.example"], &message("right")).await;
            reply.expect("250");
            promised.insert(message_id("right"));
            system.hop.behave();
        }
    }
    let taken: BTreeSet<_> = system.hop.messages().iter().filter_map(|message| message.header("Message-ID")).collect();
    let lost: Vec<_> = promised.difference(&taken).collect();
    assert!(lost.is_empty(), "250 without a message at the hop: {lost:?}");
    assert!(taken.iter().all(|id| !id.contains("dead")), "{taken:?}");
    system.end().await;
}
