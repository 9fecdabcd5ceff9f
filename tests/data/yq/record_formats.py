#!/usr/bin/env python3
"""Records what mikefarah's yq makes of texts in the formats that ours knows too: record_formats.py YQ > formats.json

Every vector is one text, the format that it is in, the format that it is printed in, and what yq printed; null where yq
refused it. Where we do otherwise on purpose, formats_ours.json says what we print and why.
"""

import json
import subprocess
import sys

# What is read: format -> texts, each of them printed as yaml, as json and in its own format.
READ = {
    "json": [
        '{"a":1,"b":1000,"c":[],"d":{},"e":"x\\u00e9\\n<&>\\ud83d\\ude00","f":null,"h":[1,[2,{"z":true}]],"j":1.5}',
        '{"a":"1","b":"true","c":"null","d":"~","e":"","f":" x ","g":"a: b","h":"# no","i":"- x","j":"*x","k":"0x1F"}',
        '{"a":1}{"a":2}\n[3]\n4\n"five"\ntrue\nnull\n',
        '[{"a":{"b":{"c":[]}}},[[]],[[[1]]]]', '"just a string"', '12', '[]', '{}', '{"a":"multi\\nline\\n"}',
        '{"quote":"\\"","back":"\\\\","slash":"\\/","tab":"\\t","nul":"\\u0000","bell":"\\u0007"}',
        '{"k with space":1,"k:colon":2,"":3,"é":4,"1":5,"true":6}', '{"a":-1,"b":1e-7,"c":123456789,"d":-0.5,"e":1e21}',
        '{"a":1', '[1,2', '"x', '{"a":tru}', '+1', '.5', "{'a':1}", '{"deep":[{"x":[{"y":[1,2]}]}]}',
    ],
    "props": [
        "a = 1\nb.c = x\nb.d.0 = y\nb.d.1.e = z\n", "a:1\nb 2\nc\t3\nd=\ne\n", "a\\ b=c\nk\\:x\\=y = v\n",
        "cont = one \\\n   two \\\n   three\n", "uni = caf\\u00e9 é\nesc = tab\\there nl\\nthere \\\\ back \\q\n",
        "# head\na = 1\n\n# x\nb=2\n! bang\nc.d=1\n# y\n\n# z\nc.e=2\n", "#x\n#  z\n#\nb = 2\n",
        "n = 12\nf = 1.0\nb = true\nnul = null\ntilde = ~\nq = \"x\"\nsp =    lead and trail   \n",
        "a=1\na=2\n", "0=x\n1=y\n", "a.x=1\na.0=2\n", "a.0=1\na.x=2\n", "a..b=1\n.c=2\nd.=3\n", "a\r\nb=2\r\n", "a=\\u00zz\n",
        "a.3=1\n", "b: 1\na:2\n", "k = a=b:c\nl = ${name}\n", "x.y.z.0.a = 1\nx.y.z.0.b = 2\nx.y.z.1.a = 3\n",
    ],
    "csv": [
        "name,n,f,b,z,e\nGary,1,3.0,true,null,\nSam,2,1e3,yes,~,\"\"\n", 'a\n"x ""q"" y"\n"a,b\nc"\n', 'a\n{a: 1}\n[1]\n"a: b"\n"- a"\n',
        "a,b\n1\n", "a,b\n1,2,3\n", "a,b\n", "\n\na,b\n\n1,2\n\n", "\ufeffa,b\n1,2", "a,b\r\n1,2\r\n", 'a,b\n"1,2\n', 'a,b\n1"x,2\n',
        'a,b\n"1"x,2\n', "a, b\n1, 2 \n", 'a\n@\n`\n%\n*x\n|\n>\n{\n[1\n"a: b: c"\n2020-01-01\n0x1F\n007\n', 'a\n"""x"""\n"a b"\n"x\ny: z"\n"  sp "\n\'q\'\n',
        "é,ü\nä,ö\n", "a,b\n,\n",
    ],
    "tsv": ["a\tb\n1\tx y\n", 'a\tb\n1\t"x\ty"\n2\t3\n', 'a\tb\nx,y\t"q"\n', "a\n1\t2\n", "name\ttags\nx\t[1, 2]\n"],
    "ini": [
        "a=1\n[b]\nc=2\n", "top = 1\n[section]\nkey = value\nempty =\ncolon: x\n[section.sub]\nx = true\ny = 1.5\n[empty section]\n[section]\nagain = 1\n",
        "[a]\nx=\"quoted\"\ny='x y'\nz=`q\"x`\n", '[a]\nx="""l1\nl2"""\n', "[a]\nx=`\nl1\nl2`\n", "[a]\ncont = a \\\n  b\n",
        "[b\nc=2\n", "=2\n", "[DEFAULT]\na=1\n", "[a]\n[b]\n", "[]\na=1", "[a]\n  x = 1\n\ty=2", "[a]\nx=1\nX=2\n[A]\nx=3", "[a]\n-=1\n-=2\n",
        '[a]\n"q k"=1\n`b k` = 2\n"""t k""" = 3', "bare\n", "[a]\ndup = 1\ndup = 2\n", "[a.b]\nx=1\n[a.c]\nx=2\n[a.b.c]\nq=1",
        "[a]\nurl = http://x:80/?a=b\nlist = a,b\n", "[a]\nlong key = 1\nk = 2\né = 3\n", "[Unit]\nDescription=A thing\n\n[Socket]\nSocketUser=me\n",
    ],
    "toml": [
        'a = 1\n[t]\nx = "y"\n[t.u]\nz = true\n', 'n = 1_000\nh = 0xDEADBEEF\no = 0o755\nf = 3.0\ne = 5e+22\np = +5\n',
        'd = 1979-05-27T07:32:00Z\no = 1979-05-27T00:32:00.999999-07:00\n', "l = 'lit\\n'\nm = \"\"\"\na\nb\n\"\"\"\ne = \"\"\nu = \"tab\\t\\u00e9\\U0001F600 \\\"q\\\"\"\n",
        "a = [1, 2, 3]\nb = [[1], [\"x\"]]\nc = []\n", "[a.b.c]\nx = 1\n", "[[p]]\nn = 1\n[[p]]\nn = 2\n  [p.d]\n  w = 1\n[e]\n",
        "dotted.key.a = 1\n", '"quoted key" = 1\n\'lit.key\' = 2\n', "a.b=1\na.c=2", "a=", "a", "[a", 'a="x', "a=1 b=2", "a={x=1,}", "=1", "a=tru",
        "# head\na = 1 # line\n", "[t]\n# above\nc = \"s\" # behind\n",
    ],
    "xml": [
        "<a>1</a>", "<a/>", "<a></a>", "<a>1</a><b>2</b>", '<root id="1" class=\'a "b"\'><a>text</a><b attr="v">content</b></root>',
        "<r><b>1</b><c/><b>2</b></r>", "<r><b>1</b><b><c>1</c></b></r>", "<e><![CDATA[raw <x> & y]]></e>",
        "<f>&lt;&amp;&gt;&quot;&apos;&#233;&#x1F600;</f>", "<g>\n  multi\n  line\n</g>", "<i> spaced </i>", "<a>1<b/>2<b/>3</a>",
        '<?xml version="1.0" encoding="UTF-8"?>\n<a x="1">q</a>', "<!DOCTYPE a SYSTEM \"foo.dtd\">\n<a/>", '<a xml:lang="e" xmlns:x="u"><x:b x:c="1">t</x:b></a>',
        "x", '<a b="x<y"/>', "<a>\n<b>\n</b><c>  </c></a>", "<a>1</a>\n<a>2</a>\n", "<!-- c --><a>1</a>", "<a>t<!-- c --></a>", "", "<r><h>1</h><h>true</h><h>null</h></r>",
    ],
    "base64": ["aGk=", "aGk", "aGk=\n", "!!", "w6kg8J+YgA=="],
    "uri": ["a%20b+c", "a%zz", "%C3%A9"],
}

