#include "core/cli/format/drivers.hpp"

#include "tests/support/golden.hpp"

#include <gtest/gtest.h>

namespace lima::cli {
namespace {

using driver::Description;
using driver::Origin;
using driver::Verdict;

Description loaded() {
    Description out;
    out.candidate = {"qemu", "/usr/lib/lima/drivers/lima-driver-qemu.so", Origin::kModule,
                     Verdict::kFound, "found"};
    driver::Identity identity{.abi = (1U << 16) | 2U, .id = "io.lima-vm.qemu", .version = "1.4.0"};
    identity.extensions = {"lima.adopt/1", "lima.guest-agent/1"};
    identity.info.name = "qemu";
    identity.info.virtio_port = "io.lima-vm.guest_agent.0";
    identity.info.supported_image_formats = {"qcow2", "raw"};
    identity.info.static_ssh_port = true;
    identity.info.rosetta_enabled = true;
    out.identity = std::move(identity);
    return out;
}

Description null_driver() {
    Description out;
    out.candidate = {"null", "/opt/null", Origin::kStatic, Verdict::kFound, "found"};
    driver::Identity identity{.abi = 1U << 16, .id = "io.lima-vm.null", .version = "1.0.0"};
    identity.info.name = "null";
    identity.info.needs_image = false;
    identity.info.has_guest = false;
    out.identity = std::move(identity);
    return out;
}

Description refused() {
    Description out;
    out.candidate = {"old", "/own/lima-driver-old.so", Origin::kModule, Verdict::kRefused, "found"};
    out.reason = "/own/lima-driver-old.so speaks driver ABI 0.9, this program speaks 1.0";
    out.hint = "rebuild the driver against the current SDK";
    return out;
}

Description hidden() {
    Description out;
    out.candidate = {"qemu", "/usr/libexec/lima/lima-driver-qemu", Origin::kExecutable,
                     Verdict::kHidden, "hidden by /usr/lib/lima/drivers/lima-driver-qemu.so"};
    out.reason = out.candidate.outcome;
    return out;
}

Description nothing() {
    Description out;
    out.candidate = {"", "/nowhere", Origin::kModule, Verdict::kNothing, "not found"};
    out.reason = out.candidate.outcome;
    return out;
}

TEST(DriversTable, SaysOfEachWhatItIsOrWhyNot) {
    test::expect_golden("core/cli/driver-list.txt",
                        drivers_table({nothing(), null_driver(), refused(), loaded(), hidden()}));
}

TEST(DriversTable, SaysNoMoreWhenAllIsWell) {
    EXPECT_EQ(drivers_table({null_driver()}),
              "NAME    KIND       ABI    VERSION    STATE     LOCATION\n"
              "null    in-tree    1.0    1.0.0      loaded    /opt/null\n");
}

TEST(DriverText, DescribesOneAndNamesTheOthers) {
    test::expect_golden("core/cli/driver-inspect.txt", driver_text(loaded(), {hidden()}));
}

TEST(DriverText, SaysWhyOneIsRefused) {
    test::expect_golden("core/cli/driver-inspect-refused.txt", driver_text(refused(), {}));
}

TEST(DriverJson, HasTheKeysOfTheInfo) {
    test::expect_golden("core/cli/driver.json", dump_json(driver_json(loaded()), 2) + "\n");
}

TEST(DriverJson, HasNoMoreThanTheReasonOfWhatIsRefused) {
    EXPECT_EQ(
        dump_json(driver_json(refused())),
        R"({"name":"old","kind":"module","state":"refused",)"
        R"("location":"/own/lima-driver-old.so",)"
        R"("reason":"/own/lima-driver-old.so speaks driver ABI 0.9, this program speaks 1.0",)"
        R"("hint":"rebuild the driver against the current SDK"})");
    EXPECT_EQ(driver_json(hidden())["state"], "hidden");
    EXPECT_EQ(driver_json(hidden())["kind"], "external");
}

}  // namespace
}  // namespace lima::cli
