//! What mail says. A language is one file and its line here; each has every letter, or the tests fail.

use std::sync::LazyLock;

use serde::Deserialize;

use super::News;

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
}

macro_rules! languages {
    ($($name:ident = $file:literal;)+) => {
        /// What people are written in.
        #[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum Language {
            #[default]
            $($name,)+
        }

        impl Language {
            pub const ALL: &[Self] = &[$(Self::$name,)+];

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

languages! {
    En = "en.toml";
    Fr = "fr.toml";
}

pub(super) fn of(language: Language, news: News<'_>) -> &'static Letter {
    let words = language.words();
    match news {
        News::PasswordChanged => &words.password_changed,
        News::DomainTaken(_) => &words.domain_taken,
        News::DomainContested(_) => &words.domain_contested,
        News::DomainPassed(_) => &words.domain_passed,
    }
}

/// Puts values in place of `{name}`. A value is not looked at again: what is in it stays as it is.
pub(super) fn fill(text: &str, values: &[(&str, &str)]) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('{') {
        out.push_str(before);
        let known = behind.split_once('}').and_then(|(name, after)| {
            values.iter().find(|(known, _)| *known == name).map(|(_, value)| (*value, after))
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
        let domain = "acme.example".parse().unwrap();
        let letters: [(News<'_>, &[&str]); 4] = [
            (News::PasswordChanged, &["{account}", "{host}", "{time}"]),
            (News::DomainTaken(&domain), &["{domain}", "{host}", "{time}"]),
            (News::DomainContested(&domain), &["{domain}", "{host}", "{time}"]),
            (News::DomainPassed(&domain), &["{domain}", "{host}", "{time}"]),
        ];
        for (language, (news, names)) in Language::ALL.iter().flat_map(|language| letters.map(|one| (*language, one))) {
            let letter = of(language, news);
            assert!(!letter.subject.is_empty() && !letter.subject.contains(['{', '\n']), "{language:?}");
            for name in names {
                assert!(letter.text.contains(name), "{language:?} {name}");
            }
            let filled = fill(&letter.text, &[("account", "a"), ("host", "b"), ("time", "c"), ("domain", "d")]);
            assert!(!filled.contains(['{', '}']), "{language:?}: a name that nobody fills in");
        }
    }

    #[test]
    fn what_is_filled_in_is_not_filled_in_again() {
        assert_eq!(fill("{a} {b} {c} {", &[("a", "{b}"), ("b", "x")]), "{b} x {c} {");
    }
}
