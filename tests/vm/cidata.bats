# What a real Debian with systemd and cloud-init makes of our seed.
load common

suite_setup() {
    need_guest test
    cat >"$VM_HOME/rich.yaml" <<'YAML'
base: template:debian-12-bootstrap-test
env:
  MY_ENV: "with space"
param:
  word: "hello"
provision:
  - mode: system
    script: |
      #!/bin/sh
      echo "$PARAM_word" >/run/from-system
  - mode: user
    script: |
      #!/bin/sh
      id -un >"$HOME/from-user"
  - mode: boot
    script: |
      #!/bin/sh
      echo boot >/run/from-boot
  - mode: dependency
    skipDefaultDependencyResolution: true
    script: |
      #!/bin/sh
      echo dependency >/run/from-dependency
  - mode: data
    path: /etc/from-data
    content: "data for {{.User}}"
    permissions: "640"
probes:
  - script: |
      #!/bin/sh
      test -e /run/from-system
    hint: the system script did not run
YAML
}

@test "it boots, with every provisioning mode" {
    run limactl_start rich "$VM_HOME/rich.yaml"
    echo "$output"
    [ "$status" -eq 0 ]
    user=$(in_guest rich id -un)
    [ "$(in_guest rich cat /run/from-system)" = hello ]
    [ "$(in_guest rich sh -c 'cat ~/from-user')" = "$user" ]
    [ "$(in_guest rich cat /run/from-boot)" = boot ]
    [ "$(in_guest rich cat /run/from-dependency)" = dependency ]
    [ "$(in_guest rich sudo cat /etc/from-data)" = "data for $user" ]
    [ "$(in_guest rich sudo stat -c %a /etc/from-data)" = 640 ]
}

@test "the environment and the markers" {
    [ "$(in_guest rich sh -c 'echo "$MY_ENV"')" = "with space" ]
    iid=$(in_guest rich cat /run/lima-boot-done)
    [ "$(in_guest rich cat /run/lima-ssh-ready)" = "$iid" ]
    grep -q host.lima.internal <(in_guest rich cat /etc/hosts)
}

@test "systemd is content" {
    run in_guest rich systemctl is-system-running --wait
    echo "$output"
    [ "$output" = running ]
    in_guest rich systemctl --user is-system-running
}

@test "the seed reads as ISO 9660, Joliet and Rock Ridge" {
    iso=$LIMA_HOME/rich/cidata.iso
    [ "$(blkid -p -s LABEL -o value "$iso")" = cidata ]
    isoinfo -R -f -i "$iso" | grep -qx /boot.sh
    isoinfo -J -f -i "$iso" | grep -qx /user-data
    in_guest rich sudo test -x /mnt/lima-cidata/boot.sh
}

@test "the disk has grown to its size" {
    kib=$(in_guest rich df --output=size / | tail -n 1)
    disk=$(limactl list -f '{{.Disk}}' rich)
    [ "$((kib * 1024))" -gt "$((disk * 8 / 10))" ]
}

@test "stop, and start again with another instance id" {
    before=$(in_guest rich cat /run/lima-boot-done)
    limactl stop rich
    [ -z "$(leftovers rich)" ]
    sleep 1
    limactl start rich
    [ "$(in_guest rich cat /run/lima-boot-done)" != "$before" ]
    limactl delete --force rich
}
