//! The page's HTML. Texts of people and of the API are escaped here and nowhere else.

use serde_json::Value;

use super::words::{Languages, Words};

pub(super) fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// A page around a body.
pub(super) fn page(words: &Words, languages: &Languages, title: &str, body: &str) -> String {
    let others = languages.all().iter().filter(|other| other.code != words.code);
    let links: Vec<_> = others
        .map(|other| {
            let (code, name) = (other.code, escape(other.get("language")));
            format!(r#"<a href="/account?language={code}" lang="{code}" hreflang="{code}">{name}</a>"#)
        })
        .collect();
    format!(
        r#"<!DOCTYPE html>
<html lang="{code}">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>{title} · Postern</title>
<link rel="stylesheet" href="/account/style.css">
<script src="/account/script.js" defer></script>
</head>
<body>
<header><strong>Postern</strong> <nav>{links}</nav></header>
<main>
<h1>{title}</h1>
{body}
</main>
</body>
</html>
"#,
        code = words.code,
        title = escape(title),
        links = links.join(" "),
    )
}

pub(super) fn error(text: &str) -> String {
    format!(r#"<p class="error" role="alert">{}</p>"#, escape(text))
}

pub(super) fn notice(text: &str) -> String {
    format!(r#"<p class="notice" role="status">{}</p>"#, escape(text))
}

pub(super) fn paragraph(text: &str) -> String {
    format!("<p>{}</p>", escape(text))
}

/// A form that posts. `id` is also its place among the page's names.
pub(super) fn form(action: &str, inside: &str, button: &str) -> String {
    format!(
        r#"<form method="post" action="{action}">{inside}<button type="submit">{button}</button></form>"#,
        button = escape(button)
    )
}

/// A form that asks an authenticator. It shows itself where a script runs.
pub(super) fn passkey_form(action: &str, options: &str, makes: bool, inside: &str, button: &str) -> String {
    let makes = if makes { r#" data-makes="1""# } else { "" };
    format!(
        r#"<form method="post" action="{action}" data-options="{options}"{makes} hidden>{inside}{}{}<button type="submit">{button}</button> <output></output></form>"#,
        hidden("ceremony", ""),
        hidden("credential", ""),
        button = escape(button)
    )
}

pub(super) fn hidden(name: &str, value: &str) -> String {
    format!(r#"<input type="hidden" name="{name}" value="{}">"#, escape(value))
}

/// A labelled field; `more` are attributes.
pub(super) fn field(label: &str, name: &str, more: &str) -> String {
    format!(r#"<label>{} <input name="{name}" {more}></label>"#, escape(label))
}

pub(super) const TEXT: &str = r#"type="text" required maxlength="100" autocomplete="off""#;
pub(super) const EMAIL: &str = r#"type="email" required maxlength="254" autocomplete="username""#;
pub(super) const PASSWORD: &str = r#"type="password" required maxlength="1024" autocomplete="current-password""#;
pub(super) const NEW_PASSWORD: &str = r#"type="password" required maxlength="1024" autocomplete="new-password""#;
pub(super) const CODE: &str = r#"type="text" required maxlength="20" inputmode="numeric" autocomplete="one-time-code""#;

pub(super) const YES: &str = r#"type="checkbox" value="yes""#;

/// A time as the API writes it, to the minute.
pub(super) fn time(value: &Value) -> String {
    let text = value.as_str().unwrap_or_default();
    let minute = text.get(..16).unwrap_or(text).replace('T', " ");
    format!(r#"<time datetime="{}">{} UTC</time>"#, escape(text), escape(&minute))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_people_wrote_is_text_and_never_markup() {
        let bad = r#""><script>alert('1')</script>&"#;
        for html in [error(bad), notice(bad), paragraph(bad), hidden("a", bad), field(bad, "a", ""), form("/", "", bad)]
        {
            assert!(!html.contains("<script") && !html.contains("\"><s"), "{html}");
        }
    }
}
