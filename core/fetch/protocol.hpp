// What limactl and lima-fetch say to each other: one JSON request on the program's stdin, JSON
// lines on its stdout:
//   {"progress":{"what","done","total"}}   {"log":{"level","message"}}   and last
//   {"result":{"outcome","cachePath"}} or {"error":{"code","text","hint","phase"}}
#pragma once

#include "core/base/json_fwd.hpp"
#include "core/base/log.hpp"
#include "core/fetch/cache.hpp"

#include <string>
#include <string_view>
#include <sys/types.h>
#include <variant>

namespace lima::fetch {

/// A request as lima-fetch gets it.
struct Order {
    Request request;
    Path cache_dir;
    pid_t parent = 0;  // gone: nobody wants the file any more
};

std::string encode(const Order& order);
Result<Order> decode_order(std::string_view text);

struct LogLine {
    log::Level level = log::Level::kInfo;
    std::string message;
};
using Reply = std::variant<Progress, LogLine, Fetched, Error>;

std::string encode(const Reply& reply);  // one line without its newline
Result<Reply> decode_reply(std::string_view line);

}  // namespace lima::fetch
