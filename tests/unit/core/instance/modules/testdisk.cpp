// A driver for the tests of core/instance: it wants an image, turns it into the disk by renaming
// it, and fails where the configuration says so: vmOpts.testdisk.fail is "configure", "validate",
// "create", "createDisk" or "remove"; vmOpts.testdisk.guest makes it claim a guest. What was called
// is noted in <instance>/calls.
#include <lima/driver.hpp>

#include <nlohmann/json.hpp>

#include <cstdio>
#include <fstream>
#include <string>
#include <unistd.h>

namespace {

using lima::Code;
using lima::fail;
using lima::sdk::Call;
using lima::sdk::Result;

class TestDisk final : public lima::sdk::Driver {
public:
    using Driver::Driver;

    Result<std::string> configure(const Call&, std::string_view text) override {
        auto instance = nlohmann::json::parse(text);
        dir_ = instance.value("dir", "");
        const auto options = instance["config"]
                                 .value("vmOpts", nlohmann::json::object())
                                 .value("testdisk", nlohmann::json::object());
        fail_ = options.value("fail", "");
        guest_ = options.value("guest", false);
        if (auto done = step("configure"); !done) {
            return fail(done.error());
        }
        instance["config"]["mountType"] = "9p";
        return instance.dump();
    }
    Result<> validate(const Call&) override { return step("validate"); }
    Result<> create(const Call&) override { return step("create"); }
    Result<> create_disk(const Call&) override {
        if (access((dir_ + "/image").c_str(), F_OK) == 0) {
            std::rename((dir_ + "/image").c_str(), (dir_ + "/disk").c_str());
        }
        return step("createDisk");
    }
    Result<> start(const Call&) override { return step("start"); }
    Result<> stop(const Call&) override { return step("stop"); }
    Result<> remove(const Call&) override {
        // Outside of the directory, which will be gone.
        std::ofstream(dir_ + "-removed") << "yes";
        return step("remove");
    }
    Result<std::string> info() const override {
        return std::string(R"({"name":"testdisk","vsockPort":0,"virtioPort":"","features":{)") +
               R"("supportedImageFormats":["raw","qcow2"]},"hasGuest":)" +
               (guest_ ? "true" : "false") + "}";
    }

private:
    Result<> step(const std::string& name) {
        if (!dir_.empty() && access(dir_.c_str(), F_OK) == 0) {
            std::ofstream(dir_ + "/calls", std::ios::app) << name << "\n";
        }
        if (fail_ == name) {
            return fail(Code::kFailedPrecondition, "no " + name + " today");
        }
        return {};
    }

    std::string dir_;
    std::string fail_;
    bool guest_ = false;
};

}  // namespace

LIMA_EXPORT_DRIVER(TestDisk, "io.lima-vm.test.testdisk", "testdisk", "1.0.0")
