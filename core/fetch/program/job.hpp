// The whole work of lima-fetch: a request in, a verified file out.
#pragma once

#include "core/base/error.hpp"
#include "core/fetch/program/reporter.hpp"
#include "core/fetch/protocol.hpp"

namespace lima::fetch {

Result<Fetched> run(const Order& order, Reporter& reporter);

}  // namespace lima::fetch
