// What Unicode says of characters beyond their numbers and their case: normal forms, categories, clusters. By utf8proc,
// whose tables are those of Unicode 15: they depend on no locale.
#include <utf8proc.h>

#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

namespace {

/// What a character becomes; utf8proc decomposes one to at most 18 characters (U+FDFA).
constexpr int kMostParts = 32;

bool ascii_only(Text text) {
  uint8_t all = 0;
  for (const char byte : text) all |= static_cast<uint8_t>(byte);
  return all < 0x80;
}

int rank(utf8proc_int32_t point) {
  constexpr utf8proc_int32_t kFirstMark = 0x300;
  return point < kFirstMark ? 0 : utf8proc_get_property(point)->combining_class;
}

/// Marks by their class, equal ones as they stood.
void sort_marks(CallContext& context, utf8proc_int32_t* points, uint64_t count) {
  if (count < 2) return;
  auto* const keys = reinterpret_cast<uint64_t*>(allocate(context, count * sizeof(uint64_t)));
  constexpr int kPointBits = 21, kPlaceBits = 35;
  for (uint64_t i = 0; i < count; ++i)
    keys[i] = static_cast<uint64_t>(rank(points[i])) << (kPlaceBits + kPointBits) | i << kPointBits |
              static_cast<uint64_t>(points[i]);
  std::sort(keys, keys + count);
  for (uint64_t i = 0; i < count; ++i)
    points[i] = static_cast<utf8proc_int32_t>(keys[i] & ((uint64_t{1} << kPointBits) - 1));
}

/// The text in a normal form, or as one of the options of utf8proc has it. Characters that are no UTF-8 stay out: they
/// are U+FFFD. `keep` may leave characters out after they were decomposed.
template <class Keep>
Fallible<Text> mapped(CallContext& context, Text text, int options, Keep keep) {
  const auto flags = static_cast<utf8proc_option_t>(options);
  uint64_t count = 0;
  const auto each = [&](auto visit) {
    for (Text rest = text; !rest.empty();) {
      const uint64_t size = utf8::front_size(rest);
      utf8proc_int32_t point = static_cast<uint8_t>(rest.front());
      if (point < 0x80) {  // nothing to take apart
        const bool fold = (options & UTF8PROC_CASEFOLD) != 0 && point >= 'A' && point <= 'Z';
        visit(fold ? point + 32 : point);
        rest.remove_prefix(1);
        continue;
      }
      if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(rest.data()), static_cast<utf8proc_ssize_t>(size),
                           &point) != static_cast<utf8proc_ssize_t>(size))
        point = 0xFFFD;
      utf8proc_int32_t parts[kMostParts];
      int last_class = 0;
      const utf8proc_ssize_t made = utf8proc_decompose_char(point, parts, kMostParts, flags, &last_class);
      for (utf8proc_ssize_t i = 0; i < made && i < kMostParts; ++i)
        if (keep(parts[i])) visit(parts[i]);
      rest.remove_prefix(size);
    }
  };
  each([&](utf8proc_int32_t) { ++count; });
  if (count > kLongestText) return too_long();
  auto* const points = reinterpret_cast<utf8proc_int32_t*>(allocate(context, count * sizeof(utf8proc_int32_t)));
  utf8proc_int32_t* next = points;
  each([&](utf8proc_int32_t point) { *next++ = point; });
  for (uint64_t i = 0; i < count;) {
    if (rank(points[i]) == 0) {
      ++i;
      continue;
    }
    uint64_t end = i;
    while (end < count && rank(points[end]) != 0) ++end;
    sort_marks(context, points + i, end - i);
    i = end;
  }
  const utf8proc_ssize_t kept =
      utf8proc_normalize_utf32(points, static_cast<utf8proc_ssize_t>(count),
                               static_cast<utf8proc_option_t>(options & (UTF8PROC_COMPOSE | UTF8PROC_STABLE)));
  uint64_t size = 0;
  char buffer[4];
  for (utf8proc_ssize_t i = 0; i < kept; ++i) size += utf8::encode(static_cast<uint32_t>(points[i]), buffer);
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  for (utf8proc_ssize_t i = 0; i < kept; ++i) {
    const uint64_t bytes = utf8::encode(static_cast<uint32_t>(points[i]), buffer);
    std::memcpy(out, buffer, bytes);
    out += bytes;
  }
  return Text(made, size);
}

