#!/usr/bin/env python3
"""Lists all that can be seen of a tree: for each name, sorted as bytes, a line `/path\\tfacts`.

The tests compare it with what `FileTree` sees of a tree of their own, which has the same facts:
type and mode, owner, time, device, extended attributes; of a file the size, the digest and the first
of its names, of a symbolic link where it leads.
"""

import hashlib
import os
import stat
import sys

first_names = {}


def digest(path):
    hasher = hashlib.sha256()
    with open(path, "rb") as file:
        while chunk := file.read(1 << 20):
            hasher.update(chunk)
    return hasher.hexdigest()[:16]


def facts(path, name):
    info = os.lstat(path)
    seconds, nanos = divmod(info.st_mtime_ns, 1_000_000_000)
    words = [f"{info.st_mode:o}", f"{info.st_uid}:{info.st_gid}", f"{seconds}.{nanos}",
             f"{os.major(info.st_rdev)}:{os.minor(info.st_rdev)}"]
    for attribute in sorted(os.listxattr(path, follow_symlinks=False)):
        words.append(f"{attribute}={os.getxattr(path, attribute, follow_symlinks=False).hex()}")
    words = [word.encode() for word in words]
    if stat.S_ISREG(info.st_mode):
        words += [b"%d" % info.st_size, digest(path).encode(),
                  first_names.setdefault(info.st_ino, name)]
    elif stat.S_ISLNK(info.st_mode):
        words += [b"->", os.readlink(path)]
    return b" ".join(words)


def tree(path, name):
    sys.stdout.buffer.write(b"%s\t%s\n" % (name, facts(path, name)))
    if not os.path.islink(path) and os.path.isdir(path):
        for child in sorted(os.listdir(path)):
            tree(os.path.join(path, child), os.path.join(name, child))


tree(os.fsencode(sys.argv[1]), b"/")
