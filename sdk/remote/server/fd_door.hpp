// The second socket, over which a client fetches a connection to the guest as a descriptor, so that
// bulk data does not come by here. Descriptors wait under tokens that cannot be guessed. Owner: one
// per process. Thread: path() and keep() from any.
#pragma once

#include "sdk/remote/server/door.hpp"
#include "sdk/remote/server/poller.hpp"

#include <filesystem>
#include <map>
#include <mutex>
#include <optional>
#include <string>

namespace lima::remote {

class FdDoor {
public:
    /// The socket comes to be when somebody asks for its path.
    FdDoor(Poller& poller, std::filesystem::path path) : poller_(poller), path_(std::move(path)) {}

    Result<std::filesystem::path> path();
    /// The token.
    Result<std::string> keep(Fd connection);
    /// No more guests. Thread: the poller's.
    void close();

private:
    struct Guest {
        Fd socket;
        std::uint64_t number;  // descriptors are used again
        std::string said = {};
    };

    void accept();
    void listen_to(int socket);
    void hand_out(const Guest& guest);
    void forget(int socket);

    Poller& poller_;
    std::filesystem::path path_;
    std::mutex mutex_;
    std::optional<Door> door_;        // behind the mutex
    std::map<std::string, Fd> kept_;  // behind the mutex
    std::map<int, Guest> guests_;     // on the poller's thread
    std::uint64_t last_guest_ = 0;
};

}  // namespace lima::remote
