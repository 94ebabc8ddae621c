//! The proxy passes on what it is given until it is told to lie, and then lies about just that.

use axum::{Router, extract::Request, routing::any};
use pretend::proxy::{Proxy, Tamper};
use tokio::net::TcpListener;

const HEAD: &str = "eyJhbGciOiJFZERTQSJ9.eyJ2ZXJzaW9uIjoxLCJyb290IjoiYWJjZGVmZ2hpamtsbW5vcHFyc3R1dnd4eXoifQ.c2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJlc2lnbmF0dXJl";

async fn upstream() -> reqwest::Url {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let address = listener.local_addr().expect("bound");
    let echo = any(async |request: Request| {
        let token = request.headers().get("authorization").cloned();
        ([("x-heard", token.unwrap_or_else(|| "nothing".parse().expect("a header")))], HEAD)
    });
    let router =
        Router::new().route("/v1/head", echo.clone()).route("/v1/objects", echo.clone()).route("/v1/events", echo);
    tokio::spawn(async move { axum::serve(listener, router).await });
    format!("http://{address}/").parse().expect("a URL")
}

#[tokio::test]
async fn only_what_it_is_told_to_change_is_changed() {
    let proxy = Proxy::start(upstream().await).await.expect("a free port");
    let client = reqwest::Client::builder().tls_danger_accept_invalid_certs(true).no_proxy().build().expect("a client");
    let get = async |path: &str| {
        let url = format!("https://{}{path}", proxy.address);
        let response = client.get(url).header("authorization", "Bearer x").send().await.expect("it answers");
        let heard = response.headers().get("x-heard");
        assert!(heard.is_none_or(|heard| heard == "Bearer x"), "headers pass both ways");
        response.text().await.expect("text")
    };
    for path in ["/v1/head", "/v1/objects", "/v1/events"] {
        assert_eq!(get(path).await, HEAD);
    }
    proxy.tamper(Tamper::Signature);
    let head = get("/v1/head").await;
    let differing: Vec<usize> =
        head.bytes().zip(HEAD.bytes()).enumerate().filter(|(_, (a, b))| a != b).map(|(at, _)| at).collect();
    assert_eq!((head.len(), differing.len()), (HEAD.len(), 1));
    assert!(differing[0] > HEAD.rfind('.').expect("a JWS"), "in the signature");
    assert_eq!((get("/v1/objects").await, get("/v1/events").await), (HEAD.to_owned(), HEAD.to_owned()));
    proxy.tamper(Tamper::Objects);
    assert_eq!(get("/v1/head").await, HEAD);
    assert_ne!(get("/v1/objects").await, HEAD);
    assert_eq!(proxy.tampered(), 2);
    assert_eq!(proxy.last_head().as_deref(), Some(HEAD));
    proxy.tamper(Tamper::Head("another".to_owned()));
    assert_eq!((get("/v1/head").await, get("/v1/objects").await), ("another".to_owned(), HEAD.to_owned()));
    assert_eq!(proxy.last_head().as_deref(), Some(HEAD), "a lie is no head");
    proxy.tamper(Tamper::Nothing);
    assert_eq!(get("/v1/objects").await, HEAD);
}
