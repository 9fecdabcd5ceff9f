#include "core/text/splice.hpp"

#include <algorithm>
#include <tuple>
#include <utility>

namespace lima::text {
namespace {

/// Puts the result together, line by line with its origins.
class Joiner {
public:
    explicit Joiner(const Document& document)
        : document_(document), crlf_(document.text.find("\r\n") != std::string::npos) {}

    Result<Document> join(std::vector<Splice> splices) {
        // Insertions at one place stay in their order, and come before what is cut out there.
        std::sort(splices.begin(), splices.end(), [](const Splice& a, const Splice& b) {
            return std::tuple(a.begin, a.end, a.order) < std::tuple(b.begin, b.end, b.order);
        });
        const std::string& text = document_.text;
        for (const Splice& splice : splices) {
            if (splice.begin < cursor_) {
                return fail(Code::kFailedPrecondition, "the changes overlap");
            }
            keep(splice.begin);
            put(splice.lines);
            skip(splice.end);
        }
        keep(text.size());
        // A block put behind an unfinished last line ends its own.
        if (!splices.empty() && splices.back().end == text.size() &&
            splices.back().lines.size() > 1 && !out_.text.ends_with('\n')) {
            out_.text += line_break();
        }
        out_.file = document_.file;
        return std::move(out_);
    }

private:
    const char* line_break() const { return crlf_ ? "\r\n" : "\n"; }

    Origin here() const {
        return line_ < document_.origins.size() ? document_.origins[line_] : Origin{};
    }

    void begin_line(const Origin& origin) {
        if (at_start_) {
            out_.origins.push_back(origin);
        }
        at_start_ = false;
    }

    void keep(std::size_t end) {
        while (cursor_ < end) {
            begin_line(here());
            const std::size_t newline = document_.text.find('\n', cursor_);
            const std::size_t stop =
                newline == std::string::npos ? end : std::min(newline + 1, end);
            out_.text.append(document_.text, cursor_, stop - cursor_);
            cursor_ = stop;
            if (newline < stop) {
                at_start_ = true;
                ++line_;
            }
        }
    }

    void skip(std::size_t end) {
        const std::string_view gone =
            std::string_view(document_.text).substr(cursor_, end - cursor_);
        line_ += static_cast<std::size_t>(std::count(gone.begin(), gone.end(), '\n'));
        cursor_ = std::max(cursor_, end);
    }

    void put(const Lines& lines) {
        for (std::size_t i = 0; i < lines.size(); ++i) {
            const bool broken = i + 1 < lines.size();
            if (broken || !lines[i].text.empty()) {
                begin_line(lines[i].origin.original ? lines[i].origin : here());
            }
            out_.text += lines[i].text;
            if (broken) {
                out_.text += line_break();
                at_start_ = true;
            }
        }
    }

    const Document& document_;
    bool crlf_;
    Document out_;
    std::size_t cursor_ = 0;
    std::size_t line_ = 0;  // of the cursor
    bool at_start_ = true;
};

}  // namespace

Lines one(std::string text) { return Lines{Line{std::move(text), {}}}; }

Lines below(Lines lines, bool at_end) {
    lines.insert(lines.begin(), Line{});
    if (at_end && lines.back().text.empty()) {
        lines.push_back(Line{});
    }
    return lines;
}

Lines above(Lines lines) {
    lines.push_back(Line{});
    return lines;
}

Result<Document> splice(const Document& document, std::vector<Splice> splices) {
    return Joiner(document).join(std::move(splices));
}

}  // namespace lima::text
