//! Every filter that the EC2 API has for endpoints, services, connections, permissions and
//! notifications, and the pages of all of them.

use base64::{Engine as _, engine::general_purpose::URL_SAFE_NO_PAD};

use crate::{
    rig::{Answer, CONSUMER, EC2, PROVIDER, Signer},
    workflow::World,
};

const TOPIC: &str = "arn:aws:sns:us-east-1:111111111111:topic";
const PRINCIPAL: &str = "arn:aws:iam::222222222222:root";

/// Filters and a value that what is described has.
type Rows<'a> = Vec<(&'static str, &'a str)>;

/// An operation, who asks, what it needs, the element that tells how many were found.
struct Described<'a> {
    operation: &'static str,
    signer: Signer,
    needs: String,
    element: &'static str,
    rows: Rows<'a>,
    /// Filters that are known and match nothing here.
    empty: &'static [&'static str],
}

async fn ask(world: &World, it: &Described<'_>, more: &str) -> Answer {
    let form = format!("Action={}{}{more}", it.operation, it.needs);
    world.rig.call(it.signer, EC2, &form).await
}

fn filter(n: usize, name: &str, values: &[&str]) -> String {
    let values = values.iter().enumerate().map(|(v, value)| {
        let encoded = value.replace('*', "%2A").replace('?', "%3F");
        format!("&Filter.{n}.Value.{}={encoded}", v + 1)
    });
    std::iter::once(format!("&Filter.{n}.Name={name}")).chain(values).collect()
}

/// A world with one of each, and its identifiers.
async fn world() -> (World, String, String) {
    let world = World::build().await;
    world.permit().await;
    let tags = "&TagSpecification.1.ResourceType=vpc-endpoint&TagSpecification.1.Tag.1.Key=team\
                &TagSpecification.1.Tag.1.Value=blue";
    let endpoint = world.connect(tags).await.ok().get("vpcEndpointId");
    let tag = format!("&ResourceId.1={}&Tag.1.Key=team&Tag.1.Value=red", world.service);
    world.provider(&format!("Action=CreateTags{tag}")).await.ok();
    let notify = format!(
        "Action=CreateVpcEndpointConnectionNotification&ServiceId={}&ConnectionEvents.1=Accept\
         &ConnectionNotificationArn={TOPIC}",
        world.service
    );
    let bell = world.provider(&notify).await.ok().get("connectionNotificationId");
    (world, endpoint, bell)
}

/// All that is described.
fn described<'a>(
    world: &'a World,
    endpoint: &'a str,
    bell: &'a str,
    name: &'a str,
) -> Vec<Described<'a>> {
    let mut all = by_consumer(world, endpoint, name);
    all.extend(by_provider(world, endpoint, bell, name));
    all
}

fn by_consumer<'a>(world: &'a World, endpoint: &'a str, name: &'a str) -> Vec<Described<'a>> {
    vec![
        Described {
            operation: "DescribeVpcEndpoints",
            signer: CONSUMER,
            needs: String::new(),
            element: "vpcEndpointId",
            rows: vec![
                ("ip-address-type", "ipv4"),
                ("service-name", name),
                ("service-region", "us-east-1"),
                ("tag:team", "blue"),
                ("tag-key", "team"),
                ("vpc-id", &world.consumer_vpc),
                ("vpc-endpoint-id", endpoint),
                ("vpc-endpoint-state", "pendingAcceptance"),
                ("vpc-endpoint-type", "Interface"),
            ],
            empty: &[],
        },
        Described {
            operation: "DescribeVpcEndpointServices",
            signer: CONSUMER,
            needs: String::new(),
            element: "serviceId",
            rows: vec![
                ("owner", "111111111111"),
                ("service-name", name),
                ("service-region", "us-east-1"),
                ("service-type", "Interface"),
                ("supported-ip-address-types", "ipv4"),
            ],
            // The provider's tags are nobody else's business.
            empty: &["tag:team", "tag-key"],
        },
        Described {
            operation: "DescribeVpcEndpointAssociations",
            signer: CONSUMER,
            needs: String::new(),
            element: "id",
            rows: Vec::new(),
            empty: &[
                "associated-resource-accessibility",
                "associated-resource-id",
                "association-id",
                "resource-configuration-group-arn",
                "service-network-arn",
                "vpc-endpoint-id",
            ],
        },
    ]
}

