//! Guessing: what is counted, whom it slows down, and whom not.

use std::time::Duration;

use futures::future::join_all;
use serde_json::{Value, json};

use crate::{
    authenticator::totp,
    factors::enrol,
    harness::{Call, EMAIL, PASSWORD, Plane, Reply, on_both},
    people::person,
};

on_both! {
    a_guesser_on_many_networks_is_slowed_down_and_the_owners_device_gets_in
    a_program_that_signed_in_before_gets_in_beside_guessers_elsewhere
    right_sign_ins_of_ones_own_do_not_make_the_network_good_again
    of_sixty_four_guesses_at_once_five_are_looked_at
    of_many_right_sign_ins_at_once_none_is_refused
    an_account_that_does_not_exist_is_guessed_at_no_faster_and_no_slower
    guesses_at_ones_own_password_are_slowed_down_wherever_they_are_made
    a_device_opens_nothing_and_has_a_budget_of_its_own
    codes_guessed_by_strangers_leave_the_owners_device_its_own
    recovery_codes_are_looked_at_so_many_times_an_hour
    while_many_guess_strangers_wait_and_who_was_here_before_does_not
}

const WRONG: &str = "not the password at all";

fn guess<'a>(plane: &'a Plane, email: &str, password: &str) -> Call<'a> {
    plane.post("/v1/sessions").anonymously().json(&json!({ "email": email, "password": password }))
}

/// Five wrong guesses at the account from each of so many networks: as many as are looked at without a wait.
async fn guess_from_networks(plane: &Plane, networks: std::ops::RangeInclusive<u8>, email: &str) {
    for network in networks {
        for _ in 0..5 {
            guess(plane, email, WRONG).network(network).send().await.problem(401, "invalid_credentials");
        }
    }
}

/// What a sign-in with cookies leaves in a browser that lets everything else go.
fn device(reply: &Reply) -> String {
    let mut cookies = reply.headers.get_all("set-cookie").iter().filter_map(|value| value.to_str().ok());
    let device = cookies.find(|text| text.starts_with("__Host-postern-device=")).unwrap();
    assert!(device.ends_with("; Secure; HttpOnly; SameSite=Strict"), "{device}");
    device.split(';').next().unwrap().to_owned()
}

async fn with_cookies(plane: &Plane, path: &str, mut body: Value, cookie: &str) -> Reply {
    body["cookies"] = json!(true);
    let call = plane.post(path).anonymously().header("origin", "https://localhost:8443").header("cookie", cookie);
    call.json(&body).send().await
}

async fn in_a_browser(plane: &Plane) -> String {
    let reply = with_cookies(plane, "/v1/sessions", json!({ "email": EMAIL, "password": PASSWORD }), "x=y").await;
    assert_eq!(reply.status, 201, "{}", reply.text);
    device(&reply)
}

fn retry_after(reply: &Reply) -> u64 {
    reply.problem(429, "too_many_attempts").header("retry-after").unwrap().parse().unwrap()
}

/// A number of `/metrics`; 0 where it was never counted.
async fn metric(plane: &Plane, name: &str) -> u64 {
    let text = plane.get("/metrics").anonymously().send().await.text;
    let found = text.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(' '));
    found.map_or(0, |value| value.parse().unwrap())
}

async fn verified(plane: &Plane) -> u64 {
    metric(plane, "postern_password_verifications_total").await
}

