// Maps from entries, and from and to JSON. A map has the storage of the list of its entries, each key once, in the
// order of the keys (runtime/data/map_entries.h); what is looked up, filtered and changed in one are loops over that
// list, which the checker makes.
#include <algorithm>
#include <cstring>
#include <vector>

#include "runtime/data/json_text.h"
#include "runtime/data/text_forms.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

[[maybe_unused]] static std::string entries_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  const bool entries = is(element, TypeKind::structure) && element->fields.size() == 2 &&
                       element->fields[0].name == "key" && element->fields[1].name == "value";
  if (!entries) return "elements of type `" + to_string(element) + "` are no `{ key: …, value: … }`";
  return is_map_key(element->fields[0].type)
             ? ""
             : "a `" + to_string(element->fields[0].type) + "` is no key of a map, as `to_map` makes it";
}

[[maybe_unused]] static Type map_of_entries(const CallShape& call) {
  const std::vector<Field>& entry = call.arguments[0]->element->fields;
  return map_type(entry[0].type, entry[1].type);
}

/// The entries by their keys, equal ones as they stood. The layout of an entry is `(K V)`, and K is one slot.
static void order_by_key(const AnyList& list, const Slot** entries) {
  const char kind = list.layout.text[1];
  std::sort(entries, entries + list.count, [&](const Slot* a, const Slot* b) {
    const int order = layout::compare_scalars(kind, *a, *b);
    return order < 0 || (order == 0 && a < b);
  });
}

/// `later`: of several entries with one key the last counts; else they fail.
static Fallible<AnyList> map_of(CallContext& context, const AnyList& list, bool later) {
  const uint64_t count = list.count, width = list.layout.slots;
  const char kind = list.layout.text[1];
  auto** const ordered = reinterpret_cast<const Slot**>(allocate(context, count * sizeof(Slot*)));
  for (uint64_t i = 0; i < count; ++i) ordered[i] = list.at(i);
  order_by_key(list, ordered);
  Slot* const items = allocate_slots(context, count * width);
  uint64_t kept = 0;
  for (uint64_t i = 0; i < count; ++i) {
    const bool repeats = i + 1 < count && layout::compare_scalars(kind, *ordered[i], *ordered[i + 1]) == 0;
    if (repeats && !later) return fails(context, "a key occurs twice");
    if (repeats) continue;
    std::memcpy(static_cast<void*>(items + kept * width), ordered[i], width * sizeof(Slot));
    ++kept;
  }
  return AnyList{items, kept, list.layout};
}

static Fallible<AnyList> to_map(CallContext& context, AnyList entries) {
  return map_of(context, entries, false);
}
BRAID_FUNCTION(maps, to_map,
               {.summary = "A map of entries. Fails if a key occurs twice.",
                .parameters = {{"entries", "A list of `{ key: K, value: V }`."}},
                .result = map_of_entries,
                .problem = entries_only,
                .examples = {{R"([{ key: "b", value: 1 }, { key: "a", value: 2 }].to_map().keys())", R"(["a", "b"])"},
                             {R"([{ key: 7, value: 1 }, { key: 7, value: 2 }].to_map().size())", "fails"}}})

static AnyList to_map_last(CallContext& context, AnyList entries) {
  return map_of(context, entries, true).value;
}
BRAID_FUNCTION(maps, to_map_last,
               {.summary = "A map of entries; of several with one key the last counts.",
                .parameters = {{"entries", "A list of `{ key: K, value: V }`."}},
                .result = map_of_entries,
                .problem = entries_only,
                .examples = {{"[{ key: 7, value: 1 }, { key: 7, value: 2 }].to_map_last()[7]", "2"},
                             {"[{ key: 7, value: 1 }].to_map_last()[8]", "null"}}})

static Fallible<AnyList> map_of_json(CallContext& context, Json object) {
  if (json_kind(object.text) != JsonKind::object) return cannot_convert(context, object.text);
  uint64_t count = 0;
  for (JsonParts parts(object.text); parts.next();) ++count;
  if (count > kLongestText / sizeof(Slot) / 2) return too_long();
  std::vector<std::pair<Text, Text>> members;
  members.reserve(count);
  for (JsonParts parts(object.text); parts.next();)
    members.emplace_back(make_text(context, [&](std::string& out) { append_json_content(parts.key(), out); }),
                         parts.value());
  // The canonical form orders keys as they are spelled, with their escapes.
  std::sort(members.begin(), members.end());
  Slot* const items = allocate_slots(context, count * 2);
  for (uint64_t i = 0; i < count; ++i) {
    items[2 * i] = slot_bytes(members[i].first);
    items[2 * i + 1] = slot_bytes(members[i].second);
  }
  return AnyList{items, count, {}};
}
BRAID_FUNCTION(maps, map_of_json,
               {.name = "to_map",
                .summary = "The members of an object. Fails for anything else.",
                .parameters = {{"object", "An object."}},
                .result = [](const CallShape&) { return map_type(string_type(), json_type()); },
                .examples = {{R"(parse_json("{\"b\": 1, \"a\": 2}").to_map().map_values(x => x.int())["b"])", "1"},
                             {R"(parse_json("[]").to_map().size())", "fails"}}})

[[maybe_unused]] static std::string members_only(const CallShape& call) {
  const Type& element = call.arguments[0]->element;
  const Type wanted = struct_type({{"key", string_type()}, {"value", json_type()}});
  return same(element, wanted) ? ""
                               : "elements of type `" + to_string(element) + "` are no `{ key: string, value: json }`";
}

static Fallible<Json> json_object(CallContext& context, AnyList entries) {
  std::string object = "{", canonical;
  for (uint64_t i = 0; i < entries.count; ++i) {
    if (i > 0) object += ',';
    append_json_string(object, entries.at(i)[0].bytes.view());
    object += ':';
    object += entries.at(i)[1].bytes.view();
    if (object.size() > kLongestText) return too_long();
  }
  object += '}';
  switch (canonical_json(object, canonical)) {
    case JsonFault::none:
      break;
    case JsonFault::duplicate:
      return fails(context, "a key occurs twice");
    case JsonFault::malformed:
    case JsonFault::too_deep:
    case JsonFault::out_of_range:
      return fails(context, "it is nested too deep");
  }
  if (canonical.size() > kLongestText) return too_long();
  return Json{made_text(context, canonical)};
}
BRAID_FUNCTION(maps, json_object,
               {.summary = "A JSON object of members. Fails if a key occurs twice, or if it takes more than 16 MiB.",
                .parameters = {{"members", "A list of `{ key: string, value: json }`; a map has it as `entries()`."}},
                .problem = members_only,
                .examples = {
                    {R"(json_object([{ key: "a", value: parse_json("1") }]).json_text())", R"("{\"a\":1}")"},
                    {R"(json_object([{ key: "a", value: parse_json("1") }, { key: "a", value: parse_json("2") }]))"
                     R"(.json_text())",
                     "fails"}}})

BRAID_GROUP(maps)

}  // namespace braid
