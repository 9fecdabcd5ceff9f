// Breaks: a start that is cancelled returns within a second.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "deaf") {}

    Result<> start(const Call& call) override {
        if (call.cancelled()) {
            poll(nullptr, 0, 5'000);  // whoever cancelled it has to wait all the same
        }
        return GoodDriver::start(call);
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "deaf")
