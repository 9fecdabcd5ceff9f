#include "core/fetch/program/convert.hpp"

#include "core/base/fd.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"
#include "core/fetch/magic.hpp"
#include "core/fetch/program/cancel.hpp"

#include <algorithm>
#include <cerrno>
#include <charconv>
#include <chrono>
#include <optional>
#include <unistd.h>

namespace lima::fetch {
namespace {

/// The last "(12.34/100%)" in the text, in hundredths of a percent.
std::optional<std::uint64_t> last_percentage(std::string_view text) {
    const std::size_t end = text.rfind("/100%)");
    const std::size_t begin = end == std::string_view::npos ? end : text.rfind('(', end);
    if (begin == std::string_view::npos) {
        return std::nullopt;
    }
    std::string number(trim(text.substr(begin + 1, end - begin - 1)));
    const std::size_t dot = number.find('.');
    if (dot == std::string::npos || number.size() - dot != 3) {
        return std::nullopt;
    }
    number.erase(dot, 1);
    std::uint64_t value = 0;
    std::from_chars(number.data(), number.data() + number.size(), value);
    return value;
}

/// Reads what the child says until it has closed its output; at a cancellation the child is ended.
Result<std::string> follow(Child& child, int fd, Reporter& reporter) {
    constexpr std::chrono::milliseconds kLook(100);
    std::string text;
    for (;;) {
        if (cancelled()) {
            LIMA_DO(child.terminate(std::chrono::seconds(2)));
            return fail(Code::kCancelled, "the conversion was cancelled");
        }
        // A signal interrupts the wait or is seen at the next look.
        LIMA_TRY(const bool readable, wait_readable(fd, kLook));
        if (!readable) {
            continue;
        }
        char buffer[4096];
        const ssize_t count = read(fd, buffer, sizeof buffer);
        if (count < 0 && errno != EINTR) {
            return fail_errno(errno, "cannot read from qemu-img");
        }
        if (count == 0) {
            return text;
        }
        text.append(buffer, count > 0 ? static_cast<std::size_t>(count) : 0);
        constexpr std::uint64_t kWhole = 10000;
        if (const auto done = last_percentage(text)) {
            reporter.progress("converting", std::min(*done, kWhole), kWhole);
        }
    }
}

/// What qemu-img says without its progress.
std::string complaint(const std::string& text) {
    std::string last;
    for (const std::string& part : split(replace_all(text, "\r", "\n"), '\n')) {
        if (!trim(part).empty() && part.find("/100%)") == std::string::npos) {
            last += (last.empty() ? "" : "; ") + std::string(trim(part));
        }
    }
    return last;
}

}  // namespace

Result<std::string> unsupported_format(const Path& image,
                                       const std::vector<std::string>& supported) {
    if (supported.empty()) {
        return std::string();
    }
    LIMA_TRY(const std::string head, read_head(image));
    if (is_iso9660_head(head)) {
        return std::string();
    }
    std::string format = image_format(head);
    if (std::find(supported.begin(), supported.end(), format) != supported.end()) {
        return std::string();
    }
    return format;
}

Result<void> convert_to_raw(const Path& from, const std::string& format, const Path& to,
                            Reporter& reporter) {
    LIMA_TRY(const std::string head, read_head(from));
    if (const std::string reference = foreign_reference(head); !reference.empty()) {
        return fail(Error(Code::kFailedPrecondition,
                          fmt::format("image {} cannot be used: {}", from.string(), reference))
                        .with_hint("use an image that is one file"));
    }
    if (!find_program("qemu-img")) {
        return fail(
            Error(
                Code::kFailedPrecondition,
                fmt::format(
                    "the image has the format {}, which the driver cannot use, and qemu-img, which "
                    "could convert it, is not installed",
                    format))
                .with_hint(
                    "install qemu-img (package qemu-utils or qemu-img), or use another image"));
    }
    LIMA_TRY(Pipe output, make_pipe());
    SpawnOptions options;
    options.argv = {"qemu-img", "convert", "-p",          "-f",       format,
                    "-O",       "raw",     from.string(), to.string()};
    options.stdout_fd = output.write.get();
    options.stderr_fd = output.write.get();
    reporter.progress("converting", 0, 0);
    LIMA_TRY(Child child, spawn(options));
    output.write.reset();
    LIMA_TRY(const std::string text, follow(child, output.read.get(), reporter));
    LIMA_TRY(const ExitStatus status, child.wait());
    if (!status.ok()) {
        const bool full = text.find("No space left") != std::string::npos;
        return failf(full ? Code::kResourceExhausted : Code::kFailedPrecondition,
                     "failed to run {}: {}: {}", join(options.argv, " "), status.text(),
                     complaint(text));
    }
    return {};
}

}  // namespace lima::fetch
