"""Imports what notebooks import, once, and forks a kernel whenever it is asked to. Run by `autograder.containment.warm`, never imported.

Its argument is the number of a listening socket. Each connection asks for one kernel with one JSON object in a line
({"kind", "argv", "cwd", "env", "plan"}) and is answered with one ({"pid"} or {"error"}); no answer: what was forked has
ended. It ends with its stdin. It starts no thread and runs no tensor operation: a fork after either may hang. It reads no
request itself, its children do: so its memory, which they share, says nothing about other students.
"""

import gc
import importlib.util
import json
import os
import select
import signal
import socket
import sys


def serve(number: int) -> None:
    """Answer requests until stdin is closed."""
    _forget_checkouts()
    import symtable  # noqa: F401

    import ipykernel.debugger
    import ipykernel.ipkernel
    import ipykernel.kernelapp  # noqa: F401
    import IPython.core.completerlib
    import IPython.core.debugger
    import IPython.core.oinspect
    import IPython.extensions.storemagic  # noqa: F401
    import lightning  # noqa: F401
    import matplotlib.pyplot  # noqa: F401
    import torch
    import torchvision  # noqa: F401
    import tornado.platform.asyncio  # noqa: F401

    torch.set_num_threads(1)
    namespaces, inside = _beside("namespaces"), _beside("inside")
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # the system reaps what has ended
    end, requests = os.dup(0), socket.socket(fileno=number)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1, 2):
        os.dup2(nothing, standard)
    waiting = select.poll()
    waiting.register(end, select.POLLIN)
    waiting.register(requests, select.POLLIN)
    gc.collect()
    gc.freeze()  # children do not look at what is here, so less of it is copied
    while not any(number == end for number, _ in waiting.poll()):
        from_child, to_parent = os.pipe()
        from_parent, to_child = os.pipe()
        pid = os.fork()
        if pid == 0:
            try:
                os.close(from_child)
                os.close(to_child)
                _child(requests, from_parent, to_parent, namespaces, inside)
            finally:
                os._exit(0)
        os.close(to_parent)
        os.close(from_parent)
        _attend(pid, from_child, to_child, namespaces)
        os.close(from_child)
        os.close(to_child)


def _beside(name: str):
    spec = importlib.util.spec_from_file_location(name, os.path.join(os.path.dirname(os.path.abspath(__file__)), f"{name}.py"))
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _forget_checkouts() -> None:
    """Only packages are importable: an editable install would lead the student's code to the instructor's checkout."""
    roots = (sys.prefix, sys.base_prefix, sys.exec_prefix)
    packages = ("site-packages", "dist-packages")
    sys.path[:] = [path for path in sys.path if path.startswith(roots) or path.rstrip("/").endswith(packages)]
    sys.meta_path[:] = [finder for finder in sys.meta_path if "__editable__" not in getattr(finder, "__module__", type(finder).__module__)]
    sys.path_hooks[:] = [hook for hook in sys.path_hooks if "__editable__" not in getattr(hook, "__module__", "")]
    sys.path_importer_cache.clear()


def _attend(pid: int, from_child: int, to_child: int, namespaces) -> None:
    """Do for the child what only its parent may, until it has answered or ended."""
    while word := os.read(from_child, 1):
        if word == b"d":
            return
        try:
            namespaces.map_users(pid)
            os.write(to_child, b"y")
        except OSError:
            os.write(to_child, b"n")


def _child(requests: socket.socket, from_parent: int, to_parent: int, namespaces, inside) -> None:
    client, line = requests.accept()[0], b""
    while not line.endswith(b"\n"):
        if not (part := client.recv(65536)):
            return  # whoever asked has gone
        line += part
    asked = json.loads(line)
    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        pid = _contained(asked, from_parent, to_parent, namespaces, inside) if asked["kind"] == "namespaces" else _free(asked, inside)
    except OSError as error:
        _answer(client, {"error": str(error)})
        os.write(to_parent, b"d")
        return
    _answer(client, {"pid": pid})
    os.write(to_parent, b"d")
    _stay(pid, client.detach())


def _answer(client: socket.socket, content: dict) -> None:
    client.sendall(json.dumps(content).encode() + b"\n")


def _stay(pid: int, client: int) -> None:
    """Wait for the end of a kernel, and end it where whoever asked for it has gone: the connection lasts as long as they want it."""
    if client != 3:
        os.dup2(client, 3)
    os.closerange(4, 1 << 16)
    waiting = select.poll()
    waiting.register(3, select.POLLIN)
    waiting.register(os.pidfd_open(pid), select.POLLIN)
    if any(number == 3 for number, _ in waiting.poll()):
        os.kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


def _free(asked: dict, inside) -> int:
    """Process id of a kernel that nothing contains."""
    middle = os.getpid()
    pid = os.fork()
    if pid == 0:
        try:
            os.setsid()
            os.closerange(3, 1 << 16)
            # The kernel watches for the end of this process, so that none outlives the grader.
            inside.become_kernel([*asked["argv"], f"--IPKernelApp.parent_handle={middle}"], asked["cwd"], asked["env"])
        finally:
            os._exit(0)
    return pid


def _contained(asked: dict, from_parent: int, to_parent: int, namespaces, inside) -> int:
    """Process id, seen from here, of the first process of new namespaces, in which a kernel is about to start."""
    namespaces.join(to_parent, from_parent)
    namespaces.die_with_parent()
    outcome, ready = os.pipe()
    pid = os.fork()
    if pid == 0:
        try:
            namespaces.die_with_parent()
            namespaces.build_root(asked["plan"])
            namespaces.drop_privileges(asked["plan"])
            namespaces.die_with_parent()  # a change of user has undone it
            os.write(ready, b"ready")
        except BaseException as error:  # noqa: BLE001
            os.write(ready, f"{type(error).__name__}: {error}".encode())
            os._exit(1)
        os.closerange(3, 1 << 16)
        kernel = os.fork()
        if kernel == 0:
            os.setsid()
            try:
                inside.become_kernel(asked["argv"], asked["cwd"], asked["env"])
            finally:
                os._exit(0)
        while os.wait()[0] != kernel:  # it reaps orphans; when it ends, the system ends all that is left
            pass
        os._exit(0)
    os.close(ready)
    words = b""
    while part := os.read(outcome, 4096):
        words += part
    if words != b"ready":
        raise OSError(words.decode(errors="replace") or "the first process ended")
    return pid


if __name__ == "__main__":
    serve(int(sys.argv[1]))
