//! Mail to people: through the relay, in their language, tried again, and never in the clear where TLS is asked for.

use std::time::Duration;

use control_plane::{
    Config,
    mail_out::{Language, Relay, Security},
};
use pretend::hop::{Hop, Stage};
use serde_json::json;

use crate::harness::{EMAIL, PASSWORD, Plane, on_both};

on_both! {
    alone:
    whoever_changes_their_password_is_told_by_mail
    a_mail_that_is_put_off_is_sent_later
    a_mail_that_is_refused_or_too_old_is_given_up_and_audited
    nothing_is_said_in_the_clear_where_tls_is_asked_for
    without_a_relay_nothing_is_mailed
    whoever_makes_or_rotates_an_api_key_is_told_by_mail
}

const NEW: &str = "another horse, another staple";

pub(crate) fn through(hop: &Hop, tls: Security, language: Language) -> impl FnOnce(&mut Config) + use<> {
    let port = hop.port();
    move |config| {
        let from = "postern@provider.example".parse().unwrap();
        config.mail.relay = Some(Relay { host: "127.0.0.1".to_owned(), port, tls, from, credentials: None });
        config.mail.language = language;
    }
}

async fn change_password(plane: &Plane) {
    let body = json!({ "current_password": PASSWORD, "new_password": NEW });
    plane.put("/v1/me/password").json(&body).send().await.expect(204);
}

async fn waiting(plane: &Plane) -> i64 {
    plane.count("SELECT COUNT(*) FROM mails").await
}

async fn whoever_changes_their_password_is_told_by_mail() {
    for (language, subject, text) in [
        (Language::En, "Your password was changed", "somebody else"),
        (Language::Fr, "Votre mot de passe", "d'autre est peut"),
    ] {
        let hop = Hop::start().await;
        let plane = Plane::start_with(through(&hop, Security::None, language)).await;
        change_password(&plane).await;
        let [message] = &hop.until_messages(1).await[..] else { panic!("one") };
        assert_eq!((message.mail.address.as_str(), message.recipients()), ("postern@provider.example", vec![EMAIL]));
        let body = String::from_utf8_lossy(&message.bytes).into_owned();
        let header = |name: &str| message.header(name).unwrap_or_default();
        assert!(header("subject").contains(subject) || header("subject").contains("=?utf-8?"), "{body}");
        assert!(header("to").contains(EMAIL) && header("from").contains("postern@provider.example"), "{body}");
        assert_eq!(header("auto-submitted"), "auto-generated");
        assert!(!header("date").is_empty() && header("message-id").ends_with("@provider.example>"), "{body}");
        assert!(body.contains(EMAIL) && body.contains(text), "{body}");
        assert!(!body.contains(NEW) && !body.contains(PASSWORD));
        plane.run_jobs().await;
        assert_eq!(waiting(&plane).await, 0);
        assert!(hop.violations().is_empty(), "{:?}", hop.violations());
        assert_eq!(hop.messages().len(), 1);
    }
}

async fn a_mail_that_is_put_off_is_sent_later() {
    let hop = Hop::start().await;
    hop.on(Stage::Rcpt).reply("451 4.3.0 not now");
    let plane = Plane::start_with(through(&hop, Security::None, Language::En)).await;
    change_password(&plane).await;
    plane.run_jobs().await;
    assert_eq!((waiting(&plane).await, hop.messages().len()), (1, 0));
    // Who reads the database reads no mail.
    let text = "CAST(sealed AS TEXT)";
    let readable = if plane.postgres().await.is_some() { "encode(sealed, 'escape')" } else { text };
    assert_eq!(plane.count(&format!("SELECT COUNT(*) FROM mails WHERE {readable} LIKE '%owner@%'")).await, 0);

    hop.behave();
    plane.run_jobs().await;
    assert_eq!(hop.messages().len(), 0, "not before its time");
    plane.clock.advance(Duration::from_mins(2));
    plane.run_jobs().await;
    hop.until_messages(1).await;
    plane.run_jobs().await;
    assert_eq!(waiting(&plane).await, 0);
}

