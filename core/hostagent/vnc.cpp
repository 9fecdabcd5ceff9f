#include "core/hostagent/vnc.hpp"

#include "core/base/fs.hpp"
#include "core/base/text.hpp"

#include <algorithm>
#include <charconv>
#include <random>

namespace lima::hostagent {
namespace {

constexpr int kFirstPort = 5900;
constexpr std::size_t kPasswordSize = 8;
constexpr std::size_t kPasswordDigits = 2;

Result<int> number_of(std::string_view text, const std::string& what) {
    int value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc() || end != text.data() + text.size() || value < 0 || value > 65535) {
        return failf(Code::kInvalidArgument, "{} is no number of a VNC display", go_quote(what));
    }
    return value;
}

}  // namespace

Result<VncAddress> VncAddress::parse(const std::string& text) {
    const std::vector<std::string> fields = split(text, ',');
    const std::string& address = fields.front();
    const std::size_t colon = address.rfind(':');
    if (colon == std::string::npos) {
        return failf(Code::kInvalidArgument, "field `video.vnc.display` is no HOST:NUMBER: {}",
                     go_quote(text));
    }
    VncAddress out;
    out.host = address.substr(0, colon);
    LIMA_TRY(out.display, number_of(std::string_view(address).substr(colon + 1), address));
    out.may_move = std::any_of(fields.begin() + 1, fields.end(),
                               [](const std::string& field) { return field.starts_with("to="); });
    return out;
}

std::string VncAddress::text() const { return fmt::format("{}:{}", host, display); }

std::string VncAddress::url() const {
    return fmt::format("vnc://{}:{}", host, kFirstPort + display);
}

std::string make_vnc_password(const std::function<unsigned(unsigned)>& random) {
    constexpr std::string_view kLetters = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
    std::string out;
    while (out.size() < kPasswordSize) {
        out += out.size() < kPasswordDigits
                   ? static_cast<char>('0' + random(10))
                   : kLetters[random(static_cast<unsigned>(kLetters.size()))];
    }
    for (std::size_t i = out.size() - 1; i > 0; --i) {
        std::swap(out[i], out[random(static_cast<unsigned>(i) + 1)]);
    }
    return out;
}

bool vnc_files_are_there(const std::filesystem::path& instance_dir) {
    return fs::exists(instance_dir / kVncDisplayFile) &&
           fs::exists(instance_dir / kVncPasswordFile);
}

Result<std::string> publish_vnc(driver::Driver& driver, const std::string& display,
                                const std::filesystem::path& instance_dir) {
    LIMA_TRY(VncAddress address, VncAddress::parse(display));
    std::random_device source;
    const std::string password = make_vnc_password([&source](unsigned below) {
        return std::uniform_int_distribution<unsigned>(0, below - 1)(source);
    });
    LIMA_DO(driver.change_display_password(password));
    LIMA_DO(fs::write_file_atomic(instance_dir / kVncPasswordFile, password, 0600));
    if (address.may_move) {
        LIMA_TRY(const std::string port, driver.display_connection());
        LIMA_TRY(const int number, number_of(port, port));
        address.display = number - kFirstPort;
    }
    LIMA_DO(fs::write_file_atomic(instance_dir / kVncDisplayFile, address.text(), 0600));
    return address.url();
}

}  // namespace lima::hostagent
