# The commands about templates: what they print, and what they say about mistakes.
load common

suite_setup() {
    mkdir -p lib/scripts
    cat >lib/base.yaml <<'YAML'
# A base that tests share.

# One CPU is enough. (tests only)
cpus: 1

# Said by the base.
provision:
# before the others
- mode: system
  file: scripts/base.sh # beside it
YAML
    printf '#!/bin/sh\ntrue "from the base"\n' >lib/scripts/base.sh
    cat >web.yaml <<'YAML'
# A web server.
vmType: "null"
base: lib/base.yaml

memory: 1GiB # small
provision:
- mode: user
  script: |
    #!/bin/sh
    true
YAML
}

# serve DIR: over HTTP; sets $url.
serve() {
    python3 -u -m http.server --bind 127.0.0.1 --directory "$1" 0 >"$BATS_HOME/http.out" 2>&1 3>&- &
    server=$!
    for _ in $(seq 100); do
        url=$(sed -n 's|.*(\(http://[^)]*\)/).*|\1|p' "$BATS_HOME/http.out")
        [ -z "$url" ] || return 0
        sleep 0.05
    done
    return 1
}
suite_teardown() { [ -z "${server:-}" ] || kill "$server"; }

@test "copy makes locators absolute, and changes nothing else" {
    run limactl template copy web.yaml
    assert_success
    [ "$output" = "$(sed "s|base: lib|base: $PWD/lib|" web.yaml)" ]
    limactl template copy --verbatim web.yaml copy.yaml
    cmp web.yaml copy.yaml
    [ "$(stat -c %a copy.yaml)" = 644 ]
}

