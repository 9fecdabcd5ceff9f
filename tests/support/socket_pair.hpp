// Two ends of a unix stream for a test: one for what is tested, one for the test.
#pragma once

#include "core/base/fd.hpp"

#include <gtest/gtest.h>

namespace lima::test {

struct SocketPair {
    Fd ours;
    Fd theirs;
};

inline SocketPair socket_pair() {
    auto ends = make_socket_pair();
    if (!ends) {
        ADD_FAILURE() << ends.error().text();
        return {};
    }
    return {std::move(ends->first), std::move(ends->second)};
}

}  // namespace lima::test
