//! The account at one look.

use std::fmt::Write;

use axum::response::Response;
use serde_json::Value;

use super::{Desk, html, invitation, texts, words::Words};

pub(super) async fn show(mut desk: Desk, told: &str) -> Response {
    let factors = desk.visit.get("/v1/me/factors").await;
    if factors.code() == "rate_limited" {
        let (title, told) = (desk.words().get("title").to_owned(), html::error(desk.words().problem("rate_limited")));
        return desk.show(&title, &told);
    }
    if !factors.is_good() {
        let to = if invitation::waits(&desk) { invitation::PATH } else { "/account/sign-in" };
        return desk.go(to);
    }
    let me = desk.visit.get("/v1/me").await;
    let sessions = desk.visit.get("/v1/me/sessions?limit=50").await;
    let words = desk.words();
    let mut body = told.to_owned();
    if invitation::waits(&desk) {
        body += &invitation::notice(words);
    }
    if me.code() == "enrolment_required" {
        body += &html::notice(words.get("must_enrol"));
    }
    if me.is_good() {
        let email = html::escape(me.body["email"].as_str().unwrap_or_default());
        let _ = write!(body, "<p>{} <strong>{email}</strong></p>", html::escape(words.get("signed_in_as")));
        if me.body["must_change_password"] == true {
            body += &html::notice(words.get("must_change_password"));
        }
    }
    body += &html::form("/account/sign-out", "", words.get("sign_out"));
    body += &factors_section(words, &factors.body);
    if me.is_good() {
        body += &password_section(words);
    }
    if sessions.is_good() {
        body += &sessions_section(words, &sessions.body);
    }
    let title = words.get("title").to_owned();
    desk.show(&title, &body)
}

fn section(title: &str, inside: &str) -> String {
    format!("<section><h2>{}</h2>{inside}</section>", html::escape(title))
}

fn factors_section(words: &Words, factors: &Value) -> String {
    let mut inside = html::paragraph(words.get("factors_text"));
    if factors["required_from"].is_string() {
        let _ = write!(
            inside,
            "<p>{} {}</p>",
            html::escape(words.get("required_soon")),
            html::time(&factors["required_from"])
        );
    }
    let _ = write!(inside, "<h3>{}</h3>", html::escape(words.get("totp")));
    let set_up = if factors["totp"].is_object() {
        inside += &html::paragraph(words.get("totp_is_set_up"));
        inside += &html::form("/account/totp-remove", "", words.get("give_up"));
        "totp_replace"
    } else {
        "totp_set_up"
    };
    inside += &html::form("/account/totp", "", words.get(set_up));
    let _ = write!(inside, "<h3>{}</h3>", html::escape(words.get("passkeys")));
    let keys: String = factors["passkeys"].as_array().into_iter().flatten().map(|key| passkey(words, key)).collect();
    let _ = write!(inside, "<ul>{keys}</ul>");
    let name = html::field(words.get("passkey_name"), "name", html::TEXT);
    inside += &html::passkey_form("/account/passkey", "/v1/me/passkey-options", true, &name, words.get("passkey_add"));
    let _ = write!(inside, "<noscript>{}</noscript>", html::paragraph(words.get("needs_script")));
    if factors["totp"].is_object() || !keys.is_empty() {
        let left = factors["recovery_codes_left"].as_i64().unwrap_or_default();
        let _ = write!(inside, "<h3>{}</h3>", html::escape(words.get("recovery_codes")));
        let _ = write!(inside, "<p>{} {left}</p>", html::escape(words.get("recovery_codes_left")));
        inside += &html::form("/account/recovery-codes", "", words.get("recovery_codes_new"));
    }
    section(words.get("factors"), &inside)
}

fn passkey(words: &Words, key: &Value) -> String {
    let name = html::escape(key["name"].as_str().unwrap_or_default());
    let used = if key["last_used_at"].is_string() {
        html::time(&key["last_used_at"])
    } else {
        html::escape(words.get("never"))
    };
    let usable = if key["is_usable"] == true {
        String::new()
    } else {
        format!(" ({})", html::escape(words.get("passkey_not_usable")))
    };
    let id = html::hidden("id", key["id"].as_str().unwrap_or_default());
    format!(
        "<li><strong>{name}</strong>{usable}, {} {used} {}</li>",
        html::escape(words.get("last_used")),
        html::form("/account/passkey-remove", &id, words.get("give_up")),
    )
}

fn password_section(words: &Words) -> String {
    let inside = html::field(words.get("current_password"), "current_password", html::PASSWORD)
        + &html::field(words.get("new_password"), "new_password", html::NEW_PASSWORD)
        + &html::field(words.get("end_api_keys"), "end_api_keys", html::YES);
    let form = html::form("/account/password", &inside, words.get("change_password"));
    section(words.get("change_password"), &(html::paragraph(words.get("change_password_text")) + &form))
}

fn sessions_section(words: &Words, sessions: &Value) -> String {
    let one = |session: &Value| {
        let text = |name: &str| html::escape(session[name].as_str().unwrap_or("–"));
        let factors = texts(&session["factors"]);
        let factors: Vec<_> =
            factors.iter().map(|factor| words.find(&format!("factor_{factor}")).unwrap_or(factor)).collect();
        let end = if session["is_current"] == true {
            format!("<em>{}</em>", html::escape(words.get("this_session")))
        } else {
            let id = html::hidden("id", session["id"].as_str().unwrap_or_default());
            html::form("/account/session-end", &id, words.get("end_session"))
        };
        format!(
            "<li>{}, {}, {} {}, {} {} ({}) {end}</li>",
            text("address"),
            text("user_agent"),
            html::escape(words.get("since")),
            html::time(&session["created_at"]),
            html::escape(words.get("last_used")),
            html::time(&session["last_used_at"]),
            html::escape(&factors.join(", ")),
        )
    };
    let items: String = sessions["data"].as_array().into_iter().flatten().map(one).collect();
    section(words.get("sessions"), &format!("<ul>{items}</ul>"))
}
