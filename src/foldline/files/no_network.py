"""A process without network: in a namespace of its own, where the system allows that."""

import subprocess
import sys

WITH_LOOPBACK = (
    "import fcntl, os, socket, struct, sys\n"
    "asked = struct.pack('16sH22x', b'lo', 1)\n"
    "fcntl.ioctl(socket.socket(socket.AF_INET, socket.SOCK_DGRAM), 0x8914, asked)  # SIOCSIFFLAGS, IFF_UP\n"
    "os.execvp(sys.argv[1], sys.argv[1:])"
)
"""The processes of several GPUs meet at localhost, which is down in a new namespace."""
WITHOUT_NETWORK = ("unshare", "-rn", sys.executable, "-c", WITH_LOOPBACK)
"""A command that gives another one a network in which there is this machine and nothing else."""


def can_cut_off() -> bool:
    """Whether a process may have a network of its own here."""
    try:
        return subprocess.run([*WITHOUT_NETWORK, "true"], capture_output=True).returncode == 0
    except FileNotFoundError:
        return False
