// SHA-2 digests, whole or streamed.
#pragma once

#include "core/base/error.hpp"

#include <filesystem>
#include <memory>
#include <string>
#include <string_view>

namespace lima {

/// "sha256:…": algorithm (sha256, sha384, sha512) and lower-case hex of the right length.
struct Digest {
    std::string algorithm;
    std::string hex;
    std::string text() const { return algorithm + ":" + hex; }
    bool operator==(const Digest&) const = default;
};
Result<Digest> parse_digest(std::string_view text);

class Hasher {
public:
    static Result<Hasher> create(std::string_view algorithm);
    void update(std::string_view data);
    Digest finish();
    Hasher(Hasher&&) noexcept;
    Hasher& operator=(Hasher&&) noexcept;
    Hasher(const Hasher&) = delete;
    Hasher& operator=(const Hasher&) = delete;
    ~Hasher();

private:
    struct State;
    explicit Hasher(std::unique_ptr<State> state);
    std::unique_ptr<State> state_;
};

std::string sha256_hex(std::string_view data);
std::string sha256_raw(std::string_view data);  // 32 bytes
Result<Digest> digest_file(const std::filesystem::path& path, std::string_view algorithm);

}  // namespace lima
