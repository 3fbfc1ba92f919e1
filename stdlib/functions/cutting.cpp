// Parts of texts, and texts put together from parts. As in strings.cpp positions and lengths count characters from 0,
// and what lies outside is cut off.
#include "runtime/declare/native.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

static uint64_t at_least_zero(int64_t count) {
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}

/// The texts one after the other; too long only if they are.
static Fallible<Text> put_together(CallContext& context, std::initializer_list<Text> pieces) {
  uint64_t size = 0;
  for (const Text piece : pieces) size += piece.size();
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  for (const Text piece : pieces) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  }
  return Text(made, size);
}

// ---- where a part stands -------------------------------------------------------------------------------------------

static std::optional<int64_t> index_of_from(Text text, Text part, int64_t from) {
  const uint64_t start = utf8::offset(text, at_least_zero(from));
  const size_t at = text.find(part, start);
  if (at == Text::npos) return std::nullopt;
  return static_cast<int64_t>(utf8::length(text.substr(0, at)));
}
BRAID_FUNCTION(cutting, index_of_from,
               {.name = "index_of",
                .summary = "Position of the first `part` at or behind a place, null if there is none.",
                .parameters = {{"text", "Text to search."},
                               {"part", "What to look for."},
                               {"from", "Position to search from, counted from 0."}},
                .examples = {{R"("a-b-c".index_of("-", 2))", "3"}, {R"(index_of("a-b", "-", 2))", "null"}}})

static std::optional<int64_t> last_index_of(Text text, Text part) {
  const size_t at = text.rfind(part);
  if (at == Text::npos) return std::nullopt;
  return static_cast<int64_t>(utf8::length(text.substr(0, at)));
}
BRAID_FUNCTION(cutting, last_index_of,
               {.summary = "Position of the last `part` in `text`, null if there is none.",
                .parameters = {{"text", "Text to search."}, {"part", "What to look for."}},
                .examples = {{R"("a/é/c".last_index_of("/"))", "3"}, {R"(last_index_of("a", "b"))", "null"}}})

