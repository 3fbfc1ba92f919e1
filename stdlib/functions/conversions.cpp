// From one scalar type to another. Nothing is guessed: text is taken whole, without blanks around it and without
// grouping, or the conversion fails. `string` gives each scalar as it goes to NDJSON.
#include <charconv>
#include <cmath>

#include <fast_float/fast_float.h>
#include "runtime/data/decimal.h"
#include "runtime/data/text_forms.h"
#include "runtime/data/time_text.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

// ---- to int --------------------------------------------------------------------------------------------------------

static Fallible<int64_t> int_of_text(CallContext& context, Text text) {
  const char* first = text.data();
  const char* const last = first + text.size();
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') ++first;
  int64_t value = 0;
  const auto [end, error] = std::from_chars(first, last, value);
  if (error != std::errc() || end != last) return cannot_convert(context, text);
  return value;
}
BRAID_FUNCTION(conversions, int_of_text,
               {.name = "int",
                .summary = "The whole number that a text spells. Fails for anything else.",
                .parameters = {{"text", "Digits, with a sign or without."}},
                .examples = {{R"(int("-42"))", "-42"}, {R"(int("4.2"))", "fails"}, {R"(try int("") ?? 0)", "0"}}})

static Fallible<int64_t> int_of_decimal(CallContext& context, Decimal value) {
  int128 whole = 0, rest = 0;
  decimal_div_whole(value.unscaled, power_of_ten(value.scale), &whole, &rest);
  if (whole != static_cast<int64_t>(whole))
    return cannot_convert(
        context, make_text(context, [&](std::string& out) { append_decimal(out, value.unscaled, value.scale); }));
  return static_cast<int64_t>(whole);
}
BRAID_FUNCTION(conversions, int_of_decimal,
               {.name = "int",
                .summary = "A number without its digits after the point. Fails if it does not fit 64 bits.",
                .parameters = {{"value", "Number to cut."}},
                .examples = {{"int(2.9)", "2"}, {"int(-2.9)", "-2"}, {"int(10_000_000_000_000_000_000.0)", "fails"}}})

static Fallible<int64_t> int_of_float(CallContext& context, double value) {
  // -2^63 is a float, 2^63 is the first that does not fit; NaN fails both comparisons.
  if (!(value >= -9223372036854775808.0 && value < 9223372036854775808.0))
    return cannot_convert(context, make_text(context, [&](std::string& out) { append_float(out, value); }));
  return static_cast<int64_t>(value);
}
BRAID_FUNCTION(conversions, int_of_float,
               {.name = "int",
                .summary = "A number without its digits after the point. Fails for NaN and what does not fit 64 bits.",
                .parameters = {{"value", "Number to cut."}},
                .examples = {{"int(2.9e0)", "2"}, {"int(1.0e19)", "fails"}}})

static int64_t int_of_bool(bool value) {
  return value ? 1 : 0;
}
BRAID_FUNCTION(conversions, int_of_bool,
               {.name = "int",
                .summary = "1 for true, 0 for false.",
                .parameters = {{"value", "Truth value."}},
                .examples = {{"int(true)", "1"}, {"int(1 > 2)", "0"}}})

// ---- to float ------------------------------------------------------------------------------------------------------

static Fallible<double> float_of_text(CallContext& context, Text text) {
  const char* first = text.data();
  const char* const last = first + text.size();
  if (text.starts_with('+') && text.size() > 1 && text[1] != '-') ++first;
  double value = 0;
  const auto [end, error] = fast_float::from_chars(first, last, value);
  if (error != std::errc() || end != last) return cannot_convert(context, text);
  // A number too large for a float is a failure, an infinity that the text spells is not.
  if (std::isinf(value) && text.find_first_of("0123456789") != Text::npos) return cannot_convert(context, text);
  return value;
}
BRAID_FUNCTION(conversions, float_of_text,
               {.name = "float",
                .summary = "The float nearest to the number that a text spells, also `NaN` and `Infinity`. Fails for "
                           "anything else and for what is too large.",
                .parameters = {{"text", "A number, with point and exponent or without."}},
                .examples = {
                    {R"(float("1.5e3"))", "1500e0"}, {R"(float("1,5"))", "fails"}, {R"(float("1e999"))", "fails"}}})

