// A version of QEMU, or one that a user asks for: three numbers. A value.
#pragma once

#include "core/base/error.hpp"

#include <compare>
#include <string>
#include <string_view>

namespace lima::qemu {

struct Version {
    int major = 0;
    int minor = 0;
    int patch = 0;
    auto operator<=>(const Version&) const = default;
    std::string text() const;
};

/// "8.2.1"; a pre-release or build suffix ("-rc1", "+dirty") is accepted and does not count.
Result<Version> parse_version(std::string_view text);
/// The number in the first line of `qemu-system-x --version`, "QEMU emulator version 7.2.22 (Debian
/// …)".
Result<Version> parse_version_output(std::string_view output);

}  // namespace lima::qemu
