"""Shuts a forked process into namespaces of its own: a private root, no network, no privileges. Linux 5.12 and newer.

Loaded by `zygote.py` from its file: it imports nothing but the standard library. The order follows user_namespaces(7),
pivot_root(2), mount_setattr(2) and capabilities(7).
"""

import ctypes
import os
import resource
import shutil
import signal
import struct

STUDENT = 1000  # user and group inside
_NOBODY = 65534  # who that is outside, where the grader is root
_NEW = {"user": 0x10000000, "mount": 0x00020000, "pid": 0x20000000, "net": 0x40000000, "ipc": 0x08000000, "uts": 0x04000000, "cgroup": 0x02000000}
_NOSUID, _NODEV, _NOEXEC, _BIND, _REC, _PRIVATE = 2, 4, 8, 0x1000, 0x4000, 0x40000
_RDONLY = 1
_DETACH = 2
_PR_SET_PDEATHSIG, _PR_SET_DUMPABLE, _PR_CAPBSET_DROP, _PR_SET_NO_NEW_PRIVS, _PR_CAP_AMBIENT = 1, 4, 24, 38, 47
_MOUNT_SETATTR = 442  # the same on every architecture
_AT_RECURSIVE, _AT_FDCWD = 0x8000, -100
_JOIN_SESSION_KEYRING, _KEYCTL = 1, {"x86_64": 250, "aarch64": 219}
_MASKED = ("/proc/sys", "/proc/sysrq-trigger", "/proc/irq", "/proc/bus", "/proc/fs", "/proc/kcore", "/proc/keys", "/proc/kallsyms", "/proc/timer_list")

_libc = ctypes.CDLL(None, use_errno=True)


def _call(name: str, *arguments) -> None:
    if getattr(_libc, name)(*arguments) != 0:
        number = ctypes.get_errno()
        raise OSError(number, f"{name}{arguments}: {os.strerror(number)}")


def leave() -> tuple[int, int]:
    """Enter new namespaces; returns user and group as they are outside. The caller's next child is the first process of the new process namespace. One thread only."""
    flags = 0
    for kind, flag in _NEW.items():
        flags |= flag if os.path.exists(f"/proc/self/ns/{'mnt' if kind == 'mount' else kind}") else 0
    outside = os.geteuid(), os.getegid()  # inside, nobody is known yet
    _call("unshare", flags)
    return outside


def join(to_parent: int, from_parent: int) -> None:
    """`leave`, and have users mapped: by the parent, which reads and answers one letter, where it may; else by itself."""
    outside = leave()
    if outside[0] == 0:
        os.write(to_parent, b"m")
        if os.read(from_parent, 1) == b"y":
            return
    map_users(os.getpid(), outside)


def map_users(pid: int, outside: tuple[int, int] | None = None) -> None:
    """Say who is who in the process's user namespace: called from outside with privileges, by the process itself without.

    outside: user and group as `leave` returned them, where the process calls it.
    """
    if outside is None:
        lines = f"0 0 1\n{STUDENT} {_NOBODY} 1\n"
        users = groups = lines
    else:
        _write(f"/proc/{pid}/setgroups", "deny")
        users, groups = (f"{STUDENT} {number} 1\n" for number in outside)
    _write(f"/proc/{pid}/uid_map", users)
    _write(f"/proc/{pid}/gid_map", groups)


def _write(path: str, text: str) -> None:
    handle = os.open(path, os.O_WRONLY)
    try:
        os.write(handle, text.encode())
    finally:
        os.close(handle)


def die_with_parent() -> None:
    """The system ends this process when its parent ends."""
    _call("prctl", _PR_SET_PDEATHSIG, signal.SIGKILL, 0, 0, 0)


def build_root(plan: dict) -> None:
    """Make the root that the student's code sees and move into it. Called by the first process of the namespaces.

    plan: as `sandbox.plan` makes it.
    """
    root = plan["stage"]
    _mount(None, "/", None, _REC | _PRIVATE)
    _mount("tmpfs", root, "tmpfs", _NOSUID | _NODEV, "mode=755,size=16m")
    _private(root, plan)  # first: a visible place may lie in /tmp
    for place in sorted({*plan["visible"], *plan["hidden"]}, key=lambda path: path.count("/")):
        if place in plan["hidden"]:
            if os.path.isdir(root + place):
                _mount("tmpfs", root + place, "tmpfs", _NOSUID | _NODEV, "mode=755,size=16m")
        else:
            _show(place, root + place)
    _devices(root)
    for place, text in plan["texts"].items():
        os.makedirs(os.path.dirname(root + place), exist_ok=True)
        with open(root + place, "w") as file:
            file.write(text)
    os.makedirs(root + "/proc", exist_ok=True)
    _mount("proc", root + "/proc", "proc", _NOSUID | _NODEV | _NOEXEC)
    _restrict(root + "/proc")
    _mount_setattr(root, _RDONLY, 0)
    _up("lo")
    os.chdir(root)
    _call("pivot_root", b".", b".")
    _call("umount2", b".", _DETACH)
    os.chdir("/")
    _call("sethostname", b"kernel", 6)


