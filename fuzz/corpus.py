#!/usr/bin/env python3
"""The kept inputs as one file a target, an input a line: `corpus.py unpack FOLDER`, `corpus.py pack TARGET FOLDER`."""

import base64
import hashlib
import sys
from pathlib import Path

# So many bytes a target has at most: the folder is a part of every clone.
MOST = 128 << 10
KEPT = Path(__file__).resolve().parent / "corpus"


def unpack(folder):
    for file in sorted(KEPT.glob("*.txt")):
        target = folder / file.stem
        target.mkdir(parents=True, exist_ok=True)
        for line in file.read_text().splitlines():
            data = base64.b64decode(line)
            (target / hashlib.sha1(data).hexdigest()).write_bytes(data)


def pack(target, folder):
    """The shortest first, so that the same inputs make the same file, and most of them have room."""
    inputs = {path.read_bytes() for path in folder.iterdir() if path.is_file()}
    lines, size = [], 0
    for data in sorted(inputs, key=lambda data: (len(data), data)):
        line = base64.b64encode(data).decode() + "\n"
        size += len(line)
        if size > MOST:
            print(f"{target}: {len(inputs) - len(lines)} inputs have no room")
            break
        lines.append(line)
    KEPT.mkdir(exist_ok=True)
    (KEPT / f"{target}.txt").write_text("".join(lines))


def main():
    match sys.argv[1:]:
        case ["unpack", folder]:
            unpack(Path(folder))
        case ["pack", target, folder]:
            pack(target, Path(folder))
        case _:
            sys.exit(__doc__)


main()
