// Values of any type that has an order: all have, null and NaN last.
#include "runtime/declare/native.h"

namespace braid {

static std::optional<AnyValue> null_if(AnyValue value, AnyValue unwanted) {
  if (value.layout.compare(value.slots, unwanted.slots) == 0) return std::nullopt;
  return value;
}
BRAID_FUNCTION(values, null_if,
               {.summary = "The value, or null where it equals an unwanted one, such as a code for \"unknown\".",
                .parameters = {{"value", "Value to keep."}, {"unwanted", "The value that becomes null."}},
                .examples = {{R"("Oslo".null_if("n/a"))", R"("Oslo")"}, {"null_if(-999, -999)", "null"}}})

static AnyValue least(AnyValue a, AnyValue b) {
  return a.layout.compare(b.slots, a.slots) < 0 ? b : a;
}
BRAID_FUNCTION(values, least,
               {.summary = "The lesser of two values; null and NaN count as greatest.",
                .parameters = {{"a", "One value."}, {"b", "The other."}},
                .examples = {{"least(3, 2)", "2"}, {R"(least("a", "b"))", R"("a")"}, {"least(3, 3)", "3"}}})

static AnyValue greatest(AnyValue a, AnyValue b) {
  return a.layout.compare(b.slots, a.slots) > 0 ? b : a;
}
BRAID_FUNCTION(values, greatest,
               {.summary = "The greater of two values; null and NaN count as greatest.",
                .parameters = {{"a", "One value."}, {"b", "The other."}},
                .examples = {{"greatest(3, 2)", "3"}, {"greatest(@2026-01-01, @2026-02-01)", "@2026-02-01"}}})

static AnyValue least_of_three(AnyValue a, AnyValue b, AnyValue c) {
  return least(least(a, b), c);
}
BRAID_FUNCTION(values, least_of_three,
               {.name = "least",
                .summary = "The least of three values; null and NaN count as greatest.",
                .parameters = {{"a", "One value."}, {"b", "Another."}, {"c", "The third."}},
                .examples = {{"least(3, 1, 2)", "1"}, {"least(2, null, 3)", "2"}}})

static AnyValue greatest_of_three(AnyValue a, AnyValue b, AnyValue c) {
  return greatest(greatest(a, b), c);
}
BRAID_FUNCTION(values, greatest_of_three,
               {.name = "greatest",
                .summary = "The greatest of three values; null and NaN count as greatest.",
                .parameters = {{"a", "One value."}, {"b", "Another."}, {"c", "The third."}},
                .examples = {{"greatest(3, 1, 2)", "3"}, {"greatest(2, null, 3)", "null"}}})

static AnyValue clamp(AnyValue value, AnyValue low, AnyValue high) {
  if (value.layout.compare(value.slots, low.slots) < 0) return low;
  return value.layout.compare(value.slots, high.slots) > 0 ? high : value;
}
BRAID_FUNCTION(values, clamp,
               {.summary = "The value, moved into a range if it lies outside; if `low` is above `high`, `low` wins.",
                .parameters = {{"value", "Value to keep in bounds."}, {"low", "Lower end."}, {"high", "Upper end."}},
                .examples = {{"clamp(12, 0, 10)", "10"}, {"clamp(5, 0, 10)", "5"}, {"clamp(1, 3, 2)", "3"}}})

BRAID_GROUP(values)

}  // namespace braid
