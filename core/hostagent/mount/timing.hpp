// How long things may take that concern mounts; tests shorten them.
#pragma once

#include <chrono>

namespace lima::hostagent {

struct MountTiming {
    std::chrono::milliseconds mount{90'000};  // from the start of ssh to the mount in the guest
    std::chrono::milliseconds grace{2'000};   // for a program to end by itself
    // Between tries to make a lost mount again: the first is at once, then these, doubled.
    std::chrono::milliseconds first_pause{250};
    std::chrono::milliseconds max_pause{15'000};
    std::chrono::milliseconds give_up_after{600'000};
    std::chrono::milliseconds settled{10'000};  // one that held this long was no failure
};

}  // namespace lima::hostagent
