// The calls that run or wait, by the number that their client gave them, so that they can be
// cancelled. Thread: any.
#pragma once

#include "core/driver/driver.hpp"

#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <set>

namespace lima::remote {

struct Call {
    std::uint64_t number = 0;  // 0: a client of another make, which gives none
    driver::Cancel cancel = {};
};

class Calls {
public:
    /// Registered until the last owner lets go. A number that is in use already counts as 0.
    std::shared_ptr<Call> begin(std::uint64_t number);
    /// Without effect when there is none of that number.
    void cancel(std::uint64_t number);
    void cancel_all();
    std::size_t count() const;

private:
    /// Survives the object, because calls do.
    struct Open {
        std::mutex mutex;
        std::set<Call*> all;
        std::map<std::uint64_t, Call*> by_number;
    };
    std::shared_ptr<Open> open_ = std::make_shared<Open>();
};

}  // namespace lima::remote
