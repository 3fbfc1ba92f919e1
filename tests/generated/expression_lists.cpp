// Lists with lambdas, maps, and JSON of any shape.
#include <fmt/format.h>

#include "tests/generated/expression_maker.h"

namespace braid::generated {

Type counts_type() {
  static const Type type = map_type(string_type(), int_type());
  return type;
}

/// `x => …`, over an int.
Part ExpressionMaker::lambda(const Type& result, int depth) {
  const std::string name = new_name();
  scope_.push_back({name, int_type()});
  Part body = make(result, depth);
  scope_.pop_back();
  return whole({name + " => ", std::move(body)});
}

/// `(k, v) => …`, over an entry of counts.
Part ExpressionMaker::lambda_of_entry(const Type& result, int depth) {
  const std::string key = new_name(), value = new_name();
  scope_.push_back({key, string_type()});
  scope_.push_back({value, int_type()});
  Part body = make(result, depth);
  scope_.resize(scope_.size() - 2);
  return whole({"(" + key + ", " + value + ") => ", std::move(body)});
}

Part ExpressionMaker::counts(int depth) {
  return make(counts_type(), depth);
}

std::optional<Part> ExpressionMaker::int_of_all(int depth) {
  switch (rng_.below(may_fail_ ? 9 : 6)) {
    case 0:
      return expression({counts(depth), ".size()"});
    case 1:
      return expression({"(", counts(depth), "[", make(string_type(), depth), "] ?? ", literal(int_type()), ")"});
    case 2:
      return expression({ints(depth), ".count(", lambda(bool_type(), depth), ")"});
    case 3:
      return expression({ints(depth), ".occurrences(", make(int_type(), depth), ")"});
    case 4:
      return expression({"(", ints(depth), rng_.chance(2) ? ".find(" : ".index_of(", lambda(bool_type(), depth),
                         ") ?? ", literal(int_type()), ")"});
    case 5:
      return expression({"(", ints(depth), rng_.chance(2) ? ".min_by(" : ".max_by(", lambda(int_type(), 0), ") ?? ",
                         literal(int_type()), ")"});
    case 6: {
      const std::string sum = new_name(), value = new_name();
      return expression({ints(depth), ".reduce(", literal(int_type()), ", (" + sum + ", " + value + ") => ",
                         rng_.chance(2) ? sum + " + " + value : "greatest(" + sum + ", " + value + " - 1)", ")"});
    }
    case 7: {
      const std::string sum = new_name(), key = new_name(), value = new_name();
      return expression({counts(depth), ".reduce(", literal(int_type()),
                         ", (" + sum + ", " + key + ", " + value + ") => " + sum + " + " + key + ".length() * " + value,
                         ")"});
    }
    default:
      return expression({ints(depth), ".sum()"});
  }
}

std::optional<Part> ExpressionMaker::bool_of_all(int depth) {
  std::vector<const Readable*> documents;
  for (const Readable& each : scope_)
    if (is(each.type, TypeKind::json)) documents.push_back(&each);
  switch (rng_.below(documents.empty() ? 6 : 8)) {
    case 0:
      return expression({ints(depth), rng_.chance(2) ? ".all(" : ".none(", lambda(bool_type(), depth), ")"});
    case 1:
      return expression({counts(depth), ".has(", make(string_type(), depth), ")"});
    case 2:
      return expression({"(", make(string_type(), depth), rng_.chance(2) ? " in " : " not in ", counts(depth), ")"});
    case 3:
      return expression({counts(depth), rng_.chance(2) ? ".any(" : ".all(", lambda_of_entry(bool_type(), depth), ")"});
    case 4:
      return expression({"(", counts(depth), rng_.chance(2) ? " == " : " != ", counts(depth), ")"});
    case 5:
      return expression({ints(depth), rng_.chance(2) ? ".has_any(" : ".has_all(", ints(depth), ")"});
    case 6: {
      const char* const kTests[] = {".is_object()", ".is_list()", ".is_number()", ".is_string()", ".has(\"a\")"};
      const std::string& document = documents[rng_.below(documents.size())]->text;
      return expression({document, kTests[rng_.below(std::size(kTests))]});
    }
    default: {
      const std::string& document = documents[rng_.below(documents.size())]->text;
      return expression({"(", document, rng_.chance(2) ? ".a" : "[0]", ".type_of() == \"number\")"});
    }
  }
}

std::optional<Part> ExpressionMaker::text_of_all(int depth) {
  std::vector<const Readable*> documents;
  for (const Readable& each : scope_)
    if (is(each.type, TypeKind::json)) documents.push_back(&each);
  switch (rng_.below(documents.empty() ? 2 : 4)) {
    case 0:
      return may_fail_ ? expression({counts(depth), ".keys().join(", literal(string_type()), ")"})
                       : leaf(string_type());
    case 1:
      return may_fail_ ? expression({ints(depth), ".map(", lambda(string_type(), depth), ").join(\",\")"})
                       : leaf(string_type());
    case 2:
      return expression({documents[rng_.below(documents.size())]->text, ".type_of()"});
    default:
      return expression({documents[rng_.below(documents.size())]->text, ".json_text()"});
  }
}

std::optional<Part> ExpressionMaker::of_all(const Type& type, int depth) {
  if (is(type, TypeKind::integer)) return int_of_all(depth);
  if (is(type, TypeKind::boolean)) return bool_of_all(depth);
  if (is(type, TypeKind::string)) return text_of_all(depth);
  if (is(type, TypeKind::json)) return expression({leaf(type), rng_.chance(2) ? ".a" : "[0]"});
  if (same(type, counts_type())) switch (rng_.below(may_fail_ ? 7 : 4)) {
      case 0:
        return expression({counts(depth), ".remove(", make(string_type(), depth), ")"});
      case 1:
        return expression({counts(depth), ".filter(", lambda_of_entry(bool_type(), depth), ")"});
      case 2:
        return expression({counts(depth), ".map_values(", lambda(int_type(), depth), ")"});
      case 3:
        return leaf(type);
      case 4:
        return expression({counts(depth), ".put(", make(string_type(), depth), ", ", make(int_type(), depth), ")"});
      case 5:
        return expression({counts(depth), ".merge(", counts(depth), ")"});
      default: {
        const std::string name = new_name();
        return expression({ints(depth),
                           ".map(" + name + " => { key: ", rng_.chance(2) ? "string(" + name + ")" : "\"a\"",
                           ", value: " + name + " }).to_map_last()"});
      }
    }
  if (is_optional(type) && is(type->element, TypeKind::integer)) switch (rng_.below(4)) {
      case 0:
        return expression({counts(depth), "[", make(string_type(), depth), "]"});
      case 1:
        return expression({ints(depth), ".find(", lambda(bool_type(), depth), ")"});
      case 2:
        return expression(
            {counts(depth), rng_.chance(2) ? ".min_by(" : ".max_by(", lambda_of_entry(int_type(), 0), ")?.value"});
      default:
        return expression({ints(depth), ".index_of(", make(int_type(), depth), ")"});
    }
  if (!is(type, TypeKind::list) || !is(type->element, TypeKind::integer)) return std::nullopt;
  switch (rng_.below(may_fail_ ? 10 : 7)) {
    case 0:
      return expression({ints(depth), rng_.chance(2) ? ".reverse()" : ".distinct()"});
    case 1:
      return expression({ints(depth), rng_.chance(2) ? ".take(" : ".skip(", literal(int_type()), ")"});
    case 2:
      return expression({ints(depth), ".slice(", literal(int_type()), ", ", literal(int_type()), ")"});
    case 3:
      return expression(
          {ints(depth), rng_.chance(2) ? ".take_while(" : ".skip_while(", lambda(bool_type(), depth), ")"});
    case 4:
      return expression({ints(depth), ".sort_by(", lambda(int_type(), depth), ")"});
    case 5:
      return expression({ints(depth), rng_.chance(2) ? ".intersection(" : ".difference(", ints(depth), ")"});
    case 6:
      return expression({counts(depth), rng_.chance(2) ? ".values()" : ".map((k, v) => v)"});
    case 7: {
      const std::string name = new_name();
      return expression({ints(depth), ".flat_map(" + name + " => [" + name + ", ", make(int_type(), 0), "])"});
    }
    case 8:
      return expression({ints(depth), ".map(", lambda(int_type(), depth), ")"});
    default:
      return expression({ints(depth), ".union_of(", ints(depth), ")"});
  }
}

}  // namespace braid::generated
