// More of lists: put together, thinned out, compared as sets, cut in pieces. Elements are equal and ordered as
// everywhere: null and NaN equal themselves, and come last. What takes elements apart is in lists.cpp.
#include "runtime/declare/native.h"
#include "stdlib/functions/sorted_elements.h"

namespace braid {

static uint64_t at_least_zero(int64_t count) {
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}
static bool fits(uint64_t count, uint64_t width) {
  return count <= kLongestText / sizeof(Slot) / width;
}

static void copy(Slot* to, const Slot* from, uint64_t slots) {
  if (slots > 0) std::memcpy(to, from, slots * sizeof(Slot));
}

/// Whether a list has an element, by halving; `ordered` are its elements in order.
static bool has(const AnyList& list, const Slot* const* ordered, const Slot* value) {
  uint64_t low = 0, high = list.count;
  while (low < high) {
    const uint64_t middle = low + (high - low) / 2;
    const int order = list.layout.compare(ordered[middle], value);
    if (order == 0) return true;
    if (order < 0)
      low = middle + 1;
    else
      high = middle;
  }
  return false;
}

/// Marks the first of equal elements.
static uint8_t* first_ones(CallContext& context, const AnyList& list) {
  const Slot** const ordered = sorted(context, list);
  auto* const first = reinterpret_cast<uint8_t*>(allocate(context, list.count));
  for (uint64_t i = 0; i < list.count; ++i)
    first[static_cast<uint64_t>(ordered[i] - list.items) / list.layout.slots] =
        i == 0 || list.layout.compare(ordered[i - 1], ordered[i]) != 0;
  return first;
}

/// The elements for which `keep(place)` holds.
template <class Keep>
static AnyList kept(CallContext& context, const AnyList& list, Keep keep) {
  const uint64_t width = list.layout.slots;
  Slot* const items = allocate_slots(context, list.count * width);
  uint64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    if (!keep(i)) continue;
    copy(items + count * width, list.at(i), width);
    ++count;
  }
  return {items, count, list.layout};
}

// ---- ends ----------------------------------------------------------------------------------------------------------

static AnyList take(AnyList list, int64_t count) {
  const uint64_t most = at_least_zero(count);
  return {list.items, most < list.count ? most : list.count, list.layout};
}
BRAID_FUNCTION(list_parts, take,
               {.summary = "The first elements of a list.",
                .parameters = {{"list", "List to cut."}, {"count", "How many elements to keep."}},
                .examples = {{"[1, 2, 3].take(2)", "[1, 2]"}, {"[1].take(5)", "[1]"}, {"[1].take(-1).length()", "0"}}})

static AnyList take_last(AnyList list, int64_t count) {
  const uint64_t most = at_least_zero(count), taken = most < list.count ? most : list.count;
  return {list.at(list.count - taken), taken, list.layout};
}
BRAID_FUNCTION(list_parts, take_last,
               {.summary = "The last elements of a list.",
                .parameters = {{"list", "List to cut."}, {"count", "How many elements to keep."}},
                .examples = {{"[1, 2, 3].take_last(2)", "[2, 3]"}, {"[1].take_last(5)", "[1]"}}})

static AnyList skip_last(AnyList list, int64_t count) {
  const uint64_t most = at_least_zero(count);
  return {list.items, most < list.count ? list.count - most : 0, list.layout};
}
BRAID_FUNCTION(list_parts, skip_last,
               {.summary = "A list without its last elements.",
                .parameters = {{"list", "List to cut."}, {"count", "How many elements to leave out."}},
                .examples = {{"[1, 2, 3].skip_last(1)", "[1, 2]"}, {"[1].skip_last(2).is_empty()", "true"}}})

// ---- put together --------------------------------------------------------------------------------------------------

static Fallible<AnyList> joined(CallContext& context, const Slot* a, uint64_t count_a, const Slot* b, uint64_t count_b,
                                const Layout& layout) {
  const uint64_t width = layout.slots;
  if (!fits(count_a + count_b, width)) return too_long();
  Slot* const items = allocate_slots(context, (count_a + count_b) * width);
  copy(items, a, count_a * width);
  copy(items + count_a * width, b, count_b * width);
  return AnyList{items, count_a + count_b, layout};
}

static Fallible<AnyList> filled(CallContext& context, AnyValue value, int64_t count) {
  const uint64_t wanted = at_least_zero(count), width = value.layout.slots;
  if (!fits(wanted, width)) return too_long();
  Slot* const items = allocate_slots(context, wanted * width);
  for (uint64_t i = 0; i < wanted; ++i) copy(items + i * width, value.slots, width);
  return AnyList{items, wanted, value.layout};
}
BRAID_FUNCTION(list_parts, filled,
               {.summary = "A list with a value several times. Fails if the list takes more than 16 MiB.",
                .parameters = {{"value", "The element."}, {"count", "How often; an empty list for 0 and less."}},
                .examples = {{"filled(0, 3)", "[0, 0, 0]"},
                             {R"(filled("a", 0).length())", "0"},
                             {"filled(0, 1_000_000_000)", "fails"}}})

