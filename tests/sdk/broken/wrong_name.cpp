// Breaks: the record's name is that of the file.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "another-name") {}
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "another-name")
