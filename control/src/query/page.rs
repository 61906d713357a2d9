//! Pages of Describe operations.
//!
//! A token names the last item of its page, not a position: items that come or go meanwhile neither
//! shift nor repeat the others. It is sealed with a key that all nodes derive from the same
//! configuration, and for one account and operation, so that nobody can make one up or use
//! another's.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use model::AccountId;
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

use super::{Fault, Input};

/// EC2 takes 5 to 1,000 items a page, and gives at most 1,000 whatever was asked for.
const EC2_SIZE_MIN: usize = 5;
const EC2_SIZE_MAX: usize = 1000;
/// ELBv2 takes 1 to 400.
const ELB_SIZE_MAX: usize = 400;
/// ARC zonal shift takes 1 to 100.
const ZONAL_SHIFT_SIZE_MAX: usize = 100;
/// Half of SHA-256 is beyond guessing and keeps tokens short.
const SEAL_BYTES: usize = 16;
/// Longer than any token given out: a seal and the longest key of an item.
const TOKEN_BYTES_MAX: usize = 2048;

/// Makes and opens tokens.
#[derive(Clone)]
pub(crate) struct PageTokens([u8; 32]);

/// What a caller asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct PageRequest {
    size: usize,
    after: Option<String>,
}

/// One page.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Page<T> {
    /// Its items.
    pub(crate) items: Vec<T>,
    /// The key of the last item, if there are more.
    pub(crate) last: Option<String>,
}

impl PageTokens {
    /// Takes the secrets from which the sealing key is made.
    pub(crate) fn new<'a>(secrets: impl IntoIterator<Item = &'a str>) -> Self {
        let mut digest = Sha256::new_with_prefix("postern page tokens\0");
        for secret in secrets {
            digest.update(Sha256::digest(secret.as_bytes()));
        }
        Self(digest.finalize().into())
    }

    /// Reads `MaxResults` and `NextToken`. EC2 refuses a page size beside explicit ids.
    pub(crate) fn ec2(
        &self,
        input: &Input<'_>,
        account: &AccountId,
        action: &str,
        ids: &str,
    ) -> Result<PageRequest, Fault> {
        let size: Option<i64> = input.parse("MaxResults", "an integer")?;
        if size.is_some() && !ids.is_empty() && input.has(ids) {
            return Err(Fault::invalid_combination(format!(
                "The parameter {ids} cannot be used with the parameter MaxResults"
            )));
        }
        let size = match size.map(usize::try_from) {
            None => EC2_SIZE_MAX,
            Some(Ok(size)) if size >= EC2_SIZE_MIN => size.min(EC2_SIZE_MAX),
            Some(_) => {
                return Err(Fault::new(
                    "InvalidParameterValue",
                    format!(
                        "Value ( {} ) for parameter maxResults is invalid. \
                         Expecting a value from {EC2_SIZE_MIN} to {EC2_SIZE_MAX}.",
                        size.unwrap_or_default()
                    ),
                ));
            }
        };
        let after = match input.text("NextToken")? {
            // Some clients send the token of the page before even if there was none.
            None | Some("") => None,
            Some(token) => Some(self.open(account, action, token).ok_or_else(|| {
                Fault::new("InvalidNextToken", "The token provided in NextToken is not valid.")
            })?),
        };
        Ok(PageRequest { size, after })
    }

    /// Reads `PageSize` and `Marker` of ELBv2.
    pub(crate) fn elb(
        &self,
        input: &Input<'_>,
        account: &AccountId,
        action: &str,
    ) -> Result<PageRequest, Fault> {
        self.bounded(input, account, action, ("PageSize", "Marker", ELB_SIZE_MAX))
    }

    /// Reads `maxResults` and `nextToken` of ARC zonal shift.
    pub(crate) fn zonal_shift(
        &self,
        input: &Input<'_>,
        account: &AccountId,
        action: &str,
    ) -> Result<PageRequest, Fault> {
        self.bounded(input, account, action, ("maxResults", "nextToken", ZONAL_SHIFT_SIZE_MAX))
    }

    /// Reads the size of a page, from 1, and the token, by their names.
    fn bounded(
        &self,
        input: &Input<'_>,
        account: &AccountId,
        action: &str,
        (size_name, token_name, max): (&str, &str, usize),
    ) -> Result<PageRequest, Fault> {
        let expected = format!("an integer from 1 to {max}");
        let size: Option<usize> = input.parse(size_name, &expected)?;
        let size = size.unwrap_or(max);
        if !(1..=max).contains(&size) {
            return Err(Fault::invalid_value(size_name, &size.to_string(), &expected));
        }
        let after = match input.text(token_name)? {
            None | Some("") => None,
            Some(token) => Some(self.open(account, action, token).ok_or_else(|| {
                let message = format!("The marker provided in {token_name} is not valid.");
                Fault::new("ValidationError", message)
            })?),
        };
        Ok(PageRequest { size, after })
    }

    /// Seals the key of a page's last item.
    pub(crate) fn seal(&self, account: &AccountId, action: &str, last: &str) -> String {
        let mut bytes = self.mac(account, action, last).to_vec();
        bytes.extend_from_slice(last.as_bytes());
        URL_SAFE_NO_PAD.encode(bytes)
    }

    fn open(&self, account: &AccountId, action: &str, token: &str) -> Option<String> {
        if token.len() > TOKEN_BYTES_MAX {
            return None;
        }
        let bytes = URL_SAFE_NO_PAD.decode(token).ok()?;
        let (mac, last) = bytes.split_at_checked(SEAL_BYTES)?;
        let last = std::str::from_utf8(last).ok()?;
        let genuine = bool::from(self.mac(account, action, last).as_slice().ct_eq(mac));
        genuine.then(|| last.to_owned())
    }

    fn mac(&self, account: &AccountId, action: &str, last: &str) -> [u8; SEAL_BYTES] {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0)
            .expect("HMAC takes keys of every length (RFC 2104)");
        for part in [account.as_str(), action, last] {
            mac.update(part.as_bytes());
            mac.update(b"\0");
        }
        let whole: [u8; 32] = mac.finalize().into_bytes().into();
        std::array::from_fn(|i| whole[i])
    }
}

