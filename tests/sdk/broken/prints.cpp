// Breaks: a driver prints nothing.
#include "broken/good.hpp"

#include <cstdio>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "prints") {}

    Result<> validate(const Call&) override {
        std::puts("the configuration looks fine");
        return {};
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "prints")
