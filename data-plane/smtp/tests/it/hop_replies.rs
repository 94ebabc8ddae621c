//! Replies of a hop: read strictly, and what of them the sender hears.

use proptest::prelude::*;
use smtp::{
    client::{Capabilities, Heard, HopReply, Lacking, MailParameters, Needs, ReplyFault, ReplyReader, Stage, hear},
    data::Facts,
    server::{Body, Sender},
};

fn read(bytes: &[u8]) -> Result<Vec<HopReply>, ReplyFault> {
    let mut reader = ReplyReader::default();
    reader.extend(bytes);
    let mut replies = Vec::new();
    while let Some(reply) = reader.next_reply()? {
        replies.push(reply);
    }
    Ok(replies)
}

fn reply(text: &str) -> HopReply {
    read(format!("{text}\r\n").as_bytes()).unwrap().pop().unwrap()
}

#[test]
fn replies_are_read_strictly() {
    // A6.16, RFC 5321 §4.2.
    let good: &[(&str, u16, usize)] = &[
        ("250 ok\r\n", 250, 1),
        ("250\r\n", 250, 1),
        ("250 \r\n", 250, 1),
        ("250-a\r\n250-b\r\n250 c\r\n", 250, 3),
        ("250-\r\n250\r\n", 250, 2),
        ("599 x\r\n", 599, 1),
    ];
    for (bytes, code, lines) in good {
        let replies = read(bytes.as_bytes()).unwrap();
        assert_eq!((replies.len(), replies[0].code(), replies[0].lines().len()), (1, *code, *lines), "{bytes:?}");
    }
    let bad: &[(&str, ReplyFault)] = &[
        ("250 ok\n", ReplyFault::LineEnd),
        ("250 o\rk\r\n", ReplyFault::LineEnd),
        ("250-a\r\n251 b\r\n", ReplyFault::CodeChanged),
        ("250-a\r\n550 b\r\n", ReplyFault::CodeChanged),
        ("25 ok\r\n", ReplyFault::Code),
        ("2500 ok\r\n", ReplyFault::Code),
        ("150 ok\r\n", ReplyFault::Code),
        ("650 ok\r\n", ReplyFault::Code),
        ("250+ok\r\n", ReplyFault::Code),
        ("\r\n", ReplyFault::Code),
        (" 250 ok\r\n", ReplyFault::Code),
        ("٢50 ok\r\n", ReplyFault::Code),
    ];
    for (bytes, fault) in bad {
        assert_eq!(read(bytes.as_bytes()), Err(*fault), "{bytes:?}");
    }
    assert_eq!(read(&[b'2'; 5_000]), Err(ReplyFault::LineTooLong));
    assert_eq!(read(format!("250 {}\r\n", "x".repeat(5_000)).as_bytes()), Err(ReplyFault::LineTooLong));
    assert_eq!(read("250-x\r\n".repeat(200).as_bytes()), Err(ReplyFault::TooManyLines));
}

#[test]
fn a_reader_with_half_a_reply_is_not_empty_and_a_fault_stays() {
    let mut reader = ReplyReader::default();
    reader.extend(b"250-a\r\n");
    assert_eq!(reader.next_reply(), Ok(None));
    assert!(!reader.is_empty());
    reader.extend(b"250 b\r\nnonsense\r\n");
    assert_eq!(reader.next_reply().unwrap().unwrap().lines().len(), 2);
    assert_eq!(reader.next_reply(), Err(ReplyFault::Code));
    reader.extend(b"250 fine\r\n");
    assert_eq!(reader.next_reply(), Err(ReplyFault::Code));
    assert!(!reader.is_empty());
}

