//! Asking the next hop about a recipient at RCPT.

use contract::{
    policy::{Disposition, Reason, Rule, recipient::Unasked},
    snapshot::object::{DomainObject, HashSet, Object, RecipientRule, Recipients, ShardPrefix},
};
use pretend::{
    client::Client,
    gate::Gate,
    hop::{Hop, Stage},
};

use super::world::{Plan, World, message};
use crate::control::plane::domain;

const NO: &str = "550 5.1.1 nobody here by that name";

/// `asks.example`, whose next hop is asked; `listed@` needs no question.
fn asking(plan: &mut Plan, unasked: Unasked) {
    let recipients = RecipientRule::CallOut { shards: vec![ShardPrefix::ALL], unasked };
    let asks = DomainObject { recipients, ..domain("asks.example", 4) };
    plan.more.push(Object::Recipients(Recipients {
        domain: asks.name.clone(),
        prefix: ShardPrefix::ALL,
        hashes: HashSet::new(vec![asks.hash_key.hash(&"listed".parse().unwrap())]),
    }));
    plan.more.push(Object::Domain(Box::new(asks)));
}

async fn world(unasked: Unasked) -> World {
    World::with(|plan| asking(plan, unasked)).await
}

/// A hop that knows `anna` and `bert` only.
fn discerning(hop: &Hop) {
    hop.on(Stage::Rcpt).containing("no-such-recipient-").reply(NO);
    hop.on(Stage::Rcpt).containing("<dead").reply(NO);
}

/// How often the hop heard a command that begins so.
fn heard(hop: &Hop, command: &str) -> usize {
    let lines = hop.connections().into_iter().flat_map(|connection| connection.transcript);
    lines.filter(|line| line.strip_prefix("C: ").is_some_and(|said| said.starts_with(command))).count()
}

fn asked(hop: &Hop, local: &str) -> usize {
    heard(hop, &format!("RCPT TO:<{local}"))
}

async fn rcpt(client: &mut Client, local: &str) -> pretend::client::Reply {
    client.say(&format!("RCPT TO:<{local}@asks.example>")).await
}

async fn reset(client: &mut Client) {
    client.say("RSET").await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
}

#[tokio::test]
async fn the_next_hop_is_asked_once_and_its_answer_is_remembered() {
    let world = world(Unasked::Defer).await;
    discerning(&world.hop);
    let mut client = world.envelope().await;
    rcpt(&mut client, "dead").await.expect("550 5.1.1 no such recipient here");
    rcpt(&mut client, "Dead").await.expect("550 5.1.1");
    rcpt(&mut client, "anna").await.expect("250 2.1.5");
    reset(&mut client).await;
    rcpt(&mut client, "ANNA").await.expect("250 2.1.5");
    reset(&mut client).await;
    rcpt(&mut client, "listed").await.expect("250 2.1.5");
    reset(&mut client).await;
    rcpt(&mut client, "postmaster").await.expect("250 2.1.5");
    let connection = world.hop.until_heard("RSET").await;
    assert!(connection.heard("MAIL FROM:<>") && !connection.heard("MAIL FROM:<x"), "{:?}", connection.transcript);
    for (local, times) in [("dead", 1), ("Dead", 0), ("anna", 1), ("ANNA", 0), ("listed", 0), ("no-such", 1)] {
        assert_eq!(asked(&world.hop, local), times, "{local}");
    }
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    assert!(world.hop.violations().is_empty(), "{:?}", world.hop.violations());
    let event = world.event(|event| event.recipients.iter().any(|r| r.address.starts_with("dead"))).await;
    let dead = event.recipients.iter().find(|r| r.address.starts_with("dead")).unwrap();
    assert_eq!((dead.rule, dead.reason), (Rule::Recipients, Reason::CallOutRefused));
    assert_eq!(dead.hop_reply.as_deref(), Some(NO));
    client.send_message("x@sender.example", &["anna@asks.example"], &message("two")).await.expect("250");
    let event = world.event(|event| event.message_id.as_deref() == Some("two@sender.example")).await;
    let anna = &event.recipients[0];
    assert_eq!(
        (anna.disposition, anna.rule, anna.reason),
        (Disposition::Accepted, Rule::Recipients, Reason::CallOutAccepted)
    );
}