impl PageRequest {
    /// The key of the last item of the page before, if there was one.
    pub(crate) fn after(&self) -> Option<&str> {
        self.after.as_deref()
    }

    /// Cuts the page out of items that come in the order of their keys.
    pub(crate) fn cut<T>(
        &self,
        items: impl Iterator<Item = T>,
        key: impl Fn(&T) -> String,
    ) -> Page<T> {
        let after = |item: &T| self.after.as_ref().is_some_and(|after| key(item) <= *after);
        let mut items = items.skip_while(after);
        let page: Vec<T> = items.by_ref().take(self.size).collect();
        let last = match (items.next(), page.last()) {
            (Some(_), Some(last)) => Some(key(last)),
            _ => None,
        };
        Page { items: page, last }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::query::{Dialect, Form};

    fn account(n: u8) -> AccountId {
        n.to_string().repeat(12).parse().unwrap()
    }

    fn asked(form: &str) -> Result<PageRequest, Fault> {
        let form = Form::parse(&[form.as_bytes()]).unwrap();
        let input = Input::new(&form, Dialect::Ec2);
        input.texts("Id")?;
        PageTokens::new(["s"]).ec2(&input, &account(1), "DescribeVpcs", "Id")
    }

    fn cut(items: &[&'static str], request: &PageRequest) -> Page<&'static str> {
        request.cut(items.iter().copied(), ToString::to_string)
    }

    #[test]
    fn pages_follow_each_other_while_items_come_and_go() {
        let request = |after: Option<String>| PageRequest { size: 2, after };
        let first = cut(&["a", "b", "c", "d", "e"], &request(None));
        assert_eq!(first.items, ["a", "b"]);
        let second = cut(&["a", "aa", "c", "d", "e"], &request(first.last));
        assert_eq!(second.items, ["c", "d"]);
        let third = cut(&["a", "e"], &request(second.last));
        assert_eq!(third, Page { items: vec!["e"], last: None });
        assert_eq!(cut(&["a", "b"], &request(None)).last, None);
    }

    #[test]
    fn sizes_have_limits() {
        for (form, expected) in [
            ("", Ok(1000)),
            ("MaxResults=5", Ok(5)),
            ("MaxResults=1001", Ok(1000)),
            ("MaxResults=4", Err("InvalidParameterValue")),
            ("MaxResults=-1", Err("InvalidParameterValue")),
            ("MaxResults=x", Err("InvalidParameterValue")),
            ("MaxResults=5&Id.1=a", Err("InvalidParameterCombination")),
            ("Id.1=a", Ok(1000)),
        ] {
            assert_eq!(asked(form).map(|p| p.size).map_err(|f| f.code), expected, "{form}");
        }
    }

    #[test]
    fn tokens_are_for_one_account_and_operation_and_cannot_be_made_up() {
        let tokens = PageTokens::new(["s"]);
        let token = tokens.seal(&account(1), "DescribeVpcs", "vpc-1");
        let ok = asked(&format!("NextToken={token}")).unwrap();
        assert_eq!(ok.after.as_deref(), Some("vpc-1"));
        let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
        *bytes.last_mut().unwrap() ^= 1;
        for bad in [
            tokens.seal(&account(2), "DescribeVpcs", "vpc-1"),
            tokens.seal(&account(1), "DescribeSubnets", "vpc-1"),
            PageTokens::new(["t"]).seal(&account(1), "DescribeVpcs", "vpc-1"),
            URL_SAFE_NO_PAD.encode(bytes),
            "x".to_owned(),
            "A".repeat(5000),
        ] {
            let fault = asked(&format!("NextToken={bad}")).unwrap_err();
            assert_eq!(fault.code, "InvalidNextToken", "{bad:.60}");
        }
    }
}
