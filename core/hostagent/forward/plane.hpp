// A way for bytes into the guest: the forward plane (frames on a virtio port), the gRPC Tunnel of a
// foreign agent. A listener on the host accepts, the plane dials in the guest and joins the two.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"

#include <boost/asio/awaitable.hpp>

#include <string>

namespace lima::hostagent {

namespace asio = boost::asio;

class Plane {
public:
    virtual ~Plane() = default;
    /// Dials `address` ("127.0.0.1:80", "[::]:80", an absolute path for "unix") in the guest and
    /// joins it with the accepted socket (taken) until both directions have ended. Thread: the
    /// loop's. kUnavailable: the way itself is not there now.
    virtual asio::awaitable<Result<void>> join(std::string protocol, std::string address,
                                               Fd socket) = 0;
    virtual const char* name() const = 0;  // "forward plane", "gRPC tunnel"
};

}  // namespace lima::hostagent
