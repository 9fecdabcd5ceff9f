// Any word as a locator, as an image's name and as the name of a parameter.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/config/format.hpp"
#include "core/config/param.hpp"
#include "core/template/image_locator.hpp"
#include "core/template/locator.hpp"
#include "core/text/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

void image(const std::string& locator) {
    HostFacts host;
    host.os = "linux";
    host.arch = "x86_64";
    const auto made = tmpl::image_template(locator, host);
    if (!made) {
        return;
    }
    require(made->name.empty() || is_identifier(made->name), "{} is no name", made->name);
    const auto tree = text::parse_yaml(made->text, "made.yaml");
    require(tree.has_value(), "{}", tree ? "" : tree.error().text());
    const Json value = text::to_json(*tree, text::Schema::kGo);
    require(value["images"][0]["location"] == Json(locator), "another image is written:\n{}",
            made->text);
}

void relative(const std::string& reference, const std::string& locator) {
    const auto found = tmpl::absolute(reference, locator, "/home/jane");
    if (!found) {
        return;
    }
    const auto again = tmpl::absolute(*found, locator, "/home/jane");
    require(again.has_value() && *again == *found, "{} is {}, and that is {}", reference, *found,
            again ? *again : again.error().text());
}

}  // namespace

LIMA_FUZZ_TARGET(locator) {
    const auto [first, rest] = split_line(input);
    const std::string locator(first);
    const std::string reference(rest);
    const std::string name = tmpl::inferred_name(locator);
    require(name.empty() || is_identifier(name), "{} is no name", name);
    image(locator);
    (void)tmpl::base_of(locator);
    relative(reference, locator);
    (void)config::mentions_param(reference, locator);
    if (const auto address = config::canonical_ip(locator)) {
        require(config::canonical_ip(*address) == address, "{} is not in its own form", *address);
    }
}

}  // namespace lima::fuzz