#[tokio::test]
async fn what_says_nothing_of_the_recipient_is_no_answer_and_the_domain_says_what_holds() {
    let cases: [(Stage, &str); 6] = [
        (Stage::Mail, "550 5.7.1 no bounces please"),
        (Stage::Mail, "451 4.3.0 later"),
        (Stage::Rcpt, "450 4.2.0 greylisted"),
        (Stage::Rcpt, "552 5.2.2 full"),
        (Stage::Rcpt, "554 5.7.1 relay access denied"),
        (Stage::Rcpt, "421 4.3.2 closing"),
    ];
    for (unasked, code) in [(Unasked::Defer, "451 4.4.3"), (Unasked::Accept, "250 2.1.5")] {
        for (stage, reply) in cases {
            let world = world(unasked).await;
            world.hop.on(stage).reply(reply);
            let mut client = world.envelope().await;
            rcpt(&mut client, "anna").await.expect(code);
            if unasked == Unasked::Accept {
                // It may take the mail all the same.
                world.hop.behave();
                client.say("DATA").await.expect("354");
                client.send(&[&message("one")[..], b".\r\n"].concat()).await;
                client.reply().await.expect("250");
                client.say("MAIL FROM:<x@sender.example>").await.expect("250");
            } else {
                reset(&mut client).await;
            }
            let event = world.event(|_| true).await;
            let anna = &event.recipients[0];
            assert_eq!((anna.rule, anna.reason), (Rule::Recipients, Reason::CallOutUnasked), "{reply}");
            // Nor is it remembered as one.
            if stage == Stage::Rcpt {
                world.hop.behave();
                discerning(&world.hop);
                rcpt(&mut client, "anna").await.expect("250");
                reset(&mut client).await;
                rcpt(&mut client, "dead").await.expect("550 5.1.1");
            }
        }
    }
}

#[tokio::test]
async fn a_hop_that_refuses_the_null_sender_is_left_alone_for_a_while() {
    let world = world(Unasked::Accept).await;
    world.hop.on(Stage::Mail).containing("<>").reply("550 5.7.1 no bounces please");
    let mut client = world.envelope().await;
    rcpt(&mut client, "anna").await.expect("250");
    for local in ["bert", "carl"] {
        reset(&mut client).await;
        rcpt(&mut client, local).await.expect("250");
    }
    assert_eq!(heard(&world.hop, "MAIL FROM:<>"), 1);
    // The mail goes its way all the same.
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
}

