// Tells the end of a process that is not our child. Owner: whoever wants to know; its destructor
// joins the one thread, which does the telling.
#pragma once

#include "core/base/error.hpp"
#include "core/base/fd.hpp"
#include "core/base/process.hpp"

#include <functional>
#include <memory>
#include <thread>

namespace lima::qemu {

class EndWatch {
public:
    static Result<std::unique_ptr<EndWatch>> start(ForeignProcess process,
                                                   std::function<void()> ended);
    ~EndWatch();
    EndWatch(const EndWatch&) = delete;
    EndWatch& operator=(const EndWatch&) = delete;

private:
    EndWatch() = default;
    Pipe stop_;
    std::thread thread_;
};

}  // namespace lima::qemu
