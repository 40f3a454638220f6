#!/usr/bin/env python3
"""Adds the small images to an OCI layout: busybox in several forms, and `odd`.

The layers are written entry by entry: they hold what no file system here has to support.
"""

import gzip
import hashlib
import io
import json
import os
import platform
import subprocess
import sys
import tarfile
import tempfile

TIME = 1_600_000_000
TAR_TYPE = "application/vnd.oci.image.layer.v1.tar"
MANIFEST_TYPE = "application/vnd.oci.image.manifest.v1+json"
INDEX_TYPE = "application/vnd.oci.image.index.v1+json"
CONFIG_TYPE = "application/vnd.oci.image.config.v1+json"
PATH = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
HOST_ARCH = {"x86_64": "amd64", "aarch64": "arm64"}.get(platform.machine(), platform.machine())


class Layer:
    """A layer tar under construction; names are bytes, or str for UTF-8."""

    def __init__(self):
        self.tar = io.BytesIO()

    def add(self, name, kind=tarfile.REGTYPE, data=b"", mode=0o644, uid=0, gid=0, mtime=TIME,
            link="", device=(0, 0), pax=None, form=tarfile.PAX_FORMAT):
        info = tarfile.TarInfo(os.fsdecode(name))
        info.type, info.mode, info.uid, info.gid, info.mtime = kind, mode, uid, gid, mtime
        info.linkname, info.size = os.fsdecode(link), len(data)
        info.devmajor, info.devminor = device
        info.pax_headers = pax or {}
        self.tar.write(info.tobuf(form, "utf-8", "surrogateescape"))
        self.tar.write(data + b"\0" * (-len(data) % 512))

    def directory(self, name, mode=0o755, **more):
        self.add(name, tarfile.DIRTYPE, mode=mode, **more)

    def symlink(self, name, target, **more):
        self.add(name, tarfile.SYMTYPE, link=target, mode=0o777, **more)

    def hardlink(self, name, target, **more):
        self.add(name, tarfile.LNKTYPE, link=target, **more)

    def sparse(self, name):
        """A file of 1 MiB with 4 KiB of data at 512 KiB, in the sparse format of POSIX tars.

        The older format of GNU tar is unknown to the tools that unpack images.
        """
        with tempfile.TemporaryDirectory() as scratch:
            with open(os.path.join(scratch, "sparse"), "wb") as file:
                file.truncate(1 << 20)
                file.seek(512 << 10)
                file.write(b"data" * 1024)
            tar = subprocess.run(
                ["tar", "--create", "--sparse", "--format=posix", "--owner=0", "--group=0",
                 "--numeric-owner", "--mode=644", f"--mtime=@{TIME}", "--blocking-factor=1",
                 "--pax-option=delete=atime,delete=ctime",
                 f"--transform=s,.*,{name},", "sparse"],
                cwd=scratch, check=True, stdout=subprocess.PIPE).stdout
        end = b"\0" * 1024
        assert tar.endswith(end)
        self.tar.write(tar[:-len(end)])

    def bytes(self):
        return self.tar.getvalue() + b"\0" * 1024


class Layout:
    def __init__(self, directory):
        self.directory = directory
        with open(self.path("index.json")) as file:
            self.index = json.load(file)
        self.index["manifests"] = self.index["manifests"] or []

    def path(self, *names):
        return os.path.join(self.directory, *names)

    def blob(self, media_type, content):
        digest = hashlib.sha256(content).hexdigest()
        with open(self.path("blobs", "sha256", digest), "wb") as file:
            file.write(content)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(content)}

    def json_blob(self, media_type, value):
        return self.blob(media_type, json.dumps(value, separators=(",", ":")).encode())

    def image(self, layers, config, compression="gzip", arch=HOST_ARCH):
        """Writes an image and returns the descriptor of its manifest."""
        diff_ids, descriptors = [], []
        for layer in layers:
            diff_ids.append("sha256:" + hashlib.sha256(layer).hexdigest())
            if compression == "gzip":
                descriptors.append(self.blob(TAR_TYPE + "+gzip", gzip.compress(layer, mtime=0)))
            elif compression == "zstd":
                packed = subprocess.run(["zstd", "-q", "-c"], input=layer, check=True,
                                        stdout=subprocess.PIPE).stdout
                descriptors.append(self.blob(TAR_TYPE + "+zstd", packed))
            else:
                descriptors.append(self.blob(TAR_TYPE, layer))
        created = "2020-09-13T12:26:40Z"
        return self.json_blob(MANIFEST_TYPE, {
            "schemaVersion": 2,
            "mediaType": MANIFEST_TYPE,
            "config": self.json_blob(CONFIG_TYPE, {
                "created": created,
                "architecture": arch,
                "os": "linux",
                "config": config,
                "rootfs": {"type": "layers", "diff_ids": diff_ids},
                "history": [{"created": created, "created_by": "test"} for _ in layers],
            }),
            "layers": descriptors,
        })

    def tag(self, name, descriptor):
        named = {**descriptor, "annotations": {"org.opencontainers.image.ref.name": name}}
        self.index["manifests"].append(named)

    def write(self):
        with open(self.path("index.json"), "w") as file:
            json.dump(self.index, file)


