//! What an object says, and under which key.

use super::*;

/// What a worker of the version before reads must stay as it was, to the octet, where nothing new is used.
#[test]
fn an_object_without_aliases_has_the_bytes_it_had_before() {
    let json = serde_json::to_string(&domain(1)).unwrap();
    let before = r#"{"kind":"domain","id":"ID","name":"d1.example","tenant":"TENANT","state":"active","recipients":"any","policy":{},"hash_key":"AAAAAAAAAAAAAAAAAAAAAA"}"#;
    let before = before.replace("ID", &id::<crate::ids::Domain>(9).to_string());
    let before = before.replace("TENANT", &id::<crate::ids::Tenant>(3).to_string());
    assert_eq!(json, before);
    let tenant = serde_json::to_string(&tenant(1)).unwrap();
    let before = r#"{"kind":"tenant","id":"TENANT","state":"active","policy":{}}"#;
    assert_eq!(tenant, before.replace("TENANT", &id::<crate::ids::Tenant>(1).to_string()));
    let listed = serde_json::to_string(&RecipientRule::Listed { shards: vec![] }).unwrap();
    assert_eq!(listed, r#"{"listed":{"shards":[]}}"#);
}

#[test]
fn an_alias_domain_stands_under_its_name_and_an_alias_shard_under_a_key_of_its_own() {
    let alias = AliasDomain {
        id: id(9),
        name: "second.example".parse().unwrap(),
        tenant: id(3),
        state: DomainState::Active,
        primary: "main.example".parse().unwrap(),
        hop_sees: AliasDomainHop::Primary,
    };
    let object = Object::AliasDomain(alias);
    assert_eq!(object.key().to_string(), "domain/second.example");
    let back: Object = serde_json::from_str(&serde_json::to_string(&object).unwrap()).unwrap();
    assert_eq!(back, object);
    let aliases = Aliases { domain: "main.example".parse().unwrap(), prefix: ShardPrefix::ALL, aliases: vec![] };
    let key = Object::Aliases(aliases).key();
    assert_eq!((key.to_string().as_str(), key.to_string().parse()), ("aliases/main.example/-", Ok(key)));
}
