"""`python -m standin --cloud CLOUD`: see README.md."""

import argparse
import logging
import sys

from .server import CLOUDS, run


def main():
    parser = argparse.ArgumentParser(prog="standin", description="serves a stand-in for a cloud's API on 127.0.0.1")
    parser.add_argument("--cloud", required=True, choices=CLOUDS)
    parser.add_argument("--port", type=int, default=0, help="0 takes a free one")
    parser.add_argument("--tls-dir", help="where the certificates of a cloud that speaks TLS are written")
    parser.add_argument("--kubernetes-endpoint", help="URL of the Kubernetes API of every cluster")
    parser.add_argument("--kubernetes-ca", help="PEM file of that API's authority")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, stream=sys.stderr, format="%(asctime)s %(name)s %(message)s")
    try:
        run(options.cloud, options.port, options.tls_dir, options.kubernetes_endpoint, options.kubernetes_ca)
    except KeyboardInterrupt:
        pass


if __name__ == "__main__":
    main()
