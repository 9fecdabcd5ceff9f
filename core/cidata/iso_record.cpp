#include "core/cidata/iso_record.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <sys/stat.h>

namespace lima::cidata {
namespace {

constexpr std::size_t kRecordHead = 33;
constexpr std::size_t kMaxRecord = 254;  // one byte of length, and records are even
constexpr std::size_t kCeField = 28;
constexpr std::size_t kNamePart = 250;

struct Civil {
    int year, month, day, hour, minute, second;
};

Civil civil(std::int64_t time) {
    namespace chrono = std::chrono;
    const chrono::sys_seconds point{chrono::seconds(time)};
    const auto day = chrono::floor<chrono::days>(point);
    const chrono::year_month_day date(day);
    const chrono::hh_mm_ss clock(point - day);
    return {static_cast<int>(date.year()),
            static_cast<int>(static_cast<unsigned>(date.month())),
            static_cast<int>(static_cast<unsigned>(date.day())),
            static_cast<int>(clock.hours().count()),
            static_cast<int>(clock.minutes().count()),
            static_cast<int>(clock.seconds().count())};
}

/// A System Use field: two letters, length, version 1, content.
std::string field(std::string_view signature, std::string_view content) {
    std::string out(signature);
    out += static_cast<char>(content.size() + 4);
    out += '\1';
    out += content;
    return out;
}

std::string posix_field(const IsoNode& node) {
    std::uint32_t links = 1;
    if (node.directory) {
        links = 2;
        for (const auto& child : node.children) {
            links += child->directory ? 1 : 0;
        }
    }
    const auto type = static_cast<std::uint32_t>(node.directory ? S_IFDIR : S_IFREG);
    std::string content;
    for (std::uint32_t value : {type | node.mode, links, 0U, 0U}) {  // mode, links, user, group
        put_both32(content, value);
    }
    return field("PX", content);
}

std::string time_field(std::int64_t time) {
    constexpr char kModifyAccessChange = 0x0E;
    const std::string date = short_date(time);
    return field("TF", kModifyAccessChange + date + date + date);
}

std::vector<std::string> name_fields(std::string_view name) {
    constexpr char kContinues = 1;
    std::vector<std::string> out;
    while (!name.empty()) {
        const std::string_view part = name.substr(0, kNamePart);
        name.remove_prefix(part.size());
        out.push_back(field("NM", (name.empty() ? '\0' : kContinues) + std::string(part)));
    }
    return out;
}

std::string share_protocol_fields() {
    const std::string sp = field("SP", std::string("\xBE\xEF\0", 3));
    constexpr std::string_view kId = "RRIP_1991A";
    std::string content = {static_cast<char>(kId.size()), 0, 0, 1};  // no description, no source
    return sp + field("ER", content.append(kId));
}

}  // namespace

std::uint32_t sectors_of(std::uint64_t bytes) {
    return static_cast<std::uint32_t>((bytes + kSector - 1) / kSector);
}

void pad_to_sector(std::string& out) {
    out.resize(static_cast<std::size_t>(sectors_of(out.size())) * kSector, '\0');
}

void put16(std::string& out, std::uint16_t value, Endian endian) {
    const auto low = static_cast<char>(value & 0xFF);
    const auto high = static_cast<char>(value >> 8);
    out += endian == Endian::kLittle ? low : high;
    out += endian == Endian::kLittle ? high : low;
}

void put32(std::string& out, std::uint32_t value, Endian endian) {
    const auto low = static_cast<std::uint16_t>(value & 0xFFFF);
    const auto high = static_cast<std::uint16_t>(value >> 16);
    put16(out, endian == Endian::kLittle ? low : high, endian);
    put16(out, endian == Endian::kLittle ? high : low, endian);
}

void put_both16(std::string& out, std::uint16_t value) {
    put16(out, value, Endian::kLittle);
    put16(out, value, Endian::kBig);
}

void put_both32(std::string& out, std::uint32_t value) {
    put32(out, value, Endian::kLittle);
    put32(out, value, Endian::kBig);
}

std::int64_t clamp_time(std::int64_t time) {
    namespace chrono = std::chrono;
    // a year is one byte from 1900 on
    constexpr chrono::sys_seconds kEnd =
        chrono::sys_days(chrono::year(2156) / 1 / 1) - chrono::seconds(1);
    return std::clamp<std::int64_t>(time, 0, kEnd.time_since_epoch().count());
}

std::string short_date(std::int64_t time) {
    const Civil c = civil(time);
    std::string out;
    for (int value : {c.year - 1900, c.month, c.day, c.hour, c.minute, c.second, 0}) {
        out += static_cast<char>(value);
    }
    return out;
}

std::string long_date(std::int64_t time) {
    const Civil c = civil(time);
    return fmt::format("{:04}{:02}{:02}{:02}{:02}{:02}00", c.year, c.month, c.day, c.hour, c.minute,
                       c.second) +
           '\0';
}

std::string Continuation::store(std::string_view bytes) {
    if (data_.size() % kSector + bytes.size() > kSector) {
        pad_to_sector(data_);
    }
    std::string content;
    put_both32(content, first_sector_ + static_cast<std::uint32_t>(data_.size() / kSector));
    put_both32(content, static_cast<std::uint32_t>(data_.size() % kSector));
    put_both32(content, static_cast<std::uint32_t>(bytes.size()));
    data_ += bytes;
    return field("CE", content);
}

std::string directory_record(const IsoNode& node, View view, std::string_view id, std::int64_t time,
                             std::string_view extra) {
    constexpr char kDirectory = 2;
    const IsoNode::Place& place = node.place[view];
    std::string out(2, '\0');  // length, filled in last; no extended attributes
    put_both32(out, node.directory ? place.sector : node.sector);
    put_both32(out, node.directory ? place.size : static_cast<std::uint32_t>(node.size));
    out += short_date(time);
    out += node.directory ? kDirectory : '\0';
    out.append(2, '\0');  // not interleaved
    put_both16(out, 1);   // volume
    out += static_cast<char>(id.size());
    out += id;
    if (out.size() % 2 != 0) {
        out += '\0';
    }
    out += extra;
    if (out.size() % 2 != 0) {
        out += '\0';
    }
    out[0] = static_cast<char>(out.size());
    return out;
}

std::string rock_ridge(const IsoNode& node, std::string_view id, std::string_view name,
                       bool root_dot, std::int64_t time, Continuation& continuation) {
    std::vector<std::string> fields;
    if (root_dot) {
        fields.push_back(share_protocol_fields());
    }
    fields.push_back(posix_field(node));
    fields.push_back(time_field(time));
    for (std::string& part : name_fields(name)) {
        fields.push_back(std::move(part));
    }
    std::size_t total = 0;
    for (const std::string& each : fields) {
        total += each.size();
    }
    const std::size_t head = (kRecordHead + id.size() + 1) / 2 * 2;
    const bool fits = head + total <= kMaxRecord;
    const std::size_t room = kMaxRecord - head - (fits ? 0 : kCeField);
    std::string out;
    std::string rest;
    for (const std::string& each : fields) {
        const bool here = rest.empty() && out.size() + each.size() <= room;
        (here ? out : rest) += each;
    }
    return fits ? out : out + continuation.store(rest);
}

}  // namespace lima::cidata
