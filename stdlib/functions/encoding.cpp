// Bytes as text and back: hexadecimal, base64, base32. Numbers as bytes. Texts inside other texts: HTML, CSV, JSON.
#include "runtime/data/text_forms.h"
#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

// ---- bytes ---------------------------------------------------------------------------------------------------------

static Fallible<Text> hex(CallContext& context, Binary bytes) {
  if (bytes.view.size() > kLongestText / 2) return too_long();
  char* const made = allocate(context, bytes.view.size() * 2);
  hexadecimal::put(bytes.view, made);
  return Text(made, bytes.view.size() * 2);
}
BRAID_FUNCTION(encoding, hex,
               {.summary = "Bytes as hexadecimal digits, in lower case. Fails if the result is longer than 16 MiB.",
                .parameters = {{"bytes", "Bytes to write."}},
                .examples = {{R"(hex(bytes("é")))", R"("c3a9")"}, {R"(hex(bytes("")))", R"("")"}}})

static Fallible<Binary> from_hex(CallContext& context, Text text) {
  if (text.size() % 2 != 0) return fails(context, "a hexadecimal text has two digits a byte");
  char* const made = allocate(context, text.size() / 2);
  for (size_t i = 0; i < text.size(); i += 2) {
    const int high = hexadecimal::digit(text[i]), low = hexadecimal::digit(text[i + 1]);
    if (high < 0 || low < 0) return fails(context, "the text holds more than hexadecimal digits");
    made[i / 2] = static_cast<char>(high << 4 | low);
  }
  return Binary{{made, text.size() / 2}};
}
BRAID_FUNCTION(encoding, from_hex,
               {.summary = "The bytes that hexadecimal digits of any case spell. Fails for anything else.",
                .parameters = {{"text", "Two digits a byte."}},
                .examples = {{R"(string(from_hex("4F6b")))", R"("Ok")"},
                             {R"(from_hex("4F6"))", "fails"},
                             {R"(from_hex("xy"))", "fails"}}})

static Fallible<Text> base64(CallContext& context, Binary bytes) {
  if (bytes.view.size() > kLongestText / 4 * 3) return too_long();
  return make_text(context, [&](std::string& out) { append_base64(out, bytes.view); });
}
BRAID_FUNCTION(encoding, base64,
               {.summary = "Bytes as base64 (RFC 4648), with padding. Fails if the result is longer than 16 MiB.",
                .parameters = {{"bytes", "Bytes to write."}},
                .examples = {{R"(base64(bytes("Ok!?")))", R"("T2shPw==")"}, {R"(base64(bytes("")))", R"("")"}}})

static Fallible<Binary> from_base64(CallContext& context, Text text) {
  std::string out;
  if (!parse_base64(text, out)) return fails(context, "the text is not base64");
  return Binary{made_text(context, out)};
}
BRAID_FUNCTION(encoding, from_base64,
               {.summary = "The bytes that a base64 text (RFC 4648, with padding) spells. Fails for anything else.",
                .parameters = {{"text", "Text in base64."}},
                .examples = {{R"(string(from_base64("T2shPw==")))", R"("Ok!?")"},
                             {R"(from_base64("T2shPw"))", "fails"}}})

static Fallible<Text> base64url(CallContext& context, Binary bytes) {
  if (bytes.view.size() > kLongestText / 4 * 3) return too_long();
  return make_text(context, [&](std::string& out) {
    append_base64(out, bytes.view);
    for (char& each : out) each = each == '+' ? '-' : each == '/' ? '_' : each;
    while (out.ends_with('=')) out.pop_back();
  });
}
BRAID_FUNCTION(
    encoding, base64url,
    {.summary = "Bytes as base64 for URLs (RFC 4648, section 5), without padding. Fails if the result is longer "
                "than 16 MiB.",
     .parameters = {{"bytes", "Bytes to write."}},
     .examples = {{R"(base64url(from_hex("fbff")))", R"("-_8")"}, {R"(base64url(bytes("")))", R"("")"}}})

static Fallible<Binary> from_base64url(CallContext& context, Text text) {
  if (text.find_first_of("+/") != Text::npos) return fails(context, "the text is not base64 for URLs");
  std::string usual(text), out;
  for (char& each : usual) each = each == '-' ? '+' : each == '_' ? '/' : each;
  if (!usual.ends_with('=')) usual.append((4 - usual.size() % 4) % 4, '=');
  if (!parse_base64(usual, out)) return fails(context, "the text is not base64 for URLs");
  return Binary{made_text(context, out)};
}
BRAID_FUNCTION(
    encoding, from_base64url,
    {.summary = "The bytes that a text in base64 for URLs spells, with padding or without. Fails for anything "
                "else.",
     .parameters = {{"text", "Text in base64 for URLs."}},
     .examples = {{R"(hex(from_base64url("-_8")))", R"("fbff")"},
                  {R"(string(from_base64url("T2s=")))", R"("Ok")"},
                  {R"(from_base64url("+/8"))", "fails"}}})

