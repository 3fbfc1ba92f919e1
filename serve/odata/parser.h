// Reads expressions of OData into trees (expression.h), and checks their types.
//
// By the grammar of version 4.0, and of 4.01 what is common: `in`, `divby`, symbols as texts. Depth, nodes and tokens
// are bounded. Pure.
#pragma once

#include <map>
#include <optional>

#include "serve/odata/lexer.h"
#include "serve/odata/shape.h"

namespace braid::serve::odata {

inline constexpr int kMostDepth = 256;       ///< of parentheses, functions and signs in one another
inline constexpr size_t kMostNodes = 1'000;  ///< of one expression

/// What `@p` stands for: texts of expressions without names.
using Aliases = std::map<std::string, std::string>;

class Parser {
 public:
  /// All outlive this.
  Parser(Cursor& cursor, const Shape& shape, const Aliases& aliases)
      : cursor_(cursor), shape_(shape), aliases_(aliases) {}

  /// Up to where the expression ends.
  Parsed<NodePtr> expression();
  /// The same, which must be a condition.
  Parsed<NodePtr> condition();
  /// `city` or `window/start`, up to its end.
  Parsed<Resolved> path();
  /// A literal, with its sign.
  Parsed<NodePtr> literal();

 private:
  struct Variable {
    std::string name;
    Type type;  ///< of the elements
  };

  Parsed<NodePtr> disjunction();
  Parsed<NodePtr> conjunction();
  Parsed<NodePtr> negation();
  Parsed<NodePtr> comparison(bool of_equality);
  Parsed<NodePtr> membership(NodePtr left);
  Parsed<NodePtr> sum();
  Parsed<NodePtr> product();
  Parsed<NodePtr> unary();
  Parsed<NodePtr> primary();
  Parsed<NodePtr> alias();
  Parsed<NodePtr> call(const std::string& name);
  Parsed<NodePtr> member();
  Parsed<NodePtr> behind_collection(NodePtr collection);
  Parsed<NodePtr> quantified(NodePtr collection, Node::Op op);
  Parsed<std::vector<std::string>> names();

  Parsed<NodePtr> make(Node node);
  Parsed<NodePtr> make(Node::Op op, Kind kind, NodePtr a, NodePtr b = nullptr);
  Parsed<NodePtr> compared(Node::Op op, NodePtr a, NodePtr b);
  Parsed<NodePtr> computed(Node::Op op, NodePtr a, NodePtr b);

  Cursor& cursor_;
  const Shape& shape_;
  const Aliases& aliases_;
  std::vector<Variable> variables_;
  int depth_ = 0;
  size_t nodes_ = 0;
  bool in_alias_ = false;
};

/// All of the text as one condition.
Parsed<NodePtr> read_condition(std::string_view text, const Shape& shape, const Aliases& aliases = {});

/// Makes a literal fit the kind beside which it stands: a text where an enumeration, an instant or a guid is, a date
/// where an instant is. False: it does not fit.
bool fit_literal(Node& literal, const Node& beside);

}  // namespace braid::serve::odata
