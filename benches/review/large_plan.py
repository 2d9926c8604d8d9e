"""Writes a plan of many databases, as `terraform show -json` would, to measure `review` with.

    python3 large_plan.py 1000 > plan.json
"""

import json
import sys

PROVIDER = "registry.terraform.io/kubeblocks/kubeblocks"


def capacity(cpu):
    return {"instances": 3, "nodes": None, "cpu": cpu, "memory_gib": 12, "storage_gib": 300}


def impact(level, cpu):
    reasons = [
        {
            "path": f'components["{component}"].resources.cpu',
            "level": level,
            "text": "the 3 instances restart one after another",
        }
        for component in ("postgresql", "pgbouncer")
    ]
    return {
        "level": level,
        "reasons": reasons,
        "instances_restarted": 3,
        "nodes_recreated": None,
        "data_removed": ["volumes of postgresql-2"] if level == "data_loss" else [],
        "before": capacity(1),
        "after": capacity(cpu),
    }


def component(cpu):
    return {
        "affinity": {"node_labels": None, "pod_anti_affinity": "Required", "tenancy": None, "topology_keys": ["zone"]},
        "definition": "postgresql",
        "logs": ["running"],
        "monitor": True,
        "parameters": {"postgresql-configuration": {f"parameter_{number}": str(number) for number in range(10)}},
        "replicas": 3,
        "resources": {"class": None, "cpu": cpu, "limits": None, "memory": "4Gi", "requests": None},
        "restart_trigger": None,
        "service_references": None,
        "services": {"lb": {"annotations": {"a": "b"}, "exposure": "vpc", "type": "LoadBalancer"}},
        "tls": None,
        "tolerations": None,
        "volumes": {"data": {"access_modes": None, "size": "100Gi", "storage_class": "gp3"}},
    }


def database(number, cpu, level):
    return {
        "affinity": None,
        "backup": {"enabled": True, "method": "volume-snapshot", "repo": "main", "retention": "7d", "schedule": "0 3 * * *"},
        "components": {"postgresql": component(cpu), "pgbouncer": component(cpu)},
        "credentials_secret": {"name": f"db{number}-conn-credential", "namespace": "shop"},
        "definition": "postgresql",
        "endpoints": {"postgresql": {"host": f"db{number}.shop.svc", "port": 5432, "ports": {"tcp": 5432}, "services": {}}},
        "final_backup": None,
        "kubernetes": {"auth": {"method": "eks", "region": "eu-west-1"}, "ca_certificate": "A" * 1500, "endpoint": "https://k"},
        "labels": {"team": "shop"},
        "name": f"db{number}",
        "namespace": "shop",
        "planned_impact": impact(level, int(cpu)),
        "restore": None,
        "running": True,
        "termination_policy": "Delete",
        "timeouts": None,
        "tolerations": [],
        "version": "postgresql-14.8.0",
    }


def change(number):
    levels = ("none", "rolling_restart", "downtime", "data_loss")
    level = levels[number % len(levels)]
    return {
        "address": f'module.shop["{number // 10}"].kubeblocks_cluster.db["{number}"]',
        "mode": "managed",
        "type": "kubeblocks_cluster",
        "name": "db",
        "index": str(number),
        "provider_name": PROVIDER,
        "change": {
            "actions": ["update"],
            "before": database(number, "1", "none"),
            "after": database(number, "2", level),
            "after_unknown": {"endpoints": {"postgresql": {"ports": {}, "services": {}}}},
            "before_sensitive": {"components": {"postgresql": {"parameters": {}}}},
            "after_sensitive": {"components": {"postgresql": {"parameters": {}}}},
        },
    }


def main(count):
    changes = [change(number) for number in range(count)]

    def values(side):
        resources = [{"address": each["address"], "values": each["change"][side]} for each in changes]
        return {"root_module": {"resources": resources}}

    plan = {
        "format_version": "1.2",
        "terraform_version": "1.11.4",
        "planned_values": values("after"),
        "resource_drift": [],
        "resource_changes": changes,
        "prior_state": {"format_version": "1.0", "values": values("before")},
        "configuration": {"root_module": {"resources": [{"address": "kubeblocks_cluster.db"}]}},
        "applyable": True,
        "complete": True,
        "errored": False,
    }
    json.dump(plan, sys.stdout, separators=(",", ":"))


main(int(sys.argv[1]))