static Fallible<ListOf<int64_t>> number_range(CallContext& context, int64_t from, int64_t to, int64_t step) {
  if (step == 0) return fails(context, "the step must not be 0");
  if (step > 0 ? from > to : from < to) return ListOf<int64_t>{nullptr, 0};
  const auto distance =
      static_cast<uint128>(step > 0 ? static_cast<int128>(to) - from : static_cast<int128>(from) - to);
  const auto stride = static_cast<uint128>(step > 0 ? static_cast<int128>(step) : -static_cast<int128>(step));
  const uint128 count = distance / stride + 1;
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, static_cast<uint64_t>(count));
  int128 value = from;
  for (uint64_t i = 0; i < static_cast<uint64_t>(count); ++i, value += step)
    items[i] = slot_i64(static_cast<int64_t>(value));
  return ListOf<int64_t>{items, static_cast<uint64_t>(count)};
}
BRAID_FUNCTION(
    list_parts, number_range,
    {.summary = "The whole numbers from one to another, both among them. Fails for a step of 0, and if the list "
                "takes more than 16 MiB.",
     .parameters = {{"from", "First number."},
                    {"to", "Number that is not passed."},
                    {"step", "Distance of the numbers; below 0 they fall.", "1"}},
     .examples = {{"number_range(1, 4)", "[1, 2, 3, 4]"},
                  {"number_range(10, 1, -4)", "[10, 6, 2]"},
                  {"number_range(2, 1).length()", "0"},
                  {"number_range(1, 2, 0)", "fails"}}})

// ---- thinned out ---------------------------------------------------------------------------------------------------

static AnyList without(CallContext& context, AnyList list, AnyValue value) {
  return kept(context, list, [&](uint64_t i) { return list.layout.compare(list.at(i), value.slots) != 0; });
}
BRAID_FUNCTION(list_parts, without,
               {.summary = "A list without the elements that equal a value.",
                .parameters = {{"list", "List to thin out."}, {"value", "What goes."}},
                .examples = {{"[1, 2, 1].without(1)", "[2]"}, {"[1, null].without(null)", "[1]"}}})

static AnyList duplicates(CallContext& context, AnyList list) {
  const Slot** const ordered = sorted(context, list);
  auto* const first = reinterpret_cast<uint8_t*>(allocate(context, list.count));
  for (uint64_t i = 0; i < list.count; ++i) {
    const bool starts = i == 0 || list.layout.compare(ordered[i - 1], ordered[i]) != 0;
    const bool goes_on = i + 1 < list.count && list.layout.compare(ordered[i], ordered[i + 1]) == 0;
    first[static_cast<uint64_t>(ordered[i] - list.items) / list.layout.slots] = starts && goes_on;
  }
  return kept(context, list, [&](uint64_t i) { return first[i] != 0; });
}
BRAID_FUNCTION(list_parts, duplicates,
               {.summary = "The elements that a list has more than once, each where it stood first.",
                .parameters = {{"list", "List to search."}},
                .examples = {{"[3, 1, 3, 2, 1].duplicates()", "[3, 1]"}, {"[1, 2].duplicates().length()", "0"}}})

static AnyList sort_descending(CallContext& context, AnyList list) {
  const Slot** const ordered = sorted(context, list);
  const uint64_t width = list.layout.slots;
  Slot* const items = allocate_slots(context, list.count * width);
  // Equal elements cannot be told apart, so the order turned round is right.
  for (uint64_t i = 0; i < list.count; ++i) copy(items + i * width, ordered[list.count - 1 - i], width);
  return {items, list.count, list.layout};
}
BRAID_FUNCTION(list_parts, sort_descending,
               {.summary = "The elements in falling order; null and NaN first.",
                .parameters = {{"list", "List to sort."}},
                .examples = {{"[3, 1, 2].sort_descending()", "[3, 2, 1]"},
                             {"[2, null, 1].sort_descending()", "[null, 2, 1]"}}})

// ---- as sets -------------------------------------------------------------------------------------------------------