def _mount(source, target, kind, flags, options=None) -> None:
    _call("mount", *(None if text is None else os.fsencode(text) for text in (source, target, kind)), ctypes.c_ulong(flags), options and options.encode())


def _mount_setattr(path: str, attributes: int, flags: int) -> None:
    wanted = struct.pack("QQQQ", attributes, 0, 0, 0)
    if _libc.syscall(_MOUNT_SETATTR, _AT_FDCWD, os.fsencode(path), flags, wanted, len(wanted)) != 0:
        raise OSError(ctypes.get_errno(), f"mount_setattr: {path}")


def _show(place: str, target: str) -> None:
    """Make a file or folder of the machine visible, read-only."""
    if os.path.islink(place):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(os.readlink(place), target)
        return
    _bind(place, target)
    _mount_setattr(target, _RDONLY | _NOSUID | _NODEV, _AT_RECURSIVE)


def _bind(place: str, target: str) -> None:
    if os.path.isdir(place):
        os.makedirs(target, exist_ok=True)
    elif not os.path.lexists(target):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        with open(target, "x"):
            pass
    _mount(place, target, None, _BIND | _REC)


def _devices(root: str) -> None:
    for name in ("null", "zero", "full", "random", "urandom"):
        _bind(f"/dev/{name}", f"{root}/dev/{name}")
    for name, target in (("fd", "/proc/self/fd"), ("stdin", "/proc/self/fd/0"), ("stdout", "/proc/self/fd/1"), ("stderr", "/proc/self/fd/2")):
        os.symlink(target, f"{root}/dev/{name}")


def _private(root: str, plan: dict) -> None:
    """Home, temporary files and shared memory on one file system of bounded size, the exchange with the grader on another."""
    home, exchange = root + plan["home"], root + plan["exchange"]
    store = root + "/.store"
    for path in (store, home, exchange, root + "/tmp", root + "/dev/shm"):
        os.makedirs(path, exist_ok=True)
    flags = _NOSUID | _NODEV
    _mount("tmpfs", store, "tmpfs", flags, f"mode=755,size={plan['file_bytes']},nr_inodes=65536")
    for name, target in (("home", home), ("tmp", root + "/tmp"), ("shm", root + "/dev/shm")):
        os.mkdir(f"{store}/{name}")
        if name == "home":
            shutil.copytree(plan["folder"], f"{store}/home/work", symlinks=True)
        _hand_over(f"{store}/{name}")
        os.chmod(f"{store}/{name}", 0o755 if name == "home" else 0o1777)
        _mount(f"{store}/{name}", target, None, _BIND)
    _call("umount2", os.fsencode(store), _DETACH)
    os.rmdir(store)
    _mount("tmpfs", exchange, "tmpfs", flags | _NOEXEC, f"mode=755,size={plan['exchange_bytes']},nr_inodes=1024")
    for name in ("answers", "sockets"):
        os.mkdir(f"{exchange}/{name}", 0o755)
        _hand_over(f"{exchange}/{name}")
    with open(f"{exchange}/sockets/kernel.json", "w") as file:
        file.write(plan["connection"])
    _hand_over(f"{exchange}/sockets")
    os.mkdir(f"{exchange}/given")
    _show(plan["given"], f"{exchange}/given")
    _show(plan["library"], root + plan["library_inside"])


def _hand_over(folder: str) -> None:
    os.chown(folder, STUDENT, STUDENT)
    for path, folders, files in os.walk(folder):
        for name in (*folders, *files):
            os.chown(os.path.join(path, name), STUDENT, STUDENT, follow_symlinks=False)


def _restrict(proc: str) -> None:
    """Take what is not about its own processes out of /proc, and forbid user namespaces within this one."""
    _write(f"{proc}/sys/user/max_user_namespaces", "0")
    for place in _MASKED:
        target = proc + place.removeprefix("/proc")
        if os.path.isdir(target):
            _bind(target, target)
            _mount_setattr(target, _RDONLY | _NOSUID | _NODEV | _NOEXEC, _AT_RECURSIVE)
        elif os.path.exists(target):
            _bind("/dev/null", target)


