// What generated code calls for work that is too long to be written down as IR each time. This file is compiled to
// bitcode, embedded in libbraid_codegen and linked into each generated module, where it inlines; nothing here refers to
// anything but the functions that bitcode.cpp names.
#include "runtime/abi/row_functions.h"
#include "runtime/data/decimal.h"

using braid::Bytes;
using braid::CallContext;
using braid::int128;
using braid::List;
using braid::Record;
using braid::Slot;

namespace {

/// How a decimal operation ended; arithmetic.cpp makes codes of the catalogue of it.
enum Outcome : uint32_t { done = 0, overflow = 1, zero_divisor = 2 };

Outcome finish(bool fits, int128 value, int32_t precision, int128* result) {
  if (!fits || !braid::decimal_fits(value, precision)) return overflow;
  *result = value;
  return done;
}

}  // namespace

extern "C" {

Bytes braid_row_concatenate(CallContext* call, const Bytes* parts, uint64_t count) {
  return braid::rows::concatenate(call, parts, count);
}

List braid_row_append_lists(CallContext* call, const Slot* a, uint64_t count_a, const Slot* b, uint64_t count_b,
                            uint64_t width) {
  return braid::rows::append_lists(call, {a, count_a}, {b, count_b}, width);
}

List braid_row_list_field(CallContext* call, const Slot* items, uint64_t count, uint64_t width, uint64_t first,
                          uint64_t taken) {
  return braid::rows::list_field(call, {items, count}, width, first, taken);
}

List braid_row_join_lists(CallContext* call, const Slot* lists, uint64_t count, uint64_t width) {
  return braid::rows::join_lists(call, lists, count, width);
}

uint32_t braid_row_equal_lists(const char* type_layout, const Slot* a, uint64_t count_a, const Slot* b,
                               uint64_t count_b) {
  Slot left, right;
  left.list = {a, count_a};
  right.list = {b, count_b};
  return count_a == count_b && braid::rows::equal_values(type_layout, &left, &right);
}

int32_t braid_row_compare_bytes(const char* a, uint64_t size_a, const char* b, uint64_t size_b) {
  return braid::layout::order({a, size_a}, {b, size_b});
}

uint32_t braid_row_decimal_add(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int32_t scale,
                               int32_t precision, int128* result) {
  int128 left = 0, right = 0, sum = 0;
  bool fits = braid::decimal_rescale(*a, scale_a, scale, &left) && braid::decimal_rescale(*b, scale_b, scale, &right) &&
              braid::decimal_add(left, right, &sum);
  return finish(fits, sum, precision, result);
}

uint32_t braid_row_decimal_subtract(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int32_t scale,
                                    int32_t precision, int128* result) {
  int128 left = 0, right = 0, difference = 0;
  bool fits = braid::decimal_rescale(*a, scale_a, scale, &left) && braid::decimal_rescale(*b, scale_b, scale, &right) &&
              braid::decimal_subtract(left, right, &difference);
  return finish(fits, difference, precision, result);
}

uint32_t braid_row_decimal_multiply(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int32_t scale,
                                    int32_t precision, int128* result) {
  int128 exact = 0, product = 0;
  bool fits =
      braid::decimal_multiply(*a, *b, &exact) && braid::decimal_rescale(exact, scale_a + scale_b, scale, &product);
  return finish(fits, product, precision, result);
}

uint32_t braid_row_decimal_divide(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int32_t scale,
                                  int32_t precision, int128* result) {
  if (*b == 0) return zero_divisor;
  int128 quotient = 0;
  bool fits = braid::decimal_divide(*a, *b, scale - scale_a + scale_b, &quotient);
  return finish(fits, quotient, precision, result);
}

uint32_t braid_row_decimal_remainder(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b, int32_t scale,
                                     int32_t precision, int128* result) {
  if (*b == 0) return zero_divisor;
  int128 rest = 0, moved = 0;
  braid::decimal_remainder(*a, scale_a, *b, scale_b, &rest);
  bool fits = braid::decimal_rescale(rest, scale_a > scale_b ? scale_a : scale_b, scale, &moved);
  return finish(fits, moved, precision, result);
}

/// Digits behind the point may go only if they are zero.
uint32_t braid_row_decimal_rescale(const int128* value, int32_t from, int32_t to, int32_t precision, int128* result) {
  int128 moved = 0, back = 0;
  bool fits = braid::decimal_rescale(*value, from, to, &moved) && braid::decimal_rescale(moved, to, from, &back) &&
              back == *value;
  return finish(fits, moved, precision, result);
}

int32_t braid_row_decimal_compare(const int128* a, int32_t scale_a, const int128* b, int32_t scale_b) {
  return braid::decimal_compare(*a, scale_a, *b, scale_b);
}

double braid_row_random(const CallContext* call, const Record* record, uint32_t site) {
  return braid::rows::random_float(call, record, site);
}

void braid_row_random_uuid(const CallContext* call, const Record* record, uint32_t site, int128* result) {
  *result = braid::rows::random_uuid(call, record, site);
}

void braid_row_origin(const CallContext* call, const Record* record, Slot* result) {
  braid::rows::origin(call, record, result);
}

}  // extern "C"
