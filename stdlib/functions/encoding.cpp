// Bytes as text and back: hexadecimal, base64.
#include "runtime/data/text_forms.h"
#include "stdlib/functions/hexadecimal.h"
#include "stdlib/functions/made_text.h"

namespace braid {

using Text = std::string_view;

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

BRAID_GROUP(encoding)

}  // namespace braid
