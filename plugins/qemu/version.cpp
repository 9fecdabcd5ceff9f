#include "plugins/qemu/version.hpp"

#include <charconv>

namespace lima::qemu {

namespace {

/// The numbers at the start of the text; what follows them is left in it.
bool take_numbers(std::string_view& text, Version& out) {
    int* const fields[] = {&out.major, &out.minor, &out.patch};
    for (int i = 0; i < 3; ++i) {
        if (i > 0) {
            if (text.empty() || text.front() != '.') {
                return false;
            }
            text.remove_prefix(1);
        }
        const auto [end, error] =
            std::from_chars(text.data(), text.data() + text.size(), *fields[i]);
        if (error != std::errc() || *fields[i] < 0) {
            return false;
        }
        text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    }
    return true;
}

}  // namespace

std::string Version::text() const { return fmt::format("{}.{}.{}", major, minor, patch); }

Result<Version> parse_version(std::string_view text) {
    Version version;
    std::string_view rest = text;
    const bool starts_well = !rest.empty() && rest.front() >= '0' && rest.front() <= '9';
    if (!starts_well || !take_numbers(rest, version) ||
        (!rest.empty() && rest.front() != '-' && rest.front() != '+') || rest.size() == 1) {
        return failf(Code::kInvalidArgument, "\"{}\" is not a version of the form X.Y.Z", text);
    }
    return version;
}

Result<Version> parse_version_output(std::string_view output) {
    constexpr std::string_view kPrefix = "QEMU emulator version ";
    const std::string_view first = output.substr(0, output.find('\n'));
    const auto at = first.find(kPrefix);
    if (at != std::string_view::npos) {
        std::string_view rest = first.substr(at + kPrefix.size());
        Version version;
        if (take_numbers(rest, version)) {
            return version;
        }
    }
    return failf(Code::kNotFound, "no version of QEMU in \"{}\"", first);
}

}  // namespace lima::qemu
