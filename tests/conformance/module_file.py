#!/usr/bin/env python3
"""Looks at a driver module's file: it exports lima_driver_entry and nothing else, is marked as never to be unloaded, and
needs no library that does not live with a second copy of itself."""

import subprocess
import sys

FORBIDDEN = ("libgrpc", "libprotobuf", "libspdlog")


def lines(*command):
    return subprocess.run(command, check=True, capture_output=True, text=True).stdout.splitlines()


def problems(module):
    exported = [line.split()[-1].split("@")[0] for line in lines("nm", "-D", "--defined-only", module)]
    if exported != ["lima_driver_entry"]:
        yield f"exports {exported}, not lima_driver_entry alone"
    dynamic = lines("readelf", "-dW", module)
    if not any("FLAGS_1" in line and "NODELETE" in line for line in dynamic):
        yield "is not linked with -z nodelete"
    for line in dynamic:
        if "(NEEDED)" in line and any(name in line for name in FORBIDDEN):
            yield f"needs {line.split('[')[-1].rstrip(']')}"


def main():
    bad = [f"{sys.argv[1]}: {problem}" for problem in problems(sys.argv[1])]
    print("\n".join(bad) or "fine")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