def busybox():
    with open("/bin/busybox", "rb") as file:
        program = file.read()
    layer = Layer()
    for name in ("bin", "etc", "dev", "proc", "sys", "root", "home"):
        layer.directory(name + "/", mode=0o700 if name == "root" else 0o755)
    layer.directory("home/app/", uid=1000, gid=1000)
    layer.directory("tmp/", mode=0o1777)
    layer.add("bin/busybox", data=program, mode=0o755)
    applets = subprocess.run(["/bin/busybox", "--list"], check=True, stdout=subprocess.PIPE)
    for applet in applets.stdout.decode().split():
        if applet != "busybox":
            layer.symlink("bin/" + applet, "busybox")
    layer.add("etc/passwd", data=b"root:x:0:0:root:/root:/bin/sh\n"
                                 b"app:x:1000:1000:app:/home/app:/bin/sh\n")
    layer.add("etc/group", data=b"root:x:0:\napp:x:1000:\nextra:x:2000:app\n")
    return layer.bytes()


def add_busybox(layout):
    layer = busybox()
    config = {"Env": [PATH], "Cmd": ["sh"]}
    layout.tag("busybox", layout.image([layer], config))
    layout.tag("busybox-zstd", layout.image([layer], config, "zstd"))
    layout.tag("busybox-plain", layout.image([layer], config, "none"))
    entries = []
    for arch in ("amd64", "arm64"):
        platform_of = {"architecture": arch, "os": "linux"}
        if arch == "arm64":
            platform_of["variant"] = "v8"
        entries.append({**layout.image([layer], config, arch=arch), "platform": platform_of})
    attestation = layout.json_blob(MANIFEST_TYPE, {
        "schemaVersion": 2,
        "mediaType": MANIFEST_TYPE,
        "config": layout.json_blob(CONFIG_TYPE, {
            "architecture": "unknown", "os": "unknown", "config": {},
            "rootfs": {"type": "layers", "diff_ids": []}}),
        "layers": [layout.blob("application/vnd.in-toto+json", b"{}")],
    })
    entries.append({
        **attestation,
        "annotations": {"vnd.docker.reference.type": "attestation-manifest",
                        "vnd.docker.reference.digest": entries[0]["digest"]},
        "platform": {"architecture": "unknown", "os": "unknown"},
    })
    layout.tag("busybox-index", layout.json_blob(INDEX_TYPE, {
        "schemaVersion": 2, "mediaType": INDEX_TYPE, "manifests": entries}))


# A capability as the kernel stores it: version 2, effective, cap_net_raw permitted.
NET_RAW = "\x01\0\0\x02" + "\0\x20\0\0" + "\0" * 12


