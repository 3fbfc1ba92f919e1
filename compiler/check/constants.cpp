#include "compiler/check/constants.h"

#include <charconv>
#include <cstdlib>

#include "compiler/check/types.h"
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"

namespace braid::checking {
namespace {

constexpr size_t kMostDigits = 38;

std::string without_separators(std::string_view text) {
  std::string plain;
  for (char c : text)
    if (c != '_' && c != ' ' && c != '\t' && c != '\r' && c != '\n') plain += c;
  return plain;
}

bool is_hex(const std::string& text) {
  return text.starts_with("0x") || text.starts_with("-0x");
}

std::optional<int64_t> integer_value(const std::string& text) {
  int64_t value = 0;
  if (is_hex(text)) {
    uint64_t bits = 0;
    const bool negative = text[0] == '-';
    const char* begin = text.data() + (negative ? 3 : 2);
    const auto [end, fault] = std::from_chars(begin, text.data() + text.size(), bits, 16);
    if (fault != std::errc() || end != text.data() + text.size() || bits > INT64_MAX) return std::nullopt;
    return negative ? -static_cast<int64_t>(bits) : static_cast<int64_t>(bits);
  }
  const auto [end, fault] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (fault != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

std::optional<Value> checked_sum(int64_t a, int64_t b) {
  int64_t result = 0;
  if (__builtin_add_overflow(a, b, &result)) return std::nullopt;
  return Value{result};
}

std::optional<Value> operation_value(const typed::Expression& expression, const typed::Operation& operation) {
  std::vector<Value> values;
  for (const typed::ExpressionRef& operand : operation.operands) {
    std::optional<Value> value = evaluate(operand);
    if (!value || value->is_null()) return std::nullopt;
    values.push_back(std::move(*value));
  }
  const Type& type = expression.type;
  if (operation.op == typed::Operator::negate) {
    if (const auto* number = std::get_if<int64_t>(&values[0].content); number != nullptr && *number != INT64_MIN)
      return Value{-*number};
    if (const auto* number = std::get_if<double>(&values[0].content)) return Value{-*number};
    if (const auto* number = std::get_if<int128>(&values[0].content)) return Value{static_cast<int128>(-*number)};
    return std::nullopt;
  }
  const auto* a = std::get_if<int64_t>(&values[0].content);
  const auto* b = std::get_if<int64_t>(&values[1].content);
  if (a != nullptr && b != nullptr && !is(type, TypeKind::decimal)) {
    if (operation.op == typed::Operator::add) return checked_sum(*a, *b);
    if (operation.op == typed::Operator::subtract && *b != INT64_MIN) return checked_sum(*a, -*b);
    int64_t product = 0;
    if (operation.op == typed::Operator::multiply && !__builtin_mul_overflow(*a, *b, &product)) return Value{product};
    return std::nullopt;
  }
  const auto* x = std::get_if<std::string>(&values[0].content);
  const auto* y = std::get_if<std::string>(&values[1].content);
  if (x != nullptr && y != nullptr && operation.op == typed::Operator::add) return Value{*x + *y};
  return std::nullopt;
}

std::optional<Value> convert_value(const typed::Expression& expression, const typed::Convert& convert) {
  std::optional<Value> value = evaluate(convert.operand);
  if (!value) return std::nullopt;
  switch (convert.conversion) {
    case typed::Conversion::to_optional:
    case typed::Conversion::map_entries:
    case typed::Conversion::entries_map:
      return value;
    case typed::Conversion::unwrap:
    case typed::Conversion::checked_read:
    case typed::Conversion::tried_read:
      return value->is_null() ? std::nullopt : value;
    case typed::Conversion::integer_to_decimal:
    case typed::Conversion::widen_decimal:
    case typed::Conversion::narrow_decimal: {
      const Type& from = convert.operand->type;
      const bool integer = is(from, TypeKind::integer);
      const int128 unscaled = integer ? static_cast<int128>(value->integer()) : value->wide();
      const int scale = integer ? 0 : from->scale;
      int128 result = 0;
      if (scale > expression.type->scale || !decimal_rescale(unscaled, scale, expression.type->scale, &result) ||
          !decimal_fits(result, expression.type->precision))
        return std::nullopt;
      return Value{result};
    }
  }
  return std::nullopt;
}

std::optional<Value> items_value(const std::vector<typed::ExpressionRef>& parts) {
  std::vector<Value> items;
  for (const typed::ExpressionRef& part : parts) {
    std::optional<Value> value = evaluate(part);
    if (!value) return std::nullopt;
    items.push_back(std::move(*value));
  }
  return Value{std::move(items)};
}

}  // namespace

std::optional<Value> evaluate(const typed::ExpressionRef& expression) {
  if (const auto* constant = std::get_if<typed::Constant>(&expression->node)) return constant->value;
  if (const auto* convert = std::get_if<typed::Convert>(&expression->node)) return convert_value(*expression, *convert);
  if (const auto* operation = std::get_if<typed::Operation>(&expression->node))
    return operation_value(*expression, *operation);
  if (const auto* node = std::get_if<typed::MakeStruct>(&expression->node)) return items_value(node->fields);
  if (const auto* node = std::get_if<typed::MakeList>(&expression->node)) return items_value(node->items);
  return std::nullopt;
}

std::optional<int64_t> fixed_length(const ast::Duration& duration) {
  int64_t total = 0;
  for (const ast::DurationPart& part : duration.parts) {
    int64_t unit = 0;
    switch (part.unit) {
      case ast::DurationUnit::us:
        unit = 1;
        break;
      case ast::DurationUnit::ms:
        unit = 1'000;
        break;
      case ast::DurationUnit::s:
        unit = kMicrosPerSecond;
        break;
      case ast::DurationUnit::m:
        unit = kMicrosPerMinute;
        break;
      case ast::DurationUnit::h:
        unit = kMicrosPerHour;
        break;
      case ast::DurationUnit::d:
        unit = kMicrosPerDay;
        break;
      case ast::DurationUnit::w:
        unit = 7 * kMicrosPerDay;
        break;
      case ast::DurationUnit::mo:
      case ast::DurationUnit::y:
        return std::nullopt;
    }
    int64_t length = 0;
    if (__builtin_mul_overflow(part.count, unit, &length) || __builtin_add_overflow(total, length, &total))
      return std::nullopt;
  }
  return total;
}

bool is_calendar(const ast::Duration& duration) {
  for (const ast::DurationPart& part : duration.parts)
    if (part.unit == ast::DurationUnit::w || part.unit == ast::DurationUnit::mo || part.unit == ast::DurationUnit::y)
      return true;
  return false;
}

std::optional<Value> number_value(std::string_view written, const Type& type) {
  const std::string text = without_separators(written);
  const bool whole = text.find_first_of(".eE") == std::string::npos || is_hex(text);
  switch (type->kind) {
    case TypeKind::integer: {
      const std::optional<int64_t> value = whole ? integer_value(text) : std::nullopt;
      return value ? std::optional<Value>(Value{*value}) : std::nullopt;
    }
    case TypeKind::floating: {
      if (is_hex(text)) {
        const std::optional<int64_t> value = integer_value(text);
        return value ? std::optional<Value>(Value{static_cast<double>(*value)}) : std::nullopt;
      }
      const double value = std::strtod(text.c_str(), nullptr);
      return value > 1.7976931348623157e308 || value < -1.7976931348623157e308 ? std::nullopt
                                                                               : std::optional<Value>(Value{value});
    }
    case TypeKind::decimal: {
      int128 value = 0;
      if (is_hex(text)) {
        const std::optional<int64_t> integer = integer_value(text);
        if (!integer || !decimal_rescale(*integer, 0, type->scale, &value) || !decimal_fits(value, type->precision))
          return std::nullopt;
        return Value{value};
      }
      if (parse_decimal(text, type->precision, type->scale, &value) != DecimalFault::none) return std::nullopt;
      return Value{value};
    }
    default:
      return std::nullopt;
  }
}

Type number_type(std::string_view written) {
  const std::string text = without_separators(written);
  if (!is_hex(text) && text.find_first_of("eE") != std::string::npos) return float_type();
  if (is_hex(text) || text.find('.') == std::string::npos) return int_type();
  std::string digits;
  int scale = 0;
  bool fraction = false;
  for (char c : text) {
    if (c == '.') fraction = true;
    if (c < '0' || c > '9') continue;
    if (fraction) ++scale;
    if (c != '0' || !digits.empty() || fraction) digits += c;
  }
  const size_t precision = std::max<size_t>({digits.size(), static_cast<size_t>(scale), 1});
  return precision > kMostDigits ? nullptr : decimal_type(static_cast<int>(precision), scale);
}

std::optional<Value> literal_value(std::string_view text, const Type& type) {
  const bool quoted = text.size() >= 2 && text.front() == '"' && text.back() == '"';
  const std::string_view inner = quoted ? text.substr(1, text.size() - 2) : text;
  const std::string_view moment = !text.empty() && text.front() == '@' ? text.substr(1) : inner;
  int64_t micros = 0;
  int128 wide = 0;
  switch (type->kind) {
    case TypeKind::optional:
      if (text == "null") return Value{Null{}};
      return literal_value(text, type->element);
    case TypeKind::boolean:
      if (text == "true" || text == "false") return Value{text == "true"};
      return std::nullopt;
    case TypeKind::integer:
    case TypeKind::floating:
    case TypeKind::decimal:
      if (text.empty() || text.find_first_of("0123456789") == std::string_view::npos ||
          text.find_first_not_of("0123456789abcdefABCDEFx_.+-") != std::string_view::npos)
        return std::nullopt;
      return number_value(text, type);
    case TypeKind::string:
    case TypeKind::bytes:
      return Value{std::string(inner)};
    case TypeKind::uuid:
      if (!parse_uuid(inner, &wide)) return std::nullopt;
      return Value{wide};
    case TypeKind::date: {
      int32_t days = 0;
      if (!parse_date(moment, &days)) return std::nullopt;
      return Value{static_cast<int64_t>(days)};
    }
    case TypeKind::time:
      if (!parse_time(moment, &micros)) return std::nullopt;
      return Value{micros};
    case TypeKind::timestamp:
      if (!parse_timestamp_literal(moment, &micros)) return std::nullopt;
      return Value{micros};
    case TypeKind::duration:
      if (!parse_duration_literal(inner, &micros)) return std::nullopt;
      return Value{micros};
    case TypeKind::enumeration:
      for (size_t i = 0; i < type->symbols.size(); ++i)
        if (type->symbols[i] == inner) return Value{static_cast<int64_t>(i)};
      return std::nullopt;
    case TypeKind::json:
    case TypeKind::list:
    case TypeKind::map:
    case TypeKind::structure:
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      return std::nullopt;
  }
  return std::nullopt;
}

}  // namespace braid::checking
