//! What a link in a mail opens: what one is invited to, and the way to accept it with or without an account.
//!
//! The link is kept in a cookie for an hour, so that it is at hand after signing in and setting up a factor.

use std::fmt::Write;

use axum::{http::HeaderValue, response::Response};
use serde_json::{Value, json};

use super::{Desk, Fields, html, refusals, sign_in, words::Words};

const COOKIE: &str = "__Host-postern-invitation";
const KEPT_S: u32 = 60 * 60;
pub(super) const PATH: &str = "/account/invitation";

/// Does an invitation wait in this browser?
pub(super) fn waits(desk: &Desk) -> bool {
    desk.visit.cookie(COOKIE).is_some()
}

pub(super) fn notice(words: &Words) -> String {
    let text = html::escape(words.get("invitation_waits"));
    format!(r#"<p class="notice"><a href="{PATH}">{text}</a></p>"#)
}

fn keep(desk: &mut Desk, token: &str, seconds: u32) {
    let cookie = format!("{COOKIE}={token}; Path=/; Max-Age={seconds}; Secure; HttpOnly; SameSite=Strict");
    desk.visit.set.extend(HeaderValue::from_str(&cookie));
}

/// The link's token: of the link itself, else of the cookie.
fn token(desk: &Desk, given: &Fields) -> String {
    let text = given.get("token").map(String::as_str).or_else(|| desk.visit.cookie(COOKIE)).unwrap_or_default();
    text.chars().filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_')).take(100).collect()
}

/// The page.
pub(super) async fn show(mut desk: Desk, given: &Fields, told: &str) -> Response {
    let token = token(&desk, given);
    if token.is_empty() {
        return desk.go("/account");
    }
    let seen = desk.visit.post("/v1/invitations/look", json!({ "token": token })).await;
    if !seen.is_good() {
        return refused(desk, seen.code());
    }
    keep(&mut desk, &token, KEPT_S);
    let me = desk.visit.get("/v1/me").await;
    let words = desk.words();
    let about = told.to_owned() + &about(words, &seen.body);
    let email = seen.body["email"].as_str().unwrap_or_default().to_owned();
    let carried = html::hidden("token", &token);
    let title = words.get("invitation").to_owned();
    if seen.body["has_account"] != true {
        let address = format!(r#"type="email" readonly autocomplete="username" value="{}""#, html::escape(&email));
        let inside = html::field(words.get("email"), "email", &address)
            + &html::field(words.get("new_password"), "password", html::NEW_PASSWORD)
            + &carried;
        let form = html::form(PATH, &inside, words.get("invitation_accept"));
        let body = about + &html::paragraph(words.get("invitation_new")) + &form;
        return desk.show(&title, &body);
    }
    if me.code() == "enrolment_required" {
        let body = about + &html::notice(words.get("must_enrol")) + &super::back(words);
        return desk.show(&title, &body);
    }
    if !me.is_good() {
        let already = html::escape(words.get("invitation_signed_in_already"));
        let body = format!(
            r#"{about}{}<p><a href="{PATH}">{already}</a></p>"#,
            html::paragraph(words.get("invitation_sign_in"))
        );
        return sign_in(desk, &body, &email);
    }
    let own = me.body["email"].as_str().unwrap_or_default();
    let signed_in =
        format!("<p>{} <strong>{}</strong></p>", html::escape(words.get("signed_in_as")), html::escape(own));
    let rest = if own.to_lowercase() == email.to_lowercase() {
        html::form(PATH, &carried, words.get("invitation_accept"))
    } else {
        html::error(words.problem("invitation_for_another"))
            + &html::form("/account/sign-out", "", words.get("sign_out"))
    };
    let body = about + &signed_in + &rest;
    desk.show(&title, &body)
}

/// What it is about, as a list.
fn about(words: &Words, seen: &Value) -> String {
    let text = |name: &str| html::escape(seen[name].as_str().unwrap_or_default());
    let role = seen["role"].as_str().unwrap_or_default();
    let role = html::escape(words.find(&format!("role_{role}")).unwrap_or(role));
    let over = match seen["scope"].as_str() {
        Some("installation") => html::escape(words.get("over_installation")),
        Some("domain") => text("domain_name"),
        _ => text("tenant_name"),
    };
    let mut items = String::new();
    for (label, value) in [
        ("invitation_from", text("tenant_name")),
        ("invitation_for", text("email")),
        ("invitation_role", format!("{role} ({over})")),
        ("invitation_until", html::time(&seen["expires_at"])),
    ] {
        let _ = write!(items, "<li>{} <strong>{value}</strong></li>", html::escape(words.get(label)));
    }
    format!("<ul>{items}</ul>")
}

/// The form of the page.
pub(super) async fn accept(mut desk: Desk, form: &Fields) -> Response {
    let token = token(&desk, form);
    let reply = match form.get("password") {
        // Whoever makes an account is nobody yet, whoever else is signed in here.
        Some(password) => {
            desk.visit.post_as_nobody("/v1/invitations/accept", json!({ "token": token, "password": password })).await
        }
        None => desk.visit.post("/v1/me/invitations/accept", json!({ "token": token })).await,
    };
    if reply.is_good() {
        keep(&mut desk, "", 0);
        if form.contains_key("password") {
            let told = html::notice(desk.words().get("invitation_account_made"));
            let email = reply.body["email"].as_str().unwrap_or_default().to_owned();
            return sign_in(desk, &told, &email);
        }
        return desk.go("/account?done=invitation_accepted");
    }
    let told = match reply.code() {
        // The account is there by now, or the session is over: the page shows how to sign in.
        "unauthenticated" => String::new(),
        "link_over" => return refused(desk, "link_over"),
        "enrolment_required" | "password_change_required" => {
            return desk.go(&format!("/account?problem={}", reply.code()));
        }
        "invalid_body" => html::error(&refusals(desk.words(), &reply)),
        code => html::error(desk.words().problem(code)),
    };
    let given = Fields::from([("token".to_owned(), token)]);
    show(desk, &given, &told).await
}

fn refused(mut desk: Desk, code: &str) -> Response {
    if code == "link_over" {
        keep(&mut desk, "", 0);
    }
    let words = desk.words();
    let body = html::error(words.problem(code)) + &super::back(words);
    let title = words.get("invitation").to_owned();
    desk.show(&title, &body)
}