# What is written: texts in YAML, each of them printed in the formats named.
TREES = [
    "a: 1\nb: x\n", "a: {b: 1}\n", "a:\n  b: 1\n  c:\n    d: x\ne: true\n", "a: [1, x, 'y z']\n", "a:\n  - 1\n  - x\n", "- a: 1\n  b: x,y\n- b: 'q\"'\n  a: true\n",
    "- [1, 2]\n- [a, b c]\n", "- 1\n- a,b\n- null\n", "3\n", "x\n", "'a,b'\n", "[]\n", "{}\n", "null\n", "- a: {x: 1}\n", "- 1\n- a: 2\n",
    "a: &x {b: 1}\nc: *x\n", "a: &x {b: 1}\nd:\n  <<: *x\n  e: 2\n", "a: ~\nb: ''\nc: null\n", "s: \"a\\nb\"\nt: |\n  x\n  y\nu: \"tab\\t\"\nv: \"\\\\\"\nw: 'é'\n",
    "a: 0x1F\nb: 1.0\nc: 1e3\nd: 0o17\ne: 1_000\nf: +12\n", "a: yes\nb: True\nc: 'true'\nd: 2020-01-01\ne: !!binary aGk=\nf: !foo bar\n", "a: 1.5\nb: -0.0\nc: 1e-7\nd: 1.10\n",
    "é: 1\nk y: 2\n", "a: \" x \"\nb: \"#no\"\nc: \"a=b:c\"\nd: \"${x}\"\ne: \"it's\"\n", "s:\n  k: v\n  longer key: 'a b'\n  e: ''\nt:\n  x: true\ntop: 1\n",
    "# head\na: 1 # line\n# above b\nb:\n  # inner\n  c: 2\n", "a:\n  b: [1, [2, 3], {c: 4}]\n", "a: 'x\"y'\nb: \"x'y\"\nc: \"x`y\"\n",
    "person:\n  name: Mike # comment\n  pets:\n    - cat # one\n    - nested:\n        - list entry\n  food: [pizza]\nempty: []\nnone: {}\n",
    "l:\n  - x: 1\n    y: [1, 2]\n  - x: 2\n", "a: {+@x: 1, +content: t}\n", "a: {+@x: 1, b: {c: 1}, d: [1, {e: 2}]}\n", "a: {b: 1, +content: mixed}\n", "a: \"<&>\\\"'\"\n",
    "+p_xml: version=\"1.0\"\na: 1\n", "a: 9007199254740993\nb: 123456789012345\n", "a: .inf\n", "a: 1\n---\nb: 2\n", "a: [[1, 2], [3]]\n",
]
WRITE = ["json", "props", "csv", "tsv", "ini", "toml", "xml", "shell", "lua", "base64", "uri"]

