#include "stdlib/functions/calling.h"

namespace braid {
namespace {

using Text = std::string_view;
using MaybeInt = std::optional<int64_t>;

std::string text_of(std::string_view symbol, Text text) {
  return std::string(Call(symbol)(text).as<Text>());
}

TEST(Strings, LengthCountsCharacters) {
  EXPECT_EQ(Call("strings_length")("Zoë"sv).as<int64_t>(), 3);
  EXPECT_EQ(Call("strings_length")(""sv).as<int64_t>(), 0);
  EXPECT_EQ(Call("strings_length")("😀\0x"sv).as<int64_t>(), 3);
}

TEST(Strings, BlankIsNullEmptyOrWhiteSpace) {
  EXPECT_TRUE(Call("strings_is_blank")(std::optional<Text>()).as<bool>());
  EXPECT_TRUE(Call("strings_is_blank")(std::optional<Text>("\t\u00a0\u3000")).as<bool>());
  EXPECT_FALSE(Call("strings_is_blank")(std::optional<Text>(" \0"sv)).as<bool>());
}

TEST(Strings, TrimsUnicodeWhiteSpaceAtTheAskedEnds) {
  EXPECT_EQ(text_of("strings_trim", " \u2003é \n"), "é");
  EXPECT_EQ(text_of("strings_trim", "\u00a0\u0085"), "");
  EXPECT_EQ(text_of("strings_trim_start", "\u3000a "), "a ");
  EXPECT_EQ(text_of("strings_trim_end", " a\u3000"), " a");
  EXPECT_EQ(text_of("strings_trim", ""), "");
}

TEST(Strings, BrokenUtf8StaysInBounds) {
  const Text broken[] = {"\xC3"sv, "\x80\x80\x80\x80\x80"sv, "\xF0\x9F"sv, "a\xE2\x80"sv};
  for (const Text text : broken) {
    for (const auto symbol : {"strings_trim", "strings_reverse", "strings_normalize_space"})
      EXPECT_LE(Call(symbol)(text).as<Text>().size(), text.size());
    EXPECT_LE(Call("strings_right")(text, int64_t{2}).as<Text>().size(), text.size());
    Call split("strings_split");
    split(text, ""sv);
    EXPECT_LE(split.texts().size(), text.size());
  }
}

TEST(Strings, Searches) {
  EXPECT_TRUE(Call("strings_contains")("red"sv, "e"sv).as<bool>());
  EXPECT_TRUE(Call("strings_contains")(""sv, ""sv).as<bool>());
  EXPECT_FALSE(Call("strings_contains")("red"sv, "E"sv).as<bool>());
  EXPECT_TRUE(Call("strings_starts_with")("red"sv, "re"sv).as<bool>());
  EXPECT_FALSE(Call("strings_starts_with")("r"sv, "re"sv).as<bool>());
  EXPECT_TRUE(Call("strings_ends_with")("red"sv, ""sv).as<bool>());
  EXPECT_FALSE(Call("strings_ends_with")(""sv, "d"sv).as<bool>());
  EXPECT_EQ(Call("strings_index_of")("äöü"sv, "ü"sv).as<MaybeInt>(), 2);
  EXPECT_EQ(Call("strings_index_of")("äöü"sv, "x"sv).as<MaybeInt>(), std::nullopt);
}

TEST(Strings, CutsByCharacters) {
  const auto substring = [](Text text, int64_t from, MaybeInt count) {
    return std::string(Call("strings_substring")(text, from, count).as<Text>());
  };
  EXPECT_EQ(substring("Zoë!", 2, 1), "ë");
  EXPECT_EQ(substring("Zoë!", 1, std::nullopt), "oë!");
  EXPECT_EQ(substring("Zoë", -5, 2), "Zo");
  EXPECT_EQ(substring("Zoë", 9, 2), "");
  EXPECT_EQ(substring("Zoë", 0, -1), "");
  EXPECT_EQ(substring("Zoë", INT64_MAX, INT64_MAX), "");
  EXPECT_EQ(substring("Zoë", INT64_MIN, INT64_MAX), "Zoë");
  EXPECT_EQ(Call("strings_left")("ëa"sv, int64_t{1}).as<Text>(), "ë");
  EXPECT_EQ(Call("strings_left")("ë"sv, INT64_MIN).as<Text>(), "");
  EXPECT_EQ(Call("strings_right")("aëb"sv, int64_t{2}).as<Text>(), "ëb");
  EXPECT_EQ(Call("strings_right")("aëb"sv, INT64_MAX).as<Text>(), "aëb");
  EXPECT_EQ(Call("strings_before")("a@b@c"sv, "@"sv).as<Text>(), "a");
  EXPECT_EQ(Call("strings_before")("abc"sv, "@"sv).as<Text>(), "abc");
  EXPECT_EQ(Call("strings_after")("a@b@c"sv, "@"sv).as<Text>(), "b@c");
  EXPECT_EQ(Call("strings_after")("abc"sv, "@"sv).as<Text>(), "");
}

TEST(Strings, ReplacesEveryPart) {
  EXPECT_EQ(Call("strings_replace")("a.b.c"sv, "."sv, "--"sv).as<Text>(), "a--b--c");
  EXPECT_EQ(Call("strings_replace")("aaa"sv, "aa"sv, ""sv).as<Text>(), "a");
  EXPECT_EQ(Call("strings_replace")("abc"sv, ""sv, "x"sv).as<Text>(), "abc");
  EXPECT_EQ(Call("strings_replace")(""sv, "a"sv, "x"sv).as<Text>(), "");
  const std::string many(8192, 'a'), big(4096, 'b');
  Call call("strings_replace");
  EXPECT_EQ(call(Text(many), "a"sv, Text(big)).code(), 6107u);
}

TEST(Strings, SplitsAndJoins) {
  Call split("strings_split");
  EXPECT_EQ(split("a//b"sv, "/"sv).texts(), (std::vector<std::string>{"a", "", "b"}));
  EXPECT_EQ(split(""sv, "/"sv).texts(), (std::vector<std::string>{""}));
  EXPECT_EQ(split("/"sv, "/"sv).texts(), (std::vector<std::string>{"", ""}));
  EXPECT_EQ(split("é1"sv, ""sv).texts(), (std::vector<std::string>{"é", "1"}));
  EXPECT_EQ(split(""sv, ""sv).texts(), (std::vector<std::string>{}));
  // Longer than a register, with separators at every place.
  for (size_t size = 1; size < 70; ++size) {
    std::string text(size, 'x');
    for (size_t i = 0; i < size; ++i)
      if (i % 3 == 0 || i % 17 == 16) text[i] = '/';
    std::vector<std::string> pieces(1);
    for (char c : text) {
      if (c == '/')
        pieces.emplace_back();
      else
        pieces.back().push_back(c);
    }
    EXPECT_EQ(split(Text(text), "/"sv).texts(), pieces);
  }
  Call join("strings_join");
  EXPECT_EQ(join(Items{"a"sv, ""sv, "c"sv}.of<Text>(), ", "sv).as<Text>(), "a, , c");
  EXPECT_EQ(join(Items{std::vector<Slot>{}}.of<Text>(), ", "sv).as<Text>(), "");
  const std::string big(9 << 20, 'x');
  EXPECT_EQ(join(Items{Text(big), Text(big)}.of<Text>(), ""sv).code(), 6107u);
}

TEST(Strings, RepeatsAndPadsWithinTheLimit) {
  EXPECT_EQ(Call("strings_repeat")("ab"sv, int64_t{2}).as<Text>(), "abab");
  EXPECT_EQ(Call("strings_repeat")("ab"sv, int64_t{-2}).as<Text>(), "");
  EXPECT_EQ(Call("strings_repeat")(""sv, INT64_MAX).as<Text>(), "");
  EXPECT_EQ(Call("strings_repeat")("ab"sv, INT64_MAX).code(), 6107u);
  EXPECT_EQ(Call("strings_pad_start")("7"sv, int64_t{3}, "0"sv).as<Text>(), "007");
  EXPECT_EQ(Call("strings_pad_start")("é"sv, int64_t{4}, "ü-"sv).as<Text>(), "ü-üé");
  EXPECT_EQ(Call("strings_pad_end")("é"sv, int64_t{4}, "ü-"sv).as<Text>(), "éü-ü");
  EXPECT_EQ(Call("strings_pad_end")("abc"sv, int64_t{2}, "."sv).as<Text>(), "abc");
  EXPECT_EQ(Call("strings_pad_end")(""sv, int64_t{2}, ""sv).as<Text>(), "");
  EXPECT_EQ(Call("strings_pad_end")("a"sv, INT64_MAX, "x"sv).code(), 6107u);
}

TEST(Strings, ReversesAndNormalizes) {
  EXPECT_EQ(text_of("strings_reverse", "aé😀"), "😀éa");
  EXPECT_EQ(text_of("strings_reverse", ""), "");
  EXPECT_EQ(text_of("strings_normalize_space", "\u3000a \t\n é\u00a0b "), "a é b");
  EXPECT_EQ(text_of("strings_normalize_space", " "), "");
}

TEST(Letters, MapCaseOfEveryScript) {
  EXPECT_EQ(text_of("letters_lower", "ÀÉÎ ΑΒΓ ДЖ İ K"), "àéî αβγ дж i\u0307 k");
  EXPECT_EQ(text_of("letters_upper", "straße ñ ÿ ǆ"), "STRASSE Ñ Ÿ Ǆ");
  EXPECT_EQ(text_of("letters_lower", "PARIS-7"), "paris-7");
  EXPECT_EQ(text_of("letters_upper", ""), "");
  EXPECT_EQ(text_of("letters_upper", "ɐ"), "Ɐ");  // two bytes become three
  EXPECT_EQ(text_of("letters_capitalize", "éCOLE d'été"), "École d'été");
  EXPECT_EQ(text_of("letters_capitalize", ""), "");
  EXPECT_EQ(text_of("letters_title", "new yORK-city"), "New York-City");
}

TEST(Letters, OneCharacterMayBecomeSeveral) {
  EXPECT_EQ(text_of("letters_upper", "STRAßE ﬁ ﬃ ŉ և"), "STRASSE FI FFI ʼN ԵՒ");
  EXPECT_EQ(text_of("letters_upper", "ΐ"), "\u0399\u0308\u0301");  // two bytes become six
  EXPECT_EQ(text_of("letters_lower", "ẞ"), "ß");
  EXPECT_EQ(text_of("letters_capitalize", "ßA ßB"), "Ssa ßb");
  EXPECT_EQ(text_of("letters_capitalize", "ǆ"), "ǅ");
  EXPECT_EQ(text_of("letters_capitalize", "ǅ"), "ǅ");
  EXPECT_EQ(text_of("letters_title", "ﬁN ᾳX ÿ"), "Fin ᾼx Ÿ");
}

TEST(Letters, SigmaHasAFinalForm) {
  EXPECT_EQ(text_of("letters_lower", "ΟΔΟΣ ΣΑΣ"), "οδος σας");
  EXPECT_EQ(text_of("letters_lower", "Σ"), "σ");
  EXPECT_EQ(text_of("letters_lower", "ΑΣ'Α ΑΣ' Α'Σ"), "ασ'α ας' α'ς");
  EXPECT_EQ(text_of("letters_lower", "ΑΣ\u0301 ΑΣ1"), "ας\u0301 ας1");
  EXPECT_EQ(text_of("letters_title", "ΟΔΟΣ"), "Οδος");
  EXPECT_EQ(text_of("letters_capitalize", "ΣΑΣ ΑΣ"), "Σας ας");
}

TEST(Letters, ALongerResultHasTheLimitOfAllTexts) {
  std::string text;
  while (text.size() + 2 <= kLongestText / 3) text += "ΐ";
  EXPECT_EQ(Call("letters_upper")(Text(text)).as<Text>().size(), 3 * text.size());
  text += "ΐΐ";
  EXPECT_EQ(Call("letters_upper")(Text(text)).code(), 6107u);
  EXPECT_EQ(Call("letters_title")(Text(text)).as<Text>().size(), text.size() + 4);
}

TEST(Patterns, MatchExtractReplace) {
  using Maybe = std::optional<Text>;
  Call matches("patterns_matches");
  EXPECT_TRUE(matches("order 12"sv, R"(\d+)"sv).as<bool>());
  EXPECT_FALSE(matches("order"sv, R"(\d+)"sv).as<bool>());
  EXPECT_FALSE(matches(""sv, R"(\d+)"sv).as<bool>());
  Call extract("patterns_extract");
  const Text pattern = R"((&|^)channel_id=([^&]*))";
  EXPECT_EQ(extract("a=1&channel_id=apple&b"sv, pattern, int64_t{2}).as<Maybe>(), "apple");
  EXPECT_EQ(extract("a=1"sv, pattern, int64_t{2}).as<Maybe>(), std::nullopt);
  EXPECT_EQ(extract("channel_id="sv, pattern, int64_t{2}).as<Maybe>(), "");
  Call optional_group("patterns_extract");
  EXPECT_EQ(optional_group("b"sv, "(a)?b"sv, int64_t{1}).as<Maybe>(), std::nullopt);
  EXPECT_EQ(Call("patterns_extract")("héllo"sv, "l+"sv, int64_t{0}).as<Maybe>(), "ll");
  EXPECT_EQ(Call("patterns_replace_pattern")("a1b22"sv, R"(\d+)"sv, "<\\0>"sv).as<Text>(), "a<1>b<22>");
  EXPECT_EQ(Call("patterns_replace_pattern")(""sv, "x*"sv, "-"sv).as<Text>(), "-");
  Call all("patterns_extract_all");
  EXPECT_EQ(all("#a #é"sv, R"(#(\pL))"sv, int64_t{1}).texts(), (std::vector<std::string>{"a", "é"}));
  EXPECT_EQ(all("none"sv, R"(#(\pL))"sv, int64_t{1}).texts(), (std::vector<std::string>{}));
}

TEST(Patterns, WrongConstantsAreNamedWhenCompiling) {
  const FunctionDeclaration& extract = *all_groups().overloads("extract").front();
  const auto problem = [&](const char* pattern, int64_t group) {
    return extract.problem(
        {{string_type(), string_type(), int_type()}, {Value{Null()}, Value{std::string(pattern)}, Value{group}}});
  };
  EXPECT_EQ(problem("(a)", 1), "");
  EXPECT_EQ(problem("(a", 1), "`(a` is not a regular expression: missing ): (a");
  EXPECT_EQ(problem("a", 1), "`a` has no group 1; group 0 is all that matched");
  EXPECT_EQ(problem("a", 0), "");
}

}  // namespace
}  // namespace braid
