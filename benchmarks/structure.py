"""The size and shape of the code: lines, small files, imports that climb, circles, lengths of functions.

    python -m benchmarks.structure

Migrations do not count, and an empty `__init__.py` is no small file. `tests/test_architecture.py` holds the layers.
"""

import ast
import statistics
from graphlib import CycleError, TopologicalSorter

from tests.rig.processes import ROOT
from tests.test_architecture import LAYERS, MODULES, imports_of, part_of

FEW_LINES = 40


def sources(*folders: str) -> dict[str, str]:
    """The text of each file of some folders, by its path."""
    paths = sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))
    return {str(path.relative_to(ROOT)): path.read_text() for path in paths if path.parent.name != "migrations"}


def lines(text: str) -> int:
    """The number of lines of a file."""
    return len(text.splitlines())


def climbing_imports() -> list[str]:
    """The imports that go up from a layer to one above it."""
    found = []
    for name in MODULES:
        here = part_of(name)
        for imported in sorted(imports_of(name)):
            there = part_of(imported)
            if here and there and LAYERS[there] > LAYERS[here]:
                found.append(f"{name} -> {imported}")
    return found


def circle() -> list[str]:
    """Modules that import each other in a circle; empty where none do."""
    sorter = TopologicalSorter({name: imports_of(name) & MODULES.keys() - {name} for name in MODULES})
    try:
        sorter.prepare()
    except CycleError as error:
        return list(error.args[1])
    return []


def function_lengths() -> list[int]:
    """The lines of every function of the product, in rising order."""
    functions = ast.FunctionDef | ast.AsyncFunctionDef
    trees = [ast.parse(text) for text in sources("voice", "podstream", "local").values()]
    nodes = [node for tree in trees for node in ast.walk(tree) if isinstance(node, functions)]
    return sorted((node.end_lineno or node.lineno) - node.lineno + 1 for node in nodes)


def main() -> None:
    """Print it all."""
    product, local = sources("voice", "podstream"), sources("local")
    small = [path for path, text in product.items() if 0 < lines(text) <= FEW_LINES]
    lengths, climbing, circling = function_lengths(), climbing_imports(), circle()
    print(f"lines of voice + podstream: {sum(map(lines, product.values())):,}")
    print(f"lines of local: {sum(map(lines, local.values())):,}")
    print(f"files of <= {FEW_LINES} lines in voice + podstream: {len(small)} of {len(product)}")
    print("".join(f"  {path}\n" for path in small), end="")
    print(f"imports that climb: {len(climbing)} {' '.join(climbing)}")
    print(f"circles: {' -> '.join(circling) or 0}")
    p90 = lengths[int(len(lengths) * 0.9)]
    print(f"functions: {len(lengths)}; lines median {statistics.median(lengths):g}, p90 {p90}, max {lengths[-1]}")


if __name__ == "__main__":
    main()