async fn a_guesser_on_many_networks_is_slowed_down_and_the_owners_device_gets_in(plane: Plane) {
    let device = in_a_browser(&plane).await;
    guess_from_networks(&plane, 1..=6, EMAIL).await;
    let looked_at = verified(&plane).await;
    // From yet another network, wrong or right.
    for password in [WRONG, PASSWORD] {
        let reply = guess(&plane, EMAIL, password).network(7).send().await;
        assert_eq!(retry_after(&reply), 1);
    }
    assert_eq!(verified(&plane).await, looked_at);
    guess(&plane, EMAIL, PASSWORD).network(7).header("cookie", &device).send().await.expect(201);
    assert_eq!(metric(&plane, "postern_attempts_refused_total{by=\"account\"}").await, 2);
    // One at a time, with a wait between them that grows and ends.
    for wait in [1, 2, 4, 8, 16, 32] {
        plane.clock.advance(Duration::from_secs(wait));
        guess(&plane, EMAIL, WRONG).network(8).send().await.problem(401, "invalid_credentials");
        let reply = guess(&plane, EMAIL, WRONG).network(9).send().await;
        assert_eq!(retry_after(&reply), wait * 2);
        guess(&plane, EMAIL, PASSWORD).network(7).header("cookie", &device).send().await.expect(201);
    }
    plane.clock.advance(Duration::from_mins(5));
    guess(&plane, EMAIL, PASSWORD).network(9).send().await.expect(201);
}

async fn a_program_that_signed_in_before_gets_in_beside_guessers_elsewhere(plane: Plane) {
    guess_from_networks(&plane, 1..=6, EMAIL).await;
    retry_after(&guess(&plane, EMAIL, PASSWORD).network(7).send().await);
    plane.sign_in(EMAIL, PASSWORD).await;
    // Who guesses from beside it slows down what comes from there, and is slowed down.
    for _ in 0..5 {
        guess(&plane, EMAIL, WRONG).send().await.problem(401, "invalid_credentials");
    }
    retry_after(&guess(&plane, EMAIL, WRONG).send().await);
    plane.clock.advance(Duration::from_secs(2));
    plane.sign_in(EMAIL, PASSWORD).await;
}

async fn right_sign_ins_of_ones_own_do_not_make_the_network_good_again(plane: Plane) {
    let tenant = plane.get("/v1/me").send().await.expect(200)["tenant_id"].as_str().unwrap().to_owned();
    person(&plane, &tenant, "guesser@example.com").await;
    let own = async || {
        guess(&plane, "guesser@example.com", PASSWORD).network(3).send().await.expect(201);
    };
    for _ in 0..5 {
        own().await;
        guess(&plane, EMAIL, WRONG).network(3).send().await.problem(401, "invalid_credentials");
    }
    own().await;
    retry_after(&guess(&plane, EMAIL, PASSWORD).network(3).send().await);
    // At one account after the other it is the network that waits, with its own sign-ins.
    for n in 0..15 {
        let email = format!("p{n}@example.com");
        guess(&plane, &email, WRONG).network(3).send().await.problem(401, "invalid_credentials");
        if n < 14 {
            own().await;
        }
    }
    retry_after(&guess(&plane, "other@example.com", WRONG).network(3).send().await);
    retry_after(&guess(&plane, "guesser@example.com", PASSWORD).network(3).send().await);
    assert_eq!(metric(&plane, "postern_attempts_refused_total{by=\"network\"}").await, 2);
}

async fn of_sixty_four_guesses_at_once_five_are_looked_at(plane: Plane) {
    let looked_at = verified(&plane).await;
    let replies = join_all((0..64).map(|_| guess(&plane, EMAIL, WRONG).send())).await;
    let refused = replies.iter().filter(|reply| reply.status == 429).map(retry_after).count();
    assert_eq!((verified(&plane).await - looked_at, refused), (5, 59));
}

async fn of_many_right_sign_ins_at_once_none_is_refused(plane: Plane) {
    let replies = join_all((0..16).map(|_| guess(&plane, EMAIL, PASSWORD).send())).await;
    for reply in replies {
        reply.expect(201);
    }
}

