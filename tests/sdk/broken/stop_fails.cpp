// Breaks: stop of what does not run is a success.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "stop-fails") {}

    Result<> stop(const Call& call) override {
        if (child_ == 0 && !directory().empty() && !asked_) {
            asked_ = true;
            return fail(Code::kFailedPrecondition, "the VM does not run");
        }
        return GoodDriver::stop(call);
    }

private:
    bool asked_ = false;
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "stop-fails")
