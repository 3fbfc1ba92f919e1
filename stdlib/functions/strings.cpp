// Text. Positions and lengths count characters (code points) from 0; what lies outside is cut off, never a failure.
#include "runtime/declare/native.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

static uint64_t at_least_zero(int64_t count) {
  return count < 0 ? 0 : static_cast<uint64_t>(count);
}

static int64_t length(Text text) {
  return static_cast<int64_t>(utf8::length(text));
}
BRAID_FUNCTION(strings, length,
               {.summary = "Number of characters.",
                .parameters = {{"text", "Text to measure."}},
                .examples = {{R"("river".length())", "5"}, {R"("Zoë".length())", "3"}, {R"(length(""))", "0"}}})

static bool is_blank(std::optional<Text> text) {
  return !text || utf8::trim_front(*text).empty();
}
BRAID_FUNCTION(strings, is_blank,
               {.summary = "Whether text is null, empty or only white space.",
                .parameters = {{"text", "Text to look at; may be null."}},
                .examples = {
                    {R"(is_blank("  \n"))", "true"}, {"is_blank(null)", "true"}, {R"(is_blank(" x "))", "false"}}})

static Text trim(Text text) {
  return utf8::trim_back(utf8::trim_front(text));
}
BRAID_FUNCTION(strings, trim,
               {.summary = "Text without the white space at both ends.",
                .parameters = {{"text", "Text to trim."}},
                .examples = {{R"("  Paris\n".trim())", R"("Paris")"}, {R"(trim("   "))", R"("")"}}})

static Text trim_start(Text text) {
  return utf8::trim_front(text);
}
BRAID_FUNCTION(strings, trim_start,
               {.summary = "Text without the white space at its start.",
                .parameters = {{"text", "Text to trim."}},
                .examples = {{R"(trim_start("  a "))", R"("a ")"}, {R"(trim_start(""))", R"("")"}}})

static Text trim_end(Text text) {
  return utf8::trim_back(text);
}
BRAID_FUNCTION(strings, trim_end,
               {.summary = "Text without the white space at its end.",
                .parameters = {{"text", "Text to trim."}},
                .examples = {{R"(trim_end(" a  "))", R"(" a")"}, {R"(trim_end(""))", R"("")"}}})

static bool contains(Text text, Text part) {
  return text.find(part) != Text::npos;
}
BRAID_FUNCTION(strings, contains,
               {.summary = "Whether `text` contains `part`; upper and lower case differ.",
                .parameters = {{"text", "Text to search."}, {"part", "What to look for."}},
                .examples = {{R"("red;blue".contains("blue"))", "true"}, {R"(contains("red", ""))", "true"}}})

