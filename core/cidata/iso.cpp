// Order on the disc: system area, descriptors, path tables, directories with Rock Ridge, their
// continuations, Joliet's directories, data of the files. All but the data is made in memory first;
// the data is streamed behind it.
#include "core/base/fd.hpp"
#include "core/base/fs.hpp"
#include "core/base/text.hpp"
#include "core/cidata/iso_record.hpp"

#include <algorithm>
#include <fcntl.h>
#include <limits>
#include <unistd.h>

namespace lima::cidata {
namespace {

constexpr std::uint32_t kFirstDescriptor = 16;
constexpr std::uint32_t kFirstTable = kFirstDescriptor + 3;
constexpr std::string_view kDot("\0", 1);
constexpr std::string_view kDotDot("\1", 1);
constexpr std::size_t kCopyBuffer = 1 << 20;

void append_record(std::string& out, const std::string& record) {
    if (out.size() % kSector + record.size() > kSector) {
        pad_to_sector(out);  // a record lies within one sector
    }
    out += record;
}

class Image {
public:
    Image(IsoNode& root, const IsoOptions& options)
        : root_(root), label_(options.label), time_(clamp_time(options.time)) {
        for (View view : {kPrimary, kJoliet}) {
            directories_[view] = directories(root_, view);
        }
    }

    Result<void> check() const {
        if (label_.empty() || label_.size() > 32 || to_ucs2(label_).size() > 32) {
            return failf(Code::kInvalidArgument, "{} cannot be the label of an ISO image",
                         go_quote(label_));
        }
        if (directories_[kPrimary].size() > std::numeric_limits<std::uint16_t>::max()) {
            return fail(Code::kInvalidArgument, "too many directories for an ISO image");
        }
        return {};
    }

    /// Gives every table, directory and file its sectors.
    void lay_out() {
        std::uint32_t next = kFirstTable;
        for (View view : {kPrimary, kJoliet}) {
            std::uint16_t number = 0;
            for (IsoNode* directory : directories_[view]) {
                directory->place[view].number = ++number;
            }
            table_size_[view] =
                static_cast<std::uint32_t>(path_table(view, Endian::kLittle).size());
            for (std::uint32_t& table : table_[view]) {
                table = next;
                next += sectors_of(table_size_[view]);
            }
        }
        next = place_directories(kPrimary, next);
        continuation_ = next;
        Continuation sized(next);
        for (IsoNode* directory : directories_[kPrimary]) {
            directory_data(*directory, kPrimary, sized);
        }
        next += sectors_of(sized.data().size());
        next = place_directories(kJoliet, next);
        first_file_ = next;
        place_files(root_, next);
        end_ = next;
    }

    /// Everything before the data of the files.
    std::string head() const {
        std::string out(static_cast<std::size_t>(kFirstDescriptor) * kSector, '\0');
        out += descriptor(kPrimary);
        out += descriptor(kJoliet);
        out +=
            "\xFF"
            "CD001\1";
        pad_to_sector(out);
        for (View view : {kPrimary, kJoliet}) {
            for (Endian endian : {Endian::kLittle, Endian::kBig}) {
                out += path_table(view, endian);
                pad_to_sector(out);
            }
        }
        Continuation continuation(continuation_);
        for (const IsoNode* directory : directories_[kPrimary]) {
            out += directory_data(*directory, kPrimary, continuation);
        }
        out += continuation.data();
        pad_to_sector(out);
        for (const IsoNode* directory : directories_[kJoliet]) {
            out += directory_data(*directory, kJoliet, continuation);
        }
        LIMA_CHECK(out.size() == static_cast<std::size_t>(first_file_) * kSector);
        return out;
    }

    /// In the order of the disc.
    const std::vector<const IsoNode*>& files() const { return files_; }

private:
    std::uint32_t place_directories(View view, std::uint32_t next) {
        for (IsoNode* directory : directories_[view]) {
            Continuation unused(0);
            IsoNode::Place& place = directory->place[view];
            place.size =
                static_cast<std::uint32_t>(directory_data(*directory, view, unused).size());
            place.sector = next;
            next += sectors_of(place.size);
        }
        return next;
    }

    void place_files(IsoNode& directory, std::uint32_t& next) {
        for (const auto& child : directory.children) {
            if (child->directory) {
                place_files(*child, next);
            } else {
                child->sector = next;
                next += sectors_of(child->size);
                files_.push_back(child.get());
            }
        }
    }

    std::string path_table(View view, Endian endian) const {
        std::string out;
        for (const IsoNode* directory : directories_[view]) {
            const IsoNode::Place& place = directory->place[view];
            const std::string_view id = directory == &root_ ? kDot : std::string_view(place.id);
            out += static_cast<char>(id.size());
            out += '\0';
            put32(out, place.sector, endian);
            put16(out, directory->parent->place[view].number, endian);
            out += id;
            if (id.size() % 2 != 0) {
                out += '\0';
            }
        }
        return out;
    }

    std::string record(const IsoNode& node, View view, std::string_view id, std::string_view name,
                       bool root_dot, Continuation& continuation) const {
        const std::string extra =
            view == kPrimary ? rock_ridge(node, id, name, root_dot, time_, continuation) : "";
        return directory_record(node, view, id, time_, extra);
    }