static int64_t occurrences(Text text, Text part) {
  if (part.empty()) return 0;
  int64_t count = 0;
  for (size_t at = text.find(part); at != Text::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}
BRAID_FUNCTION(cutting, occurrences,
               {.summary = "How often a part stands in a text, without overlaps; 0 for the empty part.",
                .parameters = {{"text", "Text to search."}, {"part", "What to count."}},
                .examples = {{R"("banana".occurrences("an"))", "2"}, {R"(occurrences("aaa", "aa"))", "1"}}})

// ---- pieces --------------------------------------------------------------------------------------------------------

static std::optional<Text> piece(Text text, Text separator, int64_t index) {
  if (separator.empty()) {
    if (index != 0 && index != -1) return std::nullopt;
    return text;
  }
  if (index >= 0) {
    for (; index > 0; --index) {
      const size_t at = text.find(separator);
      if (at == Text::npos) return std::nullopt;
      text.remove_prefix(at + separator.size());
    }
    return text.substr(0, text.find(separator));
  }
  const int64_t pieces = occurrences(text, separator) + 1;
  if (index < -pieces) return std::nullopt;
  return piece(text, separator, pieces + index);
}
BRAID_FUNCTION(cutting, piece,
               {.summary = "One of the pieces between separators, null if there are not so many.",
                .parameters = {{"text", "Text to cut."},
                               {"separator", "The text between pieces; if empty, the text is one piece."},
                               {"index", "Position of the piece, counted from 0; -1 is the last."}},
                .examples = {{R"("a/b/c".piece("/", 1))", R"("b")"},
                             {R"("a/b/c".piece("/", -1))", R"("c")"},
                             {R"(piece("a", "/", 1))", "null"}}})

static Text before_last(Text text, Text mark) {
  const size_t at = text.rfind(mark);
  return at == Text::npos ? text : text.substr(0, at);
}
BRAID_FUNCTION(cutting, before_last,
               {.summary = "The text before the last `mark`; all of the text if there is none.",
                .parameters = {{"text", "Text to cut."}, {"mark", "Where to cut."}},
                .examples = {{R"("a.tar.gz".before_last("."))", R"("a.tar")"}, {R"(before_last("a", "."))", R"("a")"}}})

static Text after_last(Text text, Text mark) {
  const size_t at = text.rfind(mark);
  return at == Text::npos ? Text() : text.substr(at + mark.size());
}
BRAID_FUNCTION(cutting, after_last,
               {.summary = "The text after the last `mark`; nothing if there is none.",
                .parameters = {{"text", "Text to cut."}, {"mark", "Where to cut."}},
                .examples = {{R"("a/b/c.txt".after_last("/"))", R"("c.txt")"}, {R"(after_last("a", "/"))", R"("")"}}})

static std::optional<Text> text_between(Text text, Text start, Text end) {
  const size_t at = text.find(start);
  if (at == Text::npos) return std::nullopt;
  text.remove_prefix(at + start.size());
  const size_t stop = text.find(end);
  if (stop == Text::npos) return std::nullopt;
  return text.substr(0, stop);
}
BRAID_FUNCTION(
    cutting, text_between,
    {.summary = "The text between the first `start` and the first `end` behind it; null if one is missing.",
     .parameters = {{"text", "Text to cut."}, {"start", "What stands before."}, {"end", "What stands behind."}},
     .examples = {{R"x("id=[42] ok".text_between("[", "]"))x", R"("42")"},
                  {R"x(text_between("a(b", "(", ")"))x", "null"}}})

static Text remove_prefix(Text text, Text prefix) {
  return text.starts_with(prefix) ? text.substr(prefix.size()) : text;
}
BRAID_FUNCTION(cutting, remove_prefix,
               {.summary = "Text without a beginning, if it has it.",
                .parameters = {{"text", "Text to cut."}, {"prefix", "The beginning."}},
                .examples = {{R"("www.shop.example".remove_prefix("www."))", R"("shop.example")"},
                             {R"(remove_prefix("shop", "www."))", R"("shop")"}}})

static Text remove_suffix(Text text, Text suffix) {
  return text.ends_with(suffix) ? text.substr(0, text.size() - suffix.size()) : text;
}
BRAID_FUNCTION(cutting, remove_suffix,
               {.summary = "Text without an end, if it has it.",
                .parameters = {{"text", "Text to cut."}, {"suffix", "The end."}},
                .examples = {{R"("orders.csv".remove_suffix(".csv"))", R"("orders")"},
                             {R"(remove_suffix("orders", ".csv"))", R"("orders")"}}})

static Text common_prefix(Text a, Text b) {
  const uint64_t most = a.size() < b.size() ? a.size() : b.size();
  uint64_t same = 0;
  while (same < most && a[same] == b[same]) ++same;
  while (same > 0 && same < a.size() && utf8::continues(a[same])) --same;
  return a.substr(0, same);
}
BRAID_FUNCTION(cutting, common_prefix,
               {.summary = "The longest beginning that two texts share.",
                .parameters = {{"a", "One text."}, {"b", "The other."}},
                .examples = {{R"(common_prefix("/a/b/c", "/a/bd"))", R"("/a/b")"},
                             {R"(common_prefix("é", "è"))", R"("")"}}})

static Text trim_characters(Text text, Text characters, bool front, bool back) {
  const auto among = [characters](Text character) { return characters.find(character) != Text::npos; };
  while (front && !text.empty() && among(text.substr(0, utf8::front_size(text))))
    text.remove_prefix(utf8::front_size(text));
  while (back && !text.empty() && among(text.substr(text.size() - utf8::back_size(text))))
    text.remove_suffix(utf8::back_size(text));
  return text;
}

#define BRAID_TRIM(function, called, where, front, back, first, first_result, second, second_result)          \
  static Text function(Text text, Text characters) {                                                          \
    return trim_characters(text, characters, front, back);                                                    \
  }                                                                                                           \
  BRAID_FUNCTION(cutting, function,                                                                           \
                 {.name = called,                                                                             \
                  .summary = "Text without certain characters at " where ".",                                 \
                  .parameters = {{"text", "Text to trim."},                                                   \
                                 {"characters", "Characters to leave out, a constant.", std::nullopt, true}}, \
                  .examples = {{first, first_result}, {second, second_result}}})
BRAID_TRIM(trim_of, "trim", "both ends", true, true, R"("--a-b-".trim("-"))", R"("a-b")", R"(trim("xyx", "yx"))",
           R"("")")
BRAID_TRIM(trim_start_of, "trim_start", "its start", true, false, R"("0042".trim_start("0"))", R"("42")",
           R"(trim_start("a", ""))", R"("a")")
BRAID_TRIM(trim_end_of, "trim_end", "its end", false, true, R"("a/b//".trim_end("/"))", R"("a/b")",
           R"(trim_end("é!", "!é"))", R"("")")
#undef BRAID_TRIM

static Fallible<Text> shorten(CallContext& context, Text text, int64_t count, Text mark) {
  const uint64_t most = at_least_zero(count);
  if (utf8::offset(text, most) == text.size()) return text;
  const uint64_t marked = utf8::length(mark);
  if (marked >= most) return mark.substr(0, utf8::offset(mark, most));
  return put_together(context, {text.substr(0, utf8::offset(text, most - marked)), mark});
}
BRAID_FUNCTION(cutting, shorten,
               {.summary = "Text of at most so many characters; where it is cut stands a mark. Fails if the result is "
                           "longer than 16 MiB.",
                .parameters = {{"text", "Text to shorten."},
                               {"count", "Characters of the result, with the mark."},
                               {"mark", "What stands for the rest.", R"("…")"}},
                .examples = {{R"("a long title".shorten(7))", R"("a long…")"},
                             {R"("short".shorten(7))", R"("short")"},
                             {R"(shorten("abc", 2, "..."))", R"("..")"}}})

static ListOf<Text> lines(CallContext& context, Text text) {
  if (text.empty()) return {nullptr, 0};
  uint64_t most = 1;
  for (const char byte : text) most += byte == '\n';
  Slot* const items = allocate_slots(context, most);
  uint64_t count = 0;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    Text line = text.substr(0, end);
    text = end == Text::npos ? Text() : text.substr(end + 1);
    if (line.ends_with('\r')) line.remove_suffix(1);
    items[count++] = slot_bytes(line);
  }
  return {items, count};
}
BRAID_FUNCTION(cutting, lines,
               {.summary = "The lines of a text, without their ends (`\\n` or `\\r\\n`).",
                .parameters = {{"text", "Text to split."}},
                .examples = {{R"("a\n\nb\n".lines())", R"(["a", "", "b"])"}, {R"(lines("").length())", "0"}}})

static ListOf<Text> words(CallContext& context, Text text) {
  // First counted, so that the list has no more room than it needs.
  const auto each = [text](auto visit) {
    for (Text rest = utf8::trim_front(text); !rest.empty(); rest = utf8::trim_front(rest)) {
      uint64_t size = 0;
      while (size < rest.size() && utf8::blank_at_front(rest.substr(size)) == 0)
        size += utf8::front_size(rest.substr(size));
      visit(rest.substr(0, size));
      rest.remove_prefix(size);
    }
  };
  uint64_t count = 0;
  each([&](Text) { ++count; });
  Slot* const items = allocate_slots(context, count);
  Slot* next = items;
  each([&](Text word) { *next++ = slot_bytes(word); });
  return {items, count};
}
BRAID_FUNCTION(cutting, words,
               {.summary = "The pieces between white space.",
                .parameters = {{"text", "Text to split."}},
                .examples = {{R"("  New \t York ".words())", R"(["New", "York"])"}, {R"(words(" ").length())", "0"}}})

// ---- changes -------------------------------------------------------------------------------------------------------

static Fallible<Text> insert_at(CallContext& context, Text text, int64_t at, Text part) {
  const uint64_t place = utf8::offset(text, at_least_zero(at));
  return put_together(context, {text.substr(0, place), part, text.substr(place)});
}
BRAID_FUNCTION(cutting, insert_at,
               {.summary = "Text with another put into it. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."},
                               {"at", "Position of the new text, counted from 0."},
                               {"part", "What to put in."}},
                .examples = {{R"("20260131".insert_at(4, "-"))", R"("2026-0131")"},
                             {R"(insert_at("ab", 9, "c"))", R"("abc")"}}})

