#!/usr/bin/env python3
"""The JSON schema of lima.yaml, tried by a validator that is not ours.

usage: tests/cli/fits_schema.py SCHEMA TEMPLATE...

Every template has to fit, and every one of the broken documents below must not.
"""

import json
import re
import sys

import yaml
from jsonschema import Draft202012Validator


class Loader(yaml.SafeLoader):
    """YAML 1.2: yes, no, on and off are texts, and so is what looks like a date."""


Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers
            if tag not in ("tag:yaml.org,2002:bool", "tag:yaml.org,2002:timestamp", "tag:yaml.org,2002:int")]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()}
Loader.add_implicit_resolver("tag:yaml.org,2002:bool", re.compile("^(true|True|TRUE|false|False|FALSE)$"), list("tTfF"))
Loader.add_implicit_resolver("tag:yaml.org,2002:int", re.compile("^[-+]?[0-9]+$"), list("-+0123456789"))

BROKEN = [
    "just text",
    "[1]",
    "memroy: 4GiB",
    "cpus: two",
    "memory: 4XB",
    "memory: 4",
    "disk: 10 bytes",
    "os: linux",
    "arch: amd64",
    "mountType: sshfs",
    "mountType: ''",
    "plain: yes",
    "images: {location: /a}",
    "images: [{arch: x86_64}]",
    "images: [{location: /a, arch: x86}]",
    "images: [{location: /a, digest: 'md5:d41d8cd98f00b204e9800998ecf8427e'}]",
    "images: [{location: /a, kernel: {cmdline: x}}]",
    "additionalDisks: ['a/b']",
    "additionalDisks: [{format: true}]",
    "mounts: ['~']",
    "mounts: [{location: /a, sshfs: {cach: true}}]",
    "mounts: [{location: /a, 9p: {msize: big}}]",
    "ssh: {localPort: 22}",
    "ssh: {localPort: 70000}",
    "ssh: {localport: 60022}",
    "portForwards: [{guestPortRange: [1]}]",
    "portForwards: [{guestPortRange: [1, 2, 3]}]",
    "portForwards: [{hostPort: 65536}]",
    "portForwards: [{proto: TCP}]",
    "portForwards: [{guestSocket: run/x.sock}]",
    "copyToHost: [{guest: etc/x, host: /y}]",
    "provision: [{mode: sytem, script: x}]",
    "provision: [{mode: data, path: /x, permissions: '0844'}]",
    "probes: [{mode: liveness, script: '#!/bin/sh'}]",
    "networks: [{lima: user-v2, macAddress: '52:55'}]",
    "networks: [{lima: user-v2, interface: eth0}]",
    "networks: [{lima: user-v2, interface: a-name-that-is-long}]",
    "dns: [example.com]",
    "env: [A=b]",
    "param: {3rd: x}",
    "base: {url: x}",
    "base: [{digest: x}]",
    "minimumLimaVersion: '2.0'",
    "user: {uid: -1}",
    "vmOpts: [qemu]",
    "vmOpts: {qemu: {minimumVersion: '8'}}",
    "vmOpts: {qemu: {cputype: {}}}",
    "vmOpts: {vz: {diskImageFormat: qcow2}}",
    "osOpts: {Windows: {virtioWin: x}}",
    "audio: {interface: ac97}",
]

# What the decoder takes as well as the form of the reference page.
FITTING = [
    "",
    "cpus: '4'",
    "os: default\narch: ''\nmemory: ''\nmountType:",
    "base: template:_images/debian-12",
    "base: [template:_images/debian-12, {url: ./x.yaml, digest: 'sha256:00'}]",
    "additionalDisks: [data, {name: scratch, format: false}, {name: '*', fsType: xfs}]",
    "networks: [{lima: user-v2}, {interface: '*', metric: 50}]",
    "provision: [{mode: data, path: '{{.Home}}/x', permissions: 644, content: ''}, {file: ./x.sh}]",
    "copyToHost: [{guest: '{{.Home}}/x', host: '{{.Dir}}/x'}]",
    "env: {A: 1, B: true, C: 1.5, D:}",
    "vmOpts: {qemu: {cpuType:}, mine: {anything: [1]}}",
    "osOpts: {Windows: {virtioWin: [{location: ./x.iso}]}, Plan9: {}}",
    "memory: 1.5 gib\ndisk: 4e9",
    "portForwards: [{guestPort: '8080', hostPort: '80'}]",
]


def main(schema_file, templates):
    with open(schema_file, encoding="utf-8") as file:
        schema = json.load(file)
    Draft202012Validator.check_schema(schema)
    validator = Draft202012Validator(schema)
    failures = []

    def mistakes(text):
        return [f"{'.'.join(map(str, error.absolute_path))}: {error.message}"
                for error in validator.iter_errors(yaml.load(text, Loader))]

    for template in templates:
        with open(template, encoding="utf-8") as file:
            failures += [f"{template}: {mistake}" for mistake in mistakes(file.read())]
    for text in FITTING:
        failures += [f"{text!r} should fit: {mistake}" for mistake in mistakes(text)]
    failures += [f"{text!r} should not fit" for text in BROKEN if not mistakes(text)]
    for failure in failures:
        print(failure)
    print(f"{len(templates)} templates, {len(FITTING)} fitting and {len(BROKEN)} broken documents: {len(failures)} failures")
    return 1 if failures or not templates else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1], sys.argv[2:]))
