"""Write all odd recordings into a folder: `python -m tests.audio.odd FOLDER`."""

import sys
from pathlib import Path

from tests.audio.odd import odd_recordings

folder = Path(sys.argv[1])
folder.mkdir(parents=True, exist_ok=True)
for name, odd in odd_recordings():
    (folder / name.replace("/", "_")).write_bytes(odd.make())
