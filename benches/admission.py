#!/usr/bin/env python3
"""How long admission takes: warm at a steady rate, cold with a signature to be verified from a local
registry, with the registry away; and what an idle webhook weighs.

    cargo build --release -p plimsoll-cli && cargo build --release -p plimsoll-admission --example load
    benches/admission.py [--images 40] [--rate 500] [--seconds 30]

Needs `docker-registry` and `skopeo`. All is on 127.0.0.1.
"""
import argparse
import hashlib
import json
import os
import socket
import subprocess
import sys
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target")) / "release"
PLIMSOLL, LOAD = TARGET / "plimsoll", TARGET / "examples/load"


def free_port():
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return one.getsockname()[1]


def layout(folder, content):
    """An OCI layout of one image without layers, told apart by its label."""
    blobs = folder / "blobs/sha256"
    blobs.mkdir(parents=True)

    def blob(value):
        data = json.dumps(value).encode()
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    config = blob({"architecture": "amd64", "os": "linux", "config": {"Labels": {"n": content}},
                   "rootfs": {"type": "layers", "diff_ids": []}})
    manifest = blob({"schemaVersion": 2, "mediaType": "application/vnd.oci.image.manifest.v1+json",
                     "config": {"mediaType": "application/vnd.oci.image.config.v1+json", **config},
                     "layers": []})
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": "application/vnd.oci.image.manifest.v1+json", **manifest}]}
    (folder / "index.json").write_text(json.dumps(index))
    (folder / "oci-layout").write_text('{"imageLayoutVersion": "1.0.0"}')


def review(image, name):
    security = {"allowPrivilegeEscalation": False, "capabilities": {"drop": ["ALL"]}}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "shop",
           "labels": {f"label-{n}": "x" * 20 for n in range(10)}},
           "spec": {"securityContext": {"runAsNonRoot": True, "seccompProfile": {"type": "RuntimeDefault"}},
                    "containers": [{"name": f"c{n}", "image": image, "securityContext": security,
                                    "env": [{"name": f"V{v}", "value": "v"} for v in range(20)],
                                    "resources": {"limits": {"memory": "64Mi"}}} for n in range(2)]}}
    return {"apiVersion": "admission.k8s.io/v1", "kind": "AdmissionReview", "request": {
        "uid": name, "operation": "CREATE", "namespace": "shop", "name": name,
        "resource": {"group": "", "version": "v1", "resource": "pods"},
        "kind": {"group": "", "version": "v1", "kind": "Pod"},
        "userInfo": {"username": "dev"}, "object": pod}}


def resident(pid):
    status = Path(f"/proc/{pid}/status").read_text()
    return next(int(line.split()[1]) / 1024 for line in status.splitlines() if line.startswith("VmRSS"))


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--images", type=int, default=40)
    parser.add_argument("--rate", type=int, default=500)
    parser.add_argument("--seconds", type=int, default=30)
    wanted = parser.parse_args()
    for program in (PLIMSOLL, LOAD):
        if not program.exists():
            sys.exit(f"{program} is missing: build it first")
    with tempfile.TemporaryDirectory() as folder:
        print(json.dumps(measure(Path(folder), wanted), indent=1))


def measure(folder, wanted):
    host = f"127.0.0.1:{free_port()}"
    config = {"version": 0.1, "log": {"level": "error"}, "http": {"addr": host, "secret": "x"},
              "storage": {"filesystem": {"rootdirectory": str(folder / "data")}}}
    (folder / "registry.yml").write_text(json.dumps(config))
    quiet = {"stdout": subprocess.DEVNULL, "stderr": subprocess.DEVNULL}
    registry = subprocess.Popen(["docker-registry", "serve", folder / "registry.yml"], **quiet)
    environment = {**os.environ, "PLIMSOLL_KEY_PASSWORD": "pass", "PLIMSOLL_CACHE_DIR": str(folder / "cache")}
    plain = {"cwd": folder, "env": environment, "check": True, **quiet}
    webhook = None
    try:
        time.sleep(1)
        subprocess.run([PLIMSOLL, "key", "generate", "-o", "a"], **plain)
        images = []
        for number in range(wanted.images):
            layout(folder / f"layout{number}", str(number))
            image = f"{host}/team/app:{number}"
            subprocess.run(["skopeo", "--insecure-policy", "copy", "--dest-tls-verify=false",
                            f"oci:{folder / f'layout{number}'}", f"docker://{image}"], **plain)
            subprocess.run([PLIMSOLL, "sign", "--key", "a.key", "--insecure-registry", host, image], **plain)
            images.append(image)
        (folder / "policy.yaml").write_text(
            "apiVersion: plimsoll.dev/v1\nkind: ImagePolicy\nmetadata: {name: team}\nspec:\n"
            f"  images: [{{glob: '{host}/**'}}]\n  authorities: [{{name: a, key: {{file: a.pub}}}}]\n")
        (folder / "admit.yaml").write_text(
            "apiVersion: plimsoll.dev/v1\nkind: AdmissionSettings\nfailure: closed\n"
            "podSecurity: {mode: enforce}\nrules:\n- {severity: error, mode: enforce}\n"
            "- {severity: warning, mode: warn}\nimages:\n"
            f"  registries: {{allowed: ['{host}/**'], mode: enforce}}\n"
            "  signature: {policy: policy.yaml, mode: enforce}\n"
            "  cache: {tags: 1h}\n")
        (folder / "namespaces.yaml").write_text(
            "apiVersion: v1\nkind: Namespace\nmetadata:\n  name: shop\n  labels:\n"
            "    pod-security.kubernetes.io/enforce: restricted\n")
        port = free_port()
        webhook = subprocess.Popen(
            [PLIMSOLL, "kube", "admit", "--config", "admit.yaml", "--namespaces", "namespaces.yaml",
             "--listen", f"127.0.0.1:{port}", "--own-tls", "tls", "--insecure-registry", host],
            cwd=folder, env=environment, stderr=subprocess.DEVNULL)
        while not (folder / "tls/ca.crt").exists():
            time.sleep(0.05)
        time.sleep(0.5)
        idle = resident(webhook.pid)
        bodies = []
        for number, image in enumerate(images):
            path = folder / f"review{number}.json"
            path.write_text(json.dumps(review(image, f"web-{number}")))
            bodies.append(str(path))

        def load(rate, seconds, connections, some):
            done = subprocess.run([LOAD, f"https://127.0.0.1:{port}/validate?timeout=10s",
                                   folder / "tls/ca.crt", str(rate), str(seconds), str(connections), *some],
                                  check=True, capture_output=True, text=True)
            return json.loads(done.stdout)

        cold = load(0, 0, 1, bodies)
        warm = load(wanted.rate, wanted.seconds, 16, bodies)
        after = resident(webhook.pid)
        registry.kill()
        registry.wait()
        still = load(0, 0, 1, bodies)
        lost = folder / "lost.json"
        lost.write_text(json.dumps(review(f"{host}/team/other:1", "lost")))
        away = load(0, 0, 1, [str(lost)])
        return {"body_bytes": len(Path(bodies[0]).read_text()), "cold_signature": cold,
                f"warm_at_{wanted.rate}_per_second": warm, "known_images_with_registry_away": still,
                "unknown_image_with_registry_away": away,
                "idle_rss_mib": round(idle, 1), "rss_after_load_mib": round(after, 1)}
    finally:
        for process in (webhook, registry):
            if process:
                process.kill()
                process.wait()


if __name__ == "__main__":
    main()