bool every(utf8proc_int32_t) {
  return true;
}

bool is_mark(utf8proc_int32_t point) {
  const utf8proc_category_t category = utf8proc_category(point);
  return category == UTF8PROC_CATEGORY_MN || category == UTF8PROC_CATEGORY_MC || category == UTF8PROC_CATEGORY_ME;
}

/// Letters that are no letter with a mark, and how one writes them without.
struct Plain {
  utf8proc_int32_t point;
  std::string_view text;
};
constexpr Plain kPlain[] = {
    {0xC6, "AE"},  {0xD0, "D"},   {0xD8, "O"},    {0xDE, "TH"},   {0xDF, "ss"},   {0xE6, "ae"},
    {0xF0, "d"},   {0xF8, "o"},   {0xFE, "th"},   {0x110, "D"},   {0x111, "d"},   {0x126, "H"},
    {0x127, "h"},  {0x131, "i"},  {0x138, "k"},   {0x141, "L"},   {0x142, "l"},   {0x14A, "N"},
    {0x14B, "n"},  {0x152, "OE"}, {0x153, "oe"},  {0x166, "T"},   {0x167, "t"},   {0x1E9E, "SS"},
    {0x2010, "-"}, {0x2011, "-"}, {0x2012, "-"},  {0x2013, "-"},  {0x2014, "-"},  {0x2018, "'"},
    {0x2019, "'"}, {0x201A, "'"}, {0x201C, "\""}, {0x201D, "\""}, {0x201E, "\""}, {0x2026, "..."}};

std::optional<Text> plain(utf8proc_int32_t point) {
  for (const Plain& each : kPlain)
    if (each.point == point) return each.text;
  return std::nullopt;
}

constexpr int kDecompose = UTF8PROC_DECOMPOSE | UTF8PROC_STABLE;
constexpr int kCompose = UTF8PROC_COMPOSE | UTF8PROC_STABLE;

int options_of(Text form) {
  return form == "NFD"    ? kDecompose
         : form == "NFKC" ? kCompose | UTF8PROC_COMPAT
         : form == "NFKD" ? kDecompose | UTF8PROC_COMPAT
                          : kCompose;
}

/// Decomposed, without marks, and other letters by their plain forms.
Fallible<Text> without_marks(CallContext& context, Text text) {
  return mapped(context, text, kDecompose, [](utf8proc_int32_t point) { return !is_mark(point); });
}

}  // namespace

static Fallible<Text> normalize(CallContext& context, Text text, Text form) {
  if (ascii_only(text)) return text;
  return mapped(context, text, options_of(form), every);
}
BRAID_FUNCTION(unicode, normalize,
               {.summary = "Text in a normal form of Unicode, in which equal characters have equal bytes. Fails if the "
                           "result is longer than 16 MiB.",
                .parameters = {{"text", "Text to normalise."},
                               {"form",
                                "`NFC`: letters and marks as one character; `NFD`: apart; `NFKC`, `NFKD`: with plain "
                                "forms of what only looks different, such as `ﬁ`. A constant.",
                                R"("NFC")", true}},
                .problem = [](const CallShape& call) -> std::string {
                  const std::string& form = call.constants[1].text();
                  if (form == "NFC" || form == "NFD" || form == "NFKC" || form == "NFKD") return "";
                  return "`" + form + "` is not a normal form: NFC, NFD, NFKC, NFKD";
                },
                .examples = {{R"("Zoe\u{308}".normalize())", R"("Zoë")"},
                             {R"("Zoë".normalize("NFD").length())", "4"},
                             {R"("ﬁn²".normalize("NFKC"))", R"("fin2")"},
                             {R"(normalize(""))", R"("")"}}})

