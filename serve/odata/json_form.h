// How answers are written: what the client asked for, and values as OData's JSON has them. Pure.
#pragma once

#include <string>
#include <string_view>

#include "serve/odata/expression.h"
#include "serve/odata/model.h"

namespace braid::serve::odata {

struct Form {
  enum class Metadata : uint8_t { none, minimal, full };
  Metadata metadata = Metadata::minimal;
  bool numbers_as_text = false;  ///< IEEE754Compatible: Int64 and Decimal as texts

  std::string content_type() const;
  bool is_full() const { return metadata == Metadata::full; }
};

/// `format`: of $format, empty without. 406: nothing that the client takes can be given.
Parsed<Form> form_of(std::string_view accept, std::string_view format);

/// A value of that type, optional or not. `owner`, `path`: of the type's name (model.h); they are used with full
/// metadata.
void append_value(const Type& type, const Slot* slots, const Form& form, const std::string& owner,
                  const std::string& path, std::string& out);
/// `null`, `7`, `"Bern"`, of what is no structure and no list.
void append_scalar(const Datum& value, const Form& form, std::string& out);
/// The same as text alone: /$value, and keys.
std::string raw_text(const Datum& value);
/// As a literal of an address, percent-encoded: `'a%2Fb'`, `2026-01-01`. `type`: of an enumeration.
std::string address_literal(const Datum& value, const std::string& enum_name);

std::string json_string(std::string_view text);

/// Rows of a shape as JSON objects.
class RowWriter {
 public:
  /// `set`: null for rows that $apply makes. `selected`: properties of the shape, empty: all. All outlive this.
  RowWriter(const Shape& shape, const EntitySet* set, std::vector<size_t> selected, const Form& form);
  void append(const RowOf& row, std::string& out) const;
  /// The members alone, without braces; they begin with a comma if `first` is false.
  void append_members(const RowOf& row, bool first, std::string& out) const;

 private:
  const Shape& shape_;
  const EntitySet* set_;
  std::vector<size_t> selected_;
  Form form_;
};

/// `shop_order_v1(7)`.
std::string address_of_row(const EntitySet& set, const RowOf& row);

}  // namespace braid::serve::odata
