// Any text as a Go template over fixed data: it ends soon, with a text or an error. Literals print
// what was quoted.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/go_template.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

const Json& data() {
    static const Json value = Json::parse(R"({
        "Name": "dev", "CPUs": 4, "Memory": 4294967296, "Load": 0.25, "Running": true, "None": null,
        "Empty": {}, "List": ["a", "b", 3, [1, 2]], "Param": {"key": "value", "Ärger": "ü"},
        "Disks": [{"name": "d1", "size": 1}, {"name": "d2", "size": 2}]})");
    return value;
}

text::TemplateOptions options(bool strict) {
    text::TemplateOptions out;
    out.strict_fields = strict;
    out.max_steps = 20'000;
    out.functions["json"] = [](const std::vector<Json>& arguments) -> Result<Json> {
        if (arguments.size() != 1) {
            return fail(Code::kInvalidArgument, "json takes one value");
        }
        return Json(dump_json(arguments[0]));
    };
    return out;
}

}  // namespace

LIMA_FUZZ_TARGET(template) {
    const auto once = text::expand_template(input, data(), options(input.size() % 2 == 0));
    if (input.find("{{") == std::string_view::npos) {
        require(once.has_value() && *once == input, "a text without actions is not itself");
    }
    const auto quoted = text::expand_template("{{" + go_quote(input) + "}}", data());
    require(quoted.has_value() && *quoted == input, "quoted, the text prints as {}",
            quoted ? go_quote(*quoted) : quoted.error().text());
    const auto in_call = text::expand_template(
        "{{with print " + go_quote(input) + "}}{{printf \"%s\" .}}{{end}}", data());
    require(in_call.has_value() && *in_call == input, "printed, the text is {}",
            in_call ? go_quote(*in_call) : in_call.error().text());
}

}  // namespace lima::fuzz
