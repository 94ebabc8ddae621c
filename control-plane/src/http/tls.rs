//! The listener's certificate: files that are given, or a self-signed one that is made once and kept.

use std::{
    fs::{File, OpenOptions},
    io::Write,
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    sync::Arc,
};

use contract::snapshot::hash::Hash;
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, pem::PemObject},
};
use serde::Deserialize;

/// The control plane serves HTTPS itself.
#[derive(Debug, Clone, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Config {
    /// PEM file with the certificate and its chain. Without it one is made, self-signed.
    pub certificate: Option<PathBuf>,
    /// PEM file with the private key.
    pub key: Option<PathBuf>,
}

/// Why there is no TLS.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    #[error("tls: certificate and key are given together or not at all")]
    Half,
    #[error("{}: cannot be read or written", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: not PEM", path.display())]
    Pem { path: PathBuf, source: rustls::pki_types::pem::Error },
    #[error("a certificate cannot be made")]
    Make(#[from] rcgen::Error),
    #[error("certificate and key cannot be used")]
    Rustls(#[from] rustls::Error),
    #[error("{}: not a certificate", path.display())]
    Certificate { path: PathBuf },
}

/// A server's identity, ready for use.
#[derive(Debug, Clone)]
pub struct Identity {
    pub server: Arc<ServerConfig>,
    /// SHA-256 of the `SubjectPublicKeyInfo`. A join token carries it unless a public CA vouches for the certificate.
    pub spki_sha256: Hash,
    /// Made here: nobody but a pin can vouch for it.
    pub self_signed: bool,
}

/// Reads what is configured, or what was made in `data_dir` before, or makes it for `host`.
pub fn load_or_make(config: &Config, data_dir: &Path, host: &str) -> Result<Identity, Error> {
    let (certificate, key, self_signed) = match (&config.certificate, &config.key) {
        (Some(certificate), Some(key)) => (certificate.clone(), key.clone(), false),
        (None, None) => {
            let (certificate, key) = (data_dir.join("tls.crt"), data_dir.join("tls.key"));
            if !certificate.exists() || !key.exists() {
                make(&certificate, &key, host)?;
            }
            (certificate, key, true)
        }
        (Some(_), None) | (None, Some(_)) => return Err(Error::Half),
    };
    let pem = |path: &Path| {
        let path = path.to_owned();
        move |source| Error::Pem { path: path.clone(), source }
    };
    let chain = CertificateDer::pem_file_iter(&certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(&certificate))?;
    let private = PrivateKeyDer::from_pem_file(&key).map_err(pem(&key))?;
    let spki_sha256 = chain.first().and_then(spki).ok_or(Error::Certificate { path: certificate })?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut server = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(chain, private)?;
    server.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    Ok(Identity { server: Arc::new(server), spki_sha256, self_signed })
}

fn spki(certificate: &CertificateDer<'_>) -> Option<Hash> {
    let (_, parsed) = x509_parser::parse_x509_certificate(certificate).ok()?;
    Some(Hash::of(parsed.public_key().raw))
}

fn make(certificate: &Path, key: &Path, host: &str) -> Result<(), Error> {
    let mut names = vec!["localhost".to_owned(), "127.0.0.1".to_owned(), "::1".to_owned()];
    let host = host.trim_matches(['[', ']']).to_owned();
    if !names.contains(&host) {
        names.insert(0, host);
    }
    let pair = rcgen::KeyPair::generate()?;
    let mut params = rcgen::CertificateParams::new(names)?;
    params.distinguished_name.push(rcgen::DnType::CommonName, "Postern control plane");
    // Pinned, not trusted by date: a renewal would break every join token that carries the key's hash.
    params.not_after = rcgen::date_time_ymd(2125, 1, 1);
    let signed = params.self_signed(&pair)?;
    write(key, pair.serialize_pem().as_bytes(), 0o600)?;
    write(certificate, signed.pem().as_bytes(), 0o644)
}

fn write(path: &Path, bytes: &[u8], mode: u32) -> Result<(), Error> {
    let failed = |source| Error::Io { path: path.to_owned(), source };
    // Half a pair may lie there from a start that was cut off.
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(failed(error)),
        _ => {}
    }
    let mut file: File = OpenOptions::new().write(true).create_new(true).mode(mode).open(path).map_err(failed)?;
    file.write_all(bytes).and_then(|()| file.sync_all()).map_err(failed)
}