static Fallible<Text> replace_range(CallContext& context, Text text, int64_t from, int64_t count, Text with) {
  const uint64_t start = utf8::offset(text, at_least_zero(from));
  const Text rest = text.substr(start);
  return put_together(context, {text.substr(0, start), with, rest.substr(utf8::offset(rest, at_least_zero(count)))});
}
BRAID_FUNCTION(cutting, replace_range,
               {.summary = "Text with some of its characters replaced by others. Fails if the result is longer than 16 "
                           "MiB.",
                .parameters = {{"text", "Text to change."},
                               {"from", "Position of the first character that goes, counted from 0."},
                               {"count", "How many go."},
                               {"with", "What to put there."}},
                .examples = {{R"("2026-01-31".replace_range(5, 2, "12"))", R"("2026-12-31")"},
                             {R"(replace_range("ab", 1, 9, "-"))", R"("a-")"}}})

static Fallible<Text> replace_at(CallContext& context, Text text, size_t at, Text part, Text with) {
  if (part.empty() || at == Text::npos) return text;
  return put_together(context, {text.substr(0, at), with, text.substr(at + part.size())});
}

static Fallible<Text> replace_first(CallContext& context, Text text, Text part, Text with) {
  return replace_at(context, text, text.find(part), part, with);
}
BRAID_FUNCTION(cutting, replace_first,
               {.summary = "Text in which the first `part` is replaced. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."},
                               {"part", "What to replace; if empty, the text stays."},
                               {"with", "What to put there."}},
                .examples = {{R"("a-b-c".replace_first("-", "+"))", R"("a+b-c")"},
                             {R"(replace_first("a", "b", "c"))", R"("a")"}}})

