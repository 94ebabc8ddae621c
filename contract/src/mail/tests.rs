use std::net::IpAddr;

use proptest::prelude::*;

use super::*;

#[test]
fn domains_by_table() {
    let good = [
        ("Example.COM", "example.com"),
        ("example.com.", "example.com"),
        ("bücher.example", "xn--bcher-kva.example"),
        ("XN--BCHER-KVA.example", "xn--bcher-kva.example"),
        ("_spf.example.com", "_spf.example.com"),
        ("localhost", "localhost"),
    ];
    let bad = [
        "",
        ".",
        "..",
        "a..b",
        "-a.example",
        "a-.example",
        "a b.example",
        "a@b",
        "192.0.2.1",
        "1",
        "xn--a.example",
        "ex\u{202e}ample.com",
        "a\r\n.example",
        "exa\0mple.com",
    ];
    let wrong: Vec<_> = good
        .iter()
        .filter(|(text, ascii)| !text.parse::<Domain>().is_ok_and(|d| d.as_ascii() == *ascii))
        .map(|(text, _)| *text)
        .chain(bad.into_iter().filter(|text| text.parse::<Domain>().is_ok()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(format!("{}.example", "a".repeat(64)).parse::<Domain>().is_err());
    assert!(vec!["abcdefg"; 40].join(".").parse::<Domain>().is_err());
    assert_eq!("xn--bcher-kva.example".parse::<Domain>().unwrap().to_unicode(), "bücher.example");
}

#[test]
fn a_name_is_within_itself_and_its_parents_only() {
    let domain = |text: &str| text.parse::<Domain>().unwrap();
    assert!(domain("a.example.com").is_within(&domain("example.com")));
    assert!(domain("example.com").is_within(&domain("example.com")));
    assert!(!domain("badexample.com").is_within(&domain("example.com")));
}

#[test]
fn mailboxes_by_table() {
    let good = [
        ("a@example.com", "a@example.com"),
        ("A.b+c@Example.COM", "A.b+c@example.com"),
        ("\"a\"@example.com", "a@example.com"),
        ("\"a b\"@example.com", "\"a b\"@example.com"),
        ("\"a@b\"@example.com", "\"a@b\"@example.com"),
        ("\"a\\\"b\"@example.com", "\"a\\\"b\"@example.com"),
        ("δοκιμή@παράδειγμα.example", "δοκιμή@xn--hxajbheg2az3al.example"),
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:DB8::1]", "a@[IPv6:2001:db8::1]"),
    ];
    let bad = [
        "",
        "@",
        "a@",
        "@b.example",
        "a",
        ".a@b.example",
        "a.@b.example",
        "a..b@c.example",
        "a b@c.example",
        "\"a@b.example",
        "a\"b\"@c.example",
        "\"\"@c.example",
        "a@[1.2.3]",
        "a@[IPv6:zz]",
        "a@[x:y]",
        "a\r\n@b.example",
        "\"a\r\"@b.example",
        "<a@b.example>",
        "a@b@c.example",
        "a\u{202e}@b.example",
        "\"a\\\n\"@b.example",
    ];
    let wrong: Vec<_> = good
        .iter()
        .filter(|(text, wire)| !text.parse::<Mailbox>().is_ok_and(|m| m.to_string() == *wire))
        .map(|(text, _)| *text)
        .chain(bad.into_iter().filter(|text| text.parse::<Mailbox>().is_ok()))
        .collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    assert!(format!("{}@example.com", "a".repeat(65)).parse::<Mailbox>().is_err());
}

#[test]
fn a_detail_follows_its_user() {
    let local = |text: &str| text.parse::<LocalPart>().unwrap();
    assert_eq!(local("a+b+c").without_detail(), Some(local("a")));
    assert_eq!(local("a").without_detail(), None);
    assert_eq!(local("+b").without_detail(), None);
    assert!(local("a%b").has_routing_character() && local("\"a@b\"").has_routing_character());
}

#[test]
fn source_routes_are_seen_and_dropped() {
    let path = "@a.example,@b.example:c@d.example".parse::<ForwardPath>().unwrap();
    assert!(path.source_route);
    assert_eq!(path.recipient.to_string(), "c@d.example");
    assert_eq!("@a.example:c@d.example".parse::<ReversePath>().unwrap().to_string(), "c@d.example");
    assert!("@a.example,b:c@d.example".parse::<ForwardPath>().is_err());
    assert_eq!("PostMaster".parse::<ForwardPath>().unwrap().recipient, Recipient::Postmaster);
    assert!("".parse::<ReversePath>().unwrap().is_null());
    assert!("".parse::<ForwardPath>().is_err());
}

#[test]
fn networks_by_table() {
    let cidr = |text: &str| text.parse::<Cidr>();
    assert_eq!(cidr("192.0.2.0/24").unwrap().to_string(), "192.0.2.0/24");
    assert_eq!(cidr("192.0.2.7").unwrap().to_string(), "192.0.2.7/32");
    assert_eq!(cidr("::ffff:192.0.2.0/120").unwrap().to_string(), "192.0.2.0/24");
    assert!(matches!(cidr("192.0.2.7/24"), Err(CidrError::HostBits(meant)) if meant.to_string() == "192.0.2.0/24"));
    assert_eq!(cidr("192.0.2.0/33"), Err(CidrError::Syntax));
    let mapped: IpAddr = "::ffff:192.0.2.9".parse().unwrap();
    assert!(cidr("192.0.2.0/24").unwrap().contains(mapped));
    assert_eq!(Cidr::of(mapped, 24), cidr("192.0.2.0/24").unwrap());
}

#[test]
fn a_reply_stays_on_its_line() {
    let mut wire = Vec::new();
    Reply::new(550, EnhancedCode::new(5, 7, 1), "no\r\n250 yes\u{7f}").write_to(&mut wire);
    assert_eq!(wire, b"550 5.7.1 no??250 yes?\r\n");
    wire.clear();
    Reply::lines(250, ["a".to_owned(), "b".to_owned()]).write_to(&mut wire);
    assert_eq!(wire, b"250-a\r\n250 b\r\n");
    assert_eq!(EnhancedCode::split_from("5.7.26 no"), Some((EnhancedCode::new(5, 7, 26), "no")));
    assert_eq!(EnhancedCode::split_from("3.7.26 no"), None);
    assert_eq!(EnhancedCode::split_from("5.7 no"), None);
}

proptest! {
    #[test]
    fn whatever_parses_prints_to_what_parses_to_the_same(text in "\\PC{0,80}") {
        if let Ok(mailbox) = text.parse::<Mailbox>() {
            prop_assert_eq!(mailbox.to_string().parse::<Mailbox>(), Ok(mailbox));
        }
        if let Ok(domain) = text.parse::<Domain>() {
            prop_assert_eq!(domain.as_ascii().parse::<Domain>(), Ok(domain));
        }
    }

    #[test]
    fn any_local_part_in_quotes_round_trips(meant in "[ -~]{1,20}", host in "[a-z]{1,9}\\.example") {
        let quoted: String = meant.chars().flat_map(|c| ['\\', c]).collect();
        let mailbox: Mailbox = format!("\"{quoted}\"@{host}").parse().unwrap();
        prop_assert_eq!(mailbox.local().as_str(), meant);
        prop_assert_eq!(mailbox.to_string().parse::<Mailbox>(), Ok(mailbox));
    }

    #[test]
    fn no_text_makes_the_parsers_panic(text in any::<String>()) {
        let _ = text.parse::<ForwardPath>();
        let _ = text.parse::<ReversePath>();
        let _ = text.parse::<Cidr>();
        let _ = EnhancedCode::split_from(&text);
    }
}
