//! `/account`: what a program cannot do for a person: sign in, set up second factors, see one's sessions, change the password.
//!
//! Real HTML that works with a keyboard and without a build step; one small script for `WebAuthn` and nothing else; nothing from
//! anywhere else. `visit` asks the REST API on the browser's behalf, `html` writes, `words` has the languages.

mod html;
mod invitation;
mod overview;
mod reset;
mod visit;
mod words;

use std::{collections::BTreeMap, sync::Arc};

use axum::{
    Extension, Router,
    body::Bytes,
    extract::{DefaultBodyLimit, FromRequestParts, Path, RawQuery, Request, State},
    http::{HeaderValue, Method, StatusCode, header},
    response::{IntoResponse, Response},
    routing::get,
};
use serde_json::{Value, json};

use self::{
    visit::{Reply, Visit},
    words::{Languages, Words},
};
use crate::{app::AppState, http::ApiError};

const FORM_BYTES: usize = 128 * 1024;
/// Nothing inline, nothing from elsewhere, in nobody's frame.
const POLICY: &str = "default-src 'none'; script-src 'self'; style-src 'self'; connect-src 'self'; form-action 'self'; \
    base-uri 'none'; frame-ancestors 'none'";
const LANGUAGE: &str = "__Host-postern-language";

/// What every page needs.
#[derive(Clone)]
struct Site {
    api: Router,
    languages: Arc<Languages>,
}

/// `api`: the REST API's router.
pub(crate) fn router(api: Router) -> Router<AppState> {
    let site = Site { api, languages: Arc::new(Languages::load()) };
    Router::new()
        .route("/account", get(account))
        .route("/account/{step}", get(step_page).post(step))
        .route("/account/style.css", get(|| async { asset("text/css; charset=utf-8", include_str!("style.css")) }))
        .route(
            "/account/script.js",
            get(|| async { asset("text/javascript; charset=utf-8", include_str!("script.js")) }),
        )
        .layer(DefaultBodyLimit::max(FORM_BYTES))
        .layer(Extension(site))
}

fn asset(media_type: &'static str, text: &'static str) -> Response {
    ([(header::CONTENT_TYPE, media_type), (header::CACHE_CONTROL, "max-age=300")], text).into_response()
}

/// A page in the making.
struct Desk {
    visit: Visit,
    languages: Arc<Languages>,
    language: &'static str,
}

impl Desk {
    fn words(&self) -> &Words {
        self.languages.named(self.language).unwrap_or(&self.languages.all()[0])
    }

    fn show(self, title: &str, body: &str) -> Response {
        let text = html::page(self.words(), &self.languages, title, body);
        self.finish((StatusCode::OK, [(header::CONTENT_TYPE, "text/html; charset=utf-8")], text).into_response())
    }

    fn go(self, to: &str) -> Response {
        let to = HeaderValue::from_str(to).unwrap_or(HeaderValue::from_static("/account"));
        self.finish((StatusCode::SEE_OTHER, [(header::LOCATION, to)]).into_response())
    }

    fn finish(self, mut response: Response) -> Response {
        let headers = response.headers_mut();
        headers.insert(header::CONTENT_SECURITY_POLICY, HeaderValue::from_static(POLICY));
        // Of `no-referrer` browsers make `Origin: null`, and then no form of ours would count.
        headers.insert(header::REFERRER_POLICY, HeaderValue::from_static("same-origin"));
        headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        for cookie in self.visit.set {
            headers.append(header::SET_COOKIE, cookie);
        }
        response
    }
}

type Fields = BTreeMap<String, String>;

fn fields(text: &[u8]) -> Fields {
    url::form_urlencoded::parse(text).map(|(name, value)| (name.into_owned(), value.into_owned())).collect()
}

fn field<'a>(fields: &'a Fields, name: &str) -> &'a str {
    fields.get(name).map(String::as_str).unwrap_or_default()
}

fn desk(app: &AppState, site: Site, parts: axum::http::request::Parts) -> Result<Desk, ApiError> {
    let visit = Visit::begin(app, site.api, parts)?;
    let language = site.languages.choose(visit.cookie(LANGUAGE), visit.headers()).code;
    Ok(Desk { visit, languages: site.languages, language })
}