static Fallible<Text> base32(CallContext& context, Binary bytes) {
  const uint64_t size = (bytes.view.size() + 4) / 5 * 8;
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  for (size_t at = 0; at < bytes.view.size(); at += 5) {
    const Text piece = bytes.view.substr(at, 5);
    uint64_t bits = 0;
    for (size_t i = 0; i < 5; ++i) bits = bits << 8 | (i < piece.size() ? static_cast<uint8_t>(piece[i]) : 0);
    const size_t letters = (piece.size() * 8 + 4) / 5;
    for (size_t i = 0; i < 8; ++i)
      *out++ = i < letters ? "ABCDEFGHIJKLMNOPQRSTUVWXYZ234567"[bits >> (35 - 5 * i) & 31] : '=';
  }
  return Text(made, size);
}
BRAID_FUNCTION(encoding, base32,
               {.summary = "Bytes as base32 (RFC 4648), with padding. Fails if the result is longer than 16 MiB.",
                .parameters = {{"bytes", "Bytes to write."}},
                .examples = {{R"(base32(bytes("fooba")))", R"("MZXW6YTB")"},
                             {R"(base32(bytes("f")))", R"("MY======")"},
                             {R"(base32(bytes("")))", R"("")"}}})

static Fallible<Binary> from_base32(CallContext& context, Text text) {
  const size_t letters = text.find_last_not_of('=') + 1;  // 0 if there are none
  const size_t rest = letters % 8;
  const bool padded = letters != text.size();
  if ((padded && (text.size() % 8 != 0 || text.size() - letters > 6)) || rest == 1 || rest == 3 || rest == 6)
    return fails(context, "the text is not base32");
  char* const made = allocate(context, letters * 5 / 8);
  size_t size = 0;
  uint64_t bits = 0;
  int held = 0;
  for (size_t i = 0; i < letters; ++i) {
    const char letter = text[i] >= 'a' && text[i] <= 'z' ? static_cast<char>(text[i] - 32) : text[i];
    if (!((letter >= 'A' && letter <= 'Z') || (letter >= '2' && letter <= '7')))
      return fails(context, "the text is not base32");
    bits = bits << 5 | static_cast<uint64_t>(letter >= 'A' ? letter - 'A' : letter - '2' + 26);
    held += 5;
    if (held < 8) continue;
    held -= 8;
    made[size++] = static_cast<char>(bits >> held & 0xFF);
  }
  if ((bits & ((uint64_t{1} << held) - 1)) != 0) return fails(context, "the text is not base32");
  return Binary{{made, size}};
}
BRAID_FUNCTION(
    encoding, from_base32,
    {.summary = "The bytes that a base32 text of any case spells, with padding or without. Fails for anything "
                "else.",
     .parameters = {{"text", "Text in base32."}},
     .examples = {{R"(string(from_base32("mzxw6ytb")))", R"("fooba")"},
                  {R"(string(from_base32("MY======")))", R"("f")"},
                  {R"(from_base32("M1"))", "fails"}}})

static bool is_utf8_bytes(Binary bytes) {
  return utf8::valid(bytes.view);
}
BRAID_FUNCTION(encoding, is_utf8_bytes,
               {.name = "is_utf8",
                .summary = "Whether bytes are UTF-8, so that `string` makes a text of them.",
                .parameters = {{"bytes", "Bytes to look at."}},
                .examples = {{R"(is_utf8(bytes("é")))", "true"}, {R"(is_utf8(from_hex("ff")))", "false"}}})

static bool is_little(Text order) {
  return order == "little";
}
static std::string order_problem(const CallShape& call) {
  const std::string& order = call.constants.back().text();
  return order == "big" || order == "little" ? "" : "`" + order + "` is not an order of bytes: big, little";
}

static Fallible<int64_t> int_from_bytes(CallContext& context, Binary bytes, Text order) {
  if (bytes.view.empty() || bytes.view.size() > 8) return fails(context, "a whole number has 1 to 8 bytes");
  uint64_t value = 0;
  for (size_t i = 0; i < bytes.view.size(); ++i) {
    const size_t place = is_little(order) ? bytes.view.size() - 1 - i : i;
    value = value << 8 | static_cast<uint8_t>(bytes.view[place]);
  }
  return static_cast<int64_t>(value);
}
BRAID_FUNCTION(
    encoding, int_from_bytes,
    {.summary = "The whole number that up to eight bytes make; of eight bytes the first bit is the sign. Fails "
                "for none and for more.",
     .parameters = {{"bytes", "Bytes to read."},
                    {"order", "`big`: the highest byte first; `little`: the lowest. A constant.", R"("big")", true}},
     .problem = order_problem,
     .examples = {{R"(int_from_bytes(from_hex("0102")))", "258"},
                  {R"(int_from_bytes(from_hex("0102"), "little"))", "513"},
                  {R"(int_from_bytes(bytes("")))", "fails"}}})

