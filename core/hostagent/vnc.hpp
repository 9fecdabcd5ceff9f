// A VM's VNC display: a password of our own making, set through the driver, and the two files by
// which users find it (spec/host-guest.md 1.6).
#pragma once

#include "core/base/error.hpp"
#include "core/driver/driver.hpp"

#include <filesystem>
#include <functional>
#include <string>

namespace lima::hostagent {

inline constexpr const char* kVncDisplayFile = "vncdisplay";
inline constexpr const char* kVncPasswordFile = "vncpassword";

/// video.vnc.display: "127.0.0.1:0,to=9".
struct VncAddress {
    std::string host;
    int display = 0;
    bool may_move = false;  // QEMU takes the first display that is free

    static Result<VncAddress> parse(const std::string& text);
    std::string text() const;  // "127.0.0.1:0"
    std::string url() const;   // "vnc://127.0.0.1:5900"
};

/// Eight letters and digits, two of them digits: all that VNC knows. random(n) is below n.
std::string make_vnc_password(const std::function<unsigned(unsigned)>& random);

bool vnc_files_are_there(const std::filesystem::path& instance_dir);
/// Blocking: sets a password and writes both files, readable by the owner alone; the URL.
Result<std::string> publish_vnc(driver::Driver& driver, const std::string& display,
                                const std::filesystem::path& instance_dir);

}  // namespace lima::hostagent
