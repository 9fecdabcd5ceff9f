// One life of a reverse-sshfs mount: the ssh that runs sshfs in the guest, the sftp-server that
// serves it, and between them the bytes, which this process carries. So both end when this process
// does, and whichever side ends first is known at once. Thread: the loop's.
#pragma once

#include "core/aio/loop.hpp"
#include "core/base/error.hpp"
#include "core/base/process.hpp"
#include "core/hostagent/mount/timing.hpp"

#include <boost/asio/any_io_executor.hpp>
#include <boost/asio/awaitable.hpp>
#include <boost/asio/local/stream_protocol.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>

#include <deque>
#include <string>
#include <vector>

namespace lima::hostagent {

namespace asio = boost::asio;

class Connection {
public:
    Connection(const asio::any_io_executor& executor, std::string name, MountTiming timing);
    ~Connection();
    Connection(const Connection&) = delete;
    Connection& operator=(const Connection&) = delete;

    /// Starts both programs and waits for `marker` on ssh's stderr. kUnavailable: ssh did not
    /// connect; kFailedPrecondition with its words: the guest refused. After a failure nothing
    /// runs any more.
    asio::awaitable<Result<void>> open(std::vector<std::string> ssh, std::vector<std::string> sftp,
                                       std::string marker);
    /// Once one of the two has ended; then both have. Returns what was said last.
    asio::awaitable<std::string> ended();
    /// Ends both now: open() or ended() return soon.
    void drop();
    bool is_up() const { return up_ && !down_.is_set(); }

private:
    using Socket = asio::local::stream_protocol::socket;
    struct Side {
        explicit Side(const asio::any_io_executor& executor)
            : socket(executor), errors(executor), exit(executor) {}
        Child child;
        Socket socket;
        asio::posix::stream_descriptor errors;
        asio::posix::stream_descriptor exit;  // of the pidfd
        bool running = false;
    };

    Result<void> spawn_side(Side& side, std::vector<std::string> argv);
    asio::awaitable<void> carry(Socket& from, Socket& to);
    asio::awaitable<void> listen(Side& side, std::string marker);
    asio::awaitable<void> watch(Side& side);
    asio::awaitable<void> reap(Side& side);
    asio::awaitable<void> take_down();
    void heard(const std::string& line, const std::string& marker);
    std::string said() const;

    std::string name_;
    MountTiming timing_;
    Side ssh_;
    Side sftp_;
    ExitStatus status_;  // of ssh
    std::deque<std::string> last_;
    bool up_ = false;
    bool late_ = false;
    bool dropped_ = false;
    aio::Signal changed_;  // up, or down
    aio::Signal down_;
    aio::Signal quiet_;  // ssh's stderr is at its end
    aio::TaskScope scope_;
};

}  // namespace lima::hostagent
