//! What the page says, in each language: one file a language, all with the same keys.

use std::collections::BTreeMap;

use axum::http::{HeaderMap, header};

const FILES: &[(&str, &str)] = &[("en", include_str!("words/en.json")), ("fr", include_str!("words/fr.json"))];

/// All languages; the first is spoken to who asks for none of them.
#[derive(Debug, Clone)]
pub(super) struct Languages(Vec<Words>);

#[derive(Debug, Clone)]
pub(super) struct Words {
    pub code: &'static str,
    texts: BTreeMap<String, String>,
}

impl Languages {
    pub(super) fn load() -> Self {
        let parse = |(code, file): &(&'static str, &str)| Words {
            code,
            texts: serde_json::from_str(file).expect("a file of words that its test has read"),
        };
        Self(FILES.iter().map(parse).collect())
    }

    pub(super) fn all(&self) -> &[Words] {
        &self.0
    }

    pub(super) fn named(&self, code: &str) -> Option<&Words> {
        self.0.iter().find(|words| words.code == code)
    }

    /// What was chosen, else the first of the browser's wishes that there is, else the first there is.
    pub(super) fn choose(&self, chosen: Option<&str>, headers: &HeaderMap) -> &Words {
        let wishes = headers.get(header::ACCEPT_LANGUAGE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let wished = || wishes_in_order(wishes).into_iter().find_map(|code| self.named(&code));
        chosen.and_then(|code| self.named(code)).or_else(wished).unwrap_or(&self.0[0])
    }
}

/// RFC 9110 §12.5.4: `fr-CA, en;q=0.5`. Only the language counts, not the country.
fn wishes_in_order(text: &str) -> Vec<String> {
    let mut wishes: Vec<(f32, String)> = Vec::new();
    for wish in text.split(',').take(20) {
        let (range, weight) = wish.split_once(';').unwrap_or((wish, ""));
        let weight = weight.trim().strip_prefix("q=").and_then(|q| q.parse().ok()).unwrap_or(1.0_f32);
        let language = range.trim().split('-').next().unwrap_or_default().to_ascii_lowercase();
        if weight > 0.0 && !language.is_empty() {
            wishes.push((weight, language));
        }
    }
    // Stable: of equal weight, the first named.
    wishes.sort_by(|a, b| b.0.total_cmp(&a.0));
    wishes.into_iter().map(|(_, language)| language).collect()
}

impl Words {
    pub(super) fn get<'a>(&'a self, key: &'a str) -> &'a str {
        self.find(key).unwrap_or(key)
    }

    pub(super) fn find(&self, key: &str) -> Option<&str> {
        self.texts.get(key).map(String::as_str)
    }

    /// What to say of a problem with this code.
    pub(super) fn problem(&self, code: &str) -> &str {
        self.find(&format!("error_{code}")).unwrap_or_else(|| self.get("error_other"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything() {
        let languages = Languages::load();
        let keys = |words: &Words| words.texts.keys().cloned().collect::<Vec<_>>();
        for words in languages.all() {
            assert_eq!(keys(words), keys(&languages.all()[0]), "{}", words.code);
            assert!(words.texts.values().all(|text| !text.trim().is_empty()), "{}", words.code);
        }
    }

    #[test]
    fn the_browsers_first_wish_that_there_is_is_spoken() {
        let languages = Languages::load();
        for (wishes, chosen, spoken) in [
            ("", None, "en"),
            ("de", None, "en"),
            ("fr-CA,en;q=0.5", None, "fr"),
            ("de, en;q=0.3, fr;q=0.7", None, "fr"),
            ("fr;q=0", None, "en"),
            ("fr", Some("en"), "en"),
            ("fr", Some("xx"), "fr"),
        ] {
            let mut headers = HeaderMap::new();
            headers.insert(header::ACCEPT_LANGUAGE, wishes.parse().unwrap());
            assert_eq!(languages.choose(chosen, &headers).code, spoken, "{wishes} {chosen:?}");
        }
    }
}
