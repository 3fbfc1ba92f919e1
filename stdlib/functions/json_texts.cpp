// Values inside texts of JSON (RFC 8259), by a path. The text is read up to the value and no further: what is wrong
// before or in it gives null, what stands behind is not looked at. Of equal names the first counts. Nothing recurses.
#include <fast_float/fast_float.h>

#include <charconv>
#include <cmath>

#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

namespace {

// ---- reading -------------------------------------------------------------------------------------------------------

bool is_blank(char c) {
  return c == ' ' || c == '\t' || c == '\n' || c == '\r';
}
void skip_blanks(Text& rest) {
  while (!rest.empty() && is_blank(rest.front())) rest.remove_prefix(1);
}
bool is_digit(char c) {
  return c >= '0' && c <= '9';
}

/// The string at the front with its quotes; empty if there is none.
Text take_string(Text& rest) {
  if (!rest.starts_with('"')) return {};
  for (size_t at = 1; at < rest.size(); ++at) {
    at = rest.find_first_of("\"\\", at);
    if (at == Text::npos) return {};
    if (rest[at] == '\\') {
      ++at;
      continue;
    }
    const Text taken = rest.substr(0, at + 1);
    rest.remove_prefix(at + 1);
    return taken;
  }
  return {};
}

/// The number at the front by the grammar of JSON; empty if there is none.
Text take_number(Text& rest) {
  size_t at = rest.starts_with('-') ? 1 : 0;
  const auto digits = [&] {
    const size_t from = at;
    while (at < rest.size() && is_digit(rest[at])) ++at;
    return at > from;
  };
  if (at < rest.size() && rest[at] == '0')
    ++at;
  else if (!digits())
    return {};
  if (at < rest.size() && rest[at] == '.') {
    ++at;
    if (!digits()) return {};
  }
  if (at < rest.size() && (rest[at] | 0x20) == 'e') {
    ++at;
    if (at < rest.size() && (rest[at] == '+' || rest[at] == '-')) ++at;
    if (!digits()) return {};
  }
  const Text taken = rest.substr(0, at);
  rest.remove_prefix(at);
  return taken;
}

/// The value at the front; empty if it is broken. Containers are cut at their brackets, not judged inside.
Text take_value(Text& rest) {
  if (rest.empty()) return {};
  if (rest.front() == '"') return take_string(rest);
  if (rest.front() == '{' || rest.front() == '[') {
    const Text whole = rest;
    uint64_t depth = 0;
    while (!rest.empty()) {
      const size_t at = rest.find_first_of("\"[]{}");
      if (at == Text::npos) return {};
      rest.remove_prefix(at);
      if (rest.front() == '"') {
        if (take_string(rest).empty()) return {};
        continue;
      }
      depth += rest.front() == '{' || rest.front() == '[' ? 1 : -1;
      rest.remove_prefix(1);
      if (depth == 0) return whole.substr(0, whole.size() - rest.size());
    }
    return {};
  }
  for (const Text word : {Text("true"), Text("false"), Text("null")}) {
    if (!rest.starts_with(word)) continue;
    rest.remove_prefix(word.size());
    return word;
  }
  return take_number(rest);
}

/// The elements of an array or the fields of an object, in order: `visit(key, value)` with the key as it stands (empty
/// in arrays), and false to end. False: broken.
template <class Visit>
bool each_part(Text container, Visit visit) {
  const bool object = container.front() == '{';
  Text rest = container.substr(1);
  skip_blanks(rest);
  if (rest.starts_with(object ? '}' : ']')) return true;
  while (true) {
    Text key;
    if (object) {
      key = take_string(rest);
      if (key.empty()) return false;
      skip_blanks(rest);
      if (!rest.starts_with(':')) return false;
      rest.remove_prefix(1);
      skip_blanks(rest);
    }
    const Text value = take_value(rest);
    if (value.empty()) return false;
    if (!visit(key, value)) return true;
    skip_blanks(rest);
    if (rest.empty()) return false;
    const char mark = rest.front();
    rest.remove_prefix(1);
    if (mark != ',') return mark == (object ? '}' : ']');
    skip_blanks(rest);
  }
}

/// What a string means; nullopt if an escape is broken.
std::optional<Text> unquoted(CallContext& context, Text quoted) {
  const Text inside = quoted.substr(1, quoted.size() - 2);
  for (const char c : inside)
    if (static_cast<uint8_t>(c) < 0x20) return std::nullopt;
  if (inside.find('\\') == Text::npos) return inside;
  char* const made = allocate(context, inside.size());
  uint64_t size = 0;
  const auto code = [&](size_t at) {
    int32_t value = 0;
    for (size_t i = at; i < at + 4; ++i) {
      const int digit = i < inside.size() ? hexadecimal::digit(inside[i]) : -1;
      if (digit < 0) return -1;
      value = value << 4 | digit;
    }
    return value;
  };
  for (size_t at = 0; at < inside.size();) {
    if (inside[at] != '\\') {
      made[size++] = inside[at++];
      continue;
    }
    constexpr Text kEscapes = "\"\\/bfnrt", kMeant = "\"\\/\b\f\n\r\t";
    const char kind = at + 1 < inside.size() ? inside[at + 1] : '\0';
    if (const size_t simple = kEscapes.find(kind); simple != Text::npos) {
      made[size++] = kMeant[simple];
      at += 2;
      continue;
    }
    if (kind != 'u') return std::nullopt;
    int32_t point = code(at + 2);
    at += 6;
    if (point >= 0xD800 && point < 0xDC00 && inside.substr(std::min(at, inside.size())).starts_with("\\u")) {
      const int32_t low = code(at + 2);
      if (low < 0xDC00 || low > 0xDFFF) return std::nullopt;
      point = 0x10000 + (point - 0xD800) * 0x400 + (low - 0xDC00);
      at += 6;
    }
    if (point < 0 || (point >= 0xD800 && point <= 0xDFFF)) return std::nullopt;
    size += utf8::encode(static_cast<uint32_t>(point), made + size);
  }
  return Text(made, size);
}

// ---- paths ---------------------------------------------------------------------------------------------------------

struct Step {
  std::string name;
  int64_t index = -1;  ///< of an array, if there is no name
  bool is_name = false;
};
struct Path {
  std::vector<Step> steps;
};

/// `$.a.b[0]["odd name"]`; null if it is not written so.
std::unique_ptr<Path> parse_path(Text text) {
  auto path = std::make_unique<Path>();
  if (!text.starts_with('$')) return nullptr;
  text.remove_prefix(1);
  while (!text.empty()) {
    Step step;
    if (text.front() == '.') {
      const size_t end = std::min(text.find_first_of(".[", 1), text.size());
      if (end == 1) return nullptr;
      step.name = text.substr(1, end - 1);
      step.is_name = true;
      text.remove_prefix(end);
    } else if (text.starts_with("[\"")) {
      const size_t end = text.find("\"]", 2);
      if (end == Text::npos) return nullptr;
      step.name = text.substr(2, end - 2);
      step.is_name = true;
      text.remove_prefix(end + 2);
    } else if (text.front() == '[') {
      const size_t end = text.find(']');
      if (end == Text::npos) return nullptr;
      const char* const last = text.data() + end;
      const auto read = std::from_chars(text.data() + 1, last, step.index);
      if (read.ec != std::errc() || read.ptr != last || step.index < 0) return nullptr;
      text.remove_prefix(end + 1);
    } else {
      return nullptr;
    }
    path->steps.push_back(std::move(step));
  }
  return path;
}

std::string check_path(const CallShape& call) {
  const std::string& path = call.constants[1].text();
  return parse_path(path) != nullptr ? "" : "`" + path + "` is not a path: `$.client.name`, `$.items[0]`, `$[\"a b\"]`";
}

bool is_key(CallContext& context, Text quoted, const std::string& name) {
  const Text inside = quoted.substr(1, quoted.size() - 2);
  if (inside.find('\\') == Text::npos) return inside == name;
  return unquoted(context, quoted) == Text(name);
}

/// The value at a path as it stands; empty if there is none.
Text found(CallContext& context, const CallSite<Path>& site, Text text, Text path) {
  const Path& steps = CallSite<Path>(site).get([&] {
    std::unique_ptr<Path> parsed = parse_path(path);
    BRAID_CHECK(parsed != nullptr, "a path is checked before its first use");
    return parsed;
  });
  skip_blanks(text);
  Text value = take_value(text);
  for (const Step& step : steps.steps) {
    if (value.empty() || value.front() != (step.is_name ? '{' : '[')) return {};
    Text next;
    int64_t place = 0;
    const bool whole = each_part(value, [&](Text key, Text part) {
      if (step.is_name ? !is_key(context, key, step.name) : place++ != step.index) return true;
      next = part;
      return false;
    });
    if (!whole) return {};
    value = next;
  }
  return value;
}

Text kind_of(Text value) {
  switch (value.front()) {
    case '{':
      return "object";
    case '[':
      return "array";
    case '"':
      return "string";
    case 't':
    case 'f':
      return "boolean";
    case 'n':
      return "null";
    default:
      return "number";
  }
}

}  // namespace

