//! Alias addresses and alias domains.

use contract::{
    Micros,
    policy::lists::{Entry, ListKind, Subject},
    snapshot::object::{
        Alias, AliasDomain, AliasDomainHop, Aliases, DomainObject, DomainState, HashSet, List, ListScope, Object,
        RecipientRule, Recipients, ShardPrefix,
    },
};

use super::world::{Plan, World, message};
use crate::control::plane::{domain, id};

fn alias_domain(name: &str, primary: &str, hop_sees: AliasDomainHop) -> AliasDomain {
    AliasDomain {
        id: id(8),
        name: name.parse().unwrap(),
        tenant: id(4),
        state: DomainState::Active,
        primary: primary.parse().unwrap(),
        hop_sees,
    }
}

/// `main.example` with `anna`, her aliases `kept` (passed on as written) and `a.smith` (rewritten), and a list.
fn main(plan: &mut Plan) {
    let name = domain("main.example", 4);
    let hash = |local: &str| name.hash_key.hash(&local.parse().unwrap());
    let mut aliases = vec![
        Alias { hash: hash("kept"), of: hash("anna"), rewrite_to: None },
        Alias { hash: hash("a.smith"), of: hash("anna"), rewrite_to: Some("anna".parse().unwrap()) },
    ];
    aliases.sort_by_key(|alias| alias.hash);
    let block = Entry {
        id: id(7),
        kind: ListKind::Block,
        subject: Subject::Sender("*@bad.example".parse().unwrap()),
        recipient: Some(hash("anna")),
        expires_at: None,
    };
    let main = DomainObject {
        recipients: RecipientRule::Listed { shards: vec![ShardPrefix::ALL] },
        aliases: vec![ShardPrefix::ALL],
        list: vec![ShardPrefix::ALL],
        ..name.clone()
    };
    plan.more.push(Object::Recipients(Recipients {
        domain: main.name.clone(),
        prefix: ShardPrefix::ALL,
        hashes: HashSet::new(["anna", "kept", "a.smith"].map(hash).to_vec()),
    }));
    plan.more.push(Object::Aliases(Aliases { domain: main.name.clone(), prefix: ShardPrefix::ALL, aliases }));
    plan.more.push(Object::List(List {
        scope: ListScope::Domain(main.name.clone()),
        prefix: ShardPrefix::ALL,
        entries: vec![block],
    }));
    plan.more.push(Object::Domain(Box::new(main)));
}

async fn world() -> World {
    World::with(|plan| {
        main(plan);
        plan.more.push(Object::AliasDomain(alias_domain("written.example", "main.example", AliasDomainHop::AsWritten)));
        plan.more.push(Object::AliasDomain(alias_domain("moved.example", "main.example", AliasDomainHop::Primary)));
    })
    .await
}

#[tokio::test]
async fn the_hop_sees_an_alias_as_its_settings_say() {
    let world = world().await;
    let table = [
        ("anna@main.example", "anna@main.example"),
        ("Kept@main.example", "Kept@main.example"),
        ("A.Smith@main.example", "anna@main.example"),
        ("a.smith+news@main.example", "anna+news@main.example"),
        ("kept+news@main.example", "kept+news@main.example"),
        ("anna@written.example", "anna@written.example"),
        ("a.smith@written.example", "anna@written.example"),
        ("Anna@moved.example", "Anna@main.example"),
        ("a.smith+x@moved.example", "anna+x@main.example"),
        ("postmaster@moved.example", "postmaster@main.example"),
    ];
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    for (n, (to, _)) in table.iter().enumerate() {
        client.send_message("x@sender.example", &[to], &message(&n.to_string())).await.expect("250");
    }
    let messages = world.hop.until_messages(table.len()).await;
    let seen: Vec<_> = messages.iter().map(|message| message.recipients()[0].to_owned()).collect();
    assert_eq!(seen, table.map(|(_, seen)| seen));
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    for nobody in ["bert@main.example", "bert@written.example", "smith@moved.example"] {
        client.say(&format!("RCPT TO:<{nobody}>")).await.expect("550 5.1.1");
    }
    // The trace says what was written, and of which domain.
    let event = world.event(|event| event.recipients[0].address == "Anna@moved.example").await;
    assert_eq!(event.recipients[0].domain, Some(id(8)));
}

#[tokio::test]
async fn the_lists_of_the_mailbox_and_of_the_primary_hold() {
    let world = world().await;
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.say("MAIL FROM:<x@bad.example>").await.expect("250");
    for to in ["anna@main", "kept@main", "a.smith@main", "a.smith+x@main", "anna@written", "kept@moved"] {
        client.say(&format!("RCPT TO:<{to}.example>")).await.expect("550 5.7.1");
    }
}

#[tokio::test]
async fn both_names_are_one_delivery_group() {
    let world = world().await;
    let mut client = world.at_data(&["anna@main.example", "kept@written.example", "kept@moved.example"]).await;
    client.send(&[&message("one")[..], b".\r\n"].concat()).await;
    client.reply().await.expect("250");
    assert_eq!(
        world.hop.messages()[0].recipients(),
        ["anna@main.example", "kept@written.example", "kept@main.example"]
    );
}

#[tokio::test]
async fn an_edit_of_the_primary_holds_for_its_aliases_at_once() {
    let mut world = world().await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<bert@written.example>").await.expect("550 5.1.1");
    world
        .republish(|plan| {
            for object in &mut plan.more {
                if let Object::Domain(domain) = object {
                    domain.recipients = RecipientRule::Any;
                }
            }
        })
        .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<bert@written.example>").await.expect("250");
}

#[tokio::test]
async fn a_chain_a_circle_or_a_primary_of_another_tenant_costs_that_name_only_and_is_never_a_refusal() {
    let never = DomainState::Pending { defer_until: Micros::EPOCH };
    let world = World::with(|plan| {
        main(plan);
        for (name, primary) in [
            ("chain.example", "fine.example"),
            ("fine.example", "main.example"),
            ("one.example", "two.example"),
            ("two.example", "one.example"),
            ("self.example", "self.example"),
            ("gone.example", "nobody.example"),
            ("theirs.example", "other.example"),
            ("early.example", "pending.example"),
        ] {
            plan.more.push(Object::AliasDomain(alias_domain(name, primary, AliasDomainHop::AsWritten)));
        }
        let unproven =
            AliasDomain { state: never, ..alias_domain("unproven.example", "main.example", AliasDomainHop::Primary) };
        plan.more.push(Object::AliasDomain(unproven));
        plan.more.push(Object::Domain(Box::new(DomainObject { state: never, ..domain("pending.example", 4) })));
    })
    .await;
    let mut client = world.envelope().await;
    client.say("RCPT TO:<anna@fine.example>").await.expect("250");
    for name in ["chain", "one", "two", "self", "gone", "theirs"] {
        client.say(&format!("RCPT TO:<anna@{name}.example>")).await.expect("451 4.3.5");
    }
    client.say("RCPT TO:<anna@early.example>").await.expect("451 4.3.0");
    // What was not proven in time is as good as unknown, whatever it points to.
    client.say("RCPT TO:<anna@unproven.example>").await.expect("550 5.7.1");
    let errors = world
        .plane
        .until("errors named", |plan| plan.statuses.iter().rev().find(|status| !status.errors.is_empty()).cloned())
        .await
        .errors;
    let about = |key: &str| errors.iter().any(|error| error.key == key);
    assert!(
        about("domain/chain.example") && about("domain/one.example") && about("domain/theirs.example"),
        "{errors:?}"
    );
}
