// Breaks: a module exports lima_driver_entry alone.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "two-exports") {}
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "two-exports")

extern "C" LIMA_EXPORT int another_export() { return 1; }