#define BRAID_JSON_PARAMETERS                                                                                    \
  {                                                                                                              \
    {"text", "Text of JSON."}, {                                                                                 \
      "path",                                                                                                    \
          "Where the value is, a constant: `$` is all of it, `$.client.name` a field, `$.items[0]` an element, " \
          "`$[\"a b\"]` a "                                                                                      \
          "field of any name.",                                                                                  \
          R"("$")", true                                                                                         \
    }                                                                                                            \
  }

static std::optional<Text> json_typeof(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value.empty()) return std::nullopt;
  return kind_of(value);
}
BRAID_FUNCTION(
    json_texts, json_typeof,
    {.summary = "`object`, `array`, `string`, `number`, `boolean` or `null`: what a value of JSON is; null if "
                "there is none.",
     .parameters = BRAID_JSON_PARAMETERS,
     .problem = check_path,
     .examples = {{R"x(json_typeof("{\"a\": [1]}", "$.a"))x", R"("array")"},
                  {R"x(json_typeof("[null]", "$[0]"))x", R"("null")"},
                  {R"x(json_typeof("oops"))x", "null"}}})

static std::optional<Text> json_raw(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value.empty()) return std::nullopt;
  return value;
}
BRAID_FUNCTION(json_texts, json_raw,
               {.summary = "A value of JSON as it stands in the text, null if there is none.",
                .parameters = BRAID_JSON_PARAMETERS,
                .problem = check_path,
                .examples = {{R"x(json_raw("[1, [2, 3]]", "$[1]"))x", R"("[2, 3]")"},
                             {R"x(json_raw("[1]", "$[1]"))x", "null"}}})

