// Breaks: exited comes exactly once.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "ends-twice") {}

    Result<> stop(const Call& call) override {
        const bool first = running() && ++lives_ == 1 && !call.cancelled();
        const Result<> stopped = GoodDriver::stop(call);
        if (first && stopped) {
            host().exited(0, 0);
        }
        return stopped;
    }

private:
    int lives_ = 0;
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "ends-twice")