static bool starts_with(Text text, Text part) {
  return text.starts_with(part);
}
BRAID_FUNCTION(strings, starts_with,
               {.summary = "Whether `text` begins with `part`.",
                .parameters = {{"text", "Text to look at."}, {"part", "The beginning."}},
                .examples = {{R"("https://a.example".starts_with("https:"))", "true"},
                             {R"(starts_with("a", "ab"))", "false"}}})

static bool ends_with(Text text, Text part) {
  return text.ends_with(part);
}
BRAID_FUNCTION(strings, ends_with,
               {.summary = "Whether `text` ends with `part`.",
                .parameters = {{"text", "Text to look at."}, {"part", "The end."}},
                .examples = {{R"("a.csv".ends_with(".csv"))", "true"}, {R"(ends_with("", "x"))", "false"}}})

static std::optional<int64_t> index_of(Text text, Text part) {
  const size_t at = text.find(part);
  if (at == Text::npos) return std::nullopt;
  return static_cast<int64_t>(utf8::length(text.substr(0, at)));
}
BRAID_FUNCTION(strings, index_of,
               {.summary = "Position of the first `part` in `text`, null if there is none.",
                .parameters = {{"text", "Text to search."}, {"part", "What to look for."}},
                .examples = {{R"("é=1".index_of("="))", "1"}, {R"(index_of("a", "b"))", "null"}}})

static Text substring(Text text, int64_t from, std::optional<int64_t> count) {
  const uint64_t first = at_least_zero(from);
  text.remove_prefix(utf8::offset(text, first));
  return count ? text.substr(0, utf8::offset(text, at_least_zero(*count))) : text;
}
BRAID_FUNCTION(strings, substring,
               {.summary = "The characters from a position on; what lies outside the text is left out.",
                .parameters = {{"text", "Text to cut."},
                               {"from", "Position of the first character, counted from 0."},
                               {"count", "How many characters; all of the rest if left out.", "null"}},
                .examples = {{R"("2026-01-31".substring(5, 2))", R"("01")"},
                             {R"(substring("abc", 1))", R"("bc")"},
                             {R"(substring("abc", 7, 2))", R"("")"}}})

static Text left(Text text, int64_t count) {
  return text.substr(0, utf8::offset(text, at_least_zero(count)));
}
BRAID_FUNCTION(strings, left,
               {.summary = "The first characters of a text; all of it if it is shorter.",
                .parameters = {{"text", "Text to cut."}, {"count", "How many characters."}},
                .examples = {{R"("Straße".left(5))", R"("Straß")"}, {R"(left("ab", -1))", R"("")"}}})

static Text right(Text text, int64_t count) {
  uint64_t wanted = at_least_zero(count), start = text.size();
  for (; wanted > 0 && start > 0; --wanted) start -= utf8::back_size(text.substr(0, start));
  return text.substr(start);
}
BRAID_FUNCTION(strings, right,
               {.summary = "The last characters of a text; all of it if it is shorter.",
                .parameters = {{"text", "Text to cut."}, {"count", "How many characters."}},
                .examples = {{R"("4111111111111234".right(4))", R"("1234")"}, {R"(right("é", 3))", R"("é")"}}})

static Text before(Text text, Text mark) {
  const size_t at = text.find(mark);
  return at == Text::npos ? text : text.substr(0, at);
}
BRAID_FUNCTION(strings, before,
               {.summary = "The text before the first `mark`; all of the text if there is none.",
                .parameters = {{"text", "Text to cut."}, {"mark", "Where to cut."}},
                .examples = {{R"("ann@shop.example".before("@"))", R"("ann")"}, {R"(before("ann", "@"))", R"("ann")"}}})

static Text after(Text text, Text mark) {
  const size_t at = text.find(mark);
  return at == Text::npos ? Text() : text.substr(at + mark.size());
}
BRAID_FUNCTION(strings, after,
               {.summary = "The text after the first `mark`; nothing if there is none.",
                .parameters = {{"text", "Text to cut."}, {"mark", "Where to cut."}},
                .examples = {{R"("ann@shop.example".after("@"))", R"("shop.example")"},
                             {R"(after("ann", "@"))", R"("")"}}})

static uint64_t count_of(Text text, Text part) {
  uint64_t count = 0;
  for (size_t at = text.find(part); at != Text::npos; at = text.find(part, at + part.size())) ++count;
  return count;
}

static Fallible<Text> replace(CallContext& context, Text text, Text part, Text with) {
  if (part.empty()) return text;
  const uint64_t count = count_of(text, part);
  if (count == 0) return text;
  const uint64_t kept = text.size() - count * part.size();
  if (with.size() > kLongestText || kept + count * with.size() > kLongestText) return too_long();
  char* const made = allocate(context, kept + count * with.size());
  char* out = made;
  const auto put = [&out](Text piece) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  };
  size_t from = 0;
  for (size_t at = text.find(part); at != Text::npos; at = text.find(part, from)) {
    put(text.substr(from, at - from));
    put(with);
    from = at + part.size();
  }
  put(text.substr(from));
  return Text(made, static_cast<size_t>(out - made));
}
BRAID_FUNCTION(strings, replace,
               {.summary = "Text in which every `part` is replaced. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to change."},
                               {"part", "What to replace; if empty, the text stays."},
                               {"with", "What to put there."}},
                .examples = {{R"("1,234,567".replace(",", ""))", R"("1234567")"},
                             {R"(replace("aaa", "aa", "b"))", R"("ba")"},
                             {R"(replace("abc", "", "-"))", R"("abc")"}}})

