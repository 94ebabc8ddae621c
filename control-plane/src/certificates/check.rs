//! What is wrong with an uploaded chain and key. Nothing of a key is ever said again: not in an error, not in a log.

use contract::{Micros, mail::Domain, snapshot::hash::Hash};
use rustls::{
    crypto::aws_lc_rs::sign::any_supported_type,
    pki_types::{
        CertificateDer, PrivateKeyDer,
        pem::{PemObject, SectionKind},
    },
    sign::CertifiedKey,
};
use x509_parser::{certificate::X509Certificate, error::X509Error, extensions::GeneralName, public_key::PublicKey};
use zeroize::Zeroizing;

use super::Facts;
use crate::{hex, http::FieldError};

const CHAIN: &str = "/chain";
const KEY: &str = "/key";
/// Octets of PEM.
const MOST_CHAIN: usize = 64 * 1024;
const MOST_KEY: usize = 16 * 1024;
const MOST_CERTIFICATES: usize = 10;
/// As many as public authorities sign, and some more.
const MOST_NAMES: usize = 200;
/// Characters of a name for people.
const TEXT: usize = 500;
/// NIST SP 800-57: what is smaller is broken, or will be.
const LEAST_RSA_BITS: usize = 2_048;

/// SHA-1 (RFC 9155): signatures that prove nothing.
const SHA1: [&str; 2] = ["1.2.840.113549.1.1.5", "1.2.840.10045.4.1"];

/// What passed.
pub(super) struct Good {
    /// PEM, written anew: nothing but certificates is in it.
    pub chain: String,
    /// DER.
    pub key: Zeroizing<Vec<u8>>,
    pub facts: Facts,
}

/// A key as it was given, in either form.
pub(super) enum Given<'a> {
    Pem(&'a str),
    /// The one that is kept.
    Der(&'a [u8]),
}

fn error(pointer: &str, code: &str, message: &str) -> FieldError {
    FieldError::new(pointer, code, message)
}

/// Chain and key, or all that is wrong with them.
pub(super) fn check(chain: &str, key: &Given<'_>, now: Micros) -> Result<Good, Vec<FieldError>> {
    let ders = read_chain(chain);
    let key = match key {
        Given::Pem(pem) => read_key(pem),
        Given::Der(der) => Ok(Zeroizing::new(der.to_vec())),
    };
    let (ders, key) = match (ders, key) {
        (Ok(ders), Ok(key)) => (ders, key),
        (ders, key) => return Err(ders.err().into_iter().chain(key.err()).collect()),
    };
    let parsed = parse_all(&ders).map_err(|error| vec![error])?;
    let Some(leaf) = parsed.first() else { return Err(vec![no_certificate()]) };
    let mut errors = Vec::new();
    let key_type = key_type(leaf).map_err(|error| errors.push(error)).unwrap_or_default();
    if errors.is_empty() {
        errors.extend(fit(&ders, &key).err());
    }
    errors.extend(linked(&parsed).err());
    errors.extend(dated(&parsed, now).err());
    let names = names(leaf).map_err(|error| errors.push(error)).unwrap_or_default();
    if !errors.is_empty() {
        return Err(errors);
    }
    let tidy = |text: String| text.chars().filter(|c| !c.is_control()).take(TEXT).collect::<String>();
    let micros = |time: x509_parser::time::ASN1Time| Micros::from_secs(time.timestamp());
    let facts = Facts {
        names,
        subject: tidy(leaf.subject().to_string()),
        issuer: tidy(leaf.issuer().to_string()),
        serial_number: hex::digits(leaf.raw_serial()).chars().take(TEXT).collect(),
        key_type,
        fingerprint_sha256: ders.first().map(|der| Hash::of(der).to_string()).unwrap_or_default(),
        spki_sha256: Hash::of(leaf.public_key().raw).to_string(),
        not_before: micros(leaf.validity().not_before),
        not_after: micros(leaf.validity().not_after),
    };
    let chain = ders.iter().map(|der| pem("CERTIFICATE", der)).collect();
    Ok(Good { chain, key, facts })
}

fn no_certificate() -> FieldError {
    error(CHAIN, "no_certificate", "expected certificates in PEM, the leaf first")
}

fn read_chain(text: &str) -> Result<Vec<CertificateDer<'static>>, FieldError> {
    if text.len() > MOST_CHAIN {
        return Err(error(CHAIN, "too_large", &format!("expected at most {MOST_CHAIN} bytes")));
    }
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let sections = sections.map_err(|_| error(CHAIN, "not_pem", "the PEM is damaged"))?;
    // Whoever puts a key here must not find it in what everybody may read.
    if sections.iter().any(|(kind, _)| *kind != SectionKind::Certificate) {
        return Err(error(CHAIN, "not_a_certificate", "expected certificates and nothing else"));
    }
    match sections.len() {
        0 => Err(no_certificate()),
        1..=MOST_CERTIFICATES => Ok(sections.into_iter().map(|(_, der)| CertificateDer::from(der)).collect()),
        _ => Err(error(CHAIN, "too_large", &format!("expected at most {MOST_CERTIFICATES} certificates"))),
    }
}

