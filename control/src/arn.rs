//! ARNs of load balancing, which both EC2 and ELBv2 carry. An ARN holds names and owners, but the
//! id at its end alone says which resource is meant: readers take the id, look the resource up, and
//! then compare the whole ARN with the one that the resource has.

use std::str::FromStr;

use model::{AccountId, ListenerId, LoadBalancerId, RegionName, TargetGroupId};

/// Where ARNs of a resource start: Region and owner.
#[derive(Clone, Copy, Debug)]
pub(crate) struct ArnBase<'a> {
    /// The Region.
    pub(crate) region: &'a RegionName,
    /// The owner.
    pub(crate) account: &'a AccountId,
}

impl ArnBase<'_> {
    /// A Network Load Balancer's ARN.
    pub(crate) fn load_balancer(self, name: &str, id: LoadBalancerId) -> String {
        self.arn(format_args!("loadbalancer/net/{name}/{id}"))
    }

    /// A listener's ARN, with its load balancer's name and id.
    pub(crate) fn listener(self, name: &str, of: LoadBalancerId, id: ListenerId) -> String {
        self.arn(format_args!("listener/net/{name}/{of}/{id}"))
    }

    /// A target group's ARN.
    pub(crate) fn target_group(self, name: &str, id: TargetGroupId) -> String {
        self.arn(format_args!("targetgroup/{name}/{id}"))
    }

    fn arn(self, resource: std::fmt::Arguments<'_>) -> String {
        format!("arn:aws:elasticloadbalancing:{}:{}:{resource}", self.region, self.account)
    }
}

/// The id at the end of an ARN of the given kind, for example `targetgroup`.
pub(crate) fn arn_id<I: FromStr>(arn: &str, kind: &str) -> Option<I> {
    let resource = arn.splitn(6, ':').nth(5)?;
    let (is, rest) = resource.split_once('/')?;
    if is == kind { rest.rsplit('/').next()?.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arns_read_back_what_they_write() {
        let (region, account) = ("us-east-1".parse().unwrap(), "111111111111".parse().unwrap());
        let base = ArnBase { region: &region, account: &account };
        let id = LoadBalancerId::from_bits(0x50dc_6c49_5c0c_9188);
        let arn = base.load_balancer("web", id);
        assert_eq!(
            arn,
            "arn:aws:elasticloadbalancing:us-east-1:111111111111:loadbalancer/net/web/\
             50dc6c495c0c9188"
        );
        assert_eq!(arn_id(&arn, "loadbalancer"), Some(id));
        assert_eq!(arn_id::<LoadBalancerId>(&arn, "targetgroup"), None);
        for bad in ["", "arn", "a:b:c:d:e:loadbalancer", "a:b:c:d:e:loadbalancer/net/x/zz"] {
            assert_eq!(arn_id::<LoadBalancerId>(bad, "loadbalancer"), None, "{bad}");
        }
    }
}
