// Breaks: an [any] call does not wait for an [op] call.
#include "broken/good.hpp"

#include <atomic>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "waits") {}

    Result<> validate(const Call& call) override {
        const std::lock_guard lock(all_);
        if (hurried_) {
            poll(nullptr, 0, 1'500);
            hurried_ = false;
        }
        return GoodDriver::validate(call);
    }
    Result<std::string> info() const override {
        const std::lock_guard lock(all_);
        hurried_ = ++asked_ > 20;
        return GoodDriver::info();
    }

private:
    mutable std::mutex all_;
    mutable int asked_ = 0;
    mutable std::atomic<bool> hurried_{false};
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "waits")
