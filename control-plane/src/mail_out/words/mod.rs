//! What mail says. A language is one file and its line here; each has every letter, or the tests fail.

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::{Named, News};

/// A letter, with names in braces for what is filled in.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Letter {
    pub subject: String,
    pub text: String,
}

#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Words {
    password_changed: Letter,
    domain_taken: Letter,
    domain_contested: Letter,
    domain_passed: Letter,
    invitation: Letter,
    password_reset: Letter,
    factors_removed: Letter,
    api_key_made: Letter,
    api_key_rotated: Letter,
    over: Places,
}

/// What something is over, within a sentence.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Places {
    installation: String,
    tenant: String,
    domain: String,
}

macro_rules! languages {
    ($($name:ident = $file:literal;)+) => {
        /// What people are written in.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
        #[serde(rename_all = "snake_case")]
        #[schema(as = MailLanguage)]
        pub enum Language {
            #[default]
            $($name,)+
        }

        impl Language {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

            /// As settings and the API write it.
            pub(crate) fn name(self) -> &'static str {
                match self {
                    $(Self::$name => file_stem($file),)+
                }
            }

            /// The other way round.
            pub(crate) fn parse(name: &str) -> Option<Self> {
                Self::ALL.iter().copied().find(|language| language.name() == name)
            }

            fn words(self) -> &'static Words {
                match self {
                    $(Self::$name => {
                        static WORDS: LazyLock<Words> =
                            LazyLock::new(|| toml::from_str(include_str!($file)).expect("a test reads every file"));
                        &WORDS
                    })+
                }
            }
        }
    };
}

/// A language is called as its file is.
const fn file_stem(file: &'static str) -> &'static str {
    match file.split_at_checked(2) {
        Some((stem, _)) => stem,
        None => file,
    }
}

languages! {
    En = "en.toml";
    Fr = "fr.toml";
}

pub(super) fn of(language: Language, news: News<'_>) -> &'static Letter {
    let words = language.words();
    match news {
        News::PasswordChanged { .. } => &words.password_changed,
        News::Invited { .. } => &words.invitation,
        News::PasswordReset { .. } => &words.password_reset,
        News::FactorsRemoved => &words.factors_removed,
        News::DomainTaken(_) => &words.domain_taken,
        News::DomainContested(_) => &words.domain_contested,
        News::DomainPassed(_) => &words.domain_passed,
        News::ApiKeyMade { .. } => &words.api_key_made,
        News::ApiKeyRotated { .. } => &words.api_key_rotated,
    }
}

/// What this letter says beside what each does.
pub(super) fn values(language: Language, news: News<'_>) -> Vec<(&'static str, String)> {
    match news {
        News::PasswordChanged { keys } => vec![("keys", keys.to_string())],
        News::PasswordReset { link, good_for } => {
            vec![("link", link.to_owned()), ("minutes", (good_for.as_secs() / 60).to_string())]
        }
        News::FactorsRemoved => Vec::new(),
        News::DomainTaken(domain) | News::DomainContested(domain) | News::DomainPassed(domain) => {
            vec![("domain", domain.to_unicode())]
        }
        News::Invited { tenant, link, until } => {
            vec![("tenant", tenant.to_owned()), ("link", link.to_owned()), ("until", super::written(until))]
        }
        News::ApiKeyMade { name, place } | News::ApiKeyRotated { name, place } => {
            vec![("name", name.to_owned()), ("over", over(language, place))]
        }
    }
}

fn over(language: Language, place: &Named) -> String {
    let words = &language.words().over;
    match place {
        Named::Installation => words.installation.clone(),
        Named::Tenant(name) => fill(&words.tenant, &[("name", name.clone())]),
        Named::Domain(name) => fill(&words.domain, &[("name", name.clone())]),
    }
}

/// Puts values in place of `{name}`. A value is not looked at again: what is in it stays as it is.
pub(super) fn fill(text: &str, values: &[(&str, String)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let known = behind.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (value.as_str(), after))
        });
        if let Some((value, after)) = known {
            out.push_str(value);
            rest = after;
        } else {
            out.push('{');
            rest = behind;
        }
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_language_says_everything_with_the_same_names() {
        let place = Named::Tenant("Acme".to_owned());
        let (name, place) = ("program", &place);
        let domain = "acme.example".parse().unwrap();
        let usual: &[&str] = &["account", "host", "time"];
        let of_domains: &[&str] = &["host", "time"];
        let invited = News::Invited { tenant: "Acme", link: "https://x", until: contract::Micros::EPOCH };
        let reset = News::PasswordReset { link: "https://x", good_for: std::time::Duration::from_mins(30) };
        for language in Language::ALL {
            for (news, names) in [
                (News::PasswordChanged { keys: 3 }, usual),
                (News::ApiKeyMade { name, place }, usual),
                (News::ApiKeyRotated { name, place }, usual),
                (News::FactorsRemoved, usual),
                (reset, usual),
                (invited, &["account", "host"]),
                (News::DomainTaken(&domain), of_domains),
                (News::DomainContested(&domain), of_domains),
                (News::DomainPassed(&domain), of_domains),
            ] {
                let letter = of(*language, news);
                assert!(!letter.subject.is_empty() && !letter.subject.contains(['{', '\n']), "{language:?}");
                let of_its_own = values(*language, news);
                for name in names.iter().copied().chain(of_its_own.iter().map(|(name, _)| *name)) {
                    assert!(letter.text.contains(&format!("{{{name}}}")), "{language:?} {news:?} {name}");
                }
                let usual = ["account", "host", "time"].map(|name| (name, name.to_owned()));
                let values: Vec<_> = usual.into_iter().chain(of_its_own).collect();
                let filled = fill(&letter.text, &values);
                assert!(!filled.contains(['{', '}']), "{language:?}: a name that nobody fills in");
            }
            for place in [Named::Tenant("<name>".to_owned()), Named::Domain("<name>".to_owned())] {
                let said = over(*language, &place);
                assert!(said.contains("<name>") && !said.contains('{'), "{language:?}: {said}");
            }
            assert!(!over(*language, &Named::Installation).is_empty());
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        let values = [("a", "{b}".to_owned()), ("b", "x".to_owned())];
        assert_eq!(fill("{a} {b} {c} {", &values), "{b} x {c} {");
    }
}
