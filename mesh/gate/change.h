// What differs between two interfaces of one product: facts, without a judgement. Plain values; pure; any thread.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "mesh/contract/interface.h"

namespace braid::mesh {

enum class ChangeKind {
  // shape
  product_gone,
  field_gone,
  field_added,
  type_changed,     ///< neither holds the other's values
  type_widened,     ///< holds all values it held, and others
  type_narrowed,    ///< holds only some of the values it held
  became_optional,  ///< T to T?
  became_required,  ///< T? to T
  symbol_added,
  symbol_gone,
  symbols_reordered,  ///< symbols compare by their order
  // meaning
  kind_changed,
  key_changed,
  time_changed,     ///< another field, or none
  disorder_raised,  ///< rows may come later than before
  disorder_lowered,
  // promise
  promise_loosened,   ///< or gone
  promise_tightened,  ///< or new
  check_gone,
  check_added,
  check_changed,   ///< another condition
  check_loosened,  ///< does less with rows that fail it
  check_tightened,
  // access
  access_lost,  ///< a reader that could read no longer can
  access_gained,
  mask_added,    ///< readers see another value in place of the field's
  mask_changed,  ///< another function, or other readers are excepted
  mask_gone,
  label_added,
  label_gone,
  // wire
  address_gone,
  address_added,
  format_changed,
  // life
  deprecated,
  deprecation_changed,
  deprecation_gone,
  became_draft,
  became_active,  ///< it was a draft
  // definitions (mesh/definition)
  definition_gone,
  definition_added,
  signature_changed,
  signature_widened,  ///< takes each call that it took
  state_changed,      ///< of an aggregate: the fields of its state
  body_changed,       ///< computes something else, or asks elsewhere
  // no reader depends on it
  text_changed  ///< documentation, owner
};
/// "field-gone": as JSON output and annotations have it.
std::string_view word_of(ChangeKind kind);

using typed::PromiseKind;

struct Change {
  ChangeKind kind;
  std::string where;   ///< field path "customer.email", name of a check, environment; empty: the product itself
  std::string before;  ///< as text; empty: there was nothing
  std::string after;
  PromiseKind promise = PromiseKind::none;  ///< of promise_loosened and promise_tightened
  friend bool operator==(const Change&, const Change&) = default;
};

/// In the order: shape by fields as they stood, then new fields, meaning, promises, checks, access, wire, life, texts.
/// Structs are compared field by field: `where` is the path below.
std::vector<Change> changes_between(const Interface& before, const Interface& after);

/// "field `email` is gone (it was `string?`)".
std::string to_text(const Change& change);

}  // namespace braid::mesh
