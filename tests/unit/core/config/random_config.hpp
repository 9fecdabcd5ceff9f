// Configurations at random, made from the field table: every field gets values that its entry
// allows, or none. The same seed gives the same configuration.
#pragma once

#include "core/config/fields.hpp"

#include <random>

namespace lima::config::test {

class RandomConfig {
public:
    explicit RandomConfig(unsigned seed) : random_(seed) {}

    Config next() {
        Config config;
        fill(config);
        return config;
    }

private:
    std::size_t below(std::size_t count) {
        return std::uniform_int_distribution<std::size_t>(0, count - 1)(random_);
    }

    template <HasTable T>
    void fill(T& out) {
        for_each_field<T>([&](const auto& f) {
            if (f.required || below(2) == 0) {
                value(f, out.*(f.member));
            }
        });
    }

    template <class F, class T>
    void value(const F& f, std::optional<T>& out) {
        out.emplace();
        value(f, *out);
    }
    template <class F, class T>
    void value(const F& f, std::vector<T>& out) {
        out.resize(below(4));
        for (T& item : out) {
            value(f, item);
        }
    }
    template <class F, HasTable T>
    void value(const F&, T& out) {
        fill(out);
    }
    template <class F>
    void value(const F&, bool& out) {
        out = below(2) == 0;
    }
    template <class F>
    void value(const F& f, int& out) {
        static constexpr int kPorts[] = {0, 1, 80, 8080, 65535};
        out = f.format == Format::kPort ? kPorts[below(std::size(kPorts))]
                                        : static_cast<int>(below(2000)) - 1;
    }
    template <class F>
    void value(const F&, std::uint32_t& out) {
        out = static_cast<std::uint32_t>(below(4'294'967'296));
    }
    template <class F>
    void value(const F&, PortRange& out) {
        out[0] = 1 + static_cast<int>(below(1000));
        out[1] = out[0] + static_cast<int>(below(100));
    }
    template <class F>
    void value(const F&, StringMap& out) {
        for (std::size_t left = below(4); left > 0; --left) {
            out["key" + std::to_string(below(100))] = text();
        }
    }
    template <class F>
    void value(const F&, JsonMap& out) {
        static const char* const kValues[] = {
            R"({})", R"({"a": null})", R"({"b": [1, -2.5, true, "x"]})",
            R"({"c": {"d": ["yes", "1e3", "0x1"]}})", R"({"e": "a\nb\n"})"};
        for (std::size_t left = below(3); left > 0; --left) {
            out["name" + std::to_string(below(100))] =
                Json::parse(kValues[below(std::size(kValues))]);
        }
    }
    template <class F>
    void value(const F& f, std::string& out) {
        out = f.allowed.empty() ? text_of(f.format) : f.allowed.words[below(f.allowed.size)];
    }

    std::string text_of(Format format) {
        switch (format) {
            case Format::kIp:
                return pick({"127.0.0.1", "10.0.0.1", "::1", "fe80::1"});
            case Format::kSize:
                return pick({"4GiB", "512MiB", "1.5TiB", "4 gb", "1e9"});
            case Format::kVersion:
                return pick({"2.0.0", "v1.2.3", "0.0.1-beta"});
            case Format::kIdentifier:
                return pick({"data", "a.b-c_d", "0912"});
            case Format::kDigest:
                return "sha256:" + std::string(64, 'a');
            case Format::kLocation:
                return pick({"/a b.img", "~/x.qcow2", "https://example.org/x.img"});
            case Format::kAbsolute:
                return pick({"/", "/run/x.sock"});
            case Format::kOctal:
                return pick({"644", "0755", "0"});
            case Format::kMac:
                return pick({"52:55:55:12:34:56", "52-55-55-AB-CD-EF"});
            case Format::kInterface:
                return pick({"lima0", "net-1"});
            default:
                return text();
        }
    }

    /// What YAML could take for something else.
    std::string text() {
        return pick({"",
                     "plain",
                     "two words",
                     "yes",
                     "null",
                     "~",
                     "0x10",
                     "1e3",
                     "1.10",
                     "- item",
                     "a: b",
                     "x # y",
                     "#!/bin/sh\necho\n",
                     "a\nb",
                     "a\n\n",
                     "tab\there",
                     "ümlaut",
                     "{{.Name}}",
                     "'quoted'",
                     "\"q\"",
                     "back\\s",
                     " lead",
                     "trail ",
                     "2001-01-01",
                     "15:04",
                     "@at",
                     "%",
                     "!tag",
                     "&anchor",
                     "*alias",
                     "[a]",
                     "{a}",
                     ",",
                     "?",
                     "-",
                     "emoji 🙂",
                     "\x07 bell"});
    }

    std::string pick(std::initializer_list<const char*> words) {
        return words.begin()[below(words.size())];
    }

    std::mt19937 random_;
};

}  // namespace lima::config::test
