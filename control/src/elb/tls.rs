//! Certificates and policies of TLS listeners on ELBv2's wire.

use control_core::command::TlsChange;
use model::AlpnPolicy;

use crate::query::{Fault, Input, fault::quoted};

/// The ALPN policies by their names.
const ALPN_POLICIES: [(&str, AlpnPolicy); 5] = [
    ("HTTP1Only", AlpnPolicy::Http1Only),
    ("HTTP2Only", AlpnPolicy::Http2Only),
    ("HTTP2Optional", AlpnPolicy::Http2Optional),
    ("HTTP2Preferred", AlpnPolicy::Http2Preferred),
    ("None", AlpnPolicy::None),
];

/// Reads `Certificates`, `SslPolicy` and `AlpnPolicy`.
pub(super) fn read(input: &Input<'_>) -> Result<TlsChange, Fault> {
    input.refuse(&["MutualAuthentication"])?;
    Ok(TlsChange {
        certificate: certificate(input)?.map(Into::into),
        ssl_policy: input.text("SslPolicy")?.map(Into::into),
        alpn: alpn(input)?,
    })
}

/// The one certificate that a request may name.
pub(super) fn certificate<'a>(input: &Input<'a>) -> Result<Option<&'a str>, Fault> {
    match &input.structures("Certificates")[..] {
        [] => Ok(None),
        [one] => {
            one.refuse(&["IsDefault"])?;
            one.required_text("CertificateArn").map(Some)
        }
        [_, _, ..] => {
            let message = "At most one certificate may be specified.";
            Err(Fault::new("TooManyCertificates", message))
        }
    }
}

fn alpn(input: &Input<'_>) -> Result<Option<AlpnPolicy>, Fault> {
    let name = match &input.texts("AlpnPolicy")?[..] {
        [] => return Ok(None),
        [name] => *name,
        [_, _, ..] => {
            let message = "At most one ALPN policy may be specified.";
            return Err(Fault::new("ValidationError", message));
        }
    };
    let known = ALPN_POLICIES.iter().find(|(known, _)| *known == name);
    known.map(|(_, policy)| Some(*policy)).ok_or_else(|| {
        Fault::new("ALPNPolicyNotFound", format!("ALPN policy '{}' not found", quoted(name)))
    })
}

/// An ALPN policy as ELBv2 writes it.
pub(super) fn alpn_name(of: AlpnPolicy) -> &'static str {
    ALPN_POLICIES.iter().find(|(_, policy)| *policy == of).map_or("", |(name, _)| name)
}