def odd_bottom():
    layer = Layer()
    layer.directory("./")
    for name in ("removed-dir/sub/deep/", "opaque/lower-sub/", "quiet/", "dir-becomes-file/sub/",
                 "dir-becomes-link/", "links/", "names/", "target/"):
        for end in range(1, name.count("/") + 1):
            layer.directory("/".join(name.split("/")[:end]) + "/")
    layer.add("removed-file", data=b"gone\n")
    layer.add("removed-dir/sub/deep/file", data=b"gone\n")
    layer.add("opaque/lower-file", data=b"hidden\n")
    layer.add("opaque/lower-sub/file", data=b"hidden\n")
    layer.add("opaque/replaced", data=b"lower\n")
    # Later layers remove from these directories without naming them.
    layer.add("quiet/removed", data=b"gone\n")
    layer.add("quiet/kept", data=b"kept\n")
    layer.add("file-becomes-dir", data=b"file\n")
    layer.add("dir-becomes-file/sub/file", data=b"file\n")
    layer.add("dir-becomes-link/file", data=b"file\n")
    layer.symlink("link-becomes-file", "/target/untouched")
    layer.symlink("link-becomes-dir", "target")
    layer.add("target/untouched", data=b"untouched\n")
    layer.add("changed", data=b"before\n", mode=0o600, uid=1, gid=1)

    layer.add("links/one", data=b"linked\n", mode=0o640, uid=1000, gid=1000)
    layer.hardlink("links/two", "links/one")
    layer.hardlink("links/three", "./links/two")
    layer.add("links/lower", data=b"linked from above\n")
    layer.symlink("links/symlink", "one", uid=1000, gid=1000, mtime=1)
    layer.hardlink("links/symlink-hardlink", "links/symlink")
    layer.symlink("links/absolute", "/target/untouched")
    layer.symlink("links/dangling", "../nowhere/at all")
    layer.symlink("links/loop", "loop")
    layer.symlink("links/upwards", "../../../../../../etc/passwd")
    layer.symlink("links/long", "/".join(["x" * 99] * 5))

    # A symbolic link to a directory which the next layer writes through.
    layer.symlink("alias", "target")

    layer.directory("modes/")
    layer.add("modes/setuid", mode=0o4755, data=b"#!/bin/sh\n")
    layer.add("modes/setgid", mode=0o2755, data=b"#!/bin/sh\n", gid=42)
    layer.add("modes/setuid-user", mode=0o6711, uid=1000, gid=1000)
    layer.add("modes/none", mode=0)
    layer.add("modes/all", mode=0o777)
    layer.directory("modes/sticky/", mode=0o1777)
    layer.directory("modes/setgid-dir/", mode=0o2775, gid=50)
    layer.directory("modes/closed-dir/", mode=0)
    layer.add("modes/closed-dir/file", data=b"inside\n")

    layer.directory("owners/", uid=65534, gid=65534)
    layer.add("owners/nobody", uid=65534, gid=65534)
    layer.add("owners/large", uid=100000, gid=200000)
    layer.add("owners/pax", uid=2_097_152, gid=3_000_000)
    layer.add("owners/gnu", uid=2_097_152, gid=3_000_000, form=tarfile.GNU_FORMAT)
    layer.symlink("owners/symlink", "nobody", uid=4_000_000, gid=4_000_001)

    layer.directory("xattrs/", pax={"SCHILY.xattr.user.on-directory": "yes"})
    layer.add("xattrs/user", data=b"x", pax={"SCHILY.xattr.user.runcible": "spoon",
                                             "SCHILY.xattr.user.lines": "a=b\nc"})
    layer.add("xattrs/capability", data=b"x", mode=0o755, uid=1000, gid=1000,
              pax={"SCHILY.xattr.security.capability": NET_RAW})

    layer.directory("devices/")
    layer.add("devices/null", tarfile.CHRTYPE, mode=0o666, device=(1, 3))
    layer.add("devices/block", tarfile.BLKTYPE, mode=0o660, gid=6, device=(7, 200))
    layer.add("devices/large-minor", tarfile.CHRTYPE, mode=0o600, device=(200, 70000))
    layer.add("devices/fifo", tarfile.FIFOTYPE, mode=0o620, uid=1000)

    layer.directory("names/d" + "irectory" * 12 + "/")
    layer.add("names/d" + "irectory" * 12 + "/" + "f" * 110, data=b"over 100\n")
    deep = "names/" + "/".join(letter * 200 for letter in "abc")
    for end in range(1, 4):
        layer.directory("/".join(deep.split("/")[:1 + end]) + "/")
    layer.add(deep + "/pax", data=b"over 256\n")
    layer.add(deep + "/gnu", data=b"over 256\n", form=tarfile.GNU_FORMAT)
    layer.hardlink(deep + "/hardlink", deep + "/pax")
    layer.add("names/" + "n" * 255, data=b"the longest\n")
    layer.add("names/Grüße-日本語-🥄", data=b"pax\n")
    layer.add("names/Grüße-日本語-🥄-gnu", data=b"gnu\n", form=tarfile.GNU_FORMAT)
    layer.add(b"names/latin-\xe9\xff-gnu", data=b"not UTF-8\n", form=tarfile.GNU_FORMAT)
    layer.add("names/ space\ttab\nnewline\\backslash\"quote", data=b"odd\n")
    layer.add("names/-rf", data=b"dash\n")
    layer.add("names/.wh", data=b"not a whiteout\n")
    layer.add("names/...", data=b"three dots\n")
    layer.add("/names/absolute", data=b"a leading slash\n")
    layer.add("./names//untidy", data=b"double slash\n")

    layer.sparse("sparse")

    layer.directory("times/", mtime=0, pax={"mtime": "86400.000000001"})
    layer.add("times/epoch", mtime=0)
    layer.add("times/subsecond", pax={"mtime": "1234567890.123456789"})
    layer.add("times/past", mtime=0, pax={"mtime": "-86400.5"})
    layer.add("times/future", mtime=4_102_444_800)
    layer.directory("times/old-dir/", mtime=315_532_800)
    layer.add("times/old-dir/file", data=b"newer than its directory\n")
    layer.symlink("times/symlink", "epoch", mtime=0, pax={"mtime": "1000000000.5"})
    layer.directory("empty-dir/", mtime=1_000_000)
    layer.add("empty-file")
    # An entry that comes twice: the later one counts.
    layer.add("twice", data=b"first, and longer\n")
    layer.add("twice", data=b"second\n", mode=0o600)
    # A file whose directory has no entry: the times of `implied` and `implied/by` are anybody's.
    layer.directory("implied/")
    layer.add("implied/by/file", data=b"no entry names my directory\n")
    return layer.bytes()


