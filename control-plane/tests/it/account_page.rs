//! The page at `/account`: in a real browser, and what it answers to requests that are not a browser's.

use std::time::Duration;

use base64::{Engine, engine::general_purpose::STANDARD};
use serde_json::json;

use crate::{
    authenticator::totp,
    factors,
    harness::{EMAIL, PASSWORD, Plane, on_both},
    invitations::{token, with_relay},
    password_resets,
    people::make,
    webdriver::{self, Browser, ENTER},
};

on_both! {
    alone:
    a_person_sets_up_factors_and_signs_in_by_them_in_a_real_browser
    somebody_who_is_invited_makes_an_account_and_accepts_more_in_a_real_browser
    the_page_of_an_invitation_says_what_it_is_about_and_keeps_nothing_of_a_link_that_is_over
    the_page_is_strict_and_speaks_the_languages_it_is_asked_for
    forms_of_other_sites_are_turned_away
    a_forgotten_password_is_set_by_the_mailed_link_in_a_real_browser_and_the_factor_is_still_asked
    who_holds_much_is_told_on_the_page_that_an_administrator_must_confirm
}

const HOST: &str = "mail.postern.example";

async fn sign_in(browser: &Browser, password: &str) {
    browser.type_into("input[name=email]", EMAIL).await;
    // By the keyboard alone.
    browser.type_into("input[name=password]", &format!("{password}{ENTER}")).await;
}

async fn a_person_sets_up_factors_and_signs_in_by_them_in_a_real_browser() {
    let plane = Plane::start_with(|config| {
        config.public_url = format!("https://{HOST}").parse().unwrap();
        config.sessions.step_up_lifetime_s = control_plane::Sessions::default().step_up_lifetime_s;
    })
    .await;
    let pin = STANDARD.encode(plane.running.tls_spki_sha256.as_bytes());
    let Some(browser) = webdriver::browser(HOST, plane.running.address.port(), &pin).await else { return };
    let account = format!("https://{HOST}/account");
    browser.open(&account).await;
    assert_eq!(browser.url().await, format!("{account}/sign-in"));
    sign_in(&browser, "not the password at all").await;
    assert!(browser.text("[role=alert]").await.contains("wrong"));
    browser.type_into("input[name=password]", &format!("{PASSWORD}{ENTER}")).await;
    assert_eq!(browser.text("main strong").await, EMAIL);

    // An authenticator app, with a wrong code first.
    browser.click("form[action='/account/totp'] button").await;
    browser.text("main svg").await;
    let secret = browser.text("main code").await;
    browser.type_into("input[name=code]", &format!("000000{ENTER}")).await;
    browser.text("[role=alert]").await;
    let code = totp(&secret, plane.clock.now());
    browser.type_into("input[name=code]", &format!("{code}{ENTER}")).await;
    let recovery = browser.text("main li code").await;
    assert_eq!(browser.count("main li code").await, 10);
    browser.click("main p a").await;

    // A passkey.
    browser.add_authenticator().await;
    browser.type_into("form[action='/account/passkey'] input[name=name]", &format!("my laptop{ENTER}")).await;
    assert_eq!(browser.text("li strong").await, "my laptop");

    // The second step: the app, then the key, then a recovery code.
    let out = "form[action='/account/sign-out'] button";
    browser.click(out).await;
    sign_in(&browser, PASSWORD).await;
    plane.clock.advance(Duration::from_secs(30));
    let code = totp(&secret, plane.clock.now());
    browser.type_into("input[name=totp_code]", &format!("{code}{ENTER}")).await;
    browser.click(out).await;
    sign_in(&browser, PASSWORD).await;
    browser.click("form[data-options][action='/account/second-step'] button").await;
    browser.click(out).await;
    sign_in(&browser, PASSWORD).await;
    browser.type_into("input[name=recovery_code]", &format!("{recovery}{ENTER}")).await;
    browser.click(out).await;

    // The key alone.
    browser.click("form[action='/account/passkey-sign-in'] button").await;
    assert_eq!(browser.text("main strong").await, EMAIL);
    let me = plane.get("/v1/audit?action=session.create&limit=1").send().await.expect(200);
    assert_eq!(me["data"][0]["after"]["factors"], json!(["passkey"]), "{me}");

    // Its access token is over; the page carries the session on.
    plane.clock.advance(Duration::from_hours(2));
    browser.open(&account).await;
    assert_eq!(browser.text("main strong").await, EMAIL);

    // It was shown two hours ago who this is: with a factor, the password is changed by who shows it again.
    browser.type_into("input[name=current_password]", PASSWORD).await;
    browser.type_into("input[name=new_password]", &format!("ten chars!{ENTER}")).await;
    browser.click("form[data-options][action='/account/step-up'] button").await;
    // The password, and another language, which stays.
    browser.type_into("input[name=current_password]", PASSWORD).await;
    browser.type_into("input[name=new_password]", &format!("short{ENTER}")).await;
    assert!(browser.text("[role=alert]").await.contains("at least 10 characters"));
    browser.type_into("input[name=current_password]", PASSWORD).await;
    browser.type_into("input[name=new_password]", &format!("ten chars!{ENTER}")).await;
    browser.text("[role=status]").await;
    browser.click("a[hreflang=fr]").await;
    assert_eq!(browser.text("html[lang=fr] h1").await, "Votre compte");
    browser.open(&account).await;
    assert_eq!(browser.text("html[lang=fr] h1").await, "Votre compte");
    // Giving up a factor asks again as well.
    plane.clock.advance(Duration::from_mins(11));
    browser.open(&account).await;
    browser.click("form[action='/account/totp-remove'] button").await;
    browser.click("form[data-options][action='/account/step-up'] button").await;
    browser.click("form[action='/account/totp-remove'] button").await;
    browser.until_gone("form[action='/account/totp-remove']").await;

    let complaints = browser.complaints().await;
    let policy: Vec<_> = complaints.iter().filter(|text| text.contains("Content Security Policy")).collect();
    assert!(policy.is_empty(), "{policy:#?}");
    browser.close().await;
}

