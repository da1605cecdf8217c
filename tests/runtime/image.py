"""A container image made on the spot: a static busybox and a page to serve, with no registry.

The result is an OCI image layout in a tar file (image-spec v1.0, image-layout.md), which both
`podman load` and `ctr images import` read.
"""

from __future__ import annotations

import gzip
import hashlib
import io
import json
import platform
import tarfile
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

REFERENCE = "localhost/cni-test:1"
PAGE = "hello from the container\n"

_BUSYBOX = Path("/bin/busybox")
_APPLETS = ("sh", "cat", "echo", "hostname", "httpd", "ip", "ls", "nc", "ping", "sleep", "wget")
# Podman stops a container by SIGTERM, which a first process gets only if it has a handler.
_WAIT = "#!/bin/sh\ntrap 'exit 0' TERM INT\nwhile :; do sleep 3600 & wait $!; done\n"
_ARCHITECTURES = {"x86_64": "amd64", "aarch64": "arm64"}
_MEDIA = "application/vnd.oci.image."


def write_image(path: Path, reference: str = REFERENCE) -> None:
    """Write the archive of an image of that name.  Its containers wait for SIGTERM by default."""
    layer = _archive(_files())
    blobs: dict[str, bytes] = {}
    config = {
        "architecture": _ARCHITECTURES.get(platform.machine(), platform.machine()),
        "os": "linux",
        "config": {"Cmd": ["/wait"], "Env": ["PATH=/bin"]},
        "rootfs": {"type": "layers", "diff_ids": [_digest(layer)]},
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": _MEDIA + "manifest.v1+json",
        "config": _add(blobs, _json(config), "config.v1+json"),
        "layers": [_add(blobs, gzip.compress(layer, compresslevel=1, mtime=0), "layer.v1.tar+gzip")],
    }
    entry = _add(blobs, _json(manifest), "manifest.v1+json")
    names = {
        "io.containerd.image.name": reference,
        "org.opencontainers.image.ref.name": reference.rpartition(":")[2],
    }
    members: dict[str, bytes | str | None] = {
        "oci-layout": _json({"imageLayoutVersion": "1.0.0"}),
        "index.json": _json({"schemaVersion": 2, "manifests": [{**entry, "annotations": names}]}),
        "blobs": None,
        "blobs/sha256": None,
        **blobs,
    }
    path.write_bytes(_archive(members.items()))


def _files() -> Iterable[tuple[str, bytes | str | None]]:
    """Give the root file system: text is the target of a link, None a directory."""
    yield from ((directory, None) for directory in ("bin", "etc", "tmp", "www"))
    yield "bin/busybox", _BUSYBOX.read_bytes()
    yield from ((f"bin/{applet}", "busybox") for applet in _APPLETS)
    yield "wait", _WAIT.encode()
    yield "etc/passwd", b"root:x:0:0:root:/:/bin/sh\n"
    yield "www/index.html", PAGE.encode()


def _archive(members: Iterable[tuple[str, bytes | str | None]]) -> bytes:
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.USTAR_FORMAT) as archive:
        for name, content in members:
            info = tarfile.TarInfo(name)
            info.mode = 0o755
            if content is None:
                info.type = tarfile.DIRTYPE
            elif isinstance(content, str):
                info.type, info.linkname = tarfile.SYMTYPE, content
            else:
                info.size = len(content)
            archive.addfile(info, io.BytesIO(content) if isinstance(content, bytes) else None)
    return buffer.getvalue()


def _add(blobs: dict[str, bytes], data: bytes, media: str) -> Mapping[str, object]:
    """Add a blob and return its descriptor."""
    digest = _digest(data)
    blobs[f"blobs/{digest.replace(':', '/')}"] = data
    return {"mediaType": _MEDIA + media, "digest": digest, "size": len(data)}


def _digest(data: bytes) -> str:
    return "sha256:" + hashlib.sha256(data).hexdigest()


def _json(value: object) -> bytes:
    return json.dumps(value).encode()
