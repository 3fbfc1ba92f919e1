// How names sound, as codes that are equal for names that sound alike. Letters are those of ASCII; accents are to be
// removed first (`strip_accents`), other characters are left out.
#include "stdlib/functions/made_text.h"
#include "stdlib/functions/utf8.h"

namespace braid {

using Text = std::string_view;

namespace {

/// The letters A to Z of a text in upper case, at most so many of them: codes are of the beginning of a name.
constexpr size_t kLongestName = 256;
struct Letters {
  char text[kLongestName + 4] = {};  ///< with zeros behind it
  size_t count = 0;

  explicit Letters(Text from) {
    for (const char byte : from) {
      const char letter = byte >= 'a' && byte <= 'z' ? static_cast<char>(byte - 32) : byte;
      if (letter < 'A' || letter > 'Z') continue;
      if (count == kLongestName) break;
      text[count++] = letter;
    }
  }
  char operator[](size_t index) const { return index < count ? text[index] : '\0'; }
};

bool among(char letter, Text letters) {
  return letter != '\0' && letters.find(letter) != Text::npos;
}

}  // namespace

static Text soundex(CallContext& context, Text text) {
  constexpr Text kCodes = "01230120022455012623010202";  // by letter; H and W are as no letter
  const Letters name(text);
  if (name.count == 0) return Text();
  char* const made = allocate(context, 4);
  made[0] = name[0];
  size_t size = 1;
  char last = kCodes[static_cast<size_t>(name[0] - 'A')];
  for (size_t i = 1; i < name.count && size < 4; ++i) {
    if (name[i] == 'H' || name[i] == 'W') continue;
    const char code = kCodes[static_cast<size_t>(name[i] - 'A')];
    if (code != '0' && code != last) made[size++] = code;
    last = code;
  }
  while (size < 4) made[size++] = '0';
  return {made, 4};
}
BRAID_FUNCTION(phonetics, soundex,
               {.summary = "The code of American Soundex: a letter and three digits; empty without a letter.",
                .parameters = {{"text", "Name; letters of ASCII count."}},
                .examples = {{R"(soundex("Robert"))", R"("R163")"},
                             {R"(soundex("Ashcraft"))", R"("A261")"},
                             {R"(soundex("Tymczak"))", R"("T522")"},
                             {R"(soundex("1"))", R"("")"}}})

/// The rules of L. Philips, "Hanging on the Metaphone", 1990.
static Text metaphone(CallContext& context, Text text) {
  const Letters raw(text);
  if (raw.count == 0) return Text();
  char* const made = allocate(context, 2 * kLongestName);
  size_t size = 0;
  const auto put = [&](char code) { made[size++] = code; };
  const auto vowel = [&](size_t i) { return among(raw[i], "AEIOU"); };
  size_t i = 0;
  // Beginnings.
  const Text start(raw.text, std::min<size_t>(raw.count, 2));
  if (start == "AE" || start == "GN" || start == "KN" || start == "PN" || start == "WR") {
    i = 1;
  } else if (raw[0] == 'X') {
    put('S');
    i = 1;
  } else if (start == "WH") {
    put('W');
    i = 2;
  }
  for (; i < raw.count; ++i) {
    const char letter = raw[i], next = raw[i + 1], before = i > 0 ? raw[i - 1] : '\0';
    if (letter == before && letter != 'C') continue;
    switch (letter) {
      case 'A':
      case 'E':
      case 'I':
      case 'O':
      case 'U':
        if (i == 0 || (i == 1 && size == 0)) put(letter);
        break;
      case 'B':
        if (!(before == 'M' && i + 1 == raw.count)) put('B');
        break;
      case 'C':
        if (before == 'S' && among(next, "EIY")) break;
        if (next == 'I' && raw[i + 2] == 'A')
          put('X');
        else if (among(next, "EIY"))
          put('S');
        else if (next == 'H')
          put(before == 'S' || (i == 0 && !vowel(2)) ? 'K' : 'X');
        else
          put('K');
        break;
      case 'D':
        put(next == 'G' && among(raw[i + 2], "EIY") ? 'J' : 'T');
        break;
      case 'G':
        if (next == 'H' && !(i + 2 >= raw.count || vowel(i + 2))) break;
        if (next == 'H' && i + 2 >= raw.count) break;
        if (next == 'N' && (i + 2 == raw.count || (raw[i + 2] == 'E' && raw[i + 3] == 'D' && i + 4 == raw.count)))
          break;
        if (before == 'D' && among(next, "EIY")) break;
        put(among(next, "EIY") && before != 'G' ? 'J' : 'K');
        break;
      case 'H':
        if (vowel(i + 1) && !among(before, "CSPTG")) put('H');
        break;
      case 'K':
        if (before != 'C') put('K');
        break;
      case 'P':
        put(next == 'H' ? 'F' : 'P');
        break;
      case 'Q':
        put('K');
        break;
      case 'S':
        put(next == 'H' || (next == 'I' && among(raw[i + 2], "OA")) ? 'X' : 'S');
        break;
      case 'T':
        if (next == 'I' && among(raw[i + 2], "OA"))
          put('X');
        else if (next == 'H')
          put('0');
        else if (!(next == 'C' && raw[i + 2] == 'H'))
          put('T');
        break;
      case 'V':
        put('F');
        break;
      case 'W':
      case 'Y':
        if (vowel(i + 1)) put(letter);
        break;
      case 'X':
        put('K');
        put('S');
        break;
      case 'Z':
        put('S');
        break;
      default:  // F J L M N R
        put(letter);
        break;
    }
  }
  return {made, size};
}
BRAID_FUNCTION(phonetics, metaphone,
               {.summary = "The code of Metaphone for English names, with `0` for th and `X` for sh; empty without a "
                           "letter.",
                .parameters = {{"text", "Name; its first 256 letters of ASCII count."}},
                .examples = {{R"(metaphone("Thumb"))", R"("0M")"},
                             {R"(metaphone("Knight"))", R"("NT")"},
                             {R"(metaphone("Philip"))", R"("FLP")"},
                             {R"(metaphone(""))", R"("")"}}})

/// H. J. Postel, "Die Kölner Phonetik", 1969.
static Text cologne_phonetic(CallContext& context, Text text) {
  // Umlauts and ß are letters here.
  char* const latin = allocate(context, text.size());
  size_t length = 0;
  while (!text.empty()) {
    const uint64_t size = utf8::front_size(text);
    const uint32_t point = utf8::decode(text.data(), size);
    char letter = '\0';
    if (point < 0x80) letter = static_cast<char>(point);
    if (point == 0xC4 || point == 0xE4) letter = 'A';
    if (point == 0xD6 || point == 0xF6) letter = 'O';
    if (point == 0xDC || point == 0xFC) letter = 'U';
    if (point == 0xDF) letter = 'S';
    if (letter != '\0') latin[length++] = letter;
    text.remove_prefix(size);
  }
  const Letters name({latin, length});
  char* const made = allocate(context, 2 * kLongestName);
  size_t size = 0;
  char last = '\0';  // of the code before, for runs
  const auto put = [&](char code) {
    if (code != last && (code != '0' || size == 0)) made[size++] = code;
    last = code;
  };
  for (size_t i = 0; i < name.count; ++i) {
    const char letter = name[i], next = name[i + 1], before = i > 0 ? name[i - 1] : '\0';
    if (among(letter, "AEIJOUY")) {
      put('0');
    } else if (letter == 'B' || (letter == 'P' && next != 'H')) {
      put('1');
    } else if (among(letter, "DT")) {
      put(among(next, "CSZ") ? '8' : '2');
    } else if (among(letter, "FVWP")) {
      put('3');
    } else if (among(letter, "GKQ")) {
      put('4');
    } else if (letter == 'C') {
      const bool hard = i == 0 ? among(next, "AHKLOQRUX") : among(next, "AHKOQUX") && !among(before, "SZ");
      put(hard ? '4' : '8');
    } else if (letter == 'X') {
      if (among(before, "CKQ")) {
        put('8');
      } else {
        put('4');
        put('8');
      }
    } else if (letter == 'L') {
      put('5');
    } else if (among(letter, "MN")) {
      put('6');
    } else if (letter == 'R') {
      put('7');
    } else if (among(letter, "SZ")) {
      put('8');
    }
  }
  return {made, size};
}
BRAID_FUNCTION(phonetics, cologne_phonetic,
               {.summary = "The code of the Kölner Phonetik for German names, in digits; empty without a letter.",
                .parameters = {{"text", "Name; its first 256 letters count, umlauts and ß among them."}},
                .examples = {{R"(cologne_phonetic("Müller-Lüdenscheidt"))", R"("65752682")"},
                             {R"(cologne_phonetic("Meyer") == cologne_phonetic("Maier"))", "true"},
                             {R"(cologne_phonetic(""))", R"("")"}}})

BRAID_GROUP(phonetics)

}  // namespace braid
