// The type that fits the values of a field in a sample, as a script writes it.
#pragma once

#include <cstdint>
#include <string>

#include "cli/project/sample_field.h"

namespace braid::cli {

struct TypeRules {
  bool csv = false;
  int unit = -1;  ///< of numbers that are times, into kEpochUnits; below 0: none are
};

struct InferredType {
  std::string text;     ///< without `?`; empty: no type of the language reads it
  std::string why_not;  ///< the reason then, and for fields left out of a struct
  std::string remark;   ///< what the reader should know
  int64_t misfits = 0;  ///< values that are rejected
  bool optional = false;
};

/// A few of many values may be broken: this many do not decide a type.
int64_t tolerated(int64_t values);

/// `total`: how many objects, or lists' elements, could have held the field. Lines of structs are indented by `indent`
/// more than the field.
InferredType infer_type(const SampleField& field, int64_t total, const TypeRules& rules, const std::string& indent);

/// Whether a field's name says that its numbers are times.
bool is_named_like_time(const std::string& name);

}  // namespace braid::cli
