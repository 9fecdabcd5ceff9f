// XML is read by expat: elements become keys, attributes and text keys with a mark in front. What
// follows a whole document is another one of the same result, so that whatever can be written can
// be read.
#include "core/base/text.hpp"
#include "core/text/yq/formats.hpp"

#include <algorithm>
#include <expat.h>
#include <memory>
#include <unordered_map>
#include <utility>

namespace lima::text::yq {
namespace {

/// An element that is not closed yet.
struct Element {
    NodePtr key;
    NodePtr map = make_mapping();  // attributes and children, in order
    struct Place {
        std::size_t index = 0;  // of the value in map->content
        bool list = false;      // several have the name
    };
    std::unordered_map<std::string, Place> places;
    std::vector<std::string> texts;
    std::string text;
    std::string comment;  // for the next child
};

void add_line(std::string& to, const std::string& line) { to += (to.empty() ? "" : "\n") + line; }

class Reader {
public:
    Reader(std::string_view text, std::string_view file, const DecodeOptions& options)
        : text_(text), file_(file), options_(options) {
        open_.emplace_back();
    }

    Result<NodePtr> read() {
        while (begin_ < text_.size() &&
               text_.find_first_not_of(" \t\r\n", begin_) != std::string_view::npos) {
            LIMA_DO(read_document());
        }
        Element& root = open_.front();
        if (!root.comment.empty()) {
            root.map->foot_comment = root.comment;
        }
        return root.map;
    }

private:
    using Parser = std::unique_ptr<XML_ParserStruct, decltype(&XML_ParserFree)>;

    static Reader& self(void* data) { return *static_cast<Reader*>(data); }

    void set_handlers(XML_Parser parser) {
        XML_SetUserData(parser, this);
        XML_SetElementHandler(
            parser,
            [](void* data, const XML_Char* name, const XML_Char** attributes) {
                self(data).start(name, attributes);
            },
            [](void* data, const XML_Char*) { self(data).end(); });
        XML_SetCharacterDataHandler(parser, [](void* data, const XML_Char* text, int size) {
            self(data).open_.back().text.append(text, static_cast<std::size_t>(size));
        });
        XML_SetCommentHandler(parser,
                              [](void* data, const XML_Char* text) { self(data).comment(text); });
        XML_SetProcessingInstructionHandler(
            parser, [](void* data, const XML_Char* target, const XML_Char* rest) {
                self(data).instruction(target, rest);
            });
        XML_SetXmlDeclHandler(parser,
                              [](void* data, const XML_Char* version, const XML_Char*, int) {
                                  if (version != nullptr) {
                                      self(data).declaration();
                                  }
                              });
        XML_SetDoctypeDeclHandler(
            parser,
            [](void* data, const XML_Char*, const XML_Char*, const XML_Char*, int) {
                self(data).doctype_ = self(data).offset();
            },
            [](void* data) { self(data).doctype(); });
        XML_SetSkippedEntityHandler(parser, [](void* data, const XML_Char* name, int parameter) {
            if (parameter == 0) {
                self(data).open_.back().text += "&" + std::string(name) + ";";
            }
        });
    }

    /// One prolog and its element; what stands behind it is left for the next.
    Result<void> read_document() {
        const Parser parser(XML_ParserCreate(nullptr), XML_ParserFree);
        parser_ = parser.get();
        set_handlers(parser_);
        const std::string_view rest = text_.substr(begin_);
        const bool good = XML_Parse(parser_, rest.data(), static_cast<int>(rest.size()),
                                    XML_TRUE) == XML_STATUS_OK;
        const std::size_t at = offset();
        const XML_Error error = XML_GetErrorCode(parser_);
        if (good) {
            begin_ = text_.size();
            return {};
        }
        if (!problem_.empty()) {
            return fail_at(text_, file_, at, problem_);
        }
        if (error == XML_ERROR_JUNK_AFTER_DOC_ELEMENT && at > begin_ && text_[at] == '<') {
            begin_ = at;
            return {};
        }
        return fail_at(text_, file_, at, fmt::format("not valid XML: {}", XML_ErrorString(error)));
    }

    std::size_t offset() const {
        const XML_Index index = XML_GetCurrentByteIndex(parser_);
        return begin_ + (index < 0 ? 0 : static_cast<std::size_t>(index));
    }

    void stop(std::string_view why) {
        problem_ = why;
        XML_StopParser(parser_, XML_FALSE);
    }

    std::string name_of(std::string_view name) const {
        const std::size_t colon = name.find(':');
        return std::string(options_.xml_keep_namespace || colon == std::string_view::npos
                               ? name
                               : name.substr(colon + 1));
    }

