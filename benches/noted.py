#!/usr/bin/env python3
"""A program in a provider's place, which runs the provider and notes what its process has used.

    noted.py PROGRAM NOTES TARGET

writes it to TARGET. Each process of PROGRAM that ends then adds a line to NOTES: seconds of CPU, and the most memory in KiB.
"""

import sys
from pathlib import Path

# Without the modules of Python, whose start would take longer than the provider's.
TEXT = """#!{python} -ISE
import os, sys
from _signal import SIGINT, SIGTERM, signal

provider = os.posix_spawn({program!r}, [{program!r}, *sys.argv[1:]], os.environ)
for number in (SIGINT, SIGTERM):
    signal(number, lambda number, _: os.kill(provider, number))
_, status, used = os.wait4(provider, 0)
with open({notes!r}, "a") as file:
    file.write(f"{{used.ru_utime + used.ru_stime}} {{used.ru_maxrss}}\\n")
os._exit(os.waitstatus_to_exitcode(status) & 255)
"""


def write(program: Path, notes: Path, target: Path) -> None:
    """Writes the program that runs `program` and adds to `notes` to `target`."""
    target.write_text(TEXT.format(python=sys.executable, program=str(program.resolve()), notes=str(notes)))
    target.chmod(0o755)


if __name__ == "__main__":
    write(*map(Path, sys.argv[1:]))
