// Trees of values for property tests, the same in each run: every kind of scalar, strings that a
// printer stumbles over, lists and maps in each other.
#pragma once

#include "core/base/json.hpp"
#include "core/base/utf8.hpp"

#include <cstdint>
#include <limits>
#include <random>
#include <string>
#include <vector>

namespace lima::test {

/// Numbers from a seed; the standard says which, on every machine.
class Random {
public:
    explicit Random(std::uint64_t seed) : engine_(seed) {}
    std::size_t below(std::size_t limit) { return static_cast<std::size_t>(engine_() % limit); }
    bool chance(std::size_t one_in) { return below(one_in) == 0; }
    std::uint64_t bits() { return engine_(); }
    template <class T>
    const T& of(const std::vector<T>& some) {
        return some[below(some.size())];
    }

private:
    std::mt19937_64 engine_;
};

inline const std::vector<std::string>& difficult_strings() {
    static const std::vector<std::string> some = {
        "",
        " ",
        "plain",
        "two words",
        " leading",
        "trailing ",
        "null",
        "~",
        "Null",
        "true",
        "False",
        "no",
        "Y",
        "on",
        "1",
        "-1",
        "+1",
        "0x1F",
        "0o17",
        "017",
        "0b11",
        "1_000",
        "1.5",
        "1e3",
        ".5",
        "5.",
        ".inf",
        "-.INF",
        ".nan",
        "2001-01-01",
        "2001-01-01T00:00:00Z",
        "12:30",
        "1:20:30",
        "a: b",
        "a:",
        ": a",
        "a:b",
        "- a",
        "-",
        "--",
        "---",
        "--- a",
        "...",
        "? a",
        "?",
        "a # b",
        "a#b",
        "# a",
        "[a]",
        "a]",
        "{a}",
        "a, b",
        ",",
        "&a",
        "*a",
        "!a",
        "|",
        ">",
        "%a",
        "@a",
        "`a`",
        "'",
        "''",
        "\"",
        "it's",
        "say \"hi\"",
        "\\",
        "\\n",
        "<<",
        "=",
        "a\tb",
        "\ta",
        "a\t",
        "\t",
        "one\ntwo",
        "one\ntwo\n",
        "one\n\ntwo\n\n",
        "\n",
        "\n\n",
        "\none",
        " one\ntwo",
        "one\n two\n",
        "one\n  \ntwo",
        "one \ntwo",
        "one\n\ttwo",
        "one\n ",
        "one\n \n",
        "one\n# two\n",
        "a: b\nc: d\n",
        "- a\n- b\n",
        "---\n",
        "one\n---\ntwo\n",
        "one\r\ntwo",
        "\r",
        "a\rb\n",
        "ä",
        "日本語",
        "😀",
        "e\xCC\x81",
        "\xC2\x85",
        "\xC2\xA0",
        "a\xE2\x80\xA8"
        "b",
        "\xE2\x80\xA9",
        "\xEF\xBB\xBF",
        "\xEF\xBF\xBD",
        "\xEF\xBF\xBF",
        "\x01",
        "\x1B[0m",
        "\x7F",
        std::string("a\0b", 3),
        "\xFF",
        "a\xC3",
        "#!/bin/sh\nset -eu\n\n# comment\necho \"{{.Home}}\"\n",
        "https://example.com/a?b=c#d",
        "C:\\x",
        "{{.Name}}",
        "$HOME",
        std::string(300, 'x'),
        "long " + std::string(200, 'y') + " text: with # all"};
    return some;
}

inline std::string random_string(Random& random) {
    if (!random.chance(3)) {
        return random.of(difficult_strings());
    }
    static const std::vector<std::string> parts = {
        "a", "B", "9", "-", ":", " ", "\n", "#", "'", "\"", "\\", "ä", "{", "]", ",",  "\t",
        "?", "!", "&", "*", "|", ">", "%",  "@", "`", ".",  "=",  "<", "~", "_", "\r", "日"};
    std::string out;
    for (std::size_t left = random.below(12); left > 0; --left) {
        out += random.of(parts);
    }
    return out;
}

inline Json random_scalar(Random& random) {
    static const std::vector<Json> some = {nullptr,
                                           true,
                                           false,
                                           0,
                                           1,
                                           -1,
                                           255,
                                           std::numeric_limits<std::int64_t>::min(),
                                           std::numeric_limits<std::int64_t>::max(),
                                           std::numeric_limits<std::uint64_t>::max(),
                                           0.0,
                                           0.5,
                                           -1.25,
                                           1e21,
                                           1e-7,
                                           123456789.125,
                                           0.1,
                                           std::numeric_limits<double>::max(),
                                           std::numeric_limits<double>::denorm_min(),
                                           std::numeric_limits<double>::infinity(),
                                           -std::numeric_limits<double>::infinity()};
    return random.chance(3) ? random.of(some) : Json(random_string(random));
}

inline Json random_tree(Random& random, int depth) {
    const std::size_t kind = depth <= 0 ? 0 : random.below(4);
    if (kind == 1) {
        Json out = Json::array();
        for (std::size_t left = random.below(4); left > 0; --left) {
            out.push_back(random_tree(random, depth - 1));
        }
        return out;
    }
    if (kind >= 2) {
        Json out = Json::object();
        for (std::size_t left = random.below(5); left > 0; --left) {
            const std::string key = random_string(random);
            out[utf8::valid(key) ? key : "key"] = random_tree(random, depth - 1);
        }
        return out;
    }
    return random_scalar(random);
}

}  // namespace lima::test
