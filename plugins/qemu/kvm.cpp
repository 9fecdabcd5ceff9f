#include "plugins/qemu/kvm.hpp"

#include "core/base/text.hpp"

#include <algorithm>

namespace lima::qemu {

bool cpuinfo_has_virtualization(std::string_view cpuinfo) {
    for (const std::string_view line : lines(cpuinfo)) {
        if (!line.starts_with("flags")) {
            continue;
        }
        const std::vector<std::string> words = split(line.substr(line.find(':') + 1), ' ');
        return std::any_of(words.begin(), words.end(),
                           [](const std::string& word) { return word == "vmx" || word == "svm"; });
    }
    return false;
}

}  // namespace lima::qemu