static double float_of_int(int64_t value) {
  return static_cast<double>(value);
}
BRAID_FUNCTION(conversions, float_of_int,
               {.name = "float",
                .summary = "The float nearest to a whole number.",
                .parameters = {{"value", "Number."}},
                .examples = {{"float(3)", "3e0"}, {"float(9_007_199_254_740_993) == 9_007_199_254_740_992e0", "true"}}})

static double float_of_decimal(Decimal value) {
  return decimal_to_double(value.unscaled, value.scale);
}
BRAID_FUNCTION(conversions, float_of_decimal,
               {.name = "float",
                .summary = "The float nearest to a decimal.",
                .parameters = {{"value", "Number."}},
                .examples = {{"float(0.25)", "0.25e0"}, {"float(-0.0)", "0e0"}}})

// ---- to decimal ----------------------------------------------------------------------------------------------------

static Type decimal_result(const CallShape& call) {
  return decimal_type(static_cast<int>(call.constants[1].integer()), static_cast<int>(call.constants[2].integer()));
}
static std::string decimal_problem(const CallShape& call) {
  const int64_t precision = call.constants[1].integer(), scale = call.constants[2].integer();
  if (precision < 1 || precision > kDecimalDigits) return "a decimal has 1 to 38 digits";
  if (scale < 0 || scale > precision) return "a decimal has no more digits after the point than in all";
  return "";
}

static Fallible<Decimal> decimal_of_text(CallContext& context, Text text, int64_t precision, int64_t scale,
                                         ResultScale) {
  int128 value = 0;
  if (parse_decimal(text, static_cast<int>(precision), static_cast<int>(scale), &value) != DecimalFault::none)
    return cannot_convert(context, text);
  return Decimal{value, static_cast<int>(scale)};
}
BRAID_FUNCTION(
    conversions, decimal_of_text,
    {.name = "decimal",
     .summary = "The decimal that a text spells, exactly. Fails for anything else, and where digits would go.",
     .parameters = {{"text", "A number, with point and exponent or without."},
                    {"precision", "Digits in all, 1 to 38, a constant.", std::nullopt, true},
                    {"scale", "Digits after the point, a constant.", std::nullopt, true}},
     .result = decimal_result,
     .problem = decimal_problem,
     .examples = {{R"(decimal("12.5", 12, 2))", "12.50"},
                  {R"(decimal("12.345", 12, 2))", "fails"},
                  {R"(decimal("1000", 4, 2))", "fails"}}})

static Fallible<Decimal> decimal_of_decimal(CallContext& context, Decimal value, int64_t precision, int64_t scale,
                                            ResultScale) {
  int128 result = 0;
  if (!decimal_rescale(value.unscaled, value.scale, static_cast<int>(scale), &result) ||
      !decimal_fits(result, static_cast<int>(precision)))
    return cannot_convert(
        context, make_text(context, [&](std::string& out) { append_decimal(out, value.unscaled, value.scale); }));
  return Decimal{result, static_cast<int>(scale)};
}
BRAID_FUNCTION(
    conversions, decimal_of_decimal,
    {.name = "decimal",
     .summary = "A number with so many digits; what goes behind the point is rounded half-even. Fails if it "
                "does not fit.",
     .parameters = {{"value", "Number."},
                    {"precision", "Digits in all, 1 to 38, a constant.", std::nullopt, true},
                    {"scale", "Digits after the point, a constant.", std::nullopt, true}},
     .result = decimal_result,
     .problem = decimal_problem,
     .examples = {{"decimal(2.345, 12, 2)", "2.34"}, {"decimal(7, 12, 2)", "7.00"}, {"decimal(1234, 5, 2)", "fails"}}})

