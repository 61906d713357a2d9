//! Route tables: kept and shown for clients that expect them. And lists that are always empty.

use crate::workflow::World;

#[tokio::test]
async fn a_route_table_has_routes_and_subnets() {
    let world = World::build().await;
    let (vpc, subnet) = (&world.consumer_vpc, &world.consumer_subnets[0]);
    let create = format!("Action=CreateRouteTable&VpcId={vpc}&ClientToken=t");
    let made = world.consumer(&create).await.ok();
    let table = made.get("routeTableId");
    assert_eq!(world.consumer(&create).await.ok().get("routeTableId"), table);
    assert_eq!(made.get("gatewayId"), "local");
    let route = format!("Action=CreateRoute&RouteTableId={table}&DestinationCidrBlock=0.0.0.0/0");
    let to = format!("{route}&GatewayId=igw-0");
    assert_eq!(
        world.consumer(&format!("{to}&DryRun=true")).await.refusal(),
        (412, "DryRunOperation")
    );
    world.consumer(&to).await.ok();
    let associate = format!("Action=AssociateRouteTable&RouteTableId={table}&SubnetId={subnet}");
    let association = world.consumer(&associate).await.ok().get("associationId");
    let describe = "Action=DescribeRouteTables&Filter.1.Name=association.subnet-id\
                    &Filter.1.Value.1";
    let shown = world.consumer(&format!("{describe}={subnet}")).await.ok();
    assert_eq!(shown.all("destinationCidrBlock"), ["10.0.0.0/16", "0.0.0.0/0"]);
    assert_eq!(shown.get("main"), "false");
    let main = "Action=DescribeRouteTables&Filter.1.Name=association.main&Filter.1.Value.1=true";
    let main = world.consumer(main).await.ok();
    let absent = "rtb-00000000000000000";
    let delete = "Action=DeleteRouteTable&RouteTableId";
    for (form, code) in [
        (to, "RouteAlreadyExists"),
        (format!("{route}&GatewayId=igw-0&NatGatewayId=nat-0"), "InvalidParameterCombination"),
        (route.clone(), "MissingParameter"),
        (format!("{route}&GatewayId=%3C"), "InvalidParameterValue"),
        (associate, "Resource.AlreadyAssociated"),
        (format!("{delete}={table}"), "DependencyViolation"),
        (format!("{delete}={}", main.all("routeTableId")[0]), "DependencyViolation"),
        (format!("{delete}={absent}"), "InvalidRouteTableID.NotFound"),
        (format!("{delete}=rtb-x"), "InvalidRouteTableId.Malformed"),
        (
            format!("Action=DeleteRoute&RouteTableId={table}&DestinationIpv6CidrBlock=::/0"),
            "InvalidRoute.NotFound",
        ),
        (
            "Action=DisassociateRouteTable&AssociationId=rtbassoc-00000000000000000".into(),
            "InvalidAssociationID.NotFound",
        ),
    ] {
        let answer = world.consumer(&form).await;
        assert_eq!(answer.refusal(), (400, code), "{form} {}", answer.body);
    }
    world.consumer(&route.replace("Create", "Delete")).await.ok();
    let leave = format!("Action=DisassociateRouteTable&AssociationId={association}");
    world.consumer(&leave).await.ok();
    let others = world.provider(&format!("{delete}={table}")).await;
    assert_eq!(others.refusal(), (400, "InvalidRouteTableID.NotFound"));
    world.consumer(&format!("{delete}={table}")).await.ok();
}

#[tokio::test]
async fn lists_of_what_is_not_here_are_empty() {
    let world = World::build().await;
    world.permit().await;
    let endpoint = world.connect("").await.ok().get("vpcEndpointId");
    let lists = world.consumer("Action=DescribePrefixLists&MaxResults=5").await.ok();
    assert_eq!(lists.get("prefixListSet"), "");
    let one = world.consumer("Action=DescribePrefixLists&PrefixListId.1=pl-1").await;
    assert_eq!(one.refusal(), (400, "InvalidPrefixListId.NotFound"));
    let associations = "Action=DescribeVpcEndpointAssociations&VpcEndpointId.1";
    let none = world.consumer(&format!("{associations}={endpoint}")).await.ok();
    assert_eq!(none.get("vpcEndpointAssociationSet"), "");
    let others = world.provider(&format!("{associations}={endpoint}")).await;
    assert_eq!(others.refusal(), (400, "InvalidVpcEndpointId.NotFound"));
}
