//! The id of the hosted zone that holds a Region's endpoint names. Clients put it into alias
//! records; there is no Route 53 here, so it only has to be the one of the Region and never change.

use model::{RegionName, VpcEndpointId};
use sha2::{Digest, Sha256};

/// The ids that the user guide's examples show.
const KNOWN: [(&str, &str); 2] = [("us-east-1", "Z7HUB22UULQXV"), ("us-east-2", "ZC8PG0KIFKBRI")];

const LETTERS: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

/// The id for a Region: the published one, or thirteen characters made of the Region's name.
pub(super) fn id(region: &RegionName) -> String {
    match KNOWN.iter().find(|(known, _)| *known == region.as_str()) {
        Some((_, id)) => (*id).to_owned(),
        None => made_of(region.as_str(), 13),
    }
}

/// The id of the hidden zone that holds an endpoint's private DNS name in its VPC.
pub(super) fn private_id(endpoint: VpcEndpointId) -> String {
    made_of(&endpoint.to_string(), 20)
}

/// So many characters, always the same for the same text.
fn made_of(text: &str, length: usize) -> String {
    let digest = Sha256::digest(text.as_bytes());
    let letters = digest.iter().map(|b| char::from(LETTERS[usize::from(b % 32)]));
    std::iter::once('Z').chain(letters).take(length).collect()
}
#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn regions_keep_their_hosted_zone() {
        assert_eq!(id(&"us-east-1".parse().unwrap()), "Z7HUB22UULQXV");
        let other = id(&"eu-central-1".parse().unwrap());
        assert_eq!(other.len(), 13);
        assert!(other.starts_with('Z'));
        assert_eq!(other, id(&"eu-central-1".parse().unwrap()));
    }
}
