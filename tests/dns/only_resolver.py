#!/usr/bin/env python3
"""A host whose only resolver is Postern reaches a service by its private DNS name, with TLS.

    unshare --user --map-root-user --net --mount tests/dns/only_resolver.py --postern PATH

In a network of its own, `/etc/resolv.conf` names Postern alone. A provider verifies the domain of a
service's private DNS name, a consumer makes an endpoint with private DNS on; then `curl
https://api.example.com/` works unchanged, as does a name that Postern has to ask others for. An
upstream server written with dnspython stands in for the rest of the Internet, and tells which names
were asked there. Needs boto3, dnspython, curl, openssl and iproute2.
"""

import argparse
import http.server
import os
import socketserver
import ssl
import subprocess
import tempfile
import threading
import time

import boto3
import dns.flags
import dns.message
import dns.rcode
import dns.rdatatype
import dns.rrset

DOMAIN = "api.example.com"
RESOLVER, UPSTREAM, TARGET, PUBLIC = "10.9.0.2", "198.51.100.1", "10.8.1.10", "198.51.100.80"
ENDPOINT = {"a": "10.9.1.4", "b": "10.9.2.4"}
PATIENCE_S = 30

CONFIGURATION = f"""
region = "us-east-1"
state_dir = "STATE"
[listen]
api = "127.0.0.1:4600"
dns = "{RESOLVER}:53"
admin = "127.0.0.1:9600"
[dns.forward]
servers = ["{UPSTREAM}"]
[[zones]]
name = "us-east-1a"
id = "use1-az1"
[[zones]]
name = "us-east-1b"
id = "use1-az2"
[[accounts]]
id = "111111111111"
name = "provider"
keys = [{{ access_key_id = "provider", secret_access_key = "provider-secret" }}]
[[accounts]]
id = "222222222222"
name = "consumer"
keys = [{{ access_key_id = "consumer", secret_access_key = "consumer-secret" }}]
[[bootstrap.vpcs]]
key = "provider"
account = "111111111111"
cidr = "10.8.0.0/16"
[[bootstrap.subnets]]
key = "provider-a"
vpc = "provider"
zone = "us-east-1a"
cidr = "10.8.1.0/24"
[[bootstrap.subnets]]
key = "provider-b"
vpc = "provider"
zone = "us-east-1b"
cidr = "10.8.2.0/24"
[[bootstrap.target_groups]]
name = "web"
vpc = "provider"
port = 8443
targets = [{{ address = "{TARGET}:8443", zone = "us-east-1a" }}]
[[bootstrap.load_balancers]]
name = "web"
subnets = ["provider-a", "provider-b"]
cross_zone = true
listeners = [{{ port = 443, target_group = "web" }}]
[[bootstrap.services]]
key = "web"
load_balancers = ["web"]
acceptance_required = false
allowed_principals = ["*"]
[[bootstrap.vpcs]]
key = "consumer"
account = "222222222222"
cidr = "10.9.0.0/16"
[[bootstrap.subnets]]
key = "consumer-a"
vpc = "consumer"
zone = "us-east-1a"
cidr = "10.9.1.0/24"
[[bootstrap.subnets]]
key = "consumer-b"
vpc = "consumer"
zone = "us-east-1b"
cidr = "10.9.2.0/24"
"""


def run(*command):
    done = subprocess.run(command, capture_output=True, text=True, timeout=20)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
    return done.stdout


def wait_for(what, ask):
    deadline = time.monotonic() + PATIENCE_S
    while True:
        seen = ask()
        if seen:
            return seen
        assert time.monotonic() < deadline, f"waited for {what} in vain"
        time.sleep(0.2)


class Upstream(socketserver.BaseRequestHandler):
    """The rest of the Internet: one TXT record, once it is known, and one address."""

    txt, asked = None, []

    def handle(self):
        wire, sock = self.request
        query = dns.message.from_wire(wire)
        name, rtype = query.question[0].name, query.question[0].rdtype
        Upstream.asked.append(name.to_text().rstrip(".").lower())
        reply = dns.message.make_response(query)
        reply.flags |= dns.flags.RA
        known = {("www.public.test", "A"): PUBLIC}
        if Upstream.txt:
            known[Upstream.txt[0].lower(), "TXT"] = f'"{Upstream.txt[1]}"'
        data = known.get((Upstream.asked[-1], dns.rdatatype.to_text(rtype)))
        if data:
            reply.answer.append(dns.rrset.from_text(name, 60, "IN", rtype, data))
        else:
            reply.set_rcode(dns.rcode.NXDOMAIN)
        sock.sendto(reply.to_wire(), self.client_address)


class Page(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body = f"hello from {self.headers['Host']}\n".encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_):
        pass


