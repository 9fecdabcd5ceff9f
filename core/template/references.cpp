#include "core/template/references.hpp"

#include "core/base/digest.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/template/locator.hpp"
#include "core/template/read.hpp"
#include "core/text/weave.hpp"

#include <algorithm>
#include <optional>

namespace lima::tmpl {
namespace {

using text::Document;
using text::Field;
using text::Node;
using text::Part;

std::string string_of(const Node* node) {
    const Json value = node == nullptr ? Json() : to_json(*node, text::Schema::kGo);
    return value.is_string() ? value.get<std::string>() : std::string();
}

Reference reference_of(const Node& node) {
    if (node.kind != text::Kind::kMapping) {
        return Reference{string_of(&node), "", node.begin};
    }
    const Node* url = node.find("url");
    return Reference{string_of(url), string_of(node.find("digest")),
                     url == nullptr ? node.begin : url->begin};
}

/// What a script cannot be written as, and be read in an editor.
bool is_binary(std::string_view text) {
    constexpr std::size_t kMaxLine = 65000;
    std::size_t line = 0;
    while (!text.empty()) {
        const utf8::Rune rune = utf8::decode(text);
        line = text.front() == '\n' ? 0 : line + rune.size;
        if (!rune.valid || line >= kMaxLine ||
            (text.front() != '\n' && !utf8::is_printable(rune.value))) {
            return true;
        }
        text.remove_prefix(rune.size);
    }
    return false;
}

/// Where the text of a file goes, by the mode of the entry.
const char* target_of(const Node& entry) {
    const std::string mode = string_of(entry.find("mode"));
    return mode == "data" ? "content" : mode == "yq" ? "expression" : "script";
}

/// There is a text already: then the file is a mistake that validation explains.
bool has_text(const Node& entry, const std::string& key) {
    const Node* there = entry.find(key);
    if (there == nullptr || there->is_null()) {
        return false;
    }
    return key != "script" || !string_of(there).empty();
}

class Resolver {
public:
    Resolver(const Document& document, const std::string& locator, const Options& options,
             Scope scope)
        : document_(document), locator_(locator), options_(options), scope_(scope) {}

    /// kSame when nothing is to be done.
    Result<Part> run() {
        Part out = text::same(document_.root);
        bool changed = false;
        for (const Node::Entry& entry : document_.root.entries) {
            Field field{entry.key, &entry, text::same(entry.value)};
            if (entry.key == "base") {
                LIMA_TRY(field.value, bases(entry.value));
            } else if (entry.key == "provision" || entry.key == "probes") {
                LIMA_TRY(field.value, scripts(entry.value));
            }
            changed = changed || field.value.kind != Part::Kind::kSame;
            out.fields.push_back(std::move(field));
        }
        if (changed) {
            out.kind = Part::Kind::kMapping;
            return out;
        }
        return text::same(document_.root);
    }

private:
    Result<Part> bases(const Node& node) {
        if (node.kind != text::Kind::kSequence) {
            return node.is_null() ? Result<Part>(text::same(node))
                                  : reference(node, "failed to embed base");
        }
        return list(node,
                    [this](const Node& item) { return reference(item, "failed to embed base"); });
    }

    Result<Part> scripts(const Node& node) {
        if (node.kind != text::Kind::kSequence) {
            return text::same(node);
        }
        return list(node, [this](const Node& item) { return script(item); });
    }

    template <class Each>
    Result<Part> list(const Node& node, const Each& each) {
        Part out = text::same(node);
        bool changed = false;
        for (const Node& item : node.items) {
            LIMA_TRY(Part part, each(item));
            changed = changed || part.kind != Part::Kind::kSame;
            out.items.push_back(std::move(part));
        }
        if (changed) {
            out.kind = Part::Kind::kSequence;
            return out;
        }
        return text::same(node);
    }

    Result<std::string> absolute_of(const Reference& reference, const char* what) {
        auto out = absolute(reference.url, locator_, options_.host.home);
        if (!out) {
            return fail(at_reference(document_, reference, what, out.error()));
        }
        return out;
    }

    /// The URL, absolute, as a text or in its map.
    Result<Part> reference(const Node& node, const char* what) {
        const Reference given = reference_of(node);
        LIMA_TRY(std::string url, absolute_of(given, what));
        if (url == given.url) {
            return text::same(node);
        }
        if (node.kind != text::Kind::kMapping) {
            return text::value_of(std::move(url), &node);
        }
        Part out = text::same(node);
        out.kind = Part::Kind::kMapping;
        for (const Node::Entry& entry : node.entries) {
            out.fields.push_back(Field{
                entry.key, &entry,
                entry.key == "url" ? text::value_of(url, &entry.value) : text::same(entry.value)});
        }
        return out;
    }

