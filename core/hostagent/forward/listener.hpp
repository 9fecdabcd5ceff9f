// A listening socket of the host, TCP or unix. Each connection is given to on_accept, nonblocking
// and close-on-exec. Thread: the loop's. Ending it ends no connection.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <boost/asio/any_io_executor.hpp>

#include <functional>
#include <memory>
#include <string>

namespace lima::hostagent {

namespace asio = boost::asio;

class Listener {
public:
    /// "127.0.0.1:8080", "[::1]:8080" (port 0: any) or an absolute path. At a path a socket that is
    /// left over is replaced; any other file is an error.
    static Result<std::unique_ptr<Listener>> open(asio::any_io_executor executor,
                                                  const std::string& address,
                                                  std::function<void(Fd)> on_accept);
    ~Listener();
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    /// As it was given; with the port that was found for port 0.
    const std::string& address() const { return address_; }

private:
    struct State;
    Listener(std::shared_ptr<State> state, std::string address);

    std::shared_ptr<State> state_;
    std::string address_;
};

}  // namespace lima::hostagent
