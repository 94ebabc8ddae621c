//! What is noted of a message while it goes by (A6.15, A6.18, loops).

use smtp::data::{Facts, HeaderAnomaly, Scan};

fn scan(content: &[u8]) -> Facts {
    let mut scan = Scan::new("ins_1");
    scan.content(content);
    scan.end();
    scan.into_facts()
}

const ANOMALIES: &[(&str, &str, Option<HeaderAnomaly>)] = &[
    ("RFC 5322 §2.1", "Subject: x\r\n\r\nbody\r\n", None),
    ("RFC 5322 §2.1: no body", "Subject: x\r\n", None),
    ("RFC 5322 §2.1: no header", "\r\nbody without: colon\r\n", None),
    ("RFC 5322 §2.2.3", "Subject: x\r\n folded\r\n\r\n", None),
    ("RFC 5322 §4.5.8", "Subject : x\r\n\r\n", None),
    ("RFC 5322 §2.1: the body is free", "A: b\r\n\r\nFrom me\r\n \r\n folded\r\n", None),
    ("A6.18", " folded\r\nSubject: x\r\n\r\n", Some(HeaderAnomaly::FirstLineFolded)),
    ("A6.18", "\tfolded\r\n\r\n", Some(HeaderAnomaly::FirstLineFolded)),
    ("A6.18", " \r\nSubject: x\r\n\r\n", Some(HeaderAnomaly::FirstLineFolded)),
    ("A6.18", "hello\r\n\r\n", Some(HeaderAnomaly::FirstLineNoField)),
    ("A6.18", "hello world: x\r\n", Some(HeaderAnomaly::FirstLineNoField)),
    ("A6.18", ": x\r\n", Some(HeaderAnomaly::FirstLineNoField)),
    ("A6.18", "Sübject: x\r\n", Some(HeaderAnomaly::FirstLineNoField)),
    ("A6.18", "From a@b Mon Jan  1 00:00:00 2026\r\nA: b\r\n\r\n", Some(HeaderAnomaly::FromLine)),
    ("A6.18", ">From a@b\r\nA: b\r\n\r\n", Some(HeaderAnomaly::FromLine)),
    ("A6.18", "A: b\r\nFrom a@b\r\n\r\n", Some(HeaderAnomaly::FromLine)),
    ("A6.15", "A: b\r\nno field\r\n\r\n", Some(HeaderAnomaly::LineNoField)),
    ("A6.15", "A: b\r\n \r\nC: d\r\n\r\n", Some(HeaderAnomaly::BlankLine)),
    ("A6.15", "A: b\r\n \t \r\n\r\n", Some(HeaderAnomaly::BlankLine)),
    ("A6.15: CR-only line", "A: b\r\n\r\r\nC: d\r\n\r\n", Some(HeaderAnomaly::LineNoField)),
    ("A6.15: a bare LF is a line end to some", "A: b\nno field\r\n\r\n", Some(HeaderAnomaly::LineNoField)),
];

#[test]
fn a_header_that_two_readers_see_differently_is_noted() {
    let wrong: Vec<_> = ANOMALIES
        .iter()
        .map(|&(cite, content, expected)| (cite, content, scan(content.as_bytes()).header_anomaly, expected))
        .filter(|(_, _, found, expected)| found != expected)
        .collect();
    assert!(wrong.is_empty(), "{wrong:#?}");
}

#[test]
fn received_fields_are_counted_and_ours_are_known_by_the_installation() {
    let facts = scan(
        b"Received: from a by b (Postern ins_1) with ESMTP\r\nreceived : from c\r\n\tby d (Postern\r\n ins_1)\r\n\
          X-Received: ins_1\r\nReceived: from e by f (Postern ins_2)\r\nSubject: ins_1\r\n\r\nReceived: from g (ins_1)\r\n",
    );
    assert_eq!((facts.received_fields, facts.received_here), (3, 2));
}

#[test]
fn our_own_field_is_found_again() {
    let field = smtp::Received {
        helo: "client.example",
        client: "192.0.2.1".parse().unwrap(),
        by: &"mx.example".parse().unwrap(),
        installation: "ins_1",
        protocol: smtp::Protocol::Esmtp,
        tls: None,
        id: "msg_1",
        sole_recipient: None,
        at: contract::Micros::EPOCH,
    }
    .to_field();
    let facts = scan(field.repeat(5).as_bytes());
    assert_eq!((facts.received_fields, facts.received_here, facts.header_anomaly), (5, 5, None));
}

#[test]
fn the_subject_is_one_line_of_bounded_length_and_hides_nothing() {
    let subject = |content: &str| scan(content.as_bytes()).subject;
    assert_eq!(subject("Subject: hello\r\n\r\n").as_deref(), Some("hello"));
    assert_eq!(subject("SUBJECT:\r\n folded\r\n\tin three\r\n\r\n").as_deref(), Some("folded in three"));
    assert_eq!(subject("Subject: Grüße\r\n\r\n").as_deref(), Some("Grüße"));
    assert_eq!(subject("Subject: a\u{1b}[31m\u{202e}b\r\n\r\n").as_deref(), Some("a?[31m?b"));
    assert_eq!(subject("Subject: first\r\nSubject: second\r\n\r\n").as_deref(), Some("first"));
    assert_eq!(subject("Subject:\r\n\r\n").as_deref(), Some(""));
    assert_eq!(subject("A: b\r\n\r\nSubject: body\r\n"), None);
    assert_eq!(subject(&format!("Subject: {}\r\n\r\n", "x".repeat(900))).unwrap().len(), 250);
    let latin = [&b"Subject: Gr\xfc\xdfe\r\n\r\n"[..]].concat();
    assert_eq!(scan(&latin).subject.as_deref(), Some("Gr\u{fffd}\u{fffd}e"));
}

