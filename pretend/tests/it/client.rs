//! A client sends what it is told to, in the pieces it is told to, and reads replies strictly.

use std::time::Duration;

use pretend::{
    client::Client,
    gate::Gate,
    hop::{Hop, Stage},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpListener,
};

/// A server that sends these octets to whoever comes, and gives back what it was sent.
async fn says(bytes: &'static [u8]) -> (std::net::SocketAddr, tokio::task::JoinHandle<Vec<u8>>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let task = tokio::spawn(async move {
        let (mut tcp, _) = listener.accept().await.expect("somebody comes");
        tcp.write_all(bytes).await.expect("they read");
        let mut read = Vec::new();
        let _ = tcp.read_to_end(&mut read).await;
        read
    });
    (address, task)
}

#[tokio::test]
async fn malformed_replies_are_errors_and_not_replies() {
    for bad in [
        &b"250 no line end"[..],
        b"250 only LF\n250 x",
        b"250-a\r\n251 b\r\n",
        b"abc\r\n",
        b"250?a\r\n",
        b"250 a\rb\r\n",
        b"",
    ] {
        let (address, server) = says(bad).await;
        let client = Client::open(address).await.expect("it listens");
        let mut client = client.patience(Duration::from_millis(200));
        assert!(client.try_reply().await.is_err(), "{}", bad.escape_ascii());
        drop(client);
        server.await.expect("it did not panic");
    }
    let (address, _server) = says(b"250-a b\r\n250-c\r\n250 d\r\n220 next\r\n").await;
    let mut client = Client::connect(address).await;
    assert_eq!(client.banner().expect("read").lines, ["a b", "c", "d"]);
    client.reply().await.expect("220 next");
}

#[tokio::test]
#[should_panic(expected = "NOOP → 451 4.3.0 Later, expected 250")]
async fn a_wish_that_is_not_met_says_what_was_said() {
    let hop = Hop::start().await;
    hop.on(Stage::Noop).reply("451 4.3.0 Later");
    Client::connect(hop.address()).await.say("NOOP").await.expect("250");
}

#[tokio::test]
async fn octets_arrive_whole_however_they_are_split() {
    let (address, server) = says(b"").await;
    let mut client = Client::open(address).await.expect("it listens");
    let gate = Gate::new();
    client.send_split(b"abcdefgh", &[1, 1, 3, 20]).await;
    client.trickle(b"ijkl", 3, Duration::ZERO).await.expect("it reads");
    let opener = gate.clone();
    let opening = tokio::spawn(async move {
        opener.until_waiting(1).await;
        opener.open();
    });
    client.send_behind(&gate, b"mn").await;
    opening.await.expect("it did not panic");
    client.half_close().await.expect("open");
    assert_eq!(server.await.expect("it did not panic"), b"abcdefghijklmn");
    client.until_closed().await;
    assert!(client.dialogue().contains("C: abcdefgh") || client.dialogue().contains("C: a\n"));
}

#[tokio::test]
async fn a_reset_is_seen_by_the_server_as_one() {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let client = Client::open(listener.local_addr().expect("bound")).await.expect("it listens");
    let (mut tcp, _) = listener.accept().await.expect("somebody comes");
    client.reset();
    let error = tcp.read(&mut [0; 8]).await.expect_err("RST");
    assert_eq!(error.kind(), std::io::ErrorKind::ConnectionReset);
}
