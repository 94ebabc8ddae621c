//! The balancer takes its targets in turn and passes over those that are gone.

use pretend::balancer::Balancer;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};

/// Says its name to whoever comes.
async fn target(name: &'static [u8]) -> (std::net::SocketAddr, tokio::task::JoinHandle<()>) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let task = tokio::spawn(async move {
        loop {
            let (mut stream, _) = listener.accept().await.expect("a client");
            stream.write_all(name).await.expect("it is read");
        }
    });
    (address, task)
}

#[tokio::test]
async fn targets_are_taken_in_turn_and_one_that_is_gone_is_passed_over() {
    let ((a, first), (b, _second)) = (target(b"a").await, target(b"b").await);
    let balancer = Balancer::start(vec![a, b]).await.expect("a free port");
    let ask = async || {
        let mut stream = TcpStream::connect(balancer.address).await.expect("it listens");
        let mut name = String::new();
        stream.read_to_string(&mut name).await.expect("a name");
        name
    };
    assert_eq!([ask().await, ask().await, ask().await], ["a", "b", "a"]);
    first.abort();
    let _ = first.await;
    assert_eq!([ask().await, ask().await], ["b", "b"]);
    assert_eq!(balancer.carried(), [2, 3]);
}
