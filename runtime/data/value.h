// A value as a plain C++ object: literals, test rows, results on the terminal, the reference evaluator. Slow and
// simple; rows in the engine are slots and columns. A value does not contain its type.
#pragma once

#include <array>
#include <string>
#include <variant>
#include <vector>

#include "runtime/data/arena.h"
#include "runtime/data/slot.h"
#include "runtime/data/type.h"

namespace braid {

struct Null {
  friend bool operator==(Null, Null) { return true; }
};

struct Value {
  // boolean: bool. integer, date, time, timestamp, duration, enumeration (symbol index): int64_t. floating: double.
  // decimal (unscaled), uuid: int128. string, bytes, json (canonical text): std::string. list, structure: elements in
  // order.
  std::variant<Null, bool, int64_t, double, int128, std::string, std::vector<Value>> content;

  bool is_null() const { return std::holds_alternative<Null>(content); }
  bool boolean() const { return std::get<bool>(content); }
  int64_t integer() const { return std::get<int64_t>(content); }
  double floating() const { return std::get<double>(content); }
  int128 wide() const { return std::get<int128>(content); }
  const std::string& text() const { return std::get<std::string>(content); }
  const std::vector<Value>& items() const { return std::get<std::vector<Value>>(content); }
};

/// Equal as keys are: NaN equals NaN, -0 equals 0, null equals null.
bool equal(const Value& a, const Value& b);
/// Total order of values of one type; nulls last.
int compare(const Value& a, const Value& b);

/// Writes the leaves of `value` (`leaf_count(type)` slots); text and lists are copied into the arena.
void to_slots(const Type& type, const Value& value, Slot* slots, Arena& arena);
Value from_slots(const Type& type, const Slot* slots);

/// As a Braid literal: 12.50, "text", @2026-01-01T00:00Z, 1h30m, { a: 1 }, [1, 2], null.
std::string to_literal(const Type& type, const Value& value);
/// As NDJSON output has it: timestamps RFC 3339 with Z (seconds always, a fraction only if not zero, without trailing
/// zeros), durations ISO 8601, decimals with their scale, floats by the shortest text that reads back equal.
void append_json(const Type& type, const Slot* slots, std::string& out);
std::string to_json(const Type& type, const Value& value);
/// As a cell of a table on the terminal or of a CSV file, without quoting. Null gives "".
std::string to_cell(const Type& type, const Value& value);

}  // namespace braid
