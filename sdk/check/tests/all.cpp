#include "check/tests/tests.hpp"

#include <algorithm>
#include <iterator>

namespace lima::check {

const std::vector<Test>& all_tests() {
    static const std::vector<Test> tests = [] {
        std::vector<Test> all;
        for (int level = 1; level <= 10; ++level) {
            for (const auto* part :
                 {&kFileTests, &kContractTests, &kExtensionTests, &kVmTests, &kProgramTests,
                  &kThreadTests, &kLeakTests, &kFaultTests, &kStressTests}) {
                std::copy_if(part->begin(), part->end(), std::back_inserter(all),
                             [level](const Test& test) { return test.level == level; });
            }
        }
        return all;
    }();
    return tests;
}

}  // namespace lima::check
