#!/usr/bin/env python3
"""Nothing that a frozen header of the driver ABI declares has changed since: abi.py FROZEN_DIR INCLUDE_DIR CC.
abi.py FROZEN_DIR prints a C source that uses every frozen struct, for tools that read binaries.

Two comparisons. The declarations as text, without comments and spaces: constants, ids, the fields of each struct with
their types. And what a compiler makes of them: a C program, written from the frozen declarations and compiled with each of
the two sets, prints every size, offset and constant.
"""

import os
import re
import subprocess
import sys
import tempfile

MAY_GROW = {"lima_call"}

STRUCT = re.compile(r"typedef struct (\w+) \{(.*?)\} \1;", re.S)
ENUM = re.compile(r"enum \{(.*?)\};", re.S)
TYPEDEF = re.compile(r"typedef (?!struct\b)([^;{]+);")
MACRO = re.compile(r"^#define (LIMA_\w+)[ \t]+(.+)$", re.M)
FUNCTION = re.compile(r"^LIMA_EXPORT ([^;]+);", re.M)


def headers(directory):
    """Those of the contract, in C: lima/driver.h and lima/ext/*.h."""
    extensions = sorted(name for name in os.listdir(os.path.join(directory, "lima/ext")) if name.endswith(".h"))
    return ["lima/driver.h"] + [f"lima/ext/{name}" for name in extensions]


class Header:
    """Everything that a set of headers declares."""

    def __init__(self, directory):
        self.structs, self.constants, self.macros, self.others = {}, {}, {}, []
        for name in headers(directory):
            with open(os.path.join(directory, name), encoding="utf-8") as f:
                self.read(re.sub(r"/\*.*?\*/", "", f.read(), flags=re.S))

    def read(self, text):
        for name, body in STRUCT.findall(text):
            self.structs[name] = [field for part in body.split(";") for field in fields(part)]
        for body in ENUM.findall(text):
            for item in filter(None, (part.strip() for part in body.split(","))):
                name, _, value = item.partition("=")
                self.constants[name.strip()] = value.strip()
        for name, value in MACRO.findall(text):
            if name not in ("LIMA_CALL", "LIMA_EXPORT"):
                self.macros[name] = squeeze(value)
        self.others += [squeeze(found) for found in TYPEDEF.findall(text) + FUNCTION.findall(text)]


def squeeze(text):
    return re.sub(r"\s+", " ", text).strip()


def fields(declaration):
    """(name, type) of one declaration in a struct; of several where it declares "a, b"."""
    declaration = squeeze(declaration)
    if not declaration:
        return []
    function = re.match(r"(.*\(LIMA_CALL \*)(\w+)(\).*)$", declaration)
    if function:
        return [(function.group(2), function.group(1) + function.group(3))]
    kind, names = re.match(r"(.*?[ *])((?:\w+(?:, ?\*?)?)+)$", declaration).groups()
    return [(name.strip(" *"), kind.strip()) for name in names.split(",")]


def changed_text(old, new):
    for name, value in old.constants.items():
        if new.constants.get(name) != value:
            yield f"{name} was {value}, is {new.constants.get(name)}"
    for name, value in old.macros.items():
        if name != "LIMA_DRIVER_ABI_MINOR" and new.macros.get(name) != value:
            yield f"{name} was {value}, is {new.macros.get(name)}"
    for declaration in old.others:
        if declaration not in new.others:
            yield f"gone: {declaration}"
    for name, members in old.structs.items():
        now = new.structs.get(name, [])
        for index, member in enumerate(members):
            if member not in now or now.index(member) != index:
                yield f"{name}: field {index} was {member[0]}: {member[1]}"
        if len(now) > len(members) and name not in MAY_GROW:
            yield f"{name} has new fields: {', '.join(field for field, _ in now[len(members):])}"


def program(old, frozen):
    lines = ["#include <stdio.h>"] + [f"#include <{header}>" for header in headers(frozen)]
    lines.append("int main(void) {")
    for name in old.constants:
        lines.append(f'printf("{name} = %lld\\n", (long long){name});')
    for name, members in old.structs.items():
        lines.append(f'printf("sizeof {name} = %zu\\n", sizeof({name}));')
        for field, _ in members:
            lines.append(f'printf("{name}.{field} at %zu, %zu bytes\\n", offsetof({name}, {field}), '
                         f"sizeof((({name}*)0)->{field}));")
    return "\n".join(lines + ["return 0;", "}", ""])


def measure(source, directory, compiler, scratch):
    binary = os.path.join(scratch, "layout")
    subprocess.run([compiler, "-std=c11", "-O0", f"-I{directory}", source, "-o", binary], check=True)
    out = subprocess.run([binary], check=True, capture_output=True, text=True).stdout
    return out.splitlines()


def changed_layout(old, frozen, include, compiler):
    with tempfile.TemporaryDirectory() as scratch:
        source = os.path.join(scratch, "layout.c")
        with open(source, "w", encoding="utf-8") as f:
            f.write(program(old, frozen))
        before, after = (measure(source, d, compiler, scratch) for d in (frozen, include))
    print(f"{len(before)} sizes, offsets and constants")
    for line, now in zip(before, after):
        if line != now and not any(line.startswith(f"sizeof {name} ") for name in MAY_GROW):
            yield f"was: {line}, is: {now}"


def surface(frozen):
    lines = [f"#include <{header}>" for header in headers(frozen)]
    for name in Header(frozen).structs:
        lines.append(f"const {name}* use_{name}(const {name}* it);")
        lines.append(f"const {name}* use_{name}(const {name}* it) {{ return it; }}")
    print("\n".join(lines))


def main(frozen, include=None, compiler=None):
    if include is None:
        return surface(frozen)
    old, new = Header(frozen), Header(include)
    if len(old.structs) < 10 or not all(old.structs.values()) or not old.constants:
        sys.exit(f"{frozen}: not understood; the check would see nothing")
    errors = list(changed_text(old, new))
    if not errors:
        errors = list(changed_layout(old, frozen, include, compiler))
    print("\n".join(errors) or "nothing has changed")
    return 1 if errors else 0


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
