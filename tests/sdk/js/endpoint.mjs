// The endpoint workflow by the AWS SDK for JavaScript, two accounts: create, describe, accept,
// delete. The environment says where the gateway is, and the service, VPC and subnet to use (see
// tests/tests/sdk.rs). Fails by throwing.
import assert from "node:assert/strict";
import { setTimeout as pause } from "node:timers/promises";
import * as ec2 from "@aws-sdk/client-ec2";

const { POSTERN_ENDPOINT: endpoint, POSTERN_REGION: region, POSTERN_SERVICE: ServiceName,
  POSTERN_SERVICE_ID: ServiceId, POSTERN_VPC: VpcId, POSTERN_SUBNET: subnet } = process.env;

const client = (key) => new ec2.EC2Client({
  endpoint, region, credentials: { accessKeyId: key, secretAccessKey: `${key}-secret` },
});
const [provider, consumer] = [client("provider"), client("consumer")];

const state = async (id) => {
  const described = await consumer.send(new ec2.DescribeVpcEndpointsCommand({ VpcEndpointIds: [id] }));
  return described.VpcEndpoints[0].State;
};
const waitState = async (id, wanted) => {
  for (let looks = 0; looks < 400; looks += 1) {
    if (await state(id) === wanted) return;
    await pause(50);
  }
  assert.fail(`the endpoint is not ${wanted}`);
};

const created = await consumer.send(new ec2.CreateVpcEndpointCommand({
  VpcEndpointType: "Interface", VpcId, ServiceName, SubnetIds: [subnet],
}));
const id = created.VpcEndpoint.VpcEndpointId;
assert.equal(created.VpcEndpoint.DnsEntries.length, 2);
assert.ok(created.VpcEndpoint.CreationTimestamp instanceof Date);
assert.equal(await state(id), "pendingAcceptance");

const connections = [];
const filters = { Filters: [{ Name: "vpc-endpoint-id", Values: [id] }] };
for await (const page of ec2.paginateDescribeVpcEndpointConnections({ client: provider, pageSize: 5 }, filters)) {
  connections.push(...page.VpcEndpointConnections);
}
assert.equal(connections.length, 1);
const accepted = await provider.send(
  new ec2.AcceptVpcEndpointConnectionsCommand({ ServiceId, VpcEndpointIds: [id] }));
assert.deepEqual(accepted.Unsuccessful ?? [], []);
await waitState(id, "available");
await ec2.waitUntilVpcAvailable({ client: consumer, minDelay: 1, maxWaitTime: 20 }, { VpcIds: [VpcId] });

const unknown = new ec2.DescribeVpcEndpointsCommand({ VpcEndpointIds: ["vpce-00000000000000000"] });
await assert.rejects(consumer.send(unknown), { name: "InvalidVpcEndpointId.NotFound" });
const unbuilt = new ec2.DescribeInstancesCommand({});
await assert.rejects(consumer.send(unbuilt), { name: "InvalidAction" });

const deleted = await consumer.send(new ec2.DeleteVpcEndpointsCommand({ VpcEndpointIds: [id] }));
assert.deepEqual(deleted.Unsuccessful ?? [], []);
await waitState(id, "deleted");
