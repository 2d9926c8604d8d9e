#!/usr/bin/env python3
"""How many instructions the provider needs for its start and for plans, counted by valgrind.

Counts are the same on a busy machine as on a quiet one. Prints Markdown, and fails when a count has grown by more than a
tenth beyond `kept.json`; `--keep` writes what was counted there instead.
"""

import argparse
import json
import os
import re
import subprocess
import sys
import tempfile
from pathlib import Path

KEPT = Path(__file__).with_name("kept.json")
# Keys of TLS are made by chance, and threads meet by chance.
MAY_GROW = 1.10

COUNTED = """#!/bin/sh
exec valgrind --quiet --tool=callgrind --callgrind-out-file="{notes}/%p" "{program}" "$@"
"""

# The Kubernetes cluster is not known yet, so a plan asks nobody.
PROVIDER = """
terraform {
  required_providers {
    kubeblocks = { source = "kubeblocks/kubeblocks" }
  }
}

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

DATABASES = """
resource "kubeblocks_cluster" "this" {
  count              = NUMBER
  namespace          = "bench"
  name               = "db-${count.index}"
  definition         = "postgresql"
  version            = "postgresql-14.8.0"
  termination_policy = "Delete"

  components = {
    postgresql = {
      replicas  = 2
      resources = { cpu = "500m", memory = "512Mi" }
      volumes   = { data = { size = "20Gi" } }
    }
  }
}
"""


class Counter:
    def __init__(self, program, work):
        self.work = Path(work)
        self.notes = self.work / "notes"
        self.notes.mkdir()
        counted = self.work / "terraform-provider-kubeblocks"
        counted.write_text(COUNTED.format(notes=self.notes, program=Path(program).resolve()))
        counted.chmod(0o755)
        settings = self.work / "cli.tfrc"
        settings.write_text(
            f'provider_installation {{\n  dev_overrides {{\n    "kubeblocks/kubeblocks" = "{self.work}"\n  }}\n  direct {{}}\n}}\n'
        )
        self.environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_CLI_CONFIG_FILE": str(settings)}

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


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--keep", action="store_true")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory() as work:
        counter = Counter(arguments.provider, work)
        plan = ("plan", "-input=false", "-no-color")
        one, many = (counter.count(PROVIDER + DATABASES.replace("NUMBER", str(number)), *plan) for number in (1, 101))
        counts = {
            "start and schema": counter.count(PROVIDER, "providers", "schema", "-json"),
            "plan of one new database, with the starts of it": one,
            "each further database": (many - one) // 100,
        }
    if arguments.keep:
        KEPT.write_text(json.dumps(counts, indent=2) + "\n")
    kept = json.loads(KEPT.read_text())
    print("| millions of instructions | now | kept |\n|---|---|---|")
    for name, count in counts.items():
        print(f"| {name} | {count / 1e6:.1f} | {kept[name] / 1e6:.1f} |")
    grown = [name for name, count in counts.items() if count > kept[name] * MAY_GROW]
    if grown:
        sys.exit(f"grown by more than a tenth: {', '.join(grown)}")


main()