static Fallible<Text> replace_last(CallContext& context, Text text, Text part, Text with) {
  return replace_at(context, text, text.rfind(part), part, with);
}
BRAID_FUNCTION(cutting, replace_last,
               {.summary = "Text in which the last `part` is replaced. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."},
                               {"part", "What to replace; if empty, the text stays."},
                               {"with", "What to put there."}},
                .examples = {{R"("a-b-c".replace_last("-", "+"))", R"("a-b+c")"},
                             {R"(replace_last("a", "", "c"))", R"("a")"}}})

/// The character of `to` at the place that `character` has in `from`; nothing where `to` is shorter, null if it is not
/// there.
static std::optional<Text> translation(Text character, Text from, Text to) {
  uint64_t place = 0;
  for (Text rest = from; !rest.empty(); rest.remove_prefix(utf8::front_size(rest)), ++place) {
    if (rest.substr(0, utf8::front_size(rest)) != character) continue;
    const Text target = to.substr(utf8::offset(to, place));
    return target.empty() ? target : target.substr(0, utf8::front_size(target));
  }
  return std::nullopt;
}

static Fallible<Text> translate(CallContext& context, Text text, Text from, Text to) {
  // Characters of one byte, which most are, by a table.
  Text ascii[128];
  bool changed[128] = {};
  for (int byte = 0; byte < 128; ++byte) {
    const char character = static_cast<char>(byte);
    if (from.find(character) == Text::npos) continue;
    if (const std::optional<Text> target = translation({&character, 1}, from, to)) {
      ascii[byte] = *target;
      changed[byte] = true;
    }
  }
  const auto pass = [&](auto visit) {
    for (Text rest = text; !rest.empty();) {
      const auto first = static_cast<uint8_t>(rest.front());
      const uint64_t size = first < 0x80 ? 1 : utf8::front_size(rest);
      const Text character = rest.substr(0, size);
      if (first < 0x80) {
        visit(changed[first] ? ascii[first] : character);
      } else {
        visit(translation(character, from, to).value_or(character));
      }
      rest.remove_prefix(size);
    }
  };
  uint64_t size = 0;
  pass([&](Text piece) { size += piece.size(); });
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  pass([&](Text piece) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  });
  return Text(made, size);
}
BRAID_FUNCTION(cutting, translate,
               {.summary = "Text in which each character of one list becomes the one at its place in another, or goes "
                           "where that is shorter. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."},
                               {"from", "Characters to replace, a constant.", std::nullopt, true},
                               {"to", "What each of them becomes, a constant.", std::nullopt, true}},
                .examples = {{R"("1.234,50".translate(",.", "."))", R"("1234.50")"},
                             {R"(translate("né", "é", "e"))", R"("ne")"}}})

