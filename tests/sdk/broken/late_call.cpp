// Breaks: no call to the host comes out after destroy.
#include "broken/good.hpp"

#include <thread>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "late-call") {}

    ~Broken() override {
        std::thread([host = host()] {
            poll(nullptr, 0, 50);
            host.debug("the driver has ended");
        }).detach();
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "late-call")
