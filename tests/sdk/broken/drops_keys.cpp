// Breaks: configure keeps the keys that it does not know.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "drops-keys") {}

    Result<std::string> configure(const Call& call, std::string_view text) override {
        const auto kept = GoodDriver::configure(call, text);
        if (!kept) {
            return kept;
        }
        Json instance = Json::parse(*kept);
        instance["config"]["vmOpts"] = {{name_, Json::object()}};
        return instance.dump();
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "drops-keys")