/// Calls `visit` with each place of the byte, in order.
template <class Visit>
static void find_all(Text text, char byte, Visit visit) {
  using Bytes16 = char __attribute__((ext_vector_type(16)));
  using Mask16 = bool __attribute__((ext_vector_type(16)));
  size_t at = 0;
  for (; at + sizeof(Bytes16) <= text.size(); at += sizeof(Bytes16)) {
    Bytes16 bytes;
    std::memcpy(&bytes, text.data() + at, sizeof bytes);
    const Mask16 equal = __builtin_convertvector(bytes == byte, Mask16);
    uint32_t bits = 0;
    std::memcpy(&bits, &equal, sizeof equal);
    for (; bits != 0; bits &= bits - 1) visit(at + static_cast<size_t>(__builtin_ctz(bits)));
  }
  for (; at < text.size(); ++at)
    if (text[at] == byte) visit(at);
}

static ListOf<Text> split_at_byte(CallContext& context, Text text, char separator) {
  uint64_t count = 1;
  find_all(text, separator, [&](size_t) { ++count; });
  Slot* item = allocate_slots(context, count);
  Slot* const items = item;
  size_t from = 0;
  find_all(text, separator, [&](size_t at) {
    *item++ = slot_bytes(text.substr(from, at - from));
    from = at + 1;
  });
  *item = slot_bytes(text.substr(from));
  return {items, count};
}

static ListOf<Text> split(CallContext& context, Text text, Text separator) {
  if (separator.size() == 1) return split_at_byte(context, text, separator[0]);
  if (separator.empty()) {
    const uint64_t count = utf8::length(text);
    Slot* const items = allocate_slots(context, count);
    uint64_t made = 0;
    for (; !text.empty() && made < count; text.remove_prefix(utf8::front_size(text)))
      items[made++] = slot_bytes(text.substr(0, utf8::front_size(text)));
    return {items, made};
  }
  const uint64_t count = count_of(text, separator) + 1;
  Slot* const items = allocate_slots(context, count);
  size_t from = 0;
  for (uint64_t i = 0; i + 1 < count; ++i) {
    const size_t at = text.find(separator, from);
    items[i] = slot_bytes(text.substr(from, at - from));
    from = at + separator.size();
  }
  items[count - 1] = slot_bytes(text.substr(from));
  return {items, count};
}
BRAID_FUNCTION(strings, split,
               {.summary = "The pieces between separators: one more than there are separators.",
                .parameters = {{"text", "Text to split."},
                               {"separator", "The text between pieces; if empty, each character is a piece."}},
                .examples = {{R"("a/b//c".split("/"))", R"(["a", "b", "", "c"])"},
                             {R"("né".split(""))", R"(["n", "é"])"},
                             {R"("".split(","))", R"([""])"}}})

static Fallible<Text> join(CallContext& context, ListOf<Text> pieces, Text separator) {
  uint64_t size = 0;
  for (uint64_t i = 0; i < pieces.count; ++i) {
    size += pieces.items[i].bytes.size + (i > 0 ? separator.size() : 0);
    if (size > kLongestText) return too_long();
  }
  char* const made = allocate(context, size);
  char* out = made;
  const auto put = [&out](Text piece) {
    if (!piece.empty()) std::memcpy(out, piece.data(), piece.size());
    out += piece.size();
  };
  for (uint64_t i = 0; i < pieces.count; ++i) {
    if (i > 0) put(separator);
    put(pieces.items[i].bytes.view());
  }
  return Text(made, size);
}
BRAID_FUNCTION(strings, join,
               {.summary = "The texts of a list, one after the other. Fails if the result is longer than 16 MiB.",
                .parameters = {{"pieces", "Texts to join."}, {"separator", "What to put between them.", R"("")"}},
                .examples = {{R"(["a", "b"].join(", "))", R"("a, b")"}, {R"(join(["a"], "-"))", R"("a")"}}})

static Fallible<Text> repeat(CallContext& context, Text text, int64_t count) {
  const uint64_t times = at_least_zero(count);
  if (text.empty() || times == 0) return Text();
  if (times > kLongestText / text.size()) return too_long();
  char* const made = allocate(context, times * text.size());
  for (uint64_t i = 0; i < times; ++i) std::memcpy(made + i * text.size(), text.data(), text.size());
  return Text(made, times * text.size());
}
BRAID_FUNCTION(strings, repeat,
               {.summary = "Text several times over. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to repeat."}, {"count", "How often; nothing comes of 0 or less."}},
                .examples = {{R"("ab".repeat(3))", R"("ababab")"},
                             {R"(repeat("ab", 0))", R"("")"},
                             {R"(repeat("ab", 1_000_000_000))", "fails"}}})

