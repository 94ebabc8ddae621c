//! The listener among clients that are slow, many, or not clients at all.

use std::time::Duration;

use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::harness::{Plane, on_both};

on_both! {
    alone:
    clients_that_never_finish_a_handshake_hold_up_nobody
    plain_http_gets_no_answer_and_does_no_harm
    one_address_cannot_take_every_place
    too_many_headers_are_refused
    a_stop_lets_a_request_finish_and_takes_no_new_one
}

async fn clients_that_never_finish_a_handshake_hold_up_nobody() {
    let plane = Plane::start().await;
    let mut silent = Vec::new();
    for _ in 0..200 {
        let mut stream = TcpStream::connect(plane.running.address).await.unwrap();
        // The first bytes of a TLS record, and no more.
        stream.write_all(&[0x16, 0x03, 0x01, 0x02]).await.unwrap();
        silent.push(stream);
    }
    plane.get("/v1/me").send().await.expect(200);
}

async fn plain_http_gets_no_answer_and_does_no_harm() {
    let plane = Plane::start().await;
    let mut stream = TcpStream::connect(plane.running.address).await.unwrap();
    stream.write_all(b"GET /v1/me HTTP/1.1\r\nHost: localhost\r\n\r\n").await.unwrap();
    let mut answer = Vec::new();
    let _ = tokio::time::timeout(Duration::from_secs(20), stream.read_to_end(&mut answer)).await.expect("closed");
    assert!(!answer.starts_with(b"HTTP"), "{answer:?}");
    plane.get("/v1/me").send().await.expect(200);
}

async fn one_address_cannot_take_every_place() {
    let plane = Plane::start_with(|config| config.max_connections = 8).await;
    let mut held = Vec::new();
    for _ in 0..12 {
        held.push(TcpStream::connect(plane.running.address).await.unwrap());
    }
    // Half of the places; the client's own pooled connection is one of them. The rest are closed at once.
    let reads = held.iter_mut().map(|stream| async {
        let read = tokio::time::timeout(Duration::from_secs(2), stream.read_u8()).await;
        read.is_ok_and(|read| read.is_err())
    });
    let closed = futures::future::join_all(reads).await.into_iter().filter(|closed| *closed).count();
    assert!(closed >= 8, "{closed} of 12 were closed");
    plane.get("/v1/me").send().await.expect(200);
}

async fn too_many_headers_are_refused() {
    let plane = Plane::start().await;
    let mut call = plane.get("/v1/me");
    for i in 0..2_000 {
        call = call.header(&format!("x-filler-{i}"), "0123456789012345678901234567890123456789");
    }
    // HTTP/2 may refuse by a reset, HTTP/1 by 431: no answer of the API either way.
    let outcome = call.try_send().await;
    assert!(outcome.is_none_or(|reply| reply.status == 431));
    plane.get("/v1/me").send().await.expect(200);
}

async fn a_stop_lets_a_request_finish_and_takes_no_new_one() {
    let plane = Plane::start().await;
    let address = plane.running.address;
    plane.get("/v1/me").send().await.expect(200);
    plane.stop().await;
    assert!(TcpStream::connect(address).await.is_err());
}
