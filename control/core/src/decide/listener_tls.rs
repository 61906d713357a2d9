//! How a listener terminates TLS: its certificates and policies.

use std::{collections::BTreeSet, sync::Arc};

use model::{ListenerId, Protocol};

use super::{Decision, Desk, listener::replaced};
use crate::{
    command::TlsChange,
    quota::Quota,
    refusal::{Refusal, Setting},
    resource::{
        Listener, ListenerTls,
        ssl_policy::{self, SslPolicy},
    },
};

/// The TLS settings of a listener with some changed. What other protocols have none of is gone with
/// the protocol (ELBv2 API, `ModifyListener`).
pub(super) fn changed(
    desk: &Desk<'_>,
    protocol: Protocol,
    old: Option<&ListenerTls>,
    change: &TlsChange,
) -> Result<Option<ListenerTls>, Refusal> {
    if protocol != Protocol::Tls {
        return check_absent(change).map(|()| None);
    }
    let old_certificate = || old.map(|old| Arc::clone(&old.default_certificate));
    let default_certificate = change.certificate.clone().or_else(old_certificate);
    let default_certificate = default_certificate.ok_or(Refusal::CertificateMissing)?;
    if change.certificate.is_some() {
        check_known(desk, &default_certificate)?;
    }
    let ssl_policy = match (&change.ssl_policy, old) {
        (Some(name), _) if SslPolicy::named(name).is_none() => {
            return Err(Refusal::SslPolicyNotFound(Arc::clone(name)));
        }
        (Some(name), _) => Arc::clone(name),
        (None, Some(old)) => Arc::clone(&old.ssl_policy),
        (None, None) => ssl_policy::DEFAULT.into(),
    };
    let alpn = change.alpn.or_else(|| old.map(|old| old.alpn)).unwrap_or_default();
    let certificates = old.map_or_else(BTreeSet::new, |old| old.certificates.clone());
    Ok(Some(ListenerTls { default_certificate, certificates, ssl_policy, alpn }))
}

pub(super) fn add(
    desk: &Desk<'_>,
    id: ListenerId,
    certificate: &Arc<str>,
) -> Result<Decision, Refusal> {
    let old = desk.view().listener(id)?;
    check_known(desk, certificate)?;
    let mut tls = tls_of(old)?;
    tls.certificates.insert(Arc::clone(certificate));
    desk.allows(Quota::CertificatesPerListener, tls.certificates.len())?;
    Ok(replaced(desk, old, Listener { tls: Some(tls), ..Listener::clone(old) }))
}

pub(super) fn remove(
    desk: &Desk<'_>,
    id: ListenerId,
    certificate: &Arc<str>,
) -> Result<Decision, Refusal> {
    let old = desk.view().listener(id)?;
    let mut tls = tls_of(old)?;
    if !tls.certificates.remove(certificate) && tls.default_certificate == *certificate {
        return Err(Refusal::CertificateDefault(id));
    }
    Ok(replaced(desk, old, Listener { tls: Some(tls), ..Listener::clone(old) }))
}

fn tls_of(listener: &Listener) -> Result<ListenerTls, Refusal> {
    let with = Setting::Protocol;
    listener.tls.clone().ok_or(Refusal::Conflicting { setting: Setting::Certificates, with })
}

fn check_known(desk: &Desk<'_>, certificate: &Arc<str>) -> Result<(), Refusal> {
    if desk.settings().has_certificate(&desk.caller.account, certificate) {
        Ok(())
    } else {
        Err(Refusal::CertificateNotFound(Arc::clone(certificate)))
    }
}

/// Refuses what only TLS listeners have.
fn check_absent(change: &TlsChange) -> Result<(), Refusal> {
    let named = [
        (change.certificate.is_some(), Setting::Certificates),
        (change.ssl_policy.is_some(), Setting::SslPolicy),
        (change.alpn.is_some(), Setting::AlpnPolicy),
    ];
    match named.into_iter().find(|(is_named, _)| *is_named) {
        Some((_, setting)) => Err(Refusal::Conflicting { setting, with: Setting::Protocol }),
        None => Ok(()),
    }
}
