#include "plugins/qemu/diagnose.hpp"

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <array>
#include <cctype>
#include <fcntl.h>
#include <unistd.h>

namespace lima::qemu {

namespace {

struct Pattern {
    std::string_view text;  // part of a line of QEMU's
    Code code;
    std::string_view cause;  // empty: QEMU's own words are good enough
    std::string_view hint;
};

// The order matters: the first pattern that is found in any line wins.
constexpr Pattern kPatterns[] = {
    {"Could not set up host forwarding rule", Code::kUnavailable, "a host port is taken",
     "stop the program that listens on it (`ss -ltnp`), or set ssh.localPort to another port or 0"},
    {"Failed to get \"write\" lock", Code::kFailedPrecondition,
     "a disk is in use by another process",
     "another QEMU or qemu-img has the file open; `fuser` on it tells which"},
    {"Failed to get shared \"write\" lock", Code::kFailedPrecondition,
     "a disk is in use by another process",
     "another QEMU or qemu-img has the file open; `fuser` on it tells which"},
    {"No space left on device", Code::kResourceExhausted, "the host's disk is full",
     "free some space and start again"},
    {"Cannot allocate memory", Code::kResourceExhausted, "the host has not enough memory",
     "lower `memory` of the instance, or stop other instances"},
    {"cannot set up guest memory", Code::kResourceExhausted, "the host has not enough memory",
     "lower `memory` of the instance, or stop other instances"},
    {"Invalid SMP CPUs", Code::kInvalidArgument, "the guest asks for more CPUs than QEMU allows",
     "lower `cpus` of the instance"},
    {"exceeding the limit of", Code::kInvalidArgument, "the guest asks for more than QEMU allows",
     "lower `cpus` or `memory` of the instance"},
    {"Image is not in", Code::kInvalidArgument, "a disk image is damaged or not of its format",
     "delete the instance and create it again, or restore its disk"},
    {"Image is corrupt", Code::kInvalidArgument, "a disk image is damaged",
     "`qemu-img check -r all` on the disk may repair it"},
    {"Permission denied", Code::kPermissionDenied, "",
     "check the owner and mode of the file that QEMU names"},
    {"Could not open", Code::kNotFound, "a file of the VM cannot be opened", ""},
    {"unable to find CPU model", Code::kInvalidArgument, "this QEMU does not know the cpu model",
     "set vmOpts.qemu.cpuType to a model of `-cpu help`"},
    {"unsupported machine type", Code::kInvalidArgument, "this QEMU does not know the machine",
     "upgrade QEMU"},
    {"is not a valid device model name", Code::kFailedPrecondition,
     "this QEMU was built without a device that is needed",
     "install the complete package of QEMU for this architecture"},
    {"invalid accelerator", Code::kFailedPrecondition, "this QEMU lacks the accelerator", ""},
    {"failed to initialize kvm", Code::kFailedPrecondition, "KVM does not work", ""},
    {"Parameter 'audiodev'", Code::kFailedPrecondition, "this QEMU lacks the audio backend",
     "set audio.device to none"},
    {"Could not init `pa' audio driver", Code::kFailedPrecondition,
     "there is no PulseAudio to play on", "set audio.device to none"},
};

const Pattern* find_pattern(const std::vector<std::string>& lines) {
    for (const Pattern& pattern : kPatterns) {
        for (const std::string& line : lines) {
            if (line.find(pattern.text) != std::string::npos) {
                return &pattern;
            }
        }
    }
    return nullptr;
}

/// "… 'tcp:127.0.0.1:60022-:22'" names the port.
std::string forwarded_port(const std::vector<std::string>& lines) {
    for (const std::string& line : lines) {
        const auto rule = line.find("host forwarding rule");
        const auto end = line.find("-:", rule == std::string::npos ? line.size() : rule);
        if (end == std::string::npos) {
            continue;
        }
        const auto colon = line.rfind(':', end - 1);
        if (colon != std::string::npos && colon + 1 < end) {
            return line.substr(colon + 1, end - colon - 1);
        }
    }
    return {};
}

/// Warnings and noise do not explain an exit.
std::vector<std::string> telling_lines(const std::vector<std::string>& lines) {
    std::vector<std::string> out;
    for (const std::string& line : lines) {
        if (!trim(line).empty() && line.find(": warning: ") == std::string::npos) {
            out.push_back(line);
        }
    }
    constexpr std::size_t kMost = 4;
    if (out.size() > kMost) {
        out.erase(out.begin(), out.end() - kMost);
    }
    return out;
}

std::string printable(std::string_view text) {
    std::string out;
    for (std::size_t i = 0; i < text.size(); ++i) {
        const auto c = static_cast<unsigned char>(text[i]);
        if (c == 0x1b && i + 1 < text.size() && text[i + 1] == '[') {
            i += 2;
            while (i < text.size() && (text[i] < '@' || text[i] > '~')) {
                ++i;
            }
        } else if (c == '\t' || c >= 0x20) {
            out += text[i];
        }
    }
    return out;
}

}  // namespace

void LineRing::add(std::string_view line) {
    const std::lock_guard lock(mutex_);
    lines_.emplace_back(line);
    if (lines_.size() > limit_) {
        lines_.pop_front();
    }
}

std::vector<std::string> LineRing::snapshot() const {
    const std::lock_guard lock(mutex_);
    return {lines_.begin(), lines_.end()};
}

void LineRing::clear() {
    const std::lock_guard lock(mutex_);
    lines_.clear();
}

std::vector<std::string> tail_of_file(const std::filesystem::path& path, std::size_t count) {
    constexpr off_t kWindow = 16384;
    const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return {};
    }
    const off_t size = ::lseek(file.get(), 0, SEEK_END);
    const off_t from = std::max<off_t>(0, size - kWindow);
    std::array<char, kWindow> buffer;
    const ssize_t read = ::pread(file.get(), buffer.data(), buffer.size(), from);
    if (read <= 0) {
        return {};
    }
    const std::string_view text(buffer.data(), static_cast<std::size_t>(read));
    std::vector<std::string> out;
    for (const std::string& piece : split(replace_all(std::string(text), "\r", "\n"), '\n')) {
        std::string line = printable(piece);
        if (!trim(line).empty()) {
            out.push_back(std::move(line));
        }
    }
    if (out.size() > count) {
        out.erase(out.begin(), out.end() - static_cast<std::ptrdiff_t>(count));
    }
    return out;
}

Error explain_early_exit(const std::string& status, const std::vector<std::string>& stderr_lines) {
    const std::vector<std::string> words = telling_lines(stderr_lines);
    const std::string said = words.empty() ? "it said nothing" : join(words, "; ");
    const Pattern* pattern = find_pattern(words);
    if (pattern == nullptr) {
        return Error(Code::kInternal, fmt::format("QEMU ended at once ({}): {}", status, said))
            .with_phase("boot");
    }
    std::string cause(pattern->cause);
    const std::string port = forwarded_port(words);
    if (!port.empty() && pattern->code == Code::kUnavailable) {
        cause = fmt::format("host port {} is taken", port);
    }
    const std::string prefix = cause.empty() ? std::string() : cause + ": ";
    return Error(pattern->code, fmt::format("{}QEMU ended at once ({}): {}", prefix, status, said))
        .with_hint(std::string(pattern->hint))
        .with_phase("boot");
}

}  // namespace lima::qemu