static std::optional<Text> json_text(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value.empty() || value == "null") return std::nullopt;
  return value.front() == '"' ? unquoted(context, value) : value;
}
BRAID_FUNCTION(
    json_texts, json_text,
    {.summary = "A string of JSON as text; of another value the text that stands there; null for `null` and if "
                "there is none.",
     .parameters = BRAID_JSON_PARAMETERS,
     .problem = check_path,
     .examples = {{R"x(json_text("{\"client\": {\"name\": \"Zo\\u00eb\"}}", "$.client.name"))x", R"("Zoë")"},
                  {R"x(json_text("[1.50, null]", "$[0]"))x", R"("1.50")"},
                  {R"x(json_text("[1.50, null]", "$[1]"))x", "null"}}})

static std::optional<int64_t> json_int(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  int64_t number = 0;
  const auto read = std::from_chars(value.data(), value.data() + value.size(), number);
  if (value.empty() || read.ec != std::errc() || read.ptr != value.data() + value.size()) return std::nullopt;
  return number;
}
BRAID_FUNCTION(json_texts, json_int,
               {.summary = "A whole number of JSON, null for other values, beyond 64 bits and if there is none.",
                .parameters = BRAID_JSON_PARAMETERS,
                .problem = check_path,
                .examples = {{R"x(json_int("{\"n\": -7}", "$.n"))x", "-7"},
                             {R"x(json_int("[7.5]", "$[0]"))x", "null"}}})

