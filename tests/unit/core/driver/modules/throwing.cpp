// Each verb fails in a way of its own.
#include <lima/driver.hpp>

#include <stdexcept>

namespace {

using lima::sdk::Call;
using lima::sdk::Code;
using lima::sdk::Result;

class ThrowingDriver final : public lima::sdk::Driver, public lima::sdk::BootScripts {
public:
    using Driver::Driver;
    Result<std::string> configure(const Call&, std::string_view) override {
        return std::string("[1, 2");
    }
    Result<> validate(const Call&) override { throw std::runtime_error("out of luck"); }
    Result<> create(const Call&) override { throw 42; }
    Result<> create_disk(const Call&) override {
        return lima::fail(lima::Error(Code::kResourceExhausted, "no room").with_hint("buy a disk"));
    }
    Result<> start(const Call& call) override {
        call.progress(1, 3, "pretending");
        host().panic("said \"no\"\n");
        return lima::fail(static_cast<Code>(77), "");
    }
    Result<> stop(const Call& call) override {
        call.progress(0, 0, "waiting");
        while (!call.cancelled()) {
        }
        return call.check();
    }
    Result<std::string> info() const override { throw std::runtime_error("shy"); }
    Result<std::map<std::string, std::string>> boot_scripts(const Call&) override {
        return std::map<std::string, std::string>{{"boot.Linux/05-x.sh", std::string("a\0b", 3)}};
    }
};

}  // namespace

LIMA_EXPORT_DRIVER(ThrowingDriver, "io.lima-vm.throwing", "throwing", "0.0.1")
