//! Pages for whoever forgot their password: ask for a link, and choose a new password by one.

use axum::response::Response;
use serde_json::json;

use super::{Desk, Fields, field, html, refusals};

/// The link below the form of the sign-in.
pub(super) fn link(words: &super::Words) -> String {
    format!(r#"<p><a href="/account/forgot">{}</a></p>"#, html::escape(words.get("forgot_link")))
}

/// A form for the address.
pub(super) fn forgot(desk: Desk, told: &str) -> Response {
    let words = desk.words();
    let form =
        html::form("/account/forgot", &html::field(words.get("email"), "email", html::EMAIL), words.get("forgot_send"));
    let body = format!("{told}{}{form}{}", html::paragraph(words.get("forgot_text")), to_sign_in(words));
    let title = words.get("forgot").to_owned();
    desk.show(&title, &body)
}

/// What is said is the same whoever was named.
pub(super) async fn ask(mut desk: Desk, form: &Fields) -> Response {
    let reply = desk.visit.post("/v1/password-resets", json!({ "email": field(form, "email") })).await;
    let told = if reply.is_good() {
        html::notice(desk.words().get("forgot_sent"))
    } else {
        html::error(desk.words().problem(reply.code()))
    };
    forgot(desk, &told)
}

/// A form for the new password. Whoever only opens the link, as programs that look mail over do, uses nothing up.
pub(super) fn choose(desk: Desk, told: &str, token: &str, end_api_keys: bool) -> Response {
    let words = desk.words();
    let checked = if end_api_keys { " checked" } else { "" };
    let keys = format!(
        r#"<label><input type="checkbox" name="end_api_keys" value="1"{checked}> {}</label>"#,
        html::escape(words.get("reset_end_api_keys"))
    );
    let inside = html::hidden("token", token)
        + &html::field(words.get("new_password"), "new_password", html::NEW_PASSWORD)
        + &keys;
    let form = html::form("/account/reset", &inside, words.get("reset_set"));
    let body = format!("{told}{}{form}", html::paragraph(words.get("reset_text")));
    let title = words.get("reset").to_owned();
    desk.show(&title, &body)
}

pub(super) async fn complete(mut desk: Desk, form: &Fields) -> Response {
    let (token, end_api_keys) = (field(form, "token"), !field(form, "end_api_keys").is_empty());
    let body = json!({ "token": token, "new_password": field(form, "new_password"), "end_api_keys": end_api_keys });
    let reply = desk.visit.post("/v1/password-resets/complete", body).await;
    let words = desk.words();
    if reply.code() == "link_over" {
        let told = html::error(words.problem("link_over"));
        return forgot(desk, &told);
    }
    if !reply.is_good() {
        let told = match reply.code() {
            "invalid_body" => html::error(&refusals(words, &reply)),
            code => html::error(words.problem(code)),
        };
        return choose(desk, &told, token, end_api_keys);
    }
    let said = match reply.body["state"].as_str() {
        Some("completed") => "reset_completed",
        _ => "reset_awaiting_confirmation",
    };
    let body = html::notice(words.get(said)) + &to_sign_in(words);
    let title = words.get("reset").to_owned();
    desk.show(&title, &body)
}

fn to_sign_in(words: &super::Words) -> String {
    format!(r#"<p><a href="/account/sign-in">{}</a></p>"#, html::escape(words.get("sign_in")))
}
