// Lists of elements of any type. Positions count from 0.
#include "runtime/declare/native.h"
#include "stdlib/functions/sorted_elements.h"

namespace braid {

static int64_t list_length(AnyList list) {
  return static_cast<int64_t>(list.count);
}
BRAID_FUNCTION(lists, list_length,
               {.name = "length",
                .summary = "Number of elements.",
                .parameters = {{"list", "List to measure."}},
                .examples = {{"length([7, 8])", "2"}, {R"("a/b".split("/").length())", "2"}}})

static bool list_is_empty(AnyList list) {
  return list.count == 0;
}
BRAID_FUNCTION(lists, list_is_empty,
               {.name = "is_empty",
                .summary = "Whether a list has no elements.",
                .parameters = {{"list", "List to look at."}},
                .examples = {{"is_empty([1])", "false"}, {R"("ab".split("").slice(2).is_empty())", "true"}}})

static std::optional<AnyValue> element(AnyList list, int64_t index) {
  if (index < 0 || static_cast<uint64_t>(index) >= list.count) return std::nullopt;
  return AnyValue{list.at(static_cast<uint64_t>(index)), list.layout};
}

static std::optional<AnyValue> get(AnyList list, int64_t index) {
  return element(list, index);
}
BRAID_FUNCTION(lists, get,
               {.summary = "The element at a position, null if there is none; `list[i]` fails instead.",
                .parameters = {{"list", "List to read."}, {"index", "Position, counted from 0."}},
                .examples = {{"[7, 8].get(1)", "8"}, {"[7, 8].get(2)", "null"}, {"[7, 8].get(-1)", "null"}}})

static std::optional<AnyValue> list_first(AnyList list) {
  return element(list, 0);
}
BRAID_FUNCTION(lists, list_first,
               {.name = "first",
                .summary = "The first element, null if there is none.",
                .parameters = {{"list", "List to read."}},
                .examples = {{"first([7, 8])", "7"}, {"first([7].slice(1))", "null"}}})

static std::optional<AnyValue> list_last(AnyList list) {
  return list.count == 0 ? std::nullopt : element(list, static_cast<int64_t>(list.count - 1));
}
BRAID_FUNCTION(lists, list_last,
               {.name = "last",
                .summary = "The last element, null if there is none.",
                .parameters = {{"list", "List to read."}},
                .examples = {{"last([7, 8])", "8"}, {"last([7].slice(1))", "null"}}})

static bool list_contains(AnyList list, AnyValue value) {
  for (uint64_t i = 0; i < list.count; ++i)
    if (list.layout.compare(list.at(i), value.slots) == 0) return true;
  return false;
}
BRAID_FUNCTION(lists, list_contains,
               {.name = "contains",
                .summary = "Whether an element equals a value; the same as `value in list`.",
                .parameters = {{"list", "List to search."}, {"value", "What to look for."}},
                .examples = {{"[7, 8].contains(8)", "true"}, {R"(contains(["a"], "A"))", "false"}}})

static std::optional<int64_t> list_index_of(AnyList list, AnyValue value) {
  for (uint64_t i = 0; i < list.count; ++i)
    if (list.layout.compare(list.at(i), value.slots) == 0) return static_cast<int64_t>(i);
  return std::nullopt;
}
BRAID_FUNCTION(lists, list_index_of,
               {.name = "index_of",
                .summary = "Position of the first element that equals a value, null if there is none.",
                .parameters = {{"list", "List to search."}, {"value", "What to look for."}},
                .examples = {{"[7, 8, 8].index_of(8)", "1"}, {"[7].index_of(9)", "null"}}})

static AnyList slice(AnyList list, int64_t from, std::optional<int64_t> count) {
  uint64_t first = from < 0 ? 0 : static_cast<uint64_t>(from);
  if (first > list.count) first = list.count;
  uint64_t wanted = list.count - first;
  if (count && *count < static_cast<int64_t>(wanted)) wanted = *count < 0 ? 0 : static_cast<uint64_t>(*count);
  return {list.at(first), wanted, list.layout};
}
BRAID_FUNCTION(lists, slice,
               {.summary = "The elements from a position on; what lies outside the list is left out.",
                .parameters = {{"list", "List to cut."},
                               {"from", "Position of the first element, counted from 0."},
                               {"count", "How many elements; all of the rest if left out.", "null"}},
                .examples = {{"[1, 2, 3].slice(1, 1)", "[2]"},
                             {"[1, 2, 3].slice(1)", "[2, 3]"},
                             {"[1, 2].slice(5).length()", "0"}}})

static AnyList skip(AnyList list, int64_t count) {
  return slice(list, count, std::nullopt);
}
BRAID_FUNCTION(lists, skip,
               {.summary = "A list without its first elements.",
                .parameters = {{"list", "List to cut."}, {"count", "How many elements to leave out."}},
                .examples = {{"[1, 2, 3].skip(1)", "[2, 3]"}, {"[1].skip(2).is_empty()", "true"}}})

static AnyList gathered(CallContext& context, const AnyList& list, const Slot* const* elements, uint64_t count) {
  const uint64_t width = list.layout.slots;
  Slot* const items = allocate_slots(context, count * width);
  for (uint64_t i = 0; i < count; ++i)
    for (uint64_t j = 0; j < width; ++j) items[i * width + j] = elements[i][j];
  return {items, count, list.layout};
}

static AnyList sort(CallContext& context, AnyList list) {
  return gathered(context, list, sorted(context, list), list.count);
}
BRAID_FUNCTION(
    lists, sort,
    {.summary = "The elements in rising order; null and NaN last, text by its bytes, structs field by field.",
     .parameters = {{"list", "List to sort."}},
     .examples = {{"[3, 1, 2].sort()", "[1, 2, 3]"},
                  {"[2, null, 1].sort()", "[1, 2, null]"},
                  {R"(["b", "B", "a"].sort())", R"(["B", "a", "b"])"}}})

static AnyList reverse_list(CallContext& context, AnyList list) {
  auto** const elements = reinterpret_cast<const Slot**>(allocate(context, list.count * sizeof(Slot*)));
  for (uint64_t i = 0; i < list.count; ++i) elements[i] = list.at(list.count - 1 - i);
  return gathered(context, list, elements, list.count);
}
BRAID_FUNCTION(lists, reverse_list,
               {.name = "reverse",
                .summary = "The elements from the last to the first.",
                .parameters = {{"list", "List to turn round."}},
                .examples = {{"[1, 2, 3].reverse()", "[3, 2, 1]"}, {"[1].reverse()", "[1]"}}})

static AnyList distinct(CallContext& context, AnyList list) {
  // Equal elements stand side by side once sorted, the earliest first; its place in `kept` is then its old one.
  const Slot** const ordered = sorted(context, list);
  auto* const first = reinterpret_cast<uint8_t*>(allocate(context, list.count));
  for (uint64_t i = 0; i < list.count; ++i) {
    const uint64_t place = static_cast<uint64_t>(ordered[i] - list.items) / list.layout.slots;
    first[place] = i == 0 || list.layout.compare(ordered[i - 1], ordered[i]) != 0;
  }
  auto** const kept = reinterpret_cast<const Slot**>(allocate(context, list.count * sizeof(Slot*)));
  uint64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i)
    if (first[i] != 0) kept[count++] = list.at(i);
  return gathered(context, list, kept, count);
}
BRAID_FUNCTION(lists, distinct,
               {.summary = "Each element once, where it stood first.",
                .parameters = {{"list", "List to thin out."}},
                .examples = {{R"(["b", "a", "b"].distinct())", R"(["b", "a"])"},
                             {"[null, 1, null].distinct()", "[null, 1]"}}})

static std::optional<AnyValue> best(const AnyList& list, int sign) {
  if (list.count == 0) return std::nullopt;
  const Slot* chosen = list.items;
  for (uint64_t i = 1; i < list.count; ++i)
    if (sign * list.layout.compare(list.at(i), chosen) < 0) chosen = list.at(i);
  return AnyValue{chosen, list.layout};
}

static std::optional<AnyValue> list_min(AnyList list) {
  return best(list, 1);
}
BRAID_FUNCTION(lists, list_min,
               {.name = "min",
                .summary = "The least element of a list, null if it is empty.",
                .parameters = {{"list", "List to search."}},
                .examples = {{"min([3, 1, 2])", "1"}, {"min([1].skip(1))", "null"}}})

static std::optional<AnyValue> list_max(AnyList list) {
  return best(list, -1);
}
BRAID_FUNCTION(lists, list_max,
               {.name = "max",
                .summary = "The greatest element of a list, null if it is empty.",
                .parameters = {{"list", "List to search."}},
                .examples = {{"max([3, 1, 2])", "3"}, {"max([1].skip(1))", "null"}}})

BRAID_GROUP(lists)

}  // namespace braid