async fn an_account_that_does_not_exist_is_guessed_at_no_faster_and_no_slower(plane: Plane) {
    let guessed = async |email: &str, networks: std::ops::RangeInclusive<u8>| {
        let before = verified(&plane).await;
        let mut told = Vec::new();
        for network in networks {
            for _ in 0..7 {
                let reply = guess(&plane, email, WRONG).network(network).send().await;
                let retry_after = reply.header("retry-after").map(str::to_owned);
                told.push((reply.status, reply.body.clone(), retry_after));
            }
        }
        (told, verified(&plane).await - before)
    };
    let known = guessed(EMAIL, 1..=8).await;
    // Five from each network are looked at, until the account has had thirty.
    assert_eq!(known.1, 30);
    assert_eq!(guessed("nobody@example.com", 11..=18).await, known);
    assert_eq!(guessed("no\u{0}body@example.com", 21..=28).await, known);
    // It is one account however it is written.
    let again = guess(&plane, "NoBody@Example.com", WRONG).network(31).send().await;
    assert_eq!(retry_after(&again), 1);
}

async fn guesses_at_ones_own_password_are_slowed_down_wherever_they_are_made(plane: Plane) {
    let change = async |current: &str, network: u8| {
        let body = json!({ "current_password": current, "new_password": "another horse, another staple" });
        plane.put("/v1/me/password").json(&body).network(network).send().await
    };
    let other = plane.sign_in(EMAIL, PASSWORD).await;
    for network in 1..=5 {
        let reply = change(WRONG, network).await;
        assert_eq!(reply.problem(422, "invalid_body").pointers(), ["/current_password"]);
        // It is the same password.
        let step_up = plane.post("/v1/sessions/current/step-up").json(&json!({ "password": WRONG }));
        step_up.with_token(&other).network(network).send().await.problem(403, "invalid_factor");
    }
    let looked_at = verified(&plane).await;
    assert_eq!(retry_after(&change(PASSWORD, 6).await), 1);
    let step_up = plane.post("/v1/sessions/current/step-up").json(&json!({ "password": PASSWORD }));
    assert_eq!(retry_after(&step_up.send().await), 1);
    assert_eq!(verified(&plane).await, looked_at);
    // Everything else goes on, signing in too.
    plane.get("/v1/me").send().await.expect(200);
    plane.sign_in(EMAIL, PASSWORD).await;
    plane.clock.advance(Duration::from_secs(1));
    change(PASSWORD, 6).await.expect(204);
}

async fn a_device_opens_nothing_and_has_a_budget_of_its_own(plane: Plane) {
    let device = in_a_browser(&plane).await;
    plane.get("/v1/me").anonymously().header("cookie", &device).send().await.problem(401, "unauthenticated");
    // Of another account it is a stranger's.
    guess_from_networks(&plane, 1..=6, "other@example.com").await;
    let reply = guess(&plane, "other@example.com", WRONG).network(7).header("cookie", &device).send().await;
    retry_after(&reply);
    // Stolen, it is good for five guesses, and these are not of the strangers' number nor of the network's.
    let stolen =
        async |password: &str| guess(&plane, EMAIL, password).network(7).header("cookie", &device).send().await;
    for _ in 0..5 {
        stolen(WRONG).await.problem(401, "invalid_credentials");
    }
    assert_eq!(retry_after(&stolen(PASSWORD).await), 1);
    guess_from_networks(&plane, 7..=12, EMAIL).await;
    // One that was bent is none.
    let last = if device.ends_with('A') { 'B' } else { 'A' };
    let bent = format!("{}{last}", &device[..device.len() - 1]);
    retry_after(&guess(&plane, EMAIL, PASSWORD).network(13).header("cookie", &bent).send().await);
    // The next sign-in renews it, with what it has counted.
    plane.clock.advance(Duration::from_secs(1));
    let body = json!({ "email": EMAIL, "password": PASSWORD });
    let renewed = with_cookies(&plane, "/v1/sessions", body, &device).await;
    let renewed = self::device(&renewed);
    assert_ne!(renewed, device);
    guess(&plane, EMAIL, WRONG).header("cookie", &renewed).send().await.problem(401, "invalid_credentials");
    assert_eq!(retry_after(&guess(&plane, EMAIL, WRONG).header("cookie", &device).send().await), 2);
}

async fn ticket(plane: &Plane, network: u8, cookie: &str) -> String {
    let reply = guess(plane, EMAIL, PASSWORD).network(network).header("cookie", cookie).send().await;
    reply.problem(401, "second_factor_required").body["challenge"]["ticket"].as_str().unwrap().to_owned()
}

