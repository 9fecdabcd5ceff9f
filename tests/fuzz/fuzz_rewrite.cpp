// The first line is a walk to a value and what to do with it, the rest a YAML text. Rewriting it to
// the same value leaves every byte; rewriting it to another gives a text that means that, or is
// refused; a scalar in place of a scalar leaves what stands before and behind it.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/part.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/yaml.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

const Json& some_value(std::size_t which) {
    static const Json values = Json::parse(R"([
        5, "x", null, true, "", "no", "a: b", "# c", "- d", " e ", "two\nlines\n", "\n", 0.5, [], {}, [1, "b"], {"k": "v"},
        [[1], {"a": {"b": null}}], {"a": [{"b": "c\nd"}]}, "\u00e4\t\u2028", "'\"", "0x1F", "it's", [""], "{}", "&a", "*a"])");
    return values[which % values.size()];
}

struct Edit {
    Json wanted;
    const text::Node* replaced =
        nullptr;  // a value that stands in the text and is replaced by `by`
    Json by;
};

/// Goes down while the program says so, then sets, removes, adds or moves.
void change(Json& value, const text::Node& node, Bytes& program, Edit& edit) {
    const std::size_t size = value.size();
    if (value.is_object() && size > 0) {
        const auto at = std::next(value.begin(), static_cast<std::ptrdiff_t>(program.below(size)));
        switch (program.below(4)) {
            case 0:
                value["new"] = some_value(program.below(27));
                return;
            case 1:
                value.erase(at);
                return;
            default:
                change(*at, *node.find(at.key()), program, edit);
                return;
        }
    }
    if (value.is_array() && size > 0) {
        const std::size_t index = program.below(size);
        const auto at = std::next(value.begin(), static_cast<std::ptrdiff_t>(index));
        switch (program.below(5)) {
            case 0:
                value.insert(at, some_value(program.below(27)));
                return;
            case 1:
                value.erase(at);
                return;
            case 2:
                value.push_back(some_value(program.below(27)));
                return;
            default:
                change(*at, node.items[index], program, edit);
                return;
        }
    }
    value = some_value(program.below(27));
    edit.replaced = &node;
    edit.by = value;
}

Json root_value(const text::Node& root) {
    Json value = text::to_json(root, text::Schema::kGo);
    return value.is_null() ? Json::object() : value;
}

bool is_word(const Json& value) {
    return !value.is_structured() &&
           (!value.is_string() ||
            value.get_ref<const std::string&>().find('\n') == std::string::npos);
}

/// Outside of the scalar that was replaced, every byte is as it was.
void around(std::string_view before, std::string_view after, const text::Node& replaced) {
    require(after.starts_with(before.substr(0, replaced.begin.offset)) &&
                after.ends_with(before.substr(replaced.end.offset)),
            "one scalar was to be replaced in\n{}\nand this came out:\n{}", before, after);
}

void edited(std::string_view input, const text::Node& root, Bytes& program) {
    Edit edit{root_value(root), nullptr, {}};
    change(edit.wanted, root, program, edit);
    const auto done = text::rewrite(input, "t.yaml", root, edit.wanted);
    if (!done) {
        require(!done.error().text().empty(), "an error without words");
        return;
    }
    const auto tree = text::parse_yaml(*done, "t.yaml");
    require(tree.has_value(), "no YAML: {}", tree ? "" : tree.error().text());
    require(text::same_value(root_value(*tree), edit.wanted), "wanted {}, got {} by\n{}",
            dump_json(edit.wanted), dump_json(root_value(*tree)), *done);
    const auto again = text::rewrite(*done, "t.yaml", *tree, edit.wanted);
    require(again.has_value() && *again == *done, "the second time it is\n{}",
            again ? *again : again.error().text());
    if (edit.replaced != nullptr && edit.replaced->kind == text::Kind::kScalar &&
        !edit.replaced->block && !edit.replaced->alias && is_word(edit.by)) {
        around(input, *done, *edit.replaced);
    }
}

}  // namespace

LIMA_FUZZ_TARGET(rewrite) {
    const auto [program, text] = split_line(input);
    const auto tree = text::parse_yaml(text, "t.yaml");
    if (!tree) {
        return;
    }
    const Json value = root_value(*tree);
    const auto same = text::rewrite(text, "t.yaml", *tree, value);
    require(!value.is_object() || (same.has_value() && *same == text), "nothing to change, but {}",
            same ? *same : same.error().text());
    if (value.is_object()) {
        Bytes steps(program);
        edited(text, *tree, steps);
    }
}

}  // namespace lima::fuzz