async fn account(
    State(app): State<AppState>,
    Extension(site): Extension<Site>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let mut desk = desk(&app, site, request.into_parts().0)?;
    let query = fields(query.unwrap_or_default().as_bytes());
    if let Some(words) = desk.languages.named(field(&query, "language")) {
        desk.language = words.code;
        let cookie = format!("{LANGUAGE}={}; Path=/; Max-Age=31536000; Secure; HttpOnly; SameSite=Strict", words.code);
        desk.visit.set.extend(HeaderValue::from_str(&cookie));
    }
    if field(&query, "problem") == "step_up_required" {
        return Ok(step_up_page(desk, None).await);
    }
    let told = match (query.get("problem"), query.get("done")) {
        (Some(code), _) => html::error(desk.words().problem(code)),
        (None, Some(key)) => html::notice(desk.words().find(key).unwrap_or_else(|| desk.words().get("done"))),
        (None, None) => String::new(),
    };
    Ok(overview::show(desk, &told).await)
}

/// Steps that are also pages of their own.
async fn step_page(
    State(app): State<AppState>,
    Extension(site): Extension<Site>,
    Path(step): Path<String>,
    RawQuery(query): RawQuery,
    request: Request,
) -> Result<Response, ApiError> {
    let query = fields(query.unwrap_or_default().as_bytes());
    let desk = desk(&app, site, request.into_parts().0)?;
    match step.as_str() {
        "sign-in" => Ok(sign_in(desk, "", "")),
        "invitation" => Ok(invitation::show(desk, &query, "").await),
        "forgot" => Ok(reset::forgot(desk, "")),
        "reset" => Ok(reset::choose(desk, "", field(&query, "token"), false)),
        _ => Err(ApiError::not_found()),
    }
}