async fn show(plane: &Plane, network: u8, body: Value) -> Reply {
    plane.post("/v1/sessions/second-factor").anonymously().json(&body).network(network).send().await
}

/// Shows the same wrong thing as often as it is looked at.
async fn thirty_times(plane: &Plane, wrong: &Value) {
    for network in 1..=6 {
        let mut body = wrong.clone();
        body["ticket"] = json!(ticket(plane, network, "x=y").await);
        for _ in 0..5 {
            show(plane, network, body.clone()).await.problem(403, "invalid_factor");
        }
    }
}

/// They are counted in windows of an hour.
fn to_the_next_hour(plane: &Plane) {
    let into = u64::try_from(plane.clock.now().as_secs()).unwrap() % 3_600;
    plane.clock.advance(Duration::from_secs(3_600 - into));
}

async fn codes_guessed_by_strangers_leave_the_owners_device_its_own(plane: Plane) {
    let (secret, codes) = enrol(&plane).await;
    let body = json!({ "ticket": ticket(&plane, 9, "x=y").await, "recovery_code": codes[0] });
    let device = device(&with_cookies(&plane, "/v1/sessions/second-factor", body, "x=y").await);
    to_the_next_hour(&plane);
    thirty_times(&plane, &json!({ "totp_code": "000000" })).await;
    let code = totp(&secret, plane.clock.now());
    let stranger = json!({ "ticket": ticket(&plane, 8, "x=y").await, "totp_code": code });
    assert_eq!(retry_after(&show(&plane, 8, stranger).await), 3_600);
    let own = json!({ "ticket": ticket(&plane, 8, &device).await, "totp_code": code });
    let session = show(&plane, 8, own).await.expect(201);
    // Signed in, one is not counted with strangers either.
    plane.clock.advance(Duration::from_secs(30));
    let step_up = plane.post("/v1/sessions/current/step-up").with_token(session["access_token"].as_str().unwrap());
    step_up.json(&json!({ "totp_code": totp(&secret, plane.clock.now()) })).send().await.expect(200);
}

async fn recovery_codes_are_looked_at_so_many_times_an_hour(plane: Plane) {
    let (secret, codes) = enrol(&plane).await;
    to_the_next_hour(&plane);
    thirty_times(&plane, &json!({ "recovery_code": "aaaa-aaaa-aaaa-aaaa" })).await;
    let right = json!({ "ticket": ticket(&plane, 8, "x=y").await, "recovery_code": codes[0] });
    assert_eq!(retry_after(&show(&plane, 8, right).await), 3_600);
    let code = totp(&secret, plane.clock.now());
    show(&plane, 8, json!({ "ticket": ticket(&plane, 8, "x=y").await, "totp_code": code })).await.expect(201);
}

async fn while_many_guess_strangers_wait_and_who_was_here_before_does_not(plane: Plane) {
    let device = in_a_browser(&plane).await;
    // Too long to be hashed at all, so that the test is done some day; it is counted as any.
    let long = "x".repeat(2_000);
    let from = |network: u8| (0..20).map(move |n| (network, format!("p{network}-{n}@example.com")));
    for network in 1..=15 {
        let guesses = from(network).map(|(network, email)| guess(&plane, &email, &long).network(network).send());
        for reply in join_all(guesses).await {
            reply.problem(401, "invalid_credentials");
        }
    }
    let stranger = async || guess(&plane, EMAIL, PASSWORD).network(99).send().await;
    assert_eq!(retry_after(&stranger().await), 10);
    guess(&plane, EMAIL, PASSWORD).network(99).header("cookie", &device).send().await.expect(201);
    plane.sign_in(EMAIL, PASSWORD).await;
    assert_eq!(metric(&plane, "postern_attempts_refused_total{by=\"strangers\"}").await, 1);
    plane.clock.advance(Duration::from_secs(10));
    stranger().await.expect(201);
}
