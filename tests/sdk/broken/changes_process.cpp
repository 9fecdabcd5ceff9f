// Breaks: a driver changes nothing that belongs to the process.
#include "broken/good.hpp"

#include <sys/stat.h>
#include <unistd.h>

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "changes-process") {}

    Result<> create(const Call&) override {
        umask(077);
        if (chdir(directory().c_str()) != 0) {
            return fail(Code::kInternal, "cannot change the directory");
        }
        return {};
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "changes-process")
