// As much of gRPC over HTTP/2 as one unary call needs, by hand: the kit looks at a driver's process
// without any library that the driver may use as well.
#pragma once

#include "check/platform.hpp"

#include <string>
#include <string_view>

namespace lima::check {

/// What every client says first.
extern const std::string_view kPreface;
std::string settings_frame();
/// A frame as it is on the wire; the size may be a lie.
std::string frame(char type, char flags, unsigned stream, std::string_view payload,
                  std::size_t size);

struct Reply {
    bool ok = false;
    std::string message;  // of the service, in protobuf's encoding
    std::string error;
};
/// One call on a connection that has said nothing yet. The path is "/Service/Method".
Reply call_once(Peer& peer, std::string_view path, std::string_view message, int timeout_ms);
/// The bytes of field 1 of a message.
std::string first_field(std::string_view message);

}  // namespace lima::check