static std::optional<double> json_float(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value.empty() || (value.front() != '-' && !is_digit(value.front()))) return std::nullopt;
  double number = 0;
  fast_float::from_chars(value.data(), value.data() + value.size(), number);
  return std::isfinite(number) ? std::optional<double>(number) : std::nullopt;
}
BRAID_FUNCTION(
    json_texts, json_float,
    {.summary = "A number of JSON as a float, null for other values, what is too large and if there is none.",
     .parameters = BRAID_JSON_PARAMETERS,
     .problem = check_path,
     .examples = {{R"x(json_float("[7.5e1]", "$[0]"))x", "75e0"}, {R"x(json_float("[\"7\"]", "$[0]"))x", "null"}}})

static std::optional<bool> json_bool(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value != "true" && value != "false") return std::nullopt;
  return value == "true";
}
BRAID_FUNCTION(json_texts, json_bool,
               {.summary = "`true` or `false` of JSON, null for other values and if there is none.",
                .parameters = BRAID_JSON_PARAMETERS,
                .problem = check_path,
                .examples = {{R"x(json_bool("{\"on\": true}", "$.on"))x", "true"}, {R"x(json_bool("1"))x", "null"}}})

static std::optional<int64_t> json_length(CallContext& context, CallSite<Path> site, Text text, Text path) {
  const Text value = found(context, site, text, path);
  if (value.empty() || (value.front() != '{' && value.front() != '[')) return std::nullopt;
  int64_t count = 0;
  const bool whole = each_part(value, [&](Text, Text) {
    ++count;
    return true;
  });
  return whole ? std::optional<int64_t>(count) : std::nullopt;
}
BRAID_FUNCTION(json_texts, json_length,
               {.summary = "How many elements or fields an array or object of JSON has, null for other values.",
                .parameters = BRAID_JSON_PARAMETERS,
                .problem = check_path,
                .examples = {{R"x(json_length("[1, [2, 3]]"))x", "2"},
                             {R"x(json_length("{}"))x", "0"},
                             {R"x(json_length("7"))x", "null"}}})

/// A list of what `read(key, value)` makes of the parts; empty if a part is broken, and too long with too many.
template <class Read>
static Fallible<ListOf<Text>> parts_of(CallContext& context, Text value, char bracket, Read read) {
  if (value.empty() || value.front() != bracket) return ListOf<Text>{nullptr, 0};
  uint64_t count = 0;
  const bool whole = each_part(value, [&](Text, Text) {
    ++count;
    return true;
  });
  if (!whole) return ListOf<Text>{nullptr, 0};
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, count);
  Slot* next = items;
  each_part(value, [&](Text key, Text part) {
    *next++ = slot_bytes(read(key, part));
    return true;
  });
  return ListOf<Text>{items, count};
}

static Fallible<ListOf<Text>> json_keys(CallContext& context, CallSite<Path> site, Text text, Text path) {
  return parts_of(context, found(context, site, text, path), '{',
                  [&](Text key, Text) { return unquoted(context, key).value_or(Text()); });
}
BRAID_FUNCTION(
    json_texts, json_keys,
    {.summary = "The names of the fields of an object of JSON, none for other values. Fails if the list takes "
                "more than 16 MiB.",
     .parameters = BRAID_JSON_PARAMETERS,
     .problem = check_path,
     .examples = {{R"x(json_keys("{\"b\": 1, \"a\": {\"c\": 2}}"))x", R"(["b", "a"])"},
                  {R"x(json_keys("[]").length())x", "0"}}})

static Fallible<ListOf<Text>> json_elements(CallContext& context, CallSite<Path> site, Text text, Text path) {
  return parts_of(context, found(context, site, text, path), '[', [](Text, Text value) { return value; });
}
BRAID_FUNCTION(
    json_texts, json_elements,
    {.summary = "The elements of an array of JSON as they stand, none for other values. Fails if the list takes "
                "more than 16 MiB.",
     .parameters = BRAID_JSON_PARAMETERS,
     .problem = check_path,
     .examples = {{R"x(json_elements("{\"a\": [1, \"b\", [2]]}", "$.a"))x", R"x(["1", "\"b\"", "[2]"])x"},
                  {R"x(json_elements("{}").length())x", "0"}}})

static bool json_valid(CallContext& context, Text text) {
  std::vector<bool> objects;      // what is open
  const auto after_value = [&] {  // closes what ends here; true if a value or a key is next
    while (true) {
      skip_blanks(text);
      if (objects.empty() || text.empty()) return false;
      const char mark = text.front();
      if (mark == ',') {
        text.remove_prefix(1);
        skip_blanks(text);
        return true;
      }
      if (mark != (objects.back() ? '}' : ']')) return false;
      text.remove_prefix(1);
      objects.pop_back();
    }
  };
  skip_blanks(text);
  while (true) {
    if (!objects.empty() && objects.back()) {
      const Text key = take_string(text);
      if (key.empty() || !unquoted(context, key)) return false;
      skip_blanks(text);
      if (!text.starts_with(':')) return false;
      text.remove_prefix(1);
      skip_blanks(text);
    }
    if (text.empty()) return false;
    if (text.front() == '{' || text.front() == '[') {
      objects.push_back(text.front() == '{');
      text.remove_prefix(1);
      skip_blanks(text);
      if (!text.starts_with(objects.back() ? '}' : ']')) continue;
      text.remove_prefix(1);
      objects.pop_back();
    } else {
      const Text value = take_value(text);
      if (value.empty() || (value.front() == '"' && !unquoted(context, value))) return false;
    }
    if (!after_value()) return objects.empty() && text.empty();
  }
}
BRAID_FUNCTION(json_texts, json_valid,
               {.summary = "Whether all of a text is one value of JSON (RFC 8259).",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"x(json_valid("{\"a\": [1, 2.5e3, null]}"))x", "true"},
                             {R"x(json_valid("[1,]"))x", "false"},
                             {R"x(json_valid(""))x", "false"}}})

BRAID_GROUP(json_texts)

}  // namespace braid
