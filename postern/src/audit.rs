//! `postern audit verify`: follows an export of the audit log, from a file or straight from the API.

use std::{
    fs::File,
    io::{BufRead, BufReader},
    path::{Path, PathBuf},
    process::ExitCode,
};

use clap::{Args, Subcommand};
use control_plane::audit::verify::{Verified, Verifier};

use crate::run::{failed, say};

type Failure = Box<dyn std::error::Error + Send + Sync>;

#[derive(Debug, Subcommand)]
pub enum Audit {
    /// Follows an export (GET /v1/audit:export): chains unbroken, hashes right, signature good. Names the first row that is
    /// wrong, and exits with 1.
    Verify(Verify),
}

#[derive(Debug, Args)]
pub struct Verify {
    /// A file, `-` for the standard input, or the https:// URL of the export.
    #[arg(long, value_name = "FILE|URL")]
    from: String,
    /// SHA-256 of the root key, as an earlier run printed it: another key's signature is refused.
    #[arg(long, value_name = "HEX")]
    root_key: Option<String>,
    /// An export that was kept: all that was in it must still be there.
    #[arg(long, value_name = "FILE")]
    against: Option<PathBuf>,
    /// With a URL: a file with the access token.
    #[arg(long, value_name = "FILE")]
    token_file: Option<PathBuf>,
    /// With a URL: a certificate in PEM to trust, beside those that the machine trusts.
    #[arg(long, value_name = "FILE")]
    ca_file: Option<PathBuf>,
}

pub(crate) fn run(command: &Audit) -> ExitCode {
    let Audit::Verify(verify) = command;
    match verified(verify) {
        Ok(found) => {
            let Verified { statement, root_key, rows, filtered } = found;
            say(&format!("{rows} rows hold; {} in {} chains were signed", statement.rows, statement.chains));
            if filtered {
                say("Rows were left out by filters: that none is missing among the others cannot be told.");
            }
            if verify.root_key.is_none() {
                say(&format!("The root key is {root_key}: compare it, or give it with --root-key the next time."));
            }
            ExitCode::SUCCESS
        }
        Err(error) => failed(&*error, 1),
    }
}

fn verified(verify: &Verify) -> Result<Verified, Failure> {
    let pinned = verify.root_key.as_deref().map(str::parse).transpose()?;
    let mut verifier = Verifier::new(pinned);
    if let Some(against) = &verify.against {
        let lines = BufReader::new(open(against)?).lines().collect::<Result<Vec<_>, _>>()?;
        verifier = verifier.after(lines.iter().map(String::as_str));
    }
    match verify.from.as_str() {
        "-" => follow(verifier, std::io::stdin().lock()),
        url if url.starts_with("https://") => {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
            runtime.block_on(fetch(verifier, url, verify))
        }
        file => follow(verifier, BufReader::new(open(Path::new(file))?)),
    }
}

fn open(path: &Path) -> Result<File, Failure> {
    File::open(path).map_err(|error| format!("{}: {error}", path.display()).into())
}

fn follow(mut verifier: Verifier, lines: impl BufRead) -> Result<Verified, Failure> {
    for line in lines.lines() {
        verifier.line(&line?)?;
    }
    Ok(verifier.finish()?)
}

async fn fetch(mut verifier: Verifier, url: &str, verify: &Verify) -> Result<Verified, Failure> {
    let mut client = reqwest::Client::builder().redirect(reqwest::redirect::Policy::none());
    if let Some(path) = &verify.ca_file {
        client = client.tls_certs_merge([reqwest::Certificate::from_pem(&std::fs::read(path)?)?]);
    }
    let mut request = client.build()?.get(url);
    if let Some(path) = &verify.token_file {
        request = request.bearer_auth(std::fs::read_to_string(path)?.trim());
    }
    let mut response = request.send().await?;
    if response.status() != reqwest::StatusCode::OK {
        return Err(format!("{url} answers {}", response.status()).into());
    }
    let mut waiting = Vec::new();
    while let Some(chunk) = response.chunk().await? {
        waiting.extend_from_slice(&chunk);
        let Some(end) = waiting.iter().rposition(|octet| *octet == b'\n') else { continue };
        let rest = waiting.split_off(end + 1);
        for line in std::str::from_utf8(&waiting)?.lines() {
            verifier.line(line)?;
        }
        waiting = rest;
    }
    if !waiting.is_empty() {
        verifier.line(std::str::from_utf8(&waiting)?)?;
    }
    Ok(verifier.finish()?)
}
