//! Looking for the TXT record that proves a domain.

use dns::{Proof, prove};

use crate::upstream::Upstream;

#[tokio::test(flavor = "multi_thread")]
async fn a_domain_is_proven_by_the_record_below_it_or_at_it() {
    let upstream = Upstream::start().await;
    // What the upstream says is in the first label: a text of two strings, the same in capitals, an
    // alias to the text, no such name, no data, a failure.
    for (record, domain, expected) in [
        ("text.absent.test", "absent.test", Proof::Found),
        ("alias.absent.test", "absent.test", Proof::Found),
        ("absent.text.test", "text.test", Proof::Found),
        ("nodata.text.test", "text.test", Proof::Found),
        ("capitals.absent.test", "absent.test", Proof::Different),
        ("absent.capitals.test", "capitals.test", Proof::Different),
        ("absent.nodata.test", "nodata.test", Proof::Missing),
        ("broken.text.test", "text.test", Proof::Found),
        ("broken.absent.test", "absent.test", Proof::Unanswered),
        ("capitals.broken.test", "broken.test", Proof::Unanswered),
    ] {
        let (record, domain) = (record.parse().unwrap(), domain.parse().unwrap());
        let proof = prove(&[upstream.addr], &record, &domain, "vpce:abc").await;
        assert_eq!(proof, expected, "{record} {domain}");
    }
    let name = "x.test".parse().unwrap();
    assert_eq!(prove(&[], &name, &name, "vpce:abc").await, Proof::Unanswered);
}
