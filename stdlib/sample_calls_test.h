// Calls of any declared function by its signature, for tests: types, constants that the declaration accepts, and
// arguments that are extreme, random, or near what its examples show. The same seed gives the same calls.
#pragma once

#include <gtest/gtest.h>

#include <random>
#include <string>
#include <vector>

#include "runtime/data/decimal.h"
#include "runtime/data/map_entries.h"
#include "runtime/data/text_forms.h"
#include "runtime/declare/function.h"

namespace braid::samples {

using Random = std::mt19937_64;

template <class T>
T any_of(Random& random, const std::vector<T>& choices) {
  return choices[random() % choices.size()];
}

/// The texts between quotes in an example's call.
inline std::vector<std::string> texts_of(const FunctionExample& example) {
  std::vector<std::string> found;
  const std::string_view call = example.call;
  for (size_t at = call.find('"'); at != std::string_view::npos; at = call.find('"', at + 1)) {
    const bool raw = at > 0 && call[at - 1] == 'r';
    std::string text;
    for (++at; at < call.size() && call[at] != '"'; ++at) {
      if (call[at] == '\\' && !raw && at + 1 < call.size()) ++at;
      text += call[at];
    }
    if (is_utf8(text)) found.push_back(text);
  }
  return found;
}

/// The whole numbers in a function's examples: years for what reads years.
inline std::vector<int64_t> numbers_of(const FunctionDeclaration& function) {
  std::vector<int64_t> found;
  for (const FunctionExample& example : function.examples) {
    int64_t number = -1;
    for (const char c : example.call) {
      if (c >= '0' && c <= '9') {
        number = (number < 0 ? 0 : number) * 10 + (c - '0');
        if (number > INT64_MAX / 100) number = 0;
      } else if (c != '_' && number >= 0) {
        found.push_back(number);
        number = -1;
      }
    }
  }
  return found;
}

/// What a function knows how to read, by its examples: dates for what reads dates, URLs for what reads URLs. One of
/// them is meant more often, so that a text meets the pattern that it is written by.
struct Near {
  std::vector<std::string> texts;
  std::vector<int64_t> numbers;

