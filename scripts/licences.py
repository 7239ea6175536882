"""Writes the tables of docs/LICENCES.md from the metadata of what is installed: `make licences`.

Every package of the lock files gets a line: the product's, those that XTTS adds, those of the developers' tools.
"""

import re
import sys
from collections.abc import Iterable
from email.message import Message
from importlib.metadata import Distribution, PackageNotFoundError, distribution
from typing import cast

from packaging.markers import Marker

from scripts.lock import ROOT, pins

PAGE = ROOT / "docs" / "LICENCES.md"
BEGIN = "<!-- The tables from here on are written by `make licences`. -->\n"
SUPPORTED = [(python, machine) for python in ("3.11.0", "3.12.0") for machine in ("x86_64", "aarch64")]
SECTIONS = {  # heading, the locks whose packages it lists; a package stands in the first that has it
    "The product": ("locks/runtime.txt",),
    "What the XTTS engine adds": ("locks/xtts.txt",),
    "What the tools of developers add": ("locks/dev.txt", "locks/xtts-dev.txt"),
}
REVIEWED = {  # what the metadata does not say, or not exactly: licence, and where it was read
    "antlr4-python3-runtime": ("BSD-3-Clause", "ANTLR's LICENSE.txt; the metadata says BSD"),
    "async-timeout": ("Apache-2.0", "its LICENSE; installed on Python 3.11.0 to 3.11.2 only"),
    "av": ("BSD-3-Clause AND GPL-3.0-or-later", "its LICENSE.txt; its FFmpeg is linked with x264 and x265"),
    "cuda-toolkit": ("LicenseRef-NVIDIA-Proprietary", "an empty package that names NVIDIA's others"),
    "espeakng-loader": ("GPL-3.0-or-later", "espeak-ng's COPYING: the wheel says nothing, and is mostly that library"),
    "nvidia-cusparselt-cu13": ("LicenseRef-NVIDIA-Proprietary", "its LICENSE.txt"),
    "nvidia-nvtx": ("Apache-2.0 WITH LLVM-exception", "its License.txt"),
    "kubernetes-validate": ("Apache-2.0", "its LICENSE; the metadata says Apache"),
    "num2words": ("LGPL-2.1-or-later", "its COPYING, and the heads of its files"),
    "python-dateutil": ("Apache-2.0 OR BSD-3-Clause", "its LICENSE: dual"),
    "pyworld-prebuilt": ("MIT", "its LICENSE; the WORLD vocoder in it is under BSD-3-Clause"),
}
NAMES = {  # what authors write, in lower case, and the SPDX identifier that they mean
    "apache 2.0": "Apache-2.0",
    "apache 2.0 license": "Apache-2.0",
    "apache license 2.0": "Apache-2.0",
    "apache software license": "Apache-2.0",
    "3-clause bsd license": "BSD-3-Clause",
    "bsd 3-clause license": "BSD-3-Clause",
    "bsd 3-clause or apache-2.0": "Apache-2.0 OR BSD-3-Clause",
    "new bsd": "BSD-3-Clause",
    "isc license": "ISC",
    "isc license (iscl)": "ISC",
    "mit license": "MIT",
    "mozilla public license 2.0 (mpl 2.0)": "MPL-2.0",
    "mpl-2.0 and mit": "MPL-2.0 AND MIT",
    "python software foundation license": "PSF-2.0",
    "licenseref-nvidia-proprietary": "LicenseRef-NVIDIA-Proprietary",
}
FREELY = "yes", "keep its copyright notice and its text"
TERMS = {  # SPDX identifier: may it be used commercially; what it asks of whoever passes the package on
    "0BSD": ("yes", "nothing"),
    "Apache-2.0": ("yes", "keep its text and its notices, and mark changed files; it grants patents"),
    "Apache-2.0 WITH LLVM-exception": ("yes", "as Apache-2.0; compiled into a program, nothing"),
    "BSD-2-Clause": FREELY,
    "BSD-3-Clause": ("yes", "keep its copyright notice and its text; do not advertise with its authors' names"),
    "CC0-1.0": ("yes", "nothing"),
    "CNRI-Python": FREELY,
    "GPL-2.0-or-later": (
        "yes",
        "**copyleft**: pass on what runs in one process with it under the GPL, source included",
    ),
    "GPL-3.0-or-later": (
        "yes",
        "**copyleft**: pass on its source, and what runs in one process with it under the GPL",
    ),
    "ISC": FREELY,
    "LGPL-2.1-or-later": ("yes", "copyleft for itself: pass on its source, and let others replace it"),
    "LGPL-3.0-only": ("yes", "copyleft for itself: pass on its source, and let others replace it"),
    "LicenseRef-NVIDIA-Proprietary": (
        "yes",
        "**not free software**: use and pass it on as NVIDIA's agreement in the wheel allows",
    ),
    "MIT": FREELY,
    "MIT-0": ("yes", "nothing"),
    "MIT-CMU": FREELY,
    "MPL-2.0": ("yes", "copyleft by file: pass on the source of those of its files that you change"),
    "PSF-2.0": ("yes", "keep its copyright notice and its text; say what you changed"),
    "Zlib": ("yes", "do not claim to have written it; mark changes"),
}