    Result<Part> script(const Node& entry) {
        const Node* file = entry.find("file");
        if (file == nullptr || file->is_null() || reference_of(*file).url.empty()) {
            return text::same(entry);
        }
        const Reference given = reference_of(*file);
        const std::string key = target_of(entry);
        LIMA_TRY(const std::string url, absolute_of(given, "failed to embed file"));
        const bool wanted =
            scope_ == Scope::kAll || (scope_ == Scope::kExternal && scheme_of(url) != "template");
        if (!wanted || has_text(entry, key)) {
            return with_field(entry, "file", "file", "", reference(*file, "failed to embed file"));
        }
        LIMA_TRY(std::string text, script_text(url, given));
        Part value = text::value_of(Json(), file);
        if (is_binary(text)) {
            log::info(
                "the file {} is stored as base64 (!!binary): it has characters that cannot "
                "be printed, or very long lines",
                name_quote(given.url));
            value.style = Part::Style::kBinary;
        } else if (text.find('\n') != std::string::npos) {
            value.style = Part::Style::kLiteral;
        }
        value.value = std::move(text);
        return with_field(entry, "file", key, key, std::move(value));
    }

    Result<std::string> script_text(const std::string& url, const Reference& given) {
        auto raw = read_raw(url, options_);
        if (!raw) {
            return fail(at_reference(document_, given, "failed to embed file", raw.error()));
        }
        if (auto checked = check_digest(raw->text, given); !checked) {
            return fail(at_reference(document_, given, "failed to embed file", checked.error()));
        }
        return std::move(raw->text);
    }

    /// The entry with another value, and perhaps another name, for one of its fields; `gone` is
    /// left out.
    static Result<Part> with_field(const Node& entry, const std::string& name,
                                   const std::string& new_name, const std::string& gone,
                                   Result<Part> value) {
        LIMA_TRY(Part put, std::move(value));
        if (put.kind == Part::Kind::kSame) {
            return text::same(entry);
        }
        Part out = text::same(entry);
        out.kind = Part::Kind::kMapping;
        for (const Node::Entry& field : entry.entries) {
            if (field.key == name) {
                out.fields.push_back(Field{new_name, &field, std::move(put)});
            } else if (field.key != gone) {
                out.fields.push_back(Field{field.key, &field, text::same(field.value)});
            }
        }
        return out;
    }

    const Document& document_;
    const std::string& locator_;
    const Options& options_;
    Scope scope_;
};

}  // namespace

std::vector<Reference> bases_of(const Node& root) {
    const Node* base = root.find("base");
    std::vector<Reference> out;
    if (base == nullptr || base->is_null()) {
        return out;
    }
    if (base->kind != text::Kind::kSequence) {
        return {reference_of(*base)};
    }
    for (const Node& item : base->items) {
        out.push_back(reference_of(item));
    }
    return out;
}

Result<void> check_digest(const std::string& text, const Reference& reference) {
    if (reference.digest.empty()) {
        return {};
    }
    LIMA_TRY(const Digest wanted, parse_digest(reference.digest), "digest of {}", reference.url);
    LIMA_TRY(Hasher hasher, Hasher::create(wanted.algorithm));
    hasher.update(text);
    if (const Digest got = hasher.finish(); got != wanted) {
        return failf(Code::kInvalidArgument, "{} has the digest {}, but {} is expected",
                     reference.url, got.text(), wanted.text());
    }
    return {};
}

Error at_reference(const Document& document, const Reference& reference, const char* what,
                   const Error& cause) {
    Error out = error_at(document, reference.mark,
                         fmt::format("{} {}: {}", what, name_quote(reference.url), cause.text()))
                    .with_code(cause.code());
    return cause.hint().empty() ? out : std::move(out).with_hint(cause.hint());
}

Result<Document> resolve_references(Document document, const std::string& locator,
                                    const Options& options, Scope scope) {
    LIMA_TRY(const Part wanted, Resolver(document, locator, options, scope).run());
    if (wanted.kind == Part::Kind::kSame) {
        return document;
    }
    return weave(document, wanted, {.comments_go = true});
}

}  // namespace lima::tmpl