  Near() = default;
  Near(Random& random, const FunctionDeclaration& function) : numbers(numbers_of(function)) {
    const FunctionExample& meant = function.examples[random() % function.examples.size()];
    for (const FunctionExample& example : function.examples)
      for (const std::string& text : texts_of(example)) texts.insert(texts.end(), &example == &meant ? 4 : 1, text);
  }
};

/// A text with a few characters changed, put in, taken out or doubled; still UTF-8.
inline std::string mutated(Random& random, std::string text) {
  static const std::vector<std::string> kPieces{"0",  "9", "-",  ".",  ":",  "/",  " ", "é", "\u0301",
                                                "😀", "%", "\"", "\\", "[",  "}",  ",", "A", "z",
                                                "&",  "+", "ß",  "e5", "::", "\n", "@"};
  for (uint64_t i = 1 + random() % 3; i > 0; --i) {
    size_t at = text.empty() ? 0 : random() % text.size();
    while (at > 0 && at < text.size() && (static_cast<uint8_t>(text[at]) & 0xC0) == 0x80) --at;
    size_t end = at < text.size() ? at + 1 : at;
    while (end < text.size() && (static_cast<uint8_t>(text[end]) & 0xC0) == 0x80) ++end;
    switch (random() % 4) {
      case 0:
        text.insert(at, any_of(random, kPieces));
        break;
      case 1:
        text.erase(at, end - at);
        break;
      case 2:
        text.replace(at, end - at, any_of(random, kPieces));
        break;
      default:
        text = text.substr(0, end) + text.substr(at);
    }
  }
  return text;
}

/// Bytes that no row has as text: broken UTF-8, which functions must survive all the same.
inline std::string broken_text(Random& random) {
  return any_of<std::string>(random, {"\xC3", "\x80\x80\x80\x80\x80", "\xF0\x9F\x98", "ab\xE2\x80", "\xFF\xFE",
                                      "a\xC3\xC3\xA9", "\xED\xA0\x80", "\xC0\x80"});
}

inline std::string text(Random& random, const std::vector<std::string>& near) {
  if (!near.empty() && random() % 3 != 0) {
    const std::string known = any_of(random, near);
    return random() % 2 == 0 ? known : mutated(random, known);
  }
  return any_of<std::string>(random, {"",
                                      " ",
                                      "a",
                                      "Zoë é😀",
                                      "e\u0301\u0302\u0316 ﬁ ²",
                                      "a,b,,c",
                                      "12",
                                      "-7.50",
                                      "1e999",
                                      "NaN",
                                      "2026-01-01",
                                      "2026-01-01T00:00:00Z",
                                      "PT1H",
                                      "https://u@H.example:80/p?q=1%41&r#f",
                                      "%zz%",
                                      "c3a9",
                                      "T2shPw==",
                                      "123e4567-e89b-12d3-a456-426614174000",
                                      "::ffff:10.0.0.1",
                                      "10.0.0.0/8",
                                      R"({"a": [1, {"b": "\u00e9\ud83d\ude00"}], "a": null})",
                                      std::string(3, '\0'),
                                      "'",
                                      "\u2028\u00a0",
                                      std::string(3'000, 'x'),
                                      std::string(70'000, 'x')});
}

inline Value value(Random& random, const Type& type, const Near& near = {}) {
  switch (type->kind) {
    case TypeKind::boolean:
      return {random() % 2 == 0};
    case TypeKind::integer:
      if (!near.numbers.empty() && random() % 4 == 0)
        return {any_of(random, near.numbers) + static_cast<int64_t>(random() % 3) - 1};
      if (random() % 2 == 0) return {static_cast<int64_t>(random() % 40) - 8};
      [[fallthrough]];
    case TypeKind::timestamp:
    case TypeKind::duration:
      if (random() % 3 == 0) return {static_cast<int64_t>(random() % 4'000'000'000'000'000) - 1'000'000'000'000'000};
      return {any_of<int64_t>(random, {0, 1, -1, 2, 7, 1000, 86'400'000'000, -86'400'000'001, 1'767'225'600'000'000,
                                       INT64_MAX, INT64_MIN, INT64_MAX - 1, static_cast<int64_t>(random())})};
    case TypeKind::time:
      return {any_of<int64_t>(random, {0, 1, 86'399'999'999, 43'200'000'000})};
    case TypeKind::date:
      if (random() % 2 == 0) return {static_cast<int64_t>(random() % 80'000) - 20'000};
      return {any_of<int64_t>(random, {0, -1, 20'454, 59, 789, INT32_MAX, INT32_MIN, -719'528, 2'932'896})};
    case TypeKind::enumeration:
      return {static_cast<int64_t>(random() % type->symbols.size())};
    case TypeKind::floating:
      if (random() % 3 == 0) return {static_cast<double>(static_cast<int64_t>(random() % 72'000) - 36'000) / 100};
      return {any_of<double>(random, {0.0, -0.0, 1.0, 1.5, -2.5, 1e300, -1e300, 5e-324, 9.3e18, __builtin_nan(""),
                                      __builtin_inf(), -__builtin_inf(), 45.5, 2.675, -1.0, 0.5, 1e15 + 0.5})};
    case TypeKind::decimal: {
      const int128 most = power_of_ten(type->precision) - 1, half = power_of_ten(type->precision - 1) * 5;
      return {any_of<int128>(random, {0, 1, -1, most, -most, half % (most + 1),
                                      int128{static_cast<int64_t>(random() % 1000)} % (most + 1)})};
    }
    case TypeKind::uuid: {
      auto bits = static_cast<uint128>(random()) << 64 | random();
      const auto version = static_cast<uint128>(random() % 9);
      if (random() % 2 == 0)
        bits = (bits & ~(static_cast<uint128>(0xF) << 76 | static_cast<uint128>(3) << 62)) | version << 76 |
               static_cast<uint128>(2) << 62;
      return {static_cast<int128>(bits)};
    }
    case TypeKind::string:
      return {text(random, near.texts)};
    case TypeKind::bytes:
      // Empty sketches among them.
      if (random() % 8 == 0) return {any_of<std::string>(random, {std::string("\1\16\0", 3), std::string("\1\6")})};
      return {random() % 3 == 0 ? broken_text(random) : text(random, near.texts)};
    case TypeKind::json:
      return {any_of<std::string>(random, {"null", "true", "\"2026-01-31\"", "\"2026-01-31T12:00:00Z\"",
                                           "\"6a3f1c9e-0b5d-4c57-9f0e-2d6b8a1c4e7f\"", "0", "-1.5e+50", "12.25", "\"\"",
                                           "\"12\"", "\"a\\\"\\u0001\"", "[]", "[[1],{}]",
                                           "{\"\":1,\"a\":{\"b\":null}}", "\"" + std::string(70'000, 'x') + "\""})};
    case TypeKind::list: {
      std::vector<Value> items;
      for (uint64_t i = random() % 10 == 0 ? random() % 70 : random() % 6; i > 0; --i)
        items.push_back(value(random, type->element, near));
      return {items};
    }
    case TypeKind::map: {
      std::vector<Value> entries;
      for (uint64_t i = random() % 6; i > 0; --i) entries.push_back(value(random, type->element, near));
      return {order_entries(entries) ? entries : std::vector<Value>()};
    }
    case TypeKind::structure: {
      std::vector<Value> fields;
      for (const Field& field : type->fields) fields.push_back(value(random, field.type, near));
      return {fields};
    }
    case TypeKind::optional:
      return random() % 3 == 0 ? Value{Null()} : value(random, type->element, near);
    case TypeKind::checked:
    case TypeKind::null:
    case TypeKind::error:
      break;
  }
  ADD_FAILURE() << "no values of " << to_string(type);
  return {Null()};
}

/// What a type variable may stand for.
inline Type variable(Random& random) {
  const Type decimal = decimal_type(38, 2);
  return any_of<Type>(random, {int_type(), string_type(), float_type(), bool_type(), date_type(), uuid_type(), decimal,
                               decimal_type(12, 2), optional_type(int_type()), optional_type(string_type()),
                               list_type(int_type()), list_type(optional_type(string_type())), enum_type({"a", "bee"}),
                               struct_type({{"a", optional_type(int_type())}, {"b", list_type(string_type())}}),
                               optional_type(struct_type({{"a", decimal}, {"b", optional_type(decimal)}})),
                               struct_type({{"key", string_type()}, {"value", json_type()}}),
                               struct_type({{"key", decimal}, {"value", optional_type(list_type(int_type()))}}),
                               struct_type({{"latitude", float_type()}, {"longitude", float_type()}})});
}

/// A constant that could stand in a script; `problem` sorts out what does not fit.
inline Value constant(Random& random, const FunctionDeclaration& function, const ParameterDeclaration& parameter,
                      const std::vector<std::string>& near) {
  const Type& type = parameter.type;
  if (type == nullptr || !is(type, TypeKind::string)) {
    return {any_of<int64_t>(random, {0, 1, 2, 3, 9, 12, 15, 37, 38, 39, -1})};
  }
  if (!near.empty() && random() % 2 == 0) return {any_of(random, near)};
  if (parameter.name == "zone")
    return {any_of<std::string>(random, {"UTC", "America/New_York", "Europe/Paris", "Asia/Kolkata", "No/Where"})};
  if (parameter.name == "unit")
    return {any_of<std::string>(random, {"s", "ms", "us", "ns", "second", "minute", "hour", "day", "week", "month",
                                         "quarter", "year", "fortnight"})};
  if (parameter.name == "mode") return {any_of<std::string>(random, {"half_even", "half_up", "down", "up", "odd"})};
  if (parameter.name == "pattern" && function.group == "calendar")
    return {any_of<std::string>(
        random, {"yyyy-MM-dd", "dd MMM yy", "yyyy-MM-dd'T'HH:mm:ss.SSSXXX", "yyyy DDD EEEE h a", "Q", "'x"})};
  if (parameter.name == "pattern")
    return {any_of<std::string>(random, {"(a)|(é)?", "x*", ".", "(", "^$", R"((\pL+).?)", "(?P<n>[a-z])", "%a_"})};
  if (parameter.name == "with") return {any_of<std::string>(random, {"", "-", "\\1", "\\9", "\\0\\0"})};
  if (parameter.name == "path") return {any_of<std::string>(random, {"$", "$.a", "$[0]", "$.a[1].b", "$[\"a\"]", "a"})};
  if (parameter.fallback && random() % 3 == 0)
    return {std::string(parameter.fallback->substr(1, parameter.fallback->size() - 2))};
  if (!near.empty() && random() % 4 != 0) return {any_of(random, near)};
  return {any_of<std::string>(random, {"n", "big", "little", "NFC", "NFKD", "dns", "x5", "é-x", "", "aé😀"})};
}

/// A call that the declaration accepts: its types, and the constants it needs.
inline std::optional<CallShape> shape(Random& random, const FunctionDeclaration& function, const Near& near) {
  for (int attempt = 0; attempt < 3000; ++attempt) {
    CallShape made;
    const Type chosen = variable(random);
    for (const ParameterDeclaration& parameter : function.parameters) {
      Type type = parameter.type;
      switch (parameter.kind) {
        case ParameterKind::exact:
          break;
        case ParameterKind::any_decimal:
          type =
              any_of<Type>(random, {decimal_type(38, 0), decimal_type(38, 38), decimal_type(12, 2), decimal_type(1, 1),
                                    decimal_type(38, 6), decimal_type(18, 18), decimal_type(19, 0)});
          break;
        case ParameterKind::any_enum:
          type = enum_type({"open", "shut"});
          break;
        case ParameterKind::any:
          type = chosen;
          break;
        case ParameterKind::list_of_any:
          type = list_type(chosen);
          break;
      }
      made.arguments.push_back(type);
      made.constants.push_back(parameter.constant ? constant(random, function, parameter, near.texts) : Value{Null()});
    }
    if (!function.problem || function.problem(made).empty()) return made;
  }
  return std::nullopt;
}

/// What is wrong with a result of that type beyond its bits: digits that do not fit, times outside the day, text that
/// is no UTF-8. Empty if nothing is.
inline std::string fault(const Type& type, const Value& result) {
  switch (type->kind) {
    case TypeKind::optional:
      return result.is_null() ? "" : fault(type->element, result);
    case TypeKind::decimal:
      return decimal_fits(result.wide(), type->precision) ? "" : "does not fit " + to_string(type);
    case TypeKind::time:
      return result.integer() >= 0 && result.integer() < 86'400'000'000 ? "" : "is no time of day";
    case TypeKind::enumeration:
      return result.integer() >= 0 && result.integer() < static_cast<int64_t>(type->symbols.size()) ? ""
                                                                                                    : "is no symbol";
    case TypeKind::string:
      if (result.text().size() > kLongestText) return "is longer than a text may be";
      return is_utf8(result.text()) ? "" : "is no UTF-8";
    case TypeKind::bytes:
      return result.text().size() <= kLongestText ? "" : "is longer than bytes may be";
    case TypeKind::list:
      for (const Value& item : result.items())
        if (std::string found = fault(type->element, item); !found.empty()) return "an element " + found;
      return "";
    case TypeKind::map: {
      for (size_t i = 1; i < result.items().size(); ++i)
        if (compare(result.items()[i - 1].items()[0], result.items()[i].items()[0]) >= 0)
          return "has keys that are not in order, or twice";
      for (const Value& entry : result.items())
        if (std::string found = fault(type->element, entry); !found.empty()) return "an entry: " + found;
      return "";
    }
    case TypeKind::structure:
      for (size_t i = 0; i < type->fields.size(); ++i)
        if (std::string found = fault(type->fields[i].type, result.items()[i]); !found.empty())
          return "the field " + type->fields[i].name + " " + found;
      return "";
    default:
      return "";
  }
}

}  // namespace braid::samples
