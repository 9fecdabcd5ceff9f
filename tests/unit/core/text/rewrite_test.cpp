// Whatever a text looks like and whatever is changed in it: the result means what was wanted, and
// the lines of everything else are the same. Texts are made at random, in every style that people
// use; an edit is made at random on their values.
#include "core/text/rewrite.hpp"

#include "core/base/json.hpp"
#include "core/base/text.hpp"
#include "core/text/part.hpp"
#include "core/text/yaml.hpp"

#include <gtest/gtest.h>

#include <map>
#include <random>
#include <string>
#include <vector>

namespace lima::text {
namespace {

class Random {
public:
    explicit Random(unsigned seed) : engine_(seed) {}
    int below(int n) { return static_cast<int>(engine_() % static_cast<unsigned>(n)); }
    bool one_in(int n) { return below(n) == 0; }
    template <class T>
    const T& of(const std::vector<T>& list) {
        return list[static_cast<std::size_t>(below(static_cast<int>(list.size())))];
    }

private:
    std::mt19937 engine_;
};

struct Range {
    int first = 0;
    int last = 0;
    bool behind_dash = false;  // the first of a collection, on the line of the dash before it
};

/// A YAML text as somebody with no fixed habits writes it, and on which lines each value stands.
class Author {
public:
    explicit Author(Random& random) : random_(random) {}

    std::string write() {
        if (random_.one_in(3)) {
            comment(0);
            blank();
        }
        if (random_.one_in(10)) {
            put("---\n");
        }
        mapping(0, 0, "", false);
        if (random_.one_in(3) && !has_keep_) {
            blank();
            comment(0);
        }
        if (random_.one_in(10) && text_.ends_with('\n') && !has_keep_) {
            text_.pop_back();
        }
        return text_;
    }

    /// By JSON pointer.
    const std::map<std::string, Range>& places() const { return places_; }

private:
    void put(std::string_view text) {
        text_ += text;
        for (const char c : text) {
            line_ += c == '\n' ? 1 : 0;
        }
    }
    void pad(int indent) { put(std::string(static_cast<std::size_t>(indent), ' ')); }
    void blank() { put(random_.one_in(4) ? "\n\n" : "\n"); }
    void comment(int indent) {
        for (int i = random_.below(2) + 1; i > 0; --i) {
            pad(indent);
            put(random_.of<std::string>({"# about: this\n", "#- x: 1\n", "#\n", "#  ─ ü ─\n"}));
        }
    }
    void end_of_line() {
        if (random_.one_in(4)) {
            put(random_.of<std::string>({"  # why", " # a: b", "   #", " # käse"}));
        } else if (random_.one_in(10)) {
            put("  ");
        }
        put("\n");
    }

    std::string scalar(bool flow) {
        static const std::vector<std::string> kPlain{"1",    "-7",      "1.5",  "true", "word",
                                                     "0x1F", "2024-01", "null", "~",    "grün"};
        static const std::vector<std::string> kOther{
            "\"quoted\"",     "'single'",     "'it''s'", "\"tab\\t\"",     "\"\"",
            "two words here", "http://x/y#z", "\"1\"",   "'# no comment'", "!!str 5"};
        if (random_.one_in(2)) {
            return random_.of(kPlain);
        }
        const std::string& word = random_.of(kOther);
        return flow && word == "http://x/y#z" ? "\"http://x/y#z\"" : word;
    }

    std::string flow(int depth) {
        const std::string gap = random_.one_in(4) ? " " : "";
        std::string out;
        if (random_.one_in(2)) {
            for (int i = random_.below(4); i > 0; --i) {
                out += (out.empty() ? "" : random_.one_in(4) ? " , " : ", ") + flow_item(depth);
            }
            return "[" + gap + out + gap + "]";
        }
        for (int i = 0, n = random_.below(4); i < n; ++i) {
            out += (out.empty() ? "" : ", ") + std::string(1, static_cast<char>('p' + i)) + ": " +
                   flow_item(depth);
        }
        return "{" + gap + out + gap + "}";
    }
    std::string flow_item(int depth) {
        return depth < 2 && random_.one_in(4) ? flow(depth + 1) : scalar(true);
    }

