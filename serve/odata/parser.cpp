#include "serve/odata/parser.h"

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "serve/odata/names.h"

namespace braid::serve::odata {
namespace {

using Op = Node::Op;

constexpr std::pair<std::string_view, Op> kOfEquality[] = {{"eq", Op::eq}, {"ne", Op::ne}};
constexpr std::pair<std::string_view, Op> kOfOrder[] = {{"gt", Op::gt}, {"ge", Op::ge}, {"lt", Op::lt}, {"le", Op::le}};

class Deeper {
 public:
  explicit Deeper(int& depth) : depth_(depth) { ++depth_; }
  ~Deeper() { --depth_; }
  bool too_deep() const { return depth_ > kMostDepth; }

 private:
  int& depth_;
};

Wrong too_deep() {
  return wrong(fmt::format("an expression is at most {} levels deep", kMostDepth));
}

Wrong no_such_property(const Shape& shape, const std::vector<std::string>& names) {
  std::string written;
  for (const std::string& name : names) written += (written.empty() ? "" : "/") + name;
  return wrong(fmt::format("there is no property `{}`; there are {}", written, shape.names()));
}

Node field_node(const Resolved& property) {
  if (property.is_row_id()) return {.op = Op::row_id, .kind = Kind::text, .type = string_type()};
  const Type& type = property.type();
  return {.op = Op::field,
          .kind = kind_of(type),
          .scale = is(type, TypeKind::decimal) ? type->scale : 0,
          .type = type,
          .place = property.place,
          .path = property.path};
}

}  // namespace

Parsed<NodePtr> Parser::make(Node node) {
  if (++nodes_ > kMostNodes) return wrong(fmt::format("an expression has at most {} parts", kMostNodes));
  return std::make_unique<Node>(std::move(node));
}

Parsed<NodePtr> Parser::make(Op op, Kind kind, NodePtr a, NodePtr b) {
  Node node{.op = op, .kind = kind};
  node.of.push_back(std::move(a));
  if (b) node.of.push_back(std::move(b));
  return make(std::move(node));
}

Parsed<NodePtr> Parser::expression() {
  return disjunction();
}

Parsed<NodePtr> Parser::condition() {
  BRAID_ASSIGN(NodePtr made, expression());
  if (made->kind != Kind::boolean && made->kind != Kind::null)
    return wrong(fmt::format("a condition is true or false, and this is {}", edm_name(made->kind)));
  return made;
}

Parsed<NodePtr> Parser::disjunction() {
  BRAID_ASSIGN(NodePtr first, conjunction());
  if (!cursor_.now().is("or")) return first;
  BRAID_ASSIGN(NodePtr made, make(Op::any_of, Kind::boolean, std::move(first)));
  while (cursor_.take("or")) {
    BRAID_ASSIGN(NodePtr next, conjunction());
    made->of.push_back(std::move(next));
  }
  for (const NodePtr& each : made->of)
    if (each->kind != Kind::boolean && each->kind != Kind::null)
      return wrong(fmt::format("`or` is between conditions, and not {}", edm_name(each->kind)));
  return made;
}

Parsed<NodePtr> Parser::conjunction() {
  BRAID_ASSIGN(NodePtr first, negation());
  if (!cursor_.now().is("and")) return first;
  BRAID_ASSIGN(NodePtr made, make(Op::all_of, Kind::boolean, std::move(first)));
  while (cursor_.take("and")) {
    BRAID_ASSIGN(NodePtr next, negation());
    made->of.push_back(std::move(next));
  }
  for (const NodePtr& each : made->of)
    if (each->kind != Kind::boolean && each->kind != Kind::null)
      return wrong(fmt::format("`and` is between conditions, and not {}", edm_name(each->kind)));
  return made;
}

Parsed<NodePtr> Parser::negation() {
  const Deeper deeper(depth_);
  if (deeper.too_deep()) return too_deep();
  if (!cursor_.now().is("not") || cursor_.ahead().is('/')) return comparison(true);
  cursor_.step();
  BRAID_ASSIGN(NodePtr inner, negation());
  if (inner->kind != Kind::boolean && inner->kind != Kind::null)
    return wrong(fmt::format("`not` stands before a condition, and not before {}", edm_name(inner->kind)));
  return make(Op::negation, Kind::boolean, std::move(inner));
}

Parsed<NodePtr> Parser::comparison(bool of_equality) {
  const auto next = [&]() -> Parsed<NodePtr> { return of_equality ? comparison(false) : sum(); };
  BRAID_ASSIGN(NodePtr made, next());
  while (true) {
    std::optional<Op> op;
    for (const auto& [word, each] : kOfEquality)
      if (of_equality && cursor_.now().is(word)) op = each;
    for (const auto& [word, each] : kOfOrder)
      if (!of_equality && cursor_.now().is(word)) op = each;
    if (!of_equality && cursor_.take("in")) {
      BRAID_ASSIGN(made, membership(std::move(made)));
      continue;
    }
    if (!of_equality && cursor_.now().is("has"))
      return not_implemented("`has` is not supported: no enumeration has flags");
    if (!op) return made;
    cursor_.step();
    BRAID_ASSIGN(NodePtr right, next());
    BRAID_ASSIGN(made, compared(*op, std::move(made), std::move(right)));
  }
}

Parsed<NodePtr> Parser::membership(NodePtr left) {
  BRAID_ASSIGN(NodePtr made, make(Op::in, Kind::boolean, std::move(left)));
  if (!cursor_.take('(')) return not_implemented("`in` is supported with a list of literals in parentheses");
  if (cursor_.take(')')) return made;
  do {
    BRAID_ASSIGN(NodePtr each, cursor_.now().kind == Token::Kind::alias ? alias() : literal());
    BRAID_ASSIGN(NodePtr compares, compared(Op::eq,
                                            std::make_unique<Node>(Node{.op = made->of[0]->op,
                                                                        .kind = made->of[0]->kind,
                                                                        .scale = made->of[0]->scale,
                                                                        .type = made->of[0]->type}),
                                            std::move(each)));
    made->of.push_back(std::move(compares->of[1]));
  } while (cursor_.take(','));
  if (!cursor_.take(')')) return cursor_.expected("`,` or `)`");
  return made;
}

Parsed<NodePtr> Parser::compared(Op op, NodePtr a, NodePtr b) {
  if (a->op == Op::literal && !fit_literal(*a, *b))
    return wrong(fmt::format("`{}` is no value of what it is compared with", a->text));
  if (b->op == Op::literal && !fit_literal(*b, *a))
    return wrong(fmt::format("`{}` is no value of what it is compared with", b->text));
  const bool of_order = op != Op::eq && op != Op::ne;
  const bool has_null = a->kind == Kind::null || b->kind == Kind::null;
  const bool same_kind = a->kind == b->kind || (is_number(a->kind) && is_number(b->kind));
  const auto has_values = [](Kind kind) { return kind != Kind::structure && kind != Kind::list; };
  if (!has_null && (!same_kind || !has_values(a->kind)))
    return wrong(fmt::format("{} cannot be compared with {}", edm_name(a->kind), edm_name(b->kind)));
  if (of_order &&
      (a->kind == Kind::boolean || b->kind == Kind::boolean || !has_values(a->kind) || !has_values(b->kind)))
    return wrong(fmt::format("{} has no order", edm_name(has_values(a->kind) ? Kind::boolean : a->kind)));
  if (a->kind == Kind::enumeration && b->kind == Kind::enumeration && a->type && b->type && !same(a->type, b->type))
    return wrong("two enumerations of different types cannot be compared");
  return make(op, Kind::boolean, std::move(a), std::move(b));
}

Parsed<NodePtr> Parser::sum() {
  BRAID_ASSIGN(NodePtr made, product());
  while (cursor_.now().is("add") || cursor_.now().is("sub")) {
    const Op op = cursor_.now().is("add") ? Op::add : Op::sub;
    cursor_.step();
    BRAID_ASSIGN(NodePtr right, product());
    BRAID_ASSIGN(made, computed(op, std::move(made), std::move(right)));
  }
  return made;
}

Parsed<NodePtr> Parser::product() {
  static constexpr std::pair<std::string_view, Op> kSigns[] = {
      {"mul", Op::mul}, {"div", Op::div}, {"divby", Op::divby}, {"mod", Op::mod}};
  BRAID_ASSIGN(NodePtr made, unary());
  while (true) {
    std::optional<Op> op;
    for (const auto& [word, each] : kSigns)
      if (cursor_.now().is(word)) op = each;
    if (!op) return made;
    cursor_.step();
    BRAID_ASSIGN(NodePtr right, unary());
    BRAID_ASSIGN(made, computed(*op, std::move(made), std::move(right)));
  }
}

Parsed<NodePtr> Parser::computed(Op op, NodePtr a, NodePtr b) {
  const Kind left = a->kind, right = b->kind;
  Node node{.op = op};
  if (left == Kind::null || right == Kind::null) {
    node.kind = Kind::null;
  } else if (is_number(left) && is_number(right)) {
    if (left == Kind::floating || right == Kind::floating) {
      node.kind = Kind::floating;
    } else {
      const bool whole = left == Kind::integer && right == Kind::integer && op != Op::divby;
      const int larger = std::max(a->scale, b->scale);
      node.kind = whole ? Kind::integer : Kind::decimal;
      node.scale = whole ? 0 : op == Op::mul ? a->scale + b->scale : larger;
      if (op == Op::divby || (op == Op::div && !whole)) node.scale = std::min(larger + 6, kDecimalDigits);
      if (node.scale > kDecimalDigits) node.kind = Kind::floating;
      if (node.kind == Kind::floating) node.scale = 0;
    }
  } else {
    const bool adds = op == Op::add || op == Op::sub;
    const bool of_time = left == Kind::instant || left == Kind::date || left == Kind::duration;
    if (adds && of_time && right == Kind::duration)
      node.kind = left;
    else if (op == Op::add && left == Kind::duration && (right == Kind::instant || right == Kind::date))
      node.kind = right;
    else if (op == Op::sub && left == right && (left == Kind::instant || left == Kind::date))
      node.kind = Kind::duration;
    else
      return wrong(fmt::format("nothing can be computed of {} and {} in that way", edm_name(left), edm_name(right)));
  }
  node.of.push_back(std::move(a));
  node.of.push_back(std::move(b));
  return make(std::move(node));
}

Parsed<NodePtr> Parser::unary() {
  if (!cursor_.now().is('-')) return primary();
  const Token& next = cursor_.ahead();
  const bool of_literal = next.kind == Token::Kind::literal || next.is("INF");
  if (of_literal) return literal();
  const Deeper deeper(depth_);
  if (deeper.too_deep()) return too_deep();
  cursor_.step();
  BRAID_ASSIGN(NodePtr inner, unary());
  if (!is_number(inner->kind) && inner->kind != Kind::duration && inner->kind != Kind::null)
    return wrong(fmt::format("`-` stands before a number, and not before {}", edm_name(inner->kind)));
  const int scale = inner->scale;
  const Kind kind = inner->kind;
  BRAID_ASSIGN(NodePtr made, make(Op::minus, kind, std::move(inner)));
  made->scale = scale;
  return made;
}

Parsed<NodePtr> Parser::literal() {
  const bool negative = cursor_.take('-');
  Token token = cursor_.now();
  Node node{.op = Op::literal};
  if (token.kind == Token::Kind::name && (token.is("INF") || (token.is("NaN") && !negative))) {
    node.value = real_datum(token.is("INF") ? std::numeric_limits<double>::infinity()
                                            : std::numeric_limits<double>::quiet_NaN());
  } else if (token.kind == Token::Kind::name && !negative && (token.is("true") || token.is("false"))) {
    node.value = boolean_datum(token.is("true"));
  } else if (token.kind == Token::Kind::name && !negative && token.is("null")) {
  } else if (token.kind == Token::Kind::literal) {
    node.value = token.value;
    node.text = std::move(token.text);
  } else if (token.kind == Token::Kind::symbol && !negative) {
    node.value.kind = Kind::text;
    node.text = std::move(token.text);
  } else {
    return cursor_.expected("a literal");
  }
  cursor_.step();
  if (negative) {
    if (!is_number(node.value.kind)) return wrong("`-` stands before a number");
    node.value.number = -node.value.number;
    node.value.real = -node.value.real;
    // -9223372036854775808, whose digits alone are one too large.
    if (node.value.kind == Kind::decimal && node.value.scale == 0 && node.value.number == INT64_MIN)
      node.value.kind = Kind::integer;
  }
  node.kind = node.value.kind;
  node.scale = node.value.scale;
  BRAID_ASSIGN(NodePtr made, make(std::move(node)));
  made->value.text = made->text;
  return made;
}

Parsed<NodePtr> Parser::alias() {
  const std::string name = cursor_.now().text;
  if (in_alias_) return wrong("what an alias stands for has no alias in it");
  const auto found = aliases_.find(name);
  if (found == aliases_.end()) return wrong(fmt::format("`@{}` is not defined", name));
  cursor_.step();
  BRAID_ASSIGN(std::vector<Token> tokens, read_tokens(found->second));
  Cursor inside(std::move(tokens));
  Parser parser(inside, shape_, aliases_);
  parser.in_alias_ = true;
  BRAID_ASSIGN(NodePtr made, parser.literal());
  if (!inside.at_end()) return not_implemented("an alias stands for a literal");
  if (++nodes_ > kMostNodes) return wrong(fmt::format("an expression has at most {} parts", kMostNodes));
  return made;
}

Parsed<std::vector<std::string>> Parser::names() {
  std::vector<std::string> made;
  do {
    if (cursor_.now().kind != Token::Kind::name) return cursor_.expected("a property");
    made.push_back(cursor_.now().text);
    cursor_.step();
    // What stands behind a collection is no field.
    const Token& next = cursor_.ahead();
    if (cursor_.now().is('/') && (next.is("any") || next.is("all")) && cursor_.ahead(2).is('(')) break;
    if (cursor_.now().is('/') && next.is("$count")) break;
  } while (cursor_.take('/'));
  return made;
}

Parsed<Resolved> Parser::path() {
  BRAID_ASSIGN(const std::vector<std::string> written, names());
  std::optional<Resolved> found = shape_.resolve(written);
  if (!found) return no_such_property(shape_, written);
  return *std::move(found);
}

Parsed<NodePtr> Parser::primary() {
  const Deeper deeper(depth_);
  if (deeper.too_deep()) return too_deep();
  if (cursor_.take('(')) {
    BRAID_ASSIGN(NodePtr made, expression());
    if (!cursor_.take(')')) return cursor_.expected("`)`");
    return made;
  }
  const Token& token = cursor_.now();
  if (token.kind == Token::Kind::alias) return alias();
  if (token.kind == Token::Kind::literal || token.kind == Token::Kind::symbol) return literal();
  if (token.kind != Token::Kind::name) return cursor_.expected("a property, a literal or a function");
  if (cursor_.ahead().is('(')) return call(token.text);
  const bool is_property = shape_.find(token.text) != nullptr;
  const bool is_word = token.is("true") || token.is("false") || token.is("null") || token.is("INF") || token.is("NaN");
  if (is_word && !is_property) return literal();
  if (token.is("$it") && cursor_.ahead().is('/')) {
    cursor_.step();
    cursor_.step();
  } else if (token.text.starts_with('$')) {
    return not_implemented(fmt::format("`{}` is not supported here", token.text));
  }
  return member();
}

Parsed<NodePtr> Parser::member() {
  BRAID_ASSIGN(const std::vector<std::string> written, names());
  for (size_t i = variables_.size(); i-- > 0;) {
    if (variables_[i].name != written.front()) continue;
    Shape shape{.row = {{"element", variables_[i].type}}, .properties = {}};
    shape.properties.push_back({.name = variables_[i].name, .path = {0}, .place = place_of(shape.row, {0})});
    const std::optional<Resolved> found = shape.resolve(written);
    if (!found) return no_such_property(shape, written);
    Node node = field_node(*found);
    node.op = Op::element;
    node.variable = i;
    BRAID_ASSIGN(NodePtr made, make(std::move(node)));
    return behind_collection(std::move(made));
  }
  const std::optional<Resolved> found = shape_.resolve(written);
  if (!found) return no_such_property(shape_, written);
  if (found->as_json)
    return not_implemented(
        fmt::format("`{}` is a text that is made for the answer; it cannot be computed with", found->name));
  BRAID_ASSIGN(NodePtr made, make(field_node(*found)));
  return behind_collection(std::move(made));
}

Parsed<NodePtr> Parser::behind_collection(NodePtr collection) {
  if (!cursor_.now().is('/')) return collection;
  if (collection->kind != Kind::list) return cursor_.expected("an operator");
  cursor_.step();
  if (cursor_.take("$count")) return make(Op::count, Kind::integer, std::move(collection));
  if (cursor_.take("any")) return quantified(std::move(collection), Op::any);
  if (cursor_.take("all")) return quantified(std::move(collection), Op::all);
  return cursor_.expected("`any`, `all` or `$count`");
}

Parsed<NodePtr> Parser::quantified(NodePtr collection, Op op) {
  const Deeper deeper(depth_);
  if (deeper.too_deep()) return too_deep();
  if (!cursor_.take('(')) return cursor_.expected("`(`");
  // Else the work for a row would be the product of the lengths of its collections.
  if (!variables_.empty() && (collection->op != Op::element || collection->variable + 1 != variables_.size()))
    return not_implemented("within `any` and `all` stand collections of the element alone");
  const Type element = collection->type->element;
  BRAID_ASSIGN(NodePtr made, make(op, Kind::boolean, std::move(collection)));
  if (op == Op::any && cursor_.take(')')) return made;
  if (cursor_.now().kind != Token::Kind::name || !cursor_.ahead().is(':')) return cursor_.expected("`x:`");
  variables_.push_back({cursor_.now().text, element});
  cursor_.step();
  cursor_.step();
  BRAID_ASSIGN(NodePtr inner, condition());
  variables_.pop_back();
  if (!cursor_.take(')')) return cursor_.expected("`)`");
  made->of.push_back(std::move(inner));
  return made;
}

Parsed<NodePtr> read_condition(std::string_view text, const Shape& shape, const Aliases& aliases) {
  BRAID_ASSIGN(std::vector<Token> tokens, read_tokens(text));
  Cursor cursor(std::move(tokens));
  Parser parser(cursor, shape, aliases);
  BRAID_ASSIGN(NodePtr made, parser.condition());
  if (!cursor.at_end()) return cursor.expected("an operator");
  return made;
}

}  // namespace braid::serve::odata
