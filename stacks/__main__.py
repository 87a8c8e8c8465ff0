"""One spec, one stack: `pulumi up -s local`."""

import pulumi

import trimaran

stack = trimaran.MLStack("flights", trimaran.load("flights.yaml"))

pulumi.export("endpoint", stack.url)
pulumi.export("release", stack.release)
pulumi.export("report", stack.report_url)
