// Upper and lower case, for all scripts and alike on every machine: no locale has a say.
#include "runtime/declare/native.h"
#include "stdlib/functions/letter_case.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

/// Writes the characters of `part`, which lies in `text`, in a case, behind `out`; a broken last character is mapped by
/// the bytes it has.
static char* put_in_case(Text text, Text part, Case wanted, char* out) {
  while (!part.empty()) {
    const auto first = static_cast<uint8_t>(part.front());
    if (first < 0x80) {
      const uint8_t base = wanted == Case::lower ? 'A' : 'a';
      *out++ = static_cast<char>(static_cast<uint8_t>(first - base) < 26 ? first ^ 0x20 : first);
      part.remove_prefix(1);
      continue;
    }
    const uint64_t size = utf8::front_size(part);
    const uint32_t point = utf8::decode(part.data(), size);
    uint32_t mapped[3];
    const uint32_t count = braid_case_mapping(point, wanted, mapped);
    constexpr uint32_t kCapitalSigma = 0x3A3, kFinalSigma = 0x3C2;
    if (point == kCapitalSigma && wanted == Case::lower &&
        braid_sigma_is_final(text.data(), text.size(), static_cast<uint64_t>(part.data() - text.data())))
      mapped[0] = kFinalSigma;
    if (count == 1 && mapped[0] == point) {
      std::memcpy(out, part.data(), size);
      out += size;
    } else {
      for (uint32_t i = 0; i < count; ++i) out += utf8::encode(mapped[i], out);
    }
    part.remove_prefix(size);
  }
  return out;
}

/// A mapped character beyond ASCII is at most three times as long: two bytes become six in "ΐ".
static uint64_t room(Text text) {
  uint64_t beyond_ascii = 0;
  for (const char byte : text) beyond_ascii += static_cast<uint8_t>(byte) >> 7;
  return text.size() + 2 * beyond_ascii;
}

static Fallible<Text> made(const char* begin, const char* end) {
  const auto size = static_cast<uint64_t>(end - begin);
  if (size > kLongestText) return too_long();
  return Text(begin, size);
}

static Fallible<Text> in_case(CallContext& context, Text text, Case wanted) {
  char* const begin = allocate(context, room(text));
  return made(begin, put_in_case(text, text, wanted, begin));
}

static Fallible<Text> lower(CallContext& context, Text text) {
  return in_case(context, text, Case::lower);
}
BRAID_FUNCTION(
    letters, lower,
    {.summary = "Text in lower case, by the full mapping of Unicode 14.0 for all languages alike: `Σ` at the "
                "end of a word becomes `ς`, and no language's own rule holds (`I` becomes `i`). Fails "
                "beyond 16 MiB.",
     .parameters = {{"text", "Text to change."}},
     .examples = {{R"("Zürich ΑΒΓ".lower())", R"("zürich αβγ")"},
                  {R"(lower("ΟΔΟΣ ΣΑΣ"))", R"("οδος σας")"},
                  {R"(lower(""))", R"("")"}}})

static Fallible<Text> upper(CallContext& context, Text text) {
  return in_case(context, text, Case::upper);
}
BRAID_FUNCTION(letters, upper,
               {.summary = "Text in upper case, by the full mapping of Unicode 14.0 for all languages alike: one "
                           "character may become two or three (`ß` becomes `SS`), and no language's own rule holds "
                           "(`i` becomes `I`). Fails beyond 16 MiB.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("zürich".upper())", R"("ZÜRICH")"},
                             {R"(upper("straße"))", R"("STRASSE")"},
                             {R"(upper("ﬁne"))", R"("FINE")"}}})

static Fallible<Text> capitalize(CallContext& context, Text text) {
  if (text.empty()) return text;
  char* const begin = allocate(context, room(text));
  const uint64_t first = utf8::front_size(text);
  char* const out = put_in_case(text, text.substr(0, first), Case::title, begin);
  return made(begin, put_in_case(text, text.substr(first), Case::lower, out));
}
BRAID_FUNCTION(letters, capitalize,
               {.summary = "Text with its first character in title case, which is upper case but for pairs of letters "
                           "(`ß` becomes `Ss`), and the others in lower case, as `lower` maps. Fails beyond 16 MiB.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("éCOLE".capitalize())", R"("École")"},
                             {R"("ﬁN".capitalize())", R"("Fin")"},
                             {R"(capitalize(""))", R"("")"}}})

static Fallible<Text> title(CallContext& context, Text text) {
  char* const begin = allocate(context, room(text));
  char* out = begin;
  bool inside = false;  // of a word: letters, digits and what is not ASCII
  for (Text rest = text; !rest.empty();) {
    const uint64_t size = utf8::front_size(rest);
    const auto first = static_cast<uint8_t>(rest.front());
    const bool word = first >= 0x80 ? utf8::blank_at_front(rest) == 0
                                    : (first | 0x20) - 'a' < 26u || first - '0' < 10u || (first == '\'' && inside);
    out = put_in_case(text, rest.substr(0, size), inside ? Case::lower : Case::title, out);
    inside = word;
    rest.remove_prefix(size);
  }
  return made(begin, out);
}
BRAID_FUNCTION(letters, title,
               {.summary = "Text with each word's first character in title case, which is upper case but for pairs of "
                           "letters (`ß` becomes `Ss`), and the others in lower case, as `lower` maps. Fails beyond 16 "
                           "MiB.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("NEW YORK-city".title())", R"("New York-City")"},
                             {R"(title("o'neil"))", R"("O'neil")"}}})

BRAID_GROUP(letters)

}  // namespace braid
