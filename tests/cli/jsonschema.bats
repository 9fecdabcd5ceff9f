# limactl generate-jsonschema: the schema of lima.yaml, tried by Debian's python3-jsonschema, and the reference page.
load common

all_templates() { find "$LIMA_SOURCE/templates" -name '*.yaml' | sort; }

@test "every template fits the schema, and what is broken does not" {
    limactl generate-jsonschema >schema.json
    # shellcheck disable=SC2046 # names without spaces
    run python3 "$LIMA_SOURCE/tests/cli/fits_schema.py" schema.json $(all_templates)
    assert_success
}

@test "--schemafile writes the schema and checks files against it" {
    printf 'images: [{location: /a}]\ncpus: 2\n' >good.yaml
    run limactl generate-jsonschema --schemafile schema.json good.yaml
    assert_success
    assert_output_has "good.yaml: OK"
    jq -e '.properties.os.enum == [null, "", "default", "Linux", "Darwin", "FreeBSD", "Windows"]
        and .additionalProperties == false and (.properties.cpus.description | length) > 0
        and .properties.plain.default == false and .properties.rosetta.deprecated == true' schema.json
    [ "$(limactl generate-jsonschema)" = "$(cat schema.json)" ]
}

@test "a file that does not fit: every mistake with its place" {
    printf 'cpus: two\nssh:\n  localport: 1\nadditionalDisks: [[a]]\n' >bad.yaml
    run limactl generate-jsonschema --schemafile schema.json bad.yaml
    assert_failure
    assert_output_has 'failed to validate bad.yaml'
    assert_output_has 'bad.yaml:1:7: field `cpus` must match'
    assert_output_has 'bad.yaml:3:14: field `ssh.localport` is unknown, did you mean `localPort`?'
    assert_output_has 'bad.yaml:4:19: field `additionalDisks[0]` must be a string or a map'
}

@test "files need --schemafile" {
    run limactl generate-jsonschema x.yaml
    assert_failure
    assert_output_has "--schemafile is needed"
}

@test "docs/lima-yaml.md is what the field table says" {
    limactl generate-jsonschema --markdown >page.md
    if [ "${LIMA_TEST_ACCEPT:-}" = 1 ]; then
        cp page.md "$LIMA_SOURCE/docs/lima-yaml.md"
        skip "accepted docs/lima-yaml.md"
    fi
    run diff -u "$LIMA_SOURCE/docs/lima-yaml.md" page.md
    assert_success
}
