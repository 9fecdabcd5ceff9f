# limactl snapshot and screenshot, where there is nothing to take a picture of: grammar, refusals, help, completion.
# With a real guest they are in tests/vm/snapshot.bats.
load common

@test "a driver without snapshots says so, stopped and running" {
    create_null a
    for verb in create apply delete; do
        run limactl snapshot "$verb" a --tag x
        assert_failure
        assert_output_has "the driver null"
        assert_output_has "snapshot"
    done
    run limactl snapshot list a
    assert_failure
    limactl start a
    run limactl snapshot create a --tag x
    assert_failure
    assert_output_has "the driver null"
    refute_output_has "older version"
    run limactl snapshot list a
    assert_failure
    assert_output_has "the driver null"
}

@test "each use warns that it is experimental" {
    create_null a
    run limactl snapshot list a
    assert_output_has "experimental"
}

@test "a tag is needed, an instance too" {
    create_null a
    for verb in create apply delete save load del; do
        run limactl snapshot "$verb" a
        assert_failure
        assert_output_has "--tag"
        run limactl snapshot "$verb" a --tag=
        assert_failure
        run limactl snapshot "$verb"
        assert_failure
    done
    run limactl snapshot list nothing
    assert_failure
    assert_output_has "nothing"
    run limactl snapshot create nothing --tag x
    assert_failure
    assert_output_has "nothing"
}

@test "snapshot alone prints its help, and completion knows the commands" {
    run limactl snapshot
    assert_success
    for verb in create apply delete list; do
        assert_output_has "$verb"
    done
    create_null inst
    run limactl __complete snapshot ""
    assert_output_has "apply"
    run limactl __complete snapshot apply ""
    assert_output_has "inst"
    run limactl __complete snapshot apply inst --tag ""
    assert_success
    assert_output_has ":4"
}

@test "an instance that another command holds is not touched" {
    create_null a
    exec 7<"$LIMA_HOME/a/.lock"
    flock -x 7
    run limactl snapshot create a --tag x 7<&-
    exec 7<&-
    assert_failure
    refute_output_has "the driver null"
}

@test "screenshot: needs a running instance, a known format, and a driver that can" {
    create_null a
    run limactl screenshot a
    assert_failure
    assert_output_has "Stopped"
    run limactl screenshot a -o picture.jpg
    assert_failure
    assert_output_has ".png or .bmp"
    limactl start a
    run limactl screenshot a
    assert_failure
    assert_output_has "the driver null"
    [ ! -e a-screenshot.png ]
}
