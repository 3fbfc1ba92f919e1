// Upper and lower case, for all scripts and alike on every machine: no locale has a say.
#include "runtime/declare/native.h"
#include "stdlib/functions/letter_case.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

enum class Case { lower, upper };

/// Writes the characters of `text` in a case, behind `out`. A mapped character is at most 1.5 times as long (two bytes
/// become three), so 3/2 of the text's size is room enough; a broken last character is copied.
static char* put_in_case(Text text, Case wanted, char* out) {
  while (!text.empty()) {
    const auto first = static_cast<uint8_t>(text.front());
    if (first < 0x80) {
      const uint8_t base = wanted == Case::lower ? 'A' : 'a';
      *out++ = static_cast<char>(static_cast<uint8_t>(first - base) < 26 ? first ^ 0x20 : first);
      text.remove_prefix(1);
      continue;
    }
    const uint64_t size = utf8::front_size(text);
    const uint32_t point = utf8::decode(text.data(), size);
    const uint32_t mapped = wanted == Case::lower ? braid_lower_character(point) : braid_upper_character(point);
    if (mapped == point) {
      std::memcpy(out, text.data(), size);
      out += size;
    } else {
      out += utf8::encode(mapped, out);
    }
    text.remove_prefix(size);
  }
  return out;
}

static uint64_t room(Text text) {
  return text.size() + text.size() / 2 + 4;
}

static Text in_case(CallContext& context, Text text, Case wanted) {
  char* const made = allocate(context, room(text));
  return {made, static_cast<size_t>(put_in_case(text, wanted, made) - made)};
}

static Text lower(CallContext& context, Text text) {
  return in_case(context, text, Case::lower);
}
BRAID_FUNCTION(letters, lower,
               {.summary = "Text in lower case.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("Zürich ΑΒΓ".lower())", R"("zürich αβγ")"}, {R"(lower(""))", R"("")"}}})

static Text upper(CallContext& context, Text text) {
  return in_case(context, text, Case::upper);
}
BRAID_FUNCTION(letters, upper,
               {.summary = "Text in upper case; a letter stays one letter, so `ß` stays.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("zürich".upper())", R"("ZÜRICH")"}, {R"(upper("straße"))", R"("STRAßE")"}}})

static Text capitalize(CallContext& context, Text text) {
  if (text.empty()) return text;
  char* const made = allocate(context, room(text));
  const uint64_t first = utf8::front_size(text);
  char* const out = put_in_case(text.substr(0, first), Case::upper, made);
  return {made, static_cast<size_t>(put_in_case(text.substr(first), Case::lower, out) - made)};
}
BRAID_FUNCTION(letters, capitalize,
               {.summary = "Text with its first character in upper case and the others in lower case.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("éCOLE".capitalize())", R"("École")"}, {R"(capitalize(""))", R"("")"}}})

static Text title(CallContext& context, Text text) {
  char* const made = allocate(context, room(text));
  char* out = made;
  bool inside = false;  // of a word: letters, digits and what is not ASCII
  while (!text.empty()) {
    const uint64_t size = utf8::front_size(text);
    const auto first = static_cast<uint8_t>(text.front());
    const bool word = first >= 0x80 ? utf8::blank_at_front(text) == 0
                                    : (first | 0x20) - 'a' < 26u || first - '0' < 10u || (first == '\'' && inside);
    out = put_in_case(text.substr(0, size), inside ? Case::lower : Case::upper, out);
    inside = word;
    text.remove_prefix(size);
  }
  return {made, static_cast<size_t>(out - made)};
}
BRAID_FUNCTION(letters, title,
               {.summary = "Text with each word's first character in upper case and the others in lower case.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("NEW YORK-city".title())", R"("New York-City")"},
                             {R"(title("o'neil"))", R"("O'neil")"}}})

BRAID_GROUP(letters)

}  // namespace braid
