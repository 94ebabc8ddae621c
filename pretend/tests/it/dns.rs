//! The name server answers as a real one does.

use std::net::Ipv4Addr;

use hickory_resolver::{
    NameServerPool, PoolContext, TlsConfig,
    config::{ConnectionConfig, NameServerConfig, ResolverOpts},
    net::{
        DnsError, NetError,
        runtime::TokioRuntimeProvider,
        xfer::{DnsHandle, FirstAnswer},
    },
    proto::{
        op::{DnsRequestOptions, DnsResponse, Query, ResponseCode},
        rr::{Name, RecordType},
    },
};
use pretend::dns::{Dns, Failing};

async fn ask(dns: &Dns, name: &str, record_type: RecordType) -> Result<DnsResponse, NetError> {
    let connections = [ConnectionConfig::udp(), ConnectionConfig::tcp()].map(|mut connection| {
        connection.port = dns.address().port();
        connection
    });
    let server = NameServerConfig::new(dns.address().ip(), true, connections.into());
    let context = PoolContext::new(ResolverOpts::default(), TlsConfig::new().expect("the default"));
    let pool = NameServerPool::from_config([server], context.into(), TokioRuntimeProvider::default());
    let mut name = Name::from_ascii(name).expect(name);
    name.set_fqdn(true);
    pool.lookup(Query::query(name, record_type), DnsRequestOptions::default()).first_answer().await
}

async fn texts(dns: &Dns, name: &str, record_type: RecordType) -> Vec<String> {
    let response = ask(dns, name, record_type).await.expect(name);
    response.answers.iter().map(ToString::to_string).collect()
}

async fn code(dns: &Dns, name: &str, record_type: RecordType) -> ResponseCode {
    match ask(dns, name, record_type).await {
        Ok(response) => response.response_code,
        Err(NetError::Dns(DnsError::NoRecordsFound(none))) => {
            assert!(none.soa.is_some(), "an empty answer has an SOA");
            none.response_code
        }
        Err(NetError::Dns(DnsError::ResponseCode(code))) => code,
        Err(error) => panic!("{name}: {error}"),
    }
}

#[tokio::test]
async fn zones_change_while_the_server_runs() {
    let dns = Dns::start().await;
    assert_eq!(code(&dns, "mx.example", RecordType::A).await, ResponseCode::NXDomain);
    dns.address_of("mx.example", Ipv4Addr::new(192, 0, 2, 1));
    assert!(texts(&dns, "MX.example", RecordType::A).await[0].ends_with("192.0.2.1"));
    assert_eq!(code(&dns, "mx.example", RecordType::MX).await, ResponseCode::NoError, "NODATA");
    assert_eq!(code(&dns, "example", RecordType::A).await, ResponseCode::NoError, "an empty non-terminal exists");
    dns.clear("mx.example");
    assert_eq!(code(&dns, "mx.example", RecordType::A).await, ResponseCode::NXDomain);
    assert_eq!(dns.queries_for("mx.example"), 4);
}

#[tokio::test]
async fn wildcards_answer_what_does_not_exist_and_aliases_are_followed() {
    let dns = Dns::start().await;
    dns.txt("*.example", "wild").txt("own.example", "tame").cname("alias.example", "far.test").txt("far.test", "there");
    assert!(texts(&dns, "a.b.example", RecordType::TXT).await[0].contains("wild"));
    assert!(texts(&dns, "own.example", RecordType::TXT).await[0].contains("tame"));
    assert_eq!(code(&dns, "below.own.example", RecordType::TXT).await, ResponseCode::NXDomain);
    let chain = texts(&dns, "alias.example", RecordType::TXT).await;
    assert!(chain[0].contains("CNAME") && chain[1].contains("there"), "{chain:?}");
}

#[tokio::test]
async fn a_name_fails_as_it_is_told_and_heals() {
    let dns = Dns::start().await;
    dns.txt("x.example", "here").fail("x.example", Failing::ServFail);
    assert_eq!(code(&dns, "x.example", RecordType::TXT).await, ResponseCode::ServFail);
    dns.fail("x.example", Failing::Refused);
    assert_eq!(code(&dns, "x.example", RecordType::TXT).await, ResponseCode::Refused);
    dns.heal("x.example");
    assert_eq!(texts(&dns, "x.example", RecordType::TXT).await.len(), 1);
}

#[tokio::test]
async fn what_does_not_fit_a_datagram_comes_by_tcp() {
    let dns = Dns::start().await;
    let string = "x".repeat(255);
    dns.txt_strings("big.example", &[string.as_str(); 20]);
    let response = ask(&dns, "big.example", RecordType::TXT).await.expect("by TCP");
    assert_eq!(response.answers.len(), 1);
    assert_eq!(dns.tcp_queries(), 1);
}
