// Breaks: an extension's id is compared to its end.
#include "broken/good.hpp"

namespace lima::test {

class Broken final : public GoodDriver {
public:
    explicit Broken(const lima::sdk::Host& host) : GoodDriver(host, "sloppy-ids") {}

    const void* extension(std::string_view id) const noexcept override {
        static const lima_ext_ssh kSsh = {
            [](lima_driver*, const lima_call* call, const lima_sink*) -> lima_status {
                call->fail(call, "there is no guest");
                return LIMA_UNAVAILABLE;
            }};
        constexpr std::string_view kId = LIMA_EXT_SSH;
        return id.substr(0, kId.size()) == kId ? &kSsh : nullptr;
    }
};

}  // namespace lima::test

LIMA_BROKEN_DRIVER(lima::test::Broken, "sloppy-ids")