fn sign_in(desk: Desk, told: &str, email: &str) -> Response {
    let words = desk.words();
    let address = format!(r#"{} value="{}""#, html::EMAIL, html::escape(email));
    let inside = html::field(words.get("email"), "email", &address)
        + &html::field(words.get("password"), "password", html::PASSWORD);
    let with_password = html::form("/account/sign-in", &inside, words.get("sign_in"));
    let with_passkey = html::passkey_form(
        "/account/passkey-sign-in",
        "/v1/sessions/passkey-options",
        false,
        "",
        words.get("sign_in_with_passkey"),
    );
    let noscript = format!("<noscript>{}</noscript>", html::paragraph(words.get("needs_script")));
    let title = words.get("sign_in").to_owned();
    let body = format!("{told}{with_password}{}{with_passkey}{noscript}", reset::link(words));
    desk.show(&title, &body)
}

/// Every form of the page.
async fn step(
    State(app): State<AppState>,
    Extension(site): Extension<Site>,
    request: Request,
) -> Result<Response, ApiError> {
    let (mut parts, body) = request.into_parts();
    let Path(step) = Path::<String>::from_request_parts(&mut parts, &app).await.map_err(ApiError::internal)?;
    let limited = Request::from_parts(parts.clone(), body);
    let bytes = <Bytes as axum::extract::FromRequest<AppState>>::from_request(limited, &app)
        .await
        .map_err(|rejection| ApiError::new(crate::http::Code::BodyTooLarge).caused_by(rejection))?;
    let form = fields(&bytes);
    let mut desk = desk(&app, site, parts)?;
    let get = |name: &str| field(&form, name);
    let passkey = || {
        let credential: Value = serde_json::from_str(get("credential")).unwrap_or(Value::Null);
        json!({ "ceremony": get("ceremony"), "credential": credential })
    };
    Ok(match step.as_str() {
        "sign-in" => {
            let body = json!({ "email": get("email"), "password": get("password"), "cookies": true });
            let reply = desk.visit.post("/v1/sessions", body).await;
            signed_in(desk, &reply, get("email"))
        }
        "forgot" => reset::ask(desk, &form).await,
        "reset" => reset::complete(desk, &form).await,
        "second-step" => {
            let mut body = shown(&form, passkey);
            (body["ticket"], body["cookies"]) = (json!(get("ticket")), json!(true));
            let reply = desk.visit.post("/v1/sessions/second-factor", body).await;
            if reply.code() == "invalid_factor" || reply.code() == "ceremony_over" {
                let told = html::error(desk.words().problem(reply.code()));
                let methods: Vec<_> = get("methods").split(' ').map(str::to_owned).collect();
                return Ok(second_step(desk, &told, get("ticket"), &methods));
            }
            signed_in(desk, &reply, "")
        }
        "passkey-sign-in" => {
            let mut body = passkey();
            body["cookies"] = json!(true);
            let reply = desk.visit.post("/v1/sessions/passkey", body).await;
            signed_in(desk, &reply, "")
        }
        "invitation" => invitation::accept(desk, &form).await,
        "sign-out" => {
            desk.visit.call(Method::DELETE, "/v1/sessions/current", None).await;
            desk.go("/account/sign-in")
        }
        "step-up" => {
            let body = shown(&form, passkey);
            let reply = desk.visit.post("/v1/sessions/current/step-up", body).await;
            if reply.is_good() {
                return Ok(desk.go("/account?done=stepped_up"));
            }
            step_up_page(desk, Some(reply.code())).await
        }
        "totp" => {
            let reply = desk.visit.post("/v1/me/totp", json!({})).await;
            match reply.body["secret"].as_str() {
                Some(secret) => totp_page(desk, "", secret, reply.body["qr_svg"].as_str().unwrap_or_default()),
                None => after(desk, &reply, "done"),
            }
        }
        "totp-verify" => {
            let reply = desk.visit.post("/v1/me/totp/verify", json!({ "code": get("code") })).await;
            if reply.code() == "invalid_factor" {
                let told = html::error(desk.words().problem("invalid_factor"));
                return Ok(totp_page(desk, &told, get("secret"), ""));
            }
            codes_page(desk, &reply)
        }
        "totp-remove" => {
            let reply = desk.visit.call(Method::DELETE, "/v1/me/totp", None).await;
            after(desk, &reply, "done")
        }
        "passkey" => {
            let mut body = passkey();
            body["name"] = json!(get("name"));
            let reply = desk.visit.post("/v1/me/passkeys", body).await;
            codes_page(desk, &reply)
        }
        "passkey-remove" => {
            let reply = desk.visit.call(Method::DELETE, &format!("/v1/me/passkeys/{}", plain(get("id"))), None).await;
            after(desk, &reply, "done")
        }
        "recovery-codes" => {
            let reply = desk.visit.post("/v1/me/recovery-codes", json!({})).await;
            codes_page(desk, &reply)
        }
        "session-end" => {
            let reply = desk.visit.call(Method::DELETE, &format!("/v1/me/sessions/{}", plain(get("id"))), None).await;
            after(desk, &reply, "done")
        }
        "password" => {
            let body = json!({
                "current_password": get("current_password"), "new_password": get("new_password"),
                "end_api_keys": get("end_api_keys") == "yes",
            });
            let reply = desk.visit.call(Method::PUT, "/v1/me/password", Some(body)).await;
            if reply.code() == "invalid_body" {
                let told = html::error(&refusals(desk.words(), &reply));
                return Ok(overview::show(desk, &told).await);
            }
            after(desk, &reply, "password_changed")
        }
        _ => return Err(ApiError::not_found()),
    })
}

/// An id as it may stand in a path.
fn plain(id: &str) -> String {
    id.chars().filter(|c| c.is_ascii_alphanumeric() || *c == '_').collect()
}

/// What is shown in a form: one of the ways.
fn shown(form: &Fields, passkey: impl Fn() -> Value) -> Value {
    for name in ["totp_code", "recovery_code", "password"] {
        if let Some(value) = form.get(name) {
            return json!({ name: value });
        }
    }
    json!({ "passkey": passkey() })
}

fn refusals(words: &Words, reply: &Reply) -> String {
    let errors = reply.body["errors"].as_array().map(Vec::as_slice).unwrap_or_default();
    let messages: Vec<_> = errors.iter().filter_map(|error| error["message"].as_str()).collect();
    format!("{} {}", words.get("error_invalid_body"), messages.join("; "))
}

fn signed_in(desk: Desk, reply: &Reply, email: &str) -> Response {
    if reply.is_good() {
        let more = ["must_enrol_factor", "must_change_password"].iter().any(|due| reply.body[due] == true);
        let to = if invitation::waits(&desk) && !more { invitation::PATH } else { "/account" };
        return desk.go(to);
    }
    if reply.code() == "second_factor_required" {
        let methods: Vec<_> = texts(&reply.body["challenge"]["methods"]);
        let ticket = reply.body["challenge"]["ticket"].as_str().unwrap_or_default().to_owned();
        return second_step(desk, "", &ticket, &methods);
    }
    let told = html::error(desk.words().problem(reply.code()));
    sign_in(desk, &told, email)
}

fn texts(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().filter_map(|text| text.as_str().map(str::to_owned)).collect()
}

/// A form for each way to show who one is.
fn ways(words: &Words, action: &str, options: &str, methods: &[String], carried: &str) -> String {
    let has = |method: &str| methods.iter().any(|known| known == method);
    let mut body = String::new();
    if has("totp") {
        let inside = html::field(words.get("totp_code"), "totp_code", html::CODE) + carried;
        body += &html::form(action, &inside, words.get("go_on"));
    }
    if has("passkey") {
        body += &html::passkey_form(action, options, false, carried, words.get("use_passkey"));
    }
    if has("password") {
        let inside = html::field(words.get("password"), "password", html::PASSWORD) + carried;
        body += &html::form(action, &inside, words.get("go_on"));
    }
    if has("recovery_code") {
        let inside = html::field(words.get("recovery_code"), "recovery_code", html::TEXT) + carried;
        body += &html::form(action, &inside, words.get("go_on"));
    }
    body
}

fn second_step(desk: Desk, told: &str, ticket: &str, methods: &[String]) -> Response {
    let words = desk.words();
    let carried = html::hidden("ticket", ticket) + &html::hidden("methods", &methods.join(" "));
    let forms = ways(words, "/account/second-step", "/v1/sessions/passkey-options", methods, &carried);
    let body = format!("{told}{}{forms}", html::paragraph(words.get("second_step_text")));
    let title = words.get("second_step").to_owned();
    desk.show(&title, &body)
}

async fn step_up_page(mut desk: Desk, problem: Option<&str>) -> Response {
    let factors = desk.visit.get("/v1/me/factors").await;
    if !factors.is_good() {
        return after(desk, &factors, "done");
    }
    let mut methods = Vec::new();
    let has_passkey =
        factors.body["passkeys"].as_array().is_some_and(|keys| keys.iter().any(|key| key["is_usable"] == true));
    for (held, method) in [(factors.body["totp"].is_object(), "totp"), (has_passkey, "passkey")] {
        if held {
            methods.push(method.to_owned());
        }
    }
    // Keys of another public_url cannot be shown; the password is not enough because of that.
    let has_any = !methods.is_empty() || factors.body["passkeys"].as_array().is_some_and(|keys| !keys.is_empty());
    methods.push(if has_any { "recovery_code" } else { "password" }.to_owned());
    let words = desk.words();
    let told = problem.map(|code| html::error(words.problem(code))).unwrap_or_default();
    let forms = ways(words, "/account/step-up", "/v1/sessions/current/passkey-options", &methods, "");
    let body = format!("{told}{}{forms}{}", html::paragraph(words.get("step_up_text")), back(words));
    let title = words.get("step_up").to_owned();
    desk.show(&title, &body)
}

fn back(words: &Words) -> String {
    format!(r#"<p><a href="/account">{}</a></p>"#, html::escape(words.get("back")))
}

fn totp_page(desk: Desk, told: &str, secret: &str, picture: &str) -> Response {
    let words = desk.words();
    let inside = html::field(words.get("totp_code"), "code", html::CODE) + &html::hidden("secret", secret);
    let body = format!(
        "{told}{}{picture}<p>{}: <code>{}</code></p>{}{}",
        html::paragraph(words.get("totp_scan")),
        html::escape(words.get("secret")),
        html::escape(secret),
        html::form("/account/totp-verify", &inside, words.get("go_on")),
        back(words),
    );
    let title = words.get("totp").to_owned();
    desk.show(&title, &body)
}

/// Recovery codes, if there are new ones.
fn codes_page(desk: Desk, reply: &Reply) -> Response {
    let codes = texts(&reply.body["recovery_codes"]);
    if !reply.is_good() || codes.is_empty() {
        return after(desk, reply, "done");
    }
    let words = desk.words();
    let items: Vec<_> = codes.iter().map(|code| format!("<li><code>{}</code></li>", html::escape(code))).collect();
    let items = items.concat();
    let body = format!("{}<ul>{items}</ul>{}", html::paragraph(words.get("recovery_codes_text")), back(words));
    let title = words.get("recovery_codes").to_owned();
    desk.show(&title, &body)
}

/// Back to the account, with a word on what came of it.
fn after(desk: Desk, reply: &Reply, done: &str) -> Response {
    if reply.is_good() {
        return desk.go(&format!("/account?done={done}"));
    }
    if reply.code() == "unauthenticated" {
        return desk.go("/account/sign-in");
    }
    let to = format!("/account?problem={}", plain(reply.code()));
    desk.go(&to)
}
