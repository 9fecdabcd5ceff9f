"""Which folder may include which: the picture of ARCHITECTURE.md, checked from the sources.

A folder of core may include itself and what stands in an earlier rank; siblings of one rank do not include each other.
Third-party headers that have a fence may be included only behind it.
"""

import re
import sys

import tree

RANKS = [
    ["base"], ["aio"], ["mux"], ["text"], ["config"], ["store"], ["fetch"],
    ["template", "image", "ssh", "network", "driver", "hostapi"],
    ["cidata"], ["instance"], ["hostagent"], ["cli"],
]
RANK = {folder: n for n, rank in enumerate(RANKS) for folder in rank}

# header prefix -> regular expression of the files that may include it
FENCES = {
    "boost/dll": r"core/driver/",
    "boost/": r"(core/(aio|mux|driver|hostagent|hostapi)|guestagent)/",
    "yaml.h": r"core/text/",
    "yaml-cpp": r"core/text/",
    "re2/": r"core/text/yq/",
    "toml++/": r"core/text/yq/",
    "expat": r"core/text/yq/",
    "curl/": r"core/fetch/program/",
    "archive": r"core/fetch/program/",
    "libssh2": r"core/ssh/",
    "spdlog": r"core/base/log_sink\.cpp",
    "CLI/": r"core/cli/",
    "grpc": r"(sdk/remote|core/hostagent/guest|guestagent)/",
    "google/protobuf": r"(sdk/remote|core/hostagent/guest|guestagent)/",
}

INCLUDE = re.compile(r'^\s*#\s*include\s*([<"])([^>"]+)[>"]', re.M)


def allowed(name, included):
    """None, or why the file may not include that header of ours."""
    mine, theirs = name.split("/"), included.split("/")
    if mine[0] == "tests" or mine[0] == "bench":
        return None
    if theirs[0] == "plugins":
        shared = mine[0] == "plugins" and theirs[1] == "described"
        return None if shared or mine[:2] == theirs[:2] else "a plugin is seen by nobody"
    if mine[:3] == ["sdk", "remote", "server"] and theirs[0] == "core":
        # A host of its own: it gives the module that it serves what every host gives (docs/adr/0005).
        return None if theirs[1] in ("base", "text", "store", "driver", "instance") else \
            "lima-run-driver sees only core/base, text, store, driver and instance"
    if mine[0] in ("plugins", "sdk"):
        same = mine[:2] == theirs[:2] or mine[0] == theirs[0] == "sdk"
        return None if same or theirs[:2] == ["core", "base"] else "sees only <lima/...> and core/base"
    if mine[0] == "guestagent":
        return None if theirs[0] == "guestagent" or theirs[:2] in (["core", "base"], ["core", "aio"], ["core", "mux"], ["core", "text"]) \
            else "sees only core/base, core/aio, core/mux and core/text"
    if mine[:3] == ["core", "hostagent", "guest"] and theirs[:2] == ["guestagent", "proto"]:
        return None
    if mine[0] == "core" and theirs[0] == "core":
        if mine[1] == theirs[1]:
            return None
        if RANK.get(theirs[1], 99) < RANK.get(mine[1], -1):
            return None
        return f"core/{mine[1]} stands left of core/{theirs[1]}, or beside it"
    return f"core does not include {theirs[0]}/"


def main(root):
    errors = []
    for name in tree.files(root, [".cpp", ".hpp", ".h"]):
        text = tree.read(root, name)
        for match in INCLUDE.finditer(text):
            bracket, header = match.groups()
            line = text.count("\n", 0, match.start()) + 1
            if bracket == '"' and header.split("/")[0] in ("core", "plugins", "sdk", "guestagent"):
                why = allowed(name, header)
                if why:
                    errors.append(f"{name}:{line}: includes {header}: {why}")
            elif bracket == '"' and not name.startswith(("tests/", "bench/")) and "/" not in header:
                errors.append(f"{name}:{line}: includes \"{header}\": write it relative to the root")
            for prefix, where in FENCES.items():
                if bracket == "<" and header.startswith(prefix):
                    if not name.startswith(("tests/", "bench/")) and not re.match(where, name):
                        errors.append(f"{name}:{line}: <{header}> belongs behind the fence {where}")
                    break
    tree.finish("includes", errors)


main(sys.argv[1])
