#include "check/bench.hpp"

#include <algorithm>

namespace lima::check {
namespace {

constexpr std::size_t kMostMessages = 8;

}  // namespace

const char* status_name(Status status) {
    constexpr const char* kNames[] = {"pass", "warn", "fail", "skip", "crash", "hang"};
    return kNames[static_cast<std::size_t>(status)];
}

bool is_bad(Status status) {
    return status == Status::kFail || status == Status::kCrash || status == Status::kHang;
}

void Bench::note(Status status, const std::string& message) {
    const std::lock_guard guard(mutex_);
    // a failure outweighs a warning, and both a skip
    const auto weight = [](Status s) {
        return s == Status::kFail ? 3 : s == Status::kWarn ? 2 : s == Status::kSkip ? 1 : 0;
    };
    if (weight(status) > weight(status_)) {
        status_ = status;
    }
    if (messages_.size() < kMostMessages &&
        std::find(messages_.begin(), messages_.end(), message) == messages_.end()) {
        messages_.push_back(message);
    }
}

bool Bench::expect(bool condition, const std::string& failure) {
    if (!condition) {
        note(Status::kFail, failure);
    }
    return condition;
}

void Bench::need(bool condition, const std::string& failure) {
    if (!expect(condition, failure)) {
        throw Stop{};
    }
}

void Bench::warn(const std::string& message) { note(Status::kWarn, message); }

void Bench::skip(const std::string& reason) {
    note(Status::kSkip, reason);
    throw Stop{};
}

void Bench::give_up(const std::string& failure) {
    note(Status::kFail, failure);
    report();
    leave_at_once(0);
}

void Bench::report() {
    const std::lock_guard guard(mutex_);
    const Json answer = {{"status", status_name(status_)}, {"messages", messages_}};
    write_all(answer_fd_, answer.dump(-1, ' ', false, Json::error_handler_t::replace));
}

std::string shorten(std::string text, std::size_t longest) {
    std::replace(text.begin(), text.end(), '\n', ' ');
    if (text.size() > longest) {
        text.resize(longest);
        text += " …";
    }
    return text;
}

}  // namespace lima::check