fn by_provider<'a>(
    world: &'a World,
    endpoint: &'a str,
    bell: &'a str,
    name: &'a str,
) -> Vec<Described<'a>> {
    let service = world.service.as_str();
    vec![
        Described {
            operation: "DescribeVpcEndpointServiceConfigurations",
            signer: PROVIDER,
            needs: String::new(),
            element: "serviceId",
            rows: vec![
                ("service-name", name),
                ("service-id", service),
                ("service-state", "Available"),
                ("supported-ip-address-types", "ipv4"),
                ("tag:team", "red"),
                ("tag-key", "team"),
            ],
            empty: &[],
        },
        Described {
            operation: "DescribeVpcEndpointConnections",
            signer: PROVIDER,
            needs: String::new(),
            element: "vpcEndpointConnectionId",
            rows: vec![
                ("ip-address-type", "ipv4"),
                ("service-id", service),
                ("vpc-endpoint-owner", "222222222222"),
                ("vpc-endpoint-region", "us-east-1"),
                ("vpc-endpoint-state", "pendingAcceptance"),
                ("vpc-endpoint-id", endpoint),
            ],
            empty: &["transit-gateway-attachment-id"],
        },
        Described {
            operation: "DescribeVpcEndpointServicePermissions",
            signer: PROVIDER,
            needs: format!("&ServiceId={service}"),
            element: "servicePermissionId",
            rows: vec![
                ("permission-type", "vpc-endpoint"),
                ("principal", PRINCIPAL),
                ("principal-type", "Account"),
            ],
            empty: &[],
        },
        Described {
            operation: "DescribeVpcEndpointConnectionNotifications",
            signer: PROVIDER,
            needs: String::new(),
            element: "connectionNotificationId",
            rows: vec![
                ("connection-notification-arn", TOPIC),
                ("connection-notification-id", bell),
                ("connection-notification-state", "Enabled"),
                ("connection-notification-type", "Topic"),
                ("service-id", service),
            ],
            empty: &["vpc-endpoint-id"],
        },
    ]
}

#[tokio::test]
async fn values_are_alternatives_and_filters_add_up_everywhere() {
    let (world, endpoint, bell) = world().await;
    let name = format!("com.amazonaws.vpce.us-east-1.{}", world.service);
    for it in described(&world, &endpoint, &bell, &name) {
        let found = async |more: String| {
            let answer = ask(&world, &it, &more).await;
            assert_eq!(answer.status, 200, "{} {more} {}", it.operation, answer.body);
            answer.all(it.element).len()
        };
        for (filter_name, value) in &it.rows {
            let (head, tail) = value.split_at(1);
            for (values, expected) in [
                (vec![*value], 1),
                (vec!["neither", *value], 1),
                (vec![format!("{head}*").as_str()], 1),
                (vec![format!("?{tail}").as_str()], 1),
                (vec!["*"], 1),
                (vec!["neither"], 0),
                (vec![head], 0),
                (vec![""], 0),
            ] {
                let count = found(filter(1, filter_name, &values)).await;
                assert_eq!(count, expected, "{} {filter_name} {values:?}", it.operation);
            }
        }
        let all: String = it
            .rows
            .iter()
            .enumerate()
            .map(|(n, (name, value))| filter(n + 1, name, &[value]))
            .collect();
        assert_eq!(found(all.clone()).await, usize::from(!it.rows.is_empty()), "{}", it.operation);
        if let Some((name, _)) = it.rows.first() {
            assert_eq!(found(all + &filter(99, name, &["neither"])).await, 0, "{}", it.operation);
        }
        for name in it.empty {
            assert_eq!(found(filter(1, name, &["*"])).await, 0, "{} {name}", it.operation);
        }
    }
}

