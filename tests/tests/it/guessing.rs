//! Somebody guesses recipients through a balancer; somebody else brings mail through the same one.

use contract::mail::Cidr;
use pretend::client::Client;
use serde_json::json;
use tests::{Options, System};

async fn from(system: &System, client: &str) -> Client {
    let mut session = Client::open(system.smtp_addresses().await[0]).await.expect("a connection");
    session.send(format!("PROXY TCP4 {client} 198.51.100.1 40000 25\r\n").as_bytes()).await;
    session
}

#[tokio::test]
async fn whoever_guesses_is_slowed_and_shut_out_and_nobody_else_behind_the_same_balancer() {
    let worker = |config: &mut worker::Config| {
        config.smtp.proxy_from = vec!["127.0.0.1".parse::<Cidr>().expect("an address")];
        config.smtp.tarpit.after = 3;
        config.smtp.tarpit.first_delay_ms = 5;
        config.smtp.tarpit.longest_delay_ms = 20;
        config.smtp.tarpit.shut_after = 10;
    };
    let system = System::start_with(Options { worker: Box::new(worker), ..Options::default() }).await;
    system.acme().await;
    let mut guesses = 0;
    let said = loop {
        let mut session = from(&system, "203.0.113.9").await;
        let greeting = session.reply().await;
        if greeting.code != 220 {
            break greeting;
        }
        session.say("EHLO guess.example").await.expect("250");
        session.say("MAIL FROM:<x@guess.example>").await.expect("250");
        for _ in 0..5 {
            guesses += 1;
            session.say(&format!("RCPT TO:<a{guesses}@acme.example>")).await.expect("550 5.1.1");
        }
        session.say("QUIT").await.expect("221");
        assert!(guesses < 100, "it guesses on");
    };
    assert!(said.is("421 4.7.0"), "{said}");
    // Its neighbours share its fate, others do not.
    from(&system, "203.0.113.77").await.reply().await.expect("421 4.7.0");
    let mut honest = from(&system, "192.0.2.7").await;
    honest.reply().await.expect("220");
    honest.say("EHLO honest.example").await.expect("250");
    let content = b"Subject: hello\r\n\r\nhello\r\n";
    honest.send_message("x@honest.example", &["anna@acme.example"], content).await.expect("250");
    // The trace names who it really was.
    for (disposition, client) in [("refused", "203.0.113.9"), ("accepted", "192.0.2.7")] {
        let found = system.rest.until_messages(&format!("disposition={disposition}"), 1).await;
        let id = found[0]["id"].as_str().expect("an id").to_owned();
        let records = system.rest.get(&format!("/v1/messages/{id}")).await.body;
        assert_eq!(records["data"][0]["client"]["address"], json!(client), "{records}");
    }
    system.end().await;
}
