//! Our Received field.

use contract::{Micros, mail::Mailbox};
use smtp::{Protocol, Received, TlsFacts};

fn field(helo: &str, tls: Option<&TlsFacts>, protocol: Protocol, recipient: Option<&str>) -> String {
    let recipient = recipient.map(|text| text.parse::<Mailbox>().unwrap());
    Received {
        helo,
        client: "::ffff:192.0.2.1".parse().unwrap(),
        by: &"mx.example".parse().unwrap(),
        installation: "ins_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
        protocol,
        tls,
        id: "msg_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f",
        sole_recipient: recipient.as_ref(),
        at: Micros::from_secs(1_790_000_000),
    }
    .to_field()
}

#[test]
fn it_says_who_by_whom_how_and_when() {
    let tls = TlsFacts { version: "TLSv1.3".to_owned(), cipher: "TLS13_AES_256_GCM_SHA384".to_owned() };
    assert_eq!(
        field("client.example", Some(&tls), Protocol::EsmtpTls, Some("b@b.example")),
        "Received: from client.example ([192.0.2.1])\r\n\
         \tby mx.example (Postern ins_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f)\r\n\
         \twith ESMTPS (TLSv1.3) id msg_0192f0c1a2b37c4d8e9f0a1b2c3d4e5f\r\n\
         \tfor <b@b.example>\r\n\
         \ttls TLS_AES_256_GCM_SHA384;\r\n\
         \tMon, 21 Sep 2026 14:13:20 +0000\r\n"
    );
}

#[test]
fn the_keyword_follows_the_registry() {
    // RFC 3848, RFC 6531 §4.3.
    let rows = [
        (false, false, false, "SMTP"),
        (true, false, false, "ESMTP"),
        (true, true, false, "ESMTPS"),
        (true, false, true, "UTF8SMTP"),
        (true, true, true, "UTF8SMTPS"),
    ];
    for (extended, tls, utf8, name) in rows {
        assert_eq!(Protocol::new(extended, tls, utf8).name(), name);
    }
}

#[test]
fn a_hostile_name_stays_inside_its_comment() {
    for helo in [
        "x)\r\nBcc: evil@a.example",
        "x (ins_9) by other.example",
        "\"quoted\\\"",
        "a;b",
        "<evil@a.example>",
        &"(".repeat(300),
        "",
    ] {
        let text = field(helo, None, Protocol::Smtp, None);
        assert!(text.starts_with("Received: from [192.0.2.1] (HELO "), "{text}");
        assert_eq!(text.matches('(').count(), 2, "{text}");
        assert_eq!(text.matches(')').count(), 2, "{text}");
        assert_eq!(text.matches(';').count(), 1, "{text}");
        let lines: Vec<_> = text.split_terminator("\r\n").collect();
        assert!(lines.iter().skip(1).all(|line| line.starts_with('\t')), "{text}");
        assert!(text.bytes().all(|b| b == b'\r' || b == b'\n' || b == b'\t' || (b' '..=b'~').contains(&b)), "{text}");
        assert!(lines.iter().all(|line| line.len() <= 200 && !line.contains('\n')), "{text}");
    }
}

#[test]
fn a_recipient_beyond_ascii_is_named_only_under_smtputf8() {
    assert!(!field("c.example", None, Protocol::Esmtp, Some("δ@b.example")).contains("for"));
    assert!(field("c.example", None, Protocol::Utf8Smtp, Some("δ@b.example")).contains("\tfor <δ@b.example>;"));
}
