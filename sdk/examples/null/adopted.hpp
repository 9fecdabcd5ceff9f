// A process that another host started and left: found by its PID file, pinned by a pidfd, watched
// by one thread until it ends. Owner: the driver. The destructor lets it run.
#pragma once

#include <lima/result.hpp>

#include <functional>
#include <memory>
#include <string>
#include <thread>

namespace null_driver {

class Adopted {
public:
    /// kNotFound when nobody holds the PID file's lock. `ended` is called once, on the watching
    /// thread, when the process has ended; how it ended only its parent knows.
    static lima::Result<std::unique_ptr<Adopted>> find(const std::string& pid_file,
                                                       std::function<void()> ended);
    ~Adopted();
    Adopted(const Adopted&) = delete;
    Adopted& operator=(const Adopted&) = delete;

    bool running() const;
    void signal(int number) const;
    /// True when it ended before cancel_fd (-1: none) became readable and before the time was over
    /// (negative: never).
    bool wait(int cancel_fd, int timeout_ms) const;

private:
    Adopted(int pidfd, int stop_event, std::string pid_file, std::function<void()> ended);
    void watch();

    int pidfd_;
    int stop_event_;
    std::string pid_file_;
    std::function<void()> ended_;
    std::thread thread_;
};

}  // namespace null_driver
