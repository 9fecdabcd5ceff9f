// Breaks: a second start is refused.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "starts-twice") {}

    Result<> start(const Call& call) override {
        return running() ? Result<>() : GoodDriver::start(call);
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "starts-twice")