#[tokio::test]
async fn a_hop_that_takes_anybody_is_noticed_and_asked_again_after_a_time() {
    let world = World::with(|plan| {
        asking(plan, Unasked::Defer);
        plan.config = Box::new(|config| config.delivery.call_out_catch_all_s = 1);
    })
    .await;
    let mut client = world.envelope().await;
    for local in ["anna", "bert", "carl", "dead"] {
        rcpt(&mut client, local).await.expect("250");
        reset(&mut client).await;
    }
    assert!(asked(&world.hop, "carl") == 0 || asked(&world.hop, "no-such") > 1, "not asked while it is known");
    client.say("RSET").await.expect("250");
    client.send_message("x@sender.example", &["anna@asks.example"], &message("one")).await.expect("250");
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    let event = world.event(|event| event.message_id.is_some()).await;
    assert_eq!(event.recipients[0].reason, Reason::CallOutCatchAll);
    // It learns who is there: after a time that is found out.
    discerning(&world.hop);
    let deadline = tokio::time::Instant::now() + pretend::wait::BOUND;
    let mut n = 0;
    loop {
        n += 1;
        let reply = rcpt(&mut client, &format!("dead{n}")).await;
        reset(&mut client).await;
        if reply.is("550 5.1.1") {
            break;
        }
        reply.expect("250");
        assert!(tokio::time::Instant::now() < deadline);
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
}

#[tokio::test]
async fn questions_about_one_address_at_once_are_one_question() {
    let world = world(Unasked::Defer).await;
    discerning(&world.hop);
    let gate = Gate::new();
    world.hop.on(Stage::Rcpt).containing("<anna").hold(&gate);
    let mut clients = Vec::new();
    for _ in 0..5 {
        let mut client = world.envelope().await;
        client.send(b"RCPT TO:<anna@asks.example>\r\n").await;
        clients.push(client);
    }
    gate.until_waiting(1).await;
    // One that leaves takes the answer from nobody.
    drop(clients.remove(0));
    gate.open();
    for client in &mut clients {
        client.reply().await.expect("250");
    }
    assert_eq!(asked(&world.hop, "anna"), 1);
}

#[tokio::test]
async fn a_dictionary_costs_its_network_the_right_to_ask_and_forgets_nobody() {
    let world = World::with(|plan| {
        asking(plan, Unasked::Accept);
        plan.config = Box::new(|config| {
            config.delivery.call_outs_per_client_per_minute = 5;
            config.smtp.max_errors = 1_000;
        });
    })
    .await;
    discerning(&world.hop);
    let mut client = world.envelope().await;
    rcpt(&mut client, "anna").await.expect("250");
    reset(&mut client).await;
    let mut replies = Vec::new();
    for n in 0..30 {
        replies.push(rcpt(&mut client, &format!("dead{n}")).await);
    }
    assert!(replies[..5].iter().all(|reply| reply.is("550 5.1.1")), "{replies:?}");
    let last = replies.last().unwrap();
    // Also where the domain takes whom it cannot ask about: a dictionary is no fault of the hop.
    last.expect("451 4.7.0");
    assert!(asked(&world.hop, "dead") < 10, "{}", asked(&world.hop, "dead"));
    rcpt(&mut client, "anna").await.expect("250");
    let event = async {
        reset(&mut client).await;
        world.event(|event| event.recipients.iter().any(|r| r.address.starts_with("dead29"))).await
    };
    let last = event.await.recipients.into_iter().find(|r| r.address.starts_with("dead29")).unwrap();
    assert_eq!((last.rule, last.reason), (Rule::Recipients, Reason::CallOutBudget));
}

#[tokio::test]
async fn a_hop_has_a_budget_and_mail_flows_beside_it() {
    let world = World::with(|plan| {
        asking(plan, Unasked::Defer);
        plan.config = Box::new(|config| config.delivery.call_outs_per_hop_per_minute = 2);
    })
    .await;
    discerning(&world.hop);
    let mut client = world.envelope().await;
    rcpt(&mut client, "anna").await.expect("250");
    reset(&mut client).await;
    rcpt(&mut client, "bert").await.expect("250");
    reset(&mut client).await;
    rcpt(&mut client, "carl").await.expect("451 4.4.3");
    rcpt(&mut client, "listed").await.expect("250");
    client.say("DATA").await.expect("354");
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
}

#[tokio::test]
async fn a_hop_that_says_nothing_holds_a_sender_up_only_so_long() {
    let world = World::with(|plan| {
        asking(plan, Unasked::Defer);
        plan.config = Box::new(|config| config.delivery.call_out_timeout_s = 1);
    })
    .await;
    world.hop.on(Stage::Rcpt).silence();
    let mut client = world.envelope().await;
    rcpt(&mut client, "anna").await.expect("451 4.4.3");
    world.hop.behave();
    discerning(&world.hop);
    rcpt(&mut client, "anna").await.expect("250");
}

#[tokio::test]
async fn who_is_blocked_makes_nobody_ask() {
    let mut world = world(Unasked::Defer).await;
    discerning(&world.hop);
    // A tenant that is suspended is as good as one that blocks: the question would change nothing.
    world
        .republish(|plan| {
            plan.more.push(Object::Tenant(contract::snapshot::object::Tenant {
                state: contract::snapshot::object::TenantState::Suspended,
                ..crate::control::plane::tenant(6, None)
            }));
            let recipients = RecipientRule::CallOut { shards: vec![], unasked: Unasked::Accept };
            plan.more.push(Object::Domain(Box::new(DomainObject { recipients, ..domain("shut.example", 6) })));
        })
        .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@shut.example>").await.expect("451 4.2.1");
    client.say("RCPT TO:<@a.example:anna@asks.example>").await.expect("550 5.7.1");
    client.say("RCPT TO:<\"anna@elsewhere\"@asks.example>").await.expect("550 5.7.1");
    assert!(world.hop.connections().is_empty());
}