static Binary int_to_bytes(CallContext& context, int64_t value, Text order) {
  char* const made = allocate(context, 8);
  for (int i = 0; i < 8; ++i)
    made[i] = static_cast<char>(static_cast<uint64_t>(value) >> 8 * (is_little(order) ? i : 7 - i) & 0xFF);
  return {{made, 8}};
}
BRAID_FUNCTION(encoding, int_to_bytes,
               {.summary = "The eight bytes of a whole number.",
                .parameters = {{"value", "Number."},
                               {"order", "`big`: the highest byte first; `little`: the lowest. A constant.", R"("big")",
                                true}},
                .problem = order_problem,
                .examples = {{R"(hex(int_to_bytes(258)))", R"("0000000000000102")"},
                             {R"(hex(int_to_bytes(-2, "little")))", R"("feffffffffffffff")"}}})

// ---- texts in other texts ------------------------------------------------------------------------------------------

namespace {

/// Text in which `escape` says what some bytes become; an empty answer leaves the byte.
template <class Escape>
Fallible<Text> escaped(CallContext& context, Text text, Escape escape) {
  uint64_t size = 0;
  for (const char byte : text) {
    const Text with = escape(byte);
    size += with.empty() ? 1 : with.size();
  }
  if (size == text.size()) return text;
  if (size > kLongestText) return too_long();
  char* const made = allocate(context, size);
  char* out = made;
  for (const char byte : text) {
    const Text with = escape(byte);
    if (with.empty()) {
      *out++ = byte;
    } else {
      std::memcpy(out, with.data(), with.size());
      out += with.size();
    }
  }
  return Text(made, size);
}

struct Entity {
  Text name, text;
};
constexpr Entity kEntities[] = {{"amp", "&"},       {"lt", "<"},    {"gt", ">"},    {"quot", "\""}, {"apos", "'"},
                                {"nbsp", "\u00A0"}, {"copy", "©"},  {"reg", "®"},   {"euro", "€"},  {"pound", "£"},
                                {"hellip", "…"},    {"mdash", "—"}, {"ndash", "–"}, {"lsquo", "‘"}, {"rsquo", "’"},
                                {"ldquo", "“"},     {"rdquo", "”"}, {"auml", "ä"},  {"ouml", "ö"},  {"uuml", "ü"},
                                {"Auml", "Ä"},      {"Ouml", "Ö"},  {"Uuml", "Ü"},  {"szlig", "ß"}, {"eacute", "é"}};

/// The character of an entity between `&` and `;`; size 0 if it is none.
uint64_t entity(Text name, char* out) {
  if (name.starts_with('#')) {
    const bool hexadecimal = name.size() > 1 && (name[1] | 0x20) == 'x';
    uint32_t point = 0;
    const Text digits = name.substr(hexadecimal ? 2 : 1);
    if (digits.empty() || digits.size() > 8) return 0;
    for (const char each : digits) {
      const int digit = hexadecimal::digit(each);
      if (digit < 0 || (!hexadecimal && digit > 9)) return 0;
      point = point * (hexadecimal ? 16 : 10) + static_cast<uint32_t>(digit);
      if (point > 0x10FFFF) return 0;
    }
    if (point == 0 || (point >= 0xD800 && point <= 0xDFFF)) return 0;
    return utf8::encode(point, out);
  }
  for (const Entity& each : kEntities) {
    if (each.name != name) continue;
    std::memcpy(out, each.text.data(), each.text.size());
    return each.text.size();
  }
  return 0;
}

}  // namespace

static Fallible<Text> html_escape(CallContext& context, Text text) {
  return escaped(context, text, [](char byte) -> Text {
    return byte == '&'    ? "&amp;"
           : byte == '<'  ? "&lt;"
           : byte == '>'  ? "&gt;"
           : byte == '"'  ? "&quot;"
           : byte == '\'' ? "&#39;"
                          : "";
  });
}
BRAID_FUNCTION(encoding, html_escape,
               {.summary = "Text as it stands in HTML and XML, also inside an attribute. Fails if the result is longer "
                           "than 16 MiB.",
                .parameters = {{"text", "Text to write."}},
                .examples = {{R"(html_escape("<b>Tom & \"Jo\""))", R"("&lt;b&gt;Tom &amp; &quot;Jo&quot;")"},
                             {R"(html_escape("é"))", R"("é")"}}})

