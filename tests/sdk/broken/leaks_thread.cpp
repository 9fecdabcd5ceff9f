// Breaks: destroy joins the driver's threads.
#include "broken/good.hpp"

#include <thread>
#include <unistd.h>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "leaks-thread") {
        std::thread([] { pause(); }).detach();
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "leaks-thread")
