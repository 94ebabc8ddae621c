//! What a person has in hand: an authenticator app, and a passkey made of a key pair.

use std::fmt::Write;

use aws_lc_rs::{
    digest::{SHA256, digest},
    hmac,
    rand::SystemRandom,
    signature::{ECDSA_P256_SHA256_ASN1_SIGNING, EcdsaKeyPair, KeyPair},
};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD as BASE64};
use contract::Micros;
use serde_json::{Value, json};

/// The six digits of an authenticator app at this time (RFC 6238).
pub(crate) fn totp(secret: &str, at: Micros) -> String {
    let mut bits = String::new();
    for digit in secret.bytes() {
        let value = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567".iter().position(|known| *known == digit).unwrap();
        write!(bits, "{value:05b}").unwrap();
    }
    let key: Vec<u8> = bits
        .as_bytes()
        .chunks_exact(8)
        .map(|byte| u8::from_str_radix(std::str::from_utf8(byte).unwrap(), 2).unwrap())
        .collect();
    let tag =
        hmac::sign(&hmac::Key::new(hmac::HMAC_SHA1_FOR_LEGACY_USE_ONLY, &key), &(at.as_secs() / 30).to_be_bytes());
    let tag = tag.as_ref();
    let offset = usize::from(tag[19] & 15);
    let number = u32::from_be_bytes(tag[offset..offset + 4].try_into().unwrap()) & 0x7fff_ffff;
    format!("{:06}", number % 1_000_000)
}

/// A security key in software.
pub(crate) struct Passkey {
    key: EcdsaKeyPair,
    id: Vec<u8>,
    user: String,
    counter: u32,
    pub(crate) origin: String,
    /// Whether it asked for a PIN.
    pub(crate) verifies: bool,
}

impl Passkey {
    pub(crate) fn new(id: u8) -> Self {
        let pkcs8 = EcdsaKeyPair::generate_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, &SystemRandom::new()).unwrap();
        let key = EcdsaKeyPair::from_pkcs8(&ECDSA_P256_SHA256_ASN1_SIGNING, pkcs8.as_ref()).unwrap();
        Self {
            key,
            id: vec![id; 32],
            user: String::new(),
            counter: 0,
            origin: "https://localhost:8443".to_owned(),
            verifies: true,
        }
    }

    fn client_data(&self, kind: &str, options: &Value) -> Vec<u8> {
        let challenge = options["publicKey"]["challenge"].as_str().unwrap();
        let data = json!({ "type": kind, "challenge": challenge, "origin": self.origin, "crossOrigin": false });
        data.to_string().into_bytes()
    }

    fn authenticator_data(&self, rp_id: &str, mut flags: u8) -> Vec<u8> {
        if self.verifies {
            flags |= 4;
        }
        let mut data = digest(&SHA256, rp_id.as_bytes()).as_ref().to_vec();
        data.push(flags);
        data.extend(self.counter.to_be_bytes());
        data
    }

    /// `navigator.credentials.create`.
    pub(crate) fn create(&mut self, options: &Value) -> Value {
        options["publicKey"]["user"]["id"].as_str().unwrap().clone_into(&mut self.user);
        let client_data = self.client_data("webauthn.create", options);
        let mut data = self.authenticator_data(options["publicKey"]["rp"]["id"].as_str().unwrap(), 0x41);
        data.extend([0; 16]);
        data.extend(u16::try_from(self.id.len()).unwrap().to_be_bytes());
        data.extend(&self.id);
        // COSE (RFC 9053 §7.1.1): EC2, ES256, P-256, x, y.
        let point = self.key.public_key().as_ref();
        data.extend([0xa5, 1, 2, 3, 0x26, 0x20, 1, 0x21, 0x58, 32]);
        data.extend(&point[1..33]);
        data.extend([0x22, 0x58, 32]);
        data.extend(&point[33..65]);
        let mut object = b"\xa3\x63fmt\x64none\x67attStmt\xa0\x68authData\x58".to_vec();
        object.push(u8::try_from(data.len()).unwrap());
        object.extend(data);
        self.answer(&json!({
            "attestationObject": BASE64.encode(object), "clientDataJSON": BASE64.encode(client_data),
        }))
    }

    /// `navigator.credentials.get`.
    pub(crate) fn get(&mut self, options: &Value) -> Value {
        self.counter += 1;
        self.get_again(options)
    }

    /// As a copy of the key would, which does not know that the counter was moved on.
    pub(crate) fn get_again(&self, options: &Value) -> Value {
        let client_data = self.client_data("webauthn.get", options);
        let data = self.authenticator_data(options["publicKey"]["rpId"].as_str().unwrap(), 1);
        let signed = [data.as_slice(), digest(&SHA256, &client_data).as_ref()].concat();
        let signature = self.key.sign(&SystemRandom::new(), &signed).unwrap();
        self.answer(&json!({
            "authenticatorData": BASE64.encode(data), "clientDataJSON": BASE64.encode(client_data),
            "signature": BASE64.encode(signature), "userHandle": self.user,
        }))
    }

    fn answer(&self, response: &Value) -> Value {
        let id = BASE64.encode(&self.id);
        json!({ "id": id, "rawId": id, "type": "public-key", "response": response, "clientExtensionResults": {} })
    }
}
