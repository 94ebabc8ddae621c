//! Certificates are good or bad as they were ordered.

use pretend::{
    ca::{Ca, Certificate},
    client::{Client, Trust},
    hop::Hop,
};

async fn handshake(certificate: &Certificate, trust: &Trust, name: &str) -> Result<(), String> {
    let hop = Hop::start().await;
    hop.offer_tls(certificate);
    let mut client = Client::connect(hop.address()).await;
    client.say("EHLO x").await.expect("250");
    client.start_tls(trust, name).await.map(drop).map_err(|error| error.to_string())
}

#[tokio::test]
async fn each_certificate_fails_for_its_own_reason() {
    let (ca, other) = (Ca::new(), Ca::named("Another"));
    let trust = Trust::Authority(ca.clone());
    let good = ca.issue(&["mx.example", "127.0.0.1"]);
    assert_eq!(handshake(&good, &trust, "mx.example").await, Ok(()));
    assert_eq!(handshake(&good, &trust, "127.0.0.1").await, Ok(()));
    let fails = async |certificate: &Certificate, name: &str, wanted: &str| {
        let error = handshake(certificate, &trust, name).await.expect_err(wanted);
        assert!(error.contains(wanted), "{error} is not about {wanted}");
        assert_eq!(handshake(certificate, &Trust::Anybody, name).await, Ok(()), "anybody is trusted");
    };
    fails(&good, "other.example", "not valid for").await;
    fails(&ca.issue_expired(&["mx.example"]), "mx.example", "expired").await;
    fails(&other.issue(&["mx.example"]), "mx.example", "UnknownIssuer").await;
    fails(&Certificate::self_signed(&["mx.example"]), "mx.example", "UnknownIssuer").await;
}

#[test]
fn pem_and_der_say_the_same_and_keys_differ() {
    let ca = Ca::new();
    let (one, two) = (ca.issue(&["a.example"]), ca.issue(&["a.example"]));
    assert_ne!(one.spki_sha256(), two.spki_sha256());
    assert_eq!(one.pem().matches("BEGIN CERTIFICATE").count(), 2);
    assert!(one.pem().ends_with(&ca.pem()));
    assert!(one.key_pem().contains("PRIVATE KEY"));
}