static AnyList intersection(CallContext& context, AnyList a, AnyList b) {
  const Slot** const ordered = sorted(context, b);
  const uint8_t* const first = first_ones(context, a);
  return kept(context, a, [&](uint64_t i) { return first[i] != 0 && has(b, ordered, a.at(i)); });
}
BRAID_FUNCTION(list_parts, intersection,
               {.summary = "The elements that two lists share, each once, in the order of the first.",
                .parameters = {{"a", "One list."}, {"b", "The other."}},
                .examples = {{"intersection([3, 1, 2, 1], [1, 3])", "[3, 1]"},
                             {"intersection([1], [2]).length()", "0"}}})

static AnyList difference(CallContext& context, AnyList a, AnyList b) {
  const Slot** const ordered = sorted(context, b);
  const uint8_t* const first = first_ones(context, a);
  return kept(context, a, [&](uint64_t i) { return first[i] != 0 && !has(b, ordered, a.at(i)); });
}
BRAID_FUNCTION(list_parts, difference,
               {.summary = "The elements of one list that another has not, each once.",
                .parameters = {{"a", "One list."}, {"b", "The other."}},
                .examples = {{"difference([3, 1, 2, 2], [1])", "[3, 2]"}, {"difference([1], [1]).length()", "0"}}})

static Fallible<AnyList> all_of_both(CallContext& context, AnyList a, AnyList b) {
  const Fallible<AnyList> both = joined(context, a.items, a.count, b.items, b.count, a.layout);
  if (both.code != CallFailure::none) return both;
  const uint8_t* const first = first_ones(context, both.value);
  return kept(context, both.value, [&](uint64_t i) { return first[i] != 0; });
}
BRAID_FUNCTION(
    list_parts, all_of_both,
    {.name = "union_of",
     .summary = "The elements of two lists, each once, where it stood first. Fails if the list takes more than "
                "16 MiB.",
     .parameters = {{"a", "One list."}, {"b", "The other."}},
     .examples = {{"union_of([3, 1], [1, 2])", "[3, 1, 2]"}, {"union_of([1], [1])", "[1]"}}})

static bool has_any(CallContext& context, AnyList list, AnyList of) {
  const Slot** const ordered = sorted(context, of);
  for (uint64_t i = 0; i < list.count; ++i)
    if (has(of, ordered, list.at(i))) return true;
  return false;
}
BRAID_FUNCTION(list_parts, has_any,
               {.summary = "Whether a list has at least one of the elements of another.",
                .parameters = {{"list", "List to search."}, {"of", "Elements to look for."}},
                .examples = {{R"(has_any(["a", "b"], ["b", "c"]))", "true"}, {R"(has_any(["a"], ["A"]))", "false"}}})

static bool has_all(CallContext& context, AnyList list, AnyList of) {
  const Slot** const ordered = sorted(context, list);
  for (uint64_t i = 0; i < of.count; ++i)
    if (!has(list, ordered, of.at(i))) return false;
  return true;
}
BRAID_FUNCTION(list_parts, has_all,
               {.summary = "Whether a list has all elements of another.",
                .parameters = {{"list", "List to search."}, {"of", "Elements to look for."}},
                .examples = {{R"(has_all(["a", "b"], ["b", "b"]))", "true"},
                             {R"(has_all(["a"], ["a", "b"]))", "false"},
                             {R"(has_all(["a"], ["a"].skip(1)))", "true"}}})

// ---- places --------------------------------------------------------------------------------------------------------

static int64_t list_occurrences(AnyList list, AnyValue value) {
  int64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i) count += list.layout.compare(list.at(i), value.slots) == 0;
  return count;
}
BRAID_FUNCTION(list_parts, list_occurrences,
               {.name = "occurrences",
                .summary = "How many elements equal a value.",
                .parameters = {{"list", "List to search."}, {"value", "What to count."}},
                .examples = {{"[1, 2, 1].occurrences(1)", "2"}, {"[1].occurrences(3)", "0"}}})

static std::optional<int64_t> list_last_index_of(AnyList list, AnyValue value) {
  for (uint64_t i = list.count; i-- > 0;)
    if (list.layout.compare(list.at(i), value.slots) == 0) return static_cast<int64_t>(i);
  return std::nullopt;
}
BRAID_FUNCTION(list_parts, list_last_index_of,
               {.name = "last_index_of",
                .summary = "Position of the last element that equals a value, null if there is none.",
                .parameters = {{"list", "List to search."}, {"value", "What to look for."}},
                .examples = {{"[7, 8, 7].last_index_of(7)", "2"}, {"[7].last_index_of(9)", "null"}}})

static bool is_sorted(AnyList list) {
  for (uint64_t i = 1; i < list.count; ++i)
    if (list.layout.compare(list.at(i - 1), list.at(i)) > 0) return false;
  return true;
}
BRAID_FUNCTION(list_parts, is_sorted,
               {.summary = "Whether no element is less than the one before it.",
                .parameters = {{"list", "List to look at."}},
                .examples = {{"is_sorted([1, 2, 2])", "true"}, {"is_sorted([2, 1])", "false"}}})

