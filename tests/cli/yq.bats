# limactl yq: the program of the yq v4 language, with its own command line.
load common

yq() { limactl yq "$@"; }

@test "it reads the standard input and files" {
    printf 'a: 1 # one\nb: [x, y]\n' >in.yaml
    [ "$(yq .a in.yaml)" = 1 ]
    [ "$(yq .a <in.yaml)" = 1 ]
    [ "$(yq .a - <in.yaml)" = 1 ]
    [ "$(yq '.b[]' in.yaml)" = $'x\ny' ]
    [ "$(yq in.yaml)" = "$(cat in.yaml)" ]
    [ "$(yq <in.yaml)" = "$(cat in.yaml)" ]
    [ "$(yq eval .a in.yaml)" = 1 ]
    [ "$(yq -n '1 + 1')" = 2 ]
    [ "$(yq -n '.a.b[1] = "x"')" = $'a:\n  b:\n    - null\n    - x' ]
}

@test "several documents and files, one after the other or together" {
    printf 'a: 1\n---\na: 2\n' >one.yaml
    printf '# three\na: 3\n' >two.yaml
    [ "$(yq .a one.yaml two.yaml)" = $'1\n---\n2\n---\n3' ]
    [ "$(yq -N .a one.yaml two.yaml)" = $'1\n2\n3' ]
    [ "$(yq . one.yaml two.yaml)" = $'a: 1\n---\na: 2\n---\n# three\na: 3' ]
    [ "$(yq ea '[.a]' one.yaml two.yaml)" = $'- 1\n- 2\n- 3' ]
    [ "$(yq eval-all 'select(fi == 1) | filename' one.yaml two.yaml)" = two.yaml ]
    [ "$(yq -oj -I0 . one.yaml two.yaml)" = $'{"a":1}\n{"a":2}\n{"a":3}' ]
    printf '{"a": 4}' >three.json
    [ "$(yq .a two.yaml three.json)" = $'3\n---\n4' ]
}

@test "a link called yq is yq" {
    ln -s "$LIMA_PREFIX/bin/limactl" yq.lima
    [ "$(./yq.lima -n '"x"')" = x ]
    run limactl --debug yq .
    assert_failure
    assert_output_has "unknown command"
}

@test "root is refused before yq" {
    [ "$(id -u)" = 0 ] || skip "not root"
    LIMA_ALLOW_ROOT='' run limactl yq -n 1
    [ "$status" -eq 1 ]
    assert_output_has "must not run as the root user"
}

