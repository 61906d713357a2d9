//! Requests of services that are spoken to with methods and paths.

use std::collections::BTreeMap;

use super::{Unsigned, form_request};

/// The request of an operation of ARC zonal shift, whose members are written as in a form.
pub(super) fn request(form: &str) -> Unsigned {
    let members: Vec<_> = form.split('&').filter_map(|pair| pair.split_once('=')).collect();
    let member = |name: &str| members.iter().find(|(known, _)| *known == name).map(|it| it.1);
    let id = |name: &str| member(name).unwrap().replace(':', "%3A").replace('/', "%2F");
    let without = |of_path: &str| {
        let rest = members.iter().filter(|(name, _)| *name != "Action" && *name != of_path);
        rest.map(|(name, value)| (*name, *value)).collect::<BTreeMap<_, _>>()
    };
    let query = |members: BTreeMap<&str, &str>| {
        let pairs = members.iter().map(|(name, value)| {
            format!("{name}={}", value.replace(':', "%3A").replace('/', "%2F"))
        });
        pairs.collect::<Vec<_>>().join("&")
    };
    let json = |members: BTreeMap<&str, &str>| serde_json::to_vec(&members).unwrap();
    let (method, target, body) = match member("Action").unwrap() {
        "StartZonalShift" => ("POST", "/zonalshifts".to_owned(), json(without(""))),
        "ListZonalShifts" => ("GET", format!("/zonalshifts?{}", query(without(""))), Vec::new()),
        "ListManagedResources" => {
            ("GET", format!("/managedresources?{}", query(without(""))), Vec::new())
        }
        "GetManagedResource" => {
            ("GET", format!("/managedresources/{}", id("resourceIdentifier")), Vec::new())
        }
        "UpdateZonalShift" => {
            ("PATCH", format!("/zonalshifts/{}", id("zonalShiftId")), json(without("zonalShiftId")))
        }
        _ => ("DELETE", format!("/zonalshifts/{}", id("zonalShiftId")), Vec::new()),
    };
    Unsigned { method, target, kind: "application/json", body, ..form_request("") }
}
