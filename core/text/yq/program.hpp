// yq as a program: `limactl yq`, `lima-guestagent yq`, and a link to either that is called yq. It
// takes the command line of yq v4.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace lima::text::yq {

/// True if the program was called by a name that means yq: "yq", "/usr/bin/yq", "yq.lima.exe".
bool is_yq(std::string_view program);

/// `arguments` without the program's name. Reads the standard input, prints to the standard output;
/// errors go to the standard error. The exit status.
int yq_main(const std::vector<std::string>& arguments);

}  // namespace lima::text::yq
