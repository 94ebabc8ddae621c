//! Heads as workers get them.

use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use contract::snapshot::head::Head;
use serde_json::json;

use crate::{
    doors::worker_token,
    harness::{Plane, Reply, on_both},
};

on_both! {
    a_head_for_a_nonce_is_the_newest_there_is_signed_for_it
}

const NONCE: &str = "q0P6dTwwZ0mDqJ4kJtY0xA";

fn claims(reply: &Reply) -> Head {
    assert_eq!(reply.status, 200, "{}", reply.text);
    let claims = reply.text.split('.').nth(1).expect("a JWS");
    serde_json::from_slice(&URL_SAFE_NO_PAD.decode(claims).unwrap()).unwrap()
}

async fn a_head_for_a_nonce_is_the_newest_there_is_signed_for_it(plane: Plane) {
    let worker = worker_token(&plane).await;
    let made = plane.post("/v1/tenants").json(&json!({ "name": "Acme" })).send().await;
    let version = made.header("config-version").expect("a number").to_owned();
    made.expect(201);
    plane.until_published(&version).await;
    let get = async |query: &str| plane.get(&format!("/worker/v1/head?{query}")).with_token(&worker).send().await;
    let everybodys = claims(&get("").await);
    let mine = claims(&get(&format!("nonce={NONCE}")).await);
    assert_eq!((mine.nonce.as_deref(), everybodys.nonce.as_deref()), (Some(NONCE), None));
    // Its age is what it is.
    assert_eq!(Head { nonce: None, ..mine.clone() }, everybodys);

    // A head that this replica has not seen yet: another one published it.
    let next = Head { version: mine.version + 7, ..everybodys };
    let jws = format!("e30.{}.e30", URL_SAFE_NO_PAD.encode(serde_json::to_vec(&next).unwrap()));
    let newer = format!("UPDATE heads SET version = {}, jws = '{jws}'", next.version);
    plane.tamper(&newer, &newer).await;
    let mine = claims(&get(&format!("nonce={NONCE}")).await);
    assert_eq!((mine.version, mine.nonce.as_deref()), (next.version, Some(NONCE)));

    for bad in ["short", &"a".repeat(65), "q0P6dTwwZ0mDqJ4kJtY0x%3D"] {
        get(&format!("nonce={bad}")).await.problem(400, "invalid_query");
    }
}
