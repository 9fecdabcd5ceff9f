// Which QEMU there is and what it can do: the program (or its override in the environment), its
// version, its accelerators and CPU models. Answers are kept in memory per program file as long as
// its size and time of change stay. Thread: any.
#pragma once

#include "core/base/error.hpp"
#include "plugins/qemu/arch.hpp"
#include "plugins/qemu/kvm.hpp"
#include "plugins/qemu/version.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace lima::qemu {

struct Program {
    std::filesystem::path exe;            // absolute, links kept
    std::vector<std::string> extra_args;  // of the override variable
};

/// From QEMU_SYSTEM_X or PATH. kNotFound has the package to install as its hint.
Result<Program> find_qemu(const Arch& arch);

struct Features {
    std::optional<Version> version;
    std::string version_error;  // why there is none
    std::string accel_help;
    std::string cpu_help;  // empty when it could not be had
};
/// Runs the program a few times with help options. The CPU models are asked for only on request:
/// the list is long.
Result<Features> probe_features(const Program& program, const Arch& arch, bool with_cpu_help);

struct MinimumVersions {
    Version hard;  // below it we refuse
    Version soft;  // below it we warn
};
MinimumVersions minimum_versions(const std::string& host_os, const std::string& host_arch);
/// kFailedPrecondition when too old (found, needed and what to do); a warning when merely old, else
/// empty.
Result<std::string> check_version(const Program& program, const std::optional<Version>& found,
                                  const MinimumVersions& minimum,
                                  const std::optional<Version>& wanted);

struct Accelerator {
    std::string name;     // kvm, hvf, tcg …
    std::string warning;  // when the guest could run faster but does not; what and why
    std::string hint;
};
/// kvm is given so that the choice is a pure function.
Accelerator choose_accelerator(const std::string& guest_arch, const std::string& host_arch,
                               const std::string& host_os, const KvmState& kvm);

}  // namespace lima::qemu