#[tokio::test]
async fn what_no_filter_and_no_page_can_be_is_refused_everywhere() {
    let (world, endpoint, bell) = world().await;
    for it in described(&world, &endpoint, &bell, "") {
        for (more, code) in [
            (filter(1, "no-such-filter", &["x"]), "InvalidParameterValue"),
            ("&Filter.1.Value.1=x".into(), "MissingParameter"),
            ("&MaxResults=4".into(), "InvalidParameterValue"),
            ("&MaxResults=many".into(), "InvalidParameterValue"),
            ("&NextToken=made-up".into(), "InvalidNextToken"),
            ("&Nonsense=1".into(), "UnknownParameter"),
        ] {
            let refused = ask(&world, &it, &more).await;
            assert_eq!(refused.refusal(), (400, code), "{} {more}", it.operation);
        }
        for more in ["&MaxResults=5", "&MaxResults=5000", "&NextToken="] {
            let answer = ask(&world, &it, more).await.ok();
            assert_eq!(answer.text("nextToken"), None, "{} {more}", it.operation);
        }
    }
}

/// Pages of one listing go on where the last one ended while items come and go, and their tokens
/// are good for nothing else.
#[tokio::test]
async fn pages_are_stable_and_tokens_are_no_ones_else() {
    let (world, endpoint, bell) = world().await;
    for user in 0..11 {
        let add = format!(
            "Action=ModifyVpcEndpointServicePermissions&ServiceId={}\
             &AddAllowedPrincipals.1=arn:aws:iam::222222222222:user/u{user}",
            world.service
        );
        world.provider(&add).await.ok();
    }
    let all = described(&world, &endpoint, &bell, "");
    let of = |operation| all.iter().find(|it| it.operation == operation).unwrap();
    let permissions = of("DescribeVpcEndpointServicePermissions");
    let first = ask(&world, permissions, "&MaxResults=5").await.ok();
    let token = first.get("nextToken");
    let mut seen: Vec<String> =
        first.all("servicePermissionId").into_iter().map(str::to_owned).collect();
    assert_eq!(seen.len(), 5);
    // One that was shown goes, and others come.
    let gone = first.all("principal")[4];
    let change = format!(
        "Action=ModifyVpcEndpointServicePermissions&ServiceId={}&AddAllowedPrincipals.1=%2A\
         &RemoveAllowedPrincipals.1={gone}",
        world.service
    );
    world.provider(&change).await.ok();
    let mut next = Some(token.clone());
    while let Some(token) = next {
        let page = ask(&world, permissions, &format!("&MaxResults=5&NextToken={token}")).await.ok();
        let ids = page.all("servicePermissionId");
        assert!(ids.iter().all(|id| !seen.iter().any(|seen| seen == id)), "nothing comes twice");
        seen.extend(ids.into_iter().map(str::to_owned));
        next = page.text("nextToken").map(str::to_owned);
    }
    assert!((12..=13).contains(&seen.len()), "nothing that stayed is missing: {seen:?}");

    let mut bytes = URL_SAFE_NO_PAD.decode(&token).unwrap();
    *bytes.last_mut().unwrap() ^= 1;
    let forged = URL_SAFE_NO_PAD.encode(bytes);
    let refused = ask(&world, permissions, &format!("&NextToken={forged}")).await;
    assert_eq!(refused.refusal(), (400, "InvalidNextToken"));
    for other in ["DescribeVpcEndpointServiceConfigurations", "DescribeVpcEndpointConnections"] {
        let refused = ask(&world, of(other), &format!("&NextToken={token}")).await;
        assert_eq!(refused.refusal(), (400, "InvalidNextToken"), "{other}");
    }
}