async fn a_mail_that_is_refused_or_too_old_is_given_up_and_audited() {
    for (reply, wait) in [("550 5.1.1 nobody", Duration::ZERO), ("451 4.3.0 not now", Duration::from_hours(24))] {
        let hop = Hop::start().await;
        hop.on(Stage::Rcpt).reply(reply);
        let plane = Plane::start_with(through(&hop, Security::None, Language::En)).await;
        change_password(&plane).await;
        plane.run_jobs().await;
        plane.clock.advance(wait);
        plane.run_jobs().await;
        assert_eq!(waiting(&plane).await, 0, "{reply}");
        let given_up =
            "SELECT COUNT(*) FROM audit WHERE action = 'mail.given_up' AND after_state LIKE '%owner@example.com%'";
        assert_eq!(plane.count(given_up).await, 1, "{reply}");
    }
}

async fn nothing_is_said_in_the_clear_where_tls_is_asked_for() {
    let hop = Hop::start().await;
    let plane = Plane::start_with(through(&hop, Security::Starttls, Language::En)).await;
    change_password(&plane).await;
    plane.run_jobs().await;
    // The hop does not offer it; and one whose certificate nobody trusts is no better.
    hop.offer_tls(&pretend::ca::Ca::new().issue(&["127.0.0.1"]));
    plane.clock.advance(Duration::from_mins(2));
    plane.run_jobs().await;
    assert_eq!((waiting(&plane).await, hop.all_messages().len()), (1, 0));
    assert!(hop.connections().len() >= 2);
}

async fn without_a_relay_nothing_is_mailed() {
    let plane = Plane::start().await;
    change_password(&plane).await;
    assert_eq!(waiting(&plane).await, 0);
}

async fn whoever_makes_or_rotates_an_api_key_is_told_by_mail() {
    let cases =
        [(Language::En, "What it is over: the tenant Provider"), (Language::Fr, "le client Provider, avec tout")];
    for (language, says) in cases {
        let hop = Hop::start().await;
        let plane = Plane::start_with(through(&hop, Security::None, language)).await;
        let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].clone();
        let body = json!({ "name": "nightly", "scope": "tenant", "tenant_id": tenant, "actions": ["tenants.read"] });
        let key = plane.post("/v1/api-keys").json(&body).send().await.expect(201);
        hop.until_messages(1).await;
        let path = format!("/v1/api-keys/{}/rotate", key["id"].as_str().unwrap());
        let rotated = plane.post(&path).json(&json!({})).send().await.expect(200);
        hop.until_messages(2).await;
        change_password(&plane).await;
        let messages = hop.until_messages(3).await;
        let bodies: Vec<_> = messages.iter().map(|message| decoded(&message.bytes)).collect();
        for body in &bodies[..2] {
            for says in [EMAIL, "localhost", "nightly", says] {
                assert!(body.contains(says), "{says}: {body}");
            }
            for secret in [&key["secret"], &rotated["secret"]] {
                assert!(!body.contains(secret.as_str().unwrap()));
            }
        }
        let keys = if language == Language::En { "still good: 1" } else { "restent valables : 1" };
        assert!(bodies[2].contains(keys), "{}", bodies[2]);
        assert!(messages.iter().all(|message| message.recipients() == vec![EMAIL]));
    }
}

/// A text as it was before quoted-printable (RFC 2045 §6.7).
fn decoded(message: &[u8]) -> String {
    let text = String::from_utf8_lossy(message).replace("=\r\n", "");
    let mut octets = Vec::new();
    let mut rest = text.as_bytes();
    while let [first, behind @ ..] = rest {
        let digits = behind.get(..2).and_then(|digits| std::str::from_utf8(digits).ok());
        let octet = digits.and_then(|digits| u8::from_str_radix(digits, 16).ok()).filter(|_| *first == b'=');
        if let Some(octet) = octet {
            octets.push(octet);
            rest = &behind[2..];
        } else {
            octets.push(*first);
            rest = behind;
        }
    }
    String::from_utf8_lossy(&octets).into_owned()
}
