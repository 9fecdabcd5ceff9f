#include "core/base/digest.hpp"

#include "core/base/fd.hpp"
#include "core/base/text.hpp"

#include <openssl/evp.h>

#include <array>
#include <cerrno>
#include <fcntl.h>
#include <unistd.h>
#include <vector>

namespace lima {
namespace {

struct Algorithm {
    std::string_view name;
    std::size_t bytes;
    const EVP_MD* (*md)();
};

constexpr std::array<Algorithm, 3> kAlgorithms = {
    {{"sha256", 32, EVP_sha256}, {"sha384", 48, EVP_sha384}, {"sha512", 64, EVP_sha512}}};

Result<const Algorithm*> find_algorithm(std::string_view name) {
    for (const Algorithm& algorithm : kAlgorithms) {
        if (algorithm.name == name) {
            return &algorithm;
        }
    }
    return failf(Code::kInvalidArgument, "unsupported digest algorithm \"{}\"", name);
}

struct ContextDeleter {
    void operator()(EVP_MD_CTX* context) const { EVP_MD_CTX_free(context); }
};

}  // namespace

Result<Digest> parse_digest(std::string_view text) {
    const auto colon = text.find(':');
    if (colon == std::string_view::npos) {
        return failf(Code::kInvalidArgument, "invalid digest \"{}\": expected ALGORITHM:HEX", text);
    }
    LIMA_TRY(const Algorithm* algorithm, find_algorithm(text.substr(0, colon)),
             "invalid digest \"{}\"", text);
    const std::string_view hex = text.substr(colon + 1);
    if (hex.size() != algorithm->bytes * 2) {
        return failf(Code::kInvalidArgument,
                     "invalid digest \"{}\": {} has {} hexadecimal digits, not {}", text,
                     algorithm->name, algorithm->bytes * 2, hex.size());
    }
    if (hex.find_first_not_of("0123456789abcdef") != std::string_view::npos) {
        return failf(Code::kInvalidArgument,
                     "invalid digest \"{}\": expected lower-case hexadecimal digits", text);
    }
    return Digest{std::string(algorithm->name), std::string(hex)};
}

struct Hasher::State {
    std::string algorithm;
    std::unique_ptr<EVP_MD_CTX, ContextDeleter> context;
};

Hasher::Hasher(std::unique_ptr<State> state) : state_(std::move(state)) {}
Hasher::Hasher(Hasher&&) noexcept = default;
Hasher& Hasher::operator=(Hasher&&) noexcept = default;
Hasher::~Hasher() = default;

Result<Hasher> Hasher::create(std::string_view algorithm) {
    LIMA_TRY(const Algorithm* found, find_algorithm(algorithm));
    auto state = std::make_unique<State>();
    state->algorithm = algorithm;
    state->context.reset(EVP_MD_CTX_new());
    if (!state->context || EVP_DigestInit_ex(state->context.get(), found->md(), nullptr) != 1) {
        return failf(Code::kInternal, "cannot set up {}", algorithm);
    }
    return Hasher(std::move(state));
}

void Hasher::update(std::string_view data) {
    LIMA_CHECK(EVP_DigestUpdate(state_->context.get(), data.data(), data.size()) == 1);
}

Digest Hasher::finish() {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    LIMA_CHECK(EVP_DigestFinal_ex(state_->context.get(), bytes.data(), &size) == 1);
    return {state_->algorithm,
            to_hex(std::string_view(reinterpret_cast<const char*>(bytes.data()), size))};
}

std::string sha256_raw(std::string_view data) {
    std::array<unsigned char, EVP_MAX_MD_SIZE> bytes{};
    unsigned int size = 0;
    LIMA_CHECK(EVP_Digest(data.data(), data.size(), bytes.data(), &size, EVP_sha256(), nullptr) ==
               1);
    return {reinterpret_cast<const char*>(bytes.data()), size};
}

std::string sha256_hex(std::string_view data) { return to_hex(sha256_raw(data)); }

Result<Digest> digest_file(const std::filesystem::path& path, std::string_view algorithm) {
    LIMA_TRY(Hasher hasher, Hasher::create(algorithm));
    const Fd file(open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!file) {
        return fail_errno(errno, fmt::format("cannot open {}", path.string()));
    }
    std::vector<char> buffer(1024UL * 1024UL);
    for (;;) {
        const ssize_t count = read(file.get(), buffer.data(), buffer.size());
        if (count < 0 && errno == EINTR) {
            continue;
        }
        if (count < 0) {
            return fail_errno(errno, fmt::format("cannot read {}", path.string()));
        }
        if (count == 0) {
            return hasher.finish();
        }
        hasher.update({buffer.data(), static_cast<std::size_t>(count)});
    }
}

}  // namespace lima
