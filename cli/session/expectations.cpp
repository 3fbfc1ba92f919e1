#include "cli/session/expectations.h"

#include <algorithm>
#include <map>
#include <memory>

#include "compiler/check/check.h"

namespace braid::cli {
namespace {

/// A JSON object that is built member by member, nested ones by path, in the order of first mention.
struct Object {
  std::vector<std::pair<std::string, std::unique_ptr<Object>>> members;
  std::string value;  ///< of a leaf

  Object& at(const std::string& name) {
    for (auto& [known, object] : members)
      if (known == name) return *object;
    members.emplace_back(name, std::make_unique<Object>());
    return *members.back().second;
  }
  std::string text() const {
    if (members.empty()) return value;
    std::string made = "{";
    for (size_t i = 0; i < members.size(); ++i) {
      const auto& [name, object] = members[i];
      made += (i ? "," : "") + to_json(string_type(), Value{name}) + ":" + object->text();
    }
    return made + "}";
  }
};

/// A field of an expected row: its name, type and value.
struct ExpectedField {
  std::string name;
  Type type;
  const Value* value;
};

std::vector<ExpectedField> expected_fields(const typed::TestRow& row, const std::vector<Field>& fields) {
  std::vector<ExpectedField> made;
  for (const auto& [index, value] : row.fields) made.push_back({fields[index].name, fields[index].type, &value});
  for (size_t i = 0; i < row.named.size(); ++i)
    made.push_back({row.named[i].first, row.named_types[i], &row.named[i].second});
  return made;
}

/// Compared as JSON: a port's field may be typed otherwise than the literal it is expected to equal.
std::string json_of(const Type& type, const Value& value) {
  return to_json(type, value);
}

bool is_number(const Type& type) {
  return is(type, TypeKind::integer) || is(type, TypeKind::floating) || is(type, TypeKind::decimal);
}

/// `30.0` of a test is a decimal, and may be expected of a float, or of a decimal with other digits.
bool same_number(const std::string& wanted, const std::string& found, bool approximate) {
  if (approximate) return std::strtod(wanted.c_str(), nullptr) == std::strtod(found.c_str(), nullptr);
  auto digits = [](std::string text) {
    if (text.find('.') == std::string::npos) return text;
    while (text.back() == '0') text.pop_back();
    if (text.back() == '.') text.pop_back();
    return text == "-0" ? std::string("0") : text;
  };
  return digits(wanted) == digits(found);
}

/// A struct that was expected with `..` by the fields that it names, others by all: a field left out is null.
bool fits(const Type& wanted_type, const Value& wanted, const Type& found_type, const Value& found) {
  const Type &wanted_inner = without_optional(wanted_type), &found_inner = without_optional(found_type);
  if (wanted.is_null() || found.is_null()) return wanted.is_null() == found.is_null();
  if (is_number(wanted_inner) && is_number(found_inner))
    return same_number(json_of(wanted_inner, wanted), json_of(found_inner, found),
                       is(wanted_inner, TypeKind::floating) || is(found_inner, TypeKind::floating));
  if (is(wanted_inner, TypeKind::list) && is(found_inner, TypeKind::list)) {
    const std::vector<Value>&a = wanted.items(), &b = found.items();
    return std::equal(a.begin(), a.end(), b.begin(), b.end(), [&](const Value& x, const Value& y) {
      return fits(wanted_inner->element, x, found_inner->element, y);
    });
  }
  if (!is(wanted_inner, TypeKind::structure) || !is(found_inner, TypeKind::structure))
    return json_of(wanted_type, wanted) == json_of(found_type, found);
  const std::vector<Field>&expected = wanted_inner->fields, &there = found_inner->fields;
  for (size_t i = 0; i < expected.size(); ++i) {
    if (expected[i].name == kOtherFields) continue;
    const int index = find_field(there, expected[i].name);
    if (index < 0 || !fits(expected[i].type, wanted.items()[i], there[index].type, found.items()[index])) return false;
  }
  if (find_field(expected, kOtherFields) >= 0) return true;
  for (size_t i = 0; i < there.size(); ++i)
    if (find_field(expected, there[i].name) < 0 && !found.items()[i].is_null()) return false;
  return true;
}

/// As the test has it: `..` for the fields that are left out.
std::string expected_literal(const Type& type, const Value& value) {
  std::string text = to_literal(type, value);
  const std::string marker = std::string(kOtherFields) + ": null", written(kOtherFields);
  for (size_t at = text.find(marker); at != std::string::npos; at = text.find(marker, at + 1))
    text.replace(at, marker.size(), written);
  return text;
}

/// The first field in which they differ; empty if the row fits.
std::string difference(const typed::TestRow& expected, const std::vector<Field>& expected_row,
                       const ResultRow& actual) {
  std::vector<bool> named(actual.fields.size(), false);
  for (const ExpectedField& field : expected_fields(expected, expected_row)) {
    const int index = find_field(actual.fields, field.name);
    if (index < 0) return fmt::format("it has no field `{}`", field.name);
    named[index] = true;
    if (!fits(field.type, *field.value, actual.fields[index].type, actual.values[index]))
      return fmt::format("`{}` is {}, expected {}", field.name,
                         to_literal(actual.fields[index].type, actual.values[index]),
                         expected_literal(field.type, *field.value));
  }
  if (!expected.open)
    for (size_t i = 0; i < named.size(); ++i)
      if (!named[i] && !actual.values[i].is_null())
        return fmt::format("it has `{}` too, which the expectation does not name (`..` leaves other fields out)",
                           actual.fields[i].name);
  return {};
}

std::string expected_text(const typed::TestRow& row, const std::vector<Field>& fields) {
  std::string text = "{";
  for (const ExpectedField& field : expected_fields(row, fields))
    text +=
        fmt::format("{} {}: {}", text.size() > 1 ? "," : "", field.name, expected_literal(field.type, *field.value));
  if (row.open) text += text.size() > 1 ? ", .." : " ..";
  return text + " }";
}

std::string key_of(const ResultRow& row, const std::vector<std::string>& key) {
  std::string text;
  for (const std::string& name : key) {
    const int index = find_field(row.fields, name);
    text += index < 0 ? "-" : json_of(row.fields[index].type, row.values[index]);
    text += "|";
  }
  return text;
}

}  // namespace

std::string given_record(const typed::Relation& relation, const typed::TestRow& row) {
  Object record;
  for (const auto& [index, value] : row.fields) {
    Object* at = &record;
    for (const std::string& part : relation.source->fields[index].path) at = &at->at(part);
    at->value = to_json(relation.row[index].type, value);
  }
  return record.members.empty() ? "{}" : record.text();
}

std::string row_text(const ResultRow& row) {
  std::string text = "{";
  for (size_t i = 0; i < row.fields.size(); ++i)
    text += fmt::format("{} {}: {}", i ? "," : "", row.fields[i].name, to_literal(row.fields[i].type, row.values[i]));
  return text + " }";
}

std::optional<std::string> compare_rows(const typed::ExpectStatement& expected, const std::vector<ResultRow>& actual,
                                        const std::vector<Field>& row, const std::vector<std::string>& key,
                                        size_t* missing) {
  if (missing != nullptr) *missing = 0;
  std::vector<bool> used(actual.size(), false);
  std::map<std::string, size_t> last_of_key;
  std::string text;
  for (const typed::TestRow& wanted : expected.rows) {
    // Field indexes of an expected row are those of the relation, whose row every result has.
    std::string nearest;
    size_t nearest_fields = 0;
    bool found = false;
    for (size_t i = 0; i < actual.size() && !found; ++i) {
      if (used[i]) continue;
      const std::string problem = difference(wanted, actual[i].fields, actual[i]);
      if (problem.empty()) {
        const std::string of_key = key_of(actual[i], key);
        const auto last = last_of_key.find(of_key);
        if (!key.empty() && last != last_of_key.end() && last->second > i) {
          text += fmt::format("  out of order  {}\n", row_text(actual[i]));
          found = true;
        }
        used[i] = true;
        last_of_key[of_key] = i;
        found = true;
        continue;
      }
      // The nearest row is the one that fits in the most leading fields.
      size_t fitting = 0;
      for (const ExpectedField& field : expected_fields(wanted, actual[i].fields)) {
        const int index = find_field(actual[i].fields, field.name);
        fitting += index >= 0 && fits(field.type, *field.value, actual[i].fields[index].type, actual[i].values[index]);
      }
      if (nearest.empty() || fitting > nearest_fields) {
        nearest = problem;
        nearest_fields = fitting;
      }
    }
    if (found) continue;
    if (missing != nullptr) ++*missing;
    text += fmt::format("  missing  {}\n", expected_text(wanted, row));
    if (!nearest.empty()) text += fmt::format("           nearest row: {}\n", nearest);
  }
  if (!expected.open)
    for (size_t i = 0; i < actual.size(); ++i)
      if (!used[i]) text += fmt::format("  not expected  {}\n", row_text(actual[i]));
  if (text.empty()) return std::nullopt;
  return text;
}

}  // namespace braid::cli
