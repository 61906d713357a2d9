"""Stock clients, which wait and try again, get everything done at a gateway that throttles them.

The gateway's rates are far below what is asked of it (tests/tests/clients.rs).
"""

import concurrent.futures

from gateway import *

CALLS = 60
retries = {}


def counted(account, service, **options):
    """A client whose answers are counted by how often they were tried."""
    made = client(account, service, **options)

    def count(parsed, **_):
        tries = parsed["ResponseMetadata"]["RetryAttempts"]
        retries[service] = retries.get(service, 0) + tries

    made.meta.events.register(f"after-call.{service}", count)
    return made


bare = client(PROVIDER)
codes = [code_of(bare.describe_vpcs) for _ in range(CALLS)]
assert "RequestLimitExceeded" in codes, "nothing was throttled"
bare = client(PROVIDER, "elbv2")
codes = [code_of(bare.describe_load_balancers) for _ in range(CALLS)]
assert "Throttling" in codes, "nothing was throttled"

with concurrent.futures.ThreadPoolExecutor(4) as pool:
    for mode in ("legacy", "standard"):
        options = {"retries": {"mode": mode, "total_max_attempts": 12}}
        ec2, elb = (counted(PROVIDER, service, **options) for service in ("ec2", "elbv2"))
        calls = [pool.submit(call) for _ in range(CALLS // 2)
                 for call in (ec2.describe_vpcs, elb.describe_load_balancers)]
        assert all(call.result() for call in calls)
print(f"retries: {retries}")
assert retries.get("ec2", 0) > 0 and retries.get("elbv2", 0) > 0, f"nobody had to wait: {retries}"
finish()
