#!/usr/bin/env python3
"""Many databases by one configuration: each command of Terraform beside Terraform alone, and beside another provider.

Prints Markdown. Nothing waits: no operator runs on the playground, so objects are written and read and nothing comes of
them. `kubeblocks_cluster` waits for its database, so it is planned, imported and refreshed here, not created; what a
create and a destroy cost is measured with `kubeblocks_object`, which writes the same objects.
"""

import argparse
import json
import os
import re
import resource
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[1]))
sys.dont_write_bytecode = True
from databases import PROVIDER, databases, settings
from noted import write as write_noted

# NUMBER is how many. All are repeated by `count`: Terraform's own time for a `for_each` of a thousand is many times as long.
CORE = """
resource "terraform_data" "this" {
  count = NUMBER
  input = "database-${count.index}"
}
"""

CLUSTER = (
    PROVIDER
    + databases("count = NUMBER", '"db-${count.index}"')
)

IMPORT = """
import {
  for_each = { for index in range(NUMBER) : "bench/db-${index}" => index }
  to       = kubeblocks_cluster.this[each.value]
  id       = each.key
}
"""

BODY = """{
    apiVersion = "apps.kubeblocks.io/v1alpha1"
    kind       = "Cluster"
    metadata   = { namespace = "bench", name = "PREFIX-${count.index}" }
    spec = {
      clusterDefinitionRef = "postgresql"
      clusterVersionRef    = "postgresql-14.8.0"
      terminationPolicy    = "Delete"
      componentSpecs = [{
        name            = "postgresql"
        componentDefRef = "postgresql"
        replicas        = 2
        resources = {
          requests = { cpu = "500m", memory = "512Mi" }
          limits   = { cpu = "500m", memory = "512Mi" }
        }
        volumeClaimTemplates = [{
          name = "data"
          spec = {
            accessModes = ["ReadWriteOnce"]
            resources   = { requests = { storage = "20Gi" } }
          }
        }]
      }]
    }
  }"""

OBJECT = (
    PROVIDER
    + """
resource "kubeblocks_object" "this" {
  count    = NUMBER
  wait_for = {}
  manifest = """
    + BODY.replace("PREFIX", "object")
    + """
}
"""
)

PEER = (
    """
terraform {
  required_providers {
    kubectl = { source = "gavinbunney/kubectl" }
  }
}

resource "kubectl_manifest" "this" {
  count             = NUMBER
  server_side_apply = true
  wait              = false
  yaml_body = yamlencode("""
    + BODY.replace("PREFIX", "peer")
    + """)
}
"""
)


