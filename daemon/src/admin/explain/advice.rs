//! What to do about each stop. Does not know how it was found.

use dataplane_core::{
    explain::{Binding, Found, Path, Stop},
    reason::Refusal,
    wire::Wire,
};
use model::{BindFailureReason, EndpointState, SecurityGroupId};

use super::words::Words;

/// What an operator, or a tenant, can do about a stop.
pub(super) fn advice(words: &Words<'_>, path: Option<&Path>, stop: Stop) -> String {
    match (stop, path) {
        (Stop::NoAddress, _) => other_addresses(words),
        (Stop::NotServed, _) | (_, None) => for_state(words),
        (Stop::NotBoundYet, _) => "ask again; the log says if the data plane is held up".to_owned(),
        (Stop::NotBound, Some(path)) => for_binding(path),
        (Stop::NoListener, Some(path)) => for_listener(path),
        (Stop::Refused(refusal), Some(path)) => for_refusal(words, path, refusal),
    }
}

fn for_state(words: &Words<'_>) -> String {
    let endpoint = words.endpoint;
    let (id, service) = (endpoint.id, endpoint.service);
    match endpoint.state {
        EndpointState::PendingAcceptance | EndpointState::Rejected => format!(
            "the provider accepts it: aws ec2 accept-vpc-endpoint-connections --service-id \
             {service} --vpc-endpoint-ids {id}"
        ),
        EndpointState::Failed => {
            "mend what the last error says, then delete the endpoint and create another".to_owned()
        }
        EndpointState::Expired => {
            "delete the endpoint, create another, and have the provider accept that".to_owned()
        }
        EndpointState::Deleting | EndpointState::Deleted => "create another endpoint".to_owned(),
        EndpointState::Pending | EndpointState::Available => {
            "ask again; the data plane has not been told of it yet".to_owned()
        }
    }
}

fn other_addresses(words: &Words<'_>) -> String {
    let interfaces = words.endpoint.interfaces.iter();
    let addresses = interfaces.flat_map(|interface| {
        interface.addresses().map(|address| format!("{address} in {}", interface.zone))
    });
    let addresses: Vec<_> = addresses.collect();
    if addresses.is_empty() {
        return format!(
            "give it a subnet: aws ec2 modify-vpc-endpoint --vpc-endpoint-id {} --add-subnet-ids \
             SUBNET",
            words.endpoint.id
        );
    }
    let addresses = addresses.join(", ");
    match words.asked.client {
        Some(client) => {
            let family = if client.to_canonical().is_ipv4() { "IPv4" } else { "IPv6" };
            format!("{client} dials an {family} address; the endpoint has {addresses}")
        }
        None => format!("dial what the endpoint has: {addresses}"),
    }
}

fn for_binding(path: &Path) -> String {
    let reason = path.steps.iter().find_map(|step| match step.found {
        Found::Address(Binding::Failed(reason)) => Some(reason),
        _ => None,
    });
    let (ip, port) = (path.address.ip(), path.address.port());
    let what = match reason {
        Some(BindFailureReason::AddressNotAvailable) => format!(
            "give it to an interface (ip address add {ip} dev DEVICE), or set addresses = \
             \"freebind\" and route it here"
        ),
        Some(BindFailureReason::AddressInUse) => {
            let sockets = match path.wire {
                Wire::Tcp => "-ltnp",
                Wire::Udp => "-lunp",
            };
            format!("end what has it (ss {sockets} 'sport = :{port}')")
        }
        Some(BindFailureReason::PermissionDenied) => "grant CAP_NET_BIND_SERVICE".to_owned(),
        Some(BindFailureReason::ResourcesExhausted) => {
            "raise the limit of file descriptors".to_owned()
        }
        Some(BindFailureReason::Other(_)) | None => "see the log".to_owned(),
    };
    format!("{what}; it is tried again every second")
}

fn for_listener(path: &Path) -> String {
    let ports = path.steps.iter().find_map(|step| match &step.found {
        Found::Listener { ports, .. } => Some(ports.as_slice()),
        _ => None,
    });
    let ports: Vec<_> = ports.unwrap_or_default().iter().map(ToString::to_string).collect();
    let create = "the provider makes a listener: aws elbv2 create-listener";
    if ports.is_empty() {
        create.to_owned()
    } else {
        format!("dial {}, or {create}", ports.join(" or "))
    }
}

fn for_refusal(words: &Words<'_>, path: &Path, refusal: Refusal) -> String {
    match refusal {
        Refusal::SecurityGroup => {
            let group = words.endpoint.security_groups.first().copied();
            admit("consumer", group, path)
        }
        Refusal::LoadBalancerSecurityGroup => {
            let group = words.balancer_groups(path).first().copied();
            let admit = admit("provider", group, path);
            format!(
                "{admit}, or has it pass: aws elbv2 set-security-groups \
                 --enforce-security-group-inbound-rules-on-private-link-traffic off"
            )
        }
        Refusal::NoTargetGroup => {
            "the provider gives a target group a weight: aws elbv2 modify-listener".to_owned()
        }
        Refusal::NoTarget => format!(
            "the provider registers a target for {}: aws elbv2 register-targets; or turns \
             cross-zone on",
            path.zone
        ),
        Refusal::NoCertificate => {
            "give the listener a certificate that the configuration has in [[certificate]]: \
             aws elbv2 modify-listener --certificates"
                .to_owned()
        }
        Refusal::EndpointConnections | Refusal::EndpointConnectionRate => {
            "the provider raises the endpoint's limit, or the consumer opens fewer".to_owned()
        }
        Refusal::PortsExhausted => {
            "name more dataplane.source_addresses, or register more targets".to_owned()
        }
        Refusal::TooManyConnections
        | Refusal::TooManyHandshakes
        | Refusal::ResourcesExhausted
        | Refusal::AcceptExhausted => "raise the limit that the log and metrics name".to_owned(),
    }
}

fn admit(who: &str, group: Option<SecurityGroupId>, path: &Path) -> String {
    let group = group.map_or_else(|| "GROUP".to_owned(), |group| group.to_string());
    let (client, port, wire) = (path.client, path.address.port(), path.wire.name());
    let network = if client.is_ipv4() {
        format!("--protocol {wire} --port {port} --cidr {client}/32")
    } else {
        let ranges = format!("Ipv6Ranges=[{{CidrIpv6={client}/128}}]");
        format!("--ip-permissions IpProtocol={wire},FromPort={port},ToPort={port},{ranges}")
    };
    format!(
        "the {who} admits it: aws ec2 authorize-security-group-ingress --group-id {group} {network}"
    )
}
