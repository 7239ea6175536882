"""The files of a checkpoint folder. No torch in here: the web process asks too whether a folder is complete."""

from pathlib import Path

CONFIG = "config.json"
VOCABULARY = "vocab.json"
SAFETENSORS = "model.safetensors"
PICKLE = "model.pth"


def checkpoint_problem(folder: Path) -> str | None:
    """What is missing in `folder` and what to do about it, or None where all files are there.

    It looks at names and sizes alone; whether the files can be read, `Checkpoint.open` says.
    """
    advice = "Run `manage.py download_xtts`, or set XTTS_CHECKPOINT to a folder that has it."
    if not folder.is_dir():
        return f"There is no folder {folder}. {advice}"
    missing = [name for name in (CONFIG, VOCABULARY) if not _has_content(folder / name)]
    if not any(_has_content(folder / name) for name in (SAFETENSORS, PICKLE)):
        missing.append(f"{SAFETENSORS} or {PICKLE}")
    if missing:
        return f"{folder} lacks {', '.join(missing)}. {advice}"
    return None


def _has_content(path: Path) -> bool:
    return path.is_file() and path.stat().st_size > 0
