// From a program to a connected socket: a process that serves already is used again, otherwise one
// is started, in the way of the generation that the program turns out to be of. Thread: any.
#pragma once

#include "core/base/fd.hpp"
#include "sdk/remote/client/process.hpp"

#include <lima/call.hpp>

#include <memory>

namespace lima::remote::client {

enum class Generation { kFirst, kSecond };

struct Launched {
    std::unique_ptr<DriverProcess> process;  // none: somebody else's, which we have found
    Fd socket;
    Generation generation = Generation::kSecond;
};

/// The call may be null; cancelled, it ends what it has started. `reuse`: a living NAME.drv.sock in
/// the directory is taken as it is.
Result<Launched> launch(const Program& program, const Path& dir, bool reuse, const sdk::Call* call);

}  // namespace lima::remote::client
