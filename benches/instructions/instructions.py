#!/usr/bin/env python3
"""How many instructions the provider needs for its start and for plans, counted by valgrind.

Counts are the same on a busy machine as on a quiet one. Prints Markdown, and fails when a count has grown by more than a
tenth beyond `kept.json`, which has those of programs as a release holds them; `--keep` writes what was counted there instead.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.dont_write_bytecode = True
from databases import PROVIDER, databases, settings

KEPT = Path(__file__).with_name("kept.json")
# Keys of TLS are made by chance, and threads meet by chance.
MAY_GROW = 1.10

COUNTED = """#!/bin/sh
exec valgrind --quiet --tool=callgrind --callgrind-out-file="{notes}/%p" "{program}" "$@"
"""

# The Kubernetes cluster is not known yet, so a plan asks nobody.
OFFLINE = (
    PROVIDER
    + """
resource "terraform_data" "kubernetes" {
  input = "https://kubernetes.example.com"
}

provider "kubeblocks" {
  kubernetes = {
    endpoint = terraform_data.kubernetes.output
    auth     = { method = "exec", command = "true" }
  }
}
"""
)


def planned(number):
    return OFFLINE + databases(f"count = {number}", '"db-${count.index}"')


class Counter:
    def __init__(self, program, work):
        self.work = Path(work)
        self.notes = self.work / "notes"
        self.notes.mkdir()
        counted = self.work / "terraform-provider-kubeblocks"
        counted.write_text(COUNTED.format(notes=self.notes, program=Path(program).resolve()))
        counted.chmod(0o755)
        path = self.work / "cli.tfrc"
        path.write_text(settings({"kubeblocks/kubeblocks": self.work}))
        self.environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(path)}

    def count(self, configuration, *command):
        """Instructions of all processes of the provider in one command of Terraform."""
        for note in self.notes.iterdir():
            note.unlink()
        with tempfile.TemporaryDirectory(dir=self.work) as folder:
            Path(folder, "main.tf").write_text(configuration)
            ran = subprocess.run(["terraform", *command], cwd=folder, env=self.environment, capture_output=True, text=True, check=False)
            if ran.returncode != 0:
                sys.exit(f"terraform {command[0]} failed:\n{(ran.stdout + ran.stderr)[-3000:]}")
        texts = [note.read_text() for note in self.notes.iterdir()]
        return sum(int(re.search(r"^(?:summary|totals): (\d+)", text, re.MULTILINE)[1]) for text in texts)


def how_linked(program):
    """`statically` or `dynamically`: the two have different allocators, and counts of their own."""
    header = Path(program).read_bytes()[:4096]
    return "dynamically" if b"/ld-linux" in header else "statically"


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        counter = Counter(arguments.provider, work)
        plan = ("plan", "-input=false", "-no-color")
        one, many = (counter.count(planned(number), *plan) for number in (1, 101))
        counts = {
            "start and schema": counter.count(OFFLINE, "providers", "schema", "-json"),
            "plan of one new database, with the starts of it": one,
            "each further database": (many - one) // 100,
        }
    all_kept = json.loads(KEPT.read_text())
    linked = how_linked(arguments.provider)
    if arguments.keep:
        all_kept[linked] = counts
        KEPT.write_text(json.dumps(all_kept, indent=2) + "\n")
    kept = all_kept.get(linked, {})
    print(f"| millions of instructions, {linked} linked | now | kept |\n|---|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count / 1e6:.1f} | {kept[name] / 1e6:.1f} |" if name in kept else f"| {name} | {count / 1e6:.1f} | – |")
    grown = [name for name, count in counts.items() if name in kept and count > kept[name] * MAY_GROW]
    if grown:
        sys.exit(f"grown by more than a tenth: {', '.join(grown)}")


main()
