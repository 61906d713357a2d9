//! Signing keys derived from secrets, kept for the day that they are good for.

use std::{
    collections::HashMap,
    fmt,
    sync::{Mutex, PoisonError},
};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};

use super::{Claim, Scope};

/// Room for this many (key, day, Region, service): with three services and two days around
/// midnight, some 170 access keys in steady use. When it is full, it is emptied: deriving costs
/// microseconds.
const KEPT_MAX: usize = 1024;

/// The derived keys. Only scopes that passed the check of key, Region and day come here, so that
/// strangers cannot fill it.
#[derive(Default)]
pub(super) struct SigningKeys {
    kept: Mutex<HashMap<Scope, [u8; 32]>>,
}

impl fmt::Debug for SigningKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SigningKeys(..)")
    }
}

impl SigningKeys {
    /// The signature that the claim should carry.
    pub(super) fn signature(
        &self,
        scope: &Scope,
        secret: &str,
        claim: &Claim,
        canonical: &[u8],
    ) -> [u8; 32] {
        let text = format!(
            "AWS4-HMAC-SHA256\n{}\n{}/{}/{}/aws4_request\n{}",
            claim.amz_date(),
            scope.date,
            scope.region,
            scope.service,
            hex::encode(Sha256::digest(canonical)),
        );
        hmac(&self.key(scope, secret), text.as_bytes())
    }

    fn key(&self, scope: &Scope, secret: &str) -> [u8; 32] {
        // A poisoned lock leaves at worst a map that lacks an entry.
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(key) = kept.get(scope) {
            return *key;
        }
        if kept.len() >= KEPT_MAX {
            kept.clear();
        }
        let key = derive(scope, secret);
        kept.insert(scope.clone(), key);
        key
    }
}

fn derive(scope: &Scope, secret: &str) -> [u8; 32] {
    let start = hmac(format!("AWS4{secret}").as_bytes(), scope.date.as_bytes());
    [scope.region.as_str(), scope.service.as_str(), "aws4_request"]
        .iter()
        .fold(start, |key, part| hmac(&key, part.as_bytes()))
}

/// HMAC-SHA256.
fn hmac(key: &[u8], text: &[u8]) -> [u8; 32] {
    let mut mac =
        Hmac::<Sha256>::new_from_slice(key).expect("HMAC takes keys of every length (RFC 2104)");
    mac.update(text);
    mac.finalize().into_bytes().into()
}
