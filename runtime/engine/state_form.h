// The form of a step's stored rows: what the types of a program say of them, beside the schema of the compiler
// (StateIdentity). Two forms are compared field by field, because some types may grow under stored rows.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "runtime/abi/program.h"
#include "runtime/operators/product_places.h"

namespace braid {

struct StateForm {
  std::string types;  ///< of the fields
  /// Of each its kind, which one it shares a set of values with, and what it is of; between them tabulators.
  std::vector<std::string> aggregates;
  /// The relations that the rows may come from, by number, where rows have such numbers: they are of a program. Where
  /// whole records wait, with the products that count them once though they come by several ways, in the order of their
  /// bits (Record::settled): "2 shop.sale=shop.big,shop.small;3 shop.refund".
  std::string origins;
  /// Of `running`: the fields of its input that it reads (read_places() in running_form.h), which decides of nothing.
  std::vector<int> places;
  bool operator==(const StateForm&) const = default;
};

/// Of the steps of a program, which outlives it.
class StateForms {
 public:
  explicit StateForms(const Program& program);
  /// Of a step that keeps state.
  StateForm of(const Operator& op) const;

 private:
  const Program& program_;
  const ProductPlaces places_;
  const std::vector<uint32_t> made_ways_;
};

enum class FormFit {
  same,
  wider,   ///< an enum has further symbols behind those that it had, a decimal further digits: rows stay as they are
  types,   ///< other types, or other aggregates
  origins  ///< the numbers of relations are others
};
FormFit compare_forms(const StateForm& stored, const StateForm& now);
/// Of two texts of types, or of aggregates; never `origins`.
FormFit compare_types(std::string_view stored, std::string_view now);
std::string form_of_type(const Type& type);
/// The rows that a form's `types` tell, of each input, with numbers as names. None: it is not told so.
std::optional<std::vector<std::vector<Field>>> rows_of_form(std::string_view types);
/// States of the aggregate do not say which rows it has taken.
bool forgets_origins(const AggregateSpec& aggregate);

/// An aggregate as its form tells it, over a row of its own. None where it is not told whole.
struct FormedAggregate {
  AggregateSpec spec;
  std::vector<Field> row;
};
std::optional<FormedAggregate> aggregate_of(const std::string& form);

}  // namespace braid