async fn somebody_who_is_invited_makes_an_account_and_accepts_more_in_a_real_browser() {
    const ANNA: &str = "anna@acme.example";
    let (plane, hop) = with_relay(|config| config.public_url = format!("https://{HOST}").parse().unwrap()).await;
    let pin = STANDARD.encode(plane.running.tls_spki_sha256.as_bytes());
    let Some(browser) = webdriver::browser(HOST, plane.running.address.port(), &pin).await else { return };
    let tenant = make(&plane, plane.token(), "/v1/tenants", json!({ "name": "Acme & Sons" })).await;
    let policy = format!("/v1/tenants/{tenant}/sign-in-policy");
    let required = json!({ "second_factor": "required" });
    plane.put(&policy).header("if-match", "*").json(&required).send().await.expect(200);
    let invite = async |mails: usize, role: &str| {
        let grant = json!({ "role": role, "scope": "tenant", "tenant_id": tenant });
        let body = json!({ "email": ANNA, "tenant_id": tenant, "grant": grant });
        plane.post("/v1/invitations").json(&body).send().await.expect(201);
        format!("https://{HOST}/account/invitation?token={}", token(&hop, mails, ANNA).await)
    };

    // No account: a password, too short at first, then the sign-in and the factor that is required here.
    let link = invite(1, "auditor").await;
    browser.open(&link).await;
    assert!(browser.text("main ul").await.contains("Acme & Sons"));
    browser.type_into("input[name=password]", &format!("too short{ENTER}")).await;
    assert!(browser.text("[role=alert]").await.contains("at least 15 characters"));
    browser.type_into("input[name=password]", &format!("{PASSWORD}{ENTER}")).await;
    assert!(browser.text("[role=status]").await.contains("Sign in now"));
    browser.type_into("input[name=password]", &format!("{PASSWORD}{ENTER}")).await;
    browser.click("form[action='/account/totp'] button").await;
    browser.text("main svg").await;
    let secret = browser.text("main code").await;
    let code = totp(&secret, plane.clock.now());
    browser.type_into("input[name=code]", &format!("{code}{ENTER}")).await;
    browser.text("main li code").await;
    browser.click("main p a").await;
    assert_eq!(browser.text("main strong").await, ANNA);
    // The link is spent.
    browser.open(&link).await;
    assert!(browser.text("[role=alert]").await.contains("not good any more"));

    // Signed in: one button.
    browser.open(&invite(2, "quarantine_manager").await).await;
    browser.click("form[action='/account/invitation'] button").await;
    assert!(browser.text("[role=status]").await.contains("accepted"));
    browser.click("form[action='/account/sign-out'] button").await;

    // Signed out: the password and the second step, back to the invitation, and the button.
    browser.open(&invite(3, "tenant_admin").await).await;
    browser.type_into("input[name=password]", &format!("{PASSWORD}{ENTER}")).await;
    plane.clock.advance(Duration::from_secs(30));
    let code = totp(&secret, plane.clock.now());
    browser.type_into("input[name=totp_code]", &format!("{code}{ENTER}")).await;
    browser.click("form[action='/account/invitation'] button").await;
    assert!(browser.text("[role=status]").await.contains("accepted"));
    let held =
        "SELECT COUNT(*) FROM grants g JOIN persons p ON p.id = g.person_id WHERE p.email_key = 'anna@acme.example'";
    assert_eq!(plane.count(held).await, 3);

    let complaints = browser.complaints().await;
    let policy: Vec<_> = complaints.iter().filter(|text| text.contains("Content Security Policy")).collect();
    assert!(policy.is_empty(), "{policy:#?}");
    browser.close().await;
}