/// Keeps the characters that are, or are not, among others.
static Text sifted(CallContext& context, Text text, Text characters, bool keep) {
  bool ascii[128] = {};
  for (const char byte : characters)
    if (static_cast<uint8_t>(byte) < 0x80) ascii[static_cast<uint8_t>(byte)] = true;
  char* const made = allocate(context, text.size());
  uint64_t size = 0;
  while (!text.empty()) {
    const auto first = static_cast<uint8_t>(text.front());
    const uint64_t taken = first < 0x80 ? 1 : utf8::front_size(text);
    const bool among = first < 0x80 ? ascii[first] : characters.find(text.substr(0, taken)) != Text::npos;
    if (among == keep) {
      std::memcpy(made + size, text.data(), taken);
      size += taken;
    }
    text.remove_prefix(taken);
  }
  return {made, size};
}

static Text keep_characters(CallContext& context, Text text, Text characters) {
  return sifted(context, text, characters, true);
}
BRAID_FUNCTION(cutting, keep_characters,
               {.summary = "The characters of a text that are among others.",
                .parameters = {{"text", "Text to sift."},
                               {"characters", "Characters that stay, a constant.", std::nullopt, true}},
                .examples = {{R"x("+49 (30) 12".keep_characters("0123456789"))x", R"("493012")"},
                             {R"(keep_characters("né", "é"))", R"("é")"}}})

static Text remove_characters(CallContext& context, Text text, Text characters) {
  return sifted(context, text, characters, false);
}
BRAID_FUNCTION(cutting, remove_characters,
               {.summary = "Text without certain characters.",
                .parameters = {{"text", "Text to sift."},
                               {"characters", "Characters that go, a constant.", std::nullopt, true}},
                .examples = {{R"x("(030) 12-34".remove_characters("()- "))x", R"("0301234")"},
                             {R"(remove_characters("né", ""))", R"("né")"}}})

