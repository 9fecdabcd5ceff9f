// A bare image, such as `limactl start ./debian.qcow2`: the template that stands for it.
// spec/cli.md 5.2.1.
#pragma once

#include "core/base/host.hpp"

#include <optional>
#include <string>

namespace lima::tmpl {

struct ImageTemplate {
    std::string name;
    std::string text;
    bool arch_guessed = false;  // the file name says none
};

/// nullopt when the locator does not end like an image.
std::optional<ImageTemplate> image_template(const std::string& locator, const HostFacts& host);
/// Instance name for an image's file name.
std::string image_name(const std::string& file_name, const std::string& native_arch);

}  // namespace lima::tmpl