async fn the_page_of_an_invitation_says_what_it_is_about_and_keeps_nothing_of_a_link_that_is_over() {
    let (plane, hop) = with_relay(|_| {}).await;
    let tenant = make(&plane, plane.token(), "/v1/tenants", json!({ "name": "<b>Acme</b>" })).await;
    let grant = json!({ "role": "tenant_admin", "scope": "tenant", "tenant_id": tenant });
    let body = json!({ "email": "anna@acme.example", "tenant_id": tenant, "grant": grant });
    let made = plane.post("/v1/invitations").json(&body).send().await.expect(201);
    let path = format!("/account/invitation?token={}", token(&hop, 1, "anna@acme.example").await);
    let open = || plane.get(&path).anonymously().header("accept-language", "fr").send();
    let page = open().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("&lt;b&gt;Acme") && !page.text.contains("<b>Acme"), "{}", page.text);
    assert!(page.text.contains("Vous êtes invité") && page.text.contains("administrateur"), "{}", page.text);
    assert_eq!(page.header("referrer-policy"), Some("same-origin"));
    let cookie = page.header("set-cookie").unwrap();
    assert!(cookie.starts_with("__Host-postern-invitation=piv_") && cookie.contains("HttpOnly"), "{cookie}");
    // Nobody else's page accepts in somebody's name.
    let form = plane.post("/account/invitation").anonymously().header("origin", "https://evil.example");
    let form = form.raw("application/x-www-form-urlencoded", format!("{}&password=x", path.split_once('?').unwrap().1));
    form.send().await.problem(403, "cross_site_request");

    plane.delete(&format!("/v1/invitations/{}", made["id"].as_str().unwrap())).send().await.expect(204);
    let page = open().await;
    assert!(page.text.contains("plus valable"), "{}", page.text);
    assert!(page.header("set-cookie").unwrap().starts_with("__Host-postern-invitation=;"));
    let none = plane.get("/account/invitation").anonymously().send().await;
    assert!(none.text.contains("name=\"email\"") || none.status == 303, "{} {}", none.status, none.text);
}

async fn the_page_is_strict_and_speaks_the_languages_it_is_asked_for() {
    let plane = Plane::start().await;
    let page = plane.get("/account/sign-in").anonymously().header("accept-language", "fr-CH, en;q=0.5").send().await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<html lang=\"fr\">") && page.text.contains("Se connecter"), "{}", page.text);
    let policy = page.header("content-security-policy").unwrap();
    assert!(policy.contains("default-src 'none'") && !policy.contains("unsafe"), "{policy}");
    assert!(!page.text.contains("style=") && !page.text.contains("onclick"));
    let elsewhere: Vec<_> = page.text.split(['"', '\'']).filter(|part| part.contains("//")).collect();
    assert!(elsewhere.is_empty(), "{elsewhere:?}");
    for (path, kind) in [("/account/style.css", "text/css"), ("/account/script.js", "text/javascript")] {
        let reply = plane.get(path).anonymously().send().await;
        assert!(reply.header("content-type").unwrap().starts_with(kind), "{path}");
    }
    plane
        .post("/account/nothing")
        .anonymously()
        .header("origin", "https://localhost:8443")
        .send()
        .await
        .problem(404, "not_found");
}