static Fallible<Decimal> decimal_of_float(CallContext& context, double value, int64_t precision, int64_t scale,
                                          ResultScale) {
  int128 result = 0;
  if (!decimal_from_double(value, static_cast<int>(scale), &result) ||
      !decimal_fits(result, static_cast<int>(precision)))
    return cannot_convert(context, make_text(context, [&](std::string& out) { append_float(out, value); }));
  return Decimal{result, static_cast<int>(scale)};
}
BRAID_FUNCTION(conversions, decimal_of_float,
               {.name = "decimal",
                .summary = "A float's exact value, rounded half-even. Fails for NaN, infinity and what does not fit.",
                .parameters = {{"value", "Number."},
                               {"precision", "Digits in all, 1 to 38, a constant.", std::nullopt, true},
                               {"scale", "Digits after the point, a constant.", std::nullopt, true}},
                .result = decimal_result,
                .problem = decimal_problem,
                .examples = {{"decimal(0.1e0, 20, 18)", "0.100000000000000006"}, {"decimal(1.0e10, 5, 2)", "fails"}}})

/// Beside the conversions because it goes through a decimal: `maths` holds the other kinds of rounding.
static double round_float_to(double value, int64_t digits) {
  int128 unscaled = 0;
  if (!decimal_from_double(value, static_cast<int>(digits), &unscaled)) return value;  // large, so whole; or no number
  const double rounded = decimal_to_double(unscaled, static_cast<int>(digits));
  return rounded == 0 ? std::copysign(rounded, value) : rounded;
}
BRAID_FUNCTION(conversions, round_float_to,
               {.name = "round",
                .summary = "The float nearest to the value with so many digits after the point; the exact value of the "
                           "float is rounded, a half to the even neighbour.",
                .parameters = {{"value", "Number to round."},
                               {"digits", "Digits kept after the point, 0 to 15, a constant.", std::nullopt, true}},
                .problem = [](const CallShape& call) -> std::string {
                  const int64_t digits = call.constants[1].integer();
                  return digits < 0 || digits > 15 ? "a float keeps 0 to 15 digits after the point" : "";
                },
                .examples = {
                    {"round(3.14159e0, 2)", "3.14e0"}, {"round(2.675e0, 2)", "2.67e0"}, {"round(1e300, 2)", "1e300"}}})

// ---- to other scalars ----------------------------------------------------------------------------------------------

static Fallible<bool> bool_of_text(CallContext& context, Text text) {
  if (text == "true") return true;
  if (text == "false") return false;
  return cannot_convert(context, text);
}
BRAID_FUNCTION(conversions, bool_of_text,
               {.name = "bool",
                .summary = "The truth value that a text spells. Fails for anything but `true` and `false`.",
                .parameters = {{"text", "`true` or `false`."}},
                .examples = {
                    {R"(bool("true"))", "true"}, {R"(bool("TRUE".lower()))", "true"}, {R"(bool("yes"))", "fails"}}})

static Fallible<Uuid> uuid_of_text(CallContext& context, Text text) {
  int128 value = 0;
  if (!parse_uuid(text, &value)) return cannot_convert(context, text);
  return Uuid{value};
}
BRAID_FUNCTION(conversions, uuid_of_text,
               {.name = "uuid",
                .summary = "The UUID that a text spells, in any case. Fails for anything else.",
                .parameters = {{"text", "32 hexadecimal digits in groups of 8, 4, 4, 4 and 12."}},
                .examples = {{R"(string(uuid("123E4567-e89b-12d3-a456-426614174000")))",
                              R"("123e4567-e89b-12d3-a456-426614174000")"},
                             {R"(uuid("123e4567"))", "fails"}}})

static Fallible<Date> date_of_text(CallContext& context, Text text) {
  int32_t days = 0;
  if (!parse_date(text, &days)) return cannot_convert(context, text);
  return Date{days};
}
BRAID_FUNCTION(conversions, date_of_text,
               {.name = "date",
                .summary = "The date that a text spells as YYYY-MM-DD. Fails for anything else.",
                .parameters = {{"text", "A date; of another form: `parse_date`."}},
                .examples = {{R"(date("2024-02-29"))", "@2024-02-29"}, {R"(date("2025-02-29"))", "fails"}}})