static Text squeeze(CallContext& context, Text text, Text character) {
  if (character.empty()) return text;
  character = character.substr(0, utf8::front_size(character));
  char* const made = allocate(context, text.size());
  uint64_t size = 0;
  bool before = false;
  while (!text.empty()) {
    const bool here = text.starts_with(character);
    const uint64_t taken = here ? character.size() : utf8::front_size(text);
    if (!here || !before) {
      std::memcpy(made + size, text.data(), taken);
      size += taken;
    }
    before = here;
    text.remove_prefix(taken);
  }
  return {made, size};
}
BRAID_FUNCTION(cutting, squeeze,
               {.summary = "Text in which each run of a character is that character once.",
                .parameters = {{"text", "Text to change."},
                               {"character", "The character; the first of a longer text."}},
                .examples = {{R"("a//b///c".squeeze("/"))", R"("a/b/c")"}, {R"(squeeze("aa", ""))", R"("aa")"}}})

static Fallible<Text> center(CallContext& context, Text text, int64_t width, Text fill) {
  const uint64_t has = utf8::length(text), wanted = at_least_zero(width), filler = utf8::length(fill);
  if (wanted <= has || filler == 0) return text;
  if (wanted > kLongestText) return too_long();
  const auto filled = [&](uint64_t count) { return count / filler * fill.size() + utf8::offset(fill, count % filler); };
  const uint64_t front = (wanted - has) / 2, back = wanted - has - front;
  const uint64_t size = filled(front) + text.size() + filled(back);
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  const auto put = [&](char* out, uint64_t bytes) {
    for (uint64_t i = 0; i < bytes; ++i) out[i] = fill[i % fill.size()];
  };
  put(made, filled(front));
  if (!text.empty()) std::memcpy(made + filled(front), text.data(), text.size());
  put(made + filled(front) + text.size(), filled(back));
  return Text(made, size);
}
BRAID_FUNCTION(cutting, center,
               {.summary = "Text filled up at both ends to a width. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to fill up; a longer one stays."},
                               {"width", "Characters of the result."},
                               {"fill", "What to fill with, repeated and cut as needed.", R"(" ")"}},
                .examples = {{R"("ab".center(7, "-"))", R"("--ab---")"},
                             {R"(center("long", 2))", R"("long")"},
                             {R"(center("x", 1_000_000_000))", "fails"}}})

static Fallible<Text> redact(CallContext& context, Text text, int64_t first, int64_t last, Text with) {
  const uint64_t length = utf8::length(text), front = at_least_zero(first), back = at_least_zero(last);
  if (front >= length || back >= length - front) return text;
  const uint64_t hidden = length - front - back;
  const uint64_t start = utf8::offset(text, front), end = utf8::offset(text, front + hidden);
  if (with.size() > kLongestText || start + hidden * with.size() + text.size() - end > kLongestText) return too_long();
  const uint64_t size = start + hidden * with.size() + text.size() - end;
  char* const made = allocate(context, size);
  char* out = made;
  const auto put = [&out](Text piece) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  };
  put(text.substr(0, start));
  for (uint64_t i = 0; i < hidden; ++i) put(with);
  put(text.substr(end));
  return Text(made, size);
}
BRAID_FUNCTION(cutting, redact,
               {.summary = "Text with all characters hidden but those at its ends. Fails if the result is longer than "
                           "16 MiB.",
                .parameters = {{"text", "Text to hide; a text that has no more stays as it is."},
                               {"first", "How many characters to show at the start.", "0"},
                               {"last", "How many to show at the end.", "0"},
                               {"with", "What to put in the place of each of the others.", R"("*")"}},
                .examples = {{R"("4111111111111234".redact(last: 4))", R"("************1234")"},
                             {R"("Zoë".redact(1))", R"("Z**")"},
                             {R"(redact("ab", 1, 1))", R"("ab")"}}})

// ---- characters and bytes ------------------------------------------------------------------------------------------

static int64_t byte_length(Text text) {
  return static_cast<int64_t>(text.size());
}
BRAID_FUNCTION(cutting, byte_length,
               {.summary = "Number of bytes of a text in UTF-8.",
                .parameters = {{"text", "Text to measure."}},
                .examples = {{R"(byte_length("Zoë"))", "4"}, {R"(byte_length(""))", "0"}}})

static int64_t length_of_bytes(Binary bytes) {
  return static_cast<int64_t>(bytes.view.size());
}
BRAID_FUNCTION(cutting, length_of_bytes,
               {.name = "length",
                .summary = "Number of bytes.",
                .parameters = {{"bytes", "Bytes to measure."}},
                .examples = {{R"(length(bytes("é")))", "2"}, {R"(length(bytes("")))", "0"}}})

static Binary slice_of_bytes(Binary bytes, int64_t from, std::optional<int64_t> count) {
  uint64_t start = at_least_zero(from);
  if (start > bytes.view.size()) start = bytes.view.size();
  Text rest = bytes.view.substr(start);
  if (count && at_least_zero(*count) < rest.size()) rest = rest.substr(0, at_least_zero(*count));
  return {rest};
}
BRAID_FUNCTION(cutting, slice_of_bytes,
               {.name = "slice",
                .summary = "The bytes from a position on; what lies outside is left out.",
                .parameters = {{"bytes", "Bytes to cut."},
                               {"from", "Position of the first, counted from 0."},
                               {"count", "How many; all of the rest if left out.", "null"}},
                .examples = {{R"(string(slice(bytes("abcd"), 1, 2)))", R"("bc")"},
                             {R"(hex(slice(bytes("ab"), 5)))", R"("")"}}})

static std::optional<int64_t> byte_at(Binary bytes, int64_t index) {
  if (index < 0 || static_cast<uint64_t>(index) >= bytes.view.size()) return std::nullopt;
  return static_cast<uint8_t>(bytes.view[static_cast<uint64_t>(index)]);
}
BRAID_FUNCTION(cutting, byte_at,
               {.summary = "One of the bytes, 0 to 255, null if there are not so many.",
                .parameters = {{"bytes", "Bytes to read."}, {"index", "Position, counted from 0."}},
                .examples = {{R"(byte_at(bytes("é"), 1))", "169"}, {R"(byte_at(bytes("a"), 1))", "null"}}})

static std::optional<int64_t> code_point(Text text) {
  if (text.empty()) return std::nullopt;
  return static_cast<int64_t>(utf8::decode(text.data(), utf8::front_size(text)));
}
BRAID_FUNCTION(cutting, code_point,
               {.summary = "The number of a text's first character in Unicode, null if the text is empty.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {
                    {R"(code_point("A"))", "65"}, {R"(code_point("€uro"))", "8364"}, {R"(code_point(""))", "null"}}})