/// What a hop says at a stage, and what the sender hears of it.
const HEARD: &[(Stage, &str, &str)] = &[
    (Stage::Rcpt, "550 5.1.1 no such user", "passed 550 5.1.1 no such user"),
    (Stage::Rcpt, "450 4.2.1 greylisted", "passed 450 4.2.1 greylisted"),
    (Stage::Rcpt, "550 no such user", "passed 550 5.0.0 no such user"),
    (Stage::Rcpt, "450 5.2.2 full", "passed 450 4.2.2 full"),
    (Stage::Rcpt, "550 2.1.5 what", "passed 550 5.0.0 what"),
    (Stage::Rcpt, "550", "passed 550 5.0.0 refused by the next hop"),
    // RFC 5321 §4.5.3.1.10.
    (Stage::Rcpt, "552 5.2.2 full", "passed 452 4.2.2 full"),
    (Stage::Rcpt, "552 too many", "passed 452 4.0.0 too many"),
    (Stage::Rcpt, "250 2.1.5 fine", "accepted 250 2.1.5 fine"),
    (Stage::Rcpt, "251 elsewhere", "accepted 250 2.1.5 elsewhere"),
    (Stage::Mail, "550 5.7.1 not you", "passed 550 5.7.1 not you"),
    (Stage::Mail, "451 later", "failed"),
    (Stage::Mail, "250 ok", "accepted 250 2.1.0 ok"),
    (Stage::Message, "554 5.7.1 spam", "passed 554 5.7.1 spam"),
    (Stage::Message, "451 4.7.1 later", "passed 451 4.7.1 later"),
    (Stage::Message, "552 5.3.4 big", "passed 552 5.3.4 big"),
    (Stage::Message, "250 2.0.0 queued as 1", "accepted 250 2.0.0 queued as 1"),
    (Stage::Message, "250", "accepted 250 2.0.0 delivered"),
    (Stage::Message, "354 go", "failed"),
    (Stage::Data, "554 5.7.1 policy", "passed 554 5.7.1 policy"),
    (Stage::Data, "250 ok", "failed"),
    // Of the dialogue, not of the mail.
    (Stage::Rcpt, "421 4.7.0 busy", "failed"),
    (Stage::Message, "421 4.7.0 busy", "failed"),
    (Stage::Mail, "530 5.7.0 STARTTLS first", "failed"),
    (Stage::Data, "503 5.5.1 order", "failed"),
    (Stage::Banner, "554 no", "failed"),
    (Stage::Ehlo, "550 no", "failed"),
    (Stage::StartTls, "501 no", "failed"),
    (Stage::Reset, "550 no", "failed"),
];

