"""The program of the espeak process: a fork server that never imports the rest of this project.

Started as `python -I -S espeak_child.py LIBRARY DATA_FOLDER TIMEOUT_S`. It loads libespeak-ng but never initialises
it; every request is spoken in a fork of its own. espeak-ng keeps its state in globals, so its second sentence in one
process differs from the same sentence in a fresh one. A fork is a fresh process at the cost of a millisecond, where an
interpreter takes thirty. And the GPL-licensed library stays out of the process that imports our code.

Wire format, both directions over stdin and stdout: 4 bytes big-endian length, then the payload.
Request: JSON {"text", "voice", "rate_wpm", "pitch", "pitch_range"}. Reply: one status byte, then for `0` int16
little-endian mono samples preceded by 4 bytes rate, for `1` a message in UTF-8. End of stdin ends the program.
"""

import ctypes
import json
import os
import resource
import select
import signal
import struct
import sys
import time
from typing import Any

AUDIO_OUTPUT_SYNCHRONOUS = 2
INITIALIZE_DONT_EXIT = 0x8000
POSITION_CHARACTER = 1
CHARS_UTF8 = 1
PARAMETERS = {"rate_wpm": 1, "pitch": 3, "pitch_range": 4}
PR_SET_PDEATHSIG = 1
SPEAKER_MEMORY_BYTES = 1 << 30
RANDOM_SEED = 1

SAMPLES_CALLBACK = ctypes.CFUNCTYPE(ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p)


class SpeakingFailed(Exception):
    """The fork could not speak; the text of the exception is the reply."""


def speak(library: ctypes.CDLL, data_folder: str, request: dict[str, Any]) -> bytes:
    """Initialise espeak-ng, say the request's text and give back the reply. Only ever called in a fresh fork."""
    pieces: list[bytes] = []

    def collect(samples: Any, count: int, _events: object) -> int:
        if samples and count > 0:
            pieces.append(ctypes.string_at(samples, count * 2))
        return 0

    rate_hz = library.espeak_Initialize(AUDIO_OUTPUT_SYNCHRONOUS, 0, data_folder.encode(), INITIALIZE_DONT_EXIT)
    if rate_hz <= 0:
        raise SpeakingFailed(f"espeak_Initialize answered {rate_hz}")
    library.espeak_ng_SetRandSeed(ctypes.c_long(RANDOM_SEED))  # it seeds itself by the clock; breathy voices use it
    if (answer := library.espeak_SetVoiceByName(request["voice"].encode())) != 0:
        raise SpeakingFailed(f"espeak_SetVoiceByName answered {answer} for {request['voice']!r}")
    for name, parameter in PARAMETERS.items():
        if (answer := library.espeak_SetParameter(parameter, request[name], 0)) != 0:
            raise SpeakingFailed(f"espeak_SetParameter answered {answer} for {name}")
    callback = SAMPLES_CALLBACK(collect)
    library.espeak_SetSynthCallback(callback)
    text = request["text"].encode() + b"\0"
    size = ctypes.c_size_t(len(text))
    answer = library.espeak_Synth(text, size, 0, POSITION_CHARACTER, 0, CHARS_UTF8, None, None)
    if answer != 0:
        raise SpeakingFailed(f"espeak_Synth answered {answer}")
    library.espeak_Synchronize()
    return b"\0" + struct.pack(">I", rate_hz) + b"".join(pieces)


def run_speaker(library: ctypes.CDLL, data_folder: str, payload: bytes, *, descriptor: int, timeout_s: int) -> None:
    """The life of one fork: dies with the server, within its limits, and writes one reply."""
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, signal.SIGKILL)
    resource.setrlimit(resource.RLIMIT_CPU, (timeout_s, timeout_s))
    resource.setrlimit(resource.RLIMIT_AS, (SPEAKER_MEMORY_BYTES, SPEAKER_MEMORY_BYTES))
    try:
        reply = speak(library, data_folder, json.loads(payload))
    except SpeakingFailed as error:
        reply = b"\1" + str(error).encode()
    with open(descriptor, "wb") as pipe:
        pipe.write(reply)


def collect_reply(descriptor: int, pid: int, *, timeout_s: int) -> bytes:
    """The bytes that the fork wrote until it ended. Kills it at the deadline, or when our own parent is gone."""
    deadline = time.monotonic() + timeout_s
    parts = []
    while True:
        ready, _, _ = select.select([descriptor, 0], [], [], max(0.0, deadline - time.monotonic()))
        if descriptor in ready:
            part = os.read(descriptor, 1 << 16)
            if not part:
                break
            parts.append(part)
            continue
        os.kill(pid, signal.SIGKILL)  # either nothing came in time, or stdin ended: nobody waits for the reply
        os.waitpid(pid, 0)
        return b"\1speaking took longer than %d s" % timeout_s
    _, status = os.waitpid(pid, 0)
    if status != 0:
        return b"\1the speaking process died with status %d" % status
    return b"".join(parts)


def answer(library: ctypes.CDLL, data_folder: str, payload: bytes, *, timeout_s: int) -> bytes:
    """Speak one request in a fork."""
    read_end, write_end = os.pipe()
    pid = os.fork()
    if pid == 0:
        code = 70
        try:
            os.close(read_end)
            run_speaker(library, data_folder, payload, descriptor=write_end, timeout_s=timeout_s)
            code = 0
        finally:
            os._exit(code)
    os.close(write_end)
    try:
        return collect_reply(read_end, pid, timeout_s=timeout_s)
    finally:
        os.close(read_end)


def main(library_path: str, data_folder: str, timeout_s: int) -> None:
    """Serve requests until stdin ends."""
    library = ctypes.CDLL(library_path)
    while len(header := sys.stdin.buffer.read(4)) == 4:
        payload = sys.stdin.buffer.read(struct.unpack(">I", header)[0])
        reply = answer(library, data_folder, payload, timeout_s=timeout_s)
        sys.stdout.buffer.write(struct.pack(">I", len(reply)) + reply)
        sys.stdout.buffer.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2], int(sys.argv[3]))
