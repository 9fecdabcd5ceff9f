#include "core/base/fs.hpp"
#include "core/base/log.hpp"
#include "core/base/text.hpp"
#include "core/config/load.hpp"
#include "core/template/combine.hpp"
#include "core/template/locator.hpp"
#include "core/template/merge.hpp"
#include "core/template/read.hpp"
#include "core/template/references.hpp"
#include "core/text/weave.hpp"

#include <algorithm>
#include <map>
#include <memory>
#include <utility>

namespace lima::tmpl {
namespace {

using text::Document;

constexpr const char* kFailed = "failed to embed base";

/// The result as values, where the layout of the text cannot be kept (anchors are in the way).
Result<Document> woven(const Document& document, const text::Part& wanted) {
    if (wanted.kind == text::Part::Kind::kSame) {
        return document;
    }
    auto out = weave(document, wanted, {.comments_go = true});
    return out ? std::move(out)
               : text::make_document(text::emit_yaml(to_json(wanted)), document.file);
}

/// A reference in the text that it was written in.
struct Named {
    std::shared_ptr<const Document> document;
    Reference reference;
};

/// Reads the bases of one top template, each at most once.
class Embedder {
public:
    Embedder(const Options& options, Scope scope) : options_(options), scope_(scope) {}

    Result<Document> top(const Read& read) {
        top_ = read.locator;
        seen_[read.locator] = "";
        chain_.push_back(read.locator);
        LIMA_TRY(Document document, open(read));
        LIMA_TRY(document, with_base_yaml(std::move(document)));
        LIMA_TRY(document, with_bases(std::move(document)));
        return scope_ == Scope::kNone ? std::move(document)
                                      : woven(document, combine_entries(document));
    }

private:
    /// The decoder's messages name file and line, which those of the merged text no longer could.
    Result<Document> open(const Read& read) {
        LIMA_TRY(const config::Loaded checked,
                 config::decode_template(config::Source{read.text, read.locator}, options_.host));
        if (read.locator != top_) {  // the loader warns about the top's own
            for (const std::string& warning : checked.warnings) {
                log::warn("{}", warning);
            }
        }
        LIMA_TRY(Document document, text::make_document(read.text, read.locator));
        const auto raw = std::make_shared<const Document>(document);
        for (const Reference& reference : bases_of(raw->root)) {
            const auto url = absolute(reference.url, read.locator, options_.host.home);
            named_.emplace(std::pair(read.locator, url.value_or(reference.url)),
                           Named{raw, reference});
        }
        return resolve_references(std::move(document), read.locator, options_, scope_);
    }

    /// The reference as somebody wrote it, before anything moved.
    Named written(const Document& document, const Reference& reference) const {
        const auto found = named_.find(std::pair(document.file, reference.url));
        return found == named_.end() ? Named{std::make_shared<const Document>(document), reference}
                                     : found->second;
    }

    Result<Document> with_base_yaml(Document document) {
        const std::filesystem::path path = options_.lima_home / "_config" / "base.yaml";
        if (!options_.with_base_yaml || !fs::exists(path)) {
            return document;
        }
        const std::string locator = path.string();
        auto base = base_at(locator, Reference{}, ", as what all new instances are based on");
        if (!base && inside_) {
            return base;
        }
        LIMA_TRY(const Document first, std::move(base), "{} {}", kFailed, name_quote(locator));
        return merged(std::move(document), first, false);
    }

    Result<Document> with_bases(Document document) {
        while (scope_ != Scope::kNone) {
            const std::vector<Reference> bases = bases_of(document.root);
            if (bases.empty()) {
                break;
            }
            if (scope_ == Scope::kExternal && scheme_of(bases.front().url) == "template") {
                LIMA_DO(check_skipped(document, bases));
                break;
            }
            const Named first = written(document, bases.front());
            const std::string place = text::place_of(*first.document, first.reference.mark);
            auto base = base_at(bases.front().url, bases.front(), " by " + place);
            if (!base) {
                return fail(located(first, place, base.error()));
            }
            LIMA_TRY(document, merged(std::move(document), *base, true));
        }
        return document;
    }

    Result<void> check_skipped(const Document& document,
                               const std::vector<Reference>& bases) const {
        for (const Reference& base : bases) {
            if (scheme_of(base.url) != "template") {
                const Error error(Code::kInvalidArgument,
                                  fmt::format("it comes after {}, which stays a base",
                                              name_quote(bases.front().url)));
                const Named named = written(document, base);
                return fail(at_reference(*named.document, named.reference, kFailed, error)
                                .with_hint("put the `template:` bases last, or embed all with "
                                           "--embed-all"));
            }
        }
        return {};
    }

    Result<Document> merged(Document document, const Document& base, bool first_goes) {
        LIMA_TRY(Document out, woven(document, merge_base(document, base, first_goes)));
        if (out.text.size() > kMaxTextSize) {
            return failf(Code::kInvalidArgument, "{} with its bases is larger than 4 MiB",
                         out.file);
        }
        return out;
    }

    /// A mistake inside of the base says where already; one about the base is shown where it is
    /// named.
    Error located(const Named& named, const std::string& place, const Error& error) {
        if (!inside_) {
            inside_ = true;
            return at_reference(*named.document, named.reference, kFailed, error);
        }
        Error out(error.code(), error.text() + "\nincluded from " + place);
        return error.hint().empty() ? out : std::move(out).with_hint(error.hint());
    }

    Result<Document> base_at(const std::string& locator, const Reference& reference,
                             const std::string& place) {
        LIMA_DO(check_new(locator));
        seen_[locator] = place;
        LIMA_TRY(const Read read, tmpl::read(locator, options_));
        if (read.locator != locator) {
            LIMA_DO(check_new(read.locator));
            seen_[read.locator] = place;
        }
        if (read.name.empty()) {
            return failf(Code::kInvalidArgument,
                         "{} has an invalid file name: letters and digits are wanted, with single "
                         ". _ - between",
                         name_quote(last_component(locator)));
        }
        LIMA_DO(check_digest(read.text, reference));
        chain_.push_back(read.locator);
        auto document = open(read);
        inside_ = inside_ || !document;
        if (document) {
            document = with_bases(std::move(*document));
        }
        chain_.pop_back();
        return document;
    }

    Result<void> check_new(const std::string& locator) const {
        const auto before = seen_.find(locator);
        if (before == seen_.end()) {
            return {};
        }
        std::string where = before->second;
        if (const auto at = std::find(chain_.begin(), chain_.end(), locator); at != chain_.end()) {
            where =
                ": " + join(std::vector<std::string>(at, chain_.end()), " -> ") + " -> " + locator;
        }
        return fail(Error(Code::kInvalidArgument,
                          fmt::format("base template loop detected: {} is already included{}",
                                      locator, where))
                        .with_hint("a template can be included only once"));
    }

    const Options& options_;
    Scope scope_;
    std::string top_;
    std::map<std::string, std::string> seen_;  // locator -> who included it
    std::vector<std::string> chain_;           // of the templates that are being read
    std::map<std::pair<std::string, std::string>, Named> named_;  // by template and locator
    bool inside_ = false;  // the error that is on its way says where it is
};

}  // namespace

Result<config::Source> embed(const Read& top, const Options& options, Scope scope) {
    LIMA_TRY(Document document, Embedder(options, scope).top(top));
    return config::Source{std::move(document.text), std::move(document.file),
                          std::move(document.origins)};
}

}  // namespace lima::tmpl
