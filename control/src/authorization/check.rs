//! From a request to what must be permitted: one check for each resource that it touches.
//!
//! Reads a copy of the form, so that no member counts as known to the operation because it was
//! looked at here. Members are read as the operations read them; an id that none would take is
//! checked as it stands and refused by the operation.

use control_core::{describe::View, resource::ServiceName};
use iam::Context;
use model::{InterfaceId, PermissionId, ServiceId, SubnetId, VpcEndpointId, VpcId};

use super::{
    table::Touch,
    tags::{self, ConditionKey, RequestTags},
};
use crate::{
    api::{Call, Service},
    query::{Fault, Input},
};

/// An action on a resource, with the condition keys that the resource brings.
pub(super) struct Check {
    /// For example `ec2:CreateVpc`.
    pub(super) action: String,
    /// An ARN, or `*`.
    pub(super) resource: String,
    keys: Vec<ConditionKey>,
}

impl Check {
    /// The whole context, of what is common to all checks of a call.
    pub(super) fn context(&self, mut common: Context) -> Context {
        for (key, values) in &self.keys {
            common.insert(key, values.iter().map(String::as_str));
        }
        common
    }
}

/// What is needed beside the operation to make a service available in other Regions, or to have an
/// endpoint to one of another Region (guide: "Access across Regions"). No operation has this name.
const ALLOW_MULTI_REGION: &str = "vpce:AllowMultiRegion";

/// What must be permitted for a call. Never empty.
pub(super) fn of(call: &Call<'_>, touches: &[Touch]) -> Result<Vec<Check>, Fault> {
    let form = call.form().unread();
    let input = Input::new(&form, call.service().dialect());
    let registry = call.registry();
    let view = registry.view(call.caller());
    let request_tags = RequestTags::read(&input, call.service())?;
    let action = format!("{}:{}", call.service().name(), call.action());
    let reading = Reading { input: &input, view, action: &action };

    let (mut checks, mut made) = (Vec::new(), Vec::new());
    for touch in touches {
        let resources = reading.resources(*touch)?;
        if is_made(*touch) {
            made.extend(resources.iter().cloned());
        }
        if !matches!(touch, Touch::NewListener(_)) {
            for resource in resources {
                let keys = reading.service_keys(*touch, &resource)?;
                checks.push(Check { action: action.clone(), resource, keys });
            }
        }
    }
    if reading.reaches_other_regions(touches)? {
        let action = ALLOW_MULTI_REGION.to_owned();
        checks.push(Check { action, resource: "*".into(), keys: Vec::new() });
    }
    if checks.is_empty() {
        checks.push(Check { action: action.clone(), resource: "*".into(), keys: Vec::new() });
    }
    if reading.leaves_region()? {
        let (action, resource) = (MULTI_REGION.to_owned(), "*".to_owned());
        checks.push(Check { action, resource, keys: Vec::new() });
    }
    if !request_tags.is_empty() {
        checks.extend(made.into_iter().map(|made| tagging(call, made)));
    }
    add_tags(view, &request_tags, &mut checks);
    Ok(checks)
}

/// What offering or using a service across Regions needs besides (guide: "Cross-Region access",
/// permissions).
const MULTI_REGION: &str = "vpce:AllowMultiRegion";

fn is_made(touch: Touch) -> bool {
    matches!(touch, Touch::New(_) | Touch::NewNamed(_) | Touch::NewListener(_))
}

/// Giving tags to what is being made is a permission of its own.
fn tagging(call: &Call<'_>, made: String) -> Check {
    let (action, key) = match call.service() {
        Service::Ec2 => ("ec2:CreateTags", "ec2:CreateAction"),
        Service::Elb | Service::Sts | Service::ZonalShift => {
            ("elasticloadbalancing:AddTags", "elasticloadbalancing:CreateAction")
        }
    };
    let keys = vec![(key.to_owned(), vec![call.action().to_owned()])];
    Check { action: action.to_owned(), resource: made, keys }
}

fn add_tags(view: View<'_>, request: &RequestTags<'_>, checks: &mut [Check]) {
    let arns: Vec<&str> = checks.iter().map(|check| check.resource.as_str()).collect();
    let of_resources = tags::of_resources(view, &arns);
    for check in checks {
        check.keys.extend(request.keys());
        let own = of_resources.get(tags::id(&check.resource));
        check.keys.extend(own.into_iter().flatten().cloned());
    }
}

/// What EC2's ids of taggable resources start with, the longer ones first, and their types.
const TYPES: &[(&str, &str)] = &[
    (PermissionId::PREFIX, "vpc-endpoint-service-permission"),
    (ServiceId::PREFIX, "vpc-endpoint-service"),
    (VpcEndpointId::PREFIX, "vpc-endpoint"),
    (VpcId::PREFIX, "vpc"),
    (SubnetId::PREFIX, "subnet"),
    (InterfaceId::PREFIX, "network-interface"),
    ("sg-", "security-group"),
    ("sgr-", "security-group-rule"),
    ("rtb-", "route-table"),
    ("pl-", "prefix-list"),
];

struct Reading<'a> {
    input: &'a Input<'a>,
    view: View<'a>,
    action: &'a str,
}

