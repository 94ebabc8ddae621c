//! A balancer in front: PROXY protocol from those who may, and from nobody else.

use contract::mail::Cidr;
use pretend::client::Client;

use super::world::{ANNA, World, message};

const V4: &[u8] = b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\r\n";
const NEIGHBOUR: &[u8] = b"PROXY TCP4 203.0.113.9 198.51.100.1 40000 25\r\n";

fn v2(address: &str) -> Vec<u8> {
    let source: std::net::Ipv6Addr = address.parse().unwrap();
    let addresses = [&source.octets()[..], &source.octets(), &[0x9c, 0x40, 0, 25]].concat();
    [&b"\r\n\r\n\0\r\nQUIT\n\x21\x21\0\x24"[..], &addresses].concat()
}

async fn world(change: impl FnOnce(&mut worker::Config) + 'static) -> World {
    World::with(|plan| {
        plan.config = Box::new(|config| {
            config.smtp.proxy_from = vec!["127.0.0.0/8".parse::<Cidr>().unwrap()];
            change(config);
        });
    })
    .await
}

/// A connection of the balancer, with these octets first.
async fn behind(world: &World, header: &[u8]) -> Client {
    let mut client = Client::open(world.worker.smtp_addresses().await[0]).await.unwrap();
    client.send(header).await;
    client
}

#[tokio::test]
async fn the_client_behind_a_balancer_is_the_client_everywhere() {
    let world = world(|config| config.smtp.max_connections_per_network = 1).await;
    let cases = [(V4.to_vec(), "192.0.2.7", "[192.0.2.7]"), (v2("2001:db8::7"), "2001:db8::7", "[IPv6:2001:db8::7]")];
    for (header, address, literal) in cases {
        let mut client = behind(&world, &header).await;
        client.reply().await.expect("220");
        client.say("EHLO client.example").await.expect("250");
        client.send_message("x@sender.example", ANNA, &message(address)).await.expect("250");
        let received = world.hop.messages().pop().unwrap().header("Received").unwrap();
        assert!(received.contains(&format!("client.example ({literal})")), "{received}");
        world.event(|event| event.client.address == address).await;
        // Places are counted by client, not by balancer.
        behind(&world, &header).await.reply().await.expect("421 4.7.0 too many connections");
        let mut neighbour = behind(&world, NEIGHBOUR).await;
        neighbour.reply().await.expect("220");
        neighbour.say("QUIT").await.expect("221");
        neighbour.until_closed().await;
    }
    // The balancer's own looks are sessions of its own.
    for header in [&b"PROXY UNKNOWN\r\n"[..], b"\r\n\r\n\0\r\nQUIT\n\x20\0\0\0"] {
        let mut check = behind(&world, header).await;
        check.reply().await.expect("220");
        check.say("QUIT").await.expect("221");
        check.until_closed().await;
    }
}

#[tokio::test]
async fn a_balancer_without_a_sound_header_is_closed_without_a_word() {
    let world = world(|_| {}).await;
    for broken in [
        &b"EHLO client.example\r\n"[..],
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000\r\n",
        b"PROXY TCP4 192.0.2.7 198.51.100.1 40000 25\n",
        b"\r\n\r\n\0\r\nQUIT\n\x21\x12\0\x0c............",
        b"\x16\x03\x01",
    ] {
        assert_eq!(behind(&world, broken).await.until_closed().await, b"", "{}", broken.escape_ascii());
    }
    let mut half = behind(&world, b"PROXY TCP4 192.0").await;
    half.half_close().await.unwrap();
    assert_eq!(half.until_closed().await, b"");
    // In time it is closed anyway.
    assert_eq!(behind(&world, b"").await.until_closed().await, b"");
    // The header may come in pieces, and nothing behind it.
    let mut pieces = behind(&world, b"").await;
    pieces.send_split(V4, &[1, 7, 20, V4.len() - 1]).await;
    pieces.reply().await.expect("220");
    let mut early = behind(&world, &[V4, b"EHLO early.example\r\n"].concat()).await;
    assert!(early.until_closed().await.starts_with(b"554 5.5.0"));
}

#[tokio::test]
async fn a_header_from_a_stranger_is_closed_without_a_word_and_believed_by_nobody() {
    let world = World::new().await;
    for header in [V4.to_vec(), v2("2001:db8::7")] {
        // After the greeting; what comes before it may be read as such.
        let mut client = world.client().await;
        client.send(&header).await;
        assert_eq!(client.until_closed().await, b"", "{}", header.escape_ascii());
        let said = behind(&world, &header).await.until_closed().await;
        assert!(said.is_empty() || said.starts_with(b"220"), "{}", said.escape_ascii());
    }
    let mut client = world.client().await;
    client.say("EHLO client.example").await.expect("250");
    client.send(V4).await;
    assert!(client.until_closed().await.starts_with(b"554 5.5.1"));
    assert!(world.plane.plan().events.is_empty());
}