# (from, to, text, flags): formats with options.
MORE = [
    ("yaml", "json", "a: {b: [1, x]}\n", ["-I4"]), ("yaml", "json", "a: {b: [1, x]}\n", ["-I0"]), ("yaml", "json", "x\n", ["-r"]), ("yaml", "json", "[a, {b: c}]\n", ["-I1"]),
    ("yaml", "props", "a: [1, {b: 2}]\n", ["--properties-array-brackets"]), ("yaml", "props", "a: {b: 1}\n", ["--properties-separator=: "]), ("yaml", "props", "a: x y\n", ["-r=false"]),
    ("csv", "json", "a;b\n1;2\n", ["--csv-separator=;"]), ("csv", "json", "a,b\n1,[2]\n", ["--csv-auto-parse=false"]), ("tsv", "json", "a\tb\n1\ttrue\n", ["--tsv-auto-parse=false"]),
    ("yaml", "csv", "- a: x;y\n  b: x,y\n", ["--csv-separator=;"]), ("yaml", "shell", "a: {b: {c: 1}}\n", ["--shell-key-separator=__"]),
    ("xml", "json", '<a x="1">t</a>', ["--xml-attribute-prefix=_", "--xml-content-name=text"]), ("yaml", "xml", "a: {_x: 1, text: c}\n", ["--xml-attribute-prefix=_", "--xml-content-name=text"]),
    ("xml", "json", '<?xml version="1.0"?><!DOCTYPE a><a/>', ["--xml-skip-proc-inst", "--xml-skip-directives"]), ("xml", "json", '<q:a xmlns:q="u" q:z="1"/>', ["--xml-keep-namespace=false"]),
    ("yaml", "xml", "a: {b: 1}\n", ["-I4"]), ("yaml", "xml", "a: {b: 1}\n", ["-I0"]), ("yaml", "lua", "a: {b: 1, \"c d\": 2}\n", ["--lua-unquoted"]),
    ("yaml", "lua", "a: {b: 1}\nc: x\n", ["--lua-globals"]), ("yaml", "lua", "a: 1\n", ["--lua-prefix=x = ", "--lua-suffix=\n"]),
]


def cases():
    for name, texts in READ.items():
        for text in texts:
            for to in dict.fromkeys(["yaml", "json", name]):
                yield name, to, text, ["-I0"] if to == "json" else []
    for text in TREES:
        for to in WRITE:
            yield "yaml", to, text, []
    yield from MORE


def main(yq):
    version = subprocess.run([yq, "--version"], capture_output=True, text=True, check=True).stdout.strip()
    vectors = []
    for source, to, text, flags in cases():
        done = subprocess.run([yq, "-p", source, "-o", to, *flags, "."], input=text.encode(), capture_output=True)
        vectors.append({"from": source, "to": to, "flags": flags, "text": text,
                        "yq": done.stdout.decode() if done.returncode == 0 else None})
    print("{" + f'"origin": {json.dumps(f"recorded by record_formats.py from {version}")},\n"vectors": [')
    print(",\n".join(json.dumps(vector, ensure_ascii=False) for vector in vectors))
    print("]}")


main(sys.argv[1])
