// Two texts with a line %% between them: a template and its base. What comes of them means what the
// rules say, or it is refused; each of its lines knows where it was written; entries that were
// combined stay so. And any text that can be printed can be a script, word for word.
#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/template/combine.hpp"
#include "core/template/merge.hpp"
#include "core/text/weave.hpp"
#include "tests/fuzz/fuzz.hpp"

namespace lima::fuzz {
namespace {

constexpr std::string_view kBetween = "\n%%\n";

void origins(const text::Document& document) {
    const auto rows = lines(document.text);
    require(document.origins.size() >= rows.size(), "{} lines, {} origins:\n{}", rows.size(),
            document.origins.size(), document.text);
    for (const text::Origin& origin : document.origins) {
        const auto theirs = origin.original ? lines(origin.original->text).size() + 1 : 1;
        require(origin.line >= 0 && static_cast<std::size_t>(origin.line) <= theirs,
                "line {} of {}", origin.line, theirs);
    }
}

void embedded(const text::Document& top, const text::Document& base) {
    const text::Part wanted = tmpl::merge_base(top, base, true);
    const auto both = text::weave(top, wanted, {.comments_go = true});
    if (!both) {
        require(!both.error().text().empty(), "an error without words");
        return;
    }
    origins(*both);
    const auto combined = text::weave(*both, tmpl::combine_entries(*both), {.comments_go = true});
    if (combined) {
        origins(*combined);
        require(tmpl::combine_entries(*combined).kind == text::Part::Kind::kSame,
                "it can be combined again:\n{}", combined->text);
    }
}

bool is_printable(std::string_view text) {
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        if (!rune.valid || (text.front() != '\n' && !utf8::is_printable(rune.value))) {
            return false;
        }
        text.remove_prefix(rune.size);
    }
    return true;
}

void script(std::string_view body) {
    static const text::Document document =
        text::make_document("provision:\n- mode: user\n  file: x # c\n  hint: y\n", "t").value();
    const text::Node& list = *document.root.find("provision");
    text::Part value = text::value_of(std::string(body), list.items[0].find("file"));
    value.style = is_printable(body) ? text::Part::Style::kLiteral : text::Part::Style::kBinary;
    text::Part item = text::same(list.items[0]);
    item.kind = text::Part::Kind::kMapping;
    for (const text::Node::Entry& entry : list.items[0].entries) {
        item.fields.push_back(entry.key == "file"
                                  ? text::Field{"script", &entry, value}
                                  : text::Field{entry.key, &entry, text::same(entry.value)});
    }
    text::Part root = text::same(document.root);
    root.kind = text::Part::Kind::kMapping;
    text::Part items = text::same(list);
    items.kind = text::Part::Kind::kSequence;
    items.items = {item};
    root.fields = {text::Field{"provision", &document.root.entries[0], items}};
    const auto out = text::weave(document, root);
    require(out.has_value(), "{}", out ? "" : out.error().text());
}

}  // namespace

LIMA_FUZZ_TARGET(embed) {
    script(input);
    const std::size_t at = input.find(kBetween);
    const auto top = text::make_document(std::string(input.substr(0, at)), "t.yaml");
    const auto base = text::make_document(
        std::string(at == std::string_view::npos ? "" : input.substr(at + kBetween.size())),
        "b.yaml");
    const auto fits = [](const Result<text::Document>& document) {
        return document &&
               (document->root.is_null() || document->root.kind == text::Kind::kMapping);
    };
    if (fits(top) && fits(base)) {
        embedded(*top, *base);
    }
}

}  // namespace lima::fuzz
