// Breaks: an id that is unknown is NULL; this one looks for it for ever.
#include "broken/good.hpp"

#include <atomic>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "hangs") {}

    const void* extension(std::string_view id) const noexcept override {
        while (id == "lima.no-such/1" && !found_) {
        }
        return nullptr;
    }

private:
    std::atomic<bool> found_{false};
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "hangs")