def odd_middle():
    layer = Layer()
    layer.add(".wh.removed-file")
    layer.add(".wh.removed-dir")
    layer.add("quiet/.wh.removed")
    # The opaque marker comes after entries of its own layer, which stay.
    layer.directory("opaque/", mode=0o750)
    layer.add("opaque/replaced", data=b"upper\n")
    layer.add("opaque/upper-file", data=b"visible\n")
    layer.directory("opaque/upper-sub/")
    layer.add("opaque/upper-sub/file", data=b"visible\n")
    layer.add("opaque/.wh..wh..opq")
    layer.directory("file-becomes-dir/")
    layer.add("file-becomes-dir/file", data=b"in a directory\n")
    layer.add("dir-becomes-file", data=b"was a directory\n")
    layer.symlink("dir-becomes-link", "target")
    layer.add("link-becomes-file", data=b"was a link\n")
    layer.directory("link-becomes-dir/")
    layer.add("link-becomes-dir/file", data=b"was a link to a directory\n")
    layer.add("changed", data=b"after\n", mode=0o4755, uid=2, gid=3)
    layer.hardlink("links/from-above", "links/lower")
    layer.add("alias/written-through", data=b"in target\n")
    layer.add("comes-and-goes", data=b"only in the middle\n")
    layer.directory("comes-and-goes-dir/")
    layer.add("comes-and-goes-dir/file", data=b"only in the middle\n")
    # Only the metadata of a directory changes.
    layer.directory("empty-dir/", mode=0o500, uid=1000, gid=1000, mtime=2_000_000)
    return layer.bytes()


def odd_top():
    layer = Layer()
    # Whiteouts after their siblings, and without an entry for the directory.
    layer.add("quiet/added", data=b"top\n")
    layer.add("quiet/.wh.kept")
    layer.add(".wh.comes-and-goes")
    layer.add("comes-and-goes-dir/.wh.file")
    layer.add("removed-file", data=b"back again\n", mtime=TIME + 1)
    layer.directory("removed-dir/")
    layer.add("removed-dir/new", data=b"nothing of the old directory is here\n")
    layer.add("links/.wh.two")
    layer.add("links/one", data=b"no longer linked\n")
    layer.add(".wh.never-existed")
    layer.directory("dir-becomes-file/")
    layer.add("dir-becomes-file/now-a-dir-again", data=b"again\n")
    return layer.bytes()


def main():
    layout = Layout(sys.argv[1])
    add_busybox(layout)
    layout.tag("odd", layout.image([odd_bottom(), odd_middle(), odd_top()],
                                   {"Env": [PATH], "Cmd": ["/modes/setuid"]}))
    layout.write()


if __name__ == "__main__":
    main()