static Fallible<Text> padded(CallContext& context, Text text, int64_t width, Text fill, bool in_front) {
  const uint64_t has = utf8::length(text), wanted = at_least_zero(width), filler = utf8::length(fill);
  if (wanted <= has || filler == 0) return text;
  const uint64_t missing = wanted - has;
  if (missing > kLongestText) return too_long();
  const uint64_t whole = missing / filler;
  const Text rest = fill.substr(0, utf8::offset(fill, missing % filler));
  const uint64_t size = whole * fill.size() + rest.size();
  if (size + text.size() > kLongestText) return too_long();
  char* const made = allocate(context, size + text.size());
  char* out = made + (in_front ? 0 : text.size());
  for (uint64_t i = 0; i < whole; ++i, out += fill.size()) std::memcpy(out, fill.data(), fill.size());
  if (!rest.empty()) std::memcpy(out, rest.data(), rest.size());
  if (!text.empty()) std::memcpy(made + (in_front ? size : 0), text.data(), text.size());
  return Text(made, size + text.size());
}

static Fallible<Text> pad_start(CallContext& context, Text text, int64_t width, Text fill) {
  return padded(context, text, width, fill, true);
}
BRAID_FUNCTION(strings, pad_start,
               {.summary = "Text filled up in front to a width. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to fill up; a longer one stays."},
                               {"width", "Characters of the result."},
                               {"fill", "What to fill with, repeated and cut as needed.", R"(" ")"}},
                .examples = {{R"("7".pad_start(3, "0"))", R"("007")"},
                             {R"(pad_start("long", 2))", R"("long")"},
                             {R"(pad_start("x", 1_000_000_000))", "fails"}}})

static Fallible<Text> pad_end(CallContext& context, Text text, int64_t width, Text fill) {
  return padded(context, text, width, fill, false);
}
BRAID_FUNCTION(strings, pad_end,
               {.summary = "Text filled up behind to a width. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to fill up; a longer one stays."},
                               {"width", "Characters of the result."},
                               {"fill", "What to fill with, repeated and cut as needed.", R"(" ")"}},
                .examples = {{R"("ab".pad_end(5, "-+"))", R"("ab-+-")"},
                             {R"(pad_end("ab", 5, ""))", R"("ab")"},
                             {R"(pad_end("x", 1_000_000_000))", "fails"}}})

static Text reverse(CallContext& context, Text text) {
  char* const made = allocate(context, text.size());
  uint64_t at = text.size();
  for (Text rest = text; !rest.empty();) {
    const uint64_t size = utf8::front_size(rest);
    at -= size;
    std::memcpy(made + at, rest.data(), size);
    rest.remove_prefix(size);
  }
  return {made, text.size()};
}
BRAID_FUNCTION(strings, reverse,
               {.summary = "The characters from the last to the first.",
                .parameters = {{"text", "Text to turn round."}},
                .examples = {{R"("moor".reverse())", R"("room")"}, {R"(reverse("aé"))", R"("éa")"}}})

static Text normalize_space(CallContext& context, Text text) {
  text = trim(text);
  char* const made = allocate(context, text.size());
  uint64_t size = 0;
  bool blank = false;
  while (!text.empty()) {
    if (const uint64_t skipped = utf8::blank_at_front(text)) {
      blank = true;
      text.remove_prefix(skipped);
      continue;
    }
    if (blank) made[size++] = ' ';
    blank = false;
    const uint64_t taken = utf8::front_size(text);
    std::memcpy(made + size, text.data(), taken);
    size += taken;
    text.remove_prefix(taken);
  }
  return {made, size};
}
BRAID_FUNCTION(strings, normalize_space,
               {.summary = "Text trimmed, and every run of white space in it made one blank.",
                .parameters = {{"text", "Text to clean."}},
                .examples = {{R"("  New \t  York ".normalize_space())", R"("New York")"},
                             {R"(normalize_space("\n"))", R"("")"}}})

BRAID_GROUP(strings)

}  // namespace braid
