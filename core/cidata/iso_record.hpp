// The small structures of ISO 9660, Joliet and Rock Ridge as bytes. Internal to core/cidata.
#pragma once

#include "core/cidata/iso_tree.hpp"

#include <cstdint>
#include <string>
#include <string_view>

namespace lima::cidata {

inline constexpr std::uint32_t kSector = 2048;

/// Number of sectors that so many bytes need.
std::uint32_t sectors_of(std::uint64_t bytes);
/// Zeros up to the next sector.
void pad_to_sector(std::string& out);

enum class Endian { kLittle, kBig };
void put16(std::string& out, std::uint16_t value, Endian endian);
void put32(std::string& out, std::uint32_t value, Endian endian);
/// Little-endian, then big-endian.
void put_both16(std::string& out, std::uint16_t value);
void put_both32(std::string& out, std::uint32_t value);

/// Seconds since the epoch, brought into the range that all dates of an image can hold.
std::int64_t clamp_time(std::int64_t time);
std::string short_date(std::int64_t time);  // 7 bytes, of a directory record
std::string long_date(std::int64_t time);   // 17 bytes, of a volume descriptor

/// What a record says in System Use fields too long for it: sectors of their own, a field never
/// across two.
class Continuation {
public:
    explicit Continuation(std::uint32_t first_sector) : first_sector_(first_sector) {}
    /// Stores the bytes and returns the CE field that leads to them.
    std::string store(std::string_view bytes);
    const std::string& data() const { return data_; }

private:
    std::uint32_t first_sector_;
    std::string data_;
};

/// One record; `extra` are the System Use fields that fit.
std::string directory_record(const IsoNode& node, View view, std::string_view id, std::int64_t time,
                             std::string_view extra);
/// The Rock Ridge fields of a record with such an id; those that do not fit go to the continuation.
std::string rock_ridge(const IsoNode& node, std::string_view id, std::string_view name,
                       bool root_dot, std::int64_t time, Continuation& continuation);

}  // namespace lima::cidata