@test "copy --embed-all keeps the comments of all files" {
    run --separate-stderr limactl tmpl copy --embed-all web.yaml -
    assert_success
    [ -z "$stderr" ]
    [ "$output" = "# A web server.
vmType: \"null\"

memory: 1GiB # small
provision:
# Said by the base.
# before the others
- mode: system
  script: | # beside it
    #!/bin/sh
    true \"from the base\"
- mode: user
  script: |
    #!/bin/sh
    true

# One CPU is enough. (tests only)
cpus: 1" ]
    limactl template copy --embed-all web.yaml whole.yaml
    limactl template copy --embed-all whole.yaml again.yaml
    cmp whole.yaml again.yaml
}

@test "copy --embed leaves the library's templates" {
    printf 'base: [%s, template:_default/mounts]\n' "$PWD/lib/base.yaml" >two.yaml
    run limactl template copy --embed two.yaml
    assert_success
    assert_output_has "template:_default/mounts"
    assert_output_has "cpus: 1"
    refute_output_has location
    printf 'base: [template:_default/mounts, lib/base.yaml]\n' >two.yaml
    run limactl template copy --embed two.yaml
    assert_failure
    assert_output_has "two.yaml:1:34: failed to embed base \`lib/base.yaml\`"
    assert_output_has "it comes after \`template:_default/mounts\`"
}

@test "V28: copy --fill has every field, base.yaml and default.yaml" {
    mkdir -p "$LIMA_HOME/_config"
    echo "disk: 7GiB" >"$LIMA_HOME/_config/base.yaml"
    echo "timezone: Europe/Berlin" >"$LIMA_HOME/_config/default.yaml"
    printf 'base: lib/base.yaml\nprovision:\n- script: "#!/bin/sh\\n# {{.Name}}"\n' >fill.yaml
    run limactl template copy --fill fill.yaml
    assert_success
    assert_output_has "disk: 7GiB"
    assert_output_has "timezone: Europe/Berlin"
    assert_output_has "cpus: 1"
    assert_output_has "# $(basename "$LIMA_HOME")"
    refute_output_has "vmType"
    run limactl template copy --embed-all fill.yaml
    refute_output_has 7GiB
}

@test "copy from standard input and to a place that is there" {
    ln -s target.yaml link.yaml
    printf 'cpus: 2\n' | limactl template copy - link.yaml
    [ -L link.yaml ]
    [ "$(cat target.yaml)" = "cpus: 2" ]
    run bash -c 'printf "base: lib/base.yaml\n" | limactl template copy --embed-all -'
    assert_failure
    assert_output_has "-:1:7: failed to embed base \`lib/base.yaml\`"
    assert_output_has "standard input stands nowhere"
}

@test "copy refuses what cannot be meant" {
    run limactl template copy --verbatim --embed web.yaml
    assert_failure
    assert_output_has "--verbatim cannot be used with"
    : >empty.yaml
    run limactl template copy empty.yaml
    assert_failure
    assert_output_has "don't know how to interpret"
    run limactl template copy web.yaml no/such/dir/x.yaml
    assert_failure
    assert_output_has "cannot write no/such/dir/x.yaml"
    run limactl template copy
    assert_failure
}

@test "in colours on a terminal" {
    run env _LIMA_OUTPUT_IS_TTY=1 limactl template copy --embed-all web.yaml
    assert_success
    assert_output_has $'\e['
    [ "$(sed 's/\x1b\[[0-9;]*m//g' <<<"$output" | grep -c .)" -gt 10 ]
}

@test "templates and scripts come over HTTP" {
    serve lib
    sed -i "s|base: lib|base: $url|" web.yaml
    run limactl template copy --embed-all web.yaml
    assert_success
    assert_output_has 'true "from the base"'
    run limactl template copy "$url/base.yaml"
    assert_output_has "file: $url/scripts/base.sh # beside it"
    run limactl template copy "$url/none.yaml"
    assert_failure
    assert_output_has "HTTP status 404"
}

@test "validate says OK, and names file, line and column of a mistake in a base" {
    run limactl template validate web.yaml
    assert_success
    assert_output_has 'web.yaml\": OK'
    sed -i 's/^cpus: 1/ssh:\n    localPort: -7/' lib/base.yaml
    run limactl validate web.yaml
    assert_failure
    assert_output_has "lib/base.yaml:5:16: "
    assert_output_has "localPort: -7"
}

@test "create names the base that a mistake is in, also when flags change the text" {
    sed -i 's/^cpus: 1/ssh:\n    localPort: -7/' lib/base.yaml
    run limactl create --name=web --memory=2 --set '.env.A = "b"' web.yaml
    assert_failure
    assert_output_has "lib/base.yaml:5:16: "
    [ ! -e "$LIMA_HOME/web" ]
}

@test "validate looks at all of them" {
    printf 'vmType: "null"\ncpus: one\n' >bad.yaml
    printf 'vmType: "null"\nmemory: 1XB\n' >worse.yaml
    run limactl validate bad.yaml web.yaml worse.yaml
    [ "$status" -eq 1 ]
    assert_output_has "bad.yaml:2:7: "
    assert_output_has 'web.yaml\": OK'
    assert_output_has "worse.yaml:2:9: "
    assert_output_has "2 of 3 templates failed to validate"
}

@test "validate --fill prints what an instance would get" {
    run --separate-stderr limactl validate --fill web.yaml
    assert_success
    [[ $output == *"cpus: 1"* && $output == *"memory: 1GiB"* && $output != *---* ]]
    run --separate-stderr limactl validate --fill web.yaml web.yaml
    [ "$(grep -c '^---$' <<<"$output")" = 2 ]
    [ "$(grep -c '^\.\.\.$' <<<"$output")" = 2 ]
    run limactl validate - <web.yaml
    assert_failure
    assert_output_has "can't determine instance name"
}

@test "the library is valid" {
    run limactl validate template:default template:docker
    assert_success
}

@test "url shows where a locator leads" {
    [ "$(limactl template url template:docker)" = template:docker ]
    [ "$(limactl template url https://example.com/x.yaml)" = https://example.com/x.yaml ]
    run limactl template url github:
    assert_failure
    assert_output_has "github: URL must contain at least an ORG, got"
    run limactl template url github:org/../x
    assert_failure
    assert_output_has "must not lead out of its repository"
}

@test "yq asks the filled template" {
    mkdir -p "$LIMA_HOME/_config"
    echo "disk: 7GiB" >"$LIMA_HOME/_config/base.yaml"
    [ "$(limactl template yq web.yaml '.cpus, .memory, .disk')" = $'1\n1GiB\n7GiB' ]
    [ "$(limactl template yq web.yaml '.provision | length')" = 2 ]
    [ "$(limactl template yq web.yaml '{"a": {"b": [.cpus]}}')" = $'a:\n  b:\n    - 1' ]
    run limactl template yq web.yaml '.cpus +'
    assert_failure
    assert_output_has "cannot understand the expression"
    run limactl template yq web.yaml 'load("/etc/passwd")'
    assert_failure
    assert_output_has "file operations have been disabled"
    run limactl template yq web.yaml 'env(HOME)'
    assert_failure
    assert_output_has "env operations have been disabled"
    run limactl template yq template:dokcer .
    assert_failure
    assert_output_has "did you mean"
    run limactl template yq web.yaml
    assert_failure
}

@test "a plugin knows its scheme" {
    mkdir bin
    cat >bin/limactl-url-mine <<'SH'
#!/bin/sh
case $1 in
    web) echo "$HOME/web.yaml" ;;
    again) echo mine:again-2 ;;
    again-2) echo mine:again ;;
    *) echo "no $1 here" >&2; exit 3 ;;