#[test]
fn the_sender_hears_what_concerns_its_mail_and_nothing_else() {
    let wrong: Vec<_> = HEARD
        .iter()
        .filter_map(|&(stage, said, expected)| {
            let heard = match hear(stage, &reply(said)) {
                Heard::Accepted(reply) => format!("accepted {reply}"),
                Heard::PassedOn(reply) => format!("passed {reply}"),
                Heard::HopFailed(reply) => {
                    assert_eq!(reply.code(), 451);
                    "failed".to_owned()
                }
            };
            (heard != expected).then(|| format!("{stage:?} {said}: {heard}, not {expected}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn text_that_is_passed_on_is_one_printable_line_of_bounded_length() {
    let long = format!("550-5.1.1 first\t\u{1b}[31m\r\n550-5.1.1 ünï\r\n550 5.1.1 {}", "x".repeat(2_000));
    let Heard::PassedOn(passed) = hear(Stage::Rcpt, &reply(&long)) else { panic!() };
    let mut wire = Vec::new();
    passed.write_to(&mut wire);
    assert!(wire.starts_with(b"550 5.1.1 first??[31m ??n?? xxx"), "{}", String::from_utf8_lossy(&wire));
    assert!(wire.len() <= 512 && wire.iter().position(|&b| b == b'\n') == Some(wire.len() - 1));
}

#[test]
fn capabilities_are_read_from_ehlo() {
    let read = |text: &str| Capabilities::read(&reply(text));
    let all = read(
        "250-hop greets PIPELINING\r\n250-8bitmime\r\n250-SIZE 100\r\n250-SMTPUTF8\r\n250-LIMITS RCPTMAX=5 MAILMAX=9\r\n250-PIPELINING\r\n250 STARTTLS",
    );
    let expected = Capabilities {
        pipelining: true,
        eight_bit_mime: true,
        smtputf8: true,
        starttls: true,
        size: Some(100),
        max_recipients: Some(5),
        max_transactions: Some(9),
    };
    assert_eq!(all, expected);
    // The first line is a greeting, whatever it says.
    assert_eq!(read("250 STARTTLS"), Capabilities::default());
    let odd = read("250-hop\r\n250-SIZE\r\n250-SIZEX 1\r\n250-X-PIPELINING\r\n250-LIMITS RCPTMAX=0 RCPTMAX=x\r\n250 ");
    assert_eq!(odd, Capabilities { size: Some(0), ..Capabilities::default() });
    assert_eq!(odd.max_size_bytes(), None);
}

fn sender(path: &str, smtputf8: bool) -> Sender {
    Sender { path: path.parse().unwrap(), size_bytes: None, body: Body::SevenBit, smtputf8 }
}

#[test]
fn parameters_follow_from_the_octets_and_the_hop() {
    let bare = Capabilities::default();
    let full = Capabilities { eight_bit_mime: true, smtputf8: true, size: Some(100), ..bare };
    let needs = |sender: &Sender, facts: &Facts| {
        Needs::of_envelope(&sender.path, [].into_iter()).with_content(sender, facts, 10)
    };
    let ascii = Facts { size_bytes: 50, ..Facts::default() };
    let eight = Facts { eight_bit: true, ..ascii.clone() };
    let utf8 = Facts { header_eight_bit: true, ..eight.clone() };
    let plain = sender("a@a.example", false);

    // Declared and not needed is dropped; needed and not declared is added.
    assert_eq!(needs(&sender("a@a.example", true), &ascii).parameters(&bare), Ok(MailParameters::default()));
    assert_eq!(needs(&plain, &ascii).parameters(&full).unwrap().to_string(), " SIZE=60");
    assert_eq!(needs(&plain, &eight).parameters(&full).unwrap().to_string(), " SIZE=60 BODY=8BITMIME");
    // Raw 8-bit in a header that nobody called UTF-8.
    assert_eq!(needs(&plain, &utf8).parameters(&full).unwrap().to_string(), " SIZE=60 BODY=8BITMIME");
    let international = sender("δ@a.example", true);
    assert_eq!(needs(&international, &ascii).parameters(&full).unwrap().to_string(), " SIZE=60 SMTPUTF8");
    assert_eq!(
        needs(&sender("a@a.example", true), &utf8).parameters(&full).unwrap().to_string(),
        " SIZE=60 BODY=8BITMIME SMTPUTF8"
    );
    // A U-label was made an A-label and needs nothing.
    assert_eq!(needs(&sender("a@bücher.example", true), &ascii).parameters(&bare), Ok(MailParameters::default()));

    let lacking =
        |sender: &Sender, facts: &Facts, hop: &Capabilities| needs(sender, facts).parameters(hop).unwrap_err();
    assert_eq!(lacking(&plain, &eight, &bare), Lacking::EightBitMime);
    assert_eq!(lacking(&international, &ascii, &bare), Lacking::SmtpUtf8);
    assert_eq!(lacking(&plain, &Facts { nul: true, ..ascii.clone() }, &full), Lacking::Binary);
    assert_eq!(lacking(&plain, &Facts { size_bytes: 91, ..Facts::default() }, &full), Lacking::Size);
    let codes: Vec<_> = [Lacking::EightBitMime, Lacking::SmtpUtf8, Lacking::Binary, Lacking::Size]
        .map(|lacking| lacking.reply().enhanced().unwrap().to_string())
        .into();
    assert_eq!(codes, ["5.6.3", "5.6.7", "5.6.1", "5.3.4"]);
}

#[test]
fn what_was_said_before_the_content_is_checked_against_it() {
    let hop = Capabilities { eight_bit_mime: true, smtputf8: true, size: Some(100), ..Capabilities::default() };
    let declared = Sender { size_bytes: Some(20), ..sender("a@a.example", true) };
    let said = MailParameters::before_content(Needs::default(), &declared, &hop).unwrap();
    assert_eq!(said.to_string(), " SIZE=20 BODY=8BITMIME SMTPUTF8");
    assert_eq!(said.covers(&Needs { eight_bit: true, smtputf8: true, ..Needs::default() }, &hop), Ok(()));
    assert_eq!(said.covers(&Needs { size_bytes: 101, ..Needs::default() }, &hop), Err(Lacking::Size));
    let plain = MailParameters::before_content(Needs::default(), &sender("a@a.example", false), &hop).unwrap();
    assert_eq!(plain.covers(&Needs { smtputf8: true, ..Needs::default() }, &hop), Err(Lacking::SmtpUtf8));
    let bare = Capabilities::default();
    let seven = MailParameters::before_content(Needs::default(), &declared, &bare).unwrap();
    assert_eq!(seven.to_string(), "");
    assert_eq!(seven.covers(&Needs { eight_bit: true, ..Needs::default() }, &bare), Err(Lacking::EightBitMime));
    let utf8 = Needs { smtputf8: true, ..Needs::default() };
    assert_eq!(MailParameters::before_content(utf8, &declared, &bare), Err(Lacking::SmtpUtf8));
}

proptest! {
    #[test]
    fn any_split_of_any_octets_gives_the_same_replies(
        bytes in proptest::collection::vec(prop_oneof![Just(b'\r'), Just(b'\n'), Just(b'2'), Just(b'5'), Just(b'0'), Just(b'-'), Just(b' '), any::<u8>()], 0..200),
        splits in proptest::collection::vec(0usize..200, 0..6),
    ) {
        let whole = collect(&[&bytes]);
        let mut at: Vec<_> = splits.into_iter().map(|split| split.min(bytes.len())).collect();
        at.extend([0, bytes.len()]);
        at.sort_unstable();
        let pieces: Vec<_> = at.windows(2).map(|pair| &bytes[pair[0]..pair[1]]).collect();
        prop_assert_eq!(whole, collect(&pieces));
    }

    #[test]
    fn whatever_a_hop_says_the_sender_hears_one_sound_line(text in "[\\x00-\\x7f]{0,600}", code in 200u16..600, stage in 0usize..8) {
        let stages = [Stage::Banner, Stage::Ehlo, Stage::StartTls, Stage::Mail, Stage::Rcpt, Stage::Data, Stage::Message, Stage::Reset];
        let text: String = text.chars().filter(|c| !matches!(c, '\r' | '\n')).collect();
        let said = reply(&format!("{code} {text}"));
        let (Heard::Accepted(heard) | Heard::PassedOn(heard) | Heard::HopFailed(heard)) = hear(stages[stage], &said);
        let mut wire = Vec::new();
        heard.write_to(&mut wire);
        prop_assert!(wire.len() <= 512);
        prop_assert!(wire[..wire.len() - 2].iter().all(|b| (b' '..=b'~').contains(b)));
        prop_assert_eq!(u16::from(heard.enhanced().unwrap().class()), heard.class());
        // Never a yes that the hop did not say.
        prop_assert!(!heard.is_positive() || said.is_positive());
    }
}

fn collect(pieces: &[&[u8]]) -> (Vec<HopReply>, Option<ReplyFault>) {
    let mut reader = ReplyReader::default();
    let mut replies = Vec::new();
    for piece in pieces {
        reader.extend(piece);
        loop {
            match reader.next_reply() {
                Ok(Some(reply)) => replies.push(reply),
                Ok(None) => break,
                Err(fault) => return (replies, Some(fault)),
            }
        }
    }
    (replies, None)
}
