// What the parser makes the tree of an expression with: bounded in depth, whatever the text.
// Internal to core/text/yq.
#pragma once

#include "core/text/yq/ast.hpp"
#include "core/text/yq/token_reader.hpp"

#include <memory>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace lima::text::yq {

using Building = std::shared_ptr<Ast>;

class AstBuilder : protected TokenReader {
protected:
    AstBuilder(std::string_view text, std::vector<Token> tokens, int nesting)
        : TokenReader(text, std::move(tokens)), nesting_(nesting) {}

    Result<Building> make(Ast::Type type, std::size_t column, std::vector<AstPtr> parts = {},
                          std::string text = "") const;
    Result<Building> literal(std::size_t column, NodePtr value) const;
    /// Adds to a list of the same type, so that long ones do not nest.
    Result<Building> chain(Ast::Type type, Building first, Building second,
                           std::size_t column) const;
    static Flags flags_of(std::string_view letters);
    static void mark_optional(Ast& ast);

    /// Counts what is open for as long as it lives.
    class Nesting {
    public:
        explicit Nesting(int& count) : count_(++count), counter_(count) {}
        Nesting(const Nesting&) = delete;
        Nesting& operator=(const Nesting&) = delete;
        ~Nesting() { --counter_; }
        bool too_deep() const { return count_ > kMaxNesting; }

    private:
        int count_;
        int& counter_;
    };

    static constexpr int kMaxNesting = 100;
    int nesting_ = 0;
};

}  // namespace lima::text::yq
