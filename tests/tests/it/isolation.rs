//! A tenant never sees another's recipients.

use tests::System;

#[tokio::test]
async fn a_transaction_that_named_two_tenants_is_two_records_and_neither_shows_the_other() {
    let system = System::start().await;
    let acme = system.acme().await;
    let other = system.customer("Other", "other.example", &["zoe"]).await;
    let mut client = system.smtp().await;
    client.say("MAIL FROM:<x@sender.example>").await.expect("250");
    client.say("RCPT TO:<anna@acme.example>").await.expect("250");
    client.say("RCPT TO:<zoe@other.example>").await.expect("452 4.5.3");
    client.say("RCPT TO:<nobody@elsewhere.example>").await.expect("550 5.7.1");
    client.say("RSET").await.expect("250");
    let all = system.rest.until_messages("sender=x@sender.example", 3).await;
    assert_eq!(all.len(), 3);
    for (tenant, own, foreign) in [(&acme.tenant, "anna@acme", "zoe@other"), (&other.tenant, "zoe@other", "anna@acme")]
    {
        let found = system.rest.until_messages(&format!("tenant_id={tenant}"), 1).await;
        assert_eq!(found.len(), 1);
        let text = found[0].to_string();
        assert!(text.contains(own) && !text.contains(foreign) && !text.contains("elsewhere"), "{text}");
    }
    // Searching by the other's recipient finds the other's record alone.
    let found = system.rest.until_messages(&format!("tenant_id={}&recipient=zoe@other.example", acme.tenant), 0).await;
    assert!(found.is_empty());
    system.end().await;
}