@test "the version says whose it is, in the form that scripts read" {
    run limactl yq --version
    assert_success
    [[ $output =~ ^yq\ \(.*https://github.com/mikefarah/yq/.*\)\ version\ v4\.[0-9]+\.[0-9]+$ ]] || fail_with "form"
    assert_output_has Lima
    [ "$(limactl yq -V)" = "$output" ]
}

@test "files are changed in place, whole or not at all" {
    printf -- '---\n# head\na: 1 # one\n\n# b\nb: "x"\n' >f.yaml
    chmod 640 f.yaml
    yq -i '.a = 2 | .c.d = [1]' f.yaml
    [ "$(cat f.yaml)" = $'---\n# head\na: 2 # one\n# b\nb: "x"\nc:\n  d:\n    - 1' ]
    [ "$(stat -c %a f.yaml)" = 640 ]
    ln -s f.yaml link.yaml
    yq -i 'del(.c)' link.yaml
    [ -L link.yaml ]
    [ "$(yq '.c' f.yaml)" = null ]
    cp f.yaml before
    for expression in '.a = (' 'error("no")' '.a.b.c = 1'; do
        run limactl yq -i "$expression" f.yaml
        [ "$status" -eq 1 ]
        [[ $output == "Error: "* ]] || fail_with "no Error:"
        cmp f.yaml before
    done
    run limactl yq -i -e .none f.yaml
    [ "$status" -eq 1 ]
    cmp f.yaml before
    [ "$(ls -A | sort)" = "$(printf '%s\n' before f.yaml link.yaml | sort)" ]
}

@test "in place wants a file" {
    run limactl yq -i '.a = 1'
    [ "$status" -eq 1 ]
    assert_output_has "Error: write in place flag only applicable"
    run limactl yq -i '.a = 1' none.yaml
    [ "$status" -eq 1 ]
    assert_output_has none.yaml
    [ ! -e none.yaml ]
    : >empty.yaml
    yq -i '.a = 1' empty.yaml
    [ "$(cat empty.yaml)" = "a: 1" ]
}

@test "the format goes by the name of the file, or by flags" {
    printf '{"a": {"b": [1, "x"]}}' >f.json
    [ "$(yq -I0 . f.json)" = '{"a":{"b":[1,"x"]}}' ]
    [ "$(yq -oy . f.json)" = $'a:\n  b:\n    - 1\n    - x' ]
    [ "$(yq -o props . f.json)" = $'a.b.0 = 1\na.b.1 = x' ]
    yq -i '.a.c = true' f.json
    [ "$(jq -c . f.json)" = '{"a":{"b":[1,"x"],"c":true}}' ]
    printf '[Socket]\nSocketUser=me\n' >o.conf
    yq -i -p ini -o ini '.Socket.SocketMode = "0660"' o.conf
    [ "$(cat o.conf)" = $'[Socket]\nSocketUser = me\nSocketMode = 0660' ]
    printf 'a = 1\n[t]\nb = "x" # c\n' >f.toml
    [ "$(yq .t.b f.toml)" = x ]
    yq -i '.t.d = [1, 2] | .z = 3' f.toml
    [ "$(cat f.toml)" = $'a = 1\nz = 3\n\n[t]\nb = "x"  # c\nd = [1, 2]' ]
    printf 'name,n\nx,1\ny,2\n' >f.csv
    [ "$(yq '.[1].n' f.csv)" = 2 ]
    [ "$(yq -i '.[0].n = "a,b"' f.csv && cat f.csv)" = $'name,n\nx,"a,b"\ny,2' ]
    printf 'k.a = 1\nk.b = 2\n' >f.properties
    [ "$(yq '.k.b' f.properties)" = 2 ]
    printf '<a x="1"><b>t</b></a>' >f.xml
    [ "$(yq '.a.+@x' f.xml)" = 1 ]
    [ "$(yq -o xml . f.xml)" = $'<a x="1">\n  <b>t</b>\n</a>' ]
    [ "$(yq -p xml . f.xml)" = $'a:\n  +@x: "1"\n  b: t' ]
    [ "$(yq -n -o shell '{"a": {"b": "x y"}}')" = "a_b='x y'" ]
}

@test "exit status, quotes and NUL bytes" {
    printf 'a: "x"\nn: null\nf: false\nnul: "a\\0b"\n' >f.yaml
    run limactl yq -e .a f.yaml
    assert_success
    for expression in .n .f .none '.a | select(. == "y")'; do
        run limactl yq -e "$expression" f.yaml
        [ "$status" -eq 1 ]
        assert_output_has "Error: no matches found"
    done
    [ "$(yq -r=false .a f.yaml)" = '"x"' ]
    [ "$(yq -oj .a f.yaml)" = '"x"' ]
    [ "$(yq -oj -r .a f.yaml)" = x ]
    [ "$(yq -0 '.a, .f' f.yaml | tr '\0' '|')" = "x|false|" ]
    run limactl yq -0 .nul f.yaml
    [ "$status" -eq 1 ]
    assert_output_has "NUL byte"
}

@test "pretty print, indentation and colours" {
    printf '{"a": {"b": ["x", "1"]}}\n' >f.yaml
    [ "$(yq -P . f.yaml)" = $'a:\n  b:\n    - x\n    - "1"' ]
    [ "$(yq -P -I4 . f.yaml)" = $'a:\n    b:\n        - x\n        - "1"' ]
    [ "$(yq -P -c . f.yaml)" = $'a:\n  b:\n  - x\n  - "1"' ]
    [ "$(yq -j . f.yaml)" = "$(yq -o json . f.yaml)" ]
    [[ $(yq -C . f.yaml) == *$'\e['* ]] || fail_with "no colours"
    [[ $(yq . f.yaml) != *$'\e['* ]] || fail_with "colours"
}

@test "the expression may come from a file" {
    printf 'a: 1\n' >f.yaml
    printf '# a comment\n.a\n  | . + 1\n' >expression
    [ "$(yq --from-file expression f.yaml)" = 2 ]
    [ "$(yq --expression .a f.yaml)" = 1 ]
    [ "$(yq --null-input --from-file <(echo '.x = 1') --output-format json -I0)" = '{"x":1}' ]
    run limactl yq --from-file none f.yaml
    [ "$status" -eq 1 ]
    assert_output_has none
}

@test "results are split into files" {
    printf 'a: one\n---\na: two\n' >f.yaml
    yq -s .a f.yaml
    [ "$(cat one.yml)" = "a: one" ]
    [ "$(cat two.yml)" = "a: two" ]
    yq -oj -I0 -s '"d/" + ($index | tostring)' . f.yaml
    [ "$(cat d/0.json)" = '{"a":"one"}' ]
    run limactl yq -s .none f.yaml
    [ "$status" -eq 1 ]
}

@test "front matter" {
    printf -- '---\na: 1\n---\n# text\nb: 2\n' >f.md
    [ "$(yq --front-matter=extract .a f.md)" = 1 ]
    yq -i --front-matter=process '.a = 3' f.md
    [ "$(cat f.md)" = $'---\na: 3\n---\n# text\nb: 2' ]
    run limactl yq --front-matter=no . f.md
    [ "$status" -eq 1 ]
    assert_output_has "extract, process"
}

@test "env and load work, unless they are refused; system never does" {
    printf 'a: 1\n' >f.yaml
    [ "$(X=y yq -n 'strenv(X)')" = y ]
    [ "$(yq -n 'load("f.yaml").a')" = 1 ]
    run limactl yq -n --security-disable-env-ops 'env(HOME)'
    [ "$status" -eq 1 ]
    [[ $output == "Error: "*"env operations have been disabled"* ]] || fail_with "wrong"
    run limactl yq -n --security-disable-file-ops 'load("f.yaml")'
    [ "$status" -eq 1 ]
    [[ $output == "Error: "*"file operations have been disabled"* ]] || fail_with "wrong"
    for flag in --security-enable-system-operator --security-enable-system-operator=false; do
        run limactl yq -n "$flag" 'system("touch ran")'
        [ "$status" -eq 1 ]
        [[ $output == "Error: "* ]] || fail_with "wrong"
        [ ! -e ran ]
    done
}

@test "mistakes say what and where" {
    printf 'a: 1\nb: [1, 2\nc: 3\n' >bad.yaml
    printf '{\n  "a": tru\n}' >bad.json
    run limactl yq . bad.yaml
    [ "$status" -eq 1 ]
    [[ $output == "Error: bad.yaml:3:"*"c: 3"* ]] || fail_with "no place"
    run limactl yq . bad.json
    [ "$status" -eq 1 ]
    [[ $output == 'Error: bad.json:2:'*'"a": tru'* ]] || fail_with "no place"
    run limactl yq '.a[' bad.json
    [ "$status" -eq 1 ]
    [[ $output == "Error: "* ]] || fail_with "wrong"
    run limactl yq . none.yaml
    [ "$status" -eq 1 ]
    assert_output_has none.yaml
    run limactl yq -o nothing . bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has 'Error: unknown format `nothing`'
    assert_output_has toml
    run limactl yq -p lua . bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has "lua can be written, but not read"
    run limactl yq --nothing
    [ "$status" -eq 1 ]
    assert_output_has "Error: unknown flag: --nothing"
    run limactl yq -n 1 bad.yaml
    [ "$status" -eq 1 ]
    assert_output_has "cannot pass files in when using null-input flag"
    run --separate-stderr limactl yq . bad.yaml
    [ -z "$output" ]
}

@test "a reader that goes away is no crash" {
    seq -f 'k%g: x' 20000 >big.yaml
    run bash -c 'limactl yq . big.yaml | head -n 1; echo ${PIPESTATUS[0]}'
    assert_output_has "k1: x"
    refute_output_has 139
    refute_output_has 134
}

@test "help, and the topic of what is refused" {
    run --separate-stderr limactl yq --help
    assert_success
    assert_output_has "--inplace"
    assert_output_has "eval-all"
    [ -z "$stderr" ]
    run limactl yq-restrictions
    assert_success
    assert_output_has "env operations have been disabled"
    refute_output_has "Usage:"
    [ "$(limactl help yq-restrictions)" = "$output" ]
    run limactl --help
    assert_output_has "Additional help topics:"
    assert_output_has "yq-restrictions"
}
