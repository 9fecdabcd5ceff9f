#include "sdk/remote/server/calls.hpp"

namespace lima::remote {

std::shared_ptr<Call> Calls::begin(std::uint64_t number) {
    auto call = std::make_unique<Call>();
    {
        const std::lock_guard lock(open_->mutex);
        if (number != 0 && open_->by_number.try_emplace(number, call.get()).second) {
            call->number = number;
        }
        open_->all.insert(call.get());
    }
    return {call.release(), [open = open_](Call* ended) {
                {
                    const std::lock_guard lock(open->mutex);
                    open->all.erase(ended);
                    if (ended->number != 0) {
                        open->by_number.erase(ended->number);
                    }
                }
                delete ended;
            }};
}

void Calls::cancel(std::uint64_t number) {
    const std::lock_guard lock(open_->mutex);
    if (const auto found = open_->by_number.find(number); found != open_->by_number.end()) {
        found->second->cancel.trigger();
    }
}

void Calls::cancel_all() {
    const std::lock_guard lock(open_->mutex);
    for (Call* call : open_->all) {
        call->cancel.trigger();
    }
}

std::size_t Calls::count() const {
    const std::lock_guard lock(open_->mutex);
    return open_->all.size();
}

}  // namespace lima::remote
