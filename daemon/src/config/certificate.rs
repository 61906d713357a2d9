//! The list `certificate`: what TLS listeners may present, by the ARN that callers of the API name.

use std::{collections::BTreeSet, path::Path, str::FromStr, sync::Arc};

use model::AccountId;

use super::{
    api::{self, Tls},
    kind::{Parsed, Switch},
    reader::Table,
};

/// A certificate of TLS listeners.
#[derive(Clone, Debug)]
pub(crate) struct ListenerCertificate {
    /// As callers of the API name it.
    pub(crate) arn: Arc<str>,
    /// Who alone may use it; none is everybody.
    pub(crate) account: Option<AccountId>,
    /// Its files, and what was in them.
    pub(crate) tls: Tls,
}

/// `arn:aws:acm:us-east-1:111111111111:certificate/...`: the parts that matter here.
struct CertificateArn {
    whole: Arc<str>,
    account: AccountId,
}

impl FromStr for CertificateArn {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let parts: Vec<_> = text.splitn(6, ':').collect();
        let [arn, partition, service, _, account, resource] = parts[..] else { return Err(()) };
        let is_known = match service {
            "acm" => resource.starts_with("certificate/"),
            "iam" => resource.starts_with("server-certificate/"),
            _ => false,
        };
        if arn != "arn" || partition.is_empty() || !is_known || resource.ends_with('/') {
            return Err(());
        }
        let account = account.parse().map_err(drop)?;
        Ok(Self { whole: text.into(), account })
    }
}

/// Reads the list, if there is one.
pub(super) fn read(root: &mut Table<'_>, folder: &Path) -> Vec<ListenerCertificate> {
    const ARN: Parsed = Parsed(
        "the ARN of a certificate such as \"arn:aws:acm:us-east-1:111111111111:certificate/a\"",
    );
    let (mut arns, mut certificates) = (BTreeSet::new(), Vec::new());
    for mut table in root.tables("certificate") {
        let arn: Option<CertificateArn> = table.required("arn", &ARN);
        if arn.as_ref().is_some_and(|arn| !arns.insert(Arc::clone(&arn.whole))) {
            table.report("arn", "another certificate has this ARN");
        }
        let is_shared = table.optional("shared", &Switch).unwrap_or(false);
        let tls = api::pair(&mut table, folder);
        table.finish();
        let whole = arn.zip(tls).map(|(CertificateArn { whole, account }, tls)| {
            ListenerCertificate { arn: whole, account: (!is_shared).then_some(account), tls }
        });
        certificates.extend(whole);
    }
    certificates
}
