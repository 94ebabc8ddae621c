//! `<postmaster>` without a domain: whoever the configuration names has it, from the start on that names somebody else.

use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering},
};

use serde_json::json;
use tests::{Options, System};

#[tokio::test]
async fn mail_to_postmaster_reaches_whom_the_configuration_names() {
    let named = Arc::new(AtomicBool::new(false));
    let names = Arc::clone(&named);
    let mut system = System::start_with(Options {
        workers: 0,
        control_plane: Box::new(move |config| {
            config.postmaster = names.load(Ordering::Relaxed).then(|| "desk@msp.example".parse().expect("an address"));
        }),
        ..Options::default()
    })
    .await;
    let mut config = system.worker_config(system.join_token().await);
    config.delivery.mx_port = system.hop.port();
    let at = system.start_worker(config).await;
    system.dns.mx("provider.example", 10, "mail.provider.example").mx("msp.example", 10, "mail.provider.example");
    system.dns.address_of("mail.provider.example", [127, 0, 0, 1]);

    // Nobody is named: the first owner.
    let mut client = system.smtp_at(at).await;
    client.send_message("x@sender.example", &["postmaster"], b"Message-ID: <1@s.example>\r\n\r\n").await.expect("250");
    assert_eq!(system.hop.messages()[0].recipients(), ["owner@provider.example"]);

    named.store(true, Ordering::Relaxed);
    system.stop_control_plane().await;
    system.start_control_plane().await;
    // Whatever edit comes next is behind that of the start.
    system.acme().await;
    let mut client = system.smtp_at(at).await;
    client.send_message("x@sender.example", &["postmaster"], b"Message-ID: <2@s.example>\r\n\r\n").await.expect("250");
    assert_eq!(system.hop.messages()[1].recipients(), ["desk@msp.example"]);

    // Such mail belongs to no tenant: it has no route either.
    let found = system.rest.until_messages("recipient=postmaster", 2).await;
    assert_eq!((&found[0]["tenant_id"], &found[0]["next_hop"]["route_id"]), (&json!(null), &json!(null)));
    system.end().await;
}
