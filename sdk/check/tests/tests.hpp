// The tests, one function each, and the list of them. A name is group.what; --list prints what each
// wants. Levels: 1 to 3 the file and the record, 4 and 5 the contract, 6 to 8 threads, leaks and
// faults, 9 and 10 what takes long.
#pragma once

#include "check/bench.hpp"

namespace lima::check {

struct Test {
    const char* name;
    int level;
    unsigned ways;  // Way bits
    const char* wants;
    void (*run)(Bench&);
    int limit_s = 30;
};

/// In the order in which they are run.
const std::vector<Test>& all_tests();

// Each file of tests gives its part.
extern const std::vector<Test> kFileTests;
extern const std::vector<Test> kContractTests;
extern const std::vector<Test> kExtensionTests;
extern const std::vector<Test> kVmTests;
extern const std::vector<Test> kProgramTests;
extern const std::vector<Test> kThreadTests;
extern const std::vector<Test> kLeakTests;
extern const std::vector<Test> kFaultTests;
extern const std::vector<Test> kStressTests;

}  // namespace lima::check
