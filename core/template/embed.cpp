#include "core/base/digest.hpp"
#include "core/base/fs.hpp"
#include "core/base/json.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"
#include "core/template/locator.hpp"
#include "core/template/merge.hpp"
#include "core/template/read.hpp"
#include "core/text/rewrite.hpp"
#include "core/text/yaml.hpp"

#include <set>

namespace lima::tmpl {
namespace {

struct Reference {
    std::string url;
    std::string digest;
};

Reference reference_of(const Json& entry) {
    return entry.is_string() ? Reference{entry.get<std::string>(), ""}
                             : Reference{json_string(entry, "url"), json_string(entry, "digest")};
}

std::vector<Reference> bases_of(const Json& document) {
    std::vector<Reference> out;
    if (!document.contains("base")) {
        return out;
    }
    const Json& base = document["base"];
    if (base.is_string()) {
        out.push_back(Reference{base.get<std::string>(), ""});
    } else if (base.is_array()) {
        for (const Json& entry : base) {
            out.push_back(reference_of(entry));
        }
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

/// Reads the bases of one top template, each at most once.
class Embedder {
public:
    explicit Embedder(const Options& options) : options_(options) {}

    Result<Json> top(const Read& read) {
        top_ = read.locator;
        seen_.insert(read.locator);
        LIMA_TRY(Json document, parse(read.text, read.locator));
        std::vector<Reference> bases = bases_of(document);
        LIMA_DO(prepend_base_yaml(bases));
        LIMA_DO(resolve(document, read.locator, bases));
        combine_entries(document);
        return document;
    }

private:
    Result<Json> parse(const std::string& text, const std::string& locator) {
        // The decoder's messages name file and line, which those of the merged text no longer
        // could.
        LIMA_TRY(const config::Loaded checked, config::decode(config::Source{text, locator}));
        if (locator != top_) {  // the loader warns about the top's own
            for (const std::string& warning : checked.warnings) {
                log::warn("{}", warning);
            }
        }
        LIMA_TRY(const text::Node tree, text::parse_yaml(text, locator));
        Json values = text::to_json(tree, text::Schema::kGo);
        return values.is_null() ? Json::object() : values;
    }

    Result<void> prepend_base_yaml(std::vector<Reference>& bases) {
        const std::filesystem::path path = options_.lima_home / "_config" / "base.yaml";
        if (options_.with_base_yaml && fs::exists(path)) {
            bases.insert(bases.begin(), Reference{path.string(), ""});
        }
        return {};
    }

    Result<void> resolve(Json& document, const std::string& locator,
                         const std::vector<Reference>& bases) {
        document.erase("base");
        for (const Reference& base : bases) {
            LIMA_TRY(const Json values, one_base(base, locator), "failed to embed base {} of {}",
                     name_quote(base.url), locator);
            merge_base(document, values);
            document.erase("base");
        }
        return scripts(document, locator);
    }

    Result<Json> one_base(const Reference& base, const std::string& locator) {
        LIMA_TRY(const std::string absolute_locator,
                 absolute(base.url, locator, options_.host.home));
        if (!seen_.insert(absolute_locator).second) {
            return failf(Code::kInvalidArgument,
                         "base template loop detected: {} is already included", absolute_locator);
        }
        LIMA_TRY(const Read read, tmpl::read(absolute_locator, options_));
        if (read.name.empty()) {
            return failf(Code::kInvalidArgument,
                         "{} has an invalid file name: letters and digits are wanted, with single "
                         ". _ - between",
                         name_quote(last_component(absolute_locator)));
        }
        LIMA_DO(check_digest(read.text, base));
        LIMA_TRY(Json values, parse(read.text, read.locator));
        const std::vector<Reference> bases = bases_of(values);
        LIMA_DO(resolve(values, read.locator, bases));
        return values;
    }

    Result<void> scripts(Json& document, const std::string& locator) {
        for (const char* list : {"provision", "probes"}) {
            if (!document.contains(list) || !document[list].is_array()) {
                continue;
            }
            for (Json& entry : document[list]) {
                if (entry.is_object() && entry.contains("file") && !entry["file"].is_null()) {
                    LIMA_DO(script(entry, locator));
                }
            }
        }
        return {};
    }

    /// `file` becomes script, content or expression, unless there is one already.
    Result<void> script(Json& entry, const std::string& locator) {
        const std::string mode = json_string(entry, "mode");
        const char* const key = mode == "data" ? "content" : mode == "yq" ? "expression" : "script";
        const bool given = entry.contains(key) && !entry[key].is_null() &&
                           !(entry[key] == "" && mode != "data" && mode != "yq");
        const Reference file = reference_of(entry["file"]);
        if (given || file.url.empty()) {
            return {};
        }
        LIMA_TRY(const std::string path, absolute(file.url, locator, options_.host.home));
        LIMA_TRY(Raw raw, read_raw(path, options_), "failed to embed file {} of {}",
                 name_quote(file.url), locator);
        LIMA_DO(check_digest(raw.text, file));
        entry.erase("file");
        entry[key] = std::move(raw.text);
        return {};
    }

    const Options& options_;
    std::string top_;
    std::set<std::string> seen_;
};

}  // namespace

Result<std::string> embed(const Read& top, const Options& options) {
    LIMA_TRY(const text::Node tree, text::parse_yaml(top.text, top.locator));
    if (!tree.is_null() && tree.kind != text::Kind::kMapping) {
        return top.text;  // what is wrong with it, the loader says best
    }
    Embedder embedder(options);
    LIMA_TRY(const Json merged, embedder.top(top));
    // Comments and layout of the top template stay where that is possible.
    auto text = text::rewrite(top.text, top.locator, tree, merged);
    std::string out = text ? std::move(*text) : text::emit_yaml(merged);
    if (out.size() > kMaxTextSize) {
        return failf(Code::kInvalidArgument, "{} with its bases is larger than 4 MiB", top.locator);
    }
    return out;
}

}  // namespace lima::tmpl
