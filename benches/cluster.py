#!/usr/bin/env python3
"""How long `plimsoll kube scan` takes of a real API server with many pods, and the memory that it has.

    cargo build --release -p plimsoll-cli
    benches/cluster.py [--pods 100000] [--workloads 2000] [--rounds 3]

Needs `kube-apiserver` (`make kube-peers`) and `etcd`. All is on 127.0.0.1, and gone at the end. Pods
are made through the API server, which has its usual defaults; each workload has an image of its own.
With `--dump FILE` what the API server lists is kept as `kubectl get -o json` prints it.
"""
import argparse
import base64
import http.client
import json
import multiprocessing
import os
import secrets
import shutil
import socket
import ssl
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
NAMESPACES = 100
NODES = 5_000
PROCESSES = 4


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


class Server:
    """One connection to the API server."""

    def __init__(self, port, token):
        self.port, self.token = port, token
        self.connect()

    def connect(self):
        context = ssl._create_unverified_context()
        self.connection = http.client.HTTPSConnection("127.0.0.1", self.port, context=context,
                                                      timeout=60)

    def ask(self, method, path, body=None):
        kind = "application/merge-patch+json" if method == "PATCH" else "application/json"
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": kind}
        for attempt in range(5):
            try:
                text = None if body is None else json.dumps(body)
                self.connection.request(method, path, text, headers)
                answer = self.connection.getresponse()
                data = answer.read()
                if answer.status != 429:
                    return answer.status, data
            except OSError:
                self.connect()
            time.sleep(attempt)
        raise SystemExit(f"{method} {path}: no answer")

    def make(self, path, body):
        status, data = self.ask("POST", path, body)
        if status not in (200, 201, 409):
            raise SystemExit(f"{path}: {status} {data[:400]}")
        return json.loads(data)


def template(number):
    name = f"app-{number}"
    image = f"registry.invalid/team/{name}:1.{number % 17}"
    limits = {"cpu": "500m", "memory": "256Mi"}
    probe = {"httpGet": {"path": "/healthz", "port": 8080}, "periodSeconds": 10}
    main = {
        "name": "app", "image": image, "args": ["serve", "--port=8080"],
        "env": [{"name": f"SETTING_{at}", "value": f"value-of-{at}-{number}"} for at in range(16)],
        "ports": [{"name": "http", "containerPort": 8080}],
        "resources": {"limits": limits, "requests": limits},
        "livenessProbe": probe, "readinessProbe": probe,
        "securityContext": {"runAsNonRoot": True, "allowPrivilegeEscalation": number % 3 == 0,
                            "capabilities": {"drop": ["ALL"]}},
        "volumeMounts": [{"name": "data", "mountPath": "/data"}]}
    return {
        "metadata": {"labels": {"app": name, "team": f"team-{number % NAMESPACES}"}},
        "spec": {"serviceAccountName": "app", "containers": [main],
                 "volumes": [{"name": "data", "emptyDir": {}}]}}


def home(number):
    return f"team-{number % NAMESPACES}"


def fill(port, token, pods, workloads, part):
    """Makes every PROCESSES-th pod."""
    server = Server(port, token)
    for number in range(part, pods, PROCESSES):
        app = number % workloads
        pod = template(app)
        pod["metadata"] |= {
            "name": f"app-{app}-{number}", "namespace": home(app), "ownerReferences": [{
                "apiVersion": "apps/v1", "kind": "ReplicaSet", "controller": True,
                "name": f"app-{app}-1", "uid": f"{app:08d}-0000-4000-8000-000000000000"}]}
        pod["spec"]["nodeName"] = f"node-{number % NODES}"
        server.make(f"/api/v1/namespaces/{home(app)}/pods",
                    {"apiVersion": "v1", "kind": "Pod", **pod})


