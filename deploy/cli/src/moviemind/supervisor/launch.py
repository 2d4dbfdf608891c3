"""Become another program: `python -I -S launch.py [--uid N --gid N] [--search] --death-signal N -- program arguments…`.

Runs alone, on the standard library. Before the program starts, the process belongs to the given user, and on Linux it
will get the given signal when its parent dies, so that a killed supervisor leaves nothing behind (prctl(2),
PR_SET_PDEATHSIG). `--search` lets an unprivileged program pass through directories that only root may enter, such as
/root, without changing them (capabilities(7), ambient capabilities).
"""

import argparse
import ctypes
import os
import sys

_PR_SET_PDEATHSIG = 1
_PR_SET_KEEPCAPS = 8
_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE = 47, 2
_CAP_DAC_OVERRIDE, _CAP_DAC_READ_SEARCH = 1, 2
_CAPABILITY_VERSION_3 = 0x20080522


def _check(result: int, what: str) -> None:
    if result != 0:
        raise OSError(ctypes.get_errno(), f"{what}: {os.strerror(ctypes.get_errno())}")


def _drop_privileges(libc: ctypes.CDLL, uid: int, gid: int, *, search: bool) -> None:
    if search:
        _check(libc.prctl(_PR_SET_KEEPCAPS, 1, 0, 0, 0), "PR_SET_KEEPCAPS")
    os.setgroups([])
    os.setgid(gid)
    os.setuid(uid)
    if search:
        header = (ctypes.c_uint32 * 2)(_CAPABILITY_VERSION_3, 0)
        held = (ctypes.c_uint32 * 6)()
        _check(libc.capget(header, held), "capget")
        # containers often lack READ_SEARCH and have OVERRIDE
        capability = _CAP_DAC_READ_SEARCH if held[1] >> _CAP_DAC_READ_SEARCH & 1 else _CAP_DAC_OVERRIDE
        wanted = (ctypes.c_uint32 * 6)(1 << capability, 1 << capability, 1 << capability, 0, 0, 0)
        _check(libc.capset(header, wanted), "capset")
        _check(libc.prctl(_PR_CAP_AMBIENT, _PR_CAP_AMBIENT_RAISE, capability, 0, 0), "PR_CAP_AMBIENT_RAISE")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--uid", type=int)
    parser.add_argument("--gid", type=int)
    parser.add_argument("--search", action="store_true")
    parser.add_argument("--death-signal", type=int, required=True)
    parser.add_argument("--parent", type=int, required=True)
    parser.add_argument("program", nargs="+")
    arguments = parser.parse_args()
    libc = ctypes.CDLL(None, use_errno=True)
    if arguments.uid is not None:
        _drop_privileges(libc, arguments.uid, arguments.gid, search=arguments.search)
    if sys.platform == "linux":
        # after the change of user, which clears it
        _check(libc.prctl(_PR_SET_PDEATHSIG, arguments.death_signal, 0, 0, 0), "PR_SET_PDEATHSIG")
        if os.getppid() != arguments.parent:
            sys.exit("the supervisor is gone")
    os.execv(arguments.program[0], arguments.program)  # noqa: S606 - the program is ours and needs no shell


if __name__ == "__main__":
    main()
