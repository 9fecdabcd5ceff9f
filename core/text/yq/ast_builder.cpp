#include "core/text/yq/ast_builder.hpp"

#include <algorithm>

namespace lima::text::yq {

Result<Building> AstBuilder::make(Ast::Type type, std::size_t column, std::vector<AstPtr> parts,
                                  std::string text) const {
    auto out = std::make_shared<Ast>();
    out->type = type;
    out->column = column;
    out->text = std::move(text);
    for (const AstPtr& part : parts) {
        out->depth = std::max(out->depth, part == nullptr ? 1 : part->depth + 1);
    }
    out->parts = std::move(parts);
    if (out->depth > kMaxNesting * 2) {
        return wrong_at(column, "nested too deep");
    }
    return out;
}

Result<Building> AstBuilder::literal(std::size_t column, NodePtr value) const {
    LIMA_TRY(Building out, make(Ast::Type::kLiteral, column));
    out->value = std::move(value);
    return out;
}

Result<Building> AstBuilder::chain(Ast::Type type, Building first, Building second,
                                   std::size_t column) const {
    if (first->type == type && first->text.empty()) {
        first->depth = std::max(first->depth, second->depth + 1);
        first->parts.push_back(std::move(second));
        return first;
    }
    return make(type, column, {std::move(first), std::move(second)});
}

Flags AstBuilder::flags_of(std::string_view letters) {
    const auto has = [letters](char c) { return letters.find(c) != std::string_view::npos; };
    return Flags{has('+'), has('?'), has('n'), has('d'), has('c')};
}

void AstBuilder::mark_optional(Ast& ast) {
    ast.optional = true;
    if (ast.type == Ast::Type::kPipe) {
        auto last = std::make_shared<Ast>(*ast.parts.back());
        last->optional = true;
        ast.parts.back() = std::move(last);
    }
}

}  // namespace lima::text::yq
