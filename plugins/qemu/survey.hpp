// What must be known of this host before a VM can be checked or started: QEMU, accelerator,
// firmware. Everything that can be told before start is an error here, with its next step.
#pragma once

#include "core/base/error.hpp"
#include "core/base/host.hpp"
#include "plugins/qemu/argv.hpp"
#include "plugins/qemu/config.hpp"
#include "plugins/qemu/firmware.hpp"
#include "plugins/qemu/probe.hpp"
#include "plugins/qemu/swtpm.hpp"
#include "plugins/qemu/virtiofsd.hpp"

#include <filesystem>
#include <string>
#include <vector>

namespace lima::qemu {

struct Survey {
    const Arch* arch = nullptr;
    Program program;
    Features features;
    Accelerator accel;
    FirmwareChoice firmware;
    std::filesystem::path swtpm;  // where the configuration has a TPM
    Virtiofsd virtiofsd;          // where it has virtiofs mounts
    HostFacts host;
    std::vector<std::string> warnings;  // without the accelerator's
};

/// Probes; runs QEMU with help options when it was not asked before.
Result<Survey> survey_host(const Config& config);
/// The part of argv.hpp's Host that does not depend on files of the instance.
Host host_for_argv(const Survey& survey);
/// What needs no probing but a look at the instance's files: socket paths, mounts, disks.
Result<void> check_instance(const Config& config);

}  // namespace lima::qemu
