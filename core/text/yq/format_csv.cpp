#include "core/base/text.hpp"
#include "core/base/utf8.hpp"
#include "core/text/yq/formats.hpp"
#include "core/text/yq/yaml_format.hpp"

#include <algorithm>
#include <utility>

namespace lima::text::yq {
namespace {

using Row = std::vector<std::string>;

/// RFC 4180, strictly: a quote stands at the beginning of a cell or not at all.
class Reader {
public:
    Reader(std::string_view text, std::string_view file, char separator)
        : text_(text), file_(file), separator_(separator) {
        at_ = text.starts_with(utf8::kBom) ? utf8::kBom.size() : 0;
    }

    /// The next row that is not empty; false at the end.
    Result<bool> next(Row& row) {
        row.clear();
        while (line_end() > 0) {
            at_ += line_end();
        }
        begin_ = at_;
        if (at_ >= text_.size()) {
            return false;
        }
        while (true) {
            LIMA_TRY(std::string cell, text_[at_] == '"' ? quoted() : bare());
            row.push_back(std::move(cell));
            if (at_ < text_.size() && text_[at_] == separator_) {
                ++at_;
                if (at_ >= text_.size()) {
                    row.emplace_back();
                    return true;
                }
                continue;
            }
            at_ += line_end();
            return true;
        }
    }

    std::size_t begin_of_row() const { return begin_; }

private:
    /// How many bytes of a line's end stand here.
    std::size_t line_end() const {
        const std::string_view rest = text_.substr(std::min(at_, text_.size()));
        return rest.starts_with("\r\n") ? 2 : rest.starts_with('\n') ? 1 : 0;
    }

    Result<std::string> bare() {
        const std::size_t begin = at_;
        while (at_ < text_.size() && text_[at_] != separator_ && line_end() == 0) {
            if (text_[at_] == '"') {
                return fail_at(text_, file_, at_,
                               "a quote in a cell that does not begin with one: write the whole "
                               "cell in quotes and each quote in it twice");
            }
            ++at_;
        }
        return std::string(text_.substr(begin, at_ - begin));
    }

    Result<std::string> quoted() {
        const std::size_t begin = at_++;
        std::string out;
        while (at_ < text_.size()) {
            if (text_[at_] != '"') {
                const std::size_t end = line_end();
                out += end > 0 ? '\n' : text_[at_];
                at_ += std::max<std::size_t>(end, 1);
            } else if (text_.substr(at_).starts_with("\"\"")) {
                out += '"';
                at_ += 2;
            } else {
                ++at_;
                if (at_ < text_.size() && text_[at_] != separator_ && line_end() == 0) {
                    return fail_at(text_, file_, at_, "text behind the end of a quoted cell");
                }
                return out;
            }
        }
        return fail_at(text_, file_, begin, "the quote is not closed");
    }

    std::string_view text_;
    std::string_view file_;
    char separator_;
    std::size_t at_ = 0;
    std::size_t begin_ = 0;
};

bool has_markup(const Node& node) {
    return !node.anchor.empty() || node.tag_written || node.kind == Kind::kAlias ||
           !node.head_comment.empty() || !node.line_comment.empty() || !node.foot_comment.empty() ||
           std::any_of(node.content.begin(), node.content.end(),
                       [](const NodePtr& item) { return has_markup(*item); });
}

/// A cell that is a word is what the word means in YAML. With `values` it is also a list or a map
/// if it is written as one; what would lose a part of it, such as a comment, is a string.
NodePtr cell(const std::string& text, bool values) {
    const std::string_view word = trim(text);
    const std::string_view tag = guess_tag(word);
    if (tag != "!!str" && tag != "!!merge") {
        return make_scalar(std::string(tag), std::string(word));
    }
    if (values) {
        auto documents = decode_yaml(text, "cell");
        if (documents && documents->size() == 1 && !has_markup(*documents->front()) &&
            documents->front()->kind != Kind::kScalar) {
            return documents->front();
        }
    }
    return make_string(text);
}

Result<Documents> decode_rows(std::string_view text, std::string_view file, char separator,
                              bool values) {
    Reader reader(text, file, separator);
    Row header;
    LIMA_TRY(const bool any, reader.next(header));
    if (!any) {
        return Documents{};
    }
    NodePtr out = make_sequence();
    std::size_t count = 0;
    for (Row row;;) {
        LIMA_TRY(const bool more, reader.next(row));
        if (!more) {
            break;
        }
        if (row.size() != header.size()) {
            return fail_at(
                text, file, reader.begin_of_row(),
                fmt::format("the row has {} cells, the header has {}", row.size(), header.size()));
        }
        count += 2 * row.size() + 1;
        if (count > kMaxNodes) {
            return fail_at(text, file, reader.begin_of_row(), "the document has too many values");
        }
        NodePtr item = make_mapping();
        for (std::size_t i = 0; i < row.size(); ++i) {
            append(*item, make_string(header[i]), cell(row[i], values));
        }
        append(*out, std::move(item));
    }
    return Documents{out};
}

class Writer {
public:
    Writer(const char* format, char separator) : format_(format), separator_(separator) {}