def around(server, workloads):
    """All that is no pod."""
    for number in range(NODES):
        name = f"node-{number}"
        server.make("/api/v1/nodes", {"apiVersion": "v1", "kind": "Node", "metadata": {"name": name}})
        info = {key: "" for key in ("bootID", "machineID", "systemUUID")} | {
            "architecture": "amd64", "operatingSystem": "linux", "kernelVersion": "6.12.48",
            "osImage": "Debian GNU/Linux 13 (trixie)", "kubeletVersion": "v1.37.1",
            "kubeProxyVersion": "v1.37.1", "containerRuntimeVersion": "containerd://2.1.4"}
        address = f"10.{number // 250}.{number % 250}.1"
        status, data = server.ask("PATCH", f"/api/v1/nodes/{name}/status", {"status": {
            "nodeInfo": info, "addresses": [{"type": "InternalIP", "address": address}]}})
        if status != 200:
            raise SystemExit(f"{name}: {status} {data[:400]}")
    for number in range(NAMESPACES):
        name = home(number)
        server.make("/api/v1/namespaces", {"apiVersion": "v1", "kind": "Namespace", "metadata": {
            "name": name, "labels": {"pod-security.kubernetes.io/enforce": "baseline"}}})
        server.make(f"/apis/networking.k8s.io/v1/namespaces/{name}/networkpolicies", {
            "metadata": {"name": "closed"},
            "spec": {"podSelector": {}, "policyTypes": ["Ingress"], "ingress": [
                {"from": [{"podSelector": {}}]}]}})
    for number in range(workloads):
        name, place = f"app-{number}", home(number)
        spec = {"replicas": 1, "selector": {"matchLabels": {"app": name}},
                "template": template(number)}
        apps = f"/apis/apps/v1/namespaces/{place}"
        made = server.make(f"{apps}/deployments", {"metadata": {"name": name}, "spec": spec})
        owner = {"apiVersion": "apps/v1", "kind": "Deployment", "controller": True, "name": name,
                 "uid": made["metadata"].get("uid", "u")}
        server.make(f"{apps}/replicasets", {
            "metadata": {"name": f"{name}-1", "ownerReferences": [owner]}, "spec": spec})
        server.make(f"/api/v1/namespaces/{place}/services", {
            "metadata": {"name": name}, "spec": {
                "type": "NodePort" if number % 50 == 0 else "ClusterIP",
                "selector": {"app": name}, "ports": [{"port": 80, "targetPort": 8080}]}})


def start(work, etcd_port, port, token):
    store = f"http://127.0.0.1:{etcd_port}"
    subprocess.run(["openssl", "genrsa", "-out", work / "key", "2048"], check=True,
                   capture_output=True)
    (work / "tokens").write_text(f"{token},admin,1,system:masters\n")
    etcd = subprocess.Popen(
        ["etcd", "--data-dir", work / "etcd", "--unsafe-no-fsync",
         "--quota-backend-bytes", str(16 << 30),
         "--listen-client-urls", store, "--advertise-client-urls", store,
         "--listen-peer-urls", f"http://127.0.0.1:{free_port()}"],
        stdout=open(work / "etcd.log", "wb"), stderr=subprocess.STDOUT)
    api = subprocess.Popen(
        ["kube-apiserver", "--etcd-servers", store, "--bind-address", "127.0.0.1",
         "--secure-port", str(port), "--cert-dir", work / "certificates",
         "--service-account-issuer", "https://kubernetes.default.svc",
         "--service-account-key-file", work / "key",
         "--service-account-signing-key-file", work / "key",
         "--service-cluster-ip-range", "10.0.0.0/16", "--token-auth-file", work / "tokens",
         "--authorization-mode", "RBAC", "--endpoint-reconciler-type", "none",
         "--service-node-port-range", "20000-40000",
         "--disable-admission-plugins", "ServiceAccount,PodSecurity,LimitRanger,ResourceQuota",
         "--enable-priority-and-fairness=false", "--max-mutating-requests-inflight", "1000"],
        stdout=open(work / "api.log", "wb"), stderr=subprocess.STDOUT)
    return [api, etcd]


def wait(port, token):
    end = time.monotonic() + 120
    while time.monotonic() < end:
        try:
            if Server(port, token).ask("GET", "/readyz")[0] == 200:
                return
        except (OSError, SystemExit):
            pass
        time.sleep(0.5)
    raise SystemExit("the API server does not start")