    void block_scalar(int indent) {
        const std::string mark = random_.of<std::string>({"|", "|-", "|+", ">", ">-"});
        put(mark);
        end_of_line_without_trailing();
        const int inner = indent + 1 + random_.below(4);
        for (int i = random_.below(3) + 1; i > 0; --i) {
            pad(inner);
            put(random_.of<std::string>(
                {"echo \"a: b\"\n", "# no comment\n", "- x\n", "ende – schluß\n"}));
            if (i > 1 && random_.one_in(3)) {
                put("\n");
            }
        }
        has_keep_ = has_keep_ || mark == "|+";
    }
    void end_of_line_without_trailing() { put(random_.one_in(5) ? " # note\n" : "\n"); }

    /// Behind "key:" or "-". Ends its last line.
    void value(int indent, int depth, const std::string& pointer, bool item) {
        const int kind = random_.below(depth >= 3 ? 6 : 10);
        const std::string gap(static_cast<std::size_t>(1 + (random_.one_in(5) ? 2 : 0)), ' ');
        if (kind == 0 && !item) {
            end_of_line();  // nothing there
        } else if (kind <= 3) {
            put(gap + scalar(false));
            end_of_line();
        } else if (kind == 4) {
            put(gap + flow(0));
            end_of_line();
        } else if (kind == 5) {
            put(gap);
            block_scalar(indent);
        } else if (kind <= 7) {
            if (item) {
                put(" ");
                mapping(indent + 2, depth + 1, pointer, true);
            } else {
                end_of_line();
                mapping(indent + random_.of<int>({2, 2, 4}), depth + 1, pointer, false);
            }
        } else if (item) {
            put(" ");
            sequence(indent + 2, depth + 1, pointer, true);
        } else {
            end_of_line();
            sequence(indent + random_.of<int>({0, 2, 4}), depth + 1, pointer, false);
        }
    }

    void before_entry(int indent) {
        // Empty lines behind a scalar that keeps its own are the scalar's: KeptEmptyLines.
        if (random_.one_in(6) && !has_keep_) {
            blank();
        }
        if (random_.one_in(5)) {
            comment(indent);
        }
    }

    void mapping(int indent, int depth, const std::string& pointer, bool in_place) {
        const int count = random_.below(depth == 0 ? 5 : 3) + 1;
        for (int i = 0; i < count; ++i) {
            if (!in_place || i > 0) {
                before_entry(indent);
                pad(indent);
            }
            const std::string key = std::string(1, static_cast<char>('a' + i)) + "key";
            const std::string child = pointer + "/" + key;
            places_[child] = {line_, line_, in_place && i == 0};
            put(random_.one_in(8) ? go_quote(key) : key);
            put(":");
            value(indent, depth, child, false);
            places_[child].last = line_ - 1;
        }
    }

    void sequence(int indent, int depth, const std::string& pointer, bool in_place) {
        const int count = random_.below(3) + 1;
        for (int i = 0; i < count; ++i) {
            if (!in_place || i > 0) {
                before_entry(indent);
                pad(indent);
            }
            const std::string child = pointer + "/" + std::to_string(i);
            places_[child] = {line_, line_, in_place && i == 0};
            put("-");
            value(indent, depth, child, true);
            places_[child].last = line_ - 1;
        }
    }