    Result<void> list(const Node& node) {
        if (node.content.empty()) {
            return {};
        }
        switch (node.content.front()->kind) {
            case Kind::kMapping:
                return maps(node);
            case Kind::kSequence:
                for (std::size_t i = 0; i < node.content.size(); ++i) {
                    if (node.content[i]->kind != Kind::kSequence) {
                        return wrong("lists of lists", i, *node.content[i]);
                    }
                    LIMA_DO(row(*node.content[i]));
                }
                return {};
            default:
                return row(node);
        }
    }

    std::string take() { return std::move(out_); }

private:
    Failure wrong(std::string_view what, std::size_t index, const Node& item) const {
        return failf(Code::kInvalidArgument, "{} can be written for {} alone: item {} is a {}",
                     format_, what, index, item.tag);
    }

    Result<void> row(const Node& node) {
        for (std::size_t i = 0; i < node.content.size(); ++i) {
            if (node.content[i]->kind != Kind::kScalar) {
                return wrong("lists of plain values", i, *node.content[i]);
            }
            put(node.content[i]->value, i);
        }
        out_ += '\n';
        return {};
    }

    /// The keys of the first map are the header.
    Result<void> maps(const Node& node) {
        const Node& first = *node.content.front();
        for (std::size_t i = 0; i < first.content.size(); i += 2) {
            put(first.content[i]->value, i);
        }
        out_ += '\n';
        for (std::size_t n = 0; n < node.content.size(); ++n) {
            const Node& item = *node.content[n];
            if (item.kind != Kind::kMapping) {
                return wrong("lists of flat maps", n, item);
            }
            for (std::size_t i = 0; i < first.content.size(); i += 2) {
                const NodePtr value = find(item, first.content[i]->value);
                if (value && value->kind != Kind::kScalar) {
                    return wrong("lists of flat maps", n, *value);
                }
                put(value ? value->value : "", i);
            }
            out_ += '\n';
        }
        return {};
    }

    void put(const std::string& text, std::size_t index) {
        if (index > 0) {
            out_ += separator_;
        }
        const bool quote = text.find_first_of("\"\r\n") != std::string::npos ||
                           text.find(separator_) != std::string::npos || text.starts_with(' ') ||
                           text.starts_with('\t') || text == "\\.";
        out_ += quote ? "\"" + replace_all(text, "\"", "\"\"") + "\"" : text;
    }

    const char* format_;
    char separator_;
    std::string out_;
};

Result<std::string> encode_rows(const Node& node, const char* format, char separator) {
    LIMA_TRY(const NodePtr plain, plain_copy(node));
    if (plain->kind == Kind::kScalar) {
        return plain->value + "\n";
    }
    if (plain->kind == Kind::kMapping) {
        return failf(Code::kInvalidArgument, "{} can be written for lists alone, not for a {}",
                     format, plain->tag);
    }
    Writer writer(format, separator);
    LIMA_DO(writer.list(*plain));
    return writer.take();
}

}  // namespace

Result<Documents> decode_csv(std::string_view text, std::string_view file,
                             const DecodeOptions& options) {
    return decode_rows(text, file, options.csv_separator, options.csv_values);
}

Result<std::string> encode_csv(const Node& node, const EncodeOptions& options) {
    return encode_rows(node, "csv", options.csv_separator);
}

Result<Documents> decode_tsv(std::string_view text, std::string_view file,
                             const DecodeOptions& options) {
    return decode_rows(text, file, '\t', options.tsv_values);
}

Result<std::string> encode_tsv(const Node& node, const EncodeOptions&) {
    return encode_rows(node, "tsv", '\t');
}

}  // namespace lima::text::yq
