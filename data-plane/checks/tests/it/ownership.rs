//! Proof of a domain: only a record that its holder alone could have set.

use checks::{
    dns::Failure,
    ownership::{Missing, Ownership, ownership, record_name},
};
use pretend::dns::Failing;

use crate::{World, domain};

const VALUE: &str = "postern-domain=3vQ8w1";

async fn look(world: &World) -> Ownership {
    ownership(&world.dns, &domain("acme.example"), VALUE, "x9k2").await
}

#[tokio::test]
async fn the_record_itself_is_a_proof_as_soon_as_it_stands() {
    let world = World::new().await;
    assert_eq!(record_name(&domain("acme.example")), "_postern.acme.example");
    assert_eq!(look(&world).await, Ownership::NotProven(Missing::Record));
    world.server.txt("_postern.acme.example", "something else");
    assert_eq!(look(&world).await, Ownership::NotProven(Missing::Value), "no old answer is believed");
    world.server.txt("_postern.acme.example", VALUE);
    assert_eq!(look(&world).await, Ownership::Proven);
    world.server.clear("_postern.acme.example");
    assert_eq!(look(&world).await, Ownership::NotProven(Missing::Record), "and none that it is still there");
}

#[tokio::test]
async fn the_value_counts_whole_and_as_it_is() {
    let world = World::new().await;
    for wrong in [&VALUE[1..], "postern-domain=3vq8w1", " postern-domain=3vQ8w1", "postern-domain=3vQ8w1x"] {
        world.server.clear("_postern.acme.example").txt("_postern.acme.example", wrong);
        assert_eq!(look(&world).await, Ownership::NotProven(Missing::Value), "{wrong}");
    }
    let (one, two) = VALUE.split_at(7);
    world.server.clear("_postern.acme.example").txt_strings("_postern.acme.example", &[one, two]);
    assert_eq!(look(&world).await, Ownership::Proven);
}

#[tokio::test]
async fn a_wildcard_that_answers_a_sibling_too_is_no_proof() {
    for wildcard in ["*.acme.example", "*.example"] {
        let world = World::new().await;
        world.server.txt(wildcard, VALUE);
        assert_eq!(look(&world).await, Ownership::NotProven(Missing::Own), "{wildcard}");
    }
    let world = World::new().await;
    world.server.cname("*.acme.example", "elsewhere.test").txt("elsewhere.test", VALUE);
    assert_eq!(look(&world).await, Ownership::NotProven(Missing::Own), "by an alias");
    // A wildcard with another value takes nothing from a record of its own.
    let world = World::new().await;
    world.server.txt("*.acme.example", "v=spf1 -all").txt("_postern.acme.example", VALUE);
    assert_eq!(look(&world).await, Ownership::Proven);
}

#[tokio::test]
async fn who_could_not_be_asked_has_proven_and_disproven_nothing() {
    let world = World::new().await;
    world.server.txt("_postern.acme.example", VALUE).fail("_postern.acme.example", Failing::ServFail);
    assert_eq!(look(&world).await, Ownership::Unknown(Failure::ServerError(2)));
    world.server.heal("_postern.acme.example").fail("_postern-x9k2.acme.example", Failing::ServFail);
    assert_eq!(look(&world).await, Ownership::Unknown(Failure::ServerError(2)), "the sibling was not seen");
}
