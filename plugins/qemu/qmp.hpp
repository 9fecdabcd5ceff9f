// QMP, the JSON protocol of QEMU's monitor, as text and values: no sockets here (qmp_client.hpp has
// them). One JSON object per line. QEMU greets, answers each command by its id, and says by itself
// what happens to the VM.
#pragma once

#include "core/base/error.hpp"
#include "core/base/json.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace lima::qemu::qmp {

struct Greeting {
    std::string version;  // "7.2.22"
};
struct Reply {
    std::int64_t id = 0;
    Json value;                        // of a success
    std::optional<std::string> error;  // the text of a failure
    std::string error_class;           // "GenericError", "CommandNotFound" …
};
struct Event {
    std::string name;  // "SHUTDOWN"
    Json data;
};
using Message = std::variant<Greeting, Reply, Event>;

/// One line of QEMU's. Unknown keys are ignored; an unknown kind of object is an error.
Result<Message> parse_message(std::string_view line);
/// A command as a line, its end included. Null arguments are left out.
std::string format_command(std::string_view name, const Json& arguments, std::int64_t id);

/// Cuts a stream into lines. A line longer than the limit means that the peer is not QEMU.
class LineReader {
public:
    static constexpr std::size_t kLimit = std::size_t{16} << 20;
    /// The lines that are whole now, without their ends; empty ones are dropped.
    Result<std::vector<std::string>> feed(std::string_view data);

private:
    std::string pending_;
};

}  // namespace lima::qemu::qmp
