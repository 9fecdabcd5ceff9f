#include "check/tests/tests.hpp"

#include <algorithm>

namespace lima::check {

const std::vector<Test>& all_tests() {
    static const std::vector<Test> tests = [] {
        std::vector<Test> all;
        for (const auto* part :
             {&kFileTests, &kContractTests, &kExtensionTests, &kVmTests, &kProgramTests,
              &kThreadTests, &kLeakTests, &kFaultTests, &kStressTests}) {
            all.insert(all.end(), part->begin(), part->end());
        }
        std::stable_sort(all.begin(), all.end(),
                         [](const Test& a, const Test& b) { return a.level < b.level; });
        return all;
    }();
    return tests;
}

}  // namespace lima::check
