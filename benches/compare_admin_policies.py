#!/usr/bin/env python3
"""Random clusters with policies of administrators: does policy-assistant come to the same?

policy-assistant is that of sigs.k8s.io/network-policy-api, `go build ./cmd/policy-assistant` in its
folder. Takes the number of clusters, and the program `plimsoll`, if it is not on the PATH.
"""

import json
import pathlib
import random
import subprocess
import sys
import tempfile

# Of one number alone, because policy-assistant finds the name of a port by its number; and it takes
# the protocol of a name from the name's end.
PORTS = [(80, "TCP"), (81, "TCP"), (82, "UDP")]


def selector(rng):
    return rng.choice([
        {},
        {"matchLabels": {"a": rng.choice("123")}},
        {"matchExpressions": [{"key": "a", "operator": "NotIn", "values": [rng.choice("12")]}]},
    ])


def who(rng):
    if rng.random() < 0.5:
        return {"namespaces": selector(rng)}
    return {"pods": {"namespaceSelector": selector(rng), "podSelector": selector(rng)}}


def as_it_was(policy):
    """The peers in the form of version 0.1.1 of the API, which policy-assistant is built with."""
    policy = json.loads(json.dumps(policy))
    if policy["kind"] == "NetworkPolicy":
        return policy
    for direction, field in [("ingress", "from"), ("egress", "to")]:
        for one in policy["spec"][direction]:
            for peer in one[field]:
                if "pods" in peer:
                    pods = peer["pods"]
                    pods["namespaces"] = {"namespaceSelector": pods.pop("namespaceSelector")}
                else:
                    peer["namespaces"] = {"namespaceSelector": peer["namespaces"]}
    return policy


def port(rng):
    sort = rng.randrange(3)
    if sort == 0:
        return {"portNumber": {"protocol": "TCP", "port": rng.choice([80, 81])}}
    if sort == 1:
        return {"portRange": {"protocol": rng.choice(["TCP", "UDP"]), "start": 80, "end": 82}}
    return {"namedPort": rng.choice(["x-tcp", "y-tcp", "x-udp", "y-udp"])}


def rule(rng, field, actions):
    peers = [who(rng) for _ in range(rng.randrange(1, 3))]
    made = {"action": rng.choice(actions), field: peers}
    if rng.random() < 0.5:
        made["ports"] = [port(rng) for _ in range(rng.randrange(1, 3))]
    return made


def policies(rng):
    made = []
    priorities = rng.sample(range(10), rng.randrange(4))
    for priority in [*priorities, None] if rng.random() < 0.6 else priorities:
        actions = ["Allow", "Deny"] + ([] if priority is None else ["Pass"])
        spec = {"subject": who(rng)}
        for direction, field in [("ingress", "from"), ("egress", "to")]:
            spec[direction] = [rule(rng, field, actions) for _ in range(rng.randrange(4))]
        if not spec["ingress"] and not spec["egress"]:
            continue
        if priority is not None:
            spec["priority"] = priority
        made.append({
            "apiVersion": "policy.networking.k8s.io/v1alpha1",
            "kind": "AdminNetworkPolicy" if priority is not None else "BaselineAdminNetworkPolicy",
            "metadata": {"name": f"p{priority}" if priority is not None else "default"},
            "spec": spec,
        })
    for number in range(rng.randrange(3)):
        peers = [{"namespaceSelector": selector(rng), "podSelector": selector(rng)}]
        direction, field = rng.choice([("ingress", "from"), ("egress", "to")])
        made.append({
            "apiVersion": "networking.k8s.io/v1",
            "kind": "NetworkPolicy",
            "metadata": {"name": f"n{number}", "namespace": rng.choice("mn")},
            "spec": {
                "podSelector": selector(rng),
                "policyTypes": [direction.capitalize()],
                direction: [{field: peers}],
            },
        })
    return made


def theirs(folder, namespaces, pods):
    probe = {
        "Probes": [{"Port": number, "Protocol": protocol} for number, protocol in PORTS],
        "Resources": {"Namespaces": namespaces, "Pods": pods},
    }
    (folder / "probe.json").write_text(json.dumps(probe))
    command = ["policy-assistant", "analyze", "--mode", "probe", "--policy-path", "policies",
               "--probe-path", "probe.json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    found, probes, part, head = {}, iter(PORTS), "", []
    for line in ran.stdout.splitlines():
        if line.endswith(":") and "|" not in line:
            part = line.strip(":")
            if part == "Ingress":
                now = next(probes)
        cells = [cell.strip() for cell in line.split("|")[1:-1]]
        if part == "Combined" and cells:
            if not cells[0]:
                head = [name.lower() for name in cells[1:]]
            else:
                for to, cell in zip(head, cells[1:]):
                    found[now, cells[0], to] = cell != "X"
    return found, ran


def ours(program, folder):
    ports = [word for number, protocol in PORTS for word in ("--port", f"{number}/{protocol}")]
    command = [program, "kube", "netpol", "matrix", "-o", "json", *ports, "all.json"]
    ran = subprocess.run(command, cwd=folder, capture_output=True, text=True, timeout=60)
    if ran.returncode:
        sys.exit(ran.stderr)
    return json.loads(ran.stdout)


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 100
    program = sys.argv[2] if len(sys.argv) > 2 else "plimsoll"
    asked = differ = 0
    for seed in range(count):
        rng = random.Random(seed)
        namespaces = {name: {"a": rng.choice("123")} for name in "mn"}
        pods = [
            {"Namespace": rng.choice("mn"), "Name": f"p{number}", "Labels": {"a": rng.choice("123")},
             "IP": f"10.0.0.{number}",
             "Containers": [{"Name": "c", "Port": port, "PortName": f"{rng.choice('xy')}-{protocol.lower()}",
                             "Protocol": protocol}
                            for port, protocol in PORTS]}
            for number in range(rng.randrange(2, 6))
        ]
        made = policies(rng)
        with tempfile.TemporaryDirectory() as name:
            folder = pathlib.Path(name)
            (folder / "policies").mkdir()
            for number, policy in enumerate(made):
                (folder / "policies" / f"{number}.yaml").write_text(json.dumps(as_it_was(policy)))
            objects = [
                {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name, "labels": labels}}
                for name, labels in namespaces.items()
            ] + [
                {"apiVersion": "v1", "kind": "Pod",
                 "metadata": {"namespace": pod["Namespace"], "name": pod["Name"], "labels": pod["Labels"]},
                 "spec": {"containers": [{"name": "c", "ports": [
                     {"containerPort": one["Port"], "name": one["PortName"], "protocol": one["Protocol"]}
                     for one in pod["Containers"]]}]},
                 "status": {"podIP": pod["IP"]}}
                for pod in pods
            ]
            everything = {"apiVersion": "v1", "kind": "List", "items": objects + made}
            (folder / "all.json").write_text(json.dumps(everything))
            known, ran = theirs(folder, namespaces, pods)
            if not made:
                continue
            if not known:
                print(f"{seed}: {ran.stderr[:300]} {ran.stderr[-200:]}")
                continue
            answer = ours(program, folder)
            reach = {
                ((one["port"], one["protocol"]), one["from"], one["to"]): one["allowed"]
                for one in answer["probes"]
            }
            for (port, source, to), allowed in known.items():
                asked += 1
                mine = reach[port, source, to]
                if mine != allowed and source != to:
                    differ += 1
                    print(f"{seed}: {source} → {to} {port}: we {mine}, they {allowed}")
                    if differ == 1:
                        print(json.dumps(everything, indent=1))
    print(f"{asked} asked, {differ} differ")


main()