impl Reading<'_> {
    /// The ARNs that a member means.
    fn resources(&self, touch: Touch) -> Result<Vec<String>, Fault> {
        Ok(match touch {
            Touch::New(kind) => vec![self.ec2(kind, "*")],
            Touch::Ids(kind, member) => {
                self.texts(member)?.into_iter().map(|id| self.ec2(kind, id)).collect()
            }
            Touch::IdsWithin(kind, list, member) => {
                let mut arns = Vec::new();
                for one in self.input.structures(list) {
                    arns.extend(one.text(member)?.map(|id| self.ec2(kind, id)));
                }
                arns
            }
            Touch::Tagged(member) => {
                let kind = |id: &str| TYPES.iter().find(|(prefix, _)| id.starts_with(prefix));
                let arn =
                    |id| kind(id).map_or_else(|| "*".to_owned(), |(_, kind)| self.ec2(kind, id));
                self.texts(member)?.into_iter().map(arn).collect()
            }
            Touch::NewNamed(kind) => {
                let name = self.input.text("Name")?.unwrap_or("*");
                vec![self.arn("elasticloadbalancing", &format!("{kind}/{name}/*"))]
            }
            Touch::Arns(member) => self.texts(member)?.into_iter().map(str::to_owned).collect(),
            Touch::NewListener(member) => {
                let listener =
                    |arn: &str| format!("{}/*", arn.replace(":loadbalancer/", ":listener/"));
                self.texts(member)?.into_iter().map(listener).collect()
            }
        })
    }

    /// A member that is a text or a list of texts.
    fn texts(&self, member: &str) -> Result<Vec<&str>, Fault> {
        let mut texts = self.input.texts(member)?;
        texts.extend(self.input.text(member)?.filter(|text| !text.is_empty()));
        Ok(texts)
    }

    /// Whether the request names another Region for a service.
    fn leaves_region(&self) -> Result<bool, Fault> {
        if !self.action.contains("VpcEndpoint") {
            return Ok(false);
        }
        let own = self.view.settings().region.as_str();
        let mut regions = self.input.texts("SupportedRegion")?;
        regions.extend(self.input.texts("AddSupportedRegion")?);
        if self.action == "ec2:CreateVpcEndpoint" {
            regions.extend(self.input.text("ServiceRegion")?);
        }
        Ok(regions.iter().any(|region| *region != own))
    }

    fn ec2(&self, kind: &str, id: &str) -> String {
        self.arn("ec2", &format!("{kind}/{id}"))
    }

    fn arn(&self, service: &str, resource: &str) -> String {
        let (region, account) = (&self.view.settings().region, &self.view.caller().account);
        format!("arn:aws:{service}:{region}:{account}:{resource}")
    }

    /// The Regions that a service is to be available in, or in as well.
    fn supported_regions(&self) -> Result<Vec<&str>, Fault> {
        let mut regions = self.input.texts("SupportedRegion")?;
        regions.extend(self.input.texts("AddSupportedRegion")?);
        Ok(regions)
    }

    /// Whether the call concerns a service and another Region than this one.
    fn reaches_other_regions(&self, touches: &[Touch]) -> Result<bool, Fault> {
        let own = self.view.settings().region.as_str();
        for touch in touches {
            let regions = match touch {
                Touch::New("vpc-endpoint") => {
                    self.input.text("ServiceRegion")?.into_iter().collect()
                }
                Touch::New("vpc-endpoint-service") | Touch::Ids("vpc-endpoint-service", _) => {
                    self.supported_regions()?
                }
                _ => continue,
            };
            if regions.iter().any(|region| *region != own) {
                return Ok(true);
            }
        }
        Ok(false)
    }

    /// The keys about endpoint services (guide: "Identity-based policies", condition keys).
    fn service_keys(&self, touch: Touch, resource: &str) -> Result<Vec<ConditionKey>, Fault> {
        let one = |key: &str, value: &str| (key.to_owned(), vec![value.to_owned()]);
        let region = self.view.settings().region.as_str();
        let mut keys = Vec::new();
        match touch {
            Touch::New("vpc-endpoint") => {
                if let Some(name) = self.input.text("ServiceName")? {
                    keys.push(one("ec2:VpceServiceName", name));
                    // The owner of what the caller may not know of is not told.
                    if let Ok(service) = self.view.service_named(&ServiceName(name.to_owned())) {
                        keys.push(one("ec2:VpceServiceOwner", service.owner_name()));
                    }
                }
                let of = self.input.text("ServiceRegion")?.unwrap_or(region);
                keys.push(one("ec2:VpceServiceRegion", of));
            }
            Touch::Ids("vpc-endpoint", _) => {
                let id: Option<VpcEndpointId> = tags::id(resource).parse().ok();
                if let Some(endpoint) = id.and_then(|id| self.view.endpoint(id).ok()) {
                    keys.push(one("ec2:VpceServiceName", &endpoint.service_name.0));
                    if let Ok(service) = self.view.service_named(&endpoint.service_name) {
                        keys.push(one("ec2:VpceServiceOwner", service.owner_name()));
                    }
                    keys.push(one("ec2:VpceServiceRegion", region));
                }
            }
            Touch::New("vpc-endpoint-service") | Touch::Ids("vpc-endpoint-service", _) => {
                if let Some(name) = self.input.text("PrivateDnsName")? {
                    keys.push(one("ec2:VpceServicePrivateDnsName", name));
                }
                let regions = self.supported_regions()?;
                let several = regions.iter().any(|one| *one != region);
                if !regions.is_empty() {
                    let regions = regions.into_iter().map(str::to_owned).collect();
                    keys.push(("ec2:VpceSupportedRegion".to_owned(), regions));
                }
                if self.action.ends_with("VpcEndpointServiceConfiguration") {
                    keys.push(one("ec2:VpceMultiRegion", if several { "true" } else { "false" }));
                }
            }
            _ => {}
        }
        Ok(keys)
    }
}
