#include "tests/generated/expression_maker.h"

#include <fmt/format.h>
#include <array>

#include "runtime/base/check.h"

namespace braid::generated {
namespace {

const Type& inner(const Type& type) {
  return without_optional(type);
}

}  // namespace

std::vector<const Readable*> ExpressionMaker::of(const Type& type, bool any_decimal) const {
  std::vector<const Readable*> found;
  for (const Readable& each : scope_) {
    const bool decimals = any_decimal && is(type, TypeKind::decimal) && is(each.type, TypeKind::decimal);
    if (decimals || same(each.type, type)) found.push_back(&each);
  }
  return found;
}

bool ExpressionMaker::can(const Type& type) const {
  switch (inner(type)->kind) {
    case TypeKind::boolean:
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
    case TypeKind::string:
    case TypeKind::timestamp:
    case TypeKind::duration:
    case TypeKind::bytes:
    case TypeKind::date:
    case TypeKind::time:
      return true;
    case TypeKind::list:
      return is(inner(type)->element, TypeKind::integer);
    case TypeKind::map:
      return same(inner(type), counts_type());
    default:
      return !of(type, false).empty() || (is_optional(type) && !of(inner(type), false).empty());
  }
}

Type ExpressionMaker::some_type() {
  if (!scope_.empty() && rng_.chance(2)) {
    const Type type = scope_[rng_.below(scope_.size())].type;
    if (can(type)) return type;
  }
  if (all_ && rng_.chance(12)) return counts_type();
  const std::array<Type, 11> types = {
      int_type(),           int_type(),       string_type(),       bool_type(),         float_type(),
      duration_type(),      timestamp_type(), decimal_type(12, 2), decimal_type(38, 6), optional_type(int_type()),
      list_type(int_type())};
  return types[rng_.below(types.size())];
}

Part ExpressionMaker::literal(const Type& type) {
  switch (type->kind) {
    case TypeKind::boolean:
      return rng_.chance(2) ? "true" : "false";
    case TypeKind::integer:
      return std::to_string(rng_.between(0, 7));
    case TypeKind::floating: {
      const char* values[] = {"0.5e0", "1e0", "2.5e0", "0e0", "1e100"};
      return values[rng_.below(std::size(values))];
    }
    case TypeKind::decimal:
      return fmt::format("{}.{:02}", rng_.between(0, 9), rng_.between(0, 99));
    case TypeKind::string:
      return fmt::format("\"{}\"", std::string(1, static_cast<char>('a' + rng_.below(4))));
    case TypeKind::bytes:
      return "bytes(\"a\")";
    case TypeKind::uuid:
      return fmt::format("uuid(\"00000000-0000-4000-8000-00000000000{}\")", rng_.below(4));
    case TypeKind::date:
      return fmt::format("@2023-11-{}", rng_.between(13, 16));
    case TypeKind::time:
      return fmt::format("@22:{}", rng_.between(10, 20));
    case TypeKind::timestamp:
      return fmt::format("@2023-11-14T22:13:{}Z", rng_.between(20, 59));
    case TypeKind::duration:
      return fmt::format("{}s", rng_.between(0, 9));
    case TypeKind::enumeration:
      return "\"" + type->symbols[rng_.below(type->symbols.size())] + "\"";
    case TypeKind::map:
      return expression({"[{ key: ", literal(string_type()), ", value: ", literal(int_type()), " }].to_map_last()"});
    case TypeKind::list:
      return expression({"[", literal(type->element), ", ", literal(type->element), "]"});
    default:
      BRAID_UNREACHABLE("no literal of " + to_string(type));
  }
}

Part ExpressionMaker::leaf(const Type& type) {
  const auto found = of(type);
  if (!found.empty() && !rng_.chance(8)) return expression({found[rng_.below(found.size())]->text});
  if (!is_optional(type)) {
    const auto maybe = of(optional_type(type));
    if (!maybe.empty() && (found.empty() || rng_.chance(2))) {
      const std::string& text = maybe[rng_.below(maybe.size())]->text;
      if (is(type, TypeKind::structure) || is(type, TypeKind::json) || is(type, TypeKind::uuid)) {
        if (!found.empty()) return expression({"(", text, " ?? ", found[rng_.below(found.size())]->text, ")"});
      } else {
        return expression({"(", text, " ?? ", literal(type), ")"});
      }
    }
  }
  if (!found.empty()) return expression({found[rng_.below(found.size())]->text});
  if (is_optional(type)) {
    const auto present = of(inner(type), false);
    if (!present.empty() && !is(inner(type), TypeKind::structure) && !is(inner(type), TypeKind::enumeration) &&
        !is(inner(type), TypeKind::json) && !is(inner(type), TypeKind::list))
      return expression({present[rng_.below(present.size())]->text, ".null_if(",
                         is(inner(type), TypeKind::uuid) ? Part(present.front()->text) : literal(inner(type)), ")"});
    return optional(type, 0);
  }
  return expression({literal(type)});
}

Part ExpressionMaker::choice(const Type& type, int depth) {
  if (rng_.chance(3))
    return expression({"case { ", condition(depth), " -> ", make(type, depth), ", else -> ", make(type, depth), " }"});
  return expression({"(if ", condition(depth), " then ", make(type, depth), " else ", make(type, depth), ")"});
}

Part ExpressionMaker::make(const Type& type, int depth) {
  if (depth <= 0 || rng_.chance(4)) return leaf(type);
  if (all_ && may_fail_ && rng_.chance(4))
    if (std::optional<Part> made = of_all(type, depth - 1)) return *std::move(made);
  if (rng_.chance(8) && !is(type, TypeKind::enumeration)) return choice(type, depth - 1);
  if (rng_.chance(6) && !functions_.empty()) {
    for (const ScriptFunction& function : functions_) {
      if (!same(function.result, type) || !may_fail_) continue;
      std::vector<Part> parts{function.name + "("};
      bool possible = true;
      for (const Type& parameter : function.parameters) {
        possible &= parameter == nullptr || can(parameter);
        if (!possible) break;
        if (parts.size() > 1) parts.emplace_back(", ");
        parts.push_back(parameter == nullptr ? lambda(int_type(), depth - 1) : make(parameter, depth - 1));
      }
      parts.emplace_back(")");
      if (possible) return expression(std::move(parts));
    }
  }
  switch (type->kind) {
    case TypeKind::boolean:
      return boolean(depth - 1);
    case TypeKind::integer:
      return integer(depth - 1);
    case TypeKind::floating:
      return floating(depth - 1);
    case TypeKind::decimal:
      return decimal(depth - 1);
    case TypeKind::string:
      return text(depth - 1);
    case TypeKind::timestamp:
      return instant(depth - 1);
    case TypeKind::duration:
      return duration(depth - 1);
    case TypeKind::list:
      return is(type->element, TypeKind::integer) ? list_of(type, depth - 1) : leaf(type);
    case TypeKind::optional:
      return optional(type, depth - 1);
    default:
      return of_other(type, depth - 1);
  }
}

Part ExpressionMaker::exact(const Type& type, int depth) {
  if (is(inner(type), TypeKind::decimal)) {
    const auto found = of(type, false);
    if (!found.empty() && (is_optional(type) || rng_.chance(3)))
      return expression({found[rng_.below(found.size())]->text});
    Part made = expression({"decimal(", make(decimal_type(38, 6), depth), ", ", std::to_string(inner(type)->precision),
                            ", ", std::to_string(inner(type)->scale), ")"});
    return is_optional(type) ? expression({"(try ", std::move(made), ")"}) : made;
  }
  return make(type, depth);
}

Part ExpressionMaker::comparison(int depth) {
  const char* orders[] = {"<", "<=", ">", ">=", "==", "!="};
  const Type ordered[] = {int_type(),    int_type(),       int_type(),      decimal_type(12, 2), float_type(),
                          string_type(), timestamp_type(), duration_type(), date_type(),         bytes_type()};
  const Type& type = ordered[rng_.below(std::size(ordered))];
  return expression({"(", make(type, depth), " ", orders[rng_.below(std::size(orders))], " ", make(type, depth), ")"});
}

Part ExpressionMaker::boolean(int depth) {
  switch (rng_.below(12)) {
    case 0:
      return expression({"(", condition(depth), " and ", condition(depth), ")"});
    case 1:
      return expression({"(", condition(depth), " or ", condition(depth), ")"});
    case 2:
      return expression({"(not (", condition(depth), "))"});
    case 3:  // equality of what has no order, with null or a symbol
      for (int tries = 0; tries < 8 && !scope_.empty(); ++tries) {
        const Readable& one = scope_[rng_.below(scope_.size())];
        const Type& type = inner(one.type);
        const char* sign = rng_.chance(2) ? " == " : " != ";
        if (is(type, TypeKind::enumeration) || is(type, TypeKind::string))
          return expression({"(", one.text, sign, literal(type), ")"});
        const auto others = of(one.type, false);
        const Readable& other = *others[rng_.below(others.size())];
        if (&other != &one) return expression({"(", one.text, sign, other.text, ")"});
      }
      break;
    case 4:
      return expression({"(", make(int_type(), depth), rng_.chance(2) ? " in [" : " not in [", literal(int_type()),
                         ", ", literal(int_type()), "])"});
    case 5:
      return expression({"(", make(int_type(), depth), " in ", std::to_string(rng_.between(-2, 2)), "..",
                         rng_.chance(2) ? "<" : "", std::to_string(rng_.between(3, 6)), ")"});
    case 6:
      return expression(
          {make(string_type(), depth), rng_.chance(2) ? ".contains(" : ".starts_with(", literal(string_type()), ")"});
    case 7: {
      const std::string name = new_name();
      return expression(
          {make(list_type(int_type()), depth), ".any(", name, " => ", name, " > ", literal(int_type()), ")"});
    }
    case 8:  // a test for null that narrows nothing behind it
      for (int tries = 0; tries < 8 && !scope_.empty(); ++tries) {
        const Readable& one = scope_[rng_.below(scope_.size())];
        if (!is_optional(one.type)) continue;
        return expression({"(if ", one.text, " is ", rng_.chance(2) ? "" : "not ", "null then ", condition(0), " else ",
                           condition(0), ")"});
      }
      break;
    default:
      break;
  }
  return comparison(depth);
}

Part ExpressionMaker::integer(int depth) {
  const Type type = int_type();
  auto a = [&] { return make(type, depth); };
  switch (rng_.below(may_fail_ ? 15 : 8)) {
    case 0:
      return expression({make(string_type(), depth), ".length()"});
    case 1:
      return expression({"hour(", make(timestamp_type(), depth), ")"});
    case 2:
      return expression({make(list_type(type), depth), ".length()"});
    case 3:
      return expression({rng_.chance(2) ? "least(" : "greatest(", a(), ", ", a(), ")"});
    case 4:
      return expression({"sign(", a(), ")"});
    case 5:
      return expression({"(try (", a(), " + ", a(), ") ?? ", literal(type), ")"});
    case 6:
      return expression({"int(", condition(depth), ")"});
    case 7:
      return expression({"second(", make(timestamp_type(), depth), ")"});
    case 8:
      return expression({"(", a(), " - ", a(), ")"});
    case 9:
      return expression({"(", a(), " * ", a(), ")"});
    case 10:
      return expression({a(), ".div(", a(), ")"});
    case 11:
      return expression({"(", a(), " % ", a(), ")"});
    case 12:
      return expression({"int(", rng_.chance(2) ? make(decimal_type(12, 2), depth) : make(float_type(), depth), ")"});
    case 13:
      return expression({make(list_type(type), depth), "[", literal(type), "]"});
    default:
      return expression({"(", a(), " + ", a(), ")"});
  }
}

Part ExpressionMaker::floating(int depth) {
  const Type type = float_type();
  const char* signs[] = {" + ", " - ", " * ", " / "};
  switch (rng_.below(6)) {
    case 0:
      return expression({"float(", make(int_type(), depth), ")"});
    case 1:
      return expression({"abs(", make(type, depth), ")"});
    case 2:
      return expression({"(-", make(type, depth), ")"});
    default:
      return expression({"(", make(type, depth), signs[rng_.below(std::size(signs))], make(type, depth), ")"});
  }
}

Part ExpressionMaker::decimal(int depth) {
  const Type type = decimal_type(12, 2);
  auto a = [&] { return make(type, depth); };
  if (!may_fail_) return expression({"abs(", a(), ")"});
  switch (rng_.below(8)) {
    case 0:
      return expression({"(", a(), " - ", a(), ")"});
    case 1:
      return expression({"round(", a(), " * ", leaf(type), ", 2)"});
    case 2:
      return expression({"round(", a(), " / ", leaf(type), ", 3)"});
    case 3:
      return expression({"abs(", a(), ")"});
    case 4:
      return expression({"(", a(), " + ", make(int_type(), depth), ")"});
    case 5:
      return expression({"(", a(), " % ", leaf(type), ")"});
    case 6:
      return expression({"(-", a(), ")"});
    default:
      return expression({"(", a(), " + ", a(), ")"});
  }
}

Part ExpressionMaker::text(int depth) {
  const Type type = string_type();
  switch (rng_.below(8)) {
    case 0:
      return expression({"f\"{", make(int_type(), 0), "}-{", make(int_type(), 0), "}\""});
    case 1:
      return may_fail_ || !all_ ? expression({make(type, depth), ".upper()"}) : leaf(type);
    case 2:
      return expression({"string(", make(int_type(), depth), ")"});
    case 3:
      return expression({make(type, depth), ".substring(", literal(int_type()), ")"});
    case 4:
      for (const Readable& each : scope_)
        if (is(each.type, TypeKind::enumeration)) return expression({"string(", each.text, ")"});
      return leaf(type);
    case 5:
      return may_fail_ ? expression({make(type, depth), ".replace(", literal(type), ", ", make(type, depth), ")"})
                       : leaf(type);
    default:
      return may_fail_ ? expression({"(", make(type, depth), " + ", make(type, depth), ")"}) : leaf(type);
  }
}

Part ExpressionMaker::instant(int depth) {
  if (has_time_ && rng_.chance(4)) return expression({"event_time()"});
  if (!may_fail_) return leaf(timestamp_type());
  if (rng_.chance(3)) return expression({"floor(", make(timestamp_type(), depth), ", 5s)"});
  return expression(
      {"(", make(timestamp_type(), depth), rng_.chance(2) ? " + " : " - ", make(duration_type(), depth), ")"});
}

Part ExpressionMaker::duration(int depth) {
  if (!may_fail_) return leaf(duration_type());
  switch (rng_.below(4)) {
    case 0:
      return expression({"(", make(timestamp_type(), depth), " - ", make(timestamp_type(), depth), ")"});
    case 1:
      return expression({"(", make(int_type(), depth), " * 1s)"});
    case 2:
      return expression({"abs(", make(duration_type(), depth), ")"});
    default:
      return expression({"(", make(duration_type(), depth), " + ", make(duration_type(), depth), ")"});
  }
}

Part ExpressionMaker::list_of(const Type& type, int depth) {
  const std::string name = new_name();
  switch (rng_.below(6)) {
    case 0:
      return expression({make(type, depth), ".filter(", name, " => ", name, " > ", make(int_type(), 0), ")"});
    case 1:
      return expression({make(type, depth), ".map(", name, " => ", may_fail_ ? name + " + 1" : "-1 ", ")"});
    case 2:
      return expression({make(type, depth), ".sort()"});
    case 3:
      if (!may_fail_ && all_) return leaf(type);
      return expression({"(", make(type, depth), " + ", make(type, depth), ")"});
    case 4:
      return expression({"[", make(int_type(), depth), ", ", make(int_type(), depth), "]"});
    default:
      return leaf(type);
  }
}

Part ExpressionMaker::optional(const Type& type, int depth) {
  const Type& present = inner(type);
  const bool plain = is(present, TypeKind::integer) || is(present, TypeKind::string) ||
                     is(present, TypeKind::floating) || is(present, TypeKind::timestamp) ||
                     is(present, TypeKind::duration) || is(present, TypeKind::boolean) || is(present, TypeKind::date) ||
                     is(present, TypeKind::time) || is(present, TypeKind::bytes);
  if (is(present, TypeKind::integer) && rng_.chance(3))
    return expression({make(list_type(int_type()), depth), rng_.chance(2) ? ".get(1)" : ".max()"});
  const auto found = of(type, false);
  if (!plain || (!found.empty() && rng_.chance(3))) {
    if (!found.empty()) return expression({found[rng_.below(found.size())]->text});
    const auto bare = of(present, false);
    if (!bare.empty()) return expression({"(try ", bare[rng_.below(bare.size())]->text, ")"});
    return expression({"(try ", exact(present, depth), ")"});
  }
  if (rng_.chance(2)) return expression({"(try ", make(present, depth), ")"});
  return expression({make(present, depth), ".null_if(", literal(present), ")"});
}

Part ExpressionMaker::of_other(const Type& type, int depth) {
  if (is(type, TypeKind::bytes) && rng_.chance(2)) return expression({"bytes(", make(string_type(), depth), ")"});
  if (is(type, TypeKind::date) && rng_.chance(2))
    return expression({"date(", make(timestamp_type(), depth), ", \"Europe/Paris\")"});
  if (is(type, TypeKind::time) && rng_.chance(2)) return expression({"time(", make(timestamp_type(), depth), ")"});
  return leaf(type);
}

}  // namespace braid::generated