static Text html_unescape(CallContext& context, Text text) {
  if (text.find('&') == Text::npos) return text;
  char* const made = allocate(context, text.size());
  uint64_t size = 0;
  for (size_t at = 0; at < text.size();) {
    if (text[at] == '&') {
      const size_t end = text.substr(0, at + 12).find(';', at);
      const uint64_t put = end == Text::npos ? 0 : entity(text.substr(at + 1, end - at - 1), made + size);
      if (put > 0) {
        size += put;
        at = end + 1;
        continue;
      }
    }
    made[size++] = text[at++];
  }
  return {made, size};
}
BRAID_FUNCTION(
    encoding, html_unescape,
    {.summary = "Text with the numbered entities of HTML and the most usual named ones resolved; others stay.",
     .parameters = {{"text", "Text to read."}},
     .examples = {{R"(html_unescape("Tom &amp; Jo &lt;3 &#x20AC;&#33;"))", R"("Tom & Jo <3 €!")"},
                  {R"(html_unescape("a & b &nothing;"))", R"("a & b &nothing;")"}}})

static Fallible<Text> csv_quote(CallContext& context, Text text) {
  if (text.find_first_of(",\"\r\n") == Text::npos) return text;
  const Fallible<Text> inside = escaped(context, text, [](char byte) -> Text { return byte == '"' ? "\"\"" : ""; });
  if (inside.code != CallFailure::none) return inside;
  if (inside.value.size() + 2 > kLongestText) return too_long();
  char* const made = allocate(context, inside.value.size() + 2);
  made[0] = '"';
  std::memcpy(made + 1, inside.value.data(), inside.value.size());
  made[inside.value.size() + 1] = '"';
  return Text(made, inside.value.size() + 2);
}
BRAID_FUNCTION(
    encoding, csv_quote,
    {.summary = "Text as a cell of CSV (RFC 4180), with quotes if it needs them. Fails if the result is longer "
                "than 16 MiB.",
     .parameters = {{"text", "Text to write."}},
     .examples = {{R"(csv_quote("a \"b\", c"))", R"("\"a \"\"b\"\", c\"")"}, {R"(csv_quote("a b"))", R"("a b")"}}})

static Fallible<ListOf<Text>> csv_cells(CallContext& context, Text line, Text separator) {
  if (separator.size() != 1 || separator == "\"") return fails(context, "a separator is one character of ASCII");
  const auto most = static_cast<uint64_t>(std::count(line.begin(), line.end(), separator[0])) + 1;
  if (most > kLongestText / sizeof(Slot)) return too_long();
  Slot* const items = allocate_slots(context, most);
  uint64_t count = 0;
  char* made = nullptr;  // room for all cells with quotes: they never become longer
  for (size_t at = 0;; ++at) {
    if (line.substr(at).starts_with('"')) {
      if (made == nullptr) made = allocate(context, line.size());
      uint64_t size = 0;
      for (++at; at < line.size() && !(line[at] == '"' && !line.substr(at + 1).starts_with('"')); ++at) {
        made[size++] = line[at];
        at += line[at] == '"';
      }
      if (at == line.size()) return fails(context, "the quotes of a cell are not closed");
      ++at;
      items[count++] = slot_bytes(Text(made, size));
      made += size;
      if (at == line.size()) break;
      if (line[at] != separator[0]) return fails(context, "a text stands behind the quotes of a cell");
      continue;
    }
    const size_t end = std::min(line.find(separator[0], at), line.size());
    items[count++] = slot_bytes(line.substr(at, end - at));
    at = end;
    if (at == line.size()) break;
  }
  return ListOf<Text>{items, count};
}
BRAID_FUNCTION(
    encoding, csv_cells,
    {.summary = "The cells of a row of CSV (RFC 4180). Fails for quotes that are not closed, and for another "
                "separator than one character of ASCII.",
     .parameters = {{"line", "The row, without its end."}, {"separator", "What stands between cells.", R"(",")"}},
     .examples = {{R"(csv_cells("1,\"a, \"\"b\"\"\",,x"))", R"(["1", "a, \"b\"", "", "x"])"},
                  {R"(csv_cells("a;b", ";"))", R"(["a", "b"])"},
                  {R"(csv_cells(""))", R"([""])"},
                  {R"(csv_cells("\"a"))", "fails"}}})

static Fallible<Text> json_quote(CallContext& context, Text text) {
  std::string out;
  append_json_string(out, text);
  if (out.size() > kLongestText) return too_long();
  return made_text(context, out);
}
BRAID_FUNCTION(encoding, json_quote,
               {.summary = "Text as a string of JSON, with its quotes. Fails if the result is longer than 16 MiB.",
                .parameters = {{"text", "Text to write."}},
                .examples = {{R"(json_quote("a\n\"b\""))", R"("\"a\\n\\\"b\\\"\"")"},
                             {R"(json_quote(""))", R"("\"\"")"}}})

BRAID_GROUP(encoding)

}  // namespace braid
