// Breaks: create again is a success.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "creates-once") {}

    Result<> create(const Call& call) override {
        if (made_ && !call.cancelled()) {
            return fail(Code::kAlreadyExists, "the state is there already");
        }
        made_ = true;
        return {};
    }

private:
    bool made_ = false;
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "creates-once")