static Fallible<Text> strip_accents(CallContext& context, Text text) {
  if (ascii_only(text)) return text;
  const Fallible<Text> bare = without_marks(context, text);
  if (bare.code != CallFailure::none) return bare;
  return mapped(context, bare.value, kCompose, every);
}
BRAID_FUNCTION(unicode, strip_accents,
               {.summary = "Text without the marks on its letters. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change; letters such as `ø` and `ß` stay."}},
                .examples = {{R"("Crème Brûlée".strip_accents())", R"("Creme Brulee")"},
                             {R"(strip_accents("Øß"))", R"("Øß")"}}})

static Fallible<Text> to_ascii(CallContext& context, Text text) {
  if (ascii_only(text)) return text;
  const Fallible<Text> bare =
      mapped(context, text, kDecompose | UTF8PROC_COMPAT, [](utf8proc_int32_t point) { return !is_mark(point); });
  if (bare.code != CallFailure::none) return bare;
  uint64_t size = 0;
  const auto each = [&](auto visit) {
    for (Text rest = bare.value; !rest.empty();) {
      const uint64_t bytes = utf8::front_size(rest);
      const uint32_t point = utf8::decode(rest.data(), bytes);
      if (point < 0x80)
        visit(rest.substr(0, 1));
      else if (const std::optional<Text> replaced = plain(static_cast<utf8proc_int32_t>(point)))
        visit(*replaced);
      rest.remove_prefix(bytes);
    }
  };
  each([&](Text piece) { size += piece.size(); });
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  each([&](Text piece) {
    std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  });
  return Text(made, size);
}
BRAID_FUNCTION(unicode, to_ascii,
               {.summary = "Text in ASCII: letters without their marks, `ss` for `ß` and the like; what has no such "
                           "form is left out. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."}},
                .examples = {{R"("Łódź, Straße".to_ascii())", R"("Lodz, Strasse")"},
                             {R"(to_ascii("日本 1"))", R"(" 1")"}}})

static Fallible<Text> slug(CallContext& context, Text text) {
  const Fallible<Text> ascii = to_ascii(context, text);
  if (ascii.code != CallFailure::none) return ascii;
  char* const made = allocate(context, ascii.value.size());
  uint64_t size = 0;
  for (const char byte : ascii.value) {
    const char low = byte >= 'A' && byte <= 'Z' ? static_cast<char>(byte + 32) : byte;
    if ((low >= 'a' && low <= 'z') || (low >= '0' && low <= '9')) {
      made[size++] = low;
    } else if (low != '\'' && size > 0 && made[size - 1] != '-') {
      made[size++] = '-';
    }
  }
  if (size > 0 && made[size - 1] == '-') --size;
  return Text(made, size);
}
BRAID_FUNCTION(
    unicode, slug,
    {.summary = "Text as a part of an address: small letters and digits of ASCII with single hyphens between "
                "words. Fails if the result is longer than 16 MiB.",
     .parameters = {{"text", "Text to change."}},
     .examples = {{R"("Crème Brûlée & Café!".slug())", R"("creme-brulee-cafe")"}, {R"(slug("--"))", R"("")"}}})

static Fallible<Text> fold_case(CallContext& context, Text text) {
  return mapped(context, text, kCompose | UTF8PROC_CASEFOLD, every);
}
BRAID_FUNCTION(unicode, fold_case,
               {.summary = "Text in a form in which texts are equal that differ in case or in the way their characters "
                           "are put together. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to fold."}},
                .examples = {{R"(fold_case("STRASSE") == fold_case("Straße"))", "true"},
                             {R"(fold_case("Ab"))", R"("ab")"}}})

// ---- what characters are -------------------------------------------------------------------------------------------

template <class Is>
static bool all_of(Text text, Is is) {
  if (text.empty()) return false;
  while (!text.empty()) {
    const uint64_t size = utf8::front_size(text);
    utf8proc_int32_t point = 0;
    if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), static_cast<utf8proc_ssize_t>(size),
                         &point) != static_cast<utf8proc_ssize_t>(size))
      return false;
    if (!is(point)) return false;
    text.remove_prefix(size);
  }
  return true;
}

