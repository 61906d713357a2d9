//! The table `quotas`: how much of everything accounts may have, where that is not what AWS allows.

use control_core::quota::{LIMIT_MAX, Limits, Quota, Quotas};
use model::AccountId;

use super::{
    kind::{Parsed, Whole},
    reader::Table,
};

/// Reads the limits of everybody, and those of single accounts, which must be among these.
pub(super) fn read(root: &mut Table<'_>) -> Quotas {
    let known = root.names("accounts", "id");
    let mut quotas = Quotas::default();
    let Some(mut table) = root.table("quotas") else { return quotas };
    for mut account in table.tables("accounts") {
        let id: Option<AccountId> = account.required("id", &Parsed("twelve digits"));
        let limits = read_limits(&mut account);
        if let Some(id) = id {
            if !known.iter().any(|known| known.value == id.as_str()) {
                account.report("id", "no account of this file has this id");
            }
            if quotas.accounts.insert(id, limits).is_some() {
                account.report("id", "another one of these tables is about this account");
            }
        }
        account.finish();
    }
    quotas.common = read_limits(&mut table);
    table.finish();
    quotas
}

fn read_limits(table: &mut Table<'_>) -> Limits {
    let range = Whole { min: 0, max: u32::try_from(LIMIT_MAX).unwrap_or(u32::MAX) };
    let adjustable = Quota::ALL.iter().filter(|quota| quota.is_adjustable());
    let read = |quota: &Quota| Some((*quota, table.optional(quota.name(), &range)?));
    adjustable.filter_map(read).collect()
}
