// What firmware, boot loader and kernel say on the serial console when the boot has come to a dead
// end. Pure: text in, a finding out; serial_watch.hpp feeds it.
#pragma once

#include <optional>
#include <string>
#include <string_view>

namespace lima::qemu {

struct Finding {
    std::string event;    // "panic": the kernel is dead; "boot-failed": nothing boots, or it stands
                          // at a prompt
    std::string phase;    // "firmware", "boot loader", "kernel", "init"
    std::string message;  // "no bootable disk"
    std::string hint;
};

/// Eats the console's text in pieces of any size. Escape sequences are skipped; a line that arrives
/// in two pieces is one.
class SerialScanner {
public:
    /// The first finding of a boot; nothing after it until reset().
    std::optional<Finding> feed(std::string_view text);
    /// The machine was reset: a new boot begins.
    void reset();

private:
    std::optional<Finding> judge() const;

    std::string line_;
    enum class Escape { kNone, kStarted, kInside } escape_ = Escape::kNone;
    bool found_ = false;
};

}  // namespace lima::qemu
