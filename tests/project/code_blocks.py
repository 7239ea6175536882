"""Fenced code blocks of Markdown files, and how they are run."""

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

RUNNABLE = frozenset({"bash", "console", "python", "javascript"})
_FENCE = re.compile(r"^```(?P<info>[^\n`]*)\n(?P<code>.*?)^```[ \t]*$", re.MULTILINE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class CodeBlock:
    """One block: where it stands, what it is written in, and why it is not run, if so."""

    path: Path
    line: int
    language: str
    code: str
    reason_not_run: str | None

    @property
    def is_runnable(self) -> bool:
        return self.language in RUNNABLE and self.reason_not_run is None


def code_blocks(path: Path) -> list[CodeBlock]:
    """All blocks of a file, in order. Raises ValueError for `no-run` without a reason."""
    text = path.read_text()
    return [_block(path, text, match) for match in _FENCE.finditer(text)]


def _block(path: Path, text: str, match: "re.Match[str]") -> CodeBlock:
    language, *tags = shlex.split(match["info"]) or [""]
    line = text.count("\n", 0, match.start()) + 1
    reason = None
    if "no-run" in tags:
        reason = next((tag.removeprefix("reason=") for tag in tags if tag.startswith("reason=")), "")
        if not reason:
            raise ValueError(f"{path.name}:{line}: no-run wants a reason")
    return CodeBlock(path, line, language, match["code"], reason)


def as_script(blocks: list[CodeBlock], folder: Path) -> str:
    """One bash script of all blocks, so that they share a session: what one sets, the next ones see.

    Programs in other languages are put into `folder` and find the shell's variables in their environment.
    """
    lines = ["set -euo pipefail", "set -a"]
    for number, block in enumerate(blocks):
        lines.append(f"echo '--- {block.path.name}:{block.line}' >&2")
        if block.language == "python":
            program = folder / f"block{number}.py"
            program.write_text(block.code)
            lines.append(f"python {program}")
        elif block.language == "javascript":
            program = folder / f"block{number}.mjs"
            program.write_text(block.code)
            lines.append(f"node {program}")
        elif block.language == "console":
            lines += [line.removeprefix("$ ") for line in block.code.splitlines() if line.startswith("$ ")]
        else:
            lines.append(block.code)
    return "\n".join(lines)
