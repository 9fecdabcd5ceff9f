// Breaks: broken JSON is refused; this one falls over what is nested deep.
#include "broken/good.hpp"

#include <cstdlib>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "crashes") {}

    Result<std::string> configure(const Call& call, std::string_view text) override {
        if (text.substr(0, 3) == "[[[") {
            std::abort();
        }
        return GoodDriver::configure(call, text);
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "crashes")