def network(folder):
    run("ip", "link", "set", "lo", "up")
    for address in (RESOLVER, UPSTREAM, TARGET, PUBLIC, *ENDPOINT.values()):
        run("ip", "address", "add", f"{address}/32", "dev", "lo")
    with open(f"{folder}/resolv.conf", "w") as file:
        file.write(f"nameserver {RESOLVER}\noptions timeout:2 attempts:2\n")
    run("mount", "--bind", f"{folder}/resolv.conf", os.path.realpath("/etc/resolv.conf"))


def serve(folder):
    run("openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj",
        f"/CN={DOMAIN}", "-addext", f"subjectAltName=DNS:{DOMAIN}", "-keyout", f"{folder}/key",
        "-out", f"{folder}/certificate")
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(f"{folder}/certificate", f"{folder}/key")
    secure = http.server.ThreadingHTTPServer((TARGET, 8443), Page)
    secure.socket = context.wrap_socket(secure.socket, server_side=True)
    plain = http.server.ThreadingHTTPServer((PUBLIC, 80), Page)
    upstream = socketserver.ThreadingUDPServer((UPSTREAM, 53), Upstream)
    for server in (secure, plain, upstream):
        threading.Thread(target=server.serve_forever, daemon=True).start()


def client(who):
    return boto3.client(
        "ec2", region_name="us-east-1", endpoint_url="http://127.0.0.1:4600",
        aws_access_key_id=who, aws_secret_access_key=f"{who}-secret")


def prove_domain(provider):
    """Gives the service its private DNS name, and the domain the record that proves it."""
    services = wait_for("the service", lambda: provider.
                        describe_vpc_endpoint_service_configurations()["ServiceConfigurations"])
    service = services[0]["ServiceId"]
    provider.modify_vpc_endpoint_service_configuration(ServiceId=service, PrivateDnsName=DOMAIN)

    def configuration():
        return provider.describe_vpc_endpoint_service_configurations(
            ServiceIds=[service])["ServiceConfigurations"][0]["PrivateDnsNameConfiguration"]

    proof = configuration()
    Upstream.txt = (f"{proof['Name']}.{DOMAIN}", proof["Value"])
    provider.start_vpc_endpoint_service_private_dns_verification(ServiceId=service)
    wait_for("the proof", lambda: configuration()["State"] == "verified")
    return services[0]["ServiceName"]


def make_endpoint(consumer, service):
    (vpc,) = consumer.describe_vpcs()["Vpcs"]
    consumer.modify_vpc_attribute(VpcId=vpc["VpcId"], EnableDnsHostnames={"Value": True})
    consumer.modify_vpc_attribute(VpcId=vpc["VpcId"], EnableDnsSupport={"Value": True})
    subnets = {subnet["AvailabilityZone"][-1]: subnet["SubnetId"]
               for subnet in consumer.describe_subnets()["Subnets"]}
    made = consumer.create_vpc_endpoint(
        VpcEndpointType="Interface", VpcId=vpc["VpcId"], ServiceName=service,
        PrivateDnsEnabled=True, SubnetIds=list(subnets.values()),
        SubnetConfigurations=[{"SubnetId": subnets[zone], "Ipv4": ipv4}
                              for zone, ipv4 in ENDPOINT.items()])
    endpoint = made["VpcEndpoint"]["VpcEndpointId"]
    wait_for("the endpoint", lambda: consumer.describe_vpc_endpoints(
        VpcEndpointIds=[endpoint])["VpcEndpoints"][0]["State"] == "available")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--postern", required=True)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        network(folder)
        serve(folder)
        with open(f"{folder}/postern.toml", "w") as file:
            file.write(CONFIGURATION.replace("STATE", f"{folder}/state"))
        with open(f"{folder}/log", "w") as log:
            postern = subprocess.Popen([options.postern, "run", "--config",
                                        f"{folder}/postern.toml"], stdout=log, stderr=log)
        try:
            wait_for("postern", lambda: os.path.exists(f"{folder}/state/listening.json"))
            before = subprocess.run(["curl", "-sS", "-m", "10", f"https://{DOMAIN}/"],
                                    capture_output=True, text=True)
            assert "Could not resolve host" in before.stderr, before.stderr
            make_endpoint(client("consumer"), prove_domain(client("provider")))
            Upstream.asked.clear()
            body = run("curl", "-sS", "-m", "10", "--cacert", f"{folder}/certificate",
                       f"https://{DOMAIN}/")
            assert body == f"hello from {DOMAIN}\n", body
            assert DOMAIN not in Upstream.asked, "our names never leave"
            body = run("curl", "-sS", "-m", "10", "http://www.public.test/")
            assert body == "hello from www.public.test\n", body
            assert "www.public.test" in Upstream.asked
            print(run("getent", "hosts", DOMAIN).strip())
        except BaseException:
            with open(f"{folder}/log") as log:
                print(log.read()[-4000:])
            raise
        finally:
            postern.kill()
            postern.wait()


if __name__ == "__main__":
    main()
