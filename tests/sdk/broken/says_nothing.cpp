// Breaks: what fails says why.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "says-nothing") {}

    Result<> create_disk(const Call& call) override {
        return directory().empty() ? fail(Code::kFailedPrecondition, "")
                                   : GoodDriver::create_disk(call);
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "says-nothing")
