"""A seccomp filter for a process that only computes: it may read and write what is open already, and ask for memory.

Linux' Documentation/userspace-api/seccomp_filter.rst describes the interface, and `struct sock_filter` the program.
Opening or looking up a file fails with EACCES, because libraries and Python try that in good faith: libsndfile looks
for a resource fork beside an MP3, Python for the source lines of a traceback. Every other call ends the process at
once with SIGSYS; so does memory that is to be executed. Standard library only.
"""

import ctypes
import errno
import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass

_SYSCALLS = {  # name: number on x86-64, number on 64-bit ARM
    "read": (0, 63),
    "write": (1, 64),
    "close": (3, 57),
    "lseek": (8, 62),
    "munmap": (11, 215),
    "brk": (12, 214),
    "rt_sigaction": (13, 134),
    "rt_sigprocmask": (14, 135),
    "rt_sigreturn": (15, 139),
    "mremap": (25, 216),
    "madvise": (28, 233),
    "clock_gettime": (228, 113),  # where the kernel gives user space no clock of its own
    "getrandom": (318, 278),
    "exit_group": (231, 94),
}
_FILE_LOOKUPS = {  # 64-bit ARM has only the newer ones
    "open": (2, None),
    "stat": (4, None),
    "lstat": (6, None),
    "openat": (257, 56),
    "newfstatat": (262, 79),
}
_MMAP, _MPROTECT, _FUTEX = (9, 222), (10, 226), (202, 98)
_PROT_EXEC, _FUTEX_COMMAND, _FUTEX_WAKE = 4, 0x7F, 1

_NUMBER, _ARCHITECTURE, _ARGUMENTS = 0, 4, 16  # offsets in `struct seccomp_data`
_LOAD, _AND, _RETURN = 0x20, 0x54, 0x06
_IF_EQUAL, _IF_GREATER, _IF_BITS = 0x15, 0x25, 0x45
_KILL, _ALLOW, _DENY = 0x8000_0000, 0x7FFF_0000, 0x0005_0000 | errno.EACCES
_SET_MODE_FILTER, _ALL_THREADS = 1, 1


class _Instruction(ctypes.Structure):
    _fields_ = [
        ("code", ctypes.c_uint16),
        ("if_true", ctypes.c_uint8),
        ("if_false", ctypes.c_uint8),
        ("operand", ctypes.c_uint32),
    ]


class _Program(ctypes.Structure):
    _fields_ = [("length", ctypes.c_uint16), ("instructions", ctypes.POINTER(_Instruction))]


@dataclass(frozen=True, slots=True)
class _Machine:
    column: int
    architecture: int
    seccomp: int


_MACHINES = {"x86_64": _Machine(0, 0xC000_003E, 317), "aarch64": _Machine(1, 0xC000_00B7, 277)}

_Line = tuple[int, int, int, int]
"""Code, how many instructions to skip if true and if false, operand."""


def confine_calls() -> None:
    """Load the filter into every thread of this process, for good. Load all libraries and open all files before.

    The process has to have given up new privileges (PR_SET_NO_NEW_PRIVS) or to be root. Raises OSError with a
    sentence where this machine, its kernel or its container does not allow it; then nothing has changed.
    """
    machine = _MACHINES.get(os.uname().machine)
    if sys.platform != "linux" or machine is None or sys.maxsize < 2**32:
        raise OSError(errno.ENOSYS, f"no filter is known for {os.uname().sysname} on {os.uname().machine}")
    lines = list(_program(machine))
    instructions = (_Instruction * len(lines))(*(_Instruction(*line) for line in lines))
    program = _Program(len(lines), instructions)
    libc = ctypes.CDLL(None, use_errno=True)
    failed = libc.syscall(machine.seccomp, _SET_MODE_FILTER, _ALL_THREADS, ctypes.byref(program))
    if failed:
        number = ctypes.get_errno() if failed < 0 else errno.ESRCH  # above zero: a thread that could not follow
        raise OSError(number, f"the system call seccomp is refused ({os.strerror(number)})")


def _program(machine: _Machine) -> Iterator[_Line]:
    """Only what is listed passes, so the numbers of x86-64's other call table (x32) do not."""
    yield _LOAD, 0, 0, _ARCHITECTURE
    yield _IF_EQUAL, 1, 0, machine.architecture
    yield _RETURN, 0, 0, _KILL
    yield _LOAD, 0, 0, _NUMBER
    for numbers in _SYSCALLS.values():
        yield from _case(numbers[machine.column], [(_RETURN, 0, 0, _ALLOW)])
    for lookup in _FILE_LOOKUPS.values():
        number = lookup[machine.column]
        if number is not None:
            yield from _case(number, [(_RETURN, 0, 0, _DENY)])
    no_code = [_argument(2), (_IF_BITS, 0, 1, _PROT_EXEC), (_RETURN, 0, 0, _KILL), (_RETURN, 0, 0, _ALLOW)]
    for numbers in (_MMAP, _MPROTECT):
        yield from _case(numbers[machine.column], no_code)
    wait_or_wake = [
        _argument(1),
        (_AND, 0, 0, _FUTEX_COMMAND),
        (_IF_GREATER, 0, 1, _FUTEX_WAKE),
        (_RETURN, 0, 0, _KILL),
        (_RETURN, 0, 0, _ALLOW),
    ]
    yield from _case(_FUTEX[machine.column], wait_or_wake)
    yield _RETURN, 0, 0, _KILL


def _case(number: int, then: list[_Line]) -> Iterator[_Line]:
    yield _IF_EQUAL, 0, len(then), number
    yield from then


def _argument(index: int) -> _Line:
    """Load the lower half of an argument; both machines are little-endian."""
    return _LOAD, 0, 0, _ARGUMENTS + 8 * index
