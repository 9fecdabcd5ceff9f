// Shared by the tests of core/config: fixed host facts, and load and validate in one word each.
#pragma once

#include "core/config/load.hpp"
#include "core/config/validate.hpp"
#include "tests/support/host_facts.hpp"

#include <gtest/gtest.h>

#include <string>

namespace lima::config::test {

/// `I` of spec/config.md section 10: makes validation pass otherwise.
inline const std::string kImages = "images: [{location: /}]\n";

using lima::test::host;

inline LoadInput input(const std::string& text) {
    LoadInput out;
    out.instance = Source{text, "lima.yaml"};
    out.instance_dir = "/home/jane/.lima/web_1.x";
    out.lima_home = "/home/jane/.lima";
    out.host = host();
    out.created_by_version = "2.2.0";
    return out;
}

inline LoadInput layered(const std::string& d, const std::string& y, const std::string& o) {
    LoadInput out = input(y);
    out.defaults = Source{d, "default.yaml"};
    out.overrides = Source{o, "override.yaml"};
    return out;
}

inline Config must_load(const LoadInput& in) {
    auto loaded = load(in);
    EXPECT_TRUE(loaded.has_value()) << (loaded ? "" : loaded.error().text());
    return loaded ? std::move(loaded->config) : Config{};
}
inline Config must_load(const std::string& text) { return must_load(input(text)); }

inline std::string load_error(const LoadInput& in) {
    const auto loaded = load(in);
    EXPECT_FALSE(loaded.has_value());
    return loaded ? "" : loaded.error().text();
}
inline std::string load_error(const std::string& text) { return load_error(input(text)); }

/// The error text of load and validate; empty when both succeed.
inline std::string problems(const LoadInput& in,
                            const std::map<std::string, std::string>& networks = {
                                {"user-v2", "user-v2"}, {"shared", "shared"}}) {
    const auto loaded = load(in);
    if (!loaded) {
        return "load: " + loaded.error().text();
    }
    ValidateInput check;
    check.host = in.host;
    check.networks = networks;
    check.driver_known = [](const std::string& name) { return name == "krunkit"; };
    const auto done = validate(loaded->config, check);
    return done ? "" : done.error().text();
}
inline std::string problems(const std::string& text) { return problems(input(text)); }

inline std::size_t count(const std::string& text, const std::string& part) {
    std::size_t found = 0;
    for (std::size_t at = text.find(part); at != std::string::npos;
         at = text.find(part, at + part.size())) {
        ++found;
    }
    return found;
}
inline bool has(const std::string& text, const std::string& part) { return count(text, part) > 0; }

}  // namespace lima::config::test
