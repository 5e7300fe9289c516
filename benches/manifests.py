#!/usr/bin/env python3
"""Manifests beside the peers: linting many of them (kube-score), and reachability of all pairs of pods
(cyclonus).

    benches/manifests.py PLIMSOLL [--count 10000] [--only lint|reach]

Peers, by Go, are looked for on the PATH; without one only Plimsoll is measured:
`go install github.com/zegl/kube-score/cmd/kube-score@latest`,
`go install github.com/mattfenwick/cyclonus/cmd/cyclonus@latest`.
"""
import argparse
import json
import os
import random
import shutil
import statistics
import subprocess
import tempfile
import time
from pathlib import Path


def deployment(number):
    """A workload as teams write them: some of it good, some not."""
    bad = number % 3 == 0
    container = {
        "name": "app", "image": f"registry.example/team/app-{number % 50}:{'latest' if bad else '1.4.2'}",
        "ports": [{"containerPort": 8080}],
        "env": [{"name": f"SETTING_{at}", "value": f"value {at}"} for at in range(12)],
        "resources": {"requests": {"cpu": "100m", "memory": "128Mi"}, "limits": {"memory": "256Mi"}},
    }
    if not bad:
        container["securityContext"] = {"allowPrivilegeEscalation": False, "readOnlyRootFilesystem": True,
                                        "runAsNonRoot": True, "capabilities": {"drop": ["ALL"]}}
        container["livenessProbe"] = {"httpGet": {"path": "/live", "port": 8080}}
        container["readinessProbe"] = {"httpGet": {"path": "/ready", "port": 8080}}
    labels = {"app": f"app-{number}"}
    return {"apiVersion": "apps/v1", "kind": "Deployment",
            "metadata": {"name": f"app-{number}", "namespace": f"team-{number % 40}", "labels": labels},
            "spec": {"replicas": 2, "selector": {"matchLabels": labels},
                     "template": {"metadata": {"labels": labels}, "spec": {"containers": [container]}}}}


def timed(command, rounds=1):
    """Seconds (the median) and the most memory in MiB."""
    seconds, memory = [], 0
    for _ in range(rounds):
        begun = time.perf_counter()
        process = subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        said = process.stderr.read()
        _, status, usage = os.wait4(process.pid, 0)
        # Findings end some of these programs with 1.
        if os.waitstatus_to_exitcode(status) not in (0, 1) or b"level=fatal" in said:
            raise SystemExit(f"{command[0]}: {said.decode()[-500:]}")
        seconds.append(time.perf_counter() - begun)
        memory = max(memory, usage.ru_maxrss // 1024)
    return statistics.median(seconds), memory


def told(what, ours, peer, name):
    print(f"{what}: {ours[0]:.2f} s, {ours[1]} MiB", end="")
    if peer:
        print(f"; {name} {peer[0]:.2f} s, {peer[1]} MiB: {peer[0] / ours[0]:.0f} times as fast", end="")
    print(flush=True)


def lint(plimsoll, count):
    with tempfile.TemporaryDirectory() as folder:
        files = []
        for number in range(count):
            path = Path(folder, f"app-{number}.yaml")
            path.write_text(json.dumps(deployment(number), indent=1))
            files.append(str(path))
        ours = timed([plimsoll, "kube", "lint", "-o", "json", folder], 3)
        peer = None
        if shutil.which("kube-score"):
            peer = timed(["kube-score", "score", "-o", "json", *files])
        told(f"lint {count} manifests", ours, peer, "kube-score")


def reach(plimsoll, namespaces, pods, policies, ports, peer=True):
    rng = random.Random(7)
    names = [f"ns{at}" for at in range(namespaces)]
    model = {"Namespaces": {}, "Pods": []}
    objects = []
    for name in names:
        objects.append({"apiVersion": "v1", "kind": "Namespace",
                        "metadata": {"name": name, "labels": {"ns": name}}})
        for at in range(pods):
            labels = {"pod": f"p{at}", "tier": f"t{at % 4}"}
            ip = f"10.{rng.randrange(256)}.{rng.randrange(256)}.{rng.randrange(1, 255)}"
            containers = [{"name": f"c{port}", "image": "registry.example/app:1",
                           "ports": [{"containerPort": 8000 + port, "protocol": "TCP"}]}
                          for port in range(ports)]
            objects.append({"apiVersion": "v1", "kind": "Pod",
                            "metadata": {"name": f"p{at}", "namespace": name, "labels": labels},
                            "spec": {"containers": containers}, "status": {"podIP": ip}})
            model["Pods"].append({
                "Namespace": name, "Name": f"p{at}", "Labels": labels, "IP": ip, "ServiceIP": ip,
                "Containers": [{"Name": f"c{port}", "Port": 8000 + port, "Protocol": "TCP", "PortName": ""}
                               for port in range(ports)]})
        model["Namespaces"][name] = {"ns": name}
    rules = []
    for at in range(policies):
        rules.append({"apiVersion": "networking.k8s.io/v1", "kind": "NetworkPolicy",
                      "metadata": {"name": f"policy{at}", "namespace": rng.choice(names)},
                      "spec": {"podSelector": {"matchLabels": {"tier": f"t{rng.randrange(4)}"}},
                               "policyTypes": ["Ingress"],
                               "ingress": [{"from": [{"namespaceSelector": {"matchLabels": {"ns": rng.choice(names)}}}],
                                            "ports": [{"protocol": "TCP", "port": 8000 + rng.randrange(ports)}]}]}})
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "cluster.json").write_text(
            json.dumps({"apiVersion": "v1", "kind": "List", "items": objects}))
        Path(folder, "policies").mkdir()
        for at, rule in enumerate(rules):
            Path(folder, f"policies/{at}.yaml").write_text(json.dumps(rule))
        ours = timed([plimsoll, "kube", "netpol", "matrix", "-o", "json", f"{folder}/cluster.json",
                      f"{folder}/policies"], 3)
        other = None
        if peer and shutil.which("cyclonus"):
            probe = {"Resources": model, "Probes": [
                {"Port": 8000 + port, "Protocol": "TCP"} for port in range(ports)]}
            Path(folder, "probe.json").write_text(json.dumps(probe))
            other = timed(["cyclonus", "analyze", "--mode", "probe", "--policy-path", f"{folder}/policies",
                           "--probe-path", f"{folder}/probe.json"])
        told(f"all pairs of {namespaces * pods} pods, {policies} policies, {ports} ports", ours, other,
             "cyclonus")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("plimsoll")
    parser.add_argument("--count", type=int, default=10_000)
    parser.add_argument("--only", choices=["lint", "reach"])
    options = parser.parse_args()
    if options.only != "reach":
        lint(options.plimsoll, options.count)
    if options.only != "lint":
        reach(options.plimsoll, 5, 20, 50, 3)
        reach(options.plimsoll, 10, 40, 100, 3)


if __name__ == "__main__":
    main()