    Random& random_;
    std::string text_;
    int line_ = 1;
    bool has_keep_ = false;
    std::map<std::string, Range> places_;
};

Json some_value(Random& random) {
    static const std::vector<Json> kValues = {
        nullptr,
        true,
        7,
        -0.5,
        "new",
        "a: b # c",
        "line\nline\n",
        "last line open\nso",
        "123",
        Json::array(),
        Json::object(),
        Json::array({1, "x"}),
        Json::array({Json::object({{"k", "v"}, {"l", Json::array({1})}}), nullptr}),
        Json::object({{"k", Json::array({"v"})}, {"n", nullptr}}),
        Json::object({{"o", Json::object({{"p", "l1\nl2\n"}})}})};
    return random.of(kValues);
}

std::vector<std::string> pointers(const Json& value, const std::string& at = "") {
    std::vector<std::string> out;
    if (value.is_object()) {
        for (const auto& [key, item] : value.items()) {
            out.push_back(at + "/" + key);
            for (auto& inner : pointers(item, at + "/" + key)) {
                out.push_back(std::move(inner));
            }
        }
    } else if (value.is_array()) {
        for (std::size_t i = 0; i < value.size(); ++i) {
            const std::string child = at + "/" + std::to_string(i);
            out.push_back(child);
            for (auto& inner : pointers(value[i], child)) {
                out.push_back(std::move(inner));
            }
        }
    }
    return out;
}

struct Change {
    Json wanted;
    std::string what;     // for the message
    std::string pointer;  // what changed: the value, or the collection that it was added to
    bool deleted = false;
    bool added = false;
    std::string first_child;  // of the collection that it was added to, if that has lines
};

std::string parent_of(const std::string& pointer) { return pointer.substr(0, pointer.rfind('/')); }

/// One change somewhere in the value.
Change some_change(Random& random, const Json& value) {
    const std::string at = random.one_in(10) ? "" : random.of(pointers(value));
    Change change;
    change.wanted = value;
    change.pointer = at;
    const Json::json_pointer pointer(at);
    Json& place = change.wanted[pointer];
    const Json fresh = some_value(random);
    if (!at.empty() && random.one_in(3)) {
        change.what = "delete " + at;
        change.deleted = true;
        Json& parent = change.wanted[pointer.parent_pointer()];
        if (parent.is_array()) {
            parent.erase(static_cast<std::size_t>(std::stoi(pointer.back())));
        } else {
            parent.erase(pointer.back());
        }
        return change;
    }
    if (place.is_array() && random.one_in(2)) {
        const int index = random.below(static_cast<int>(place.size()) + 1);
        change.what = "insert at " + at + "/" + std::to_string(index) + ": " + dump_json(fresh);
        change.added = true;
        change.first_child = at + "/0";
        place.insert(place.begin() + index, fresh);
        return change;
    }
    if (place.is_object() && (at.empty() || random.one_in(2))) {
        change.what = "add to " + at + ": " + dump_json(fresh);
        change.added = true;
        change.first_child = at + "/akey";
        place["brandnew"] = fresh;
        return change;
    }
    change.what = "set " + at + ": " + dump_json(fresh);
    place = fresh;
    return change;
}

/// Lines that may differ: those of the innermost value that has lines of its own. What stands in a
/// flow list has not.
Range extent(const Author& author, std::string pointer) {
    if (pointer.empty()) {
        return {1, 1'000'000};
    }
    while (!author.places().contains(pointer)) {
        pointer = parent_of(pointer);
    }
    return author.places().at(pointer);
}

/// The lines of what changed; where its collection becomes empty, or the next one moves up behind
/// the dash, those of the collection.
Range may_change(const Author& author, const Change& change) {
    const Range own = extent(author, change.pointer);
    const std::string parent = parent_of(change.pointer);
    const bool emptied = change.deleted && change.wanted.at(Json::json_pointer(parent)).empty();
    if (emptied || (change.deleted && own.behind_dash)) {
        return extent(author, parent);
    }
    return own;
}

/// Of items that are equal it cannot be told which one went or came.
bool has_twins(const Json& value, const std::string& pointer) {
    for (const std::string& at : {pointer, parent_of(pointer)}) {
        const Json::json_pointer place(at);
        if (!value.contains(place) || !value[place].is_array()) {
            continue;
        }
        const Json& list = value[place];
        for (std::size_t i = 0; i < list.size(); ++i) {
            for (std::size_t k = i + 1; k < list.size(); ++k) {
                if (same_value(list[i], list[k])) {
                    return true;
                }
            }
        }
    }
    return false;
}

std::size_t offset_of_line(const std::string& text, int line) {
    std::size_t at = 0;
    for (; line > 1; --line) {
        const std::size_t newline = text.find('\n', at);
        if (newline == std::string::npos) {
            return text.size();
        }
        at = newline + 1;
    }
    return at;
}

Json values(const std::string& text) {
    const auto tree = parse_yaml(text, "t");
    EXPECT_TRUE(tree.has_value()) << text << (tree ? "" : tree.error().text());
    return tree ? to_json(*tree, Schema::kGo) : Json();
}

Result<std::string> rewritten(const std::string& text, const Json& wanted) {
    LIMA_TRY(const Node tree, parse_yaml(text, "t"));
    return rewrite(text, "t", tree, wanted);
}

/// The whole lines before and behind the part that may change are there, byte for byte.
void expect_only(const Range& lines, const std::string& before, const std::string& after,
                 const std::string& what) {
    const std::string head = before.substr(0, offset_of_line(before, lines.first));
    std::string tail = before.substr(offset_of_line(before, lines.last + 1));
    EXPECT_TRUE(after.starts_with(head)) << what << "\n--- before\n"
                                         << before << "--- after\n"
                                         << after;
    EXPECT_TRUE(after.ends_with(tail) && after.size() >= head.size() + tail.size())
        << what << "\n--- before\n"
        << before << "--- after\n"
        << after;
}

/// Nothing that was there is gone: something was put in at one place.
void expect_insertion(const std::string& before, const std::string& after,
                      const std::string& what) {
    if (!before.ends_with('\n')) {
        return;  // its last scalar may have to be marked
    }
    std::size_t head = 0;
    while (head < before.size() && head < after.size() && before[head] == after[head]) {
        ++head;
    }
    std::size_t tail = 0;
    while (tail < before.size() && tail < after.size() &&
           before[before.size() - 1 - tail] == after[after.size() - 1 - tail]) {
        ++tail;
    }
    EXPECT_GE(head + tail, before.size()) << what << "\n--- before\n"
                                          << before << "--- after\n"
                                          << after;
}

TEST(Rewrite, TheLastScalarOfAnUnfinishedTextStaysAsItIs) {
    const auto with = [](const std::string& text) {
        Json wanted = values(text);
        wanted["z"] = 1;
        return rewritten(text, wanted).value_or("refused");
    };
    EXPECT_EQ(with("s: |\n  x"), "s: |-\n  x\nz: 1\n");
    EXPECT_EQ(with("s: >2+ # c\n  x"), "s: >2- # c\n  x\nz: 1\n");
    EXPECT_EQ(with("s: |-\n  x"), "s: |-\n  x\nz: 1\n");
    EXPECT_EQ(with("s: |\n  x\n"), "s: |\n  x\nz: 1\n");
    EXPECT_EQ(with("s: |\n  x\n\n# c"), "s: |\n  x\n\n# c\nz: 1\n");
    EXPECT_EQ(with("l:\n- s: |\n    x"), "l:\n- s: |-\n    x\nz: 1\n");
}

TEST(Rewrite, NewItemsStandAboveWhatIsSaidAboutTheNext) {
    const std::string text = "l:\n# the first\n- a: 1\n\n# two\n# lines\n- b: 2\n";
    Json wanted = values(text);
    wanted["l"].insert(wanted["l"].begin(), Json("x"));
    EXPECT_EQ(rewritten(text, wanted).value_or("refused"),
              "l:\n- x\n# the first\n- a: 1\n\n# two\n# lines\n- b: 2\n");
}

TEST(Rewrite, AnotherListTakesTheCommentsOfTheOldOneAlong) {
    const std::string text =
        "l: # of mounts\n# the first\n- at: a\n  w: true\n# the second\n- at: b # it\n  w: false\n";
    Json wanted = values(text);
    wanted["l"] = Json::array({Json::object({{"at", "c"}, {"w", true}, {"n", 1}})});
    EXPECT_EQ(rewritten(text, wanted).value_or("refused"),
              "l: # of mounts\n- at: c\n  w: true\n  \"n\": 1\n");
    // As long as something of it is left, or as many are there, it is the same list.
    wanted["l"] = Json::array({Json::object({{"at", "b"}, {"w", false}})});
    EXPECT_EQ(rewritten(text, wanted).value_or("refused"),
              "l: # of mounts\n# the first\n# the second\n- at: b # it\n  w: false\n");
    wanted["l"] = Json::array({1, 2});
    EXPECT_EQ(rewritten("l:\n- 5 # five\n- 6\n", wanted).value_or("refused"),
              "l:\n- 1 # five\n- 2\n");
}

TEST(Rewrite, BlockScalarsStayBlockScalars) {
    const auto edited = [](const std::string& text, const std::string& value) {
        Json wanted = values(text);
        (wanted.contains("s") ? wanted["s"] : wanted["l"][0]) = value;
        return rewritten(text, wanted).value_or("refused");
    };
    const std::string text = "s: |  # why\n     #!/bin/sh\n     echo a\n\nt: 1\n";
    EXPECT_EQ(edited(text, "#!/bin/sh\necho b\n"),
              "s: |  # why\n     #!/bin/sh\n     echo b\n\nt: 1\n");
    EXPECT_EQ(edited(text, "one\n\n  two: 2"), "s: |-  # why\n     one\n\n       two: 2\n\nt: 1\n");
    EXPECT_EQ(edited("s: >-\n  a\n  b", "x\ny\n"), "s: |\n  x\n  y\n");
    EXPECT_EQ(edited("l:\n- |\n  a\n# b\n", "x\ny\n"), "l:\n- |\n  x\n  y\n# b\n");
    EXPECT_EQ(edited("s: |+\n  a\n\nt: 1\n", "x\ny\n"), "s: |\n  x\n  y\nt: 1\n");
    EXPECT_EQ(edited("s: |\n  a\n", "tab\there\n"), "s: |\n  tab\there\n");
    EXPECT_EQ(edited("s: |\n  a\n", "\x07\n"), "s: \"\\a\\n\"\n");
    EXPECT_EQ(edited("s: |\n  a\n", " x\n"), "s: \" x\\n\"\n");
}

TEST(Rewrite, FlowStylesAreEditedItemByItem) {
    const auto edited = [](const std::string& text, const Json& wanted) {
        return rewritten(text, wanted).value_or("refused");
    };
    const std::string text = "f: [a , 'b', # why\n    c]\nm: {x: 1,  y: 'z', w: [ 2 ]}\n";
    const Json old = values(text);
    Json wanted = old;
    wanted["f"] = {"a", "c"};
    EXPECT_EQ(edited(text, wanted), "f: [a , c]\nm: {x: 1,  y: 'z', w: [ 2 ]}\n");
    wanted["f"] = {"a", "b", "d"};
    EXPECT_EQ(edited(text, wanted), "f: [a , 'b', # why\n    d]\nm: {x: 1,  y: 'z', w: [ 2 ]}\n");
    wanted["f"] = {"d", "b", "c", "e"};
    EXPECT_EQ(edited(text, wanted),
              "f: [d , 'b', # why\n    c, e]\nm: {x: 1,  y: 'z', w: [ 2 ]}\n");
    wanted = old;
    wanted["m"].erase("x");
    wanted["m"]["w"].push_back(3);
    EXPECT_EQ(edited(text, wanted), "f: [a , 'b', # why\n    c]\nm: {y: 'z', w: [ 2, 3 ]}\n");
    wanted["m"] = {{"y", "z"}};
    EXPECT_EQ(edited(text, wanted), "f: [a , 'b', # why\n    c]\nm: {y: 'z'}\n");
    wanted["m"] = {{"y", "z"}, {"v", true}};
    EXPECT_EQ(edited(text, wanted), "f: [a , 'b', # why\n    c]\nm: {y: 'z', v: true}\n");
}

TEST(Rewrite, KeptEmptyLines) {
    const auto without = [](const std::string& text, const std::string& pointer) {
        Json wanted = values(text);
        const Json::json_pointer at(pointer);
        Json& parent = wanted[at.parent_pointer()];
        parent.is_array() ? (void)parent.erase(std::stoul(at.back()))
                          : (void)parent.erase(at.back());
        return rewritten(text, wanted).value_or("refused");
    };
    EXPECT_EQ(without("a: |+\n  x\n\nb: 1\n\n# c\nc: 2\n", "/b"), "a: |+\n  x\n\n# c\nc: 2\n");
    EXPECT_EQ(without("l:\n- k: |+\n    x\n\n- y\n\n- z\n", "/l/1"), "l:\n- k: |+\n    x\n\n- z\n");
    EXPECT_EQ(without("a: |\n  x\n\nb: 1\n\nc: 2\n", "/b"), "a: |\n  x\n\n\nc: 2\n");
}

class RewriteLines : public ::testing::TestWithParam<int> {};

TEST_P(RewriteLines, OneChangeTouchesItsOwnLinesOnly) {
    for (unsigned i = 0; i < 500; ++i) {
        Random random(static_cast<unsigned>(GetParam()) * 1000 + i);
        Author author(random);
        const std::string text = author.write();
        const Json old = values(text);
        ASSERT_TRUE(old.is_object()) << text;
        ASSERT_EQ(rewritten(text, old).value_or("refused"), text);
        const Change change = some_change(random, old);
        const auto out = rewritten(text, change.wanted);
        ASSERT_TRUE(out.has_value()) << change.what << "\n" << text << out.error().text();
        ASSERT_TRUE(same_value(values(*out), change.wanted)) << change.what << "\n"
                                                             << text << "--- after\n"
                                                             << *out;
        if (!has_twins(old, change.pointer) && !has_twins(change.wanted, change.pointer)) {
            expect_only(may_change(author, change), text, *out, change.what);
        }
        if (change.added && author.places().contains(change.first_child)) {
            expect_insertion(text, *out, change.what);
        }
        if (HasFailure()) {
            return;
        }
    }
}

INSTANTIATE_TEST_SUITE_P(Seeds, RewriteLines, ::testing::Range(0, 8));

}  // namespace
}  // namespace lima::text