def main() -> int:
    """Write the tables. Returns the exit status: 1 where a package is not installed, or says too little."""
    try:
        tables = "\n".join([terms_table(), *(section(heading) for heading in SECTIONS)])
    except (PackageNotFoundError, LookupError) as error:
        print(f"{error}: look at its licence, and add it to REVIEWED or NAMES in scripts/licences.py")
        return 1
    prose = PAGE.read_text().partition(BEGIN)[0]
    PAGE.write_text(f"{prose}{BEGIN}\n{tables}")
    return 0


def names_of(heading: str) -> list[str]:
    """The packages of a section, in the order of the alphabet, as the locks spell them."""
    earlier = list(SECTIONS)[: list(SECTIONS).index(heading)]
    known = {name for before in earlier for name in names_of(before)}
    found = {pin.name for lock in SECTIONS[heading] for pin in pins(ROOT / lock) if is_installed_somewhere(pin.marker)}
    return sorted(found - known)


def is_installed_somewhere(marker: str | None) -> bool:
    """True if a supported machine installs a package with this condition."""
    here = {"sys_platform": "linux", "os_name": "posix", "implementation_name": "cpython"}
    here["platform_python_implementation"] = "CPython"
    return marker is None or any(
        Marker(marker).evaluate({**here, "python_full_version": python, "platform_machine": machine})
        for python, machine in SUPPORTED
    )


def licence_of(name: str) -> str:
    """SPDX expression for an installed package, or one that was reviewed. Raises LookupError where neither says it."""
    if name in REVIEWED:
        return REVIEWED[name][0]
    declared = declared_licence(distribution(name))
    if declared is None:
        raise LookupError(f"{name} does not say exactly which licence it is under")
    return declared


def declared_licence(package: Distribution) -> str | None:
    """The licence that a package's metadata declares, as an SPDX expression; None where it is unclear.

    Its expression goes before its `License` line, and that before its classifiers. Where they say no more than "BSD",
    the clauses in its text are counted.
    """
    metadata = cast(Message, package.metadata)
    if expression := metadata.get("License-Expression"):
        return str(expression)
    line = str(metadata.get("License") or "").strip().splitlines()[:1]
    classified = [value.split(" :: ")[-1] for value in metadata.get_all("Classifier") or [] if "License ::" in value]
    classified = [value for value in classified if value != "DFSG approved"]
    for said in (*line, *(classified if len(classified) == 1 else [])):
        name = NAMES.get(said.lower(), said if said in TERMS else None)
        if name:
            return name
    return clauses_of_bsd(package) if {*line, *classified} & {"BSD", "BSD License"} else None


def clauses_of_bsd(package: Distribution) -> str | None:
    """The one of the BSD licences that the package's own text is; None if it has no text."""
    for path in package.files or []:
        if re.search(r"\.dist-info/.*(LICEN[CS]E|COPYING)", str(path)):
            text = " ".join(path.read_text().split())
            if "Redistribution and use in source and binary forms" in text:
                is_named = "either the name" in text or "names of" in text
                return "BSD-3-Clause" if is_named else "BSD-2-Clause"
    return None


def identifiers(licences: Iterable[str]) -> list[str]:
    """The single licences in these expressions, in the order of the alphabet."""
    return sorted(
        {part.strip("() ") for licence in licences for part in re.split(r" AND | OR ", licence)}, key=str.lower
    )


def terms_table() -> str:
    used = identifiers(licence_of(name) for heading in SECTIONS for name in names_of(heading))
    unknown = [name for name in used if name not in TERMS]
    if unknown:
        raise LookupError(f"{', '.join(unknown)} is not in TERMS")
    rows = [f"| {name} | {TERMS[name][0]} | {TERMS[name][1]} |" for name in used]
    head = ["## What the licences permit", "", "| licence | commercial use | what it asks of whoever passes it on |"]
    return "\n".join([*head, "|---|---|---|", *rows, ""])


def section(heading: str) -> str:
    rows = [f"| {name} | {licence_of(name)} |" for name in names_of(heading)]
    return "\n".join(
        [f"## {heading}", "", f"{len(rows)} packages.", "", "| package | licence |", "|---|---|", *rows, ""]
    )


if __name__ == "__main__":
    sys.exit(main())
