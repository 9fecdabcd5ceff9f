// Breaks: a host may refuse a service.
#include "broken/good.hpp"

#include <cstdlib>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "no-plan-b") {}

protected:
    Result<> spawn(const Call& call, const std::string& dir) override {
        const Result<> spawned = GoodDriver::spawn(call, dir);
        if (!spawned && spawned.error().code() == Code::kUnavailable) {
            std::abort();
        }
        return spawned;
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "no-plan-b")