static Fallible<Text> character(CallContext& context, int64_t code_point) {
  if (code_point < 0 || code_point > 0x10FFFF || (code_point >= 0xD800 && code_point <= 0xDFFF))
    return fails(context, "Unicode has no such character");
  char* const made = allocate(context, 4);
  return Text(made, utf8::encode(static_cast<uint32_t>(code_point), made));
}
BRAID_FUNCTION(cutting, character,
               {.summary = "The character of a number in Unicode. Fails if there is none.",
                .parameters = {{"code_point", "Number of the character."}},
                .examples = {
                    {"character(65)", R"("A")"}, {"character(8364)", R"("€")"}, {"character(55296)", "fails"}}})

static bool is_ascii(Text text) {
  uint8_t all = 0;
  for (const char byte : text) all |= static_cast<uint8_t>(byte);
  return all < 0x80;
}
BRAID_FUNCTION(cutting, is_ascii,
               {.summary = "Whether all characters of a text are among the 128 of ASCII.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {
                    {R"(is_ascii("abc 1"))", "true"}, {R"(is_ascii("é"))", "false"}, {R"(is_ascii(""))", "true"}}})

static bool is_digits(Text text) {
  for (const char byte : text)
    if (byte < '0' || byte > '9') return false;
  return !text.empty();
}
BRAID_FUNCTION(cutting, is_digits,
               {.summary = "Whether a text is one or more of the digits 0 to 9, and nothing else.",
                .parameters = {{"text", "Text to look at."}},
                .examples = {
                    {R"(is_digits("0042"))", "true"}, {R"(is_digits("-1"))", "false"}, {R"(is_digits(""))", "false"}}})

BRAID_GROUP(cutting)

}  // namespace braid
