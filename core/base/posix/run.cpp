#include "core/base/posix/sigpipe.hpp"
#include "core/base/posix/wait.hpp"
#include "core/base/process.hpp"
#include "core/base/text.hpp"

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>

namespace lima {
namespace {

void set_nonblocking(const Fd& fd) {
    if (fd) {
        fcntl(fd.get(), F_SETFL, fcntl(fd.get(), F_GETFL) | O_NONBLOCK);
    }
}

/// Our ends of the child's stdio, pumped until the child has ended.
class Pump {
    static constexpr int kReadSize = 65536;
    // As much as the largest pipe holds.
    static constexpr int kLastReads = 32;

public:
    Pump(Fd in, Fd out, Fd err, std::string_view input)
        : in_(std::move(in)), out_(std::move(out)), err_(std::move(err)), input_(input) {
        set_nonblocking(in_);
        set_nonblocking(out_);
        set_nonblocking(err_);
    }

    /// True when the child ended, false when the time was over first.
    Result<bool> run(int pidfd, const Deadline& deadline) {
        const SigpipeGuard guard;
        for (;;) {
            std::array<pollfd, 4> entries = {{{pidfd, POLLIN, 0},
                                              {out_.get(), POLLIN, 0},
                                              {err_.get(), POLLIN, 0},
                                              {in_.get(), POLLOUT, 0}}};
            const int ready = poll(entries.data(), entries.size(), deadline.poll_timeout());
            if (ready < 0 && errno != EINTR) {
                return fail_errno(errno, "poll");
            }
            if (ready < 0) {
                continue;
            }
            drain(out_, output.out, 1);
            drain(err_, output.err, 1);
            feed();
            if (entries[0].revents != 0) {
                // Once more for what came between the two reads. A grandchild that keeps a pipe
                // open (a daemon, an ssh master) is not waited for.
                drain(out_, output.out, kLastReads);
                drain(err_, output.err, kLastReads);
                return true;
            }
            // Also when there is always something to read.
            if (ready == 0 || deadline.passed()) {
                return false;
            }
        }
    }

    Output output;

private:
    /// A bounded number of reads: whoever writes without an end must not keep us from the clock.
    static void drain(Fd& fd, std::string& to, int reads) {
        char buffer[kReadSize];
        for (; fd && reads > 0; --reads) {
            const ssize_t count = read(fd.get(), buffer, sizeof buffer);
            if (count > 0) {
                to.append(buffer, static_cast<std::size_t>(count));
            } else if (count == 0) {
                fd.reset();
            } else if (errno != EINTR) {
                if (errno != EAGAIN) {
                    fd.reset();
                }
                return;
            }
        }
    }

    /// A child that does not read its input to the end is its own affair.
    void feed() {
        while (in_ && !input_.empty()) {
            const ssize_t count = write(in_.get(), input_.data(), input_.size());
            if (count >= 0) {
                input_.remove_prefix(static_cast<std::size_t>(count));
            } else if (errno == EAGAIN) {
                return;
            } else if (errno != EINTR) {
                in_.reset();
            }
        }
        in_.reset();
    }

    Fd in_;
    Fd out_;
    Fd err_;
    std::string_view input_;
};

/// A pipe for one of the child's descriptors where the caller left it open; our end is returned.
Result<Fd> attach(int& option, Fd& child_end, bool child_reads) {
    LIMA_TRY(Pipe pipe, make_pipe());
    child_end = std::move(child_reads ? pipe.read : pipe.write);
    option = child_end.get();
    return std::move(child_reads ? pipe.write : pipe.read);
}

}  // namespace

Result<Output> run(SpawnOptions options, std::string_view input,
                   std::chrono::milliseconds timeout) {
    Fd in;
    Fd out;
    Fd err;
    std::array<Fd, 3> child_ends;
    if (!input.empty()) {
        LIMA_TRY(in, attach(options.stdin_fd, child_ends[0], /*child_reads=*/true));
    }
    if (options.stdout_fd < 0) {
        LIMA_TRY(out, attach(options.stdout_fd, child_ends[1], /*child_reads=*/false));
    }
    if (options.stderr_fd < 0) {
        LIMA_TRY(err, attach(options.stderr_fd, child_ends[2], /*child_reads=*/false));
    }
    LIMA_TRY(Child child, spawn(options));
    for (Fd& fd : child_ends) {
        fd.reset();
    }
    Pump pump(std::move(in), std::move(out), std::move(err), input);
    const Deadline deadline(timeout.count() > 0 ? timeout : std::chrono::milliseconds(-1));
    const auto ended = pump.run(child.pidfd(), deadline);
    if (!ended || !*ended) {
        // The whole group where it has one: what a shell started must not outlive it.
        if (options.new_group || options.new_session) {
            kill(-child.pid(), SIGKILL);
        }
        LIMA_DO(child.signal(SIGKILL));
        LIMA_DO(child.wait());
        LIMA_DO(ended);
        return failf(Code::kDeadlineExceeded, "{} did not end within {} ms",
                     name_quote(options.argv[0]), timeout.count());
    }
    LIMA_TRY(pump.output.status, child.wait());
    return std::move(pump.output);
}

}  // namespace lima
