// Reads what a process prints and nobody wants, so that it never waits for a reader. Owns a thread,
// which ends with the pipe or with the object.
#pragma once

#include "core/base/fd.hpp"

#include <thread>

namespace lima::remote::client {

class OutputDrain {
public:
    explicit OutputDrain(Fd pipe);
    ~OutputDrain();
    OutputDrain(const OutputDrain&) = delete;
    OutputDrain& operator=(const OutputDrain&) = delete;

private:
    void run();

    Fd pipe_;
    Pipe stop_;
    std::thread thread_;
};

}  // namespace lima::remote::client
