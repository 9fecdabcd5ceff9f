"""Small promises of the sources: the first include guard, no leftovers, no paths of somebody's machine."""

import re
import sys

import tree

FORBIDDEN = [
    (re.compile(r"\b(TODO|FIXME|XXX)\b"), "finish it, or open an issue and say what is missing in words"),
    (re.compile(r"using namespace (?!std::literals|std::chrono_literals|std::string_literals)"), "no using namespace"),
    (re.compile(r"(?<![\w/.])/(work|root)/\w"), "a path of somebody's machine"),
]


def main(root):
    errors = []
    for name in tree.files(root, [".cpp", ".hpp", ".h", ".py", ".sh", ".bats", ".md", ".yaml", ".cmake"]):
        if name == "tests/house/hygiene.py":
            continue
        text = tree.read(root, name)
        if name.endswith(".hpp") and "#pragma once" not in text:
            errors.append(f"{name}: no #pragma once")
        for number, line in enumerate(text.splitlines(), 1):
            for pattern, why in FORBIDDEN:
                if pattern.search(line):
                    errors.append(f"{name}:{number}: {line.strip()[:80]}: {why}")
    tree.finish("hygiene", errors)


main(sys.argv[1])