async fn forms_of_other_sites_are_turned_away() {
    let plane = Plane::start().await;
    let form = format!("email={}&password={}", EMAIL.replace('@', "%40"), PASSWORD.replace(' ', "+"));
    let send = |origin: &'static str| {
        let call = plane.post("/account/sign-in").anonymously().header("origin", origin);
        call.raw("application/x-www-form-urlencoded", form.clone()).send()
    };
    for origin in ["https://evil.example", "null", "https://localhost"] {
        let reply = send(origin).await;
        reply.problem(403, "cross_site_request");
        assert_eq!(reply.header("set-cookie"), None);
    }
    // What is asked of the client's own account is not asked in its name by another page either.
    assert_eq!(plane.count("SELECT COUNT(*) FROM sessions").await, 1);
}

async fn a_forgotten_password_is_set_by_the_mailed_link_in_a_real_browser_and_the_factor_is_still_asked() {
    let hop = pretend::hop::Hop::start().await;
    let relay = password_resets::through(&hop);
    let plane = Plane::start_with(|config| {
        relay(config);
        config.public_url = format!("https://{HOST}").parse().unwrap();
    })
    .await;
    let (secret, _) = factors::enrol(&plane).await;
    let pin = STANDARD.encode(plane.running.tls_spki_sha256.as_bytes());
    let Some(browser) = webdriver::browser(HOST, plane.running.address.port(), &pin).await else { return };
    browser.open(&format!("https://{HOST}/account/sign-in")).await;
    browser.click("main p a[href='/account/forgot']").await;
    browser.type_into("form[action='/account/forgot'] input[name=email]", &format!("{EMAIL}{ENTER}")).await;
    assert!(browser.text("[role=status]").await.contains("If there is an account"));
    let link = password_resets::link(&plane, &hop, EMAIL, 1).await;
    assert!(link.starts_with(&format!("https://{HOST}/account/reset?token=")), "{link}");

    // Opened twice, and a bad password first: it is still good.
    browser.open(&link).await;
    browser.open(&link).await;
    let new = "form[action='/account/reset'] input[name=new_password]";
    browser.type_into(new, &format!("short{ENTER}")).await;
    assert!(browser.text("[role=alert]").await.contains("at least 10 characters"));
    browser.type_into(new, &format!("ten chars!{ENTER}")).await;
    assert!(browser.text("[role=status]").await.contains("is set"));
    browser.click("main p a[href='/account/sign-in']").await;
    sign_in(&browser, "ten chars!").await;
    plane.clock.advance(Duration::from_secs(30));
    let code = totp(&secret, plane.clock.now());
    browser.type_into("input[name=totp_code]", &format!("{code}{ENTER}")).await;
    assert_eq!(browser.text("main strong").await, EMAIL);

    browser.open(&link).await;
    browser.type_into(new, &format!("ten chars?{ENTER}")).await;
    assert!(browser.text("[role=alert]").await.contains("was used"));
    let complaints = browser.complaints().await;
    let policy: Vec<_> = complaints.iter().filter(|text| text.contains("Content Security Policy")).collect();
    assert!(policy.is_empty(), "{policy:#?}");
    browser.close().await;
}

async fn who_holds_much_is_told_on_the_page_that_an_administrator_must_confirm() {
    let hop = pretend::hop::Hop::start().await;
    let plane = Plane::start_with(password_resets::through(&hop)).await;
    let send = async |path: &str, form: String| {
        let call = plane.post(path).anonymously().header("origin", "https://localhost:8443");
        let call = call.header("accept-language", "fr");
        call.raw("application/x-www-form-urlencoded", form).send().await
    };
    let asked = send("/account/forgot", format!("email={}", EMAIL.replace('@', "%40"))).await;
    assert!(asked.text.contains("existe un compte"), "{}", asked.text);
    let link = password_resets::link(&plane, &hop, EMAIL, 1).await;
    let (_, path) = link.split_once("localhost:8443").unwrap();
    let page = plane.get(path).anonymously().header("accept-language", "fr").send().await;
    assert_eq!(page.status, 200);
    let token = path.split_once("token=").unwrap().1;
    assert!(page.text.contains(token) && page.text.contains("Choisissez"), "{}", page.text);
    let form = format!("token={token}&new_password=another+horse%2C+another+staple&end_api_keys=1");
    let done = send("/account/reset", form).await;
    assert!(done.text.contains("attend un administrateur"), "{}", done.text);
    let waits = plane.get("/v1/password-resets").send().await.expect(200);
    assert_eq!(waits["data"][0]["end_api_keys"], true, "{waits}");
    let over = send("/account/reset", format!("token={token}&new_password=x")).await;
    assert!(over.text.contains("plus valable"), "{}", over.text);
}
