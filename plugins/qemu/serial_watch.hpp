// Follows the serial log of a VM while it boots and says when the boot has come to a dead end:
// inotify on the file, a thread of its own that the destructor joins.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "plugins/qemu/serial_scan.hpp"

#include <atomic>
#include <filesystem>
#include <functional>
#include <memory>
#include <thread>

namespace lima::qemu {

class SerialWatch {
public:
    /// Reads from the present end of the file when the VM was adopted, else from its beginning. The
    /// callback comes on the watch's thread.
    static Result<std::unique_ptr<SerialWatch>> start(const std::filesystem::path& log,
                                                      bool from_end,
                                                      std::function<void(const Finding&)> found);
    ~SerialWatch();
    /// The machine was reset: what comes now is another boot. Any thread.
    void new_boot() { new_boot_ = true; }
    SerialWatch(const SerialWatch&) = delete;
    SerialWatch& operator=(const SerialWatch&) = delete;

private:
    SerialWatch(Fd file, Fd inotify, Pipe stop, std::function<void(const Finding&)> found);
    void follow();
    void read_new();

    Fd file_;
    Fd inotify_;
    Pipe stop_;
    std::function<void(const Finding&)> found_;
    SerialScanner scanner_;
    std::atomic<bool> new_boot_{false};
    std::thread thread_;
};

}  // namespace lima::qemu
