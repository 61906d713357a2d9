//! The certificates of a TLS listener, and whether the data plane has them.

use std::{collections::BTreeSet, sync::Arc};

use model::{Listener, Protocol};

use super::{Found, Step, Stop};
use crate::reason::Refusal;

/// One certificate of a listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CertificateFacts {
    /// As the listener names it.
    pub arn: Arc<str>,
    /// Whether it is for clients that name no host, or nobody's.
    pub is_default: bool,
    /// Whether it was read from its files.
    pub is_loaded: bool,
}

/// What a TLS listener may present; nothing for others.
pub(super) fn certificates(listener: &Listener, loaded: &BTreeSet<Arc<str>>) -> Option<Step> {
    if listener.protocol != Protocol::Tls {
        return None;
    }
    let facts = |arn: &Arc<str>, is_default| {
        let is_loaded = loaded.contains(arn);
        CertificateFacts { arn: Arc::clone(arn), is_default, is_loaded }
    };
    let mut found = Vec::new();
    if let Some(tls) = &listener.tls {
        found.push(facts(&tls.default_certificate, true));
        let more = tls.certificates.iter().filter(|arn| **arn != tls.default_certificate);
        found.extend(more.map(|arn| facts(arn, false)));
    }
    let is_lost = !found.iter().any(|it| it.is_loaded);
    let stop = is_lost.then_some(Stop::Refused(Refusal::NoCertificate));
    Some(Step { found: Found::Certificates(found), stop })
}

#[cfg(test)]
mod tests {
    use std::num::NonZeroU16;

    use model::{AlpnPolicy, ListenerId, TargetGroupId, TlsTermination};

    use super::*;

    #[test]
    fn a_listener_without_a_loaded_certificate_lets_nobody_in() {
        let port = NonZeroU16::new(443).unwrap();
        let mut listener =
            Listener::new(ListenerId::from_bits(1), port, TargetGroupId::from_bits(1));
        let loaded = |arns: &[&str]| arns.iter().map(|arn| Arc::from(*arn)).collect();
        assert_eq!(certificates(&listener, &loaded(&["a"])), None);
        listener.protocol = Protocol::Tls;
        listener.tls = Some(Arc::new(TlsTermination {
            default_certificate: "a".into(),
            certificates: loaded(&["a", "b"]),
            is_tls12_allowed: true,
            alpn: AlpnPolicy::None,
        }));
        for (arns, expected, lets_in) in [
            (&["a", "c"][..], [true, false], true),
            (&["b"], [false, true], true),
            (&["c"], [false, false], false),
        ] {
            let step = certificates(&listener, &loaded(arns)).unwrap();
            let Found::Certificates(found) = step.found else { panic!("certificates") };
            let told = found.iter().map(|it| (&*it.arn, it.is_default, it.is_loaded));
            let expected = [("a", true, expected[0]), ("b", false, expected[1])];
            assert!(told.eq(expected), "{found:?}");
            assert_eq!(step.stop.is_none(), lets_in);
        }
    }
}
