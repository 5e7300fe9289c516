#!/usr/bin/env python3
"""Writes an image whose one layer has COUNT files of ten bytes, without a file on disk for each.

many_files.py docker.tar|oci-gzip COUNT OUT
"""

import hashlib
import io
import json
import os
import pathlib
import sys
import tarfile
import zlib

PER_FOLDER = 1000


def header(name, size, kind):
    info = tarfile.TarInfo(name)
    info.size, info.mode = size, 0o755 if kind == tarfile.DIRTYPE else 0o644
    info.type = kind
    return info.tobuf(tarfile.USTAR_FORMAT)


def entries(count):
    """The layer's tar in pieces of a folder each.

    Only the digits of a name and the checksum differ from file to file, so a header is put
    together from bytes that stand once.
    """
    model = header("data/0000/file-000", 10, tarfile.REGTYPE)
    checksum = int(model[148:154], 8)
    tail = model[156:] + b"ten bytes\n" + bytes(502)
    middle = model[100:148]
    digits = [(f"{n:03}".encode(), sum(map(int, f"{n:03}"))) for n in range(PER_FOLDER)]
    for folder in range(count // PER_FOLDER):
        path = f"data/{folder:04}/"
        yield header(path, 0, tarfile.DIRTYPE)
        start = path.encode() + b"file-"
        base = checksum + sum(map(int, f"{folder:04}"))
        pad = bytes(100 - len(start) - 3)
        yield b"".join(
            b"".join((start, text, pad, middle, b"%06o\0 " % (base + extra), tail))
            for text, extra in digits
        )
    yield bytes(1024)


def plain(count, path):
    """Writes the layer as it is; answers its digest."""
    digest = hashlib.sha256()
    with open(path, "wb") as file:
        for piece in entries(count):
            digest.update(piece)
            file.write(piece)
    return digest.hexdigest()


def gzipped(count, path):
    """Writes the layer in gzip; answers its digest and that of what is inside."""
    inside, outside = hashlib.sha256(), hashlib.sha256()
    pack = zlib.compressobj(6, zlib.DEFLATED, 31)
    with open(path, "wb") as file:
        def put(data):
            outside.update(data)
            file.write(data)
        for piece in entries(count):
            inside.update(piece)
            put(pack.compress(piece))
        put(pack.flush())
    return outside.hexdigest(), inside.hexdigest()


def config(diff_id):
    return json.dumps({
        "architecture": "amd64", "os": "linux", "created": "2026-01-01T00:00:00Z",
        "config": {}, "rootfs": {"type": "layers", "diff_ids": [f"sha256:{diff_id}"]},
        "history": [{"created": "2026-01-01T00:00:00Z", "created_by": "COPY data /data"}],
    }).encode()


def docker_archive(count, out):
    layer = out.with_suffix(".layer")
    diff_id = plain(count, layer)
    text = config(diff_id)
    name = hashlib.sha256(text).hexdigest()
    manifest = [{"Config": f"{name}.json", "RepoTags": ["bench/many:latest"],
                 "Layers": [f"{diff_id}/layer.tar"]}]
    with tarfile.open(out, "w") as tar:
        tar.add(layer, f"{diff_id}/layer.tar")
        for file, data in ((f"{name}.json", text), ("manifest.json", json.dumps(manifest).encode())):
            info = tarfile.TarInfo(file)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    layer.unlink()


def oci_layout(count, out):
    blobs = out / "blobs/sha256"
    blobs.mkdir(parents=True)
    digest, diff_id = gzipped(count, blobs / "partial")
    os.rename(blobs / "partial", blobs / digest)

    def blob(data):
        name = hashlib.sha256(data).hexdigest()
        (blobs / name).write_bytes(data)
        return {"digest": f"sha256:{name}", "size": len(data)}

    kind = "application/vnd.oci.image."
    manifest = json.dumps({
        "schemaVersion": 2, "mediaType": f"{kind}manifest.v1+json",
        "config": {"mediaType": f"{kind}config.v1+json"} | blob(config(diff_id)),
        "layers": [{"mediaType": f"{kind}layer.v1.tar+gzip", "digest": f"sha256:{digest}",
                    "size": (blobs / digest).stat().st_size}],
    }).encode()
    index = {"schemaVersion": 2, "manifests": [
        {"mediaType": f"{kind}manifest.v1+json",
         "platform": {"os": "linux", "architecture": "amd64"}} | blob(manifest)]}
    (out / "index.json").write_text(json.dumps(index))
    (out / "oci-layout").write_text('{"imageLayoutVersion":"1.0.0"}')


form, count, out = sys.argv[1], int(sys.argv[2]), pathlib.Path(sys.argv[3])
(docker_archive if form == "docker.tar" else oci_layout)(count, out)
