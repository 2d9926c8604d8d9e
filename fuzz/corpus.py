#!/usr/bin/env python3
"""The kept inputs as one file a target, an input a line: `corpus.py unpack FOLDER`, `corpus.py pack TARGET FOLDER`."""

import base64
import hashlib
import sys
from pathlib import Path

KEPT = Path(__file__).resolve().parent / "corpus"


def unpack(folder):
    for file in sorted(KEPT.glob("*.txt")):
        target = folder / file.stem
        target.mkdir(parents=True, exist_ok=True)
        for line in file.read_text().splitlines():
            data = base64.b64decode(line)
            (target / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(target, folder):
    """The shortest first, so that the same inputs make the same file."""
    inputs = {path.read_bytes() for path in folder.iterdir() if path.is_file()}
    lines = [base64.b64encode(data).decode() for data in sorted(inputs, key=lambda data: (len(data), data))]
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{target}.txt").write_text("".join(f"{line}\n" for line in lines))


def main():
    match sys.argv[1:]:
        case ["unpack", folder]:
            unpack(Path(folder))
        case ["pack", target, folder]:
            pack(target, Path(folder))
        case _:
            sys.exit(__doc__)


main()
