// Forwards that OpenSSH's ControlMaster makes: asked for by `ssh -O forward`, one call at a time
// and in order. They wait for the first master and die with it; make_all() makes them over the one
// that there is. Thread: the loop's; the calls themselves run on the pool.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"
#include "core/ssh/options.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/thread_pool.hpp>

#include <deque>
#include <functional>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

struct SshForward {
    std::string local{};   // "127.0.0.1:8080" or a path, on the host
    std::string remote{};  // the same in the guest
    bool reverse = false;  // the guest listens, the host is dialled
    bool operator==(const SshForward&) const = default;
};

enum class SshVerb { kForward, kCancel };

/// The command for one forward; pure.
std::vector<std::string> ssh_forward_argv(const ssh::Client& client, const ssh::Target& target,
                                          SshVerb verb, const SshForward& forward);

class SshForwards {
public:
    /// Runs a command line; blocking, on the pool. An error says what ssh printed.
    using Runner = std::function<Result<void>(const std::vector<std::string>& argv)>;

    SshForwards(asio::any_io_executor executor, asio::thread_pool& pool, ssh::Client client,
                ssh::Target target, Runner runner);

    void add(SshForward forward);
    void cancel(const std::string& local);
    /// A master is there, the first or another.
    void make_all();
    /// Until what was asked for so far is done.
    asio::awaitable<void> settle();
    /// Cancels all that there is.
    asio::awaitable<void> close();

private:
    struct Task {
        SshVerb verb = SshVerb::kForward;
        SshForward forward{};
    };
    void push(SshVerb verb, const SshForward& forward);
    asio::awaitable<void> work();
    Result<void> perform(const Task& task) const;
    Result<void> remove_guest_socket(const std::string& path) const;

    asio::thread_pool& pool_;
    ssh::Client client_;
    ssh::Target target_;
    Runner runner_;
    std::vector<SshForward> forwards_;
    std::deque<Task> tasks_;
    bool has_master_ = false;
    bool working_ = false;
    aio::TaskScope scope_;
};

/// The real one.
Result<void> run_ssh(const std::vector<std::string>& argv);

}  // namespace lima::hostagent