fn read_key(text: &str) -> Result<Zeroizing<Vec<u8>>, FieldError> {
    if text.len() > MOST_KEY {
        return Err(error(KEY, "too_large", &format!("expected at most {MOST_KEY} bytes")));
    }
    // RFC 5958 has a label of its own for it, OpenSSL's old form a header (RFC 1421).
    if text.contains("BEGIN ENCRYPTED PRIVATE KEY") || text.contains("Proc-Type: 4,ENCRYPTED") {
        return Err(error(KEY, "key_encrypted", "expected a key without a passphrase"));
    }
    let sections = <(SectionKind, Vec<u8>)>::pem_slice_iter(text.as_bytes()).collect::<Result<Vec<_>, _>>();
    let sections = sections.map_err(|_| error(KEY, "not_pem", "the PEM is damaged"))?;
    let is_key = |kind: &SectionKind| {
        matches!(kind, SectionKind::PrivateKey | SectionKind::RsaPrivateKey | SectionKind::EcPrivateKey)
    };
    let mut keys = sections.into_iter().filter(|(kind, _)| is_key(kind)).map(|(_, der)| Zeroizing::new(der));
    match (keys.next(), keys.next()) {
        (Some(key), None) => Ok(key),
        (None, _) => Err(error(KEY, "no_key", "expected a private key in PEM")),
        (Some(_), Some(_)) => Err(error(KEY, "several_keys", "expected one private key")),
    }
}

