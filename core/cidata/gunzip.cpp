#include "core/base/fd.hpp"
#include "core/cidata/seed.hpp"

#include <fcntl.h>
#include <unistd.h>
#include <zlib.h>

namespace lima::cidata {
namespace {

constexpr std::size_t kMaxContent = std::size_t(512)
                                    << 20;  // far above any guest agent: no bomb gets through

/// gzread over a descriptor that zlib owns.
class GzFile {
public:
    explicit GzFile(Fd fd) : file_(gzdopen(fd.get(), "rb")) {
        if (file_ != nullptr) {
            fd.release();
        }
    }
    GzFile(const GzFile&) = delete;
    GzFile& operator=(const GzFile&) = delete;
    ~GzFile() {
        if (file_ != nullptr) {
            gzclose(file_);
        }
    }
    gzFile get() const { return file_; }

private:
    gzFile file_;
};

}  // namespace

Result<std::string> gunzip(const std::filesystem::path& path) {
    Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    if (!fd) {
        return fail_errno(errno, "cannot read " + path.native());
    }
    const GzFile file(std::move(fd));
    if (file.get() == nullptr) {
        return fail(Code::kResourceExhausted, "no memory to unpack " + path.native());
    }
    gzbuffer(file.get(), 1 << 17);
    std::string out;
    std::string buffer(1 << 18, '\0');
    while (true) {
        const int got = gzread(file.get(), buffer.data(), static_cast<unsigned>(buffer.size()));
        int error = Z_OK;
        const char* text = gzerror(file.get(), &error);
        // gzread takes a file that is no gzip, or whose end is missing, as good unless asked
        if (got < 0 || error != Z_OK || gzdirect(file.get()) != 0) {
            return failf(Code::kInvalidArgument, "cannot unpack {}: {}", path.native(),
                         gzdirect(file.get()) != 0 ? "not a gzip file" : text);
        }
        if (got == 0) {
            return out;
        }
        out.append(buffer, 0, static_cast<std::size_t>(got));
        if (out.size() > kMaxContent) {
            return failf(Code::kInvalidArgument, "{} unpacks to more than {} bytes", path.native(),
                         kMaxContent);
        }
    }
}

}  // namespace lima::cidata