esac
SH
    chmod +x bin/limactl-url-mine
    PATH=$PWD/bin:$PATH
    [ "$(limactl template url mine:web)" = "$HOME/web.yaml" ]
    limactl validate mine:web
    run limactl template url mine:again
    assert_failure
    assert_output_has "custom locator \`mine:again\` has a redirect loop"
    run limactl validate mine:other
    assert_failure
    assert_output_has "no other here"
    run limactl validate yours:other
    assert_failure
    assert_output_has "unknown scheme \`yours:\`"
    assert_output_has limactl-url-yours
}

@test "an unknown template is guessed at" {
    run limactl template copy template:dokcer
    assert_failure
    assert_output_has "template \`dokcer\` not found"
    assert_output_has "did you mean \`template:docker\`?"
    run limactl validate docker
    assert_failure
    assert_output_has "did you mean \`template:docker\`?"
    echo 'base: template:dokcer' >web.yaml
    run limactl validate web.yaml
    assert_output_has "web.yaml:1:7: failed to embed base"
    assert_output_has "did you mean \`template:docker\`?"
}

@test "mistakes with bases are shown where they are" {
    printf 'base: b.yaml\n' >a.yaml
    printf '# loop\nbase: a.yaml\n' >b.yaml
    run limactl validate a.yaml
    assert_failure
    assert_output_has "b.yaml:2:7: failed to embed base"
    assert_output_has "base template loop detected"
    assert_output_has "included from $PWD/a.yaml:1:7"
    printf 'cpus: 1\nbase:\n- url: none.yaml\n' >a.yaml
    run limactl validate a.yaml
    assert_output_has "a.yaml:3:8: failed to embed base"
    assert_output_has "     3 | - url: none.yaml"
    printf 'cpus: 1\n' >b.yaml
    digest=$(sha256sum b.yaml)
    printf 'base: [{url: b.yaml, digest: "sha256:%064d"}]\n' 7 >a.yaml
    run limactl validate a.yaml
    assert_failure
    assert_output_has "a.yaml:1:14: failed to embed base"
    assert_output_has "has the digest sha256:${digest%% *}, but sha256:$(printf %064d 7) is expected"
    printf 'provision:\n- file: none.sh\n' >a.yaml
    run limactl validate a.yaml
    assert_output_has "a.yaml:2:9: failed to embed file \`none.sh\`"
}

@test "a script that cannot be printed is stored as base64" {
    printf '#!/bin/sh\n\techo tab\n' >tab.sh
    printf 'provision:\n- file: tab.sh\n' >t.yaml
    run --separate-stderr limactl template copy --embed-all t.yaml
    assert_success
    [[ $stderr == *"stored as base64"* ]]
    [ "$output" = "provision:
- script: !!binary $(base64 -w0 tab.sh)" ]
}