class Bench:
    def __init__(self, arguments):
        self.work = Path(tempfile.mkdtemp(prefix="kbscale-"))
        self.rounds = arguments.rounds
        self.playground = arguments.playground
        self.notes = self.work / "used"
        self.environment = {**os.environ, "CHECKPOINT_DISABLE": "1", "TF_IN_AUTOMATION": "1"}
        self.environment["TF_CLI_CONFIG_FILE"] = str(self.install(arguments))

    def install(self, arguments):
        """Providers under a program that notes what their processes have used."""
        folders = {}
        for address, program in (("kubeblocks/kubeblocks", arguments.provider), ("gavinbunney/kubectl", arguments.peer)):
            if not program:
                continue
            folder = self.work / address.replace("/", "-")
            folder.mkdir()
            noted = folder / f"terraform-provider-{address.split('/')[1]}"
            write_noted(Path(program), self.notes, noted)
            folders[address] = folder
        path = self.work / "cli.tfrc"
        path.write_text(settings(folders))
        return path

    def start(self):
        subprocess.run([self.playground, "up", "--detach", "--dir", self.work / "kubernetes"], check=True, stdout=subprocess.DEVNULL)
        for line in (self.work / "kubernetes" / "env").read_text().splitlines():
            found = re.match(r"export (\w+)=(.*)", line)
            if found:
                self.environment[found[1]] = found[2].strip("'\"")
        # Of the operator's chart, the kinds alone: without Deployments nobody plays the operator.
        self.capture(["kubectl", "apply", "--server-side", "-f", "-"], input=self.chart("show", "crds", "kubeblocks"))
        self.capture(["kubectl", "wait", "--for=condition=Established", "crd", "--all", "--timeout=60s"])
        self.capture(["kubectl", "create", "namespace", "bench"])
        # What a database is an instance of, as every plan looks at it.
        self.capture(["kubectl", "apply", "--server-side", "-f", "-"], input=self.chart("template", "postgresql", "postgresql"))

    def chart(self, command, *names):
        """What helm says of a chart."""
        source = ["--version", "0.7.5", "--repo", self.environment["TF_VAR_chart_repository"]]
        return self.capture([self.environment["KUBEBLOCKS_HELM"], command, *names, *source])

    def stop(self):
        subprocess.run([self.playground, "down", "--dir", self.work / "kubernetes"], check=False, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        shutil.rmtree(self.work, ignore_errors=True)

    def capture(self, command, **more):
        result = subprocess.run(command, env=self.environment, capture_output=True, text=True, check=False, **more)
        if result.returncode != 0:
            sys.exit(f"{command[:4]} failed:\n{(result.stdout + result.stderr)[-3000:]}")
        return result.stdout

    def requests(self):
        """How many requests for kinds of KubeBlocks, and for Services, the API server has had."""
        total = 0
        for line in self.capture(["kubectl", "get", "--raw", "/metrics"]).splitlines():
            if line.startswith("apiserver_request_total") and ('kubeblocks.io"' in line or 'resource="services"' in line):
                total += float(line.rsplit(" ", 1)[1])
        return total

    def terraform(self, folder, *arguments, counted=True):
        """One command: seconds, CPU seconds of Terraform itself and of the provider, MiB of the provider, requests."""
        self.notes.write_text("")
        before = self.requests() if counted else 0
        begun, before_cpu = time.monotonic(), cpu_of_children()
        result = subprocess.run(
            ["terraform", *arguments], cwd=folder, env=self.environment, capture_output=True, text=True, check=False
        )
        took, all_cpu = time.monotonic() - begun, cpu_of_children() - before_cpu
        if result.returncode != 0:
            sys.exit(f"terraform {arguments[0]} in {folder.name} failed:\n{(result.stdout + result.stderr)[-3000:]}")
        used = [line.split() for line in self.notes.read_text().splitlines()]
        cpu = sum(float(cpu) for cpu, _ in used)
        return {
            "time": took,
            "terraform": all_cpu - cpu,
            "cpu": cpu,
            "memory": max((float(size) / 1024 for _, size in used), default=0.0),
            "requests": (self.requests() - before) if counted else 0,
        }

    def often(self, folder, *arguments):
        """A command that changes nothing: medians of several runs."""
        runs = [self.terraform(folder, *arguments) for _ in range(self.rounds)]
        return {name: statistics.median(run[name] for run in runs) for name in runs[0]}

    def folder(self, name, number, configuration):
        folder = self.work / f"{name}-{number}"
        folder.mkdir()
        (folder / "main.tf").write_text(configuration)
        return folder

    def life(self, name, number, template):
        """From nothing to nothing, through the commands that a configuration sees."""
        folder = self.folder(name, number, template.replace("NUMBER", str(number)))
        quiet = ("-input=false", "-no-color")
        figures = {
            "validate": self.often(folder, "validate", "-no-color"),
            "plan, all new": self.often(folder, "plan", *quiet),
            "apply": self.terraform(folder, "apply", "-auto-approve", *quiet),
            "refresh and plan, nothing changed": self.often(folder, "plan", "-detailed-exitcode", *quiet),
            "destroy": self.terraform(folder, "destroy", "-auto-approve", *quiet),
        }
        return figures

    def databases(self, number):
        """`kubeblocks_cluster`: planned as new, then imported and looked at."""
        quiet = ("-input=false", "-no-color")
        configuration = CLUSTER.replace("NUMBER", str(number))
        folder = self.folder("cluster", number, configuration)
        figures = {
            "validate": self.often(folder, "validate", "-no-color"),
            "plan, all new": self.often(folder, "plan", *quiet),
        }
        objects = [
            {
                "apiVersion": "apps.kubeblocks.io/v1alpha1",
                "kind": "Cluster",
                "metadata": {"namespace": "bench", "name": f"db-{index}"},
                "spec": {
                    "clusterDefinitionRef": "postgresql",
                    "clusterVersionRef": "postgresql-14.8.0",
                    "terminationPolicy": "Delete",
                    "componentSpecs": [
                        {
                            "name": "postgresql",
                            "componentDefRef": "postgresql",
                            "replicas": 2,
                            "resources": {kind: {"cpu": "500m", "memory": "512Mi"} for kind in ("requests", "limits")},
                            "volumeClaimTemplates": [
                                {
                                    "name": "data",
                                    "spec": {
                                        "accessModes": ["ReadWriteOnce"],
                                        "resources": {"requests": {"storage": "20Gi"}},
                                    },
                                }
                            ],
                        }
                    ],
                },
            }
            for index in range(number)
        ]
        listed = json.dumps({"apiVersion": "v1", "kind": "List", "items": objects})
        self.capture(["kubectl", "apply", "--server-side", "-f", "-"], input=listed)
        (folder / "import.tf").write_text(IMPORT.replace("NUMBER", str(number)))
        figures["import, by blocks"] = self.terraform(folder, "apply", "-auto-approve", *quiet)
        (folder / "import.tf").unlink()
        figures["refresh and plan, nothing changed"] = self.often(folder, "plan", "-detailed-exitcode", *quiet)
        self.capture(["kubectl", "delete", "clusters.apps.kubeblocks.io", "--all", "-n", "bench"])
        return figures


def cpu_of_children():
    """CPU seconds of all processes that have ended, and of what these waited for."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(value):
    return f"{value * 1000:.0f} ms" if value < 1 else f"{value:.2f} s"


def show(numbers, sides):
    for number in numbers:
        print(f"\n### {number:,} {'database' if number == 1 else 'databases'}\n")
        names = list(sides)
        print("| command | " + " | ".join(f"{name}: time" for name in names) + " | provider's CPU | peak memory | requests |")
        print("|---|" + "---|" * (len(names) + 3))
        commands = dict.fromkeys(command for name in names for command in sides[name][number])
        for command in commands:
            cells, cpu, memory, asked = [], [], [], []
            for name in names:
                figure = sides[name][number].get(command)
                cells.append(seconds(figure["time"]) if figure else "–")
                if figure and name != "core":
                    cpu.append(seconds(figure["cpu"]))
                    memory.append(f"{figure['memory']:.0f} MiB")
                    asked.append(f"{figure['requests']:.0f}")
            print(f"| {command} | " + " | ".join(cells) + f" | {' / '.join(cpu)} | {' / '.join(memory)} | {' / '.join(asked)} |")


def bars(numbers, sides):
    least, most = min(numbers), max(numbers)
    refresh = "refresh and plan, nothing changed"
    core, cluster = sides["core"][most][refresh], sides["kubeblocks_cluster"][most][refresh]
    print(
        f"\nRefresh and plan of {most:,} databases with nothing changed: {cluster['time'] / core['time']:.2f}x of Terraform's own "
        f"time for as many `terraform_data` (the bar: at most 1.5x), {cluster['memory']:.0f} MiB in the provider (at most 120 MiB)."
    )
    print(
        f"Of its CPU time, {seconds(cluster['terraform'])} are Terraform's own and {seconds(cluster['cpu'])} the provider's: "
        f"{(cluster['terraform'] + cluster['cpu']) / cluster['terraform']:.2f}x of what Terraform itself does for these resources, "
        f"which is {cluster['terraform'] / core['terraform']:.1f}x of what it does for `terraform_data`."
    )
    middle = sorted(numbers)[-2] if len(numbers) > 1 else least
    grown = cluster["cpu"] / sides["kubeblocks_cluster"][middle][refresh]["cpu"]
    print(f"From {middle:,} to {most:,} databases the provider's CPU time of it grows {grown:.1f}-fold (linear is {most / middle:.0f}-fold).")
    if "kubectl_manifest" in sides:
        for command in ("plan, all new", "apply", refresh, "destroy"):
            own = {name: sides[name][most][command]["time"] - sides["core"][most][command]["time"] for name in ("kubeblocks_object", "kubectl_manifest")}
            print(
                f"- {command}: {seconds(max(own['kubeblocks_object'], 0))} beside {seconds(max(own['kubectl_manifest'], 0))} of "
                "`kubectl_manifest`, Terraform's own time taken off"
            )


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--provider", required=True)
    parser.add_argument("--playground", required=True)
    parser.add_argument("--peer", default="")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("numbers", nargs="*", type=int, default=[1, 100, 1000])
    arguments = parser.parse_args()
    numbers = arguments.numbers or [1, 100, 1000]
    bench = Bench(arguments)
    try:
        bench.start()
        sides = {"core": {}, "kubeblocks_cluster": {}, "kubeblocks_object": {}}
        templates = {"core": CORE, "kubeblocks_object": OBJECT}
        if arguments.peer:
            sides["kubectl_manifest"] = {}
            templates["kubectl_manifest"] = PEER
        for number in numbers:
            for name, template in templates.items():
                sides[name][number] = bench.life(name, number, template)
                print(name, number, json.dumps(sides[name][number]), file=sys.stderr)
            sides["kubeblocks_cluster"][number] = bench.databases(number)
            print("kubeblocks_cluster", number, json.dumps(sides["kubeblocks_cluster"][number]), file=sys.stderr)
        show(numbers, sides)
        bars(numbers, sides)
    finally:
        bench.stop()


main()
