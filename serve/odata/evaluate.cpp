#include <cmath>

#include "runtime/base/check.h"
#include "runtime/data/decimal.h"
#include "runtime/data/time_text.h"
#include "serve/odata/expression.h"
#include "stdlib/functions/letter_case.h"
#include "stdlib/functions/utf8.h"

namespace braid::serve::odata {
namespace {

using Op = Node::Op;

constexpr const char* kTooLarge = "a number, or a time, that is computed of a row is too large";
constexpr const char* kByZero = "a row has 0 where something is divided by it";

Datum truth(std::optional<bool> value) {
  return value ? boolean_datum(*value) : null_datum();
}

/// Null equals null and nothing else; it has no order.
bool compares(Op op, const Datum& a, const Datum& b) {
  if (a.is_null() || b.is_null()) {
    const bool both = a.is_null() && b.is_null();
    return op == Op::eq ? both : op == Op::ne ? !both : false;
  }
  const std::optional<int> order = compare(a, b);
  switch (op) {
    case Op::eq:
      return order && *order == 0;
    case Op::ne:
      return !order || *order != 0;
    case Op::lt:
      return order && *order < 0;
    case Op::le:
      return order && *order <= 0;
    case Op::gt:
      return order && *order > 0;
    case Op::ge:
      return order && *order >= 0;
    default:
      BRAID_UNREACHABLE("a comparison");
  }
}

std::string in_case(std::string_view text, Case wanted) {
  std::string made;
  made.reserve(text.size());
  for (size_t at = 0; at < text.size();) {
    const uint64_t size = utf8::front_size(text.substr(at));
    const uint32_t point = utf8::decode(text.data() + at, size);
    constexpr uint32_t kSigma = 0x3A3, kFinalSigma = 0x3C2;
    uint32_t mapped[3] = {kFinalSigma, 0, 0};
    uint32_t count = 1;
    if (point != kSigma || wanted != Case::lower || !braid_sigma_is_final(text.data(), text.size(), at))
      count = braid_case_mapping(point, wanted, mapped);
    for (uint32_t i = 0; i < count; ++i) {
      char bytes[4];
      made.append(bytes, utf8::encode(mapped[i], bytes));
    }
    at += size;
  }
  return made;
}

std::string_view trimmed(std::string_view text) {
  const size_t begin = text.find_first_not_of(" \t\r\n");
  if (begin == std::string_view::npos) return {};
  return text.substr(begin, text.find_last_not_of(" \t\r\n") + 1 - begin);
}

/// From the past: years of instants are those of their days.
int64_t days_of(const Datum& moment) {
  const auto number = static_cast<int64_t>(moment.number);
  return moment.kind == Kind::date ? number : floor_divide(number, kMicrosPerDay);
}
int64_t time_of(const Datum& moment) {
  const auto number = static_cast<int64_t>(moment.number);
  return moment.kind == Kind::time ? number : number - floor_divide(number, kMicrosPerDay) * kMicrosPerDay;
}

}  // namespace

void add_columns(const Node& node, std::set<int>& columns) {
  if (node.op == Op::field) columns.insert(node.path.front());
  for (const NodePtr& each : node.of) add_columns(*each, columns);
}

Datum datum_at(const FieldPlace& place, const Slot* slots) {
  for (const size_t presence : place.presences)
    if (slots[presence].u8 == 0) return null_datum();
  return datum_of(place.own, slots + place.leaf);
}

Datum Evaluator::value(const Node& node, const RowOf& row) {
  switch (node.op) {
    case Op::literal:
      return node.value;
    case Op::field:
      return datum_at(node.place, row.slots);
    case Op::row_id:
      return text_datum(row.row_id);
    case Op::element:
      return datum_at(node.place, elements_.at(node.variable));
    case Op::all_of:
    case Op::any_of: {
      // The value that decides whatever the others are.
      const bool deciding = node.op == Op::any_of;
      bool has_null = false;
      for (const NodePtr& each : node.of) {
        const Datum part = value(*each, row);
        if (part.is_null())
          has_null = true;
        else if (part.is_true() == deciding)
          return boolean_datum(deciding);
      }
      return has_null ? null_datum() : boolean_datum(!deciding);
    }
    case Op::negation: {
      const Datum inner = value(*node.of[0], row);
      return inner.is_null() ? inner : boolean_datum(!inner.is_true());
    }
    case Op::eq:
    case Op::ne:
    case Op::gt:
    case Op::ge:
    case Op::lt:
    case Op::le: {
      const Datum left = value(*node.of[0], row);
      return boolean_datum(compares(node.op, left, value(*node.of[1], row)));
    }
    case Op::in: {
      const Datum left = value(*node.of[0], row);
      for (size_t i = 1; i < node.of.size(); ++i)
        if (compares(Op::eq, left, value(*node.of[i], row))) return boolean_datum(true);
      return boolean_datum(false);
    }
    case Op::minus: {
      Datum inner = value(*node.of[0], row);
      if (inner.kind == Kind::integer && inner.number == INT64_MIN) return fails(kTooLarge);
      inner.number = -inner.number;
      inner.real = -inner.real;
      return inner;
    }
    case Op::add:
    case Op::sub:
    case Op::mul:
    case Op::div:
    case Op::divby:
    case Op::mod: {
      const Datum left = value(*node.of[0], row), right = value(*node.of[1], row);
      return left.is_null() || right.is_null() ? null_datum() : arithmetic(node, left, right);
    }
    case Op::function:
      return call(node, row);
    case Op::any:
    case Op::all:
    case Op::count:
      return over_elements(node, row);
  }
  BRAID_UNREACHABLE("an expression");
}

Datum Evaluator::over_elements(const Node& node, const RowOf& row) {
  const Datum collection = value(*node.of[0], row);
  if (collection.is_null()) return node.op == Op::count ? null_datum() : boolean_datum(node.op == Op::all);
  const List& list = collection.slots->list;
  if (node.op == Op::count) return integer_datum(static_cast<int64_t>(list.count));
  if (node.of.size() == 1) return boolean_datum(list.count > 0);
  const size_t width = leaf_count(collection.type->element);
  bool found = false;
  elements_.push_back(nullptr);
  for (uint64_t i = 0; i < list.count && !found; ++i) {
    elements_.back() = list.items + i * width;
    found = value(*node.of[1], row).is_true() == (node.op == Op::any);
  }
  elements_.pop_back();
  return boolean_datum(found == (node.op == Op::any));
}

Datum Evaluator::arithmetic(const Node& node, const Datum& a, const Datum& b) {
  int128 result = 0;
  if (node.kind == Kind::floating) {
    const double left = as_real(a), right = as_real(b);
    switch (node.op) {
      case Op::add:
        return real_datum(left + right);
      case Op::sub:
        return real_datum(left - right);
      case Op::mul:
        return real_datum(left * right);
      case Op::mod:
        return real_datum(std::fmod(left, right));
      default:
        return real_datum(left / right);
    }
  }
  if (!is_number(node.kind)) {
    // Dates move by whole days.
    const auto micros = [&](const Datum& each) {
      return each.kind == Kind::date ? each.number * kMicrosPerDay : each.number;
    };
    result = node.op == Op::add ? micros(a) + micros(b) : micros(a) - micros(b);
    if (result != static_cast<int64_t>(result)) return fails(kTooLarge);
    if (node.kind == Kind::date) result = floor_divide(static_cast<int64_t>(result), kMicrosPerDay);
    return number_datum(node.kind, result);
  }
  const bool divides = node.op == Op::div || node.op == Op::divby || node.op == Op::mod;
  if (divides && b.number == 0) return fails(kByZero);
  bool fits = true;
  if (node.op == Op::mul) {
    fits = decimal_multiply(a.number, b.number, &result);
  } else if (node.op == Op::mod) {
    fits = decimal_remainder(a.number, a.scale, b.number, b.scale, &result);
  } else if (divides && node.kind == Kind::integer) {
    result = a.number / b.number;  // towards zero
  } else if (divides) {
    fits = decimal_divide(a.number, b.number, node.scale - a.scale + b.scale, &result);
  } else {
    int128 left = 0, right = 0;
    fits =
        decimal_rescale(a.number, a.scale, node.scale, &left) && decimal_rescale(b.number, b.scale, node.scale, &right);
    fits = fits && (node.op == Op::add ? decimal_add(left, right, &result) : decimal_subtract(left, right, &result));
  }
  if (!fits || (node.kind == Kind::integer && result != static_cast<int64_t>(result))) return fails(kTooLarge);
  return node.kind == Kind::integer ? integer_datum(static_cast<int64_t>(result)) : decimal_datum(result, node.scale);
}

Datum Evaluator::call(const Node& node, const RowOf& row) {
  Datum in[3];
  for (size_t i = 0; i < node.of.size(); ++i) {
    in[i] = value(*node.of[i], row);
    if (in[i].is_null()) return null_datum();
  }
  const auto made = [&](std::string_view text) { return text_datum(arena_.copy(text).view()); };
  const auto whole = [](int64_t number) { return integer_datum(number); };
  switch (node.function) {
    case Function::contains:
      return truth(in[0].text.find(in[1].text) != std::string_view::npos);
    case Function::startswith:
      return truth(in[0].text.starts_with(in[1].text));
    case Function::endswith:
      return truth(in[0].text.ends_with(in[1].text));
    case Function::length:
      return whole(static_cast<int64_t>(in[0].kind == Kind::bytes ? in[0].text.size() : utf8::length(in[0].text)));
    case Function::indexof: {
      const size_t at = in[0].text.find(in[1].text);
      return whole(at == std::string_view::npos ? -1 : static_cast<int64_t>(utf8::length(in[0].text.substr(0, at))));
    }
    case Function::substring: {
      // From a character on, counted from 0; in front of the text is its beginning.
      const auto from = static_cast<uint64_t>(std::max<int128>(in[1].number, 0));
      std::string_view text = in[0].text.substr(utf8::offset(in[0].text, from));
      if (node.of.size() == 3)
        text = text.substr(0, utf8::offset(text, static_cast<uint64_t>(std::max<int128>(in[2].number, 0))));
      return text_datum(text);
    }
    case Function::tolower:
      return made(in_case(in[0].text, Case::lower));
    case Function::toupper:
      return made(in_case(in[0].text, Case::upper));
    case Function::trim:
      return text_datum(trimmed(in[0].text));
    case Function::concat: {
      std::string text(in[0].text);
      if (text.size() + in[1].text.size() > (size_t{1} << 20)) return fails("a text that is made of a row is too long");
      return made(text.append(in[1].text));
    }
    case Function::year:
      return whole(civil_from_days(days_of(in[0])).year);
    case Function::month:
      return whole(civil_from_days(days_of(in[0])).month);
    case Function::day:
      return whole(civil_from_days(days_of(in[0])).day);
    case Function::hour:
      return whole(time_of(in[0]) / kMicrosPerHour);
    case Function::minute:
      return whole(time_of(in[0]) / kMicrosPerMinute % 60);
    case Function::second:
      return whole(time_of(in[0]) / kMicrosPerSecond % 60);
    case Function::fractionalseconds:
      return decimal_datum(time_of(in[0]) % kMicrosPerSecond, 6);
    case Function::date:
      return number_datum(Kind::date, days_of(in[0]));
    case Function::time:
      return number_datum(Kind::time, time_of(in[0]));
    case Function::totaloffsetminutes:
      return whole(0);
    case Function::totalseconds:
      return decimal_datum(in[0].number, 6);
    case Function::round:
    case Function::floor:
    case Function::ceiling: {
      if (in[0].kind == Kind::integer) return in[0];
      if (in[0].kind == Kind::floating) {
        const double real = in[0].real;
        // Halves go away from zero.
        return real_datum(node.function == Function::round   ? std::round(real)
                          : node.function == Function::floor ? std::floor(real)
                                                             : std::ceil(real));
      }
      const int128 unit = power_of_ten(in[0].scale);
      int128 rest = in[0].number % unit;
      int128 number = in[0].number / unit;
      if (node.function == Function::floor && rest < 0) --number;
      if (node.function == Function::ceiling && rest > 0) ++number;
      if (node.function == Function::round && (rest < 0 ? -rest : rest) >= unit - (rest < 0 ? -rest : rest) &&
          rest != 0)
        number += rest < 0 ? -1 : 1;
      return decimal_datum(number, 0);
    }
  }
  BRAID_UNREACHABLE("a function");
}

}  // namespace braid::serve::odata