fn parse_all<'a>(ders: &'a [CertificateDer<'_>]) -> Result<Vec<X509Certificate<'a>>, FieldError> {
    let parse = |der: &'a CertificateDer<'_>| match x509_parser::parse_x509_certificate(der) {
        Ok(([], parsed)) => Ok(parsed),
        _ => Err(error(CHAIN, "not_a_certificate", "a certificate cannot be read (RFC 5280)")),
    };
    ders.iter().map(parse).collect()
}

/// The leaf's kind of key, if workers can sign with it and it is long enough.
fn key_type(leaf: &X509Certificate<'_>) -> Result<String, FieldError> {
    let unknown =
        || error(CHAIN, "unsupported_algorithm", "expected a key of RSA, ECDSA (P-256, P-384, P-521) or Ed25519");
    let spki = leaf.public_key();
    match spki.parsed() {
        Ok(PublicKey::RSA(rsa)) => {
            let octets = rsa.modulus.iter().skip_while(|octet| **octet == 0).count();
            match octets * 8 {
                bits if bits < LEAST_RSA_BITS => Err(error(
                    CHAIN,
                    "key_too_small",
                    &format!("expected an RSA key of {LEAST_RSA_BITS} bits at least"),
                )),
                bits => Ok(format!("rsa-{bits}")),
            }
        }
        Ok(PublicKey::EC(_)) => {
            let curve = spki.algorithm.parameters.as_ref().and_then(|curve| curve.as_oid().ok());
            match curve.map(|curve| curve.to_id_string()).as_deref() {
                Some("1.2.840.10045.3.1.7") => Ok("ecdsa-p256".to_owned()),
                Some("1.3.132.0.34") => Ok("ecdsa-p384".to_owned()),
                Some("1.3.132.0.35") => Ok("ecdsa-p521".to_owned()),
                _ => Err(unknown()),
            }
        }
        // RFC 8410 §3
        _ if spki.algorithm.algorithm.to_id_string() == "1.3.101.112" => Ok("ed25519".to_owned()),
        _ => Err(unknown()),
    }
}

/// Is the key the leaf's?
fn fit(ders: &[CertificateDer<'static>], key: &[u8]) -> Result<(), FieldError> {
    let unreadable =
        || error(KEY, "unsupported_algorithm", "the key cannot be read, or is of a kind that is not taken");
    let key = PrivateKeyDer::try_from(key).map_err(|_| unreadable())?;
    let signer = any_supported_type(&key).map_err(|_| unreadable())?;
    let of = |der: &CertificateDer<'static>| CertifiedKey::new(vec![der.clone()], signer.clone()).keys_match();
    let Some((leaf, others)) = ders.split_first() else { return Err(no_certificate()) };
    match of(leaf) {
        Ok(()) => Ok(()),
        Err(_) if others.iter().any(|other| of(other).is_ok()) => {
            Err(error(CHAIN, "chain_order", "the certificate that the key belongs to must come first"))
        }
        Err(rustls::Error::InconsistentKeys(_)) => {
            Err(error(KEY, "key_mismatch", "the key does not belong to the first certificate"))
        }
        Err(_) => Err(error(CHAIN, "not_a_certificate", "the first certificate is none that TLS can use")),
    }
}

/// Is each certificate signed by the next?
fn linked(chain: &[X509Certificate<'_>]) -> Result<(), FieldError> {
    let broken = |message: &str| error(CHAIN, "chain_broken", message);
    for (below, above) in chain.iter().zip(chain.iter().skip(1)) {
        if below.issuer().as_raw() != above.subject().as_raw() {
            let is_there = chain.iter().any(|other| other.subject().as_raw() == below.issuer().as_raw());
            return Err(if is_there && below.issuer().as_raw() != below.subject().as_raw() {
                error(CHAIN, "chain_order", "each certificate must be followed by its issuer's")
            } else {
                broken("a certificate is followed by one that is not its issuer's")
            });
        }
        if !above.is_ca() {
            return Err(broken("an issuer's certificate is not that of an authority"));
        }
        if SHA1.contains(&below.signature_algorithm.algorithm.to_id_string().as_str()) {
            return Err(error(CHAIN, "unsupported_algorithm", "a certificate is signed with SHA-1"));
        }
        match below.verify_signature(Some(above.public_key())) {
            Ok(()) => {}
            Err(X509Error::SignatureUnsupportedAlgorithm) => {
                return Err(error(CHAIN, "unsupported_algorithm", "a signature's algorithm is not known here"));
            }
            Err(_) => return Err(broken("a certificate is not signed by the one behind it")),
        }
    }
    Ok(())
}

fn dated(chain: &[X509Certificate<'_>], now: Micros) -> Result<(), FieldError> {
    for certificate in chain {
        let validity = certificate.validity();
        if validity.not_after.timestamp() <= now.as_secs() {
            return Err(error(CHAIN, "expired", "a certificate has expired"));
        }
        if validity.not_before.timestamp() > now.as_secs() {
            return Err(error(CHAIN, "not_yet_valid", "a certificate is not valid yet"));
        }
    }
    Ok(())
}

/// DNS names of the leaf (RFC 6125 §6.4: the common name is none), each once and in order.
fn names(leaf: &X509Certificate<'_>) -> Result<Vec<String>, FieldError> {
    let unreadable = || error(CHAIN, "not_a_certificate", "the leaf's names cannot be read");
    let extension = leaf.subject_alternative_name().map_err(|_| unreadable())?;
    let mut names = Vec::new();
    for name in extension.iter().flat_map(|extension| &extension.value.general_names) {
        let GeneralName::DNSName(name) = name else { continue };
        let base = name.strip_prefix("*.").unwrap_or(name);
        let domain: Domain = base.parse().map_err(|_| {
            error(CHAIN, "bad_name", "the leaf bears a DNS name that is none, or a wildcard that is not a whole label")
        })?;
        let wildcard = if base.len() == name.len() { "" } else { "*." };
        names.push(format!("{wildcard}{domain}"));
    }
    names.sort();
    names.dedup();
    if names.len() > MOST_NAMES {
        return Err(error(CHAIN, "too_many_names", &format!("expected at most {MOST_NAMES} names")));
    }
    Ok(names)
}

/// RFC 7468
fn pem(label: &str, der: &[u8]) -> String {
    use base64::{Engine, engine::general_purpose::STANDARD};
    let text = STANDARD.encode(der);
    let mut pem = format!("-----BEGIN {label}-----\n");
    let mut rest = text.as_str();
    while !rest.is_empty() {
        let (line, more) = rest.split_at(rest.len().min(64));
        pem.push_str(line);
        pem.push('\n');
        rest = more;
    }
    pem + &format!("-----END {label}-----\n")
}