static bool is_letter(utf8proc_int32_t point) {
  const utf8proc_category_t category = utf8proc_category(point);
  return category >= UTF8PROC_CATEGORY_LU && category <= UTF8PROC_CATEGORY_LO;
}

static bool is_letters(Text text) {
  return all_of(text, [](utf8proc_int32_t point) { return is_letter(point) || is_mark(point); });
}
BRAID_FUNCTION(
    unicode, is_letters,
    {.summary = "Whether a text is letters (with their marks) of any script, and nothing else.",
     .parameters = {{"text", "Text to look at."}},
     .examples = {{R"(is_letters("Zoë"))", "true"}, {R"(is_letters("R2"))", "false"}, {R"(is_letters(""))", "false"}}})

static bool is_alphanumeric(Text text) {
  return all_of(text, [](utf8proc_int32_t point) {
    return is_letter(point) || is_mark(point) || utf8proc_category(point) == UTF8PROC_CATEGORY_ND;
  });
}
BRAID_FUNCTION(unicode, is_alphanumeric,
               {.summary = "Whether a text is letters and digits of any script, and nothing else.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {{R"(is_alphanumeric("R2"))", "true"},
                             {R"(is_alphanumeric("R-2"))", "false"},
                             {R"(is_alphanumeric(""))", "false"}}})

/// Sizes of the clusters of a text: what a reader takes for one character.
template <class Visit>
static void each_cluster(Text text, Visit visit) {
  utf8proc_int32_t state = 0, before = 0;
  size_t begin = 0;
  for (size_t at = 0; at < text.size();) {
    const uint64_t size = utf8::front_size(text.substr(at));
    utf8proc_int32_t point = 0;
    if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data() + at),
                         static_cast<utf8proc_ssize_t>(size), &point) != static_cast<utf8proc_ssize_t>(size))
      point = 0xFFFD;
    if (at > 0 && utf8proc_grapheme_break_stateful(before, point, &state)) {
      visit(text.substr(begin, at - begin));
      begin = at;
    }
    before = point;
    at += size;
  }
  if (begin < text.size()) visit(text.substr(begin));
}

static Fallible<ListOf<Text>> graphemes(CallContext& context, Text text) {
  uint64_t count = 0;
  each_cluster(text, [&](Text) { ++count; });
  if (count > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, count);
  Slot* next = items;
  each_cluster(text, [&](Text cluster) { *next++ = slot_bytes(cluster); });
  return ListOf<Text>{items, count};
}
BRAID_FUNCTION(
    unicode, graphemes,
    {.summary = "What readers take for the characters of a text: a letter with its marks, an emoji of several "
                "parts. Fails if the list takes more than 16 MiB.",
     .parameters = {{"text", "Text to split."}},
     .examples = {{R"("ae\u{301}".graphemes())", R"(["a", "e\u{301}"])"}, {R"(graphemes("").length())", "0"}}})

static int64_t display_width(Text text) {
  int64_t width = 0;
  for (; !text.empty(); text.remove_prefix(utf8::front_size(text))) {
    utf8proc_int32_t point = 0;
    const auto size = static_cast<utf8proc_ssize_t>(utf8::front_size(text));
    if (utf8proc_iterate(reinterpret_cast<const utf8proc_uint8_t*>(text.data()), size, &point) != size) point = 0xFFFD;
    width += utf8proc_charwidth(point);
  }
  return width;
}
BRAID_FUNCTION(unicode, display_width,
               {.summary = "Columns that a text takes in a terminal: two for wide characters, none for marks.",
                .parameters = {{"text", "Text to measure."}},
                .examples = {{R"(display_width("日本"))", "4"},
                             {R"(display_width("e\u{301}"))", "1"},
                             {R"(display_width(""))", "0"}}})

BRAID_GROUP(unicode)

}  // namespace braid
