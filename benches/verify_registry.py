#!/usr/bin/env python3
"""Times `plimsoll verify` of many images in a registry on loopback, beside cosign.

    cargo build --release && benches/verify_registry.py [IMAGES]

The registries are Debian's docker-registry (`make test-tools`) and, where it is in the PATH or
~/go/bin, the one that crane serves (`go install .../go-containerregistry/cmd/crane@latest`): the
first takes more processor time for a request than the verifying of an image. cosign is taken from
the same places (`make sign-peers`), and without it only ours runs. Cosign verifies one image a
process, so it is run over some of them, one after the other.
"""
import hashlib
import http.client
import json
import os
import pathlib
import shutil
import socket
import statistics
import subprocess
import sys
import tempfile
import time

from paired import once

HERE = pathlib.Path(__file__).resolve().parent.parent
TARGET = pathlib.Path(os.environ.get("CARGO_TARGET_DIR", HERE / "target"))
PLIMSOLL = str(TARGET / "release" / "plimsoll")
RUNS = 5
COSIGN_IMAGES = 20
MANIFEST = "application/vnd.oci.image.manifest.v1+json"


def free_port():
    with socket.socket() as own:
        own.bind(("127.0.0.1", 0))
        return own.getsockname()[1]


def docker_registry(folder, host):
    config = {
        "version": 0.1,
        "log": {"level": "error", "accesslog": {"disabled": True}},
        # As in the configuration that Debian ships.
        "storage": {
            "cache": {"blobdescriptor": "inmemory"},
            "filesystem": {"rootdirectory": str(folder / "data")},
        },
        "http": {"addr": host, "secret": "for measuring"},
    }
    path = folder / "config.yml"
    path.write_text(json.dumps(config), encoding="utf-8")
    return ["serve", str(path)]


def crane(folder, host):
    return ["registry", "serve", "--address", host, "--disk", str(folder / "data")]


REGISTRIES = {"docker-registry": docker_registry, "crane": crane}


def start_registry(program, folder, host):
    (folder / "data").mkdir()
    process = subprocess.Popen(
        [program, *REGISTRIES[pathlib.Path(program).name](folder, host)],
        stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL,
    )
    name, port = host.split(":")
    for _ in range(500):
        try:
            socket.create_connection((name, int(port))).close()
            return process
        except OSError:
            time.sleep(0.02)
    raise SystemExit(f"{program} does not listen")


def request(connection, method, path, body=b"", kind="application/octet-stream"):
    connection.request(method, path, body, {"Content-Type": kind})
    answer = connection.getresponse()
    answer.read()
    if answer.status >= 300:
        raise SystemExit(f"{method} {path}: {answer.status}")
    return answer


def push(host, count):
    """Pushes as many images, each with a configuration of its own; their names."""
    connection = http.client.HTTPConnection(host)
    names = []

    def blob(repository, content):
        digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
        answer = request(connection, "POST", f"/v2/{repository}/blobs/uploads/")
        place = answer.getheader("Location").split(host, 1)[-1]
        request(connection, "PUT", f"{place}{'&' if '?' in place else '?'}digest={digest}", content)
        return {"digest": digest, "size": len(content)}

    for number in range(count):
        repository = f"bench/app{number % 50}"
        config = json.dumps({"architecture": "amd64", "os": "linux", "author": str(number)}).encode()
        manifest = json.dumps({
            "schemaVersion": 2,
            "mediaType": MANIFEST,
            "config": {
                "mediaType": "application/vnd.oci.image.config.v1+json", **blob(repository, config)
            },
            "layers": [],
        }).encode()
        request(connection, "PUT", f"/v2/{repository}/manifests/{number}", manifest, MANIFEST)
        names.append(f"{host}/{repository}:{number}")
    return names


def processor_seconds(process):
    fields = pathlib.Path(f"/proc/{process.pid}/stat").read_text(encoding="utf-8").rsplit(")")[-1].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def timed(registry, command, folder):
    """One run, with the processor time that the registry spent meanwhile as its last figure."""
    before = processor_seconds(registry)
    return (*once(command, folder), processor_seconds(registry) - before)


def report(what, name, figures, images):
    wall, processor, memory, registry = (statistics.median(column) for column in zip(*figures))
    print(
        f"{what:<28} {name:<10} {images / wall:8.0f} images/s {wall * 1000 / images:8.2f} ms "
        f"{processor * 1000 / images:8.2f} ms cpu {memory:6.0f} MB "
        f"{registry * 1000 / images:8.2f} ms cpu of the registry"
    )


def measure(program, cosign, count):
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        host = f"127.0.0.1:{free_port()}"
        registry = start_registry(program, folder, host)
        os.environ.update(PLIMSOLL_KEY_PASSWORD="pass", PLIMSOLL_CACHE_DIR=str(folder / "cache"))
        try:
            images = push(host, count)
            (folder / "images.txt").write_text("\n".join(images), encoding="utf-8")
            run = lambda *command: subprocess.run(
                command, cwd=folder, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
            )
            run(PLIMSOLL, "key", "generate", "-o", "key")
            allow = ["--insecure-registry", host]
            run(PLIMSOLL, "sign", "--key", "key.key", *allow, *images)
            verify = [PLIMSOLL, "verify", "--key", "key.pub", *allow, "--images-from", "images.txt"]
            run(*verify)
            report("verify", "plimsoll", [timed(registry, verify, folder) for _ in range(RUNS)], count)
            keep = [*verify, "--keep", "1h"]
            run(*keep)
            report("verify, kept", "plimsoll", [timed(registry, keep, folder) for _ in range(RUNS)], count)
            if cosign:
                flags = ["--key", "key.pub", "--insecure-ignore-tlog", "--allow-insecure-registry"]
                one = lambda image: timed(registry, [cosign, "verify", *flags, image], folder)
                report("verify", "cosign", [one(image) for image in images[:COSIGN_IMAGES]], 1)
        finally:
            registry.terminate()


def main():
    count = int(sys.argv[1]) if len(sys.argv) > 1 else 1000
    places = os.pathsep.join([os.environ["PATH"], os.path.expanduser("~/go/bin")])
    found = lambda name: shutil.which(name, path=places)
    for name in REGISTRIES:
        print(f"{name}:")
        if program := found(name):
            measure(program, found("cosign"), count)
        else:
            print(f"skipped: {name} is not installed")


if __name__ == "__main__":
    main()