    std::string directory_data(const IsoNode& directory, View view,
                               Continuation& continuation) const {
        std::string out;
        const bool root = &directory == &root_;
        append_record(out, record(directory, view, kDot, "", root, continuation));
        append_record(out, record(*directory.parent, view, kDotDot, "", false, continuation));
        for (const IsoNode* child : directory.place[view].sorted) {
            append_record(
                out, record(*child, view, child->place[view].id, child->name, false, continuation));
        }
        pad_to_sector(out);
        return out;
    }

    /// Text padded with spaces, in the characters of the volume.
    static void put_text(std::string& out, View view, std::string_view text, std::size_t size) {
        const std::string bytes = view == kPrimary ? std::string(text) : to_ucs2(text);
        const std::string space = view == kPrimary ? " " : to_ucs2(" ");
        const std::size_t end = out.size() + size;
        out += bytes;
        while (out.size() + space.size() <= end) {
            out += space;
        }
        out.resize(end, '\0');
    }

    std::string descriptor(View view) const {
        std::string out(1, view == kPrimary ? '\1' : '\2');
        out.append("CD001\1").append(1, '\0');
        put_text(out, view, "", 32);  // system
        put_text(out, view, label_, 32);
        out.append(8, '\0');
        put_both32(out, end_);
        std::string escapes = view == kPrimary ? "" : "%/E";  // UCS-2 level 3
        escapes.resize(32, '\0');
        out += escapes;
        for (std::uint16_t value : {std::uint16_t(1), std::uint16_t(1), std::uint16_t(kSector)}) {
            put_both16(out, value);  // volumes in the set, number of this one, block size
        }
        put_both32(out, table_size_[view]);
        put32(out, table_[view][0], Endian::kLittle);
        put32(out, 0, Endian::kLittle);
        put32(out, table_[view][1], Endian::kBig);
        put32(out, 0, Endian::kBig);
        out += directory_record(root_, view, kDot, time_, "");
        for (std::size_t size : {128, 128, 128, 128, 37, 37, 37}) {
            put_text(out, view, "", size);  // who made it, and files that tell more
        }
        const std::string never = std::string(16, '0') + '\0';
        const std::string date = long_date(time_);
        out += date;   // created
        out += date;   // changed
        out += never;  // expires
        out += never;  // becomes valid
        out += '\1';
        pad_to_sector(out);
        return out;
    }

    IsoNode& root_;
    std::string label_;
    std::int64_t time_;
    std::array<std::vector<IsoNode*>, kViews> directories_;
    std::array<std::uint32_t, kViews> table_size_{};
    std::array<std::array<std::uint32_t, 2>, kViews> table_{};
    std::uint32_t continuation_ = 0;
    std::uint32_t first_file_ = 0;
    std::uint32_t end_ = 0;
    std::vector<const IsoNode*> files_;
};

Result<void> copy_source(int out, const IsoNode& file) {
    const std::string& source = file.entry->source.native();
    const Fd in(::open(source.c_str(), O_RDONLY | O_CLOEXEC));
    if (!in) {
        return fail_errno(errno, "cannot read " + source);
    }
    std::string buffer(kCopyBuffer, '\0');
    std::uint64_t left = file.size;
    while (true) {
        const ssize_t got = ::read(in.get(), buffer.data(), buffer.size());
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return fail_errno(errno, "cannot read " + source);
        }
        if (static_cast<std::uint64_t>(got) > left || (got == 0 && left > 0)) {
            return failf(Code::kAborted, "{} changed its size while it was read", source);
        }
        if (got == 0) {
            return {};
        }
        left -= static_cast<std::uint64_t>(got);
        LIMA_DO(write_all(out, std::string_view(buffer).substr(0, static_cast<std::size_t>(got))));
    }
}

Result<void> write_image(int out, const Image& image) {
    LIMA_DO(write_all(out, image.head()));
    for (const IsoNode* file : image.files()) {
        if (file->entry->source.empty()) {
            LIMA_DO(write_all(out, file->entry->data));
        } else {
            LIMA_DO(copy_source(out, *file));
        }
        const std::uint64_t whole = std::uint64_t(sectors_of(file->size)) * kSector;
        LIMA_DO(write_all(out, std::string(static_cast<std::size_t>(whole - file->size), '\0')));
    }
    return {};
}

Result<void> write_beside(const std::filesystem::path& draft, const Image& image) {
    // a draft that a crash left; the image may carry secrets of provisioning scripts, hence the
    // mode
    LIMA_DO(fs::remove_if_exists(draft));
    const Fd out(::open(draft.c_str(), O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600));
    if (!out) {
        return fail_errno(errno, "cannot write " + draft.native());
    }
    LIMA_DO(write_image(out.get(), image), "cannot write {}", draft.native());
    return {};
}

}  // namespace

Result<void> write_iso(const std::filesystem::path& path, const std::vector<Entry>& entries,
                       const IsoOptions& options) {
    LIMA_TRY(auto root, make_iso_tree(entries), "cannot make {}", path.native());
    Image image(*root, options);
    LIMA_DO(image.check(), "cannot make {}", path.native());
    image.lay_out();
    std::filesystem::path draft = path;
    draft += ".tmp";
    auto result = write_beside(draft, image);
    if (result) {
        result = fs::rename(draft, path);
    }
    if (!result) {
        ::unlink(draft.c_str());
    }
    return result;
}

}  // namespace lima::cidata