static Fallible<TimeOfDay> time_of_text(CallContext& context, Text text) {
  int64_t micros = 0;
  if (!parse_time(text, &micros)) return cannot_convert(context, text);
  return TimeOfDay{micros};
}
BRAID_FUNCTION(
    conversions, time_of_text,
    {.name = "time",
     .summary = "The time of day that a text spells as HH:MM, HH:MM:SS or with a fraction. Fails for anything "
                "else.",
     .parameters = {{"text", "A time of day."}},
     .examples = {{R"(time("12:30"))", "@12:30"}, {R"(time("25:00"))", "fails"}}})

static Fallible<Timestamp> timestamp_of_text(CallContext& context, Text text) {
  int64_t micros = 0;
  if (!parse_timestamp(text, &micros)) return cannot_convert(context, text);
  return Timestamp{micros};
}
BRAID_FUNCTION(conversions, timestamp_of_text,
               {.name = "timestamp",
                .summary = "The instant that a text spells by RFC 3339, with its offset. Fails for anything else.",
                .parameters = {{"text", "An instant; of another form: `parse_timestamp`."}},
                .examples = {{R"(timestamp("2026-01-01T01:00:00+01:00"))", "@2026-01-01T00:00Z"},
                             {R"(timestamp("2026-01-01"))", "fails"}}})

static Fallible<Duration> duration_of_text(CallContext& context, Text text) {
  int64_t micros = 0;
  if (!parse_duration_iso(text, &micros) && !parse_duration_literal(text, &micros))
    return cannot_convert(context, text);
  return Duration{micros};
}
BRAID_FUNCTION(
    conversions, duration_of_text,
    {.name = "duration",
     .summary = "The duration that a text spells as ISO 8601 or as in a script. Fails for anything else, and "
                "for months and years, which have no fixed length.",
     .parameters = {{"text", "A duration such as `PT1H30M` or `1h30m`."}},
     .examples = {
         {R"(duration("PT1H30M"))", "1h30m"}, {R"(duration("90m"))", "1h30m"}, {R"(duration("P1M"))", "fails"}}})

static Binary bytes_of_text(Text text) {
  return {text};
}
BRAID_FUNCTION(conversions, bytes_of_text,
               {.name = "bytes",
                .summary = "The UTF-8 bytes of a text.",
                .parameters = {{"text", "Text."}},
                .examples = {{R"(bytes("é").hex())", R"("c3a9")"}, {R"(bytes("").hex())", R"("")"}}})

// ---- to text -------------------------------------------------------------------------------------------------------

static Text text_of_text(Text text) {
  return text;
}
BRAID_FUNCTION(conversions, text_of_text,
               {.name = "string",
                .summary = "The text itself.",
                .parameters = {{"value", "Text."}},
                .examples = {{R"(string("a"))", R"("a")"}, {R"(string(""))", R"("")"}}})

static Text text_of_int(CallContext& context, int64_t value) {
  char* const made = allocate(context, 24);
  return {made, static_cast<size_t>(std::to_chars(made, made + 24, value).ptr - made)};
}
BRAID_FUNCTION(conversions, text_of_int,
               {.name = "string",
                .summary = "A whole number as text.",
                .parameters = {{"value", "Number."}},
                .examples = {{"string(-7)", R"("-7")"}, {"string(1_000)", R"("1000")"}}})

static Text text_of_decimal(CallContext& context, Decimal value) {
  return make_text(context, [&](std::string& out) { append_decimal(out, value.unscaled, value.scale); });
}
BRAID_FUNCTION(conversions, text_of_decimal,
               {.name = "string",
                .summary = "A decimal as text, with all digits of its scale.",
                .parameters = {{"value", "Number."}},
                .examples = {{"string(12.50)", R"("12.50")"}, {"string(-0.05)", R"("-0.05")"}}})

static Text text_of_float(CallContext& context, double value) {
  return make_text(context, [&](std::string& out) { append_float(out, value); });
}
BRAID_FUNCTION(conversions, text_of_float,
               {.name = "string",
                .summary = "A float as the shortest text that reads back equal.",
                .parameters = {{"value", "Number."}},
                .examples = {{"string(0.1e0)", R"("0.1")"}, {R"(string(float("NaN")))", R"("NaN")"}}})

static Text text_of_bool(bool value) {
  return value ? "true" : "false";
}
BRAID_FUNCTION(conversions, text_of_bool,
               {.name = "string",
                .summary = "`true` or `false`.",
                .parameters = {{"value", "Truth value."}},
                .examples = {{"string(true)", R"("true")"}, {"string(1 > 2)", R"("false")"}}})