    void end_text() {
        Element& element = open_.back();
        const std::string_view text = trim(element.text);
        if (!text.empty()) {
            element.texts.emplace_back(text);
        }
        element.text.clear();
    }

    void start(const XML_Char* name, const XML_Char** attributes) {
        if (open_.size() > static_cast<std::size_t>(kMaxDepth)) {
            stop("the document is nested too deep");
            return;
        }
        end_text();
        Element element;
        element.key = make_string(name_of(name));
        element.key->head_comment = std::exchange(open_.back().comment, {});
        open_.push_back(std::move(element));
        for (; *attributes != nullptr; attributes += 2) {
            add(make_string(options_.xml.attribute_prefix + name_of(attributes[0])),
                make_string(attributes[1]));
        }
    }

    void end() {
        end_text();
        Element element = std::move(open_.back());
        open_.pop_back();
        NodePtr text;
        if (element.texts.size() == 1) {
            text = make_string(element.texts.front());
        } else if (element.texts.size() > 1) {
            text = make_sequence();
            for (const std::string& part : element.texts) {
                append(*text, make_string(part));
            }
        }
        NodePtr& map = element.map;
        if (map->content.empty()) {
            NodePtr value = text ? text : make_scalar("!!null", "");
            value->line_comment = replace_all(element.comment, "\n#", "");
            add(element.key, value);
            return;
        }
        if (!element.comment.empty()) {
            map->content[map->content.size() - 2]->foot_comment = element.comment;
        }
        if (text) {
            append(*map, make_string(options_.xml.content), text);
            std::rotate(map->content.begin(), map->content.end() - 2, map->content.end());
        }
        add(element.key, map);
    }

    /// Into the element that is open; the second of a name makes a list.
    void add(const NodePtr& key, const NodePtr& value) {
        if (++count_ > kMaxNodes / 2) {
            stop("the document has too many values");
            return;
        }
        Element& element = open_.back();
        const auto [place, fresh] =
            element.places.try_emplace(key->value, Element::Place{element.map->content.size() + 1});
        if (fresh) {
            append(*element.map, key, value);
            return;
        }
        NodePtr& known = element.map->content[place->second.index];
        value->head_comment = std::exchange(key->head_comment, {});
        if (!place->second.list) {
            NodePtr list = make_sequence();
            list->parent = known->parent;
            list->key = known->key;
            append(*list, known);
            known = std::move(list);
            place->second.list = true;
        }
        append(*known, value);
    }

    void comment(std::string_view text) {
        end_text();
        for (const std::string_view line : lines(trim(text))) {
            add_line(open_.back().comment, "# " + std::string(trim(line)));
        }
    }

    void add_commented(const std::string& name, const std::string& value) {
        NodePtr key = make_string(name);
        key->head_comment = std::exchange(open_.back().comment, {});
        add(key, make_string(value));
    }

    void instruction(const std::string& target, const std::string& rest) {
        if (!options_.xml_skip_instructions) {
            end_text();
            add_commented(options_.xml.instruction_prefix + target, rest);
        }
    }

    /// <?xml …?> as it is written.
    void declaration() {
        const std::size_t begin = offset() + std::string_view("<?xml").size();
        const std::size_t end = text_.find("?>", begin);
        if (end != std::string_view::npos) {
            instruction("xml", std::string(trim(text_.substr(begin, end - begin))));
        }
    }

    void doctype() {
        const std::size_t begin = text_.rfind("<!DOCTYPE", doctype_);
        const std::size_t end = text_.find('>', offset());
        if (!options_.xml_skip_directives && begin != std::string_view::npos &&
            end != std::string_view::npos) {
            add_commented(options_.xml.directive,
                          std::string(trim(text_.substr(begin + 2, end - begin - 2))));
        }
    }

    std::string_view text_;
    std::string_view file_;
    const DecodeOptions& options_;
    XML_Parser parser_ = nullptr;
    std::size_t begin_ = 0;  // of the document that is read
    std::size_t doctype_ = 0;
    std::size_t count_ = 0;
    std::string problem_;
    std::vector<Element> open_;  // the first is the text as a whole
};

}  // namespace

Result<Documents> decode_xml(std::string_view text, std::string_view file,
                             const DecodeOptions& options) {
    if (trim(text).empty()) {
        return Documents{};
    }
    LIMA_TRY(NodePtr root, Reader(text, file, options).read());
    return Documents{root};
}

}  // namespace lima::text::yq
