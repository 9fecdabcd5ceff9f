"""g++ 12 miscompiles some temporaries in an expression with co_await (a double free): brace-built values and lambdas that
capture. Name them first."""

import re
import sys

import tree

AWAIT = re.compile(r"co_await\b([^;]*);", re.S)
CAPTURE = re.compile(r"\[[^\]\s][^\]]*\]\s*[({]")
BRACES = re.compile(r"[\w>]\s*\{|[(,]\s*\{")


def main(root):
    errors = []
    for name in tree.files(root, [".cpp", ".hpp"]):
        text = tree.read(root, name)
        for match in AWAIT.finditer(text):
            expression = re.sub(r'"(\\.|[^"\\])*"', '""', match.group(1))
            line = text.count("\n", 0, match.start()) + 1
            if CAPTURE.search(expression):
                errors.append(f"{name}:{line}: a lambda that captures, in an expression with co_await: name it first")
            elif BRACES.search(expression.split("{")[0] + "{" if "{" in expression else ""):
                errors.append(f"{name}:{line}: a brace-built value in an expression with co_await: name it first")
    tree.finish("coroutines", errors)


main(sys.argv[1])
