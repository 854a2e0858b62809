"""What kind of disk a folder lies on: SQLite's write-ahead log needs shared memory, which network folders do not give."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

NETWORK_TYPES = frozenset(
    {
        "9p", "afpfs", "afs", "ceph", "cifs", "davfs", "fuse.davfs2", "fuse.glusterfs", "fuse.rclone", "fuse.sshfs",
        "glusterfs", "lustre", "ncpfs", "nfs", "nfs4", "smb3", "smbfs", "vboxsf", "webdav",
    }
)  # fmt: skip


def type_from_mountinfo(text: str, path: str) -> str:
    """The file system type of ``path`` according to the text of ``/proc/self/mountinfo``; empty when unknown.

    The longest mount point that is a parent of ``path`` wins, and of equal ones the last (it covers the others).
    Format: proc_pid_mountinfo(5); blanks in mount points are written as ``\\040``.
    """
    best, found = -1, ""
    for line in text.splitlines():
        left, separator, right = line.partition(" - ")
        fields = left.split()
        if not separator or len(fields) < 5 or not right.split():
            continue
        point = fields[4].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, found = len(point), right.split()[0]
    return found


def type_from_mount_command(text: str, path: str) -> str:
    """The file system type of ``path`` according to the output of macOS's ``mount``: ``dev on /point (type, options)``."""
    best, found = -1, ""
    for line in text.splitlines():
        _, separator, rest = line.partition(" on ")
        point, bracket, options = rest.rpartition(" (")
        if not separator or not bracket:
            continue
        inside = path == point or path.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= best:
            best, found = len(point), options.split(",")[0].rstrip(")").strip()
    return found


def is_network_folder(path: Path) -> bool:
    """Whether ``path`` lies on a network file system. When the system does not tell, the answer is no."""
    where = os.path.realpath(path)
    if sys.platform == "win32":
        import ctypes

        if where.startswith("\\\\"):
            return True
        drive = os.path.splitdrive(where)[0] + "\\"
        return bool(ctypes.windll.kernel32.GetDriveTypeW(drive) == 4)  # DRIVE_REMOTE
    if sys.platform == "darwin":
        try:
            done = subprocess.run(["/sbin/mount"], capture_output=True, text=True, timeout=5, check=False)
        except (OSError, subprocess.TimeoutExpired):
            return False
        return type_from_mount_command(done.stdout, where) in NETWORK_TYPES
    try:
        text = Path("/proc/self/mountinfo").read_text(encoding="utf-8", errors="replace")
    except OSError:
        return False
    return type_from_mountinfo(text, where) in NETWORK_TYPES
