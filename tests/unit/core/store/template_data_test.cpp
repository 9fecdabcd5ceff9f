#include "core/store/template_data.hpp"

#include "core/base/json.hpp"

#include <gtest/gtest.h>

#include <algorithm>

namespace lima::store {
namespace {

Instance instance() {
    Instance out;
    out.name = "dev";
    out.vm_type = "qemu";
    config::Config config;
    config.vm_type = "qemu";
    config.ssh.local_port = 60022;
    config.ca_certs.remove_defaults = true;
    config.param = {{"url", "https://example.com"}};
    config.vm_opts["vz"] = Json{{"rosetta", {{"enabled", true}}}};
    config::Mount mount;
    mount.location = "/srv";
    mount.nine_p.msize = "128KiB";
    config.mounts = {mount};
    out.config = config;
    return out;
}

Json data_of(const Instance& given) {
    HostFacts host;
    host.os = "linux";
    host.arch = "x86_64";
    return template_data(given, host, "/home/u/.lima", "/home/u/.lima/_config/user");
}

TEST(TemplateData, ConfigHasTheNamesOfGo) {
    const Json config = data_of(instance())["Config"];
    EXPECT_EQ(config["VMType"], "qemu");
    EXPECT_EQ(config["SSH"]["LocalPort"], 60022);
    EXPECT_EQ(config["CACertificates"]["RemoveDefaults"], true);
    EXPECT_EQ(config["Mounts"][0]["NineP"]["Msize"], "128KiB");
}

TEST(TemplateData, WhatUsersNameKeepsItsNames) {
    const Json config = data_of(instance())["Config"];
    EXPECT_EQ(config["Param"]["url"], "https://example.com");
    EXPECT_EQ(config["VMOpts"]["vz"]["rosetta"]["enabled"], true);
}

TEST(TemplateData, HasEveryFieldEvenOfAnEmptyInstance) {
    const Json data = data_of({});
    for (const std::string& field : template_fields()) {
        EXPECT_TRUE(data.contains(field)) << field;
        EXPECT_TRUE(data["Instance"].contains(field)) << field;
    }
    EXPECT_EQ(data["CPUs"], 0);
    EXPECT_EQ(data["Errors"], Json::array());
    EXPECT_EQ(data["HostOS"], "linux");
    EXPECT_EQ(data["LimaHome"], "/home/u/.lima");
}

TEST(TemplateData, FieldsAreSortedAndComplete) {
    const auto names = template_fields();
    EXPECT_EQ(names.size(), 23U);
    EXPECT_EQ(names.front(), "AdditionalDisks");
    EXPECT_TRUE(std::is_sorted(names.begin(), names.end()));
}

}  // namespace
}  // namespace lima::store
