// The first line is a yq expression, the rest the YAML that it is evaluated over: both are read or
// refused; evaluation ends soon, with nodes that can be printed, or with an error.
#include "core/base/json.hpp"
#include "core/text/yq/evaluate.hpp"
#include "core/text/yq/format.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

using text::yq::NodePtr;

text::yq::Options options() {
    text::yq::Options out;
    out.bounds = {100'000, 10'000, std::size_t{4} << 20};
    out.env = [](const std::string& name) -> std::optional<std::string> {
        return name == "HOME" ? std::optional<std::string>("/home/jane") : std::nullopt;
    };
    out.read_file = [](const std::string& path) -> Result<std::string> {
        return path == "f" ? Result<std::string>("a: 1\n") : failf(Code::kNotFound, "no {}", path);
    };
    out.file_names = {"input"};
    return out;
}

void print(const Result<std::vector<NodePtr>>& results) {
    if (!results) {
        require(!results.error().text().empty(), "an error without words");
        return;
    }
    std::size_t left = 20;  // there may be many, and each may be the whole document
    for (const NodePtr& node : *results) {
        if (left-- == 0) {
            break;
        }
        for (const char* format : {"yaml", "json", "props", "shell"}) {
            (void)text::yq::find_format(format)->encode(*node, {});
        }
    }
}

}  // namespace

LIMA_FUZZ_TARGET(yq) {
    const auto [program, text] = split_line(input);
    const auto expression = text::yq::parse(program);
    if (!expression) {
        require(expression.error().text().find('^') != std::string::npos, "no place in: {}",
                expression.error().text());
        return;
    }
    const text::yq::Format& yaml = *text::yq::find_format("yaml");
    const auto documents = yaml.decode(text, "input", {});
    if (!documents) {
        return;
    }
    if (!documents->empty()) {
        print(text::yq::evaluate(*expression, documents->front(), options()));
    }
    if (const auto again = yaml.decode(text, "input", {})) {
        print(text::yq::evaluate_all(*expression, *again, options()));
    }
}

}  // namespace lima::fuzz