def _up(interface: str) -> None:
    """Switch the loopback interface on: the only one there is, and it leads nowhere."""
    import fcntl
    import socket

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as plug:
        fcntl.ioctl(plug, 0x8914, struct.pack("16sh22x", interface.encode(), 1))  # SIOCSIFFLAGS, IFF_UP


def drop_privileges(limits: dict) -> None:
    """Give up every privilege for good, and set the system's own limits for this process and its children."""
    _new_keyring()
    with open("/proc/self/oom_score_adj", "w") as file:
        file.write("800")  # where the machine runs out of memory, this process goes first
    set_limits(limits)
    if os.geteuid() != STUDENT:
        os.setgroups([])
        os.setresgid(STUDENT, STUDENT, STUDENT)
        _drop_bounding()
        os.setresuid(STUDENT, STUDENT, STUDENT)
    else:
        _drop_bounding()
    _call("prctl", _PR_CAP_AMBIENT, 4, 0, 0, 0)  # PR_CAP_AMBIENT_CLEAR_ALL
    _call("capset", struct.pack("Ii", 0x20080522, 0), struct.pack("6I", *[0] * 6))
    _call("prctl", _PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    _call("prctl", _PR_SET_DUMPABLE, 1, 0, 0, 0)  # its own /proc files stay its own


def _drop_bounding() -> None:
    for capability in range(64):
        if _libc.prctl(_PR_CAPBSET_DROP, capability, 0, 0, 0) != 0:
            break


def _new_keyring() -> None:
    if number := _KEYCTL.get(os.uname().machine):
        _libc.syscall(number, _JOIN_SESSION_KEYRING, None)


def set_limits(limits: dict) -> None:
    """rlimits, each lowered and never raised; memory_bytes comes on top of what the process has now."""
    with open("/proc/self/status") as file:
        used = next(int(line.split()[1]) * 1024 for line in file if line.startswith("VmData"))
    wanted = {
        # 1, not 0: with 0 a core dump still goes to a program that the system has for it.
        resource.RLIMIT_CORE: 1,
        resource.RLIMIT_DATA: used + limits["memory_bytes"],
        resource.RLIMIT_FSIZE: limits["file_bytes"],
        resource.RLIMIT_NOFILE: 1024,
    }
    # Before Linux 5.14 this counts all processes of the user, those outside included.
    if tuple(int(part) for part in os.uname().release.split("-")[0].split(".")[:2]) >= (5, 14):
        wanted[resource.RLIMIT_NPROC] = limits["processes"]
    for which, value in wanted.items():
        hard = resource.getrlimit(which)[1]
        value = value if hard == resource.RLIM_INFINITY else min(value, hard)
        resource.setrlimit(which, (value, value))


def _probe() -> None:
    """Enter namespaces and make a root in them, as a kernel would; raises OSError where that is not possible."""
    import tempfile

    with tempfile.TemporaryDirectory() as place:
        for name in ("stage", "given", "folder"):
            os.mkdir(os.path.join(place, name))
        plan = {
            "visible": ["/usr"], "hidden": [], "texts": {}, "home": "/home/student", "exchange": "/exchange", "connection": "", "library": "/usr", "library_inside": "/course",
            "file_bytes": 2**20, "exchange_bytes": 2**20, "memory_bytes": 2**30, "processes": 64,
            **{name: os.path.join(place, name) for name in ("stage", "given", "folder")},
        }  # fmt: skip
        done, other_done = os.pipe(), os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                join(done[1], other_done[0])
                if os.fork() == 0:
                    try:
                        build_root(plan)
                        drop_privileges(plan)
                        os._exit(0)
                    except BaseException as error:  # noqa: BLE001
                        os.write(2, f"{error}\n".encode())
                        os._exit(1)
                os._exit(1 if os.wait()[1] else 0)
            except BaseException as error:  # noqa: BLE001
                os.write(2, f"{error}\n".encode())
                os._exit(1)
        os.close(done[1])
        if os.read(done[0], 1) == b"m":
            try:
                map_users(pid)
                os.write(other_done[1], b"y")
            except OSError:
                os.write(other_done[1], b"n")
        raise SystemExit(1 if os.waitpid(pid, 0)[1] else 0)


if __name__ == "__main__":
    _probe()