static Text text_of_uuid(CallContext& context, Uuid value) {
  return make_text(context, [&](std::string& out) { append_uuid(out, value.value); });
}
BRAID_FUNCTION(conversions, text_of_uuid,
               {.name = "string",
                .summary = "A UUID in lower case.",
                .parameters = {{"value", "UUID."}},
                .examples = {{R"(uuid("123E4567-e89b-12d3-a456-426614174000").string())",
                              R"("123e4567-e89b-12d3-a456-426614174000")"},
                             {R"(string(uuid("no UUID")))", "fails"}}})

static Text text_of_date(CallContext& context, Date value) {
  return make_text(context, [&](std::string& out) { append_date(out, value.days); });
}
BRAID_FUNCTION(conversions, text_of_date,
               {.name = "string",
                .summary = "A date as YYYY-MM-DD.",
                .parameters = {{"value", "Date."}},
                .examples = {{"string(@2026-01-31)", R"("2026-01-31")"}, {"string(@1969-12-31)", R"("1969-12-31")"}}})

static Text text_of_time(CallContext& context, TimeOfDay value) {
  return make_text(context, [&](std::string& out) { append_time(out, value.micros); });
}
BRAID_FUNCTION(conversions, text_of_time,
               {.name = "string",
                .summary = "A time of day as HH:MM:SS, with a fraction if it has one.",
                .parameters = {{"value", "Time of day."}},
                .examples = {{"string(@12:30)", R"("12:30:00")"}, {"string(@00:00)", R"("00:00:00")"}}})

static Text text_of_timestamp(CallContext& context, Timestamp value) {
  return make_text(context, [&](std::string& out) { append_timestamp(out, value.micros); });
}
BRAID_FUNCTION(conversions, text_of_timestamp,
               {.name = "string",
                .summary = "An instant by RFC 3339, in UTC; other forms: `format`.",
                .parameters = {{"value", "Instant."}},
                .examples = {{"string(@2026-01-01T00:00Z)", R"("2026-01-01T00:00:00Z")"},
                             {"string(@2026-01-01T00:00Z + 250ms)", R"("2026-01-01T00:00:00.25Z")"}}})

static Text text_of_duration(CallContext& context, Duration value) {
  return make_text(context, [&](std::string& out) { append_duration_iso(out, value.micros); });
}
BRAID_FUNCTION(conversions, text_of_duration,
               {.name = "string",
                .summary = "A duration by ISO 8601.",
                .parameters = {{"value", "Duration."}},
                .examples = {{"string(1h30m)", R"("PT1H30M")"}, {"string(0s)", R"("PT0S")"}}})

static Text text_of_symbol(Symbol value) {
  // The layout is `e`, then each symbol and a line break, then `;`.
  const char* at = value.layout + 1;
  for (int32_t i = 0; *at != ';'; ++i) {
    const char* const end = static_cast<const char*>(std::memchr(at, '\n', SIZE_MAX / 4));
    if (i == value.index) return {at, static_cast<size_t>(end - at)};
    at = end + 1;
  }
  return {};
}
BRAID_FUNCTION(conversions, text_of_symbol,
               {.name = "string",
                .summary = "A symbol of an enum as text.",
                .parameters = {{"value", "Symbol."}},
                .examples = {{R"("settled".string())", R"("settled")"}, {R"(string("a" in ["a"]))", R"("true")"}}})

static Fallible<Text> text_of_bytes(CallContext& context, Binary value) {
  if (!utf8::valid(value.view)) return fails(context, "the bytes are not UTF-8");
  return value.view;
}
BRAID_FUNCTION(conversions, text_of_bytes,
               {.name = "string",
                .summary = "Bytes as the UTF-8 text that they are. Fails if they are not.",
                .parameters = {{"value", "Bytes."}},
                .examples = {{R"(string(from_hex("c3a9")))", R"("é")"}, {R"(string(from_hex("ff")))", "fails"}}})

BRAID_GROUP(conversions)

}  // namespace braid