/// RFC 2047 §2, §6.2, §8; and what a peer makes of it.
#[test]
fn encoded_words_of_a_subject_are_shown_as_what_they_say() {
    let table = [
        ("=?utf-8?q?Gr=C3=BC=C3=9Fe?=", "Grüße"),
        ("=?UTF-8?B?UmVjaG51bmcgMTI=?= of May", "Rechnung 12 of May"),
        ("=?ISO-8859-1?Q?a?=\r\n =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("=?ISO-8859-1?Q?a_b?=", "a b"),
        ("=?iso-2022-jp?B?GyRCQEE1YT1xGyhC?=", "請求書"),
        ("=?koi8-r?B?8NLJ18XU?=", "Привет"),
        ("=?windows-1252*en?Q?=80?=", "€"),
        // What is no sound word stays, and a space that is many stays so.
        ("=?utf-8?x?a?=  two", "=?utf-8?x?a?=  two"),
        ("1 =? 2", "1 =? 2"),
        // Nothing is hidden in what is no word, whatever else would read it.
        ("=?Overdue invoice 4711, pay now?q?hello?=", "=?Overdue invoice 4711, pay now?q?hello?="),
        ("=?x-unknown?b?4eHh?=", "=?x-unknown?b?4eHh?="),
        ("=?utf-8?q?a b?=", "=?utf-8?q?a b?="),
        ("=?utf-8?q?=G1?= =?utf-8?b?*?=", "=?utf-8?q?=G1?= =?utf-8?b?*?="),
        ("=?utf-8?q?=?==?utf-8?q?b?=", "=?utf-8?q?=?=b"),
        // A character divided between two words.
        ("=?utf-8?b?4oI=?= =?utf-8?b?rA==?=", "€"),
        ("=?utf-8?q?=E2=82?= =?iso-8859-1?q?=E9?=", "\u{fffd}é"),
        ("x=?utf-8?q?a?=y =?utf-8?q?b?= z", "xay b z"),
        // What hides in a word is as visible as what stands beside it.
        ("=?utf-8?q?a=0D=0AX-Evil:_1=1B[31m=E2=80=AEb?=", "a??X-Evil: 1?[31m?b"),
        ("=?utf-8?b?AAEC?=", "???"),
        ("=?utf-8?q?=FF?=", "\u{fffd}"),
    ];
    let subject = |value: &str| scan(format!("Subject: {value}\r\n\r\n").as_bytes()).subject.unwrap();
    let wrong: Vec<_> = table.iter().filter(|(written, shown)| subject(written) != *shown).collect();
    assert!(wrong.is_empty(), "{:?}", wrong.iter().map(|(written, _)| (written, subject(written))).collect::<Vec<_>>());
    let long = subject(&"=?utf-8?q?=E2=82=AC=E2=82=AC=E2=82=AC?=\r\n ".repeat(100));
    assert_eq!(long, "€".repeat(250));
}

#[test]
fn the_message_id_is_kept_short_and_printable() {
    let id = |content: &str| scan(content.as_bytes()).message_id;
    assert_eq!(id("Message-ID: <a@b>\r\n\r\n").as_deref(), Some("a@b"));
    assert_eq!(id("MESSAGE-id:\r\n <a@b>\r\n\r\n").as_deref(), Some("a@b"));
    assert_eq!(id("Message-ID: <first>\r\nMessage-ID: <second>\r\n\r\n").as_deref(), Some("first"));
    assert_eq!(id("Message-ID: a\u{1b}[31m\r\n").as_deref(), Some("a?[31m"));
    assert_eq!(id("Message-ID: \r\n\r\n"), None);
    assert_eq!(id("A: b\r\n\r\nMessage-ID: <body>\r\n"), None);
    assert_eq!(id(&format!("Message-ID: <{}>\r\n", "x".repeat(5_000))).map(|id| id.len()), Some(250));
}

#[test]
fn octets_above_ascii_are_told_apart_by_place() {
    let facts = |content: &str| scan(content.as_bytes());
    assert!(!facts("A: b\r\n\r\nc\r\n").eight_bit);
    let body = facts("A: b\r\n\r\nü\r\n");
    assert!(body.eight_bit && !body.header_eight_bit);
    let header = facts("A: ü\r\n\r\nc\r\n");
    assert!(header.eight_bit && header.header_eight_bit);
    // Beyond what is kept of a line, and in a piece of its own.
    let mut scan = Scan::new("ins_1");
    scan.content(format!("A: {}", "x".repeat(3_000)).as_bytes());
    scan.content("ü\r\n\r\n".as_bytes());
    scan.end();
    assert!(scan.facts().header_eight_bit);
}

#[test]
fn line_lengths_are_without_their_ends() {
    assert_eq!(scan(b"123\r\n12345\r\n1\r\n").longest_line_octets, 5);
    assert_eq!(scan(b"123\n12345").longest_line_octets, 5);
    assert_eq!(scan(b"12\r345\r\n").longest_line_octets, 6);
    assert_eq!(scan(b"").longest_line_octets, 0);
    let facts = scan(b"12345\r");
    assert!(facts.bare_cr);
    assert_eq!(facts.longest_line_octets, 6);
}