def measure(command, work):
    """Seconds, seconds of processors, and bytes of peak memory."""
    peak = work / "peak"
    begin = time.perf_counter()
    ran = subprocess.run(["/usr/bin/time", "-f", "%U %S %M", "-o", peak, *command],
                         capture_output=True, env={"HOME": str(work), "PATH": os.environ["PATH"]})
    seconds = time.perf_counter() - begin
    if ran.returncode != 0:
        raise SystemExit(f"{command}: {ran.returncode}\n{ran.stderr.decode()}")
    user, system, kib = peak.read_text().split()[-3:]
    return seconds, float(user) + float(system), int(kib) * 1024, ran.stdout


def dump(server, file):
    with open(file, "w") as out:
        out.write('{"apiVersion": "v1", "kind": "List", "items": [\n')
        first = True
        for path, kind, version in [
                ("/api/v1/namespaces", "Namespace", "v1"), ("/api/v1/nodes", "Node", "v1"),
                ("/api/v1/services", "Service", "v1"),
                ("/apis/networking.k8s.io/v1/networkpolicies", "NetworkPolicy",
                 "networking.k8s.io/v1"),
                ("/apis/apps/v1/deployments", "Deployment", "apps/v1"),
                ("/apis/apps/v1/replicasets", "ReplicaSet", "apps/v1"), ("/api/v1/pods", "Pod", "v1")]:
            more = ""
            while True:
                page = json.loads(server.ask("GET", f"{path}?limit=500{more}")[1])
                for item in page["items"]:
                    item["metadata"].pop("managedFields", None)
                    out.write("" if first else ",\n")
                    out.write(json.dumps({"apiVersion": version, "kind": kind, **item}, indent=1))
                    first = False
                more = page["metadata"].get("continue")
                if not more:
                    break
                more = f"&continue={more}"
        out.write("]}\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--pods", type=int, default=100_000)
    parser.add_argument("--workloads", type=int, default=2_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--dump")
    parser.add_argument("--program", default=TARGET / "release/plimsoll")
    options = parser.parse_args()
    for needed in ["kube-apiserver", "etcd", "openssl"]:
        if not shutil.which(needed):
            sys.exit(f"there is no {needed}")
    work = Path(tempfile.mkdtemp(prefix="cluster-"))
    token, etcd_port, port = secrets.token_hex(16), free_port(), free_port()
    running = start(work, etcd_port, port, token)
    try:
        wait(port, token)
        begin = time.perf_counter()
        around(Server(port, token), options.workloads)
        parts = [multiprocessing.Process(
            target=fill, args=(port, token, options.pods, options.workloads, part))
            for part in range(PROCESSES)]
        for part in parts:
            part.start()
        for part in parts:
            part.join()
        if any(part.exitcode for part in parts):
            sys.exit("not all pods could be made")
        print(f"{options.pods} pods made in {time.perf_counter() - begin:.0f} s", flush=True)
        if options.dump:
            dump(Server(port, token), options.dump)
        authority = base64.b64encode((work / "certificates/apiserver.crt").read_bytes()).decode()
        config = work / "kubeconfig"
        config.write_text(json.dumps({
            "apiVersion": "v1", "kind": "Config", "current-context": "made",
            "clusters": [{"name": "made", "cluster": {
                "server": f"https://127.0.0.1:{port}", "certificate-authority-data": authority}}],
            "users": [{"name": "made", "user": {"token": token}}],
            "contexts": [{"name": "made", "context": {"cluster": "made", "user": "made"}}]}))
        command = [options.program, "kube", "scan", "--skip-images", "-o", "json",
                   "--kubeconfig", config]
        times = []
        for _ in range(options.rounds):
            seconds, processors, peak, printed = measure(command, work)
            found = json.loads(printed)
            if found["objects"].get("Pod") != options.pods or found["missing"]:
                sys.exit(f"not all was seen: {found['objects']} {found['missing']}")
            times.append(seconds)
            print(f"{seconds:.1f} s, {processors:.1f} s of processors, {peak >> 20} MiB; "
                  f"{len(found['workloads'])} workloads, {len(found['images'])} images", flush=True)
        print(f"median {statistics.median(times):.1f} s")
    finally:
        for child in running:
            child.terminate()
        for child in running:
            child.wait()
        shutil.rmtree(work, ignore_errors=True)


if __name__ == "__main__":
    main()
