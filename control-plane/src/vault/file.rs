//! The file that holds the master key: made at the first start with mode 0600, refused if others can read it.

use std::{
    fs::{File, OpenOptions},
    io::{Read, Write},
    os::unix::fs::{MetadataExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use contract::Entropy;
use zeroize::Zeroizing;

/// Why there is no master key.
#[derive(Debug, thiserror::Error)]
pub enum MasterKeyError {
    #[error("{}: cannot be read or made", path.display())]
    Io { path: PathBuf, source: std::io::Error },
    #[error("{}: others than its owner may read it; set its mode to 0600", path.display())]
    Exposed { path: PathBuf },
    #[error("a master key is 64 hex digits")]
    Format,
}

/// Reads the key, or makes it if the file does not exist.
pub fn load_or_make(path: &Path, entropy: &Entropy) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    let failed = |source| MasterKeyError::Io { path: path.to_owned(), source };
    match File::open(path) {
        Ok(mut file) => {
            if file.metadata().map_err(failed)?.mode() & 0o077 != 0 {
                return Err(MasterKeyError::Exposed { path: path.to_owned() });
            }
            let mut text = Zeroizing::new(String::new());
            Read::by_ref(&mut file).take(1_024).read_to_string(&mut text).map_err(failed)?;
            parse(text.trim())
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
            let key = Zeroizing::new(entropy.bytes::<32>());
            make(path, &key).map_err(failed)?;
            Ok(key)
        }
        Err(error) => Err(failed(error)),
    }
}

/// Reads a key given as text (configuration).
pub fn parse(text: &str) -> Result<Zeroizing<[u8; 32]>, MasterKeyError> {
    let digits = text.as_bytes();
    let mut key = Zeroizing::new([0; 32]);
    if digits.len() != 64 {
        return Err(MasterKeyError::Format);
    }
    // `from_str_radix` would take a sign.
    if !digits.iter().all(u8::is_ascii_hexdigit) {
        return Err(MasterKeyError::Format);
    }
    for (byte, pair) in key.iter_mut().zip(digits.chunks_exact(2)) {
        let pair = std::str::from_utf8(pair).map_err(|_| MasterKeyError::Format)?;
        *byte = u8::from_str_radix(pair, 16).map_err(|_| MasterKeyError::Format)?;
    }
    Ok(key)
}

/// Whole on the disk before anything is sealed with it: losing it loses every secret.
fn make(path: &Path, key: &[u8; 32]) -> std::io::Result<()> {
    use std::fmt::Write as _;
    let mut text = Zeroizing::new(String::with_capacity(65));
    for byte in key {
        let _ = write!(text, "{byte:02x}");
    }
    text.push('\n');
    let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()?;
    if let Some(directory) = path.parent() {
        File::open(directory)?.sync_all()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_made_once_and_read_again() {
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        let made = load_or_make(&path, &entropy).unwrap();
        let other = Entropy::new(|bytes| bytes.fill(8));
        assert_eq!(*load_or_make(&path, &other).unwrap(), *made);
        assert_eq!(std::fs::metadata(&path).unwrap().mode() & 0o777, 0o600);
    }

    #[test]
    fn a_key_that_others_can_read_is_refused() {
        use std::os::unix::fs::PermissionsExt;
        let dir = tempfile::tempdir().unwrap();
        let path = dir.path().join("master.key");
        let entropy = Entropy::new(|bytes| bytes.fill(7));
        load_or_make(&path, &entropy).unwrap();
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o640)).unwrap();
        assert!(matches!(load_or_make(&path, &entropy), Err(MasterKeyError::Exposed { .. })));
    }

    #[test]
    fn a_file_that_is_no_key_is_refused() {
        for text in ["", "zz", &"0".repeat(63), &"g".repeat(64), &"+1".repeat(32)] {
            assert!(parse(text).is_err(), "{text}");
        }
    }
}
