// Values of the type `json`: what they are, what they hold, and as values of other types. What is not there is JSON's
// null, so that a path through records of many shapes does not fail; a conversion does.
#include "runtime/data/json_text.h"

#include <charconv>
#include <cmath>

#include <fast_float/fast_float.h>
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

static constexpr Text kNull = "null";

// ---- from and to text ----------------------------------------------------------------------------------------------

static Fallible<Json> parse_json(CallContext& context, Text text) {
  std::string canonical;
  switch (canonical_json(text, canonical)) {
    case JsonFault::none:
      break;
    case JsonFault::malformed:
      return fails(context, "the text is no JSON");
    case JsonFault::too_deep:
      return fails(context, "it is nested too deep");
    case JsonFault::out_of_range:
      return fails(context, "a number is out of range");
    case JsonFault::duplicate:
      return fails(context, "an object has a key twice");
  }
  if (canonical.size() > kLongestText) return too_long();
  return Json{made_text(context, canonical)};
}
BRAID_FUNCTION(
    json, parse_json,
    {.summary = "The value that a JSON text spells, of any shape. Fails for anything else, and where an object "
                "has a key twice.",
     .parameters = {{"text", "JSON."}},
     .examples = {{R"(parse_json("{ \"b\": 1.0, \"a\": [ ] }").json_text())", R"("{\"a\":[],\"b\":1}")"},
                  {R"(parse_json("[1, 2").json_text())", "fails"}}})

static Text json_text(Json value) {
  return value.text;
}
BRAID_FUNCTION(json, json_text,
               {.summary = "The value as JSON: without blanks, keys in order, numbers without superfluous zeros. Equal "
                           "values give equal texts.",
                .parameters = {{"value", "Any JSON."}},
                .examples = {{R"(parse_json("[1e2, \"a\"]").json_text())", R"("[100,\"a\"]")"},
                             {R"(parse_json(" null ").json_text())", R"("null")"}}})

// ---- what it is ----------------------------------------------------------------------------------------------------

static Text type_of(Json value) {
  switch (json_kind(value.text)) {
    case JsonKind::object:
      return "object";
    case JsonKind::list:
      return "list";
    case JsonKind::string:
      return "string";
    case JsonKind::number:
      return "number";
    case JsonKind::boolean:
      return "bool";
    case JsonKind::null:
      break;
  }
  return kNull;
}
BRAID_FUNCTION(json, type_of,
               {.summary = "What a value is: `object`, `list`, `string`, `number`, `bool` or `null`.",
                .parameters = {{"value", "Any JSON."}},
                .examples = {{R"(parse_json("7").type_of())", R"("number")"},
                             {R"(parse_json("{}").type_of())", R"("object")"}}})

#define BRAID_JSON_TEST(function, kind_name, meant, yes, no)                        \
  static bool function(Json value) {                                                \
    return json_kind(value.text) == JsonKind::kind_name;                            \
  }                                                                                 \
  BRAID_FUNCTION(json, function,                                                    \
                 {.summary = "Whether a value is " meant ".",                       \
                  .parameters = {{"value", "Any JSON."}},                           \
                  .examples = {{"parse_json(\"" yes "\")." #function "()", "true"}, \
                               {"parse_json(\"" no "\")." #function "()", "false"}}})
BRAID_JSON_TEST(is_object, object, "an object", "{}", "[]")
BRAID_JSON_TEST(is_list, list, "a list", "[1]", "1")
BRAID_JSON_TEST(is_string, string, "a text", "\\\"a\\\"", "1")
BRAID_JSON_TEST(is_number, number, "a number", "-1.5", "true")
BRAID_JSON_TEST(is_bool, boolean, "true or false", "false", "0")
BRAID_JSON_TEST(is_json_null, null, "JSON's null, which also stands for what is not there", "null", "0")
#undef BRAID_JSON_TEST

// ---- what it holds -------------------------------------------------------------------------------------------------

static Json field(Json value, Text name) {
  return {member_of_json(value.text, name).value_or(kNull)};
}
BRAID_FUNCTION(json, field,
               {.summary = "The member of an object; JSON's null if there is none. The same as `value.name` and "
                           "`value[\"name\"]`.",
                .parameters = {{"value", "Any JSON."}, {"name", "Key of the member."}},
                .examples = {{R"(parse_json("{\"a\": 7}").field("a").int())", "7"},
                             {R"(parse_json("{\"a\": 7}").field("b").is_json_null())", "true"}}})

static Json element(Json value, int64_t index) {
  return {element_of_json(value.text, index).value_or(kNull)};
}
BRAID_FUNCTION(json, element,
               {.summary = "The element of a list; JSON's null if there is none. The same as `value[0]`.",
                .parameters = {{"value", "Any JSON."}, {"index", "Position, counted from 0."}},
                .examples = {{R"(parse_json("[7, 8]").element(1).int())", "8"},
                             {R"(parse_json("[7, 8]").element(2).is_json_null())", "true"}}})

static std::optional<Json> not_null(std::optional<Text> found) {
  if (!found || *found == kNull) return std::nullopt;
  return Json{*found};
}

static std::optional<Json> get_member(Json value, Text name) {
  return not_null(member_of_json(value.text, name));
}
BRAID_FUNCTION(json, get_member,
               {.name = "get",
                .summary = "The member of an object, null if there is none or if it is JSON's null.",
                .parameters = {{"value", "Any JSON."}, {"name", "Key of the member."}},
                .examples = {{R"(parse_json("{\"a\": 7}").get("a")?.int())", "7"},
                             {R"(parse_json("{\"a\": null}").get("a")?.int())", "null"}}})

static std::optional<Json> get_element(Json value, int64_t index) {
  return not_null(element_of_json(value.text, index));
}
BRAID_FUNCTION(json, get_element,
               {.name = "get",
                .summary = "The element of a list, null if there is none or if it is JSON's null.",
                .parameters = {{"value", "Any JSON."}, {"index", "Position, counted from 0."}},
                .examples = {{R"(parse_json("[7]").get(0)?.int())", "7"},
                             {R"(parse_json("[7]").get(1)?.int())", "null"}}})

static bool has(Json value, Text name) {
  return member_of_json(value.text, name).has_value();
}
BRAID_FUNCTION(json, has,
               {.summary = "Whether an object has a member, be it JSON's null.",
                .parameters = {{"value", "Any JSON."}, {"name", "Key of the member."}},
                .examples = {{R"(parse_json("{\"a\": null}").has("a"))", "true"},
                             {R"(parse_json("[]").has("a"))", "false"}}})

static int64_t json_length(Json value) {
  int64_t count = 0;
  for (JsonParts parts(value.text); parts.next();) ++count;
  return count;
}
BRAID_FUNCTION(json, json_length,
               {.name = "length",
                .summary = "Number of elements of a list, of members of an object; 0 of anything else.",
                .parameters = {{"value", "Any JSON."}},
                .examples = {{R"(parse_json("[7, [8, 9]]").length())", "2"},
                             {R"(parse_json("\"abc\"").length())", "0"}}})

static ListOf<Json> values_of(CallContext& context, Json value) {
  const auto count = static_cast<uint64_t>(json_length(value));
  Slot* const items = allocate_slots(context, count);
  uint64_t at = 0;
  for (JsonParts parts(value.text); parts.next();) items[at++] = slot_bytes(parts.value());
  return {items, count};
}

static Fallible<ListOf<Json>> elements(CallContext& context, Json value) {
  if (json_kind(value.text) != JsonKind::list) return cannot_convert(context, value.text);
  if (static_cast<uint64_t>(json_length(value)) > kLongestText / sizeof(Slot)) return too_long();
  return values_of(context, value);
}
BRAID_FUNCTION(json, elements,
               {.summary = "The elements of a list. Fails for anything else.",
                .parameters = {{"value", "A list."}},
                .examples = {
                    {R"(parse_json("[7, \"a\"]").elements().map(x => x.type_of()))", R"(["number", "string"])"},
                    {R"(parse_json("{}").elements().length())", "fails"}}})

static Fallible<ListOf<Json>> values(CallContext& context, Json value) {
  if (json_kind(value.text) != JsonKind::object) return cannot_convert(context, value.text);
  if (static_cast<uint64_t>(json_length(value)) > kLongestText / sizeof(Slot)) return too_long();
  return values_of(context, value);
}
BRAID_FUNCTION(json, values,
               {.summary = "The values of an object's members, by the order of their keys. Fails for anything else.",
                .parameters = {{"value", "An object."}},
                .examples = {{R"(parse_json("{\"b\": 1, \"a\": 2}").values().map(x => x.int()))", "[2, 1]"},
                             {R"(parse_json("[]").values().length())", "fails"}}})

static Fallible<ListOf<Text>> keys(CallContext& context, Json value) {
  if (json_kind(value.text) != JsonKind::object) return cannot_convert(context, value.text);
  const auto count = static_cast<uint64_t>(json_length(value));
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, count);
  uint64_t at = 0;
  for (JsonParts parts(value.text); parts.next();)
    items[at++] = slot_bytes(make_text(context, [&](std::string& out) { append_json_content(parts.key(), out); }));
  return ListOf<Text>{items, count};
}
BRAID_FUNCTION(json, keys,
               {.summary = "The keys of an object, in order. Fails for anything else.",
                .parameters = {{"value", "An object."}},
                .examples = {{R"(parse_json("{\"b\": 1, \"a\": 2}").keys())", R"(["a", "b"])"},
                             {R"(parse_json("7").keys())", "fails"}}})

// ---- as values of other types --------------------------------------------------------------------------------------

/// The text of a number, the content of a string; nothing of anything else.
static std::optional<Text> scalar_text(CallContext& context, Json value) {
  if (json_kind(value.text) == JsonKind::number) return value.text;
  if (json_kind(value.text) != JsonKind::string) return std::nullopt;
  const Text inner = value.text.substr(1, value.text.size() - 2);
  if (inner.find('\\') == Text::npos) return inner;
  return make_text(context, [&](std::string& out) { append_json_content(value.text, out); });
}

static Fallible<Text> string_of_json(CallContext& context, Json value) {
  if (json_kind(value.text) == JsonKind::boolean) return value.text;
  const std::optional<Text> text = scalar_text(context, value);
  if (!text) return cannot_convert(context, value.text);
  return *text;
}
BRAID_FUNCTION(json, string_of_json,
               {.name = "string",
                .summary = "A text as it is, a number and a truth value as they are written. Fails for null, lists and "
                           "objects; `json_text` takes all.",
                .parameters = {{"value", "A text, a number, true or false."}},
                .examples = {{R"(parse_json("\"A-7\"").string())", R"("A-7")"},
                             {R"(parse_json("7.0").string())", R"("7")"},
                             {R"(parse_json("{}").string())", "fails"}}})

static Fallible<int64_t> int_of_json(CallContext& context, Json value) {
  const std::optional<Text> text = scalar_text(context, value);
  if (!text || text->empty()) return cannot_convert(context, value.text);
  int64_t number = 0;
  const auto [end, error] = std::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size()) return cannot_convert(context, value.text);
  return number;
}
BRAID_FUNCTION(json, int_of_json,
               {.name = "int",
                .summary = "A whole number, also one that stands in a text. Fails for anything else.",
                .parameters = {{"value", "A number, or a text of digits."}},
                .examples = {{R"(parse_json("42.0").int())", "42"},
                             {R"(parse_json("\"42\"").int())", "42"},
                             {R"(parse_json("4.2").int())", "fails"},
                             {R"(try parse_json("null").int())", "null"}}})

static Fallible<double> float_of_json(CallContext& context, Json value) {
  const std::optional<Text> text = scalar_text(context, value);
  if (!text || text->empty()) return cannot_convert(context, value.text);
  double number = 0;
  const auto [end, error] = fast_float::from_chars(text->data(), text->data() + text->size(), number);
  if (error != std::errc() || end != text->data() + text->size() || !std::isfinite(number))
    return cannot_convert(context, value.text);
  return number;
}
BRAID_FUNCTION(json, float_of_json,
               {.name = "float",
                .summary = "The float nearest to a number, also to one that stands in a text. Fails for anything else.",
                .parameters = {{"value", "A number, or a text that spells one."}},
                .examples = {{R"(parse_json("1.5").float())", "1.5e0"}, {R"(parse_json("true").float())", "fails"}}})

static Type json_decimal_result(const CallShape& call) {
  return decimal_type(static_cast<int>(call.constants[1].integer()), static_cast<int>(call.constants[2].integer()));
}
static std::string json_decimal_problem(const CallShape& call) {
  const int64_t precision = call.constants[1].integer(), scale = call.constants[2].integer();
  if (precision < 1 || precision > kDecimalDigits) return "a decimal has 1 to 38 digits";
  if (scale < 0 || scale > precision) return "a decimal has no more digits after the point than in all";
  return "";
}
static Fallible<Decimal> decimal_of_json(CallContext& context, Json value, int64_t precision, int64_t scale,
                                         ResultScale) {
  const std::optional<Text> text = scalar_text(context, value);
  int128 number = 0;
  if (!text ||
      parse_decimal(*text, static_cast<int>(precision), static_cast<int>(scale), &number) != DecimalFault::none)
    return cannot_convert(context, value.text);
  return Decimal{number, static_cast<int>(scale)};
}
BRAID_FUNCTION(
    json, decimal_of_json,
    {.name = "decimal",
     .summary = "A number exactly, also one that stands in a text. Fails for anything else, and where digits "
                "would go.",
     .parameters = {{"value", "A number, or a text that spells one."},
                    {"precision", "Digits in all, 1 to 38, a constant.", std::nullopt, true},
                    {"scale", "Digits after the point, a constant.", std::nullopt, true}},
     .result = json_decimal_result,
     .problem = json_decimal_problem,
     .examples = {{R"(parse_json("12.5").decimal(12, 2))", "12.50"},
                  {R"(parse_json("\"12.50\"").decimal(12, 2))", "12.50"},
                  {R"(parse_json("12.345").decimal(12, 2))", "fails"}}})

static Fallible<bool> bool_of_json(CallContext& context, Json value) {
  if (json_kind(value.text) != JsonKind::boolean) return cannot_convert(context, value.text);
  return value.text == "true";
}
BRAID_FUNCTION(json, bool_of_json,
               {.name = "bool",
                .summary = "A truth value. Fails for anything else.",
                .parameters = {{"value", "true or false."}},
                .examples = {{R"(parse_json("true").bool())", "true"}, {R"(parse_json("1").bool())", "fails"}}})

static std::optional<Text> string_text(CallContext& context, Json value) {
  return json_kind(value.text) == JsonKind::string ? scalar_text(context, value) : std::nullopt;
}

static Fallible<Uuid> uuid_of_json(CallContext& context, Json value) {
  const std::optional<Text> text = string_text(context, value);
  int128 number = 0;
  if (!text || !parse_uuid(*text, &number)) return cannot_convert(context, value.text);
  return Uuid{number};
}
BRAID_FUNCTION(json, uuid_of_json,
               {.name = "uuid",
                .summary = "A UUID that stands in a text. Fails for anything else.",
                .parameters = {{"value", "A text."}},
                .examples = {{R"(string(parse_json("\"123E4567-e89b-12d3-a456-426614174000\"").uuid()))",
                              R"("123e4567-e89b-12d3-a456-426614174000")"},
                             {R"(parse_json("7").uuid())", "fails"}}})

static Fallible<Date> date_of_json(CallContext& context, Json value) {
  const std::optional<Text> text = string_text(context, value);
  int32_t days = 0;
  if (!text || !parse_date(*text, &days)) return cannot_convert(context, value.text);
  return Date{days};
}
BRAID_FUNCTION(json, date_of_json,
               {.name = "date",
                .summary = "A date that stands in a text as YYYY-MM-DD. Fails for anything else.",
                .parameters = {{"value", "A text."}},
                .examples = {{R"(parse_json("\"2024-02-29\"").date())", "@2024-02-29"},
                             {R"(parse_json("20240229").date())", "fails"}}})

static Fallible<Timestamp> timestamp_of_json(CallContext& context, Json value) {
  const std::optional<Text> text = string_text(context, value);
  int64_t micros = 0;
  if (!text || !parse_timestamp(*text, &micros)) return cannot_convert(context, value.text);
  return Timestamp{micros};
}
BRAID_FUNCTION(json, timestamp_of_json,
               {.name = "timestamp",
                .summary = "An instant that stands in a text, with its offset. Fails for anything else.",
                .parameters = {{"value", "A text."}},
                .examples = {{R"(parse_json("\"2026-01-01T01:00:00+01:00\"").timestamp())", "@2026-01-01T00:00Z"},
                             {R"(parse_json("0").timestamp())", "fails"}}})

BRAID_GROUP(json)

}  // namespace braid
