//! The endpoint workflow by the AWS SDK for Rust, two accounts: create, describe, accept, delete.
//!
//! The environment says where the gateway is, and the service, VPC and subnet to use (see
//! tests/tests/sdk.rs). Fails by panicking.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::{env, time::Duration};

use aws_sdk_ec2::{
    Client,
    config::{BehaviorVersion, Credentials, Region},
    error::ProvideErrorMetadata,
    types::{Filter, VpcEndpointType},
};

/// How often a state is looked at before the test gives up.
const LOOKS_MAX: u32 = 400;
const PAUSE: Duration = Duration::from_millis(50);

fn variable(name: &str) -> String {
    env::var(name).unwrap_or_else(|_| panic!("{name} is not set"))
}

/// A client of the tenant whose key has this id.
fn client(key: &str) -> Client {
    let credentials = Credentials::new(key, format!("{key}-secret"), None, None, "the test");
    let config = aws_sdk_ec2::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new(variable("POSTERN_REGION")))
        .endpoint_url(variable("POSTERN_ENDPOINT"))
        .credentials_provider(credentials)
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .build();
    Client::from_conf(config)
}

/// The endpoint's state as its owner sees it.
async fn state(consumer: &Client, endpoint: &str) -> String {
    let described = consumer.describe_vpc_endpoints().vpc_endpoint_ids(endpoint).send().await;
    let described = described.unwrap();
    described.vpc_endpoints()[0].state().unwrap().as_str().to_owned()
}

async fn wait_state(consumer: &Client, endpoint: &str, wanted: &str) {
    for _ in 0..LOOKS_MAX {
        if state(consumer, endpoint).await == wanted {
            return;
        }
        tokio::time::sleep(PAUSE).await;
    }
    panic!("the endpoint is not {wanted}");
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let (provider, consumer) = (client("provider"), client("consumer"));
    let service = variable("POSTERN_SERVICE_ID");
    let created = consumer
        .create_vpc_endpoint()
        .vpc_endpoint_type(VpcEndpointType::Interface)
        .vpc_id(variable("POSTERN_VPC"))
        .service_name(variable("POSTERN_SERVICE"))
        .subnet_ids(variable("POSTERN_SUBNET"))
        .send()
        .await
        .unwrap();
    let endpoint = created.vpc_endpoint().unwrap();
    assert_eq!(endpoint.dns_entries().len(), 2, "{endpoint:?}");
    assert!(endpoint.creation_timestamp().is_some(), "{endpoint:?}");
    let endpoint = endpoint.vpc_endpoint_id().unwrap().to_owned();
    assert_eq!(state(&consumer, &endpoint).await, "pendingAcceptance");

    let only = Filter::builder().name("vpc-endpoint-id").values(&endpoint).build();
    let mut pages = provider.describe_vpc_endpoint_connections().filters(only);
    pages = pages.max_results(5);
    let listed = pages.into_paginator().items().send().collect::<Result<Vec<_>, _>>().await;
    assert_eq!(listed.unwrap().len(), 1);
    let accept = provider.accept_vpc_endpoint_connections();
    let accepted = accept.service_id(&service).vpc_endpoint_ids(&endpoint).send().await.unwrap();
    assert!(accepted.unsuccessful().is_empty(), "{accepted:?}");
    wait_state(&consumer, &endpoint, "available").await;

    let unknown = "vpce-00000000000000000";
    let refused = consumer.describe_vpc_endpoints().vpc_endpoint_ids(unknown).send().await;
    assert_eq!(refused.unwrap_err().code(), Some("InvalidVpcEndpointId.NotFound"));
    let deleted = consumer.delete_vpc_endpoints().vpc_endpoint_ids(&endpoint).send().await.unwrap();
    assert!(deleted.unsuccessful().is_empty(), "{deleted:?}");
    wait_state(&consumer, &endpoint, "deleted").await;
}
