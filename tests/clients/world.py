"""Builds the network that clients of other languages work in, and prints what is in it as JSON."""

import json

from gateway import *

w = World(acceptance=os.environ.get("POSTERN_ACCEPTANCE", "true") == "true")
print(json.dumps({
    "POSTERN_SERVICE": w.service_name,
    "POSTERN_SERVICE_ID": w.service,
    "POSTERN_VPC": w.vpc,
    "POSTERN_SUBNET": w.subnets[0],
}))
finish()
