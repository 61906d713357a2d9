//! From a request of REST and JSON to a form with the same members, named as in JSON, and the
//! operation's name.

use hyper::{Method, StatusCode};
use percent_encoding::{NON_ALPHANUMERIC, percent_decode_str, utf8_percent_encode};
use serde_json::{Map, Value};

use super::action;
use crate::query::Fault;

const SHIFTS: &str = "/zonalshifts";
const RESOURCES: &str = "/managedresources";

/// The operation that a method and a path mean, and the member that is in the path.
pub(crate) fn operation(
    method: &Method,
    path: &str,
) -> Option<(&'static str, Option<(&'static str, String)>)> {
    let below = |of: &str| path.strip_prefix(of).and_then(|rest| rest.strip_prefix('/'));
    let is = |of: &str| path.trim_end_matches('/') == of;
    let decoded = |text: &str| percent_decode_str(text).decode_utf8_lossy().into_owned();
    let shift = below(SHIFTS).filter(|id| !id.is_empty());
    let resource = below(RESOURCES).filter(|id| !id.is_empty());
    match (method.as_str(), shift, resource) {
        ("POST", None, None) if is(SHIFTS) => Some((action::START_ZONAL_SHIFT, None)),
        ("GET", None, None) if is(SHIFTS) => Some((action::LIST_ZONAL_SHIFTS, None)),
        ("GET", None, None) if is(RESOURCES) => Some((action::LIST_MANAGED_RESOURCES, None)),
        ("PATCH", Some(id), None) => {
            Some((action::UPDATE_ZONAL_SHIFT, Some((action::SHIFT, decoded(id)))))
        }
        ("DELETE", Some(id), None) => {
            Some((action::CANCEL_ZONAL_SHIFT, Some((action::SHIFT, decoded(id)))))
        }
        ("GET", None, Some(id)) => {
            Some((action::GET_MANAGED_RESOURCE, Some((action::RESOURCE, decoded(id)))))
        }
        _ => None,
    }
}

/// The form of a request.
pub(crate) fn form(
    method: &Method,
    path: &str,
    query: &str,
    body: &[u8],
) -> Result<Vec<u8>, Fault> {
    let nothing = || {
        let message = "There is no such operation of ARC zonal shift here.";
        Fault::with_status(StatusCode::NOT_FOUND, "ResourceNotFoundException", message)
    };
    let (name, of_path) = operation(method, path).ok_or_else(nothing)?;
    let mut form = format!("Action={name}");
    let mut push = |name: &str, value: &str| {
        for (mark, text) in [('&', name), ('=', value)] {
            form.push(mark);
            form.extend(utf8_percent_encode(text, NON_ALPHANUMERIC));
        }
    };
    if let Some((member, value)) = of_path {
        push(member, &value);
    }
    for (name, value) in members(body)? {
        push(&name, &value);
    }
    if !query.is_empty() {
        form.push('&');
        form.push_str(query);
    }
    Ok(form.into_bytes())
}

/// The members of a body, all of which are texts in this API.
fn members(body: &[u8]) -> Result<Vec<(String, String)>, Fault> {
    if body.is_empty() {
        return Ok(Vec::new());
    }
    let malformed = || Fault::new("ValidationException", "The body is not the JSON of this API.");
    let members: Map<String, Value> = serde_json::from_slice(body).map_err(|_| malformed())?;
    let text = |(name, value)| match value {
        Value::String(text) => Some(Ok((name, text))),
        // What is null is not there.
        Value::Null => None,
        _ => Some(Err(malformed())),
    };
    members.into_iter().filter_map(text).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_become_forms() {
        let form = |method: Method, path: &str, query: &str, body: &str| {
            let form = form(&method, path, query, body.as_bytes());
            form.map(|form| String::from_utf8(form).unwrap()).map_err(|fault| fault.code)
        };
        let body = r#"{"comment":"a & b=c","expiresIn":"1h","awayFrom":null}"#;
        assert_eq!(
            form(Method::POST, "/zonalshifts", "", body).unwrap(),
            "Action=StartZonalShift&comment=a%20%26%20b%3Dc&expiresIn=1h"
        );
        assert_eq!(
            form(Method::GET, "/managedresources/arn%3Aaws%3Ax%2Fy", "", "").unwrap(),
            "Action=GetManagedResource&resourceIdentifier=arn%3Aaws%3Ax%2Fy"
        );
        assert_eq!(
            form(Method::GET, "/zonalshifts", "status=ACTIVE", "").unwrap(),
            "Action=ListZonalShifts&status=ACTIVE"
        );
        let nothing = Err("ResourceNotFoundException");
        for (method, path) in [
            (Method::GET, "/"),
            (Method::PUT, "/zonalshifts/x"),
            (Method::DELETE, "/zonalshifts"),
            (Method::DELETE, "/managedresources/x"),
            (Method::POST, "/practiceruns"),
        ] {
            assert_eq!(form(method, path, "", ""), nothing, "{path}");
        }
        for body in ["[]", "{", r#"{"comment":{}}"#, "1", "\"\""] {
            assert_eq!(form(Method::POST, "/zonalshifts", "", body), Err("ValidationException"));
        }
    }
}