static bool all_true(ListOf<bool> list) {
  for (uint64_t i = 0; i < list.count; ++i)
    if (list.items[i].u8 == 0) return false;
  return true;
}
BRAID_FUNCTION(list_parts, all_true,
               {.summary = "Whether no element is false.",
                .parameters = {{"list", "Answers."}},
                .examples = {{"all_true([1 < 2, 2 < 3])", "true"}, {"all_true([true, false])", "false"}}})

static bool any_true(ListOf<bool> list) {
  for (uint64_t i = 0; i < list.count; ++i)
    if (list.items[i].u8 != 0) return true;
  return false;
}
BRAID_FUNCTION(list_parts, any_true,
               {.summary = "Whether at least one element is true.",
                .parameters = {{"list", "Answers."}},
                .examples = {{"any_true([false, true])", "true"}, {"any_true([1 > 2])", "false"}}})

// ---- lists of lists ------------------------------------------------------------------------------------------------

[[maybe_unused]] static std::string lists_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  return is(element, TypeKind::list) ? "" : "elements of type `" + to_string(element) + "` are no lists";
}

static Fallible<AnyList> flatten_lists(CallContext& context, AnyList list) {
  // The layout of T is `[…]`; that of the result's elements stands inside.
  const Layout inner = Layout::of({list.layout.text + 1, 0});
  uint64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i) count += list.items[i].list.count;
  if (!fits(count, inner.slots)) return too_long();
  Slot* const items = allocate_slots(context, count * inner.slots);
  uint64_t at = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    const List& part = list.items[i].list;
    copy(items + at, part.items, part.count * inner.slots);
    at += part.count * inner.slots;
  }
  return AnyList{items, count, inner};
}
BRAID_FUNCTION(
    list_parts, flatten_lists,
    {.name = "flatten",
     .summary = "The elements of the lists in a list, one after the other. Fails if the list takes more than 16 "
                "MiB.",
     .parameters = {{"list", "List of lists."}},
     .result = [](const CallShape& call) { return call.arguments[0]->element; },
     .problem = lists_only,
     .examples = {{"[[1, 2], [3]].flatten()", "[1, 2, 3]"}, {"[[1].skip(1)].flatten().length()", "0"}}})

static Fallible<AnyList> chunks(CallContext& context, AnyList list, int64_t size) {
  if (size < 1) return fails(context, "a piece has at least one element");
  const auto each = static_cast<uint64_t>(size);
  const uint64_t count = list.count / each + (list.count % each != 0);
  Slot* const items = allocate_slots(context, count);
  for (uint64_t i = 0; i < count; ++i) {
    const uint64_t left = list.count - i * each;
    items[i].i128 = 0;
    items[i].list = {list.at(i * each), left < each ? left : each};
  }
  return AnyList{items, count, list.layout};
}
BRAID_FUNCTION(
    list_parts, chunks,
    {.summary = "The elements in lists of so many, the last of them with what is left. Fails unless each has at "
                "least one.",
     .parameters = {{"list", "List to cut."}, {"size", "Elements of each piece."}},
     .result = [](const CallShape& call) { return list_type(call.arguments[0]); },
     .examples = {{"[1, 2, 3].chunks(2)", "[[1, 2], [3]]"},
                  {"[1].skip(1).chunks(2).length()", "0"},
                  {"[1].chunks(0)", "fails"}}})

[[maybe_unused]] static std::string optional_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  return is(element, TypeKind::optional) ? "" : "elements of type `" + to_string(element) + "` are never null";
}

static AnyList compact(CallContext& context, AnyList list) {
  // The layout of T is `?…`: a slot says whether there is a value.
  const Layout inner = Layout::of({list.layout.text + 1, 0});
  Slot* const items = allocate_slots(context, list.count * inner.slots);
  uint64_t count = 0;
  for (uint64_t i = 0; i < list.count; ++i) {
    if (list.at(i)->u8 == 0) continue;
    copy(items + count * inner.slots, list.at(i) + 1, inner.slots);
    ++count;
  }
  return {items, count, inner};
}
BRAID_FUNCTION(list_parts, compact,
               {.summary = "The elements that are not null.",
                .parameters = {{"list", "List whose elements may be null."}},
                .result = [](const CallShape& call) { return list_type(call.arguments[0]->element->element); },
                .problem = optional_only,
                .examples = {{"[1, null, 2].compact()", "[1, 2]"}, {R"([null, "a"].compact())", R"(["a"])"}}})

BRAID_GROUP(list_parts)

}  // namespace braid
